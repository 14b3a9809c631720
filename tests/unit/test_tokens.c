/*
 * Job tokens: never more than there are to be, none lost by what the supervisor does itself, and
 * all of them there when nobody is left.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/supervisor/tokens.h"

static char directory[64];
static char path[80];
static struct tokens tokens;

static void set_up(void)
{
	snprintf(directory, sizeof(directory), "/tmp/parproc-tokens-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/fifo", directory);
	tokens_init(&tokens);
}

static void tear_down(void)
{
	tokens_close(&tokens);
	unlink(path);
	rmdir(directory);
}

TestSuite(tokens, .init = set_up, .fini = tear_down);

static int count_free(void)
{
	int count = -1;

	cr_assert_eq(ioctl(tokens.fd, FIONREAD, &count), 0);
	return count;
}

/* As a make does that has been given the FIFO. */
static bool steal(void)
{
	char byte;

	return read(tokens.fd, &byte, 1) == 1;
}

static void bring_back(void)
{
	cr_assert_eq(write(tokens.fd, "+", 1), 1);
}

Test(tokens, taken_and_given)
{
	tokens_set(&tokens, 2, path);
	cr_assert_eq(tokens.error, 0);
	cr_assert_eq(count_free(), 2);
	cr_assert(tokens_take(&tokens));
	cr_assert(steal());
	cr_assert_not(tokens_take(&tokens));
	tokens_give(&tokens);
	cr_assert(tokens_take(&tokens));
	tokens_give(&tokens);
	bring_back();
	cr_assert_eq(count_free(), 2);
}

Test(tokens, the_most)
{
	tokens_set(&tokens, TOKENS_MAX, path);
	cr_assert_eq(count_free(), (int)TOKENS_MAX);
	tokens_refill(&tokens);
	cr_assert_eq(count_free(), (int)TOKENS_MAX);
}

Test(tokens, what_was_lost_is_there_again)
{
	tokens_set(&tokens, 3, path);
	cr_assert(tokens_take(&tokens));
	cr_assert(steal());
	cr_assert(steal());
	tokens_give(&tokens);
	cr_assert_eq(count_free(), 1);
	tokens_refill(&tokens);
	cr_assert_eq(count_free(), 3);
}

Test(tokens, what_comes_late_is_none_too_many)
{
	tokens_set(&tokens, 2, path);
	cr_assert(steal());
	tokens_refill(&tokens);
	bring_back(); /* by one that nobody knew was still there */
	cr_assert(tokens_take(&tokens));
	cr_assert_eq(count_free(), 1);
	bring_back();
	tokens_give(&tokens);
	cr_assert_eq(count_free(), 2);
}

Test(tokens, what_comes_late_is_reserved_for_nobody)
{
	tokens_set(&tokens, 2, path);
	cr_assert(tokens_take(&tokens));
	cr_assert(tokens_take(&tokens));
	tokens_want(&tokens, true);
	bring_back();
	cr_assert_not(tokens_collect(&tokens));
	cr_assert_eq(count_free(), 0);
	tokens_give(&tokens);
	cr_assert(tokens_collect(&tokens));
}

Test(tokens, more_and_fewer)
{
	tokens_set(&tokens, 1, path);
	cr_assert(tokens_take(&tokens));
	tokens_set(&tokens, 3, path);
	cr_assert_eq(count_free(), 2);
	cr_assert(steal());
	cr_assert(steal());
	cr_assert_eq(tokens_get_fd(&tokens), -1);
	/* One is with a worker, two are elsewhere: two of them have to go as they come. */
	tokens_set(&tokens, 1, path);
	cr_assert_eq(tokens_get_fd(&tokens), tokens.fd);
	bring_back();
	cr_assert_not(tokens_collect(&tokens));
	cr_assert_eq(count_free(), 0);
	tokens_give(&tokens);
	cr_assert_eq(count_free(), 0);
	cr_assert_eq(tokens_get_fd(&tokens), -1);
	bring_back();
	cr_assert_eq(count_free(), 1);
	/* What has not gone yet need not come. */
	cr_assert(steal());
	tokens_set(&tokens, 4, path);
	tokens_set(&tokens, 2, path);
	bring_back();
	cr_assert_eq(count_free(), 2);
}

