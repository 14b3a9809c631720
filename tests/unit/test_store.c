/*
 * The state database: what a core knows is written, read back into another core, and is the same;
 * transactions that are taken back leave no trace; shared rows live as long as somebody needs them;
 * files that are none are set aside.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/core/restore.h"
#include "daemon/extra.h"
#include "daemon/store.h"
#include "daemon/workspace/definitions.h"
#include "tests/unit/core_kit.h"

static char directory[] = "/tmp/test_store.XXXXXX";
static struct store *store;
static struct kit *kit;

static struct store *open_store(void)
{
	char *error;
	struct store *opened = store_open(directory, STORE_USE, &error);

	cr_assert_not_null(opened, "%s", error);
	return opened;
}

static void set_up(void)
{
	cr_assert_not_null(mkdtemp(directory));
	store = open_store();
	kit = kit_new("");
	core_keep_changes(kit->core);
}

static void tear_down(void)
{
	char *command = mem_print("rm -r %s", directory);

	kit_free(kit);
	store_close(store);
	cr_assert_eq(system(command), 0);
	free(command);
}

TestSuite(store, .init = set_up, .fini = tear_down);

static void define(const char *text)
{
	struct workspace_error error = {0};
	struct definitions definitions;
	struct define_outcome outcome;
	struct define_request request = {.origin = ORIGIN_CLIENT, .is_replace = true};

	cr_assert_eq(definitions_from_text(text, strlen(text), "test", "::", &definitions, &error),
	    0, "%s", error.message);
	request.definitions = definitions.items;
	request.count = definitions.count;
	request.scope.now_ns = kit->now_ns;
	cr_assert_eq(core_define(kit->core, &request, &outcome, &kit->fault), 0);
	strings_clear(&outcome.started);
	strings_clear(&outcome.refused);
	definitions_clear(&definitions);
	kit_settle(kit);
}

/* Writes what has changed, but does not end the transaction. */
static void put_changes(struct core_changes *changes)
{
	struct core *core = kit->core;

	core_get_changes(core, changes);
	cr_assert_eq(store_begin(store), 0);
	for (size_t i = 0; i < changes->protos->count; i++) {
		const char *name = changes->protos->items[i];

		cr_assert_eq(store_put_proto(store, name, core_find_proto(core, name)), 0);
	}
	for (size_t i = 0; i < changes->n_procs; i++)
		cr_assert_eq(store_put_proc(store, changes->procs[i]), 0);
	for (size_t i = 0; i < changes->n_runs; i++)
		if (changes->runs[i])
			cr_assert_eq(store_put_run(store, changes->runs[i]), 0);
	for (size_t i = 0; i < changes->n_executions; i++)
		if (changes->executions[i])
			cr_assert_eq(store_put_execution(store, changes->executions[i]), 0);
	cr_assert_eq(store_put_counters(
	                 store, &(struct store_counters){changes->next_run, changes->next_exec, 7}),
	    0);
}

static void keep(void)
{
	struct core_changes changes;

	put_changes(&changes);
	cr_assert_eq(store_commit(store), 0, "%s", store_get_error(store));
	core_clear_changes(kit->core);
}

static void free_extras(struct core *core)
{
	struct membership *member;
	struct run *run = NULL;

	while ((run = core_next_run(core, run ? run->id : 0))) {
		TAILQ_FOREACH (member, &run->members, of_run)
			exec_extra_free(member->execution);
		run_extra_free(run);
	}
}

/* The core as another daemon would read it; NULL: it is refused. */
static struct core *load(struct store *from)
{
	struct store_counters counters;
	struct restore *restore;
	struct core *core;
	int result;

	cr_assert_eq(store_get_counters(from, &counters), 0);
	core = core_new(core_get_options(kit->core), counters.run, counters.exec);
	restore = restore_begin(core);
	result = store_load(from, restore, core, directory);
	if (result != 0)
		restore_abandon(restore);
	else
		result = restore_finish(restore, kit->now_ns);
	if (result == 0)
		return core;
	free_extras(core);
	core_free(core);
	return NULL;
}

