/*
 * As much of Criterion as the unit tests use, for builds with --enable-plain-tests: each test is a
 * fork of the program and no new execution, which valgrind takes seconds to start and under which
 * ThreadSanitizer does not work with Criterion at all. What is tested is the same.
 */
#ifndef PARPROC_TESTS_UNIT_PLAIN_CRITERION_H
#define PARPROC_TESTS_UNIT_PLAIN_CRITERION_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct plain_options {
	void (*init)(void);
	void (*fini)(void);
	double timeout; /* not kept: what runs the program has a limit */
};

struct plain_suite {
	const char *name;
	struct plain_options options;
	struct plain_suite *next;
};

struct plain_test {
	const char *suite;
	const char *name;
	void (*body)(void);
	struct plain_options options;
	struct plain_test *next;
};

void plain_add_suite(struct plain_suite *suite);
void plain_add_test(struct plain_test *test);

/* Where a claim stands. */
struct plain_place {
	const char *file;
	int line;
	const char *claim;
};

/* It does not hold, but the test goes on. */
void plain_fail(const struct plain_place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* It does not hold, which ends the test. */
_Noreturn void plain_end(const struct plain_place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the test as neither passed nor failed. */
_Noreturn void plain_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define TestSuite(suite_, ...)                                                                     \
	static struct plain_suite plain_suite_##suite_ = {                                         \
	    .name = #suite_, .options = {__VA_ARGS__}};                                            \
	__attribute__((constructor)) static void plain_add_##suite_(void)                          \
	{                                                                                          \
		plain_add_suite(&plain_suite_##suite_);                                            \
	}                                                                                          \
	_Static_assert(1, "takes a semicolon")

#define Test(suite_, name_, ...)                                                                   \
	static void suite_##_##name_(void);                                                        \
	static struct plain_test plain_test_##suite_##_##name_ = {                                 \
	    .suite = #suite_, .name = #name_, .body = suite_##_##name_, .options = {__VA_ARGS__}}; \
	__attribute__((constructor)) static void plain_add_##suite_##_##name_(void)                \
	{                                                                                          \
		plain_add_test(&plain_test_##suite_##_##name_);                                    \
	}                                                                                          \
	static void suite_##_##name_(void)

/* The message, if there is one, is a literal and what it needs. */
#define PLAIN_CLAIM(otherwise, claim, text, ...)                                                   \
	((claim) ? (void)0                                                                         \
	         : otherwise(&(struct plain_place){__FILE__, __LINE__, text}, " " __VA_ARGS__))
#define PLAIN_ASSERT(claim, text, ...) PLAIN_CLAIM(plain_end, claim, text, __VA_ARGS__)
#define PLAIN_EXPECT(claim, text, ...) PLAIN_CLAIM(plain_fail, claim, text, __VA_ARGS__)

#define PLAIN_EQ(check, a, op, b, ...) check((a)op(b), #a " " #op " " #b, __VA_ARGS__)
#define PLAIN_STR(check, a, op, b, ...)                                                            \
	check(strcmp(a, b) op 0, "the texts: " #a " " #op " " #b, __VA_ARGS__)

#define cr_assert(claim, ...) PLAIN_ASSERT(claim, #claim, __VA_ARGS__)
#define cr_assert_not(claim, ...) PLAIN_ASSERT(!(claim), "not " #claim, __VA_ARGS__)
#define cr_assert_null(a, ...) PLAIN_ASSERT((a) == NULL, #a " is null", __VA_ARGS__)
#define cr_assert_not_null(a, ...) PLAIN_ASSERT((a) != NULL, #a " is not null", __VA_ARGS__)
#define cr_assert_eq(a, b, ...) PLAIN_EQ(PLAIN_ASSERT, a, ==, b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) PLAIN_EQ(PLAIN_ASSERT, a, !=, b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) PLAIN_EQ(PLAIN_ASSERT, a, <, b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) PLAIN_EQ(PLAIN_ASSERT, a, <=, b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) PLAIN_EQ(PLAIN_ASSERT, a, >, b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) PLAIN_EQ(PLAIN_ASSERT, a, >=, b, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) PLAIN_STR(PLAIN_ASSERT, a, ==, b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...) PLAIN_STR(PLAIN_ASSERT, a, !=, b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...) PLAIN_ASSERT((a)[0] == '\0', #a " is empty", __VA_ARGS__)
#define cr_assert_float_eq(a, b, epsilon, ...)                                                     \
	PLAIN_ASSERT(fabs((a) - (b)) <= (epsilon), #a " is about " #b, __VA_ARGS__)
#define cr_assert_fail(...) PLAIN_ASSERT(false, "never comes here", __VA_ARGS__)

#define cr_expect(claim, ...) PLAIN_EXPECT(claim, #claim, __VA_ARGS__)
#define cr_expect_not(claim, ...) PLAIN_EXPECT(!(claim), "not " #claim, __VA_ARGS__)
#define cr_expect_null(a, ...) PLAIN_EXPECT((a) == NULL, #a " is null", __VA_ARGS__)
#define cr_expect_not_null(a, ...) PLAIN_EXPECT((a) != NULL, #a " is not null", __VA_ARGS__)
#define cr_expect_eq(a, b, ...) PLAIN_EQ(PLAIN_EXPECT, a, ==, b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...) PLAIN_EQ(PLAIN_EXPECT, a, !=, b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...) PLAIN_EQ(PLAIN_EXPECT, a, >=, b, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...) PLAIN_STR(PLAIN_EXPECT, a, ==, b, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, size, ...)                                                          \
	PLAIN_EXPECT(memcmp(a, b, size) == 0, #a " is as " #b, __VA_ARGS__)

#define cr_skip_test(...) plain_skip(__VA_ARGS__)

#endif
