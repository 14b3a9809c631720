/*
 * The connection to the state database: opening and setting aside, transactions, statements, and
 * the count of who refers to shared rows. What is in the rows is in store_put.c and store_load.c,
 * what becomes of the files in store_files.c.
 */
#include "daemon/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/log.h"
#include "daemon/store_schema.h"
#include "daemon/supervisor/inject.h"

/* So long another writer may be in our way: at the start, and while the loop stands still. */
#define BUSY_START_MS 5000
#define BUSY_MS 50

int store_fail(struct store *store, const char *what)
{
	int code = sqlite3_errcode(store->db) & 0xff;

	/* SQLITE_ERROR: its tables are not what the statements are about. */
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR)
		store->is_broken = true;
	free(store->error);
	store->error = mem_print("%s: %s", what, sqlite3_errmsg(store->db));
	return -1;
}

int store_refuse(struct store *store, const char *what, int64_t id)
{
	store->is_broken = true;
	free(store->error);
	store->error = mem_print("%s: %s %lld cannot be", store->path, what, (long long)id);
	return -1;
}

const char *store_get_error(const struct store *store)
{
	return store->error ? store->error : "no error";
}

bool store_is_broken(const struct store *store)
{
	return store->is_broken;
}

void store_begin_service(struct store *store)
{
	if (store->db != NULL)
		sqlite3_busy_timeout(store->db, BUSY_MS);
}

bool store_is_durable(const struct store *store)
{
	return store->db != NULL;
}

/* --- statements --- */

sqlite3_stmt *store_prepare(struct store *store, enum store_statement which)
{
	sqlite3_stmt **statement = &store->statements[which];

	if (*statement == NULL && sqlite3_prepare_v3(store->db, store_statements[which], -1,
	                              SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK) {
		store_fail(store, "state database");
		return NULL;
	}
	return *statement;
}

int store_step(struct store *store, sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);

	if (result == SQLITE_ROW)
		result = SQLITE_DONE;
	if (result != SQLITE_DONE)
		store_fail(store, "state database");
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return result == SQLITE_DONE ? 0 : -1;
}

static int run_statement(struct store *store, enum store_statement which)
{
	sqlite3_stmt *statement = store_prepare(store, which);

	return statement ? store_step(store, statement) : -1;
}

/* --- shared rows --- */

static struct shared_row *find_shared(struct store *store, enum shared_table table, int64_t key)
{
	struct shared_row *row = store->last_found[table];

	if (row && row->key == key)
		return row;
	HASH_FIND(by_key, store->shared[table], &key, sizeof(key), row);
	if (row)
		store->last_found[table] = row;
	return row;
}

bool store_has_shared(struct store *store, enum shared_table table, int64_t key)
{
	return key != 0 && find_shared(store, table, key) != NULL;
}

void store_add_shared(struct store *store, enum shared_table table, int64_t key)
{
	struct shared_row *row = mem_new(1, sizeof(*row));

	row->key = key;
	HASH_ADD(by_key, store->shared[table], key, sizeof(row->key), row);
	if (key > store->last_key[table])
		store->last_key[table] = key;
	store_count(store, table, key, 0); /* where it is taken back, it was never there */
}

static void drop_shared(struct store *store, enum shared_table table, struct shared_row *row)
{
	if (store->last_found[table] == row)
		store->last_found[table] = NULL;
	HASH_DELETE(by_key, store->shared[table], row);
	free(row);
}

void store_count(struct store *store, enum shared_table table, int64_t key, int64_t difference)
{
	struct shared_row *row = find_shared(store, table, key);

	if (row == NULL)
		return;
	row->n_references += difference;
	if (!store->is_open)
		return;
	if (store->n_changes == store->max_changes) {
		store->max_changes = store->max_changes ? 2 * store->max_changes : 64;
		store->changes =
		    mem_resize(store->changes, store->max_changes, sizeof(*store->changes));
	}
	store->changes[store->n_changes++] = (struct shared_change){table, row, difference};
}

/* Deletes the rows that the transaction has left without anybody who refers to them. */
static int delete_unshared(struct store *store)
{
	static const enum store_statement drops[] = {
	    [SHARED_DEFINITIONS] = SQL_DROP_DEFINITION, [SHARED_PARAMS] = SQL_DROP_PARAMS};

	for (size_t i = 0; i < store->n_changes; i++) {
		const struct shared_change *change = &store->changes[i];
		sqlite3_stmt *statement;

		if (change->row->n_references > 0 || change->difference > 0)
			continue;
		statement = store_prepare(store, drops[change->table]);
		if (statement == NULL)
			return -1;
		sqlite3_bind_int64(statement, 1, change->row->key);
		if (store_step(store, statement) != 0)
			return -1;
	}
	return 0;
}

/* Forgets rows without references: those deleted now or, taken back, never written. */
static void settle_shared(struct store *store, bool is_kept)
{
	size_t n_dropped = 0;

	for (size_t i = 0; !is_kept && i < store->n_changes; i++)
		store->changes[i].row->n_references -= store->changes[i].difference;
	/* A row may have changed more than once: it is freed when no change is looked at any more.
	 */
	for (size_t i = 0; i < store->n_changes; i++) {
		const struct shared_change change = store->changes[i];

		if (change.row->n_references > 0 || change.row->is_dropped)
			continue;
		change.row->is_dropped = true;
		store->changes[n_dropped++] = change;
	}
	for (size_t i = 0; i < n_dropped; i++)
		drop_shared(store, store->changes[i].table, store->changes[i].row);
	store->n_changes = 0;
}

