/*
 * From what is in memory to rows. Each function writes what its object is now, whatever it was; it
 * must not know why it changed.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/resolving.h"
#include "daemon/extra.h"
#include "daemon/store_internal.h"

static const char *const state_names[] = {
    "wanted", "running", "succeeded", "failed", "skipped", "up_to_date"};

const char *store_state_name(enum execution_state state)
{
	return state_names[state];
}

/* --- binding --- */

/* The text is borrowed until the statement is stepped. NULL is null. */
static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	if (text != NULL)
		sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

/* Unless it is 0, which is null. */
static void bind_number(sqlite3_stmt *statement, int at, int64_t value)
{
	if (value != 0)
		sqlite3_bind_int64(statement, at, value);
}

/* A text that is freed with the binding; NULL is null. */
static void bind_taken(sqlite3_stmt *statement, int at, char *text)
{
	if (text != NULL)
		sqlite3_bind_text(statement, at, text, -1, free);
}

static char *dump(const json_t *value)
{
	return value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}

char *store_list_texts(const char *const *texts, size_t count)
{
	json_t *list;
	char *text;

	if (count == 0 || texts == NULL)
		return NULL;
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(texts[i]));
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

/* [1,2,3], for the caller to free; NULL for none. */
static char *list_numbers(
    size_t count, uint64_t (*get)(const void *list, size_t i), const void *list)
{
	char *text, *end;

	if (count == 0)
		return NULL;
	end = text = mem_new(count + 1, MEM_NUMBER_SIZE);
	for (size_t i = 0; i < count; i++) {
		*end++ = i ? ',' : '[';
		mem_number(end, get(list, i));
		end += strlen(end);
	}
	memcpy(end, "]", 2);
	return text;
}

/* --- settings and counters --- */

int store_put_counters(struct store *store, const struct store_counters *counters)
{
	sqlite3_stmt *statement = store_prepare(store, SQL_PUT_COUNTERS);

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, (int64_t)counters->run);
	sqlite3_bind_int64(statement, 2, (int64_t)counters->exec);
	sqlite3_bind_int64(statement, 3, (int64_t)counters->seq);
	return store_step(store, statement);
}

int store_put_setting(struct store *store, const char *name, const json_t *value)
{
	sqlite3_stmt *statement = store_prepare(store, value ? SQL_PUT_SETTING : SQL_DROP_SETTING);

	if (statement == NULL)
		return -1;
	bind_text(statement, 1, name);
	bind_taken(statement, 2, dump(value));
	return store_step(store, statement);
}

/* --- shared rows --- */

int store_need_definition(struct store *store, struct definition *definition)
{
	sqlite3_stmt *statement;

	if (store_has_shared(store, SHARED_DEFINITIONS, definition->key))
		return 0;
	statement = store_prepare(store, SQL_PUT_DEFINITION);
	if (statement == NULL)
		return -1;
	definition->key = store->last_key[SHARED_DEFINITIONS] + 1;
	sqlite3_bind_int64(statement, 1, definition->key);
	bind_text(statement, 2, definition->name);
	bind_text(statement, 3, definition->is_proto ? "proto" : "proc");
	bind_text(statement, 4, definition->origin == ORIGIN_FILE ? "file" : "client");
	bind_text(statement, 5, definition->separator);
	bind_text(statement, 6, definition->source);
	if (store_step(store, statement) != 0)
		return -1;
	store_add_shared(store, SHARED_DEFINITIONS, definition->key);
	return 0;
}

int store_need_params(struct store *store, struct params *params)
{
	sqlite3_stmt *statement;

	if (store_has_shared(store, SHARED_PARAMS, params->key))
		return 0;
	statement = store_prepare(store, SQL_PUT_PARAMS);
	if (statement == NULL)
		return -1;
	params->key = store->last_key[SHARED_PARAMS] + 1;
	sqlite3_bind_int64(statement, 1, params->key);
	bind_text(statement, 2, params->text);
	if (store_step(store, statement) != 0)
		return -1;
	store_add_shared(store, SHARED_PARAMS, params->key);
	return 0;
}

/* --- names --- */

/* Deletes the row of a name. Sets the position that it had; or leaves it where there is none. */
static int drop_name(
    struct store *store, enum store_statement which, const char *name, int64_t *position)
{
	sqlite3_stmt *statement = store_prepare(store, which);
	int64_t key = 0;
	int result;

	if (statement == NULL)
		return -1;
	bind_text(statement, 1, name);
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		*position = sqlite3_column_int64(statement, 0);
		key = sqlite3_column_int64(statement, 1);
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		store_fail(store, "state database");
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	if (key != 0)
		store_count(store, SHARED_DEFINITIONS, key, -1);
	return result == SQLITE_ROW || result == SQLITE_DONE ? 0 : -1;
}