/* The dump without addresses, which differ. */
static char *dump(struct core *core)
{
	char *text = kit_dump(core), *at, *to;

	for (at = to = text; *at != '\0'; *to++ = *at++)
		if (strncmp(at, "=0x", 3) == 0)
			at += 3 + strspn(at + 3, "0123456789abcdef");
	*to = '\0';
	return text;
}

/* What is kept is what the core knows. */
static void check(void)
{
	struct store *other;
	struct core *core;
	char *expected, *actual;

	keep();
	store_close(store);
	other = open_store();
	core = load(other);
	cr_assert_not_null(core, "%s", store_get_error(other));
	expected = dump(kit->core);
	actual = dump(core);
	cr_assert_str_eq(actual, expected);
	free(expected);
	free(actual);
	free_extras(core);
	core_free(core);
	store = other;
}

static int64_t count_rows(const char *table)
{
	char *path = mem_print("%s/state.db", directory);
	char *sql = mem_print("SELECT count(*) FROM %s", table);
	sqlite3_stmt *statement;
	sqlite3 *db;
	int64_t count;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	count = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	free(sql);
	free(path);
	return count;
}

static const char *const graph =
    "procs:\n"
    "  setup: {run: ./setup, timeout: 5m, env: {A: b}}\n"
    "  all: {deps: ['build::*', nowhere, {special: no_failures}]}\n"
    "protos:\n"
    "  'build::[env]':\n"
    "    args: {env: {choices: [dev, prod]}, n: {type: int, default: 4}}\n"
    "    deps: [setup]\n"
    "    locks: [disk]\n"
    "    run: [make, '[env]']\n";

Test(store, what_a_core_knows_is_the_same_after_it)
{
	define(graph);
	check();
	kit_play(
	    kit, "create build::dev as=mine\nexpect setup 3\nstart @nightly all\nopen @nightly\n");
	check();
	kit_play(kit, "exit setup 0\nstart mine\n");
	check();
	kit_play(kit, "cancel build::prod\ncancel @nightly\n");
	check();
	kit_play(kit, "undefine mine\nclose @nightly\n");
	check();
}

Test(store, what_was_taken_back_is_written_the_next_time)
{
	struct core_changes changes;

	define(graph);
	kit_play(kit, "start @nightly all\n");
	put_changes(&changes);
	store_rollback(store);
	cr_assert_eq(count_rows("execution") + count_rows("definition") + count_rows("params"), 0);
	check();
	kit_play(kit, "exit setup 1\n");
	put_changes(&changes);
	store_rollback(store);
	check();
}

Test(store, definitions_and_params_go_with_the_last_that_refers_to_them)
{
	struct store_dropped dropped;
	const struct execution *execution;

	define("procs: {a: {run: one}}");
	kit_play(kit, "start a params=x\nexit a 0\n");
	execution = kit_execution(kit, "a");
	keep();
	define("procs: {a: {run: two}}");
	keep();
	cr_assert_eq(count_rows("definition"), 2);
	cr_assert_eq(count_rows("params"), 1);
	dropped = (struct store_dropped){.exec = execution->id,
	    .definition = execution->definition->key,
	    .params = execution->params->key};
	cr_assert_eq(store_begin(store), 0);
	cr_assert_eq(store_drop_execution(store, &dropped), 0);
	cr_assert_eq(store_drop_run(store, 1), 0);
	cr_assert_eq(store_commit(store), 0);
	cr_assert_eq(count_rows("definition"), 1);
	cr_assert_eq(count_rows("params"), 0);
	cr_assert_eq(count_rows("execution"), 0);
}

