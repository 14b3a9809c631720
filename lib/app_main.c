/*
 * What a user sees of a program with functions as tasks: it defines them and hands over to
 * ppctl(1), which shows the run, or to the program's own driver. In mode single it meanwhile calls
 * the functions that workers ask for.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/executable.h"
#include "lib/functions.h"

/* As those of ppctl(1). */
#define EXIT_BAD 2
#define EXIT_NO_DAEMON 3
#define EXIT_NOT_FOUND 127

#define LOOK_MS 1000

PP_PRINTF(3, 4) static int complain(const pp_app *app, int status, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: ", command_program_name(app));
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
	return status;
}

/* ---- ppctl ---- */

/* A variable more than this process has. New; the last entry is the caller's text. NULL: no memory.
 */
static char **extend_environment(char *entry)
{
	size_t n = 0;
	char **extended;

	while (environ && environ[n])
		n++;
	extended = calloc(n + 2, sizeof(*extended));
	if (!extended)
		return NULL;
	if (n > 0)
		memcpy(extended, environ, n * sizeof(*extended));
	extended[n] = entry;
	return extended;
}

/* An errno value. In mode single the terminal is the functions', so ppctl reads nothing. */
static int spawn_ppctl(
    const struct command_line *line, char *const *environment, const sigset_t *mask, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *path = executable_find("ppctl");
	int error = path ? 0 : ENOMEM;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	if (error == 0)
		error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	if (error == 0)
		error = posix_spawnattr_setsigmask(&attributes, mask);
	if (error == 0 && line->is_single)
		error = posix_spawn_file_actions_addopen(
		    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawnp(
		    pid, path, &actions, &attributes, (char *const *)line->words, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(path);
	return error;
}

/* Whether the child has ended; its exit status, as a shell would say it. */
static bool has_ended(pid_t pid, int *status)
{
	int wait_status;
	pid_t reaped = waitpid(pid, &wait_status, WNOHANG);

	if (reaped == 0 || (reaped < 0 && errno == EINTR))
		return false;
	if (reaped < 0)
		*status = EXIT_BAD; /* somebody else has reaped it */
	else
		*status =
		    WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
	return true;
}

/* Passes on what was sent to this process; what the terminal sends the child has got too. As it may
 * have what was sent to their group, it is told that this is passed on (sigqueue(3)). */
static void pass_on(int signal_fd, pid_t pid)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_code != SI_KERNEL)
		sigqueue(pid, (int)info.ssi_signo, (union sigval){0});
}

/* Until the child has ended. */
static int attend(pid_t pid, int signal_fd, struct functions *functions)
{
	int pid_fd = pidfd_open(pid, 0), status = EXIT_BAD;

	while (!has_ended(pid, &status)) {
		struct pollfd fds[] = {{pid_fd, POLLIN, 0}, {signal_fd, POLLIN, 0},
		    {functions ? functions_get_fd(functions) : -1, POLLIN, 0}};

		/* Without the first, which a function may have closed, it is looked again. */
		if (poll(fds, 3, pid_fd < 0 || functions ? LOOK_MS : -1) < 0)
			continue;
		if (fds[0].revents & POLLNVAL)
			pid_fd = -1;
		if (fds[1].revents & POLLIN)
			pass_on(signal_fd, pid);
		if (fds[2].revents)
			functions_serve(functions);
	}
	if (pid_fd >= 0 && !functions)
		close(pid_fd);
	return status;
}

/* Signals while ppctl shows the run: which are blocked, and what was before. */
struct signals {
	sigset_t mask;
	struct sigaction child;
	int fd; /* -1: none are blocked */
};

/* In mode single nothing is blocked: Ctrl-C is for the function, or for its debugger. -1 with
 * errno.
 */
static int block_signals(struct signals *signals, bool is_single)
{
	static const int blocked[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
	const struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; !is_single && i < sizeof(blocked) / sizeof(blocked[0]); i++)
		sigaddset(&set, blocked[i]);
	signals->fd = is_single ? -1 : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!is_single && signals->fd < 0)
		return -1;
	pthread_sigmask(SIG_BLOCK, &set, &signals->mask);
	/* Where it is ignored, nobody can tell how a child has ended. */
	sigaction(SIGCHLD, NULL, &signals->child);
	if (signals->child.sa_handler == SIG_IGN)
		sigaction(SIGCHLD, &standard, NULL);
	return 0;
}

static void unblock_signals(const struct signals *signals)
{
	if (signals->fd >= 0)
		close(signals->fd);
	sigaction(SIGCHLD, &signals->child, NULL);
	pthread_sigmask(SIG_SETMASK, &signals->mask, NULL);
}