/* Of the statement that has just been stepped: whether there was no row of that name yet. */
static bool has_inserted(const struct store *store)
{
	return sqlite3_changes(store->db) > 0;
}

/* 1, 0: there is a row of that name, or -1. */
static int insert_proto(struct store *store, const struct proto *proto, int64_t position)
{
	sqlite3_stmt *statement;

	if (store_need_definition(store, proto->definition) != 0)
		return -1;
	statement = store_prepare(store, SQL_PUT_PROTO);
	if (statement == NULL)
		return -1;
	bind_text(statement, 1, proto->definition->name);
	sqlite3_bind_int64(statement, 2, position);
	sqlite3_bind_int64(statement, 3, proto->definition->key);
	if (store_step(store, statement) != 0)
		return -1;
	if (!has_inserted(store))
		return 0;
	store_count(store, SHARED_DEFINITIONS, proto->definition->key, 1);
	return 1;
}

/* The same. One that was created has its proto's definition. */
static int insert_proc(struct store *store, const struct proc *proc, int64_t position)
{
	struct definition *definition = proc->definition;
	sqlite3_stmt *statement;

	if (proc->proto == NULL && store_need_definition(store, definition) != 0)
		return -1;
	statement = store_prepare(store, SQL_PUT_PROC);
	if (statement == NULL)
		return -1;
	bind_text(statement, 1, proc->name);
	sqlite3_bind_int64(statement, 2, position);
	if (proc->proto == NULL) {
		sqlite3_bind_int64(statement, 3, definition->key);
	} else {
		bind_text(statement, 4, proc->proto->definition->name);
		bind_taken(statement, 5,
		    store_list_texts((const char *const *)proc->values, definition->n_args));
	}
	if (store_step(store, statement) != 0)
		return -1;
	if (!has_inserted(store))
		return 0;
	if (proc->proto == NULL)
		store_count(store, SHARED_DEFINITIONS, definition->key, 1);
	return 1;
}

/* Commonly a name is new; one that was there keeps its position. */

int store_put_proto(struct store *store, const char *name, const struct proto *proto)
{
	int64_t position = proto != NULL ? ++store->last_position : 0;
	int result = proto != NULL ? insert_proto(store, proto, position) : 0;

	if (result == 0)
		result = drop_name(store, SQL_DROP_PROTO, name, &position);
	if (result == 0 && proto != NULL)
		result = insert_proto(store, proto, position);
	return result < 0 ? -1 : 0;
}

int store_put_proc(struct store *store, const struct proc *proc)
{
	int64_t position = proc->is_defined ? ++store->last_position : 0;
	int result = proc->is_defined ? insert_proc(store, proc, position) : 0;

	if (result == 0)
		result = drop_name(store, SQL_DROP_PROC, proc->name, &position);
	if (result == 0 && proc->is_defined)
		result = insert_proc(store, proc, position);
	return result < 0 ? -1 : 0;
}

/* --- runs --- */

int store_put_run(struct store *store, const struct run *run)
{
	sqlite3_stmt *statement = store_prepare(store, SQL_PUT_RUN);
	const struct run_extra *extra = run->extra;

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, (int64_t)run->id);
	bind_text(statement, 2, run->name);
	bind_text(statement, 3, run->params ? run->params->text : "{}");
	bind_taken(statement, 4, extra ? dump(extra->params) : NULL);
	sqlite3_bind_int64(statement, 5, run->created_ns);
	bind_number(statement, 6, run->ended_ns);
	sqlite3_bind_int64(statement, 7, run->holds);
	sqlite3_bind_int64(statement, 8, run->is_fail_fast);
	sqlite3_bind_int64(statement, 9, run->is_failed);
	sqlite3_bind_int64(statement, 10, run->brief_holds);
	bind_number(statement, 11, extra ? (int64_t)extra->event_seq : 0);
	bind_text(statement, 12, run->executor);
	return store_step(store, statement);
}

static int drop_by_number(struct store *store, enum store_statement which, uint64_t number)
{
	sqlite3_stmt *statement = store_prepare(store, which);

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, (int64_t)number);
	return store_step(store, statement);
}

int store_drop_run(struct store *store, uint64_t run)
{
	if (drop_by_number(store, SQL_DROP_RUN_MEMBERS, run) != 0)
		return -1;
	return drop_by_number(store, SQL_DROP_RUN, run);
}

/* --- executions --- */

static uint64_t get_dep(const void *list, size_t i)
{
	return ((const struct execution *)list)->deps[i]->id;
}

