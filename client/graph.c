/*
 * The verb graph: asks for nodes and edges, and writes them as text, or has Graphviz draw them. The
 * whole is made before any of it is written, so an error leaves no half of a file.
 */
#include "client/graph.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/memory.h"
#include "client/request.h"
#include "client/verbs.h"

extern char **environ;

/* A file without a name. Its descriptor, or -1; then the reason was printed. */
static int open_unnamed(void)
{
	int fd = memfd_create("ppctl-graph", MFD_CLOEXEC);

	if (fd < 0)
		client_complain(
		    EXIT_BAD_REQUEST, "the graph cannot be kept in a file: %s", strerror(errno));
	return fd;
}

/* Starts dot between the two; returns what posix_spawn() does. */
static int spawn_dot(int in_fd, int out_fd, pid_t *pid)
{
	char *words[] = {"dot", "-Tsvg", NULL};
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in_fd, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	error = posix_spawnp(pid, words[0], &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Has dot draw what is in one file into the other. Returns 0, or an exit status; then the reason
 * was printed. */
static int draw(int in_fd, int out_fd)
{
	int status, error;
	pid_t pid;

	error = spawn_dot(in_fd, out_fd, &pid);
	if (error == ENOENT)
		return client_complain(EXIT_BAD_REQUEST,
		    "--svg needs dot, which is not installed: it is in the Debian package "
		    "graphviz");
	if (error)
		return client_complain(
		    EXIT_BAD_REQUEST, "dot cannot be started: %s", strerror(error));
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return client_complain(
			    EXIT_BAD_REQUEST, "dot cannot be waited for: %s", strerror(errno));
	}
	if (WIFSIGNALED(status))
		return client_complain(
		    EXIT_BAD_REQUEST, "dot was ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return client_complain(EXIT_BAD_REQUEST,
		    "dot failed with exit status %d (Debian package graphviz)",
		    WEXITSTATUS(status));
	return EXIT_FINE;
}

/* Writes the graph into fd as the options say. Returns 0, or an exit status, as above. */
static int write_graph(struct client *client, const json_t *graph, int fd)
{
	struct output output = {.stream = fdopen(dup(fd), "w")};
	int status = EXIT_FINE;

	if (!output.stream)
		return client_complain(
		    EXIT_BAD_REQUEST, "the graph cannot be written: %s", strerror(errno));
	output.is_terminal = client->out.is_terminal;
	if (client->is_json)
		output_print_json(&output, (json_t *)(uintptr_t)graph);
	else if (invocation_has(client->inv, "mermaid"))
		graph_write_mermaid(output.stream, graph);
	else
		graph_write_dot(output.stream, graph);
	if (fclose(output.stream) || lseek(fd, 0, SEEK_SET) < 0)
		status = client_complain(
		    EXIT_BAD_REQUEST, "the graph cannot be written: %s", strerror(errno));
	return status;
}

/* Copies the rest of a file to the stream. Returns 0, or -1 with errno. */
static int copy(int fd, FILE *stream)
{
	char bytes[16384];
	ssize_t size;

	while ((size = read(fd, bytes, sizeof(bytes))) > 0) {
		if (fwrite(bytes, 1, (size_t)size, stream) != (size_t)size)
			return -1;
	}
	return size < 0 ? -1 : 0;
}

/* Puts the finished file where it is to be. */
static int deliver(struct client *client, int fd)
{
	const char *path = invocation_get(client->inv, "output");
	FILE *stream;
	int failed;

	if (path && strcmp(path, "-") == 0)
		path = NULL;
	stream = path ? fopen(path, "we") : client->out.stream;
	if (!stream)
		return client_complain(EXIT_BAD_REQUEST, "-o %s: %s", path, strerror(errno));
	if (!path)
		return copy(fd, stream) ? client_complain(EXIT_BAD_REQUEST, "standard output: %s",
		                              strerror(errno))
		                        : EXIT_FINE;
	failed = copy(fd, stream);
	if (fclose(stream) || failed)
		return client_complain(EXIT_BAD_REQUEST, "-o %s: %s", path, strerror(errno));
	return EXIT_FINE;
}

static int present(struct client *client, const json_t *graph)
{
	bool is_drawn = invocation_has(client->inv, "svg");
	int text = open_unnamed(), picture = -1, status = EXIT_BAD_REQUEST;

	if (text < 0)
		return status;
	status = write_graph(client, graph, text);
	if (!status && is_drawn) {
		picture = open_unnamed();
		status = picture < 0 ? EXIT_BAD_REQUEST : draw(text, picture);
		if (!status && lseek(picture, 0, SEEK_SET) < 0)
			status = client_complain(
			    EXIT_BAD_REQUEST, "the picture cannot be read: %s", strerror(errno));
	}
	if (!status)
		status = deliver(client, is_drawn ? picture : text);
	close(text);
	if (picture >= 0)
		close(picture);
	return status;
}

static int check_form(const struct client *client)
{
	int n_forms = invocation_has(client->inv, "dot") + invocation_has(client->inv, "svg") +
	              invocation_has(client->inv, "mermaid") + client->is_json;

	return n_forms <= 1 ? EXIT_FINE
	                    : client_complain(EXIT_BAD_REQUEST,
	                          "graph: only one of --dot, --svg, --mermaid and --json");
}

int verb_graph(struct client *client)
{
	struct request request = {0};
	json_t *result = NULL;
	int status = check_form(client);

	if (!status && client->inv->n_words + client->inv->n_rest == 0)
		request_set_names(&request, client->inv);
	else if (!status)
		status = request_set_all(&request, client->inv);
	if (!status)
		status = client_ask(client, "graph", &request.pp, &result);
	if (!status)
		client_warn_of(result);
	if (!status)
		status = present(client, result);
	json_decref(result);
	request_clear(&request);
	return status;
}