Test(tokens, one_is_reserved)
{
	tokens_set(&tokens, 1, path);
	cr_assert(tokens_take(&tokens));
	cr_assert_eq(tokens_get_fd(&tokens), -1);
	tokens_want(&tokens, true);
	cr_assert_eq(tokens_get_fd(&tokens), tokens.fd);
	cr_assert_not(tokens_collect(&tokens));
	tokens_give(&tokens);
	cr_assert(tokens_collect(&tokens));
	cr_assert_eq(tokens_get_fd(&tokens), -1);
	cr_assert_not(steal());
	cr_assert(tokens_take(&tokens));
	tokens_give(&tokens);
	/* And given back. */
	tokens_want(&tokens, true);
	cr_assert(tokens_collect(&tokens));
	tokens_refill(&tokens);
	cr_assert_eq(count_free(), 0);
	tokens_want(&tokens, false);
	cr_assert_eq(count_free(), 1);
}

Test(tokens, nobody_gets_any_while_it_is_not_known_which_are_lost)
{
	tokens_set(&tokens, 3, path);
	cr_assert(tokens_take(&tokens));
	cr_assert(steal());
	tokens_give(&tokens);
	tokens_want(&tokens, true);
	cr_assert(tokens_collect(&tokens));
	tokens_suspend(&tokens);
	cr_assert_eq(count_free(), 2);
	cr_assert_not(tokens_take(&tokens));
	cr_assert_not(tokens_collect(&tokens));
	cr_assert_eq(tokens_get_fd(&tokens), -1);
	tokens_refill(&tokens);
	/* Still wanted. */
	cr_assert(tokens_collect(&tokens));
	cr_assert_eq(count_free(), 2);
	cr_assert(tokens_take(&tokens));
	/* Where none is missing, it can be said. */
	tokens_give(&tokens);
	tokens_suspend(&tokens);
	cr_assert(tokens_take(&tokens));
	tokens_give(&tokens);
}

Test(tokens, off)
{
	tokens_set(&tokens, 0, path);
	cr_assert_eq(tokens.fd, -1);
	cr_assert_not(tokens_take(&tokens));
	tokens_set(&tokens, 2, path);
	cr_assert(tokens_take(&tokens));
	tokens_set(&tokens, 0, path);
	/* Those that have some go on with them. */
	cr_assert_eq(count_free(), 1);
	tokens_give(&tokens);
	tokens_refill(&tokens);
	cr_assert_eq(tokens.fd, -1);
	cr_assert_eq(access(path, F_OK), -1);
	tokens_set(&tokens, 2, path);
	cr_assert_eq(count_free(), 2);
}

Test(tokens, whatever_was_there_is_another_ones)
{
	char byte;
	int fd;

	cr_assert_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	cr_assert_eq(write(fd, "++++", 4), 4);
	tokens_set(&tokens, 1, path);
	cr_assert_eq(count_free(), 1);
	cr_assert_eq(read(fd, &byte, 1), 1);
	close(fd);
	cr_assert_eq(count_free(), 1);
}

Test(tokens, another_one_in_its_place)
{
	int old;

	tokens_set(&tokens, 2, path);
	cr_assert_eq(tokens_check(&tokens), 0);
	old = tokens.fd;
	tokens_mend(&tokens);
	cr_assert_eq(tokens.fd, old, "nothing was to be mended");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(tokens_check(&tokens), -1);
	cr_assert_eq(errno, ENOENT);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(tokens_check(&tokens), -1);
	cr_assert_eq(errno, ESTALE);
	tokens_want(&tokens, true);
	cr_assert(tokens_collect(&tokens));
	tokens_mend(&tokens);
	cr_assert_eq(tokens_check(&tokens), 0);
	cr_assert_eq(count_free(), 2);
	/* Where none are to be none are made. */
	tokens_set(&tokens, 0, path);
	tokens_refill(&tokens);
	tokens_mend(&tokens);
	cr_assert_eq(tokens.fd, -1);
}

Test(tokens, where_there_can_be_no_fifo)
{
	tokens_set(&tokens, 1, "/nowhere/at/all");
	cr_assert_eq(tokens.error, ENOENT);
	cr_assert_eq(tokens.fd, -1);
	cr_assert_not(tokens_take(&tokens));
	tokens_refill(&tokens);
	tokens_set(&tokens, 1, path);
	cr_assert_eq(tokens.error, 0);
	cr_assert(tokens_take(&tokens));
	tokens_give(&tokens);
}