static char *list_missing(const struct execution *execution)
{
	json_t *list;
	char *text;

	if (execution->missing == NULL)
		return NULL;
	list = json_array();
	for (const struct missing *at = execution->missing; at; at = at->next_of_execution)
		json_array_insert_new(list, 0, json_string(at->proc->name));
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

static char *list_questions(const struct execution *execution)
{
	json_t *list;
	char *text;

	if (execution->resolving == NULL)
		return NULL;
	list = json_array();
	for (const struct resolving *at = execution->resolving; at; at = at->next) {
		json_t *names = json_array();

		for (size_t i = 0; i < at->names.count; i++)
			json_array_append_new(names, json_string(at->names.items[i]));
		json_array_insert_new(list, 0,
		    json_pack("{s:I, s:b, s:o}", "dep", (json_int_t)at->dep, "choices",
		        at->definition != NULL, "names", names));
	}
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

static void bind_extra(sqlite3_stmt *statement, const struct exec_extra *extra)
{
	if (extra == NULL)
		return;
	bind_number(statement, 16, (int64_t)extra->log_run);
	bind_number(statement, 17, extra->log_attempt);
	bind_number(statement, 18, extra->pid);
	bind_number(statement, 19, extra->pid_started);
	bind_number(statement, 20, extra->user_us);
	bind_number(statement, 21, extra->system_us);
	bind_number(statement, 22, extra->max_rss_kib);
	bind_number(statement, 23, (int64_t)extra->event_seq);
	bind_number(statement, 25, extra->pending_ns);
}

/* What may change. */
static void bind_execution(sqlite3_stmt *statement, const struct execution *execution)
{
	sqlite3_bind_int64(statement, 1, (int64_t)execution->id);
	if (execution->first.run != NULL)
		sqlite3_bind_int64(statement, 2, (int64_t)execution->first.run->id);
	/* What stands by may run before anybody hears of it. */
	bind_text(statement, 3,
	    store_state_name(
	        execution->is_standby ? STATE_RUNNING : (enum execution_state)execution->state));
	bind_text(statement, 4, execution_error_name((enum execution_error)execution->error));
	bind_text(statement, 5, execution_error_name((enum execution_error)execution->ending));
	bind_text(statement, 6, execution->info);
	bind_number(statement, 37, execution->priority);
	sqlite3_bind_int64(statement, 7, execution->attempt);
	if (execution->exit_code >= 0)
		sqlite3_bind_int64(statement, 8, execution->exit_code);
	bind_number(statement, 9, execution->signal);
	bind_number(statement, 10, execution->started_ns);
	bind_number(statement, 11, execution->ended_ns);
	bind_taken(statement, 12, list_numbers(execution->n_deps, get_dep, execution));
	if (execution->failed_dep != NULL)
		sqlite3_bind_int64(statement, 13, (int64_t)execution->failed_dep->id);
	bind_taken(statement, 14, list_missing(execution));
	bind_taken(statement, 15, list_questions(execution));
	bind_number(statement, 24, execution->is_standby ? STORE_STANDBY : execution->is_pending);
	bind_number(statement, 26, execution->n_transient);
	bind_number(statement, 27, execution->is_retrying ? execution->deadline_ns : 0);
	bind_extra(statement, execution->extra);
}

static int insert_execution(struct store *store, const struct execution *execution)
{
	struct definition *definition = execution->definition;
	sqlite3_stmt *statement;

	if (store_need_definition(store, definition) != 0 ||
	    store_need_params(store, execution->params) != 0)
		return -1;
	statement = store_prepare(store, SQL_INSERT_EXECUTION);
	if (statement == NULL)
		return -1;
	bind_execution(statement, execution);
	bind_text(statement, 28, execution->proc->name);
	sqlite3_bind_int64(statement, 29, definition->key);
	bind_taken(statement, 30,
	    store_list_texts((const char *const *)execution->values, definition->n_args));
	sqlite3_bind_int64(statement, 31, execution->params->key);
	sqlite3_bind_int64(statement, 32, execution->env);
	sqlite3_bind_int64(statement, 33, execution->queued_ns);
	bind_number(statement, 34, execution->rank_ms);
	bind_number(statement, 35, execution->place);
	if (strcmp(execution_executor(execution), CORE_LOCAL) != 0)
		bind_text(statement, 36, execution_executor(execution));
	if (store_step(store, statement) != 0)
		return -1;
	store_count(store, SHARED_DEFINITIONS, definition->key, 1);
	store_count(store, SHARED_PARAMS, execution->params->key, 1);
	return 0;
}

static int update_execution(struct store *store, const struct execution *execution)
{
	sqlite3_stmt *statement = store_prepare(store, SQL_UPDATE_EXECUTION);

	if (statement == NULL)
		return -1;
	bind_execution(statement, execution);
	return store_step(store, statement);
}

static int put_member(struct store *store, const struct membership *member)
{
	sqlite3_stmt *statement = store_prepare(store, SQL_PUT_MEMBER);

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, (int64_t)member->run->id);
	sqlite3_bind_int64(statement, 2, (int64_t)member->execution->id);
	sqlite3_bind_int64(statement, 3, (int64_t)member->since);
	bind_text(statement, 4, execution_error_name(member->override));
	bind_text(statement, 5, member->override_info);
	return store_step(store, statement);
}

static int put_attempt(struct store *store, uint64_t exec, const struct attempt *attempt)
{
	sqlite3_stmt *statement = store_prepare(store, SQL_PUT_ATTEMPT);

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, (int64_t)exec);
	sqlite3_bind_int64(statement, 2, attempt->number);
	bind_text(statement, 3, execution_error_name((enum execution_error)attempt->error));
	bind_text(statement, 4, attempt->info);
	if (attempt->exit_code >= 0)
		sqlite3_bind_int64(statement, 5, attempt->exit_code);
	bind_number(statement, 6, attempt->signal);
	sqlite3_bind_int64(statement, 7, attempt->started_ns);
	sqlite3_bind_int64(statement, 8, attempt->ended_ns);
	bind_number(statement, 9, attempt->pending_ns);
	bind_number(statement, 10, attempt->user_us);
	bind_number(statement, 11, attempt->system_us);
	bind_number(statement, 12, attempt->max_rss_kib);
	return store_step(store, statement);
}

