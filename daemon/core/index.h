/*
 * An index of names and patterns, by their parts: a trie whose edges are literal parts and, for
 * parts with a placeholder, what stands before it. A look-up costs what the name's length and the
 * matches cost, whatever else is in it. It serves both ways: the patterns that match a name, and
 * the names that a pattern matches.
 */
#ifndef PARPROC_CORE_INDEX_H
#define PARPROC_CORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>

struct index;

/* Copies separator. */
struct index *index_new(const char *separator);
void index_free(struct index *index);

/* Puts item under that name or pattern (copied; as many items as one likes under the same). */
void index_add(struct index *index, const char *pattern, void *item);

/* Takes it away again; true if it was there. */
bool index_remove(struct index *index, const char *pattern, const void *item);

/* What is found, in an order that depends only on what was added when. False ends the search. */
typedef bool index_visit(void *item, void *arg);

/* Visits the items whose pattern may match name (the caller matches: the same placeholder twice
 * and text behind a placeholder are not looked at). False if visit ended it. */
bool index_find_patterns(
    const struct index *index, const char *name, index_visit *visit, void *arg);

/* Visits the items under name itself, whatever patterns may match it. */
bool index_find_items(const struct index *index, const char *name, index_visit *visit, void *arg);

/* Visits the items whose name pattern may match, with the same reservation. */
bool index_find_names(
    const struct index *index, const char *pattern, index_visit *visit, void *arg);

#endif
