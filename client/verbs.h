/*
 * The verbs: a table that says all that help, the parser and the manual's test need to know.
 */
#ifndef PARPROC_CLIENT_VERBS_H
#define PARPROC_CLIENT_VERBS_H

#include "client/options.h"

struct client;

enum verb_flag {
	VERB_LOOKS_ONLY = 1 << 0,   /* never starts a daemon */
	VERB_INSIDE = 1 << 1,       /* only for use inside a proc */
	VERB_TAKES_COMMAND = 1 << 2 /* what follows "--" is a command, not names */
};

/* What the words of a verb are, for completion. */
enum verb_words {
	WORDS_NONE,
	WORDS_NAMES,           /* of procs and protos */
	WORDS_NAMES_ARGUMENTS, /* and arguments of these protos, arg=value */
	WORDS_NAMES_RUNS,
	WORDS_RUNS,
	WORDS_VERBS,
	WORDS_SHELLS,
	WORDS_OPTIONS,
	WORDS_PARAMS,
	WORDS_METHOD, /* the first; the others are anything */
};

struct verb {
	const char *name;
	const char *usage;   /* what follows the name */
	const char *summary; /* one line */
	const char *details; /* more lines for help; or NULL */
	const struct option_spec *options;
	const char *examples; /* lines */
	unsigned flags;
	enum verb_words words;
	size_t min_words, max_words; /* names that it takes, with those after "--" */
	int (*run)(struct client *client);
};

/* All verbs; the last has no name. */
extern const struct verb verbs[];
/* Options that every verb has; the last has no name. */
extern const struct option_spec global_options[];

/* What the verbs do. Each returns ppctl's exit status. */
int verb_run(struct client *client);
int verb_create(struct client *client);
int verb_start(struct client *client);
int verb_wait(struct client *client);
int verb_open(struct client *client);
int verb_close(struct client *client);
int verb_results(struct client *client);
int verb_result(struct client *client);
int verb_status(struct client *client);
int verb_top(struct client *client);
int verb_list(struct client *client);
int verb_show(struct client *client);
int verb_plan(struct client *client);
int verb_graph(struct client *client);
int verb_why(struct client *client);
int verb_runs(struct client *client);
int verb_report(struct client *client);
int verb_trace(struct client *client);
int verb_logs(struct client *client);
int verb_cancel(struct client *client);
int verb_define(struct client *client);
int verb_undefine(struct client *client);
int verb_clear(struct client *client);
int verb_reload(struct client *client);
int verb_params(struct client *client);
int verb_options(struct client *client);
int verb_events(struct client *client);
int verb_context(struct client *client);
int verb_message(struct client *client);
int verb_return(struct client *client);
int verb_skip(struct client *client);
int verb_fail(struct client *client);
int verb_input(struct client *client);
int verb_ping(struct client *client);
int verb_version(struct client *client);
int verb_restart(struct client *client);
int verb_stop(struct client *client);
int verb_call(struct client *client);
int verb_completion(struct client *client);
int verb_help(struct client *client);

#endif
