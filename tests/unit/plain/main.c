/*
 * The main of unit tests in builds with --enable-plain-tests: runs all of them, each in a fork, or
 * those whose SUITE or SUITE::NAME is an argument.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criterion/criterion.h"

#define EXIT_SKIPPED 77

static struct plain_suite *suites;
static struct plain_test *tests, **tests_end = &tests;
static bool has_failed; /* of this test, in its process */

void plain_add_suite(struct plain_suite *suite)
{
	suite->next = suites;
	suites = suite;
}

void plain_add_test(struct plain_test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

__attribute__((format(printf, 2, 0))) static void say_failed(
    const struct plain_place *place, const char *format, va_list arguments)
{
	fprintf(stderr, "%s:%d: does not hold: %s:", place->file, place->line, place->claim);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void plain_fail(const struct plain_place *place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_failed(place, format, arguments);
	va_end(arguments);
	has_failed = true;
}

void plain_end(const struct plain_place *place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_failed(place, format, arguments);
	va_end(arguments);
	_exit(EXIT_FAILURE);
}

void plain_skip(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	_exit(EXIT_SKIPPED);
}

static const struct plain_suite *find_suite(const char *name)
{
	const struct plain_suite *suite;

	for (suite = suites; suite; suite = suite->next)
		if (strcmp(suite->name, name) == 0)
			break;
	return suite;
}

static _Noreturn void run(const struct plain_test *test)
{
	const struct plain_suite *suite = find_suite(test->suite);

	if (suite && suite->options.init)
		suite->options.init();
	if (test->options.init)
		test->options.init();
	test->body();
	if (test->options.fini)
		test->options.fini();
	if (suite && suite->options.fini)
		suite->options.fini();
	exit(has_failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* The wait status of the test's process. */
static int run_apart(const struct plain_test *test)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run(test);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		perror("fork");
	return status;
}

static bool is_wanted(const struct plain_test *test, int n_names, char **names)
{
	size_t length = strlen(test->suite);

	for (int i = 0; i < n_names; i++) {
		if (strncmp(names[i], test->suite, length) != 0)
			continue;
		if (names[i][length] == '\0' || (strncmp(names[i] + length, "::", 2) == 0 &&
		                                    strcmp(names[i] + length + 2, test->name) == 0))
			return true;
	}
	return n_names == 0;
}

int main(int argc, char **argv)
{
	unsigned n_failed = 0, n_skipped = 0, n_run = 0;

	for (const struct plain_test *test = tests; test; test = test->next) {
		int status;

		if (!is_wanted(test, argc - 1, argv + 1))
			continue;
		status = run_apart(test);
		n_run++;
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED) {
			n_skipped++;
		} else if (status != 0) {
			n_failed++;
			printf("FAIL %s::%s (wait status %#x)\n", test->suite, test->name,
			    (unsigned)status);
		}
	}
	printf("%u tests, %u failed, %u skipped\n", n_run, n_failed, n_skipped);
	return n_run > 0 && n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
