/*
 * Reads results and messages. What is refused is said in words that name the limit or the place;
 * nothing here knows of executions.
 */
#include "daemon/results.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/logs_cut.h"

int result_open(const char *path, uint64_t *size_bytes)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		if (errno == ELOOP || errno == ENXIO)
			errno = EINVAL;
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		if (size_bytes)
			*size_bytes = (uint64_t)status.st_size;
		return fd;
	}
	close(fd);
	errno = EINVAL;
	return -1;
}

char *result_read_file(const char *path, size_t max_bytes, size_t *length)
{
	uint64_t size = 0;
	int fd = result_open(path, &size);
	char *text = NULL;
	int error = 0;

	if (fd < 0)
		return NULL;
	if (size > max_bytes)
		error = EFBIG;
	else if (!(text = malloc((size_t)size + 1)))
		error = ENOMEM;
	*length = 0;
	while (!error && *length < size) { /* what is added meanwhile comes too late */
		ssize_t got = read(fd, text + *length, (size_t)size - *length);
		if (got > 0)
			*length += (size_t)got;
		else if (got == 0)
			break;
		else if (errno != EINTR)
			error = errno;
	}
	close(fd);
	if (error) {
		free(text);
		errno = error;
		return NULL;
	}
	text[*length] = '\0';
	return text;
}

/* Whether arrays and objects lie deeper in each other than a result's may; of valid JSON. */
static bool is_too_deep(const char *text, size_t length)
{
	bool is_in_string = false;
	int depth = 0;

	for (size_t i = 0; i < length; i++) {
		char byte = text[i];

		if (is_in_string) {
			if (byte == '\\')
				i++;
			else if (byte == '"')
				is_in_string = false;
		} else if (byte == '"') {
			is_in_string = true;
		} else if (byte == '[' || byte == '{') {
			if (++depth > RESULT_MAX_DEPTH)
				return true;
		} else if (byte == ']' || byte == '}') {
			depth--;
		}
	}
	return false;
}

json_t *result_parse(const char *text, size_t length, char **problem)
{
	json_error_t error;

	*problem = NULL;
	if (is_too_deep(text, length)) {
		*problem = mem_print("nested deeper than %d", RESULT_MAX_DEPTH);
		return NULL;
	}
	json_t *value = json_loadb(text, length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	if (value)
		return value;
	if (length == 0)
		*problem = mem_copy("empty, which is no JSON value");
	else if (error.text[0] == '\0')
		*problem = mem_copy("no memory for it");
	else
		*problem = mem_print(
		    "not JSON: line %d column %d: %s", error.line, error.column, error.text);
	return NULL;
}

static char *explain_unread(size_t max_bytes)
{
	if (errno == EFBIG)
		return mem_print("larger than max_result (%zu bytes)", max_bytes);
	if (errno == EINVAL)
		return mem_copy("not a regular file");
	return mem_copy(strerror(errno));
}

int result_read(const char *path, size_t max_bytes, json_t **result, char **problem)
{
	size_t length;
	char *text = result_read_file(path, max_bytes, &length);

	*result = NULL;
	*problem = NULL;
	if (!text && errno == ENOENT)
		return 0;
	if (!text) {
		*problem = explain_unread(max_bytes);
		return -1;
	}
	*result = result_parse(text, length, problem);
	free(text);
	return *result ? 0 : -1;
}

int result_read_output(const char *path, size_t max_bytes, json_t **result, char **problem)
{
	size_t length;
	char *text = result_read_file(path, max_bytes, &length);

	*result = NULL;
	*problem = NULL;
	if (!text && errno == ENOENT)
		return 0;
	if (!text) {
		*problem = explain_unread(max_bytes);
		return -1;
	}
	*result = result_parse(text, length, problem);
	if (!*result) {
		free(*problem);
		*problem = NULL;
		if (length > 0 && text[length - 1] == '\n')
			length--;
		if (!memchr(text, '\0', length))
			*result = json_stringn(text, length);
		if (!*result)
			*problem = mem_copy("the output is neither JSON nor UTF-8 text");
	}
	free(text);
	return *result ? 0 : -1;
}

/* The length of the valid UTF-8 character that text begins with, or 0. */
static size_t utf8_length(const unsigned char *text, size_t length)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = text[0] < 0x80             ? 1
	              : (text[0] & 0xe0) == 0xc0 ? 2
	              : (text[0] & 0xf0) == 0xe0 ? 3
	              : (text[0] & 0xf8) == 0xf0 ? 4
	                                         : 0;
	uint32_t code;

	if (size <= 1 || size > length)
		return size > length ? 0 : size;
	code = text[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fu);
	}
	if (code < smallest[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return size;
}

static bool is_control(const unsigned char *text, size_t size)
{
	return (size == 1 && (text[0] < 0x20 || text[0] == 0x7f)) ||
	       (size == 2 && text[0] == 0xc2 && text[1] < 0xa0);
}

char *result_clean_message(const char *text, size_t length)
{
	static const char replacement[] = "\xef\xbf\xbd";
	const unsigned char *byte = (const unsigned char *)text;
	const unsigned char *newline = memchr(text, '\n', length);
	const unsigned char *end = newline ? newline : byte + length;
	char *message = malloc(RESULT_MESSAGE_MAX + 1);
	size_t used = 0;

	if (!message)
		return NULL;
	while (byte < end) {
		size_t size = utf8_length(byte, (size_t)(end - byte));
		const char *piece = size ? (const char *)byte : replacement;
		size_t piece_size = size ? size : sizeof(replacement) - 1;
		bool is_left_out = is_control(byte, size) || (used == 0 && *byte == ' ');

		byte += size ? size : 1;
		if (is_left_out)
			continue;
		if (used + piece_size > RESULT_MESSAGE_MAX)
			break;
		memcpy(message + used, piece, piece_size);
		used += piece_size;
	}
	while (used > 0 && message[used - 1] == ' ')
		used--;
	message[used] = '\0';
	if (used > 0)
		return message;
	free(message);
	return NULL;
}

char *result_read_message(const char *path)
{
	char buffer[4 * RESULT_MESSAGE_MAX];
	int fd = result_open(path, NULL);

	if (fd < 0)
		return NULL;
	ssize_t length = read(fd, buffer, sizeof(buffer));
	char *message = length > 0 ? result_clean_message(buffer, (size_t)length) : NULL;

	close(fd);
	errno = 0;
	return message;
}

int result_append_output(const char *path, const char *log, int64_t max_bytes)
{
	uint64_t size = 0;
	int result, log_fd, saved_errno;
	struct logs_cut cut;
	int fd = result_open(path, &size);

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	log_fd = open(log, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (log_fd < 0) {
		result = -1;
	} else {
		bool is_cut = logs_cut_plan((int64_t)size, max_bytes, &cut);

		result = logs_cut_copy(fd, log_fd, (int64_t)size, is_cut ? &cut : NULL);
	}
	saved_errno = errno;
	if (log_fd >= 0)
		close(log_fd);
	close(fd);
	errno = saved_errno;
	return result;
}
