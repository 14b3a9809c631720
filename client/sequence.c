/*
 * Finds the ends of escape sequences. It must not know what becomes of them.
 */
#include "client/sequence.h"

#include <string.h>

/* More is no color that any terminal has. */
#define COLOR_BYTES_MAX 64

/* CSI: parameters and intermediates, then one byte that says what it is. Anything else ends it. */
static size_t control_length(const char *text, size_t size)
{
	size_t i = 2;

	while (i < size && text[i] >= 0x20 && text[i] < 0x40)
		i++;
	return i < size && text[i] >= 0x40 && text[i] < 0x7f ? i + 1 : i;
}

/* OSC, DCS and their like: a string that ends with ST, or, as xterm has it, with BEL. */
static size_t string_length(const char *text, size_t size)
{
	size_t i = 2;

	while (i < size && text[i] != '\a' && text[i] != '\033')
		i++;
	if (i < size && text[i] == '\a')
		return i + 1;
	return i + 1 < size && text[i + 1] == '\\' ? i + 2 : i;
}

size_t sequence_length(const char *text, size_t size)
{
	size_t i = 1;

	if (size < 2 || text[0] != '\033')
		return 0;
	switch (text[1]) {
	case '[':
		return control_length(text, size);
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		return string_length(text, size);
	default: /* intermediates and a last byte */
		while (i < size && text[i] >= 0x20 && text[i] < 0x30)
			i++;
		return i < size && text[i] >= 0x30 && text[i] < 0x7f ? i + 1 : i;
	}
}

bool sequence_is_color(const char *text, size_t length)
{
	if (length < 3 || length > COLOR_BYTES_MAX || text[1] != '[' || text[length - 1] != 'm')
		return false;
	for (size_t i = 2; i + 1 < length; i++) {
		if ((text[i] < '0' || text[i] > '9') && text[i] != ';' && text[i] != ':')
			return false;
	}
	return true;
}

const char *sequence_find_shown(const char *line, size_t *size)
{
	const char *overwritten;

	while (*size > 0 && line[*size - 1] == '\r')
		--*size;
	overwritten = memrchr(line, '\r', *size);
	if (!overwritten)
		return line;
	*size -= (size_t)(overwritten + 1 - line);
	return overwritten + 1;
}
