/*
 * Job tokens, as GNU make's jobserver has them: a FIFO in which there is a byte for each that is
 * free. Workers that use them, and all that those start, share a number of them; each worker has
 * one while it lives. The supervisor holds the FIFO open, so that neither a scheduler's death nor
 * that of a worker takes away what is in it. Knows neither workers nor messages.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_TOKENS_H
#define PARPROC_DAEMON_SUPERVISOR_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

/* A pipe has room for a page at least, also where its user has a lot of them. */
#define TOKENS_MAX 4096u

struct tokens {
	char *path;     /* of the FIFO; NULL: none was ever asked for */
	int fd;         /* its both ends, non-blocking; -1: there is none */
	int error;      /* of making it, where there should be one and is none */
	uint32_t limit; /* as many there are to be; 0: none */
	uint32_t n; /* as many there are: free, reserved, of workers and of what those started */
	uint32_t n_held; /* of those, by workers */
	bool is_wanted;  /* the next free one is to be reserved */
	bool is_reserved;
	bool is_suspended;
};

void tokens_init(struct tokens *tokens);

/* Removes the FIFO, too. */
void tokens_close(struct tokens *tokens);

/*
 * From now on there are limit of them (to TOKENS_MAX), in a FIFO at path, which is made if need be.
 * More come at once; fewer, as they are given back. 0: nobody will take any more, and the FIFO goes
 * with the next tokens_refill(). A failure is kept in error.
 */
void tokens_set(struct tokens *tokens, uint32_t limit, const char *path);

/* Whether the FIFO is still what its path leads to. 0, or -1 with errno. */
int tokens_check(const struct tokens *tokens);

/* Nobody has tokens: where the FIFO is not there any more, or never was, it is made anew. */
void tokens_mend(struct tokens *tokens);

/* One for a worker: the reserved one, or one that is free. */
bool tokens_take(struct tokens *tokens);

/*
 * Those that have tokens are about to be gone. Where some are missing nobody gets one until
 * tokens_refill(): with a new holder it could not be said any more which are lost.
 */
void tokens_suspend(struct tokens *tokens);

/* A worker gives back its own. */
void tokens_give(struct tokens *tokens);

/*
 * Nobody is left who has tokens: all that there are to be are free, also those that somebody was
 * killed with.
 */
void tokens_refill(struct tokens *tokens);

/* Whether the next free one is to be reserved; false also frees one that was. */
void tokens_want(struct tokens *tokens, bool is_wanted);

/* What is to be polled for input, then tokens_collect() is to be called; -1: nothing is. */
int tokens_get_fd(const struct tokens *tokens);

/* Takes what is free, for the limit or to reserve it. True: one has been reserved just now. */
bool tokens_collect(struct tokens *tokens);

#endif
