/*
 * The daemon's own log where it is a file: it stays within a size, with one file of what was
 * before. Both of the daemon's processes write to it, by descriptors of their own, and either may
 * find it full; a file lock decides who puts it aside.
 */
#ifndef PARPROC_DAEMON_LOG_FILE_H
#define PARPROC_DAEMON_LOG_FILE_H

#include <stddef.h>
#include <stdint.h>

#define LOG_FILE_MAX (4 << 20)

/* What is appended to the name of a log that was full. */
#define LOG_FILE_OLD ".1"

/* How it is opened: for reading too, as only what was opened so can be locked and read from. */
#define LOG_FILE_FLAGS (O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY)

/*
 * Where standard error is the file of that path (absolute), it is kept within about max_bytes from
 * now on. Else nothing changes: it is a terminal, or somebody else's file.
 */
void log_file_keep(const char *path, int64_t max_bytes);

/*
 * To be called before a line is written: where the log is full, standard error, and standard output
 * where it is the same, lead to another file of its name afterwards. What cannot be done is tried
 * again at the next line; until then the log grows.
 */
void log_file_make_room(void);

#endif
