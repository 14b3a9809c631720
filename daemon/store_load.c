/*
 * From rows to what is in memory, at the start. Rows are not trusted more than a peer is: what does
 * not fit together is refused, and the caller sets the database aside.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/restore.h"
#include "daemon/extra.h"
#include "daemon/store_internal.h"
#include "daemon/workspace/definitions.h"

struct loaded_definition {
	UT_hash_handle by_key;
	int64_t key;
	struct definition *definition;
};

struct loaded_params {
	UT_hash_handle by_key;
	int64_t key;
	char *text;
};

struct loading {
	struct store *store;
	struct restore *restore;
	struct core *core;
	const char *state_directory;
	struct loaded_definition *definitions;
	struct loaded_params *params;
};

/* --- rows --- */

typedef int row_reader(struct loading *loading, sqlite3_stmt *row);

static int refuse(struct loading *loading, const char *what, int64_t id)
{
	return store_refuse(loading->store, what, id);
}

/* Calls read for each row. */
static int each_row(struct loading *loading, const char *sql, row_reader *read)
{
	struct store *store = loading->store;
	sqlite3_stmt *statement = NULL;
	int result = 0, stepped;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_fail(store, store->path);
	while ((stepped = sqlite3_step(statement)) == SQLITE_ROW && result == 0)
		result = read(loading, statement);
	if (result == 0 && stepped != SQLITE_DONE)
		result = store_fail(store, store->path);
	sqlite3_finalize(statement);
	return result;
}

/* The texts of a JSON array, borrowed from it; the list itself is the caller's. -1: it is none. */
static int get_texts(const json_t *list, const char ***texts, size_t *count)
{
	*count = json_array_size(list);
	*texts = mem_new(*count, sizeof(**texts));
	for (size_t i = 0; i < *count; i++)
		if (((*texts)[i] = json_string_value(json_array_get(list, i))) == NULL)
			return -1;
	return 0;
}

int store_find_state(const char *name)
{
	for (int state = STATE_WANTED; name && state <= STATE_UP_TO_DATE; state++)
		if (strcmp(store_state_name((enum execution_state)state), name) == 0)
			return state;
	return -1;
}

int store_find_error(const char *name)
{
	if (name == NULL)
		return ERROR_NONE;
	for (int error = ERROR_EXIT; error <= ERROR_OUTPUTS; error++)
		if (strcmp(execution_error_name((enum execution_error)error), name) == 0)
			return error;
	return -1;
}

/* --- shared rows --- */

static struct definition *find_definition(const struct loading *loading, int64_t key)
{
	struct loaded_definition *loaded;

	HASH_FIND(by_key, loading->definitions, &key, sizeof(key), loaded);
	return loaded ? loaded->definition : NULL;
}

/* The definition of a body, with one reference; NULL: it is none. */
static struct definition *parse_definition(
    const char *name, bool is_proto, const char *separator, json_t *body)
{
	json_t *document = json_pack("{s:{s:O}}", is_proto ? "protos" : "procs", name, body);
	struct workspace_error error = {0};
	struct definitions definitions = {0};
	struct definition *definition = NULL;

	if (document != NULL &&
	    definitions_from_request(document, separator, &definitions, &error) == 0 &&
	    definitions.count == 1)
		definition = definition_ref(definitions.items[0]);
	definitions_clear(&definitions);
	workspace_error_clear(&error);
	json_decref(document);
	return definition;
}

static int read_definition(struct loading *loading, sqlite3_stmt *row)
{
	int64_t key = sqlite3_column_int64(row, 0);
	const char *name = store_text_at(row, 1), *kind = store_text_at(row, 2),
	           *origin = store_text_at(row, 3);
	const char *separator = store_text_at(row, 4);
	json_t *body = store_json_at(row, 5);
	struct loaded_definition *loaded;
	struct definition *definition = NULL;

	if (key > 0 && name && kind && origin && separator && *separator && json_is_object(body))
		definition = parse_definition(name, strcmp(kind, "proto") == 0, separator, body);
	json_decref(body);
	if (definition == NULL)
		return refuse(loading, "definition", key);
	definition->origin = strcmp(origin, "file") == 0 ? ORIGIN_FILE : ORIGIN_CLIENT;
	definition->key = key;
	loaded = mem_new(1, sizeof(*loaded));
	loaded->key = key;
	loaded->definition = definition;
	HASH_ADD(by_key, loading->definitions, key, sizeof(loaded->key), loaded);
	store_add_shared(loading->store, SHARED_DEFINITIONS, key);
	return 0;
}

