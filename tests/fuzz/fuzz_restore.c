/*
 * Cores from records (core/restore.h) that no core need have kept: whatever they say, they are
 * refused, or make a core that holds together and comes to an end. What fuzz_store does with all of
 * a daemon and SQLite between, without these, and so a hundred times as often. The input is bytes,
 * as they are taken below.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/restore.h"
#include "daemon/workspace/definitions.h"
#include "tests/fuzz/daemon_kit.h"
#include "tests/fuzz/fuzz.h"

#define START_NS (INT64_C(1700000000) * 1000000000)
#define SECOND_NS INT64_C(1000000000)
#define RECORDS_MAX 64
#define EVENTS_MAX 64
#define STEPS_MAX 10000 /* more than that to come to an end: it never does */
#define LIST_MAX 4

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char definitions_text[] =
    "{\"procs\": {\"a\": {\"run\": \"a\"}, \"b\": {\"run\": \"b\", \"deps\": [\"a\", \"m\"]},"
    " \"c\": {\"deps\": [{\"command\": \"c\"}, \"p::*\"], \"wave\": 1},"
    " \"d\": {\"run\": \"d\", \"locks\": [\"l\"], \"timeout\": \"5s\","
    "  \"use\": {\"q\": 3}, \"priority\": 2},"
    " \"e\": {\"deps\": [\"q::1\", {\"special\": \"no_failures\"}]},"
    " \"f\": {\"run\": \"f\", \"locks\": [\"l\"], \"rdeps\": [\"a\"], \"use\": {\"q\": 2}}},"
    " \"protos\": {\"p::[x]\": {\"run\": \"p\", \"deps\": [\"a\"]},"
    " \"q::[x]\": {\"args\": {\"x\": {\"choices\": {\"command\": \"c\"}}}, \"run\": \"q\"},"
    " \"r::[x]\": {\"run\": \"r\", \"rdeps\": [\"p::[x]\"], \"locks\": [\"[x]\"]}}}";

static const char *const names[] = {
    "a", "b", "c", "d", "e", "f", "p::1", "q::1", "r::1", "m", "p::2", "p::[x]", "q::*", "\n"};

static const int64_t times[] = {0, 5, 6, START_NS, START_NS - 6 * SECOND_NS, INT64_MAX / 2,
    INT64_MAX / 2 + 1, INT64_MAX, -1, INT64_MIN};

struct input {
	const uint8_t *data;
	size_t size;
};

