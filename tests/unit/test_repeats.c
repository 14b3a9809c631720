/*
 * What is kept for requests with a request_id: answers, what run has started, and those that wait
 * for a request of their id to take effect. Bounded, the oldest going first.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/repeats.h"
#include "daemon/store.h"
#include "protocol/version.h"

struct fixture {
	struct daemon daemon;
	struct request request;
};

#define ACTIVE_RUN 7

static struct run active_run = {.id = ACTIVE_RUN};

/* --- a store that counts --- */

static size_t n_put, n_dropped;

int store_put_request(struct store *store, const struct store_request *request)
{
	(void)store;
	(void)request;
	n_put++;
	return 0;
}

int store_drop_request(struct store *store, uint64_t position)
{
	(void)store;
	(void)position;
	n_dropped++;
	return 0;
}

int store_each_request(
    struct store *store, void (*visit)(const struct store_request *request, void *arg), void *arg)
{
	uint64_t execs[] = {4, 8};
	json_t *answer = json_integer(7);
	const struct store_request requests[] = {
	    {.position = 5, .id = "answered", .method = "start", .answer = answer},
	    {.position = 9, .id = "late", .method = "run", .run = 3, .execs = execs, .n_execs = 2},
	    {.position = 11, .id = "unknown", .method = "no such", .answer = answer},
	};

	(void)store;
	for (size_t i = 0; i < 3; i++)
		visit(&requests[i], arg);
	json_decref(answer);
	return 0;
}

struct run *core_find_run(const struct core *core, uint64_t id)
{
	(void)core;
	return id == ACTIVE_RUN ? &active_run : NULL;
}

bool run_is_active(const struct run *run)
{
	return run->ended_ns == 0;
}

static void begin(struct fixture *fixture, const char *method)
{
	*fixture = (struct fixture){0};
	fixture->request =
	    (struct request){.daemon = &fixture->daemon, .method = method, .params = json_object()};
}

static struct request *with_id(struct fixture *fixture, const char *id)
{
	json_object_set_new(fixture->request.params, "request_id", json_string(id));
	return &fixture->request;
}

static void end(struct fixture *fixture)
{
	json_decref(fixture->request.params);
	repeats_free(fixture->daemon.repeats);
}

static void keep(struct fixture *fixture, const char *id, json_t *answer)
{
	repeats_keep_answer(with_id(fixture, id), answer);
	json_decref(answer);
}

Test(repeats, an_answer_is_found_by_its_id)
{
	struct fixture fixture;
	begin(&fixture, "start");
	cr_assert_null(repeats_find(&fixture.daemon, "x"));
	keep(&fixture, "x", json_integer(1));
	keep(&fixture, "y", json_integer(2));
	keep(&fixture, "x", json_integer(3)); /* the first one stays */
	const struct repeat *repeat = repeats_find(&fixture.daemon, "x");
	cr_assert_not_null(repeat);
	cr_assert_str_eq(repeat->method, "start");
	cr_assert_eq(json_integer_value(repeat->answer), 1);
	end(&fixture);
}

Test(repeats, without_an_id_nothing_is_kept)
{
	struct fixture fixture;
	begin(&fixture, "start");
	json_t *answer = json_integer(1);
	repeats_keep_answer(&fixture.request, answer);
	json_decref(answer);
	cr_assert_null(repeats_find(&fixture.daemon, ""));
	end(&fixture);
}

Test(repeats, what_run_has_started_is_kept_by_number)
{
	struct execution executions[3] = {{.id = 9}, {.id = 4}, {.id = 7}};
	struct membership *pulled[3];
	struct fixture fixture;
	for (size_t i = 0; i < 3; i++) {
		executions[i].first.execution = &executions[i];
		pulled[i] = &executions[i].first;
	}
	begin(&fixture, "run");
	repeats_keep_run(with_id(&fixture, "r"), 5, pulled, 3);
	const struct repeat *repeat = repeats_find(&fixture.daemon, "r");
	cr_assert_not_null(repeat);
	cr_assert_null(repeat->answer);
	cr_assert_eq(repeat->run, 5);
	cr_assert(repeat_has(repeat, 4));
	cr_assert(repeat_has(repeat, 7));
	cr_assert(repeat_has(repeat, 9));
	cr_assert_not(repeat_has(repeat, 5));
	end(&fixture);
}

