/*
 * What options there are: those that every verb has, and those of each, as the table of verbs names
 * them.
 */
#include "client/verbs_options.h"

#include "client/verbs.h"

const struct option_spec global_options[] = {
    {"directory", 'C', "DIR", "the workspace of this directory, or the nearest above it"},
    {"socket", 'S', "PATH", "the daemon's socket"},
    {"run", 0, "R", "the run, by number or a name of your own (default: $PP_RUN)"},
    {"json", 0, NULL, "answer with one JSON document"},
    {"quiet", 'q', NULL, "say only what failed"},
    {"verbose", 'v', NULL, "say more"},
    {"no-start", 0, NULL, "start no daemon where none serves the workspace"},
    {"help", 'h', NULL, "help for the verb"},
    {"version", 'V', NULL, "the version of ppctl"},
    {0},
};

#define OPTION_PARAM                                                                               \
	{                                                                                          \
		"param", 0, "K=V", "a param for this run, over the workspace's (repeatable)"       \
	}
#define OPTION_AS                                                                                  \
	{                                                                                          \
		"as", 0, "NAME", "another name for the proc that is created"                       \
	}
#define OPTION_FULL                                                                                \
	{                                                                                          \
		"full", 0, NULL, "execute also what is up to date"                                 \
	}
#define OPTION_EXECUTOR                                                                            \
	{                                                                                          \
		"executor", 0, "NAME", "where what names no other executor runs"                   \
	}
#define OPTION_FAIL_FAST                                                                           \
	{                                                                                          \
		"fail-fast", 0, NULL, "cancel the rest of the run at the first failure"            \
	}

#define OPTION_PLAIN                                                                               \
	{                                                                                          \
		"plain", 0, NULL, "a line per change, and nothing drawn anew in the terminal"      \
	}

const struct option_spec run_options[] = {
    {"detach", 'd', NULL, "do not wait: print the run's number, as start does"},
    OPTION_EXECUTOR,
    OPTION_FAIL_FAST,
    OPTION_PARAM,
    OPTION_AS,
    OPTION_FULL,
    OPTION_PLAIN,
    {0},
};

const struct option_spec start_options[] = {
    OPTION_EXECUTOR, OPTION_FAIL_FAST, OPTION_PARAM, OPTION_AS, OPTION_FULL, {0}};

const struct option_spec create_options[] = {OPTION_AS, {0}};

const struct option_spec wait_options[] = {
    {"timeout", 't', "TIME", "give up after 500ms, 30s, 5m, 2h or 1d, with exit status 124"},
    OPTION_PLAIN,
    {0},
};

const struct option_spec result_options[] = {
    {"raw", 'r', NULL, "print a text bare, without quotes"},
    {0},
};

const struct option_spec logs_options[] = {
    {"follow", 'f', NULL, "go on until the execution has ended"},
    {"tail", 'n', "N", "only the last N lines"},
    {"attempt", 0, "N", "that of attempt N, where it was tried again"},
    {0},
};

const struct option_spec cancel_options[] = {
    {"all", 0, NULL, "everything that waits or runs, in all runs"},
    {"force", 0, NULL, "also what other runs share"},
    {"kill", 0, NULL, "with SIGKILL at once"},
    {0},
};

const struct option_spec define_options[] = {
    {"file", 'f', "FILE", "from a file with procs and protos, as in parproc.yaml; - is stdin"},
    {"replace", 0, NULL, "replace other definitions of the same names"},
    {"dep", 0, "D", "a dependency: a name, a pattern, special:no_failures, command:CMD"},
    {"rdep", 0, "R", "a reverse one: T, when_scheduled:T, when_target_scheduled:T"},
    {"lock", 0, "L", "a lock that it needs"},
    {"use", 0, "P=N", "how much of a pool it uses: mem=8GiB, db=1"},
    {"priority", 0, "N", "what has a higher one starts first"},
    {"retries", 0, "N", "how often it is tried again when it has failed"},
    {"executor", 0, "NAME", "where it runs"},
    {"wave", 0, "N", "its wave"},
    {"timeout", 0, "TIME", "500ms, 30s, 5m, 2h or 1d"},
    {"now", 0, NULL, "start it at once"},
    {"arg", 0, "A", "an argument: NAME[:TYPE][=DEFAULT]; str, int, float or bool"},
    {"param", 0, "K=V", "a param of its own"},
    {"env", 0, "K=V", "an environment variable"},
    {"cwd", 0, "DIR", "where it runs, relative to the workspace"},
    {"result", 0, "HOW", "file, or stdout: what it prints is its result"},
    {"description", 0, "TEXT", "what list says about it"},
    {0},
};

const struct option_spec clear_options[] = {
    {"definitions", 0, NULL, "forget what clients defined instead"},
    {0},
};

const struct option_spec runs_options[] = {
    {"limit", 'n', "N", "the newest N"},
    {0},
};

const struct option_spec plan_options[] = {
    {"tree", 0, NULL, "as a tree: below each proc what comes before it"},
    {"depth", 0, "N", "a tree that goes no more than N steps down"},
    {0},
};

const struct option_spec graph_options[] = {
    {"dot", 0, NULL, "as text for Graphviz (the default)"},
    {"svg", 0, NULL, "as a picture, which Graphviz's dot draws"},
    {"mermaid", 0, NULL, "as a flowchart for Mermaid"},
    {"output", 'o', "FILE", "into a file; - is standard output"},
    {0},
};

const struct option_spec record_options[] = {
    {"output", 'o', "FILE", "write to this file instead of standard output"},
    {0},
};

const struct option_spec events_options[] = {
    {"kind", 0, "KIND", "only state, run, input or define (repeatable)"},
    {0},
};

const struct option_spec input_options[] = {
    {"secret", 0, NULL, "do not show what is typed"},
    {0},
};
