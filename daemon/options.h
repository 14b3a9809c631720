/*
 * The command line of ppd.
 */
#ifndef PARPROC_DAEMON_OPTIONS_H
#define PARPROC_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct ppd_options {
	const char *directory;   /* NULL: from the working directory upward */
	const char *socket_path; /* NULL: in the state directory */
	int64_t idle_exit_ns;    /* 0: never */
	bool is_detached;
	bool is_verbose;
	bool is_fresh;
	bool has_state;
};

/* -1: go on; else the exit status of a program that has said what it had to. */
int ppd_options_parse(struct ppd_options *options, int argc, char **argv);

#endif
