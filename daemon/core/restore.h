/*
 * The way back: a core that is made of what was kept of another one (core_get_changes). What was
 * incomplete goes on; nothing that has happened is told again. Not kept, and therefore gone, are
 * waits: who waited asks anew.
 *
 * What is given is not trusted: a record that cannot be is refused, and the core is then to be
 * freed without anything else being done with it.
 */
#ifndef PARPROC_CORE_RESTORE_H
#define PARPROC_CORE_RESTORE_H

#include "daemon/core/core.h"

/* Texts and lists in records are borrowed; lists may be NULL where their count is 0. */

/* A text of params and the key that the store has it under (struct params). */
struct params_record {
	const char *text;
	int64_t key;
};

struct run_record {
	uint64_t id;
	const char *name; /* or NULL */
	struct params_record params;
	const char *executor; /* or NULL */
	int64_t created_ns;
	int64_t ended_ns; /* 0: it is active */
	uint32_t holds;
	uint32_t brief_holds;
	bool is_fail_fast;
	bool is_failed;
};

/* A command that has not answered (struct resolving). */
struct question_record {
	size_t dep;
	bool is_choices;
	const char *const *names;
	size_t n_names;
};

struct execution_record {
	uint64_t id;
	const char *proc;
	struct definition *definition; /* a reference is taken */
	const char *const *values;     /* one for each argument of definition */
	uint64_t run;                  /* the one of its first membership; 0: there is none */
	struct params_record params;
	uint32_t env;
	const char *executor; /* NULL: local */
	uint16_t attempt, n_transient;
	int16_t priority;
	int64_t retry_ns; /* 0, or of one that is WANTED again: when it is to be tried */
	enum execution_state state;
	enum execution_error error;
	enum execution_error ending;
	bool is_pending;
	bool is_standby; /* it may have been started, or not: RUNNING, unless core_returned() */
	int32_t exit_code;
	int32_t signal;
	const char *info; /* or NULL */
	int64_t queued_ns, started_ns, ended_ns;
	uint32_t rank_ms, place;
	const uint64_t *deps;
	size_t n_deps;
	uint64_t failed_dep; /* 0: none */
	const char *const *missing;
	size_t n_missing;
	const struct question_record *questions;
	size_t n_questions;
};

/* A membership beside the first, or what overrides the first. */
struct member_record {
	uint64_t run;
	uint64_t exec;
	uint64_t since;
	enum execution_error override;
	const char *info; /* or NULL */
};

struct restore;

/* For a core that is new. Calls come in the order of the functions below. */
struct restore *restore_begin(struct core *core);

/* Definitions as they are in force; definition is borrowed, the core takes references. */
int restore_proto(struct restore *restore, struct definition *definition);

/* proto: the name of the proto that it was created from; NULL: it has its own definition. */
int restore_proc(struct restore *restore, const char *name, struct definition *definition,
    const char *proto, const char *const *values);

/* In the order of their ids; 0, or -1: it cannot be. */
int restore_run(struct restore *restore, const struct run_record *record);
int restore_execution(struct restore *restore, const struct execution_record *record);

/* The one of that id; NULL: there was none. */
struct execution *restore_find(const struct restore *restore, uint64_t id);

/* In the order of since. */
int restore_member(struct restore *restore, const struct member_record *record);

/*
 * Puts together what was given, and frees restore. From here on changes are kept
 * (core_keep_changes). Executions that were RUNNING still are: the caller learns from the
 * supervisor what became of their processes. 0, or -1: it cannot be.
 */
int restore_finish(struct restore *restore, int64_t now_ns);

/* Frees restore where it is not to be finished. */
void restore_abandon(struct restore *restore);

#endif