/* The numbers of a thousand executions would be kept until thousands of others have come. */
Test(repeats, numbers_go_with_their_run)
{
	struct execution execution = {.id = 9};
	struct membership *pulled[] = {&execution.first};
	struct fixture fixture;
	execution.first.execution = &execution;
	begin(&fixture, "run");
	repeats_keep_run(with_id(&fixture, "active"), ACTIVE_RUN, pulled, 1);
	repeats_keep_run(with_id(&fixture, "forgotten"), ACTIVE_RUN + 1, pulled, 1);
	cr_assert_eq(repeats_store(fixture.daemon.repeats, NULL), 0);
	cr_assert_eq(n_put, 2);
	repeats_set_stored(fixture.daemon.repeats);
	repeats_keep_run(with_id(&fixture, "next"), ACTIVE_RUN, pulled, 1);
	cr_assert(repeat_has(repeats_find(&fixture.daemon, "active"), 9));
	cr_assert(repeat_has(repeats_find(&fixture.daemon, "next"), 9));
	const struct repeat *repeat = repeats_find(&fixture.daemon, "forgotten");
	cr_assert_not_null(repeat, "it was carried out, that much is known");
	cr_assert_eq(repeat->run, ACTIVE_RUN + 1);
	cr_assert_eq(repeat->n_execs, 0u);
	cr_assert_eq(repeats_store(fixture.daemon.repeats, NULL), 0);
	cr_assert_eq(n_put, 4, "it is stored without them");
	cr_assert_eq(n_dropped, 1, "in place of the row with them");
	repeats_set_stored(fixture.daemon.repeats);
	cr_assert_not(repeats_are_new(fixture.daemon.repeats));
	end(&fixture);
}

/* It has a row, and the change of it is not stored yet. */
Test(repeats, what_is_dropped_while_it_is_changed_is_dropped_from_the_store)
{
	struct execution execution = {.id = 9};
	struct membership *pulled[] = {&execution.first};
	struct fixture fixture;
	char id[32];
	execution.first.execution = &execution;
	begin(&fixture, "run");
	repeats_keep_run(with_id(&fixture, "forgotten"), ACTIVE_RUN + 1, pulled, 1);
	cr_assert_eq(repeats_store(fixture.daemon.repeats, NULL), 0);
	repeats_set_stored(fixture.daemon.repeats);
	for (int i = 0; i < REPEATS_MAX; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		repeats_keep_run(with_id(&fixture, id), ACTIVE_RUN + 1, NULL, 0);
	}
	cr_assert_null(repeats_find(&fixture.daemon, "forgotten"));
	n_put = n_dropped = 0;
	cr_assert_eq(repeats_store(fixture.daemon.repeats, NULL), 0);
	cr_assert_eq(n_put, REPEATS_MAX);
	cr_assert_eq(n_dropped, 1);
	end(&fixture);
}

Test(repeats, what_a_wait_is_for_is_kept_by_number)
{
	const uint64_t runs[] = {7, 3};
	struct fixture fixture;
	begin(&fixture, "wait");
	repeats_keep_wait(with_id(&fixture, "w"), 0, runs, 2);
	const struct repeat *repeat = repeats_find(&fixture.daemon, "w");
	cr_assert_not_null(repeat);
	cr_assert_null(repeat->answer);
	cr_assert_eq(repeat->n_execs, 2u);
	cr_assert_eq(repeat->execs[0] + repeat->execs[1], 10u);
	repeats_keep_wait(with_id(&fixture, "r"), 5, NULL, 0);
	repeat = repeats_find(&fixture.daemon, "r");
	cr_assert_eq(repeat->run, 5u);
	cr_assert_eq(repeat->n_execs, 0u);
	end(&fixture);
}

Test(repeats, the_oldest_go_when_there_are_too_many)
{
	struct fixture fixture;
	char id[32];
	begin(&fixture, "start");
	for (int i = 0; i <= REPEATS_MAX; i++) {
		snprintf(id, sizeof(id), "%d", i);
		keep(&fixture, id, json_integer(i));
	}
	cr_assert_null(repeats_find(&fixture.daemon, "0"));
	cr_assert_not_null(repeats_find(&fixture.daemon, "1"));
	cr_assert_not_null(repeats_find(&fixture.daemon, id));
	end(&fixture);
}

