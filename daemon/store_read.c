/*
 * What is read from the database beside the core's own: counters, settings, what requests did.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/store_internal.h"

/* --- columns --- */

const char *store_text_at(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

uint64_t store_id_at(sqlite3_stmt *row, int column)
{
	int64_t id = sqlite3_column_int64(row, column);

	return id > 0 ? (uint64_t)id : 0;
}

json_t *store_json_at(sqlite3_stmt *row, int column)
{
	const char *text = store_text_at(row, column);

	return text ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
}

int store_parse_numbers(const char *text, uint64_t **numbers, size_t *count)
{
	size_t max = 0;

	*numbers = NULL;
	*count = 0;
	if (text == NULL)
		return 0;
	if (*text != '[')
		return -1;
	while (*text != ']') {
		char *end;

		errno = 0;
		if (*count == max) {
			max = max ? 2 * max : 8;
			*numbers = mem_resize(*numbers, max, sizeof(**numbers));
		}
		(*numbers)[(*count)++] = strtoull(text + 1, &end, 10);
		if (errno != 0 || end == text + 1 || (*end != ',' && *end != ']'))
			return -1;
		text = end;
	}
	return text[1] == '\0' ? 0 : -1;
}

/* --- rows --- */

/* Nobody has counted further, and JSON could not say more exactly everywhere (RFC 7493, 2.2). */
#define COUNTER_MAX ((UINT64_C(1) << 53) - 1)

static bool is_counter(uint64_t value)
{
	return value > 0 && value <= COUNTER_MAX;
}

int store_get_counters(struct store *store, struct store_counters *counters)
{
	sqlite3_stmt *statement = NULL;
	int result = -1, stepped = SQLITE_ERROR;

	*counters = (struct store_counters){.run = 1, .exec = 1};
	if (store->db == NULL)
		return 0;
	if (sqlite3_prepare_v2(store->db,
	        "SELECT next_run, next_exec, seq, max((SELECT ifnull(max(seq), 0) FROM execution),"
	        " (SELECT ifnull(max(seq), 0) FROM run)) FROM counters",
	        -1, &statement, NULL) == SQLITE_OK &&
	    (stepped = sqlite3_step(statement)) == SQLITE_ROW) {
		counters->run = store_id_at(statement, 0);
		counters->exec = store_id_at(statement, 1);
		counters->seq = store_id_at(statement, 2);
		if (store_id_at(statement, 3) > counters->seq)
			counters->seq = store_id_at(statement, 3);
		result = is_counter(counters->run) && is_counter(counters->exec) &&
		                 counters->seq <= COUNTER_MAX
		             ? 0
		             : -1;
	}
	if (stepped == SQLITE_ROW || stepped == SQLITE_DONE) {
		if (result != 0)
			store_refuse(store, "counters", (int64_t)counters->run);
	} else {
		store_fail(store, store->path);
	}
	sqlite3_finalize(statement);
	return result;
}

json_t *store_get_setting(struct store *store, const char *name)
{
	sqlite3_stmt *statement = NULL;
	json_t *value = NULL;

	if (store->db == NULL)
		return NULL;
	if (sqlite3_prepare_v2(store->db, "SELECT value FROM setting WHERE name = ?1", -1,
	        &statement, NULL) == SQLITE_OK) {
		sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
		if (sqlite3_step(statement) == SQLITE_ROW)
			value = store_json_at(statement, 0);
	}
	sqlite3_finalize(statement);
	return value;
}

struct visiting {
	void (*visit)(const struct store_request *request, void *arg);
	void *arg;
};

static int visit_request(sqlite3_stmt *row, const struct visiting *visiting)
{
	json_t *answer = store_json_at(row, 3);
	uint64_t *execs;
	struct store_request request = {
	    .position = store_id_at(row, 0),
	    .id = store_text_at(row, 1),
	    .method = store_text_at(row, 2),
	    .answer = answer,
	    .run = store_id_at(row, 4),
	};
	int result = store_parse_numbers(store_text_at(row, 5), &execs, &request.n_execs);

	request.execs = execs;
	if (result == 0 && request.id != NULL && request.method != NULL)
		visiting->visit(&request, visiting->arg);
	free(execs);
	json_decref(answer);
	return 0; /* one that cannot be read is as good as forgotten */
}

int store_each_request(
    struct store *store, void (*visit)(const struct store_request *request, void *arg), void *arg)
{
	const struct visiting visiting = {visit, arg};
	sqlite3_stmt *statement = NULL;
	int stepped = SQLITE_DONE;

	if (store->db == NULL)
		return 0;
	if (sqlite3_prepare_v2(store->db,
	        "SELECT position, id, method, answer, run, execs FROM request ORDER BY position",
	        -1, &statement, NULL) != SQLITE_OK)
		return store_fail(store, store->path);
	while ((stepped = sqlite3_step(statement)) == SQLITE_ROW)
		visit_request(statement, &visiting);
	if (stepped != SQLITE_DONE)
		store_fail(store, store->path);
	sqlite3_finalize(statement);
	return stepped == SQLITE_DONE ? 0 : -1;
}
