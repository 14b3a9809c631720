/*
 * The workspace's options: their names, defaults, and forms, as one table that the file,
 * options.set and options.get share.
 */
#ifndef PARPROC_WORKSPACE_OPTIONS_H
#define PARPROC_WORKSPACE_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/workspace/error.h"
#include "daemon/workspace/reader.h"
#include "daemon/workspace/schema.h"

enum workspace_mode { MODE_MP, MODE_SINGLE };
enum workspace_dynamic { DYNAMIC_AUTO, DYNAMIC_ALWAYS, DYNAMIC_NEVER };
enum workspace_env { ENV_CLIENT, ENV_DAEMON };

/* A number, or so many times the number of processors. */
struct parallel {
	uint32_t count; /* 0: factor says it */
	uint32_t factor;
};

#define OPTIONS_SEPARATOR_SIZE 17
#define OPTIONS_EXECUTOR_SIZE 65

struct workspace_options {
	struct parallel parallel;
	enum workspace_mode mode;
	enum workspace_dynamic dynamic;
	char separator[OPTIONS_SEPARATOR_SIZE];
	bool allow_missing_deps;
	bool full_log_on_failure;
	enum workspace_env env;
	int64_t kill_after_ns;
	int64_t max_result_bytes;
	int64_t max_log_bytes; /* 0: unlimited */
	uint32_t keep_runs;
	char executor[OPTIONS_EXECUTOR_SIZE]; /* of what names none */
	struct parallel jobserver;            /* factor and count 0: off */
};

/* The defaults. */
void workspace_options_init(struct workspace_options *options);

/*
 * Sets what values (an object) names; the others stay. As the file has them where reader has
 * positions; from a request, texts stand for numbers and booleans too, and what only the file can
 * set is refused. place: of values. 0, or -1: refused and options unchanged.
 */
int workspace_options_set(struct workspace_options *options, const json_t *values,
    const struct reader *reader, const struct place *place);

/* Takes what workspace_options_json() has printed, also what only a file can set; the rest is as it
 * was. */
void workspace_options_restore(struct workspace_options *options, const json_t *values);

/* All of them, as an object that workspace_options_set() reads as the same. NULL: out of memory. */
json_t *workspace_options_json(const struct workspace_options *options);

/* How many executions hold a slot at once: 1 and up. Counts the processors that this process may
 * use. */
uint32_t workspace_options_parallel(const struct workspace_options *options);

/* How many job tokens there are; 0: the jobserver is off. */
uint32_t workspace_options_jobserver(const struct workspace_options *options);

/* The shapes of the options in the workspace file, for schema.h. */
extern const struct schema_key options_keys[];

#endif
