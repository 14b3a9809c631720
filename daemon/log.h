/*
 * The daemon's own log, on standard error: a line for each event, `LEVEL event key=value …`.
 * Control characters in a line come out escaped, so foreign text cannot forge another line.
 */
#ifndef PARPROC_DAEMON_LOG_H
#define PARPROC_DAEMON_LOG_H

#include <stddef.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

#define LOG_TIME_LENGTH 24 /* with which each line begins */

/* What is above level is not written. The default is LOG_LEVEL_INFO. who: "ppd", "scheduler". */
void log_set_level(enum log_level level);
void log_set_name(const char *who);

/* format begins with the event's name: log_info("worker started exec=%" PRIu64 " pid=%d", …) */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define LOG_QUOTED_SIZE 256

/*
 * text in double quotes, what would not fit or could be misread escaped or cut: for values that
 * are foreign. Returns buffer.
 */
const char *log_quote(char buffer[LOG_QUOTED_SIZE], const char *text);

#endif