static void clear_shared(struct store *store)
{
	struct shared_row *row, *next;

	for (int table = 0; table < N_SHARED_TABLES; table++)
		HASH_ITER (by_key, store->shared[table], row, next)
			drop_shared(store, (enum shared_table)table, row);
	store->n_changes = 0;
}

/* --- transactions --- */

int store_begin(struct store *store)
{
	if (run_statement(store, SQL_BEGIN) != 0)
		return -1;
	store->is_open = true;
	return 0;
}

int store_commit(struct store *store)
{
	int result = delete_unshared(store);

	inject_death("commit");
	if (result == 0 && inject_failure("!commit")) {
		free(store->error);
		store->error = mem_copy("state database: database or disk is full");
		result = -1;
	}
	if (result != 0 || run_statement(store, SQL_COMMIT) != 0) {
		store_rollback(store);
		return -1;
	}
	store->is_open = false;
	settle_shared(store, true);
	return 0;
}

void store_rollback(struct store *store)
{
	char *error = store->error;

	if (!store->is_open)
		return;
	store->error = NULL;
	/* SQLite does it itself for some errors, which makes of this one more error. */
	if (!sqlite3_get_autocommit(store->db))
		run_statement(store, SQL_ROLLBACK);
	free(store->error);
	store->error = error;
	store->is_open = false;
	settle_shared(store, false);
}

/* --- opening --- */

static int execute(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK
	           ? 0
	           : store_fail(store, store->path);
}

/* The number that a pragma answers, or -1. */
static int64_t read_pragma(struct store *store, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int64_t value = -1;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	else
		store_fail(store, store->path);
	sqlite3_finalize(statement);
	return value;
}

/* Brings the tables to this version; 1: it is not a database of ours. */
static int migrate(struct store *store)
{
	int64_t id = read_pragma(store, "PRAGMA application_id");
	int64_t version = read_pragma(store, "PRAGMA user_version");
	int64_t n_tables = read_pragma(store, "SELECT count(*) FROM sqlite_master");
	char *sql;
	int result = 0;

	if (id == -1 || version == -1 || n_tables == -1)
		return -1;
	if (n_tables > 0 && (id != STORE_APPLICATION_ID || version < 1))
		return 1;
	if (version > STORE_VERSION) {
		free(store->error);
		store->error = mem_print("%s: a newer parproc has made it", store->path);
		return 1;
	}
	if (version == STORE_VERSION)
		return 0;
	if (execute(store, "BEGIN IMMEDIATE") != 0)
		return -1;
	for (int64_t at = version; at < STORE_VERSION && result == 0; at++)
		result = execute(store, store_migrations[at]);
	sql = mem_print("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
	    STORE_APPLICATION_ID, STORE_VERSION);
	if (result == 0)
		result = execute(store, sql);
	free(sql);
	return result;
}

/* 0; -1: it cannot be opened; 1: what is there is none of ours, or broken. */
static int connect(struct store *store)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW |
	            SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	int result = sqlite3_open_v2(store->path, &store->db, flags, NULL);

	if (result == SQLITE_OK) {
		sqlite3_busy_timeout(store->db, BUSY_START_MS);
		result =
		    execute(store, "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
		                   "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
		                   "PRAGMA foreign_keys = OFF; PRAGMA journal_size_limit = 4194304;"
		                   "PRAGMA wal_autocheckpoint = 4000;"
		                   "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;") == 0
		        ? SQLITE_OK
		        : sqlite3_errcode(store->db);
	} else {
		store_fail(store, store->path);
	}
	if (result == SQLITE_OK) {
		int migrated = migrate(store);

		if (migrated >= 0)
			return migrated;
	}
	return store->is_broken ? 1 : -1;
}

static void disconnect(struct store *store)
{
	for (int i = 0; i < N_STORE_STATEMENTS; i++) {
		sqlite3_finalize(store->statements[i]);
		store->statements[i] = NULL;
	}
	sqlite3_close(store->db);
	store->db = NULL;
	store->is_open = store->is_broken = false;
	clear_shared(store);
	memset(store->last_key, 0, sizeof(store->last_key));
	store->last_position = 0;
}

int store_set_aside(struct store *store, const char *why, char **error)
{
	char quoted[LOG_QUOTED_SIZE], *suffix;

	disconnect(store);
	if (store->is_left) {
		*error = mem_print(
		    "%s: %s, and this program is not the one to set it aside", store->path, why);
		return -1;
	}
	suffix = store_move_files(store);
	if (!suffix) {
		*error = mem_print("%s: cannot be set aside: %s", store->path, strerror(errno));
		return -1;
	}
	log_error("state database set aside, beginning without it as=state.db%s why=%s", suffix,
	    log_quote(quoted, why));
	free(suffix);
	if (connect(store) == 0)
		return 0;
	*error = mem_copy(store_get_error(store));
	return -1;
}

struct store *store_open(const char *state_directory, enum store_way way, char **error)
{
	struct store *store = mem_new(1, sizeof(*store));
	int result = 0;

	*error = NULL;
	if (state_directory == NULL)
		return store;
	store->directory = mem_copy(state_directory);
	store->path = mem_print("%s/state.db", state_directory);
	store->is_left = way == STORE_LEAVE;
	if (way == STORE_REPLACE && store_remove_files(store) != 0) {
		*error = mem_print("%s: %s", store->path, strerror(errno));
		result = -1;
	} else {
		result = connect(store);
		if (result == 1) {
			char *why = mem_copy(store_get_error(store));

			result = store_set_aside(
			    store, store->error ? why : "it is another program's", error);
			free(why);
		} else if (result == -1) {
			*error = mem_copy(store_get_error(store));
		}
	}
	if (result == 0)
		return store;
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	disconnect(store);
	free(store->changes);
	free(store->error);
	free(store->path);
	free(store->directory);
	free(store);
}