static unsigned take(struct input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

static const char *take_name(struct input *input)
{
	return names[take(input) % COUNT(names)];
}

static int64_t take_time(struct input *input)
{
	return times[take(input) % COUNT(times)];
}

/* Few are, so that most records could be. */
static bool is_odd(struct input *input)
{
	return take(input) >= 0xf0;
}

/* All that there are, for good. */
static const struct definitions *get_definitions(void)
{
	static struct definitions definitions;
	struct workspace_error error = {0};

	if (definitions.count == 0)
		FUZZ_CHECK(definitions_from_text(definitions_text, strlen(definitions_text), "",
		               "::", &definitions, &error) == 0);
	FUZZ_CHECK(definitions.count > 0);
	return &definitions;
}

/* The one of that name, or that it is made from; or any. */
static struct definition *take_definition(struct input *input, const char *name)
{
	const struct definitions *definitions = get_definitions();

	if (!is_odd(input))
		for (size_t i = 0; i < definitions->count; i++)
			if (name[0] == definitions->items[i]->name[0])
				return definitions->items[i];
	return definitions->items[take(input) % definitions->count];
}

/* --- records --- */

struct records {
	struct input *input;
	struct core *core;
	struct restore *restore;
	uint64_t last_run, last_exec, last_since;
};

static int add_name(struct records *records)
{
	static const char *const values[] = {"1"};
	const char *name = take_name(records->input);
	struct definition *definition = take_definition(records->input, name);

	if (!definition->is_proto)
		return restore_proc(records->restore, name, definition, NULL, NULL);
	if (!core_find_proto(records->core, definition->name))
		return restore_proto(records->restore, definition);
	return restore_proc(records->restore, name, definition, definition->name, values);
}

static int add_run(struct records *records)
{
	struct input *input = records->input;
	const unsigned flags = take(input);
	const struct run_record record = {
	    .id = records->last_run += take(input) % 8 ? 1 : 0,
	    .name = flags & 1 ? take_name(input) : NULL,
	    .params = {.text = flags & 2 ? "{}" : "", .key = flags & 4},
	    .created_ns = 1,
	    .ended_ns = flags & 8 ? take_time(input) : 0,
	    .holds = flags & 16 ? take(input) % 3 : 0,
	    .brief_holds = flags & 32 ? take(input) % 3 : 0,
	    .is_fail_fast = flags & 64,
	    .is_failed = flags & 128,
	};

	return restore_run(records->restore, &record);
}

/* What an execution has lists of. */
struct lists {
	uint64_t deps[LIST_MAX];
	const char *missing[LIST_MAX];
	const char *names[LIST_MAX];
	struct question_record questions[LIST_MAX];
};

static void take_lists(struct input *input, struct lists *lists, struct execution_record *record)
{
	const unsigned flags = take(input);

	record->deps = lists->deps;
	record->missing = lists->missing;
	record->questions = lists->questions;
	record->n_deps = flags % 4;
	record->n_missing = flags & 0x80 ? take(input) % LIST_MAX : 0;
	record->n_questions = flags & 0x40 ? take(input) % LIST_MAX : 0;
	for (size_t i = 0; i < record->n_deps; i++)
		lists->deps[i] = 1 + take(input) % (record->id + 2);
	for (size_t i = 0; i < record->n_missing; i++)
		lists->missing[i] = take_name(input);
	for (size_t i = 0; i < record->n_questions; i++) {
		unsigned question = take(input);

		lists->names[i] = take_name(input);
		lists->questions[i] = (struct question_record){
		    question % 4, question & 4, &lists->names[i], question & 8 ? 1 : 0};
	}
}

/* As an execution in that state is, mostly. */
static void take_outcome(struct input *input, struct execution_record *record)
{
	const unsigned flags = take(input);
	const bool is_complete = record->state > STATE_RUNNING;

	record->attempt = (uint16_t)(flags & 1 ? take(input) : record->state == STATE_RUNNING);
	record->error = flags & 2 ? (enum execution_error)(take(input) % (ERROR_OUTPUTS + 2))
	                : record->state == STATE_FAILED ? ERROR_EXIT
	                                                : ERROR_NONE;
	record->ending =
	    flags & 4 ? (enum execution_error)(take(input) % (ERROR_OUTPUTS + 2)) : ERROR_NONE;
	record->is_pending = (flags & 16) != 0;
	record->exit_code = flags & 8 ? (int)take(input) - 1 : -1;
	record->signal = flags & 8 ? (int)take(input) - 1 : 0;
	record->info = record->state == STATE_FAILED || flags & 16 ? take_name(input) : NULL;
	record->queued_ns = flags & 32 ? take_time(input) : 5;
	record->started_ns = flags & 64 ? take_time(input) : record->state ? 6 : 0;
	record->ended_ns = flags & 128 ? take_time(input) : is_complete ? 7 : 0;
	record->rank_ms = record->place = flags & 64 ? take(input) : 0;
	record->failed_dep = record->error == ERROR_DEP_FAILED ? take(input) % 8 : 0;
}

static int add_execution(struct records *records)
{
	static const char *const values[] = {"1", "2"};
	struct input *input = records->input;
	const char *name = take_name(input);
	struct lists lists = {0};
	struct execution_record record = {
	    .id = records->last_exec += take(input) % 8 ? 1 : 0,
	    .proc = name,
	    .definition = take_definition(input, name),
	    .values = values,
	    .run = take(input) % (records->last_run + 1),
	    .params = {.text = "", .key = 1},
	    .state = (enum execution_state)(take(input) % (STATE_UP_TO_DATE + 1)),
	};

	take_outcome(input, &record);
	take_lists(input, &lists, &record);
	return restore_execution(records->restore, &record);
}

static int add_member(struct records *records)
{
	struct input *input = records->input;
	const struct member_record record = {
	    .run = 1 + take(input) % (records->last_run + 1),
	    .exec = 1 + take(input) % (records->last_exec + 1),
	    .since = records->last_since += take(input) % 4,
	    .override = is_odd(input) ? (enum execution_error)(take(input) % (ERROR_OUTPUTS + 2))
	                              : ERROR_NONE,
	    .info = "i",
	};

	return restore_member(records->restore, &record);
}

/* As long as one comes, in the order of their kinds. */
static int add_all(struct records *records)
{
	static int (*const add[])(struct records * records) = {
	    add_name, add_run, add_execution, add_member};
	size_t kind = 0;

	for (int n = 0; n < RECORDS_MAX && kind < COUNT(add); n++) {
		if (take(records->input) % 4 == 0)
			kind++;
		else if (add[kind](records) != 0)
			return -1;
	}
	return 0;
}

/* --- what happens then --- */

struct list {
	uint64_t *items;
	size_t count;
};

/* It lives, and what it wants done is done when the input says so. */
struct driver {
	struct core *core;
	int64_t now_ns;
	struct list running, resolves;
};

static void put(struct list *list, uint64_t item)
{
	list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = item;
}

static uint64_t draw(struct list *list, unsigned index)
{
	uint64_t item;

	if (list->count == 0)
		return 0;
	index %= list->count;
	item = list->items[index];
	list->items[index] = list->items[--list->count];
	return item;
}

static void add_running(struct execution *execution, void *arg)
{
	struct driver *driver = arg;

	if (execution->state == STATE_RUNNING)
		put(&driver->running, execution->id);
}

static void step(struct driver *driver)
{
	struct action action;

	core_advance(driver->core, driver->now_ns);
	while (core_next_action(driver->core, &action)) {
		if (action.kind == ACTION_START)
			put(&driver->running, action.execution->id);
		else if (action.kind == ACTION_RESOLVE)
			put(&driver->resolves, action.id);
	}
	check_core(driver->core);
}

static void end_process(struct driver *driver, unsigned index, int wait_status)
{
	const struct exit_report report = {.wait_status = wait_status};
	uint64_t exec = draw(&driver->running, index);

	if (exec)
		core_exited(driver->core, exec, &report, driver->now_ns);
}

static void answer(struct driver *driver, unsigned index, const char *name)
{
	struct strings list = {0};
	uint64_t resolve = draw(&driver->resolves, index);

	if (name)
		strings_add(&list, name);
	if (resolve)
		core_resolved(driver->core, resolve, &list, driver->now_ns);
	strings_clear(&list);
}

static void start(struct driver *driver, struct input *input)
{
	const char *name = take_name(input);
	const struct name_request request = {.names = &name,
	    .n_names = 1,
	    .scope = {.run = take(input) % 4, .params = "", .now_ns = driver->now_ns}};
	struct start_outcome outcome = {0};
	struct fault fault = {0};

	if (core_start(driver->core, &request, false, &outcome, &fault) != 0)
		fault_clear(&fault);
	else
		start_outcome_clear(&outcome);
}

static void cancel(struct driver *driver, struct input *input)
{
	const struct cancel_request request = {
	    .is_all = true, .is_kill = take(input) % 2, .scope = {.now_ns = driver->now_ns}};
	struct strings canceled = {0};
	struct fault fault = {0};

	if (core_cancel(driver->core, &request, &canceled, &fault) != 0)
		fault_clear(&fault);
	strings_clear(&canceled);
}

static void play_event(struct driver *driver, struct input *input)
{
	switch (take(input) % 8) {
	case 0:
		end_process(driver, take(input), 256);
		break;
	case 1:
		answer(driver, take(input), take_name(input));
		break;
	case 2:
		start(driver, input);
		break;
	case 3:
		cancel(driver, input);
		break;
	case 4:
		driver->now_ns += take(input) * SECOND_NS;
		if (core_next_deadline(driver->core) <= driver->now_ns)
			core_tick(driver->core, driver->now_ns);
		break;
	default:
		end_process(driver, take(input), 0);
	}
	step(driver);
}

static void live(struct core *core, struct input *input)
{
	struct driver driver = {.core = core, .now_ns = START_NS};
	int n_steps = 0;

	core_each_incomplete(core, add_running, &driver);
	step(&driver);
	for (int n = 0; n < EVENTS_MAX && input->size > 0; n++)
		play_event(&driver, input);
	while (driver.running.count > 0 || driver.resolves.count > 0) {
		FUZZ_CHECK(n_steps++ < STEPS_MAX);
		end_process(&driver, 0, 0);
		answer(&driver, 0, NULL);
		step(&driver);
	}
	check_no_hang(core);
	free(driver.running.items);
	free(driver.resolves.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct core_options options = {.separator = "::",
	    .parallel = size % 3 + 1,
	    .allow_missing_deps = size % 2,
	    .kill_after_ns = 10 * SECOND_NS,
	    .keep_runs = 5};
	struct input input = {data, size};
	struct records records = {.input = &input, .core = core_new(&options, 100, 100)};

	core_set_pools(records.core, &(struct pool_limit){"q", 1 + (int64_t)size % 5}, 1);
	records.restore = restore_begin(records.core);
	if (add_all(&records) != 0)
		restore_abandon(records.restore);
	else if (restore_finish(records.restore, START_NS) == 0)
		live(records.core, &input);
	core_free(records.core);
	return 0;
}