Test(repeats, what_goes_on_stays)
{
	const uint64_t others[] = {ACTIVE_RUN + 1, ACTIVE_RUN};
	struct fixture fixture;
	char id[32];
	begin(&fixture, "run");
	repeats_keep_run(with_id(&fixture, "active"), ACTIVE_RUN, NULL, 0);
	repeats_keep_run(with_id(&fixture, "over"), ACTIVE_RUN + 1, NULL, 0);
	repeats_keep_wait(with_id(&fixture, "waits"), 0, others, 2);
	for (int i = 0; i < REPEATS_MAX + 10; i++) {
		snprintf(id, sizeof(id), "%d", i);
		keep(&fixture, id, json_integer(i));
	}
	cr_assert_not_null(repeats_find(&fixture.daemon, "active"));
	cr_assert_not_null(repeats_find(&fixture.daemon, "waits"));
	cr_assert_not_null(repeats_find(&fixture.daemon, "over"), "there is room for it");
	cr_assert_null(repeats_find(&fixture.daemon, "12"));
	cr_assert_not_null(repeats_find(&fixture.daemon, "13"));
	for (int i = 0; i < REPEATS_MAX; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		repeats_keep_run(with_id(&fixture, id), ACTIVE_RUN + 1, NULL, 0);
	}
	cr_assert_null(repeats_find(&fixture.daemon, "over"));
	cr_assert_null(repeats_find(&fixture.daemon, "r0"));
	cr_assert_not_null(repeats_find(&fixture.daemon, "active"));
	cr_assert_not_null(repeats_find(&fixture.daemon, "waits"));
	cr_assert_not_null(repeats_find(&fixture.daemon, id));
	end(&fixture);
}

Test(repeats, what_goes_on_is_bounded_too)
{
	struct fixture fixture;
	char id[32];
	begin(&fixture, "run");
	for (int i = 0; i < REPEATS_MAX + 10; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		repeats_keep_run(with_id(&fixture, id), ACTIVE_RUN, NULL, 0);
	}
	cr_assert_null(repeats_find(&fixture.daemon, "r0"));
	cr_assert_not_null(repeats_find(&fixture.daemon, id));
	end(&fixture);
}

Test(repeats, the_oldest_go_when_they_hold_too_much)
{
	size_t size = REPEATS_MAX_BYTES / 4;
	struct fixture fixture;
	char id[32], *text = malloc(size);
	memset(text, 'x', size);
	begin(&fixture, "start");
	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "%d", i);
		keep(&fixture, id, json_stringn(text, size));
	}
	cr_assert_null(repeats_find(&fixture.daemon, "0"));
	cr_assert_null(repeats_find(&fixture.daemon, "1"));
	cr_assert_not_null(repeats_find(&fixture.daemon, "2"));
	cr_assert_not_null(repeats_find(&fixture.daemon, "4"));
	free(text);
	end(&fixture);
}

static struct request *called;
static int n_called;

static enum request_status again(struct request *request)
{
	called = request;
	n_called++;
	return REQUEST_DONE;
}

Test(repeats, others_of_the_same_id_wait_until_it_is_settled)
{
	struct fixture fixture;
	begin(&fixture, "start");
	struct request *first = with_id(&fixture, "p");
	struct request second = *first, third = *first;
	cr_assert_not(repeats_attach(&second, again), "nothing is pending yet");
	repeats_begin(first);
	cr_assert(repeats_attach(&second, again));
	cr_assert(repeats_attach(&third, again));
	second.abandon(&second); /* its connection has ended */
	cr_assert_null(second.pending);
	repeats_settle(&fixture.daemon, "p");
	cr_assert_eq(n_called, 1);
	cr_assert_eq(called, &third);
	cr_assert_null(third.abandon);
	cr_assert_not(repeats_attach(&second, again), "it is settled");
	repeats_settle(&fixture.daemon, "p");
	cr_assert_eq(n_called, 1);
	end(&fixture);
}

Test(repeats, what_was_stored_is_found_again_and_not_stored_twice)
{
	const struct repeat *repeat;
	struct fixture fixture;

	begin(&fixture, "start");
	cr_assert_eq(repeats_load(&fixture.daemon), 0);
	cr_assert_not(repeats_are_new(fixture.daemon.repeats));
	repeat = repeats_find(&fixture.daemon, "answered");
	cr_assert_eq(json_integer_value(repeat->answer), 7);
	repeat = repeats_find(&fixture.daemon, "late");
	cr_assert_eq(repeat->run, 3);
	cr_assert(repeat_has(repeat, 8));
	cr_assert_null(repeats_find(&fixture.daemon, "unknown"));
	keep(&fixture, "new", json_integer(1));
	cr_assert(repeats_are_new(fixture.daemon.repeats));
	cr_assert_eq(repeats_store(fixture.daemon.repeats, NULL), 0);
	cr_assert_eq(n_put, 1);
	cr_assert_eq(n_dropped, 0);
	repeats_set_stored(fixture.daemon.repeats);
	cr_assert_not(repeats_are_new(fixture.daemon.repeats));
	end(&fixture);
}