static int read_params(struct loading *loading, sqlite3_stmt *row)
{
	int64_t key = sqlite3_column_int64(row, 0);
	struct loaded_params *loaded;

	if (key <= 0 || store_text_at(row, 1) == NULL)
		return refuse(loading, "params", key);
	loaded = mem_new(1, sizeof(*loaded));
	loaded->key = key;
	loaded->text = mem_copy(store_text_at(row, 1));
	HASH_ADD(by_key, loading->params, key, sizeof(loaded->key), loaded);
	store_add_shared(loading->store, SHARED_PARAMS, key);
	return 0;
}

/* --- the registry --- */

static void note_position(struct loading *loading, int64_t position)
{
	if (position > loading->store->last_position)
		loading->store->last_position = position;
}

static int read_proto(struct loading *loading, sqlite3_stmt *row)
{
	int64_t key = sqlite3_column_int64(row, 2);
	struct definition *definition = find_definition(loading, key);

	note_position(loading, sqlite3_column_int64(row, 1));
	if (definition == NULL || restore_proto(loading->restore, definition) != 0)
		return refuse(loading, "proto at", sqlite3_column_int64(row, 1));
	store_count(loading->store, SHARED_DEFINITIONS, key, 1);
	return 0;
}

/* proto: its name; values of one that was created. */
static int restore_created(
    struct loading *loading, const char *name, const char *proto, const json_t *args)
{
	const struct proto *found = core_find_proto(loading->core, proto);
	const char **values = NULL;
	size_t count;
	int result = -1;

	if (found != NULL && get_texts(args, &values, &count) == 0 &&
	    count == found->definition->n_args)
		result = restore_proc(loading->restore, name, found->definition, proto, values);
	free(values);
	return result;
}

static int read_proc(struct loading *loading, sqlite3_stmt *row)
{
	const char *name = store_text_at(row, 0), *proto = store_text_at(row, 3);
	int64_t key = sqlite3_column_int64(row, 2);
	struct definition *definition = find_definition(loading, key);
	json_t *args = store_json_at(row, 4);
	int result = -1;

	note_position(loading, sqlite3_column_int64(row, 1));
	if (name != NULL && proto != NULL)
		result = restore_created(loading, name, proto, args);
	else if (name != NULL && definition != NULL)
		result = restore_proc(loading->restore, name, definition, NULL, NULL);
	json_decref(args);
	if (result != 0)
		return refuse(loading, "proc at", sqlite3_column_int64(row, 1));
	if (proto == NULL)
		store_count(loading->store, SHARED_DEFINITIONS, key, 1);
	return 0;
}

/* --- runs and executions --- */

static int read_run(struct loading *loading, sqlite3_stmt *row)
{
	const struct run_record record = {
	    .id = store_id_at(row, 0),
	    .name = store_text_at(row, 1),
	    .params = {.text = store_text_at(row, 2)},
	    .created_ns = sqlite3_column_int64(row, 4),
	    .ended_ns = sqlite3_column_int64(row, 5),
	    .holds = (uint32_t)sqlite3_column_int64(row, 6),
	    .is_fail_fast = sqlite3_column_int64(row, 7) != 0,
	    .is_failed = sqlite3_column_int64(row, 8) != 0,
	    .brief_holds = (uint32_t)sqlite3_column_int64(row, 9),
	    .executor = store_text_at(row, 11),
	};
	json_t *overrides = store_json_at(row, 3);
	struct run_extra *extra;

	if (restore_run(loading->restore, &record) != 0) {
		json_decref(overrides);
		return refuse(loading, "run", (int64_t)record.id);
	}
	extra = run_extra_get(core_find_run(loading->core, record.id));
	if (extra != NULL)
		extra->event_seq = store_id_at(row, 10);
	if (extra != NULL && json_is_object(overrides))
		extra->params = overrides;
	else
		json_decref(overrides);
	return 0;
}

