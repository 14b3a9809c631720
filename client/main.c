/*
 * ppctl: reads its command line, hands over to the verb, and ends with its exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "client/help.h"
#include "client/verbs.h"

/* A closed standard descriptor would be given to the connection, and output be sent to the daemon.
 * Writing to a closed standard output fails still. */
static int open_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int access = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;
		int opened = fd;

		if (fcntl(fd, F_GETFD) < 0)
			opened = open("/dev/null", access | O_CLOEXEC);
		if (opened != fd) /* which is the lowest that is free */
			return -1;
	}
	return 0;
}

static void end_interrupted(int signal)
{
	_exit(128 + signal);
}

/* The exit status of an interrupted command is the same to a shell and to any other parent. Verbs
 * that answer signals block these; what is ignored stays so. */
static void catch_interrupts(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (sigaction(signals[i], NULL, &action) != 0 || action.sa_handler == SIG_IGN)
			continue;
		action = (struct sigaction){.sa_handler = end_interrupted};
		sigaction(signals[i], &action, NULL);
	}
}

/* An output that could not be written is not a success. */
static int finish_output(int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	client_complain(
	    0, "standard output: %s", errno ? strerror(errno) : "not all could be written");
	return status ? status : EXIT_UNWRITTEN;
}

static int run_verb(const struct invocation *inv)
{
	struct client client;
	int status;

	if (inv->verb->flags & VERB_INSIDE && !getenv("PP_EXEC"))
		return client_complain(
		    EXIT_BAD_REQUEST, "%s is for use inside a proc", inv->verb->name);
	client_init(&client, inv);
	status = inv->verb->run(&client);
	client_clear(&client);
	return status;
}

static int dispatch(const struct invocation *inv, const struct complaint *complaint, int parsed)
{
	if (parsed) {
		client_complain(0, "%s", complaint->text);
		if (complaint->hint[0])
			client_hint("%s", complaint->hint);
		return EXIT_BAD_REQUEST;
	}
	if (invocation_has(inv, "version")) {
		puts("ppctl " PACKAGE_VERSION);
		return EXIT_FINE;
	}
	if (invocation_has(inv, "help")) {
		if (inv->verb)
			help_print_verb(stdout, inv->verb);
		else
			help_print_all(stdout);
		return EXIT_FINE;
	}
	if (!inv->verb) {
		client_complain(0, "no verb is given");
		client_hint("ppctl help lists the verbs");
		return EXIT_BAD_REQUEST;
	}
	return run_verb(inv);
}

int main(int argc, char **argv)
{
	static const struct grammar grammar = {global_options, verbs};
	struct complaint complaint = {0};
	struct invocation inv = {0};
	int status;

	if (open_standard_descriptors())
		return EXIT_BAD_REQUEST;
	catch_interrupts();
	status = options_parse(&grammar, argc > 0 ? argc - 1 : 0, argv + 1, &inv, &complaint);
	status = finish_output(dispatch(&inv, &complaint, status));
	invocation_clear(&inv);
	return status;
}
