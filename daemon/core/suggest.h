/*
 * How far two words are apart, for "did you mean …?".
 */
#ifndef PARPROC_CORE_SUGGEST_H
#define PARPROC_CORE_SUGGEST_H

#include <stddef.h>

/*
 * The Damerau-Levenshtein distance of a and b in bytes (a letter too many, missing, wrong, or two
 * neighbours exchanged count 1 each; no part is edited twice). What is more than limit is answered
 * as limit + 1, at a cost of about length * limit. Nothing is allocated for words below 256 bytes.
 */
size_t suggest_distance(const char *a, const char *b, size_t limit);

/* How far off a word of that length may be to be suggested: 1 for up to 3 bytes, 2, then 3. */
size_t suggest_limit(size_t length);

#endif