static int show_run(pp_app *app, struct command_line *line, struct functions *functions)
{
	char *entry = NULL, **environment = environ;
	struct signals signals;
	int status, error;
	pid_t pid;

	if (functions) {
		if (asprintf(
		        &entry, "%s=%s", FUNCTIONS_VARIABLE, functions_get_address(functions)) < 0)
			entry = NULL;
		environment = entry ? extend_environment(entry) : NULL;
		if (!environment) {
			free(entry);
			return complain(app, EXIT_BAD, "no memory");
		}
	}
	fflush(NULL);
	if (block_signals(&signals, functions != NULL) < 0) {
		status = complain(app, EXIT_BAD, "signalfd: %s", strerror(errno));
		goto out;
	}
	error = spawn_ppctl(line, environment, &signals.mask, &pid);
	if (error == 0 && functions)
		functions_set_viewer(functions, pid);
	status = error == 0 ? attend(pid, signals.fd, functions)
	                    : complain(app, EXIT_NOT_FOUND, "ppctl: %s", strerror(error));
	unblock_signals(&signals);
out:
	if (functions)
		free(environment);
	free(entry);
	return status;
}

/* ---- in order ---- */

static int report(const pp_app *app, const pp_conn *conn)
{
	switch (pp_error_code(conn)) {
	case PP_ERR_REMOTE:
	case PP_ERR_INVALID:
	case PP_ERR_NOMEM:
		return complain(app, EXIT_BAD, "%s", pp_error_text(conn));
	default:
		return complain(app, EXIT_NO_DAEMON, "%s", pp_error_text(conn));
	}
}

/* Whether the workspace is in mode single. */
static enum pp_error ask_mode(pp_conn *conn, struct command_line *line)
{
	json_t *values;
	const char *mode;
	enum pp_error error = pp_options_get(conn, PP_FOREVER, &values);

	if (error != PP_OK)
		return error;
	mode = json_string_value(json_object_get(values, "mode"));
	line->is_single |= mode && strcmp(mode, "single") == 0;
	json_decref(values);
	return PP_OK;
}

static int go(pp_app *app, struct command_line *line, pp_driver *driver, void *arg, pp_conn *conn)
{
	struct functions *functions = NULL;
	int status;

	if (pp_app_define(app, conn, PP_FOREVER) != PP_OK || ask_mode(conn, line) != PP_OK)
		return report(app, conn);
	if (line->is_define_only)
		return 0;
	if (!driver && !line->has_names && !command_line_add_now(line, app))
		return complain(app, EXIT_BAD,
		    "what? Nothing is for now (%s --help lists what there is)",
		    command_program_name(app));
	if (line->is_single) {
		functions = functions_new(app);
		if (!functions)
			return complain(app, EXIT_BAD, "%s", pp_app_error_text(app));
		functions_attach(functions, conn);
	}
	status = driver ? driver(app, conn, arg) : show_run(app, line, functions);
	conn->helper = NULL;
	functions_free(functions);
	return status;
}

static int user_main(pp_app *app, pp_driver *driver, void *arg)
{
	struct pp_connect_options options = {
	    .autostart = true, .client = "libparproc " PACKAGE_VERSION};
	struct command_line line;
	pp_conn *conn = NULL;
	int status;

	if (app->error != PP_OK)
		return complain(app, EXIT_BAD, "%s", pp_app_error_text(app));
	if (command_line_read(&line, app) < 0)
		return complain(app, EXIT_BAD, "no memory");
	options.directory = line.directory;
	options.socket_path = line.socket;
	if (line.is_help) {
		command_print_help(app, driver != NULL);
		status = 0;
	} else if (pp_connect(&options, &conn) != PP_OK) {
		status = report(app, conn);
	} else {
		status = go(app, &line, driver, arg, conn);
	}
	pp_close(conn);
	command_line_clear(&line);
	return status;
}

static int app_main(pp_app *app, pp_driver *driver, void *arg)
{
	int status;

	if (!app) {
		fputs("parproc: no memory\n", stderr);
		return EXIT_BAD;
	}
	status = app->is_worker ? worker_main(app) : user_main(app, driver, arg);
	pp_app_free(app);
	return status;
}

int pp_app_main(pp_app *app)
{
	return app_main(app, NULL, NULL);
}

int pp_app_drive(pp_app *app, pp_driver *driver, void *arg)
{
	if (app && !driver)
		app_fail(app, PP_ERR_INVALID, "there is no driver");
	return app_main(app, driver, arg);
}
