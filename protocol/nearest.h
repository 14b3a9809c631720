/*
 * "Did you mean": the nearest of some known words.
 */
#ifndef PARPROC_PROTOCOL_NEAREST_H
#define PARPROC_PROTOCOL_NEAREST_H

#include <stddef.h>

/* How many characters have to be inserted, removed, replaced or swapped with their neighbour to
 * turn one word into the other; anything above limit counts as limit + 1. Words over 64 bytes are
 * never near. */
size_t nearest_distance(const char *word, const char *other, size_t limit);

struct nearest {
	const char *word; /* borrowed, what is looked for */
	const char *best; /* borrowed, the nearest one offered so far; NULL: none is near */
	size_t distance;
};

/* Begins a search for what is near word. */
void nearest_init(struct nearest *nearest, const char *word);

/* Offers one candidate, which must outlive the search. Of equally near ones the first stays. */
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
