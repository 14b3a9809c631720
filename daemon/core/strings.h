/*
 * A growing list of texts that it owns: names in answers, choices, cycles.
 */
#ifndef PARPROC_CORE_STRINGS_H
#define PARPROC_CORE_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

struct strings {
	char **items;
	size_t count;
	size_t capacity;
};

/* Adds a copy of text. */
void strings_add(struct strings *list, const char *text);

/* Adds text itself, which the list frees from now on. */
void strings_take(struct strings *list, char *text);

/* Removes those that stand in the list before; the rest keep their order. */
void strings_make_unique(struct strings *list);

bool strings_contain(const struct strings *list, const char *text);

/* The items joined by between; the caller frees it. An empty list gives "". */
char *strings_join(const struct strings *list, const char *between);

/* Frees the items; the list is empty and can be used again. */
void strings_clear(struct strings *list);

#endif
