/*
 * The verb graph: asks for nodes and edges, and writes them as text, or has Graphviz draw them. The
 * whole is made before any of it is written, so an error leaves no half of a file.
 */
#include "client/graph.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/member.h"
#include "client/memory.h"
#include "client/outfile.h"
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

/* Copies the rest of a file, by its descriptor. */
static int copy(FILE *stream, const void *arg)
{
	char bytes[16384];
	ssize_t size;

	while ((size = read(*(const int *)arg, bytes, sizeof(bytes))) > 0) {
		if (fwrite(bytes, 1, (size_t)size, stream) != (size_t)size)
			return -1;
	}
	return size < 0 ? -1 : 0;
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
		status = outfile_write(client, copy, is_drawn ? &picture : &text);
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

/* Each page has the names that nothing defines as far as it knows of them. */
static void drop_repeated(json_t *graph)
{
	json_t *nodes = json_object_get(graph, "nodes"), *names = json_object();
	json_t *once = json_array(), *node;
	size_t i;

	json_array_foreach (nodes, i, node) {
		const char *name = member_text(node, "name", "");

		if (json_object_get(names, name))
			continue;
		if (json_object_set_new(names, name, json_true()) || json_array_append(once, node))
			memory_refused();
	}
	json_object_set_new(graph, "nodes", once);
	json_decref(names);
}

int verb_graph(struct client *client)
{
	static const char *const lists[] = {"nodes", "edges", NULL};
	struct request request = {0};
	json_t *result = NULL;
	int status = check_form(client);

	if (!status && client->inv->n_words + client->inv->n_rest == 0)
		request_set_names(&request, client->inv);
	else if (!status)
		status = request_set_all(&request, client->inv);
	if (!status)
		status = client_ask_all(client, "graph", &request.pp, lists, &result);
	if (!status)
		drop_repeated(result);
	if (!status)
		client_warn_of(result);
	if (!status)
		status = present(client, result);
	json_decref(result);
	request_clear(&request);
	return status;
}