Test(store, results_settings_and_requests_are_read_back)
{
	json_t *value = json_pack("{s:i}", "a", 1), *read;
	struct store_counters counters;

	define("procs: {a: {run: one}}");
	kit_play(kit, "start a\nexit a 0\n");
	keep();
	cr_assert_eq(store_begin(store), 0);
	cr_assert_eq(store_put_result(store, 1, value), 0);
	cr_assert_eq(store_put_setting(store, "name", value), 0);
	cr_assert_eq(store_put_setting(store, "gone", value), 0);
	cr_assert_eq(store_put_setting(store, "gone", NULL), 0);
	cr_assert_eq(store_put_duration(store, "a", 5, 100), 0);
	cr_assert_eq(store_put_duration(store, "a", 6, 200), 0);
	cr_assert_eq(store_commit(store), 0);
	read = store_get_setting(store, "name");
	cr_assert(json_equal(read, value));
	json_decref(read);
	cr_assert_null(store_get_setting(store, "gone"));
	cr_assert_eq(store_get_counters(store, &counters), 0);
	cr_assert_eq(counters.run, 2);
	cr_assert_eq(counters.exec, 2);
	cr_assert_eq(counters.seq, 7);
	json_decref(value);
	store_close(store);
	store = open_store();
	struct core *core = load(store);
	const struct exec_extra *extra = core_find_proc(core, "a")->newest->extra;
	cr_assert_eq(json_integer_value(json_object_get(extra->result, "a")), 1);
	cr_assert_eq(core_expected(core, "a"), 125, "100, and 200 counting a quarter");
	cr_assert_eq(core_expected(core, "b"), 0);
	free_extras(core);
	core_free(core);
}

static void execute(const char *sql)
{
	char *path = mem_print("%s/state.db", directory);
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	free(path);
}

static void copy_file(const char *from, const char *to)
{
	char *command = mem_print("cp %s/%s %s/%s", directory, from, directory, to);

	cr_assert_eq(system(command), 0);
	free(command);
}

Test(store, rows_that_cannot_be_are_refused)
{
	static const char *const damages[] = {
	    "UPDATE execution SET state = 'happy'",
	    "UPDATE execution SET error = 'none'",
	    "UPDATE execution SET deps = '[1,2'",
	    "UPDATE execution SET deps = '[77]'",
	    "UPDATE execution SET deps = '[1,2,3,4]'",
	    "UPDATE execution SET args = '[1]'",
	    "UPDATE execution SET args = '[\"a\",\"b\",\"c\"]'",
	    "UPDATE execution SET run = 55",
	    "UPDATE execution SET run = NULL",
	    "UPDATE execution SET definition = 55",
	    "UPDATE execution SET params = 55",
	    "UPDATE execution SET missing = '[5]'",
	    "UPDATE execution SET questions = '[{}]'",
	    "UPDATE execution SET questions = '[{\"dep\": 9}]'",
	    "UPDATE execution SET proc = 'a' || char(7)",
	    "UPDATE execution SET state = 'running' WHERE proc = 'all'",
	    "UPDATE definition SET body = '[]'",
	    "UPDATE definition SET body = '{\"runn\": 1}' WHERE kind = 'proc'",
	    "UPDATE definition SET separator = ''",
	    "UPDATE proto SET definition = (SELECT id FROM definition WHERE kind = 'proc')",
	    "INSERT INTO proc VALUES('x', 99, NULL, 'no such', '[]')",
	    "INSERT INTO proc VALUES('x', 99, NULL, 'build::[env]', '[\"only one\"]')",
	    "INSERT INTO member VALUES(1, 99, 1, NULL, NULL)",
	    "INSERT INTO member VALUES(9, 1, 1, NULL, NULL)",
	    "INSERT INTO result VALUES(99, '1')",
	    "UPDATE run SET ended_ns = 5",
	    "UPDATE counters SET next_exec = 1",
	    "UPDATE counters SET next_run = 1",
	};

	define(graph);
	kit_play(kit, "start @nightly all\n");
	keep();
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct core *core;

		store_close(store); /* which leaves all of it in one file */
		copy_file("state.db", "kept.db");
		execute(damages[i]);
		store = open_store();
		core = load(store);
		cr_assert_null(core, "accepted: %s", damages[i]);
		store_close(store);
		copy_file("kept.db", "state.db");
		store = open_store();
	}
	check();
}

/* Not only rows: then too the daemon can begin without. */
Test(store, an_older_database_is_brought_up_to_date)
{
	struct core *core;

	define("procs: {a: {run: one}}");
	kit_play(kit, "start a\n");
	keep();
	store_close(store);
	execute(
	    "ALTER TABLE execution DROP COLUMN rank_ms; ALTER TABLE execution DROP COLUMN place;"
	    "ALTER TABLE execution DROP COLUMN pending;"
	    "ALTER TABLE execution DROP COLUMN pending_ns;"
	    "ALTER TABLE execution DROP COLUMN executor; ALTER TABLE run DROP COLUMN executor;"
	    "ALTER TABLE execution DROP COLUMN n_transient;"
	    "ALTER TABLE execution DROP COLUMN retry_ns; DROP TABLE attempt;"
	    "ALTER TABLE execution DROP COLUMN priority;"
	    "PRAGMA user_version = 1");
	store = open_store();
	core = load(store);
	cr_assert_not_null(core);
	cr_assert_eq(core_find_proc(core, "a")->newest->state, STATE_RUNNING);
	cr_assert_eq(core_find_proc(core, "a")->newest->rank_ms, 0);
	free_extras(core);
	core_free(core);
	kit_play(kit, "expect a 5\nstart a params=x\n");
	keep();
}