static int put_attempts(struct store *store, const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;
	int result = 0;

	for (size_t i = extra ? extra->attempts.n_stored : 0;
	     extra && i < extra->attempts.count && result == 0; i++)
		result = put_attempt(store, execution->id, &extra->attempts.items[i]);
	return result;
}

int store_put_execution(struct store *store, const struct execution *execution)
{
	int result = execution->is_stored ? update_execution(store, execution)
	                                  : insert_execution(store, execution);

	if (result == 0)
		result = put_attempts(store, execution);
	for (const struct membership *at = &execution->first; at && result == 0;
	     at = at->next_of_execution) {
		/* The execution's own row says the run of the first. */
		bool is_told = at == &execution->first && at->override == ERROR_NONE;

		if (at->run != NULL && at->is_changed && !is_told)
			result = put_member(store, at);
	}
	return result;
}

int store_put_result(struct store *store, uint64_t exec, const json_t *result)
{
	sqlite3_stmt *statement = store_prepare(store, SQL_PUT_RESULT);

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, (int64_t)exec);
	bind_taken(statement, 2, dump(result));
	return store_step(store, statement);
}

int store_drop_execution(struct store *store, const struct store_dropped *dropped)
{
	if (drop_by_number(store, SQL_DROP_EXECUTION, dropped->exec) != 0 ||
	    drop_by_number(store, SQL_DROP_RESULT, dropped->exec) != 0 ||
	    (dropped->has_attempts && drop_by_number(store, SQL_DROP_ATTEMPTS, dropped->exec) != 0))
		return -1;
	store_count(store, SHARED_DEFINITIONS, dropped->definition, -1);
	store_count(store, SHARED_PARAMS, dropped->params, -1);
	return 0;
}

/* --- requests, durations --- */

static uint64_t get_exec(const void *list, size_t i)
{
	return ((const uint64_t *)list)[i];
}

int store_put_request(struct store *store, const struct store_request *request)
{
	sqlite3_stmt *statement = store_prepare(store, SQL_PUT_REQUEST);

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, (int64_t)request->position);
	bind_text(statement, 2, request->id);
	bind_text(statement, 3, request->method);
	bind_taken(statement, 4, dump(request->answer));
	bind_number(statement, 5, (int64_t)request->run);
	bind_taken(statement, 6, list_numbers(request->n_execs, get_exec, request->execs));
	return store_step(store, statement);
}

int store_drop_request(struct store *store, uint64_t position)
{
	return drop_by_number(store, SQL_DROP_REQUEST, position);
}

int store_prune_durations(struct store *store)
{
	sqlite3_stmt *statement = store_prepare(store, SQL_PRUNE_DURATIONS);

	return statement ? store_step(store, statement) : -1;
}

int store_put_duration(struct store *store, const char *proc, int64_t ended_ns, int64_t duration_ns)
{
	sqlite3_stmt *statement = store_prepare(store, SQL_PUT_DURATION);

	if (statement == NULL)
		return -1;
	bind_text(statement, 1, proc);
	sqlite3_bind_int64(statement, 2, duration_ns);
	sqlite3_bind_int64(statement, 3, ended_ns);
	return store_step(store, statement);
}
