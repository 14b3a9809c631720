/*
 * Edit distance between short words (optimal string alignment), three rows of the matrix at a time,
 * with early cut-off; and the search for the nearest word.
 */
#include "protocol/nearest.h"

#include <string.h>

#define MAX_WORD 64

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t nearest_distance(const char *word, const char *other, size_t limit)
{
	size_t rows[3][MAX_WORD + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t columns = strnlen(other, MAX_WORD + 1);
	size_t length = strnlen(word, MAX_WORD + 1);
	size_t i, j, least, gap;

	gap = length > columns ? length - columns : columns - length;
	if (length > MAX_WORD || columns > MAX_WORD || gap > limit)
		return limit + 1;
	for (j = 0; j <= columns; j++)
		last[j] = j;
	for (i = 1; i <= length; i++) {
		row[0] = least = i;
		for (j = 1; j <= columns; j++) {
			row[j] = last[j - 1] + (word[i - 1] != other[j - 1]);
			row[j] = min_size(row[j], min_size(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && word[i - 1] == other[j - 2] &&
			    word[i - 2] == other[j - 1])
				row[j] = min_size(row[j], before[j - 2] + 1);
			least = min_size(least, row[j]);
		}
		if (least > limit)
			return limit + 1;
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return min_size(last[columns], limit + 1);
}

void nearest_init(struct nearest *nearest, const char *word)
{
	/* A third of the word may differ: one letter in "run", three in "undefined". */
	*nearest = (struct nearest){
	    .word = word,
	    .distance = 1 + min_size((strlen(word) + 2) / 3, 3),
	};
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
	size_t distance = nearest_distance(nearest->word, candidate, nearest->distance - 1);

	if (distance >= nearest->distance)
		return;
	nearest->distance = distance;
	nearest->best = candidate;
}