Test(store, numbers_may_have_gaps)
{
	struct core *core;

	define("procs: {a: {run: one}, b: {run: two}}");
	kit_play(kit, "start a\nstart b\n");
	keep();
	store_close(store);
	execute("UPDATE counters SET next_run = 4503599627370496");
	store = open_store();
	core = load(store);
	cr_assert_not_null(core);
	cr_assert_eq(core_next_run(core, 0)->id, 2u);
	cr_assert_eq(core_next_run(core, 1000000)->id, 2u);
	cr_assert_eq(core_next_run(core, 2)->id, 1u);
	cr_assert_null(core_next_run(core, 1));
	free_extras(core);
	core_free(core);
}

Test(store, tables_that_are_none_are_of_no_use)
{
	static const char *const damages[] = {
	    "DROP TABLE member",
	    "ALTER TABLE run RENAME COLUMN holds TO hold",
	    "DELETE FROM counters",
	    "UPDATE counters SET next_run = 0",
	    "UPDATE counters SET next_run = 9223372036854775807",
	    "UPDATE counters SET next_exec = 9223372036854775807",
	    "UPDATE counters SET seq = 9223372036854775807",
	};

	keep();
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct store_counters counters;
		struct core *core = NULL;

		store_close(store);
		copy_file("state.db", "kept.db");
		execute(damages[i]);
		store = open_store();
		if (store_get_counters(store, &counters) == 0)
			core = load(store);
		cr_assert_null(core, "accepted: %s", damages[i]);
		cr_assert(store_is_broken(store), "%s: %s", damages[i], store_get_error(store));
		store_close(store);
		copy_file("kept.db", "state.db");
		store = open_store();
	}
}

static void write_no_database(const char *text)
{
	char *path = mem_print("%s/state.db", directory);
	FILE *file = fopen(path, "w");

	for (int i = 0; i < 1000; i++)
		fprintf(file, "this is no database, but %s\n", text);
	fclose(file);
	free(path);
}

/* How many files have such names, in the directory of the state. */
static size_t count_files(const char *pattern)
{
	char *path = mem_print("%s/%s", directory, pattern);
	glob_t found;
	size_t count = glob(path, 0, NULL, &found) == 0 ? found.gl_pathc : 0;

	globfree(&found);
	free(path);
	return count;
}

Test(store, what_is_none_is_set_aside)
{
	store_close(store);
	write_no_database("text");
	store = open_store();
	cr_assert_eq(count_files("state.db.set-aside-*"), 1);
	cr_assert_eq(count_rows("execution"), 0);
}

Test(store, as_many_are_set_aside_in_a_second_as_there_are)
{
	for (size_t i = 1; i <= 5; i++) {
		char *logs = mem_print("%s/logs", directory);
		char *log = mem_print("%s/1", logs);

		store_close(store);
		write_no_database("another one");
		cr_assert_eq(mkdir(logs, 0700), 0);
		cr_assert_eq(mkdir(log, 0700), 0);
		store = open_store();
		cr_assert_eq(count_files("state.db.set-aside-*"), i);
		cr_assert_eq(count_files("logs.set-aside-*/1"), i);
		free(log);
		free(logs);
	}
}

Test(store, without_a_directory_nothing_is_kept)
{
	struct store_counters counters;
	char *error;
	struct store *none = store_open(NULL, STORE_USE, &error);

	cr_assert_not(store_is_durable(none));
	cr_assert_eq(store_get_counters(none, &counters), 0);
	cr_assert_eq(counters.run, 1);
	cr_assert_null(store_get_setting(none, "workspace"));
	store_close(none);
}
