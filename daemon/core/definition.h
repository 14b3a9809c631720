/*
 * Definitions: what the workspace file, or a client, says that a proc or proto is. A definition
 * never changes once it is made; executions that have started with one keep it (by reference)
 * when another replaces it under the same name. It must not know where its parts were read from.
 */
#ifndef PARPROC_CORE_DEFINITION_H
#define PARPROC_CORE_DEFINITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/fault.h"

/* A string for /bin/sh -c (is_shell; words[0] is the text), or an argument vector. */
struct command {
	bool is_shell;
	char **words;
	size_t n_words; /* 0: there is none */
};

enum arg_type { ARG_STR, ARG_INT, ARG_FLOAT, ARG_BOOL };

/* An argument: a placeholder of the proto's name, or a constant, which needs a default. */
struct argument {
	char *name;
	enum arg_type type;
	char *default_text; /* NULL: none */
	char *description;  /* NULL: none */
	bool has_choices;   /* the list below; it may be empty */
	struct strings choices;
	struct command choices_command; /* asked for the list instead, when n_words > 0 */
	bool is_placeholder;            /* set by definition_check */
};

enum dep_kind { DEP_NAME, DEP_COMMAND, DEP_NO_FAILURES };

struct dep {
	enum dep_kind kind;
	char *text; /* DEP_NAME: a name, pattern or glob */
	struct command command;
};

enum rdep_kind { RDEP_PLAIN, RDEP_WHEN_SCHEDULED, RDEP_WHEN_TARGET_SCHEDULED };

struct rdep {
	enum rdep_kind kind;
	char *target;
};

struct variable {
	char *name;
	char *value;
};

/* How much of a pool an execution holds while it runs. */
struct use {
	char *pool; /* with placeholders */
	int64_t amount;
};

#define AMOUNT_MAX (INT64_C(1) << 53)
#define PRIORITY_MAX 1000

enum result_kind { RESULT_FILE, RESULT_STDOUT };

/* Whether its process is given the jobserver, and in which form: that of its make, or this one. */
enum jobserver_use { USES_NO_JOBSERVER, USES_JOBSERVER, USES_PIPE, USES_FIFO };

enum origin { ORIGIN_FILE, ORIGIN_CLIENT };

#define RETRY_TIMES_MAX 1000

/* When a process that has failed is tried again. */
struct retries {
	uint16_t times;   /* 0: never */
	uint16_t errors;  /* for what: bit N is enum execution_error N (model.h) */
	int64_t delay_ns; /* before the first time; */
	double backoff;   /* that many times as long before each further one, 1 and up */
};

struct definition {
	unsigned references;
	int32_t wave;
	bool is_proto;
	bool is_now;
	bool has_no_failures; /* among deps; set by definition_check */
	enum origin origin;
	struct dep *deps;
	size_t n_deps;
	size_t n_rdeps;
	struct rdep *rdeps;
	struct command run; /* n_words == 0: a collector */
	struct strings locks;
	struct use *uses;
	size_t n_uses;
	int16_t priority;   /* -PRIORITY_MAX to PRIORITY_MAX */
	int64_t timeout_ns; /* 0: none */
	struct argument *args;
	size_t n_args;
	char *name;
	char *description; /* NULL: none */
	char *cwd;         /* NULL: the workspace */
	struct variable *env;
	size_t n_env;
	enum result_kind result;
	enum jobserver_use jobserver;
	struct retries retries;
	char *executor;   /* NULL: that of the run, or of the options */
	char *params;     /* canonical JSON text of its own params, or NULL; opaque to the core */
	char *log_ignore; /* JSON text of its patterns, or NULL; opaque to the core */
	char *resources;  /* JSON text of what it needs there, or NULL; opaque to the core */
	char *source;     /* canonical JSON text of the whole; two definitions of equal text are the
	                     same */
	char *separator;  /* that it was checked with */
	int64_t key;      /* the store's own; 0: none */
};

/* An empty definition with one reference. Copies name. */
struct definition *definition_new(const char *name, bool is_proto, enum origin origin);

struct definition *definition_ref(struct definition *definition);

/* Frees it with its last reference; NULL is fine. */
void definition_unref(struct definition *definition);

/*
 * Checks what does not depend on other definitions: the name's form, placeholders, argument names
 * (none that would shadow PATH, HOME, SHELL, USER, IFS, LD_* or PP_*), defaults and choices against
 * types, and that the placeholders of deps are its own arguments. Marks what it says it sets, which
 * arguments are placeholders, and adds those that args leaves out (as str), in the order of the
 * name, first. Returns 0, or -1 with the fault filled in.
 */
int definition_check(struct definition *definition, const char *separator, struct fault *fault);

/* The index of the argument of that name (length bytes of text), or -1. */
int definition_find_arg(const struct definition *definition, const char *name, size_t length);

/*
 * text with each [x] that is an argument replaced by its value; other brackets stay as they are.
 * values: one for each argument of the definition. The caller frees the result.
 */
char *definition_fill(const struct definition *definition, char *const *values, const char *text);

/* An amount as people write it: "3", "8GiB". Answers text. */
const char *amount_print(int64_t amount, char *text, size_t size);

void command_clear(struct command *command);

/* "str", "int", "float" or "bool". */
const char *arg_type_name(enum arg_type type);

/* Whether text fits the type: 0, or -1. bool takes true/false/1/0/yes/no/on/off in any case. */
int arg_type_check(enum arg_type type, const char *text);

/* Whether text, of type bool and checked, means true. */
bool arg_type_is_true(const char *text);

#endif
