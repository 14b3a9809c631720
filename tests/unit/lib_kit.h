/*
 * What the tests of libparproc share: a private directory and a daemon that is none, a thread that
 * answers over a real socket. Its methods:
 *
 *	hello      {protocol: as said}
 *	echo       the params
 *	fail       the error unknown_name
 *	silent     no answer, ever
 *	later      answered by the next release
 *	release    answers what was asked with later, newest first
 *	flood      {count}: so many events, then the answer
 *	raw        {text}: these bytes
 *	write      writes to the descriptors that came with it; so does run
 *	hang_up    ends the connection
 *
 * Others are answered as echo is. What a server does otherwise is said by a plan.
 */
#ifndef PARPROC_TESTS_UNIT_LIB_KIT_H
#define PARPROC_TESTS_UNIT_LIB_KIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A new private directory, an absolute path without symbolic links; freed and removed by the other.
 */
char *kit_directory_new(void);
void kit_directory_free(char *path);

/* A new path "directory/name"; so that it exists, as a directory or a file with this text. */
char *kit_path(const char *directory, const char *name);
void kit_make_directory(const char *directory, const char *name);
void kit_make_file(const char *directory, const char *name, const char *text, int mode);

/* Waits until a directory has a file of that name; 30 s at most, then the test has failed. */
void kit_wait_for_file(const char *directory, const char *name);

struct server;

/* Serves the workspace directory at .parproc/ppd.sock, saying that it speaks this version. */
struct server *server_start(const char *directory, int protocol);

/* When a connection is ended. */
enum drop {
	DROP_NEVER,
	DROP_ACCEPTED, /* before anything of it is read */
	DROP_READ,     /* when the request of that method has come, without an answer */
	DROP_HALF,     /* in the middle of the answer to it */
};

/* How a connection is served. Texts are borrowed for as long as the server lives. */
struct plan {
	int newer; /* by so many versions of the protocol, in hello */
	int pid;   /* of hello */
	const char *capabilities[4];
	enum drop drop;
	const char *drop_at; /* a method */
	const char *silent;  /* a method that is not answered, ever */
	const char *ended;   /* a method that is refused with shutting_down */
	const char *refused; /* one that is refused with unknown_name */
	const char *terse;   /* one that is answered with {}, whatever its params are */
	const char *said_at; /* a method; behind its answer, if there is one … */
	const char *said;    /* … these bytes are sent */
};

/* Serves the first connection by the first plan and so on; the last one holds for all that follow.
 * count: up to 8. */
struct server *server_start_by(const char *directory, const struct plan *plans, size_t count);

/* The requests that came, in order: [{connection, method, params}]. New. */
json_t *server_get_requests(struct server *server);

/* Ends it: its connections too. */
void server_stop(struct server *server);

#endif
