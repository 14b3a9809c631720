/*
 * Appends characters and takes them away; see entry.h.
 */
#include "client/entry.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "client/keys.h"

void entry_clear(struct entry *entry)
{
	explicit_bzero(entry->text, entry->length);
	explicit_bzero(entry->keys, sizeof(entry->keys));
	entry->length = entry->n_keys = 0;
}

static enum entry_event cut(struct entry *entry, size_t length)
{
	if (length == entry->length)
		return ENTRY_NOTHING;
	explicit_bzero(entry->text + length, entry->length - length);
	entry->length = length;
	return ENTRY_CHANGED;
}

/* What is left without the last character. */
static size_t without_character(const struct entry *entry, size_t length)
{
	while (length > 0 && ((unsigned char)entry->text[--length] & 0xc0) == 0x80)
		;
	return length;
}

static size_t without_word(const struct entry *entry)
{
	size_t length = entry->length;

	while (length > 0 && entry->text[length - 1] == ' ')
		length--;
	while (length > 0 && entry->text[length - 1] != ' ')
		length--;
	return length;
}

static enum entry_event append(struct entry *entry, const char *text)
{
	size_t length = strlen(text);

	if (entry->length + length >= ENTRY_SIZE)
		return ENTRY_NOTHING;
	memcpy(entry->text + entry->length, text, length + 1);
	entry->length += length;
	return ENTRY_CHANGED;
}

static enum entry_event press(struct entry *entry, const struct key *key)
{
	switch (key->kind) {
	case KEY_TEXT:
		return append(entry, key->text);
	case KEY_TAB: /* it may be part of what is pasted: the daemon says what it makes of it */
		return append(entry, "\t");
	case KEY_ENTER:
		return ENTRY_LINE;
	case KEY_BACKSPACE:
		return cut(entry, without_character(entry, entry->length));
	case KEY_CLEAR_LINE:
		return cut(entry, 0);
	case KEY_REDRAW:
		return ENTRY_CHANGED;
	default:
		return ENTRY_NOTHING;
	}
}

/* Whether the byte is one of those that edit; then *event says what it did. */
static bool edit(struct entry *entry, const cc_t *keys, char byte, enum entry_event *event)
{
	cc_t typed = (cc_t)byte;

	if (typed == _POSIX_VDISABLE)
		return false;
	if (typed == keys[VERASE])
		*event = cut(entry, without_character(entry, entry->length));
	else if (typed == keys[VKILL])
		*event = cut(entry, 0);
	else if (typed == keys[VWERASE])
		*event = cut(entry, without_word(entry));
	else if (typed == keys[VREPRINT])
		*event = ENTRY_CHANGED;
	else if (typed == keys[VEOF])
		*event = entry->length == 0 ? ENTRY_EOF : ENTRY_NOTHING;
	else
		return false;
	return true;
}

enum entry_event entry_take(
    struct entry *entry, const cc_t *keys, const char *bytes, size_t n_bytes)
{
	enum entry_event event = ENTRY_NOTHING, all = ENTRY_NOTHING;

	for (size_t i = 0; i < n_bytes; i++) {
		struct key key;
		size_t used;

		event = ENTRY_NOTHING;
		if (entry->n_keys > 0 || !edit(entry, keys, bytes[i], &event)) {
			if (entry->n_keys == sizeof(entry->keys))
				entry->n_keys = 0; /* no key is so long */
			entry->keys[entry->n_keys++] = bytes[i];
			/* One that turns out to be none leaves what follows its beginning. */
			while (event < ENTRY_LINE &&
			       (used = keys_read(&key, entry->keys, entry->n_keys, false)) > 0) {
				enum entry_event now = press(entry, &key);

				event = now > event ? now : event;
				entry->n_keys -= used;
				memmove(entry->keys, entry->keys + used, entry->n_keys);
			}
		}
		if (event >= ENTRY_LINE)
			return event;
		all = event > all ? event : all;
	}
	return all;
}
