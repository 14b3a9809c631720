/* What the parts of the kit for tests of the core share. */
#ifndef PARPROC_TESTS_UNIT_CORE_SCRIPT_H
#define PARPROC_TESTS_UNIT_CORE_SCRIPT_H

#include "tests/unit/core_kit.h"

/* A command that has not answered. */
struct kit_resolve {
	uint64_t id;
	char *name; /* of the proc */
};

/* A wait, until it is ended; with what it was for, to be asked anew. */
struct kit_wait {
	struct kit_wait *next;
	char *name;
	uint64_t id;          /* 0: it was answered by a core that is gone */
	unsigned n_done;      /* how often the core said that it is over */
	const char *state;    /* of one that was answered by a core that is gone */
	struct strings names; /* that it waits for */
	uint64_t run, exec;
	uint64_t *runs; /* without names and run: those that were active */
	size_t n_runs;
};

/* Asks for it, for the first time or again; 0, or -1 with the kit's fault. */
int script_ask(struct kit *kit, struct kit_wait *wait, const struct scope *scope, bool is_again);

/* Nobody waits any more. */
void script_end_wait(struct kit *kit, struct kit_wait *wait);

/* "pending", "ok", "failed", or the name of a fault. */
const char *script_wait_state(struct kit *kit, const struct kit_wait *wait);

/* Forgets all commands that have not answered. */
void script_forget_resolves(struct kit *kit);

/* The core has asked for an answer of a command of the named proc. */
void script_note_resolve(struct kit *kit, uint64_t id, const char *name);

void script_note_wait_done(struct kit *kit, uint64_t id);

/* Frees what the script left behind. */
void script_clear(struct kit *kit);

#define LINE_KEYWORDS 40

/* One line of a script, taken apart. */
struct line {
	struct kit *kit;
	const char *rest; /* the text after the command's word */
	struct strings names;
	struct strings expected; /* after "=>" */
	bool has_expected;
	struct keyword keywords[LINE_KEYWORDS];
	size_t n_keywords;
	char *text; /* of keywords */
	const char *as;
	bool is_fail_fast, is_force, is_kill, is_all;
	bool has_run;
	struct scope scope;
};

/* The run that the line names, or NULL. */
struct run *line_run(struct line *line);

/* The newest execution of the first name; without one the test fails. */
struct execution *line_execution(struct line *line);

/* Fails the test, naming the line, unless both lists are the same. */
void check_names(struct kit *kit, const struct strings *actual, const struct strings *expected,
    const char *what);

int play_end(struct line *line);
int play_wait(struct line *line);

/* The commands that only look: 0, or the test fails. */
int play_count(struct line *line);
int play_did(struct line *line);
int play_info(struct line *line);
int play_members(struct line *line);
int play_procs(struct line *line);
int play_reason(struct line *line);
int play_run(struct line *line);
int play_states(struct line *line);
int play_waits(struct line *line);

#endif
