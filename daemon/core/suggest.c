/*
 * The distance between two words. Only the band of the table that can stay within the limit is
 * computed, so that offering a wrong name to 10,000 known ones costs little.
 */
#include "daemon/core/suggest.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

#define STACK_WORD 256

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The cell of row i (a's i-th byte), column j, from the rows above; rows[k] is row i - k. */
static size_t cell(const char *a, const char *b, size_t i, size_t j, size_t *const rows[3])
{
	size_t cost = a[i - 1] != b[j - 1];
	size_t best = least(rows[1][j - 1] + cost, least(rows[1][j], rows[0][j - 1]) + 1);

	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
		best = least(best, rows[2][j - 2] + 1);
	return best;
}

static size_t distance_in_band(
    const char *a, size_t a_length, const char *b, size_t b_length, size_t limit, size_t *memory)
{
	const size_t over = limit + 1;
	size_t *rows[3] = {memory, memory + b_length + 1, memory + 2 * (b_length + 1)};

	for (size_t j = 0; j <= b_length; j++) {
		rows[0][j] = least(j, over);
		rows[1][j] = rows[2][j] = over;
	}
	for (size_t i = 1; i <= a_length; i++) {
		size_t first = i > limit ? i - limit : 1;
		size_t last = least(b_length, i + limit);
		size_t *oldest = rows[2];
		size_t best = over;

		rows[2] = rows[1];
		rows[1] = rows[0];
		rows[0] = oldest;
		rows[0][first - 1] = first == 1 ? least(i, over) : over;
		for (size_t j = first; j <= last; j++) {
			rows[0][j] = least(cell(a, b, i, j, rows), over);
			best = least(best, rows[0][j]);
		}
		/* What the next row sees right of this one's band. */
		if (last < b_length)
			rows[0][last + 1] = over;
		if (best == over && rows[0][first - 1] == over)
			return over;
	}
	return rows[0][b_length];
}

size_t suggest_distance(const char *a, const char *b, size_t limit)
{
	size_t a_length = strlen(a), b_length = strlen(b);
	size_t on_stack[3 * STACK_WORD];
	size_t *memory = on_stack;
	size_t distance;

	if (a_length > b_length + limit || b_length > a_length + limit)
		return limit + 1;
	if (b_length >= STACK_WORD)
		memory = mem_new(3 * (b_length + 1), sizeof(*memory));
	distance = distance_in_band(a, a_length, b, b_length, limit, memory);
	if (memory != on_stack)
		free(memory);
	return distance;
}

size_t suggest_limit(size_t length)
{
	if (length <= 3)
		return 1;
	return length <= 7 ? 2 : 3;
}
