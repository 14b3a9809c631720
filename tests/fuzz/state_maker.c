/*
 * Databases are put together in memory, in a transaction that is taken back afterwards, and written
 * as a whole: making them anew would take longer than all that is done with them.
 */
#include "tests/fuzz/state_maker.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/store_schema.h"
#include "daemon/supervisor_id.h"
#include "tests/fuzz/fuzz.h"

#define ROWS_MAX 300
#define PATCHES_MAX 16

struct patch {
	unsigned long at;
	const char *hex;
};

struct making {
	sqlite3 *db;
	struct patch patches[PATCHES_MAX];
	size_t n_patches;
	unsigned long n_bytes_max;
	bool is_regular;
};

/* --- the two that are empty --- */

static void execute(sqlite3 *db, const char *sql)
{
	FUZZ_CHECK(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void finish(sqlite3 *db)
{
	char *sql = mem_print("PRAGMA application_id = %d; PRAGMA user_version = %d;",
	    STORE_APPLICATION_ID, STORE_VERSION);

	execute(db, sql);
	execute(db, "UPDATE counters SET next_run = 1000, next_exec = 1000, seq = 1000");
	free(sql);
}

static sqlite3 *open_empty(void)
{
	sqlite3 *db;

	FUZZ_CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
	execute(db, "PRAGMA page_size = 1024");
	return db;
}

static sqlite3 *get_regular(void)
{
	static sqlite3 *db;

	if (db)
		return db;
	db = open_empty();
	for (int i = 0; i < STORE_VERSION; i++)
		execute(db, store_migrations[i]);
	finish(db);
	return db;
}

/* The same names without anything that SQLite would see to. */
static sqlite3 *get_loose(void)
{
	static sqlite3 *db;
	sqlite3_stmt *tables;

	if (db)
		return db;
	db = open_empty();
	FUZZ_CHECK(sqlite3_prepare_v2(get_regular(),
	               "SELECT 'CREATE TABLE ' || m.name || '(' || (SELECT group_concat(name)"
	               " FROM pragma_table_info(m.name)) || ')' FROM sqlite_master m"
	               " WHERE type = 'table'",
	               -1, &tables, NULL) == SQLITE_OK);
	while (sqlite3_step(tables) == SQLITE_ROW)
		execute(db, (const char *)sqlite3_column_text(tables, 0));
	sqlite3_finalize(tables);
	execute(db, "INSERT INTO counters VALUES(1, 1, 1, 0)");
	finish(db);
	return db;
}

/* --- rows --- */

static unsigned char *read_hex(const char *hex, size_t *length)
{
	unsigned char *bytes = mem_new(strlen(hex) / 2 + 1, 1);
	unsigned byte;

	for (*length = 0; sscanf(hex + 2 * *length, "%2x", &byte) == 1;) {
		bytes[(*length)++] = (unsigned char)byte;
		if (hex[2 * *length - 1] == '\0' || hex[2 * *length] == '\0')
			break;
	}
	return bytes;
}

static void bind_text(sqlite3_stmt *row, int at, const json_t *value)
{
	const char *text = json_string_value(value);
	unsigned char *bytes;
	size_t length;

	if (strcmp(text, "$self") == 0) {
		json_t *self = supervisor_id_get(getpid());

		sqlite3_bind_text(row, at, json_dumps(self, JSON_COMPACT), -1, free);
		json_decref(self);
		return;
	}
	if (text[0] != '~' && text[0] != '^') {
		sqlite3_bind_text(row, at, text, (int)json_string_length(value), SQLITE_TRANSIENT);
		return;
	}
	bytes = read_hex(text + 1, &length);
	if (text[0] == '~')
		sqlite3_bind_text(row, at, (char *)bytes, (int)length, free);
	else
		sqlite3_bind_blob(row, at, bytes, (int)length, free);
}

static void bind(sqlite3_stmt *row, int at, const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		bind_text(row, at, value);
		break;
	case JSON_INTEGER:
		sqlite3_bind_int64(row, at, json_integer_value(value));
		break;
	case JSON_REAL:
		sqlite3_bind_double(row, at, json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		sqlite3_bind_int64(row, at, json_is_true(value));
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
		sqlite3_bind_text(row, at, json_dumps(value, JSON_COMPACT), -1, free);
		break;
	case JSON_NULL:
		break;
	}
}

static bool is_word(const char *text)
{
	return text[0] && text[strspn(text, "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

/* How many columns the table has. */
static size_t count_columns(const struct making *making, const char *table)
{
	sqlite3_stmt *statement = NULL;
	size_t count = 0;

	FUZZ_CHECK(sqlite3_prepare_v2(making->db, "SELECT count(*) FROM pragma_table_info(?1)", -1,
	               &statement, NULL) == SQLITE_OK);
	sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		count = (size_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return count;
}

/* What SQLite does not take is left out. Columns that came with later versions may be missing. */
static void add_row(const struct making *making, const char *table, const char *text)
{
	json_t *values = json_loads(text, JSON_ALLOW_NUL, NULL);
	sqlite3_stmt *row = NULL;
	char *columns, *sql;
	size_t count = json_array_size(values), n_columns;

	if (!is_word(table) || count == 0 || count > 40) {
		json_decref(values);
		return;
	}
	n_columns = count_columns(making, table);
	if (count < n_columns)
		count = n_columns;
	columns = mem_new(2 * count, 1);
	memset(columns, ',', 2 * count - 1);
	for (size_t i = 0; i < count; i++)
		columns[2 * i] = '?';
	sql = mem_print("INSERT OR REPLACE INTO %s VALUES(%s)", table, columns);
	if (sqlite3_prepare_v2(making->db, sql, -1, &row, NULL) == SQLITE_OK) {
		for (size_t i = 0; i < count; i++)
			bind(row, (int)i + 1, json_array_get(values, i));
		(void)sqlite3_step(row);
	}
	sqlite3_finalize(row);
	free(sql);
	free(columns);
	json_decref(values);
}

static void drop_table(struct making *making, const char *table)
{
	char *sql;

	if (!is_word(table))
		return;
	sql = mem_print("DROP TABLE %s", table);
	if (sqlite3_exec(making->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		making->is_regular = false;
	free(sql);
}

/* --- the script --- */

static void add_patch(struct making *making, const char *text)
{
	char *end;
	struct patch patch = {.at = strtoul(text, &end, 10)};

	if (making->n_patches == PATCHES_MAX || *end != ' ')
		return;
	patch.hex = end + 1;
	making->patches[making->n_patches++] = patch;
	making->is_regular = false;
}

/* False: the line is not about the database. */
static bool take_line(struct making *making, char *line)
{
	char *blank = strchr(line, ' ');

	if (line[0] == '@' && blank) {
		*blank = '\0';
		add_row(making, line + 1, blank + 1);
		*blank = ' ';
	} else if (strncmp(line, "!drop ", 6) == 0) {
		drop_table(making, line + 6);
	} else if (strncmp(line, "!cut ", 5) == 0) {
		making->n_bytes_max = strtoul(line + 5, NULL, 10);
		making->is_regular = false;
	} else if (strncmp(line, "!patch ", 7) == 0) {
		add_patch(making, line + 7);
	} else {
		return line[0] == '\0' || line[0] == '@';
	}
	return true;
}

/* Returns where the lines about the database end. */
static char *take_lines(struct making *making, char *script, char *end)
{
	char *line = script;

	for (int n = 0; line < end && n < ROWS_MAX; n++) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		bool is_taken;

		if (!newline)
			newline = end;
		*newline = '\0';
		is_taken = take_line(making, line);
		if (newline < end)
			*newline = '\n';
		if (!is_taken)
			return line;
		line = newline + (newline < end);
	}
	return line;
}

/* --- the file --- */

void state_write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "we");

	FUZZ_CHECK(file && fwrite(bytes, 1, size, file) == size);
	FUZZ_CHECK(fclose(file) == 0);
}

static void apply_patch(const struct patch *patch, unsigned char *bytes, size_t size)
{
	size_t length;
	unsigned char *new_bytes = read_hex(patch->hex, &length);

	if (patch->at < size)
		memcpy(bytes + patch->at, new_bytes,
		    length < size - patch->at ? length : size - patch->at);
	free(new_bytes);
}

static void write_database(const struct making *making, const char *path)
{
	sqlite3_int64 length;
	unsigned char *bytes = sqlite3_serialize(making->db, "main", &length, 0);
	size_t size = (size_t)length;

	FUZZ_CHECK(bytes);
	bytes[18] = bytes[19] = 2; /* it has a write-ahead log, as the daemon's */
	for (size_t i = 0; i < making->n_patches; i++)
		apply_patch(&making->patches[i], bytes, size);
	state_write_file(path, bytes, making->n_bytes_max < size ? making->n_bytes_max : size);
	sqlite3_free(bytes);
}

char *state_make(const char *path, char *script, size_t size, bool *is_regular)
{
	struct making making = {.n_bytes_max = SIZE_MAX, .is_regular = true};
	char *rest = script;

	if (size >= 7 && memcmp(script, "!loose\n", 7) == 0) {
		making.is_regular = false;
		rest += 7;
	}
	making.db = making.is_regular ? get_regular() : get_loose();
	execute(making.db, "BEGIN");
	rest = take_lines(&making, rest, script + size);
	write_database(&making, path);
	execute(making.db, "ROLLBACK");
	*is_regular = making.is_regular;
	return rest;
}
