/*
 * What a process leaves behind: its result and its message. Reads them without trusting them: a
 * path may lead to a FIFO, a symbolic link, a directory, or a file without end.
 */
#ifndef PARPROC_DAEMON_RESULTS_H
#define PARPROC_DAEMON_RESULTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define RESULT_MAX_DEPTH 48     /* so that an answer that holds it can be read */
#define RESULT_MESSAGE_MAX 1024 /* bytes of a message */

/*
 * The JSON value in the file at path, blanks around it allowed. 0 with a new reference, NULL where
 * there is no file; or -1 with what is wrong with it ("not JSON: …"), which the caller frees.
 */
int result_read(const char *path, size_t max_bytes, json_t **result, char **problem);

/* The same of what was printed: where it is no JSON, its text without its last newline. */
int result_read_output(const char *path, size_t max_bytes, json_t **result, char **problem);

/* The JSON value in text, or NULL with what is wrong in *problem, which the caller frees. */
json_t *result_parse(const char *text, size_t length, char **problem);

/*
 * The first line of the file at path, without control characters, cut to RESULT_MESSAGE_MAX bytes
 * of valid UTF-8, for the caller to free. NULL: there is none; with errno ENOENT, not even a file.
 */
char *result_read_message(const char *path);

/* The same of text. */
char *result_clean_message(const char *text, size_t length);

/*
 * Appends the file at path to that at log, about max_bytes of it: logs_cut.h has what goes, and
 * what is said of it. 0, or -1 with errno.
 */
int result_append_output(const char *path, const char *log, int64_t max_bytes);

/*
 * Opens a regular file for reading, and nothing else, without ever blocking; *size_bytes may be
 * NULL. A descriptor, or -1 with errno: EINVAL for what is no regular file.
 */
int result_open(const char *path, uint64_t *size_bytes);

/* Reads the whole of such a file, a NUL behind it. NULL with errno: EFBIG for more than max_bytes.
 */
char *result_read_file(const char *path, size_t max_bytes, size_t *length);

#endif