/* What an execution record borrows. */
struct parts {
	json_t *args, *missing, *questions;
	const char **values, **missing_texts;
	uint64_t *deps;
	struct question_record *question_records;
};

static void clear_parts(struct parts *parts, size_t n_questions)
{
	for (size_t i = 0; parts->question_records && i < n_questions; i++)
		free((void *)parts->question_records[i].names);
	free(parts->question_records);
	free(parts->values);
	free(parts->missing_texts);
	free(parts->deps);
	json_decref(parts->args);
	json_decref(parts->missing);
	json_decref(parts->questions);
}

static int get_questions(struct parts *parts, struct execution_record *record)
{
	record->n_questions = json_array_size(parts->questions);
	parts->question_records = mem_new(record->n_questions, sizeof(*parts->question_records));
	record->questions = parts->question_records;
	for (size_t i = 0; i < record->n_questions; i++) {
		struct question_record *question = &parts->question_records[i];
		const json_t *value = json_array_get(parts->questions, i);
		const json_t *dep = json_object_get(value, "dep");
		const char **names;

		if (!json_is_integer(dep) || json_integer_value(dep) < 0)
			return -1;
		question->dep = (size_t)json_integer_value(dep);
		question->is_choices = json_is_true(json_object_get(value, "choices"));
		if (get_texts(json_object_get(value, "names"), &names, &question->n_names) != 0) {
			free(names);
			return -1;
		}
		question->names = names;
	}
	return 0;
}

/* Fills in the members that are lists. */
static int get_lists(sqlite3_stmt *row, struct parts *parts, struct execution_record *record)
{
	size_t n_values;

	parts->args = store_json_at(row, 29);
	parts->missing = store_json_at(row, 13);
	parts->questions = store_json_at(row, 14);
	if (get_texts(parts->args, &parts->values, &n_values) != 0 ||
	    n_values != record->definition->n_args ||
	    get_texts(parts->missing, &parts->missing_texts, &record->n_missing) != 0 ||
	    store_parse_numbers(store_text_at(row, 11), &parts->deps, &record->n_deps) != 0)
		return -1;
	record->values = parts->values;
	record->missing = parts->missing_texts;
	record->deps = parts->deps;
	return get_questions(parts, record);
}

/* What processes have left: where its log is, what it cost. */
static void restore_extra(struct loading *loading, struct execution *execution, sqlite3_stmt *row)
{
	struct exec_extra *extra;

	if (sqlite3_column_type(row, 15) == SQLITE_NULL &&
	    sqlite3_column_type(row, 22) == SQLITE_NULL)
		return;
	extra = exec_extra_get(execution, loading->state_directory);
	if (extra == NULL)
		return;
	extra->log_run = store_id_at(row, 15);
	extra->log_attempt = (uint16_t)sqlite3_column_int64(row, 16);
	extra->pid = (pid_t)sqlite3_column_int64(row, 17);
	extra->pid_started = sqlite3_column_int64(row, 18);
	extra->user_us = sqlite3_column_int64(row, 19);
	extra->system_us = sqlite3_column_int64(row, 20);
	extra->max_rss_kib = sqlite3_column_int64(row, 21);
	extra->event_seq = store_id_at(row, 22);
	extra->pending_ns = sqlite3_column_int64(row, 24);
	extra->is_duration_noted = execution_is_complete(execution);
}

static int restore_row(struct loading *loading, sqlite3_stmt *row, struct execution_record *record)
{
	int64_t params_key = sqlite3_column_int64(row, 30);
	struct loaded_params *params;
	struct parts parts = {0};
	int result = -1;

	record->definition = find_definition(loading, sqlite3_column_int64(row, 28));
	HASH_FIND(by_key, loading->params, &params_key, sizeof(params_key), params);
	if (record->definition != NULL && params != NULL && record->proc != NULL) {
		record->params = (struct params_record){params->text, params_key};
		result = get_lists(row, &parts, record);
	}
	if (result == 0)
		result = restore_execution(loading->restore, record);
	clear_parts(&parts, record->n_questions);
	if (result != 0)
		return -1;
	store_count(loading->store, SHARED_DEFINITIONS, record->definition->key, 1);
	store_count(loading->store, SHARED_PARAMS, params_key, 1);
	restore_extra(loading, restore_find(loading->restore, record->id), row);
	return 0;
}

