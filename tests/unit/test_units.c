/* Durations and sizes. */
#include <criterion/criterion.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "daemon/workspace/units.h"

#define SECOND INT64_C(1000000000)

struct duration_case {
	const char *text;
	int64_t duration_ns; /* -1: refused */
};

Test(units, durations)
{
	static const struct duration_case cases[] = {
	    {"30", 30 * SECOND},
	    {"30s", 30 * SECOND},
	    {"0", 0},
	    {"5m", 300 * SECOND},
	    {"2h", 7200 * SECOND},
	    {"1d", 86400 * SECOND},
	    {"1.5s", SECOND + SECOND / 2},
	    {"1.5", SECOND + SECOND / 2},
	    {"0.5d", 43200 * SECOND},
	    {"500ms", SECOND / 2},
	    {"0.001ms", 1000},
	    {"0.0000000019s", 1},
	    {"1.123456789012345678901234567890s", SECOND + 123456789},
	    {"36500d", UNITS_MAX_DURATION_NS},
	    {"36500.5d", -1},
	    {"36501d", -1},
	    {"99999999999999999999", -1},
	    {"9223372036854775807d", -1},
	    {"", -1},
	    {"s", -1},
	    {"-1", -1},
	    {"+1", -1},
	    {" 1", -1},
	    {"1 s", -1},
	    {"1s ", -1},
	    {"5 parsecs", -1},
	    {"1.s", -1},
	    {".5s", -1},
	    {"1e3", -1},
	    {"0x10", -1},
	    {"1S", -1},
	    {"1us", -1},
	    {"1m30s", -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t duration = 42;
		int status = units_parse_duration(cases[i].text, &duration);

		cr_expect_eq(status, cases[i].duration_ns < 0 ? -1 : 0, "'%s'", cases[i].text);
		cr_expect_eq(duration, cases[i].duration_ns < 0 ? 42 : cases[i].duration_ns,
		    "'%s' is %" PRId64, cases[i].text, duration);
	}
}

Test(units, seconds)
{
	int64_t duration = 0;

	cr_expect_eq(units_convert_seconds(1.5, &duration), 0);
	cr_expect_eq(duration, SECOND + SECOND / 2);
	cr_expect_eq(units_convert_seconds(0, &duration), 0);
	cr_expect_eq(duration, 0);
	cr_expect_eq(units_convert_seconds(-1, &duration), -1);
	cr_expect_eq(units_convert_seconds(1e18, &duration), -1);
	cr_expect_eq(units_convert_seconds(NAN, &duration), -1);
	cr_expect_eq(units_convert_seconds(INFINITY, &duration), -1);
}

Test(units, sizes)
{
	static const struct {
		const char *text;
		int64_t size;
	} cases[] = {
	    {"1000", 1000},
	    {"1000B", 1000},
	    {"0", 0},
	    {"1KiB", 1024},
	    {"64KiB", 65536},
	    {"1MiB", 1 << 20},
	    {"1GiB", 1 << 30},
	    {"2TiB", INT64_C(2) << 40},
	    {"9223372036854775807", INT64_MAX},
	    {"9223372036854775808", -1},
	    {"8388608TiB", -1},
	    {"", -1},
	    {"KiB", -1},
	    {"-1", -1},
	    {"1.5MiB", -1},
	    {"1 MiB", -1},
	    {"1MB", -1},
	    {"1kib", -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t size = -1;

		cr_expect_eq(units_parse_size(cases[i].text, &size), cases[i].size < 0 ? -1 : 0);
		cr_expect_eq(size, cases[i].size, "'%s' is %" PRId64, cases[i].text, size);
	}
}

Test(units, prints_what_it_reads)
{
	static const char *const durations[] = {
	    "0s", "30s", "5m", "2h", "1d", "36500d", "90s", "1500ms", "1ms", "0.000000001s", "25h"};
	static const char *const sizes[] = {
	    "0B", "1000B", "1KiB", "1025B", "1MiB", "1536KiB", "1GiB", "1TiB"};

	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		int64_t duration = -1;
		char *text;

		cr_assert_eq(units_parse_duration(durations[i], &duration), 0);
		text = units_print_duration(duration);
		cr_expect_str_eq(text, durations[i]);
		free(text);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int64_t size = -1;
		char *text;

		cr_assert_eq(units_parse_size(sizes[i], &size), 0);
		text = units_print_size(size);
		cr_expect_str_eq(text, sizes[i]);
		free(text);
	}
}
