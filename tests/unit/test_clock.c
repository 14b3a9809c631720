/*
 * The wall's clock may be set, by hours or years: no time limit notices, in the scheduler's own
 * clock or in the loop's timers. The clocks are the test's here.
 */
#include <criterion/criterion.h>
#include <event2/event.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "daemon/scheduler_internal.h"
#include "tests/unit/core_kit.h"

#define SECOND INT64_C(1000000000)
#define YEAR (365 * 86400 * SECOND)

static bool is_faked;
static int64_t wall_ns, monotonic_ns;

/* In place of the C library's, for everything in this program and what it links. */
int clock_gettime(clockid_t id, struct timespec *now)
{
	int64_t ns = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? wall_ns : monotonic_ns;

	if (!is_faked)
		return (int)syscall(SYS_clock_gettime, id, now);
	*now = (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
	return 0;
}

static void set_up(void)
{
	wall_ns = 50 * YEAR;
	monotonic_ns = 1000 * SECOND;
	is_faked = true;
	scheduler_set_clock(0);
}

static void tear_down(void)
{
	is_faked = false;
}

TestSuite(clock, .init = set_up, .fini = tear_down);

Test(clock, what_is_set_is_the_wall_s_alone)
{
	cr_assert_eq(scheduler_now_ns(), 50 * YEAR);
	wall_ns += 2 * YEAR;
	cr_assert_eq(scheduler_now_ns(), 50 * YEAR);
	wall_ns = 0;
	monotonic_ns += 5 * SECOND;
	cr_assert_eq(scheduler_now_ns(), 50 * YEAR + 5 * SECOND);
}

/* The next scheduler goes on with the clock of the one before it. */
Test(clock, it_is_given_on)
{
	int64_t base_ns = scheduler_now_ns() - monotonic_ns;

	wall_ns -= YEAR;
	monotonic_ns += 7 * SECOND;
	scheduler_set_clock(base_ns);
	cr_assert_eq(scheduler_now_ns(), 50 * YEAR + 7 * SECOND);
}

Test(clock, a_machine_that_does_not_know_the_time_has_one_too)
{
	wall_ns = 3 * SECOND; /* less than it has been running */
	int64_t before_ns = scheduler_now_ns();

	wall_ns = 50 * YEAR;
	monotonic_ns += SECOND;
	cr_assert_eq(scheduler_now_ns(), before_ns + SECOND);
}

Test(clock, a_time_limit_of_a_proc_is_of_time_that_passes)
{
	struct kit *kit = kit_new("proc a");
	struct definition *definition = core_find_proc(kit->core, "a")->definition;
	const char *const names[] = {"a"};
	struct name_request request = {.names = names, .n_names = 1};
	struct start_outcome outcome;
	struct fault fault = {0};
	int64_t begun_ns = scheduler_now_ns(), deadline_ns;

	definition->timeout_ns = 10 * SECOND;
	request.scope.now_ns = begun_ns;
	cr_assert_eq(core_start(kit->core, &request, false, &outcome, &fault), 0);
	core_advance(kit->core, scheduler_now_ns());
	deadline_ns = core_next_deadline(kit->core);
	cr_assert_eq(deadline_ns, begun_ns + 10 * SECOND);
	wall_ns += YEAR;
	core_tick(kit->core, scheduler_now_ns());
	cr_assert_eq(core_next_deadline(kit->core), deadline_ns);
	wall_ns -= 2 * YEAR;
	monotonic_ns += 10 * SECOND;
	core_tick(kit->core, scheduler_now_ns());
	cr_assert_neq(core_next_deadline(kit->core), deadline_ns); /* it is being ended */
	start_outcome_clear(&outcome);
	kit_free(kit);
}

static void count(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	++*(int *)arg;
}

Test(clock, timers_of_the_loop_do_not_notice_either)
{
	const struct timeval delay = {.tv_sec = 10};
	struct event_base *base = event_base_new();
	int n_fired = 0;
	struct event *timer = evtimer_new(base, count, &n_fired);

	event_add(timer, &delay);
	wall_ns += YEAR;
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	cr_assert_eq(n_fired, 0);
	wall_ns -= 2 * YEAR;
	monotonic_ns += 11 * SECOND;
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	cr_assert_eq(n_fired, 1);
	event_free(timer);
	event_base_free(base);
}
