/* The distance between words. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/core/suggest.h"

/* The textbook's table, for comparison. */
static size_t full_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t table[40][40];

	for (size_t i = 0; i <= n; i++) {
		for (size_t j = 0; j <= m; j++) {
			size_t best = i ? table[i - 1][j] + 1 : j;

			if (i == 0 || j == 0) {
				table[i][j] = i + j;
				continue;
			}
			if (table[i][j - 1] + 1 < best)
				best = table[i][j - 1] + 1;
			if (table[i - 1][j - 1] + (a[i - 1] != b[j - 1]) < best)
				best = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    table[i - 2][j - 2] + 1 < best)
				best = table[i - 2][j - 2] + 1;
			table[i][j] = best;
		}
	}
	return table[n][m];
}

Test(suggest, known_words)
{
	cr_expect_eq(suggest_distance("run", "run", 2), 0);
	cr_expect_eq(suggest_distance("runn", "run", 2), 1);
	cr_expect_eq(suggest_distance("rn", "run", 2), 1);
	cr_expect_eq(suggest_distance("rnu", "run", 2), 1);
	cr_expect_eq(suggest_distance("ran", "run", 2), 1);
	cr_expect_eq(suggest_distance("depz", "deps", 2), 1);
	cr_expect_eq(suggest_distance("biuld::prod", "build::prod", 3), 1);
	cr_expect_eq(suggest_distance("", "ab", 2), 2);
	cr_expect_eq(suggest_distance("ab", "", 2), 2);
	cr_expect_eq(suggest_distance("", "", 0), 0);
	cr_expect_eq(suggest_distance("a", "b", 0), 1);
	cr_expect_eq(suggest_distance("timeout", "description", 3), 4);
	cr_expect_eq(suggest_distance("abc", "abcdef", 2), 3);
}

Test(suggest, equals_the_full_table)
{
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		char words[2][13];
		size_t limit = (size_t)(rand_r(&seed) % 5), expected;

		for (int k = 0; k < 2; k++) {
			int length = rand_r(&seed) % 13;

			for (int i = 0; i < length; i++)
				words[k][i] = (char)('a' + rand_r(&seed) % 3);
			words[k][length] = '\0';
		}
		expected = full_distance(words[0], words[1]);
		if (expected > limit)
			expected = limit + 1;
		cr_assert_eq(suggest_distance(words[0], words[1], limit), expected,
		    "round %d: '%s' '%s' limit %zu", round, words[0], words[1], limit);
	}
}

Test(suggest, long_words)
{
	char *a = calloc(1, 100001), *b = calloc(1, 100001);

	memset(a, 'x', 100000);
	memset(b, 'x', 100000);
	b[500] = 'y';
	b[99999] = '\0';
	cr_expect_eq(suggest_distance(a, b, 3), 2);
	memset(b, 'z', 99999);
	cr_expect_eq(suggest_distance(a, b, 3), 4);
	free(a);
	free(b);
}

Test(suggest, limits)
{
	cr_expect_eq(suggest_limit(2), 1);
	cr_expect_eq(suggest_limit(5), 2);
	cr_expect_eq(suggest_limit(20), 3);
}
