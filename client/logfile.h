/*
 * Log files of executions, read by their path: bounded parts of them, and copies to a stream. The
 * daemon frees the middle of one that has grown too large (max_log): there is a hole then, in whose
 * place readers get a line that says so.
 */
#ifndef PARPROC_CLIENT_LOGFILE_H
#define PARPROC_CLIENT_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A log's text, or its beginning and end, and a line in between, where it is large. */
struct logfile_text {
	char *bytes;
	size_t size;
	uint64_t n_left_out; /* bytes in the middle */
};

enum { LOGFILE_HEAD_BYTES = 1 << 20, LOGFILE_TAIL_BYTES = 3 << 20 };

/*
 * Opens a log, which is a plain file. Returns a descriptor, or -1 with errno.
 */
int logfile_open(const char *path);

/* Reads what is to be read of it. Returns 0, or -1 with errno. To be freed with free(bytes). */
int logfile_read(const char *path, struct logfile_text *text);

/* The same with other limits than those above. */
int logfile_read_ends(
    const char *path, size_t head_max, size_t tail_max, struct logfile_text *text);

/* Where its last lines begin: 0 if it has no more than that many, or the hole before them. -1 with
 * errno. */
off_t logfile_find_tail(int fd, unsigned long long n_lines);

/* Copies from the descriptor's position to its end to another one. Returns 0, or -1 with errno;
 * *is_output says whether it was the other one that failed. */
int logfile_copy(int fd, int out_fd, bool *is_output);

#endif
