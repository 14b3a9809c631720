/*
 * MAKEFLAGS as make writes it: words apart by blanks, in which a backslash takes the next character
 * as it is. The first may be letters without a dash; variables come last, after a word "--".
 */
#include "daemon/supervisor/makeflags.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
	const char *text;
	size_t length;
};

/* The next word from *at on, which is moved behind it. False: there is none. */
static bool next_word(const char **at, struct word *word)
{
	const char *c = *at;

	while (*c == ' ' || *c == '\t')
		c++;
	word->text = c;
	while (*c != '\0' && *c != ' ' && *c != '\t')
		c += c[0] == '\\' && c[1] != '\0' ? 2 : 1;
	word->length = (size_t)(c - word->text);
	*at = c;
	return word->length > 0;
}

static bool begins_with(const struct word *word, const char *prefix)
{
	size_t length = strlen(prefix);

	return word->length >= length && memcmp(word->text, prefix, length) == 0;
}

static bool word_is(const struct word *word, const char *text)
{
	return begins_with(word, text) && word->length == strlen(text);
}

static bool is_number(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return true;
}

static bool names_jobserver(const struct word *word)
{
	return begins_with(word, "--jobserver-auth=") || begins_with(word, "--jobserver-fds=");
}

/* -j, -j8, --jobs=8, and j8 where a dash may be left out. */
static bool names_jobs(const struct word *word, bool is_first)
{
	if (begins_with(word, "-j"))
		return is_number(word->text + 2, word->length - 2);
	if (is_first && begins_with(word, "j"))
		return is_number(word->text + 1, word->length - 1);
	return word_is(word, "--jobs") || begins_with(word, "--jobs=");
}

/*
 * Copies value to `to`, which has room for all of it, without what it says of jobs; up to "--",
 * from where *rest is what is left. Answers the end of the copy.
 */
static char *copy_options(char *to, const char *value, const char **rest)
{
	const char *at = value, *ahead;
	struct word word, next;
	bool is_first = true, has_copied = false;

	for (; *rest = at, next_word(&at, &word); is_first = false) {
		if (word_is(&word, "--"))
			break;
		if (names_jobserver(&word))
			continue;
		if (names_jobs(&word, is_first)) {
			/* The number may be a word of its own. */
			ahead = at;
			if ((word_is(&word, "-j") || word_is(&word, "--jobs")) &&
			    next_word(&ahead, &next) && is_number(next.text, next.length))
				at = ahead;
			continue;
		}
		/* What begins with a blank has no letters without a dash. */
		if (has_copied || (is_first && word.text > value) ||
		    (!is_first && word.text[0] != '-'))
			*to++ = ' ';
		memmove(to, word.text, word.length); /* it may be a copy in its own place */
		to += word.length;
		has_copied = true;
	}
	return to;
}

static bool has_jobserver(const char *value)
{
	struct word word;

	while (next_word(&value, &word) && !word_is(&word, "--"))
		if (names_jobserver(&word))
			return true;
	return false;
}

/* Its value; NULL: it is none of those. */
static char *find_value(char *variable)
{
	static const char *const names[] = {"MAKEFLAGS=", "MFLAGS=", "CARGO_MAKEFLAGS="};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = strlen(names[i]);

		if (strncmp(variable, names[i], length) == 0)
			return variable + length;
	}
	return NULL;
}

bool makeflags_strip(char *variable)
{
	char *value = find_value(variable);
	const char *rest;
	char *end;

	if (value == NULL || !has_jobserver(value))
		return true;
	/* In its own place: the copy is never ahead of what it is made from. */
	end = copy_options(value, value, &rest);
	memmove(end, rest, strlen(rest) + 1);
	return value[strspn(value, " \t")] != '\0';
}

bool makeflags_takes_path(const char *path)
{
	return strpbrk(path, " \t\r\n\\$#\"'") == NULL;
}

char *makeflags_join(const char *old, enum jobserver_style style, uint32_t n_jobs, const char *path)
{
	size_t size = (old != NULL ? strlen(old) : 0) + strlen(path) + 256;
	char *variable = malloc(size), *end;
	const char *rest = "";
	int read_fd = JOBSERVER_READ_FD, write_fd = JOBSERVER_WRITE_FD;

	if (variable == NULL)
		return NULL;
	end = stpcpy(variable, "MAKEFLAGS=");
	if (old != NULL)
		end = copy_options(end, old, &rest);
	size -= (size_t)(end - variable);
	if (style == JOBSERVER_FIFO)
		end += snprintf(end, size, " -j%u --jobserver-auth=fifo:%s", n_jobs, path);
	else
		/* The first of the names is that of make before 4.2. */
		end += snprintf(end, size, " -j%u --jobserver-fds=%d,%d --jobserver-auth=%d,%d",
		    n_jobs, read_fd, write_fd, read_fd, write_fd);
	/* Variables may be all that there was, with no blank before them. */
	sprintf(end, "%s%s", rest[0] == '-' ? " " : "", rest);
	return variable;
}
