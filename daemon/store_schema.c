/*
 * SQL. A change of the tables is another migration, never a change of one that was released.
 */
#include "daemon/store_schema.h"

const char *const store_migrations[STORE_VERSION] = {
    /* 0 -> 1 */
    "CREATE TABLE counters(id INTEGER PRIMARY KEY CHECK(id = 1), next_run INTEGER NOT NULL,"
    "  next_exec INTEGER NOT NULL, seq INTEGER NOT NULL);"
    "INSERT INTO counters VALUES(1, 1, 1, 0);"
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE definition(id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL,"
    "  origin TEXT NOT NULL, separator TEXT NOT NULL, body TEXT NOT NULL);"
    "CREATE TABLE params(id INTEGER PRIMARY KEY, body TEXT NOT NULL);"
    "CREATE TABLE proto(name TEXT PRIMARY KEY, position INTEGER NOT NULL,"
    "  definition INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE proc(name TEXT PRIMARY KEY, position INTEGER NOT NULL, definition INTEGER,"
    "  proto TEXT, args TEXT) WITHOUT ROWID;"
    "CREATE TABLE run(id INTEGER PRIMARY KEY, name TEXT, params TEXT NOT NULL, overrides TEXT,"
    "  created_ns INTEGER NOT NULL, ended_ns INTEGER, holds INTEGER NOT NULL,"
    "  brief_holds INTEGER NOT NULL, seq INTEGER,"
    "  fail_fast INTEGER NOT NULL, failed INTEGER NOT NULL);"
    "CREATE TABLE execution(id INTEGER PRIMARY KEY, proc TEXT NOT NULL,"
    "  definition INTEGER NOT NULL, args TEXT, params INTEGER NOT NULL, env INTEGER NOT NULL,"
    "  queued_ns INTEGER NOT NULL, run INTEGER, state TEXT NOT NULL, error TEXT, ending TEXT,"
    "  info TEXT, attempt INTEGER NOT NULL, exit_code INTEGER, signal INTEGER,"
    "  started_ns INTEGER, ended_ns INTEGER, deps TEXT, failed_dep INTEGER, missing TEXT,"
    "  questions TEXT, log_run INTEGER, log_attempt INTEGER, pid INTEGER, pid_started INTEGER,"
    "  user_us INTEGER, system_us INTEGER, max_rss_kib INTEGER, seq INTEGER);"
    "CREATE TABLE member(run INTEGER NOT NULL, exec INTEGER NOT NULL, since INTEGER NOT NULL,"
    "  error TEXT, info TEXT, PRIMARY KEY(run, exec)) WITHOUT ROWID;"
    "CREATE TABLE result(exec INTEGER PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE request(position INTEGER PRIMARY KEY, id TEXT NOT NULL, method TEXT NOT NULL,"
    "  answer TEXT, run INTEGER, execs TEXT);"
    "CREATE TABLE duration(proc TEXT PRIMARY KEY, n INTEGER NOT NULL, mean_ns INTEGER NOT NULL,"
    "  last_ns INTEGER NOT NULL, ended_ns INTEGER NOT NULL) WITHOUT ROWID;",
    /* 1 -> 2 */
    "ALTER TABLE execution ADD COLUMN rank_ms INTEGER;"
    "ALTER TABLE execution ADD COLUMN place INTEGER;",
    /* 2 -> 3 */
    "ALTER TABLE execution ADD COLUMN pending INTEGER;"
    "ALTER TABLE execution ADD COLUMN pending_ns INTEGER;"
    "ALTER TABLE execution ADD COLUMN executor TEXT;"
    "ALTER TABLE run ADD COLUMN executor TEXT;"
    "ALTER TABLE execution ADD COLUMN n_transient INTEGER;"
    "ALTER TABLE execution ADD COLUMN retry_ns INTEGER;"
    "ALTER TABLE execution ADD COLUMN priority INTEGER;"
    "CREATE TABLE attempt(exec INTEGER NOT NULL, number INTEGER NOT NULL, error TEXT, info TEXT,"
    "  exit_code INTEGER, signal INTEGER, started_ns INTEGER NOT NULL, ended_ns INTEGER NOT NULL,"
    "  pending_ns INTEGER, user_us INTEGER, system_us INTEGER, max_rss_kib INTEGER,"
    "  PRIMARY KEY(exec, number)) WITHOUT ROWID;",
};

const char *const store_statements[N_STORE_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_PUT_COUNTERS] = "UPDATE counters SET next_run = ?1, next_exec = ?2, seq = ?3 WHERE id = 1",
    [SQL_PUT_SETTING] = "INSERT OR REPLACE INTO setting(name, value) VALUES(?1, ?2)",
    [SQL_DROP_SETTING] = "DELETE FROM setting WHERE name = ?1",
    [SQL_PUT_DEFINITION] = "INSERT INTO definition(id, name, kind, origin, separator, body)"
                           " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_DROP_DEFINITION] = "DELETE FROM definition WHERE id = ?1",
    [SQL_PUT_PARAMS] = "INSERT INTO params(id, body) VALUES(?1, ?2)",
    [SQL_DROP_PARAMS] = "DELETE FROM params WHERE id = ?1",
    [SQL_PUT_PROC] = "INSERT INTO proc(name, position, definition, proto, args)"
                     " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    [SQL_DROP_PROC] = "DELETE FROM proc WHERE name = ?1 RETURNING position, definition",
    [SQL_PUT_PROTO] = "INSERT INTO proto(name, position, definition) VALUES(?1, ?2, ?3)"
                      " ON CONFLICT DO NOTHING",
    [SQL_DROP_PROTO] = "DELETE FROM proto WHERE name = ?1 RETURNING position, definition",
    [SQL_PUT_RUN] = "INSERT OR REPLACE INTO run(id, name, params, overrides, created_ns, ended_ns,"
                    " holds, fail_fast, failed, brief_holds, seq, executor)"
                    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [SQL_DROP_RUN] = "DELETE FROM run WHERE id = ?1",
    [SQL_DROP_RUN_MEMBERS] = "DELETE FROM member WHERE run = ?1",
    [SQL_INSERT_EXECUTION] =
        "INSERT INTO execution(id, run, state, error, ending, info, attempt, exit_code, signal,"
        " started_ns, ended_ns, deps, failed_dep, missing, questions, log_run, log_attempt, pid,"
        " pid_started, user_us, system_us, max_rss_kib, seq, pending, pending_ns, n_transient,"
        " retry_ns, proc, definition,"
        " args, params, env, queued_ns, rank_ms, place, executor, priority) VALUES(?1, ?2, ?3, ?4, "
        "?5, ?6, "
        "?7, ?8,"
        " ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,"
        " ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33,"
        " ?34, ?35, ?36, ?37)",
    [SQL_UPDATE_EXECUTION] =
        "UPDATE execution SET run = ?2, state = ?3, error = ?4, ending = ?5, info = ?6,"
        " attempt = ?7, exit_code = ?8, signal = ?9, started_ns = ?10, ended_ns = ?11,"
        " deps = ?12, failed_dep = ?13, missing = ?14, questions = ?15, log_run = ?16,"
        " log_attempt = ?17, pid = ?18, pid_started = ?19, user_us = ?20, system_us = ?21,"
        " max_rss_kib = ?22, seq = ?23, pending = ?24, pending_ns = ?25, n_transient = ?26,"
        " retry_ns = ?27, priority = ?37 WHERE id = ?1",
    [SQL_DROP_EXECUTION] = "DELETE FROM execution WHERE id = ?1",
    [SQL_PUT_ATTEMPT] = "INSERT OR REPLACE INTO attempt(exec, number, error, info, exit_code,"
                        " signal, started_ns, ended_ns, pending_ns, user_us, system_us,"
                        " max_rss_kib) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [SQL_DROP_ATTEMPTS] = "DELETE FROM attempt WHERE exec = ?1",
    [SQL_DROP_RESULT] = "DELETE FROM result WHERE exec = ?1",
    [SQL_PUT_MEMBER] = "INSERT OR REPLACE INTO member(run, exec, since, error, info)"
                       " VALUES(?1, ?2, ?3, ?4, ?5)",
    [SQL_PUT_RESULT] = "INSERT OR REPLACE INTO result(exec, value) VALUES(?1, ?2)",
    [SQL_PUT_REQUEST] = "INSERT OR REPLACE INTO request(position, id, method, answer, run, execs)"
                        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_DROP_REQUEST] = "DELETE FROM request WHERE position = ?1",
    /* Recent ones count more: each new one a quarter. */
    [SQL_PUT_DURATION] =
        "INSERT INTO duration(proc, n, mean_ns, last_ns, ended_ns) VALUES(?1, 1, ?2, ?2, ?3)"
        " ON CONFLICT(proc) DO UPDATE SET n = n + 1,"
        " mean_ns = mean_ns + (excluded.last_ns - mean_ns) / 4, last_ns = excluded.last_ns,"
        " ended_ns = excluded.ended_ns",
    [SQL_PRUNE_DURATIONS] =
        "DELETE FROM duration WHERE proc IN (SELECT proc FROM duration ORDER BY ended_ns DESC"
        " LIMIT -1 OFFSET 10000)",
};
