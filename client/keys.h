/*
 * What was typed at a terminal, key by key. Knows nothing of what the keys are for.
 */
#ifndef PARPROC_CLIENT_KEYS_H
#define PARPROC_CLIENT_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum key_kind {
	KEY_OTHER, /* one that nobody asks for */
	KEY_TEXT,
	KEY_ENTER,
	KEY_TAB,
	KEY_BACKSPACE,
	KEY_ESCAPE,
	KEY_UP,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_REDRAW,     /* Ctrl-L */
	KEY_CLEAR_LINE, /* Ctrl-U */
};

struct key {
	enum key_kind kind;
	char text[5]; /* of KEY_TEXT: a character in UTF-8 */
};

/*
 * Reads the first key of what has come. How many bytes it is made of; 0: it is not complete.
 * is_final: nothing more comes soon, so that an escape is the key of that name.
 */
size_t keys_read(struct key *key, const char *bytes, size_t n_bytes, bool is_final);

#endif
