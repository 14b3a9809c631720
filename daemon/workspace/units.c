/*
 * Durations and sizes: text to numbers and back, with every overflow an error. Knows nothing of
 * where the text comes from.
 */
#include "daemon/workspace/units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "daemon/core/mem.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* The largest first, as printing tries them in this order. */
static const struct unit durations[] = {
    {"d", INT64_C(86400) * 1000000000},
    {"h", INT64_C(3600) * 1000000000},
    {"m", INT64_C(60) * 1000000000},
    {"s", INT64_C(1000000000)},
    {"ms", INT64_C(1000000)},
};

static const struct unit sizes[] = {
    {"TiB", INT64_C(1) << 40},
    {"GiB", INT64_C(1) << 30},
    {"MiB", INT64_C(1) << 20},
    {"KiB", INT64_C(1) << 10},
    {"B", 1},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The factor of the unit that text is (0: none of them); without a unit it is without's. */
static int64_t find_factor(
    const struct unit *units, size_t count, const char *text, const char *without)
{
	if (!*text)
		text = without;
	for (size_t i = 0; i < count; i++)
		if (strcmp(units[i].name, text) == 0)
			return units[i].factor;
	return 0;
}

/* The whole number at *text, which is moved past it. */
static int parse_digits(const char **text, int64_t *number)
{
	if (!is_digit(**text))
		return -1;
	for (*number = 0; is_digit(**text); (*text)++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, **text - '0', number))
			return -1;
	return 0;
}

int units_parse_duration(const char *text, int64_t *duration_ns)
{
	const char *fraction = NULL;
	int64_t factor, whole, part = 0, total;

	if (parse_digits(&text, &whole))
		return -1;
	if (*text == '.') {
		fraction = ++text;
		if (!is_digit(*text))
			return -1;
		while (is_digit(*text))
			text++;
	}
	factor = find_factor(durations, COUNT(durations), text, "s");
	if (!factor)
		return -1;
	/* Digits below a nanosecond are cut off. */
	for (int64_t digit = factor / 10; fraction && is_digit(*fraction); digit /= 10)
		part += digit * (*fraction++ - '0');
	if (__builtin_mul_overflow(whole, factor, &total) ||
	    __builtin_add_overflow(total, part, &total) || total > UNITS_MAX_DURATION_NS)
		return -1;
	*duration_ns = total;
	return 0;
}

int units_convert_seconds(double seconds, int64_t *duration_ns)
{
	double total = seconds * 1e9 + 0.5;

	if (!(total >= 0 && total <= (double)UNITS_MAX_DURATION_NS))
		return -1;
	*duration_ns = (int64_t)total;
	return 0;
}

int units_parse_size(const char *text, int64_t *size_bytes)
{
	int64_t factor, number, total;

	if (parse_digits(&text, &number))
		return -1;
	factor = find_factor(sizes, COUNT(sizes), text, "B");
	if (!factor || __builtin_mul_overflow(number, factor, &total))
		return -1;
	*size_bytes = total;
	return 0;
}

char *units_print_duration(int64_t duration_ns)
{
	int64_t second = INT64_C(1000000000);
	int64_t rest = duration_ns % second;
	int digits = 9;

	if (duration_ns == 0)
		return mem_copy("0s");
	for (size_t i = 0; i < COUNT(durations); i++)
		if (duration_ns % durations[i].factor == 0)
			return mem_print(
			    "%" PRId64 "%s", duration_ns / durations[i].factor, durations[i].name);
	for (; rest % 10 == 0; rest /= 10)
		digits--;
	return mem_print("%" PRId64 ".%0*" PRId64 "s", duration_ns / second, digits, rest);
}

char *units_print_size(int64_t size_bytes)
{
	size_t i = 0;

	while (size_bytes == 0 ? sizes[i].factor > 1 : size_bytes % sizes[i].factor != 0)
		i++;
	return mem_print("%" PRId64 "%s", size_bytes / sizes[i].factor, sizes[i].name);
}