static int read_execution(struct loading *loading, sqlite3_stmt *row)
{
	int state = store_find_state(store_text_at(row, 2));
	int error = store_find_error(store_text_at(row, 3)),
	    ending = store_find_error(store_text_at(row, 4));
	struct execution_record record = {
	    .id = store_id_at(row, 0),
	    .run = store_id_at(row, 1),
	    .info = store_text_at(row, 5),
	    .attempt = (uint16_t)sqlite3_column_int64(row, 6),
	    .exit_code =
	        sqlite3_column_type(row, 7) == SQLITE_NULL ? -1 : sqlite3_column_int(row, 7),
	    .signal = sqlite3_column_int(row, 8),
	    .started_ns = sqlite3_column_int64(row, 9),
	    .ended_ns = sqlite3_column_int64(row, 10),
	    .failed_dep = store_id_at(row, 12),
	    .proc = store_text_at(row, 27),
	    .env = (uint32_t)sqlite3_column_int64(row, 31),
	    .queued_ns = sqlite3_column_int64(row, 32),
	    .is_pending = sqlite3_column_int(row, 23) == 1,
	    .is_standby = sqlite3_column_int(row, 23) == STORE_STANDBY,
	    .n_transient = (uint16_t)sqlite3_column_int64(row, 25),
	    .retry_ns = sqlite3_column_int64(row, 26),
	    .rank_ms = (uint32_t)sqlite3_column_int64(row, 33),
	    .place = (uint32_t)sqlite3_column_int64(row, 34),
	    .executor = store_text_at(row, 35),
	    .priority = (int16_t)sqlite3_column_int(row, 36),
	};

	if (state < 0 || error < 0 || ending < 0)
		return refuse(loading, "execution", (int64_t)record.id);
	record.state = (enum execution_state)state;
	record.error = (enum execution_error)error;
	record.ending = (enum execution_error)ending;
	if (restore_row(loading, row, &record) != 0)
		return refuse(loading, "execution", (int64_t)record.id);
	return 0;
}

static int read_attempt(struct loading *loading, sqlite3_stmt *row)
{
	uint64_t exec = store_id_at(row, 0);
	struct execution *execution = restore_find(loading->restore, exec);
	int error = store_find_error(store_text_at(row, 2));
	struct exec_extra *extra =
	    execution ? exec_extra_get(execution, loading->state_directory) : NULL;

	if (execution == NULL || error < 0)
		return refuse(loading, "attempt", (int64_t)exec);
	if (extra != NULL)
		attempts_add(
		    &extra->attempts, &(struct attempt){
		                          .number = (uint16_t)sqlite3_column_int64(row, 1),
		                          .error = (uint8_t)error,
		                          .info = execution_copy_info(store_text_at(row, 3)),
		                          .exit_code = sqlite3_column_type(row, 4) == SQLITE_NULL
		                                           ? -1
		                                           : sqlite3_column_int(row, 4),
		                          .signal = sqlite3_column_int(row, 5),
		                          .started_ns = sqlite3_column_int64(row, 6),
		                          .ended_ns = sqlite3_column_int64(row, 7),
		                          .pending_ns = sqlite3_column_int64(row, 8),
		                          .user_us = sqlite3_column_int64(row, 9),
		                          .system_us = sqlite3_column_int64(row, 10),
		                          .max_rss_kib = sqlite3_column_int64(row, 11),
		                      });
	if (extra != NULL)
		extra->attempts.n_stored = extra->attempts.count;
	return 0;
}

static int read_result(struct loading *loading, sqlite3_stmt *row)
{
	uint64_t exec = store_id_at(row, 0);
	struct execution *execution = restore_find(loading->restore, exec);
	struct exec_extra *extra =
	    execution ? exec_extra_get(execution, loading->state_directory) : NULL;

	if (execution == NULL)
		return refuse(loading, "result", (int64_t)exec);
	if (extra != NULL) {
		extra->result = store_json_at(row, 1);
		extra->is_result_stored = true;
	}
	return 0;
}

