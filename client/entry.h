/*
 * A line as it is typed, key by key, with the keys for editing that the terminal has in its own
 * line mode. Shows nothing.
 */
#ifndef PARPROC_CLIENT_ENTRY_H
#define PARPROC_CLIENT_ENTRY_H

#include <stddef.h>
#include <termios.h>

/* More than the daemon takes, which then says so. */
#define ENTRY_SIZE (128u << 10)

enum entry_event {
	ENTRY_NOTHING, /* what was typed changes nothing */
	ENTRY_CHANGED,
	ENTRY_LINE, /* the line is complete; what follows it is dropped */
	ENTRY_EOF,  /* the end, on an empty line */
};

struct entry {
	char text[ENTRY_SIZE]; /* what there is of the line */
	size_t length;
	char keys[64]; /* the beginning of a key */
	size_t n_keys;
};

/* An empty line; nothing is left of the one before, which may be a secret. */
void entry_clear(struct entry *entry);

/* Takes bytes that were typed. keys: c_cc of the terminal's modes. */
enum entry_event entry_take(
    struct entry *entry, const cc_t *keys, const char *bytes, size_t n_bytes);

#endif
