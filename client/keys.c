/*
 * Decodes the sequences that all terminals of today send: those of xterm, in both of its modes for
 * the arrows, and the numbered ones of the console, rxvt and tmux.
 */
#include "client/keys.h"

#include <string.h>

static const struct {
	const char *sequence; /* after the escape */
	enum key_kind kind;
} sequences[] = {
    {"[A", KEY_UP},
    {"OA", KEY_UP},
    {"[B", KEY_DOWN},
    {"OB", KEY_DOWN},
    {"[H", KEY_HOME},
    {"OH", KEY_HOME},
    {"[1~", KEY_HOME},
    {"[7~", KEY_HOME},
    {"[F", KEY_END},
    {"OF", KEY_END},
    {"[4~", KEY_END},
    {"[8~", KEY_END},
    {"[5~", KEY_PAGE_UP},
    {"[6~", KEY_PAGE_DOWN},
};

/* The length of an escape sequence; 0: it is not complete. */
static size_t measure_sequence(const char *bytes, size_t n_bytes)
{
	size_t i = 2;

	if (n_bytes < 2)
		return 0;
	if (bytes[1] == 'O')
		return n_bytes < 3 ? 0 : 3;
	if (bytes[1] != '[')
		return 2; /* Alt and a key */
	while (i < n_bytes && bytes[i] >= 0x20 && bytes[i] < 0x40)
		i++;
	return i < n_bytes ? i + 1 : 0;
}

static size_t read_sequence(struct key *key, const char *bytes, size_t n_bytes, bool is_final)
{
	size_t length = measure_sequence(bytes, n_bytes);

	if (length == 0 || bytes[1] == '\033') {
		if (length == 0 && !is_final)
			return 0;
		key->kind = n_bytes == 1 || bytes[1] == '\033' ? KEY_ESCAPE : KEY_OTHER;
		return length == 0 ? n_bytes : 1;
	}
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		if (strlen(sequences[i].sequence) == length - 1 &&
		    memcmp(sequences[i].sequence, bytes + 1, length - 1) == 0)
			key->kind = sequences[i].kind;
	}
	return length;
}

static size_t read_text(struct key *key, const char *bytes, size_t n_bytes, bool is_final)
{
	unsigned char first = (unsigned char)bytes[0];
	size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if ((first >= 0x80 && first < 0xc2) || first > 0xf4)
		return 1;
	if (n_bytes < length)
		return is_final ? n_bytes : 0;
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return 1;
	}
	key->kind = KEY_TEXT;
	memcpy(key->text, bytes, length);
	return length;
}

size_t keys_read(struct key *key, const char *bytes, size_t n_bytes, bool is_final)
{
	*key = (struct key){.kind = KEY_OTHER};
	if (n_bytes == 0)
		return 0;
	switch (bytes[0]) {
	case '\033':
		return read_sequence(key, bytes, n_bytes, is_final);
	case '\r':
	case '\n':
		key->kind = KEY_ENTER;
		return 1;
	case '\t':
		key->kind = KEY_TAB;
		return 1;
	case '\b':
	case '\177':
		key->kind = KEY_BACKSPACE;
		return 1;
	case '\f':
		key->kind = KEY_REDRAW;
		return 1;
	case '\025':
		key->kind = KEY_CLEAR_LINE;
		return 1;
	default:
		if ((unsigned char)bytes[0] < 0x20)
			return 1;
		return read_text(key, bytes, n_bytes, is_final);
	}
}
