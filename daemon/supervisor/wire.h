/*
 * The messages between supervisor and scheduler: length-prefixed, in native byte order, since both
 * ends are one program on one machine (WIRE_VERSION says whether they are, and whether the words
 * are the same by which one starts the other). What arrives is never trusted: sizes, counts,
 * strings and enumerations are checked before anybody sees them. Knows neither sockets nor
 * processes.
 *
 * Order that makes an execution happen once: the scheduler stores its intent, sends SPAWN, hears
 * EXIT, stores that, sends ACK. A scheduler that has just connected is sent HELLO, then HELD for
 * each environment, STARTED for each worker that lives and EXIT for each exit not acknowledged,
 * then READY.
 *
 * A SPAWN may name a limit: then it stands by until one whose slot is passed on has ended and fewer
 * than that many with slots are left. That EXIT says of it that it was started. The same SPAWN
 * without a limit starts it at once; a SIGNAL takes it back, and so does time: RETURNED. When a
 * scheduler is gone, what stands by is forgotten: the next one does not hear of it.
 *
 * It may also name others that it comes after, which have been started or stand by: all of them
 * have to succeed first. If one does not, or is signaled, or is given back, so is it. An EXIT says
 * whether such a success was relied on. Of one whose EXIT was sent before that SPAWN came, the
 * scheduler has to say itself how it goes on.
 *
 * A SPAWN that needs a job token when none is free is answered with NO_TOKEN, and is forgotten. As
 * soon as one is free, TOKEN says that it is kept for the next SPAWN.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_WIRE_H
#define PARPROC_DAEMON_SUPERVISOR_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "daemon/supervisor/key.h"
#include "daemon/supervisor/makeflags.h"
#include "daemon/supervisor/spawn.h"

#define WIRE_VERSION 6u

/* Of one message. What execve(2) takes is less, so nothing that could be executed is refused. */
#define WIRE_MAX_MESSAGE_BYTES (8u << 20)

/* What stands by comes after so many at most. */
#define WIRE_AFTER_MAX 4u

enum wire_kind {
	/* The supervisor's. */
	WIRE_HELLO = 1,
	WIRE_HELD,
	WIRE_STARTED,
	WIRE_EXIT,
	WIRE_READY,
	WIRE_NO_TOKEN,
	WIRE_TOKEN,
	WIRE_TOKENS_SET, /* what SET_TOKENS has asked for is done */
	WIRE_RETURNED,   /* it stood by, was not started, and is forgotten */
	/* The scheduler's. */
	WIRE_SPAWN = 33,
	WIRE_SIGNAL,
	WIRE_ACK,
	WIRE_ENV,
	WIRE_DROP_ENV,
	WIRE_FAREWELL,
	WIRE_SET_TOKENS, /* how many there are */
	WIRE_WANT_TOKEN, /* or does not: the scheduler */
	WIRE_SET_SLOTS,  /* how many there are: the limit of what stands by */
	WIRE_LEND_SLOT,  /* another has a worker's slot for a while, or no longer */
	WIRE_LEND_TOKEN, /* a worker does not need its own for a while, or needs it again */
	WIRE_RECALL,     /* what stands by is wanted back, unless it was started */
};

/* What a worker has of the slots of its scheduler. */
enum wire_slot {
	SLOT_NONE,
	SLOT_KEPT,   /* one that the scheduler disposes of when the worker has ended */
	SLOT_PASSED, /* one that then goes to what stands by */
	N_WIRE_SLOTS
};

/* Another that has to succeed first: its status is 0, nothing of its group is left, and it has not
 * left that file, which is the same whoever comes after it. */
struct wire_after {
	struct worker_key key;
	const char *absent;
};

struct wire_spawn {
	uint32_t env;                   /* number of an environment, 0: the supervisor's own */
	bool is_terminal;               /* three descriptors come with the message's first byte */
	enum jobserver_style jobserver; /* other than none: it needs a job token */
	enum wire_slot slot;
	uint32_t standby; /* 0: it starts at once; else the limit up to which it stands by */
	uint32_t n_after; /* only of what stands by */
	struct wire_after after[WIRE_AFTER_MAX];
	const char *cwd;
	const char *log;
	const char *output;           /* or NULL */
	const char *const *argv;      /* NULL-ended, one or more */
	const char *const *extra_env; /* NULL-ended */
};

struct wire_tokens {
	uint32_t limit;
	const char *path; /* of the FIFO */
};

struct wire_started {
	pid_t pid;
	int64_t started_ns; /* on the monotonic clock, which both ends have */
};

struct wire_exit {
	pid_t pid;
	int wait_status;
	struct spawn_error spawn_error; /* stage SPAWN_DONE: it was started */
	bool has_leftovers;             /* others of its process group lived when it ended */
	bool is_relied_on;  /* it has succeeded, and others may have been started for that */
	int64_t started_ns; /* on the monotonic clock */
	int64_t ended_ns;
	struct rusage usage;
	struct worker_key next; /* what stood by was started in its place; exec 0: nothing was */
	int64_t next_ns;        /* when */
};

struct wire_message {
	enum wire_kind kind;
	struct worker_key
	    key; /* of STARTED, EXIT, NO_TOKEN, RETURNED, SPAWN, SIGNAL, ACK, RECALL, LEND_* */
	union {
		uint32_t version;          /* HELLO */
		uint32_t env;              /* HELD, ENV, DROP_ENV */
		int signal;                /* SIGNAL */
		bool is_on;                /* WANT_TOKEN, LEND_TOKEN, LEND_SLOT */
		uint32_t limit;            /* SET_SLOTS */
		struct wire_tokens tokens; /* SET_TOKENS */
		struct wire_started started;
		struct wire_exit exit;
		struct wire_spawn spawn;
	};
	const char *const *variables; /* ENV: "NAME=value", NULL-ended */
};

/* Bytes on their way, from start to end. Zeroed it is empty. */
struct wire_buffer {
	uint8_t *data;
	size_t start, end, capacity;
};

void wire_buffer_clear(struct wire_buffer *buffer);

/* Room for size more bytes at data + end, for the caller to fill and count. NULL: ENOMEM. */
uint8_t *wire_buffer_reserve(struct wire_buffer *buffer, size_t size);

/* Drops the first size bytes; a buffer that has become empty gives back memory beyond a little. */
void wire_buffer_consume(struct wire_buffer *buffer, size_t size);

/* Where the string lists of a taken message are. Zeroed it is empty. */
struct wire_strings {
	const char **items;
	size_t capacity;
};

void wire_strings_clear(struct wire_strings *strings);

/* Appends message. 0, or -1 with errno: E2BIG for what exceeds the limit, ENOMEM; then unchanged.
 */
int wire_put(struct wire_buffer *buffer, const struct wire_message *message);

/*
 * Takes the first message off buffer. 1: *message is set, its strings valid until buffer or
 * strings are used again; 0: it is not all there yet; -1: ENOMEM, or EPROTO for what no peer of
 * this version sends.
 */
int wire_take(
    struct wire_buffer *buffer, struct wire_strings *strings, struct wire_message *message);

#endif
