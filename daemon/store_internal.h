/*
 * The store from the inside, for store*.c alone: the connection, its statements, and the texts
 * that rows share.
 */
#ifndef PARPROC_DAEMON_STORE_INTERNAL_H
#define PARPROC_DAEMON_STORE_INTERNAL_H

#include <sqlite3.h>

#include "daemon/core/hash.h"
#include "daemon/store.h"

/* In the column pending: it stands by (core/standby.h), so it may have been started. */
#define STORE_STANDBY 2

/* Statements are prepared when they are first needed, and kept. */
enum store_statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_PUT_COUNTERS,
	SQL_PUT_SETTING,
	SQL_DROP_SETTING,
	SQL_PUT_DEFINITION,
	SQL_DROP_DEFINITION,
	SQL_PUT_PARAMS,
	SQL_DROP_PARAMS,
	SQL_PUT_PROC,
	SQL_DROP_PROC,
	SQL_PUT_PROTO,
	SQL_DROP_PROTO,
	SQL_PUT_RUN,
	SQL_DROP_RUN,
	SQL_DROP_RUN_MEMBERS,
	SQL_INSERT_EXECUTION,
	SQL_UPDATE_EXECUTION,
	SQL_DROP_EXECUTION,
	SQL_DROP_RESULT,
	SQL_PUT_ATTEMPT,
	SQL_DROP_ATTEMPTS,
	SQL_PUT_MEMBER,
	SQL_PUT_RESULT,
	SQL_PUT_REQUEST,
	SQL_DROP_REQUEST,
	SQL_PUT_DURATION,
	SQL_PRUNE_DURATIONS,
	N_STORE_STATEMENTS,
};

/* A row that others refer to by its key; it goes with the last of them. */
struct shared_row {
	UT_hash_handle by_key;
	int64_t key;
	int64_t n_references;
	bool is_dropped; /* to be freed at the end of the transaction */
};

/* The tables of such rows. */
enum shared_table { SHARED_DEFINITIONS, SHARED_PARAMS, N_SHARED_TABLES };

/* A change of a count, to be taken back where the transaction is. */
struct shared_change {
	enum shared_table table;
	struct shared_row *row;
	int64_t difference;
};

struct store {
	sqlite3 *db; /* NULL: nothing is kept */
	char *directory;
	char *path;
	char *error;
	sqlite3_stmt *statements[N_STORE_STATEMENTS];
	struct shared_row *shared[N_SHARED_TABLES];
	struct shared_row *last_found[N_SHARED_TABLES]; /* commonly the next is the same; or NULL */
	int64_t last_key[N_SHARED_TABLES];
	bool is_left;                  /* opened by STORE_LEAVE */
	struct shared_change *changes; /* of the transaction */
	size_t n_changes, max_changes;
	int64_t last_position; /* of a proc or proto */
	bool is_open;          /* a transaction is */
	bool is_broken;        /* what is in the database is of no use */
};

/* The statement, with nothing bound; NULL: the error is set. */
sqlite3_stmt *store_prepare(struct store *store, enum store_statement which);

/* Executes a statement that answers nothing. 0, or -1. */
int store_step(struct store *store, sqlite3_stmt *statement);

/* Keeps SQLite's words, after what was being done. Returns -1. */
int store_fail(struct store *store, const char *what);

/* The same where a row cannot be: the database is broken. Returns -1. */
int store_refuse(struct store *store, const char *what, int64_t id);

/* Counts references to a row; difference may be negative. The row has to be there. */
void store_count(struct store *store, enum shared_table table, int64_t key, int64_t difference);

bool store_has_shared(struct store *store, enum shared_table table, int64_t key);

/* Makes a row known that has just been written, or read. */
void store_add_shared(struct store *store, enum shared_table table, int64_t key);

/* Writes the definition, or params, if it is not there; sets its key. */
int store_need_definition(struct store *store, struct definition *definition);
int store_need_params(struct store *store, struct params *params);

/* JSON arrays as text, for the caller to free. NULL for an empty one. */
char *store_list_texts(const char *const *texts, size_t count);

/* A column of a row: a text (valid until the next step), a number above 0 (else 0), JSON (a new
 * reference; NULL is also what is none). */
const char *store_text_at(sqlite3_stmt *row, int column);
uint64_t store_id_at(sqlite3_stmt *row, int column);
json_t *store_json_at(sqlite3_stmt *row, int column);

/* The numbers of a text like [1,2,3], or NULL, for the caller to free. 0, or -1: it is none. */
int store_parse_numbers(const char *text, uint64_t **numbers, size_t *count);

/* Removes the files of the database, whether there are any or not. 0, or -1 with errno. */
int store_remove_files(const struct store *store);

/*
 * Gives them, and the logs, names of their own. What was added to the names, for the caller to
 * free; NULL with errno.
 */
char *store_move_files(const struct store *store);

/* "wanted", …, and back; -1: no such. */
const char *store_state_name(enum execution_state state);
int store_find_state(const char *name);
int store_find_error(const char *name);

#endif
