/*
 * The daemon's own log. Lines are made whole in memory and written with one write(2), so that
 * those of both processes never mix. The level and the name are this process's only state here.
 */
#include "daemon/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log_file.h"

#define LINE_SIZE 2048

static enum log_level log_level = LOG_LEVEL_INFO;
static const char *log_name = "ppd";

void log_set_level(enum log_level level)
{
	log_level = level;
}

void log_set_name(const char *who)
{
	log_name = who;
}

/* Adds one byte in a form that a line may hold. Returns the new length, or 0: it does not fit. */
static size_t append_escaped(char *buffer, size_t length, size_t size, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	char piece[4] = {'\\', 0, 0, 0};
	size_t piece_length = 2;

	switch (byte) {
	case '\n':
		piece[1] = 'n';
		break;
	case '\t':
		piece[1] = 't';
		break;
	case '\r':
		piece[1] = 'r';
		break;
	default:
		if (byte >= 0x20 && byte != 0x7f) {
			piece[0] = (char)byte;
			piece_length = 1;
			break;
		}
		piece[1] = 'x';
		piece[2] = hex[byte >> 4];
		piece[3] = hex[byte & 15];
		piece_length = 4;
	}
	if (length + piece_length >= size)
		return 0;
	memcpy(buffer + length, piece, piece_length);
	return length + piece_length;
}

static size_t append_time(char *buffer, size_t size)
{
	struct timespec now = {0};
	struct tm broken_down = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &broken_down);
	/* LOG_TIME_LENGTH bytes. */
	size_t length = strftime(buffer, size, "%Y-%m-%dT%H:%M:%S", &broken_down);
	return length +
	       (size_t)snprintf(buffer + length, size - length, ".%03ldZ", now.tv_nsec / 1000000);
}

static void write_line(enum log_level level, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void write_line(enum log_level level, const char *format, va_list arguments)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	char text[LINE_SIZE];
	char line[LINE_SIZE + 128];
	int saved_errno = errno;

	if (level > log_level)
		return;
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		return;
	size_t length = append_time(line, 64);
	length += (size_t)snprintf(line + length, 64, " %s %s: ", names[level], log_name);
	for (const char *byte = text; *byte; byte++) {
		size_t next = append_escaped(line, length, sizeof(line) - 1, (unsigned char)*byte);
		if (next == 0)
			break;
		length = next;
	}
	line[length++] = '\n';
	log_file_make_room();
	ssize_t ignored = write(STDERR_FILENO, line, length);
	(void)ignored;
	errno = saved_errno;
}

#define WRITE_LINE(level)                                                                          \
	do {                                                                                       \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		write_line(level, format, arguments);                                              \
		va_end(arguments);                                                                 \
	} while (0)

void log_error(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_ERROR);
}

void log_warning(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_WARNING);
}

void log_info(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_INFO);
}

void log_debug(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_DEBUG);
}

const char *log_quote(char buffer[LOG_QUOTED_SIZE], const char *text)
{
	static const char cut_end[] = "…\"";
	size_t length = 0;

	buffer[length++] = '"';
	for (; *text && length < LOG_QUOTED_SIZE - sizeof(cut_end) - 1; text++) {
		/* Control characters stay as they are here: the line escapes them. */
		if (*text == '"' || *text == '\\')
			buffer[length++] = '\\';
		buffer[length++] = *text;
	}
	strcpy(buffer + length, *text ? cut_end : "\"");
	return buffer;
}