static int read_member(struct loading *loading, sqlite3_stmt *row)
{
	int error = store_find_error(store_text_at(row, 3));
	const struct member_record record = {
	    .run = store_id_at(row, 0),
	    .exec = store_id_at(row, 1),
	    .since = store_id_at(row, 2),
	    .override = error > 0 ? (enum execution_error)error : ERROR_NONE,
	    .info = store_text_at(row, 4),
	};

	if (error < 0 || restore_member(loading->restore, &record) != 0)
		return refuse(loading, "member", (int64_t)record.exec);
	return 0;
}

static int read_duration(struct loading *loading, sqlite3_stmt *row)
{
	const char *proc = store_text_at(row, 0);

	if (proc != NULL)
		core_expect(loading->core, proc, sqlite3_column_int64(row, 1));
	return 0;
}

/* --- all of it --- */

static int load_all(struct loading *loading)
{
	static const struct {
		const char *sql;
		row_reader *read;
	} tables[] = {
	    {"SELECT id, name, kind, origin, separator, body FROM definition ORDER BY id",
	        read_definition},
	    {"SELECT id, body FROM params ORDER BY id", read_params},
	    {"SELECT name, position, definition FROM proto ORDER BY position", read_proto},
	    {"SELECT name, position, definition, proto, args FROM proc ORDER BY position",
	        read_proc},
	    {"SELECT id, name, params, overrides, created_ns, ended_ns, holds, fail_fast, failed,"
	     " brief_holds, seq, executor FROM run ORDER BY id",
	        read_run},
	    {"SELECT id, run, state, error, ending, info, attempt, exit_code, signal, started_ns,"
	     " ended_ns, deps, failed_dep, missing, questions, log_run, log_attempt, pid,"
	     " pid_started, user_us, system_us, max_rss_kib, seq, pending, pending_ns, n_transient,"
	     " retry_ns, proc, definition, args, params, env, queued_ns, rank_ms, place, executor,"
	     " priority "
	     "FROM"
	     " execution ORDER BY id",
	        read_execution},
	    {"SELECT exec, number, error, info, exit_code, signal, started_ns, ended_ns, "
	     "pending_ns,"
	     " user_us, system_us, max_rss_kib FROM attempt ORDER BY exec, number",
	        read_attempt},
	    {"SELECT exec, value FROM result ORDER BY exec", read_result},
	    {"SELECT run, exec, since, error, info FROM member ORDER BY since, run, exec",
	        read_member},
	    {"SELECT proc, mean_ns FROM duration ORDER BY ended_ns", read_duration},
	};
	int result = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && result == 0; i++)
		result = each_row(loading, tables[i].sql, tables[i].read);
	return result;
}

/*
 * Deletes the shared rows that nothing refers to any more. Whether that succeeds is of no
 * importance: the next start tries again.
 */
static void sweep(struct store *store)
{
	struct shared_row *row, *next;
	bool has_begun = false;

	for (int table = 0; table < N_SHARED_TABLES; table++)
		HASH_ITER (by_key, store->shared[table], row, next) {
			if (row->n_references > 0)
				continue;
			if (!has_begun && store_begin(store) != 0)
				return;
			has_begun = true;
			store_count(store, (enum shared_table)table, row->key, 0);
		}
	if (has_begun)
		store_commit(store);
}

int store_load(
    struct store *store, struct restore *restore, struct core *core, const char *state_directory)
{
	struct loading loading = {store, restore, core, state_directory, NULL, NULL};
	struct loaded_definition *definition, *next_definition;
	struct loaded_params *params, *next_params;
	int result = load_all(&loading);

	HASH_ITER (by_key, loading.definitions, definition, next_definition) {
		HASH_DELETE(by_key, loading.definitions, definition);
		definition_unref(definition->definition);
		free(definition);
	}
	HASH_ITER (by_key, loading.params, params, next_params) {
		HASH_DELETE(by_key, loading.params, params);
		free(params->text);
		free(params);
	}
	if (result == 0)
		sweep(store);
	return result;
}
