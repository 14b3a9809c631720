/*
 * The table of methods. openrpc.json says the same for people and other languages; whoever changes
 * one changes both (tests/unit/test_openrpc.c compares). What a method takes is all here; whether
 * the values make sense is for its handler.
 */
#include "protocol/methods.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/nearest.h"

static const char *const hold_choices[] = {"connection", "run", NULL};
static const char *const state_choices[] = {
    "wanted", "running", "succeeded", "failed", "skipped", "up_to_date", NULL};
static const char *const kind_choices[] = {"state", "run", "input", "define", NULL};

#define PARAM(name_, types_, summary_)                                                             \
	{                                                                                          \
		.name = (name_), .types = (types_), .summary = (summary_)                          \
	}
#define REQUIRED(name_, types_, summary_)                                                          \
	{                                                                                          \
		.name = (name_), .types = (types_), .is_required = true, .summary = (summary_)     \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

/* Parameters that several methods share. */
#define P_AFTER                                                                                    \
	PARAM("after", PARAM_INTEGER, "the seq of the last event seen over an earlier connection")
#define P_ARGS                                                                                     \
	{                                                                                          \
		.name = "args", .types = PARAM_OBJECT,                                             \
		.item_types = PARAM_STRING | PARAM_NUMBER | PARAM_BOOLEAN,                         \
		.summary = "values of the protos' arguments"                                       \
	}
#define P_AS PARAM("as", PARAM_STRING, "another name for the one proc that is created")
#define P_BRIEF                                                                                    \
	PARAM("brief", PARAM_BOOLEAN, "events tell of a proc only what is neither null nor empty")
#define P_ENV                                                                                      \
	{                                                                                          \
		.name = "env", .types = PARAM_OBJECT, .item_types = PARAM_STRING,                  \
		.summary = "the environment that processes get"                                    \
	}
#define P_EXEC PARAM("exec", PARAM_INTEGER, "the asking process's own execution (PP_EXEC)")
#define P_EXECUTOR PARAM("executor", PARAM_STRING, "where what names no other one runs")
#define P_FAIL_FAST PARAM("fail_fast", PARAM_BOOLEAN, "cancel the rest at the first failure")
#define P_FULL PARAM("full", PARAM_BOOLEAN, "execute what is up to date too")
#define P_NAME REQUIRED("name", PARAM_STRING, "the name")
#define P_NAMES                                                                                    \
	{                                                                                          \
		.name = "names", .types = PARAM_ARRAY, .item_types = PARAM_STRING,                 \
		.summary = "names of procs"                                                        \
	}
#define P_NAMES_REQUIRED                                                                           \
	{                                                                                          \
		.name = "names", .types = PARAM_ARRAY, .is_required = true,                        \
		.item_types = PARAM_STRING, .summary = "names of procs or protos"                  \
	}
#define P_PARAMS PARAM("params", PARAM_OBJECT, "params of the run, over the workspace's")
#define P_REQUEST_ID                                                                               \
	PARAM("request_id", PARAM_STRING,                                                          \
	    "the same one again gets the first one's answer; what was refused is tried again")
#define P_RUN                                                                                      \
	PARAM("run", PARAM_INTEGER | PARAM_STRING, "the run's number, or the client's name for it")
#define P_STATES                                                                                   \
	{                                                                                          \
		.name = "states", .types = PARAM_ARRAY, .item_types = PARAM_STRING,                \
		.choices = state_choices,                                                          \
		.summary = "of events of kind state only those that tell of these states, or "     \
		           "that something is tried again"                                         \
	}
#define P_VALUES REQUIRED("values", PARAM_OBJECT, "what to set")

#define SCHEDULING_PARAMS                                                                          \
	P_ARGS, P_AS, P_ENV, P_EXEC, P_EXECUTOR, P_FAIL_FAST, P_FULL, P_NAMES_REQUIRED, P_PARAMS,  \
	    P_REQUEST_ID, P_RUN

static const struct method_param no_params[] = {END};
static const struct method_param change_params[] = {P_REQUEST_ID, END};
static const struct method_param values_params[] = {P_REQUEST_ID, P_VALUES, END};
static const struct method_param start_params[] = {SCHEDULING_PARAMS, END};
static const struct method_param named_params[] = {P_EXEC, P_NAME, P_RUN, END};
static const struct method_param log_params[] = {
    PARAM("attempt", PARAM_INTEGER, "which attempt's; the newest by default (0)"), P_EXEC, P_NAME,
    P_RUN, END};
static const struct method_param close_params[] = {P_EXEC, P_REQUEST_ID, P_RUN, END};
static const struct method_param undefine_params[] = {P_NAMES_REQUIRED, P_REQUEST_ID, END};
static const struct method_param results_params[] = {P_EXEC, P_NAMES, P_RUN, END};
static const struct method_param create_params[] = {
    P_ARGS,
    P_AS,
    PARAM("cursor", PARAM_INTEGER, "go on where an earlier answer ended"),
    P_ENV,
    P_EXEC,
    PARAM("limit", PARAM_INTEGER, "so many names at most; by default, or 0: 1,000"),
    P_NAMES_REQUIRED,
    P_REQUEST_ID,
    P_RUN,
    END,
};
static const struct method_param graph_params[] = {
    P_ARGS,
    PARAM("cursor", PARAM_STRING, "go on where an earlier answer ended"),
    P_EXEC,
    PARAM("limit", PARAM_INTEGER, "so many definitions at most"),
    P_NAMES,
    P_RUN,
    END,
};
static const struct method_param plan_params[] = {P_ARGS, P_EXEC, P_NAMES_REQUIRED, P_RUN, END};

static const struct method_param cancel_params[] = {
    PARAM("all", PARAM_BOOLEAN, "everything that is wanted or running"),
    P_EXEC,
    PARAM("force", PARAM_BOOLEAN, "also what other runs share"),
    PARAM("interrupt", PARAM_BOOLEAN, "SIGINT to what has a terminal first, once"),
    PARAM("kill", PARAM_BOOLEAN, "with SIGKILL at once"),
    P_NAMES,
    P_REQUEST_ID,
    P_RUN,
    END,
};

static const struct method_param clear_params[] = {
    PARAM("definitions", PARAM_BOOLEAN, "forget what clients defined instead"),
    P_REQUEST_ID,
    P_RUN,
    END,
};

static const struct method_param context_params[] = {
    REQUIRED("exec", PARAM_INTEGER, "the asking process's own execution (PP_EXEC)"),
    END,
};

static const struct method_param define_params[] = {
    REQUIRED("definitions", PARAM_OBJECT | PARAM_STRING,
        "procs and protos, as in the workspace file; or the text of such a file"),
    P_ENV,
    P_EXEC,
    PARAM("file", PARAM_STRING, "the name of that file, for errors"),
    PARAM("replace", PARAM_BOOLEAN, "replace other definitions of the same names"),
    P_REQUEST_ID,
    P_RUN,
    END,
};

static const struct method_param durations_params[] = {P_NAMES_REQUIRED, END};

static const struct method_param hello_params[] = {
    PARAM("client", PARAM_STRING, "the client's name and version"),
    PARAM("protocol", PARAM_INTEGER, "the version of the protocol that it speaks"),
    END,
};

static const struct method_param input_answer_params[] = {
    REQUIRED("id", PARAM_INTEGER, "which input: that of its event"),
    P_REQUEST_ID,
    REQUIRED("text", PARAM_STRING, "one line"),
    END,
};

static const struct method_param input_ask_params[] = {
    REQUIRED("exec", PARAM_INTEGER, "the asking process's own execution (PP_EXEC)"),
    REQUIRED("prompt", PARAM_STRING, "what is asked"),
    PARAM("secret", PARAM_BOOLEAN, "do not show what is typed"),
    END,
};

static const struct method_param message_params[] = {
    REQUIRED("exec", PARAM_INTEGER, "the asking process's own execution (PP_EXEC)"),
    P_REQUEST_ID,
    REQUIRED("text", PARAM_STRING, "one line for people"),
    END,
};

static const struct method_param open_params[] = {
    P_EXEC,
    {.name = "for",
        .types = PARAM_STRING,
        .choices = hold_choices,
        .summary = "what the hold ends with: this connection, or the run (the default)"},
    P_REQUEST_ID,
    P_RUN,
    END,
};

static const struct method_param run_params[] = {
    P_AFTER,
    P_BRIEF,
    SCHEDULING_PARAMS,
    P_STATES,
    PARAM("subscribe", PARAM_BOOLEAN,
        "send the run's events until the answer; first where what it has joined is"),
    PARAM("terminal", PARAM_BOOLEAN, "three descriptors come with the request"),
    END,
};

static const struct method_param runs_params[] = {
    PARAM("before", PARAM_INTEGER, "only runs with lower numbers"),
    PARAM("limit", PARAM_INTEGER, "so many at most"),
    END,
};

static const struct method_param status_params[] = {
    PARAM("cursor", PARAM_STRING, "go on where an earlier answer ended"),
    P_EXEC,
    PARAM("limit", PARAM_INTEGER, "so many procs at most"),
    P_NAMES,
    P_RUN,
    END,
};

static const struct method_param subscribe_params[] = {
    P_AFTER,
    P_BRIEF,
    P_EXEC,
    {.name = "kinds",
        .types = PARAM_ARRAY,
        .item_types = PARAM_STRING,
        .choices = kind_choices,
        .summary = "only events of these kinds"},
    P_NAMES,
    P_RUN,
    P_STATES,
    END,
};

static const struct method_param wait_params[] = {
    P_EXEC,
    P_NAMES,
    P_REQUEST_ID,
    P_RUN,
    PARAM("timeout", PARAM_NUMBER, "seconds; then the answer is the error timeout"),
    END,
};

const struct method protocol_methods[] = {
    {"cancel", "cancel executions", METHOD_CHANGES, cancel_params},
    {"clear", "forget runs that are over, or what clients defined", METHOD_CHANGES, clear_params},
    {"close", "take back one hold of a run", METHOD_CHANGES, close_params},
    {"context", "what a process that the daemon started may know", METHOD_LOOKS, context_params},
    {"create", "make procs from protos", METHOD_CHANGES | METHOD_SCHEDULES, create_params},
    {"define", "add procs and protos", METHOD_CHANGES | METHOD_SCHEDULES, define_params},
    {"durations", "how long procs take, by what is known of them", METHOD_LOOKS, durations_params},
    {"graph", "the graph of what a run would do, or of what is defined", METHOD_LOOKS,
        graph_params},
    {"hello", "exchange versions", METHOD_LOOKS | METHOD_ALWAYS, hello_params},
    {"input.answer", "answer what a process asks", METHOD_CHANGES, input_answer_params},
    /* No request_id: its answer, which may be a secret, is not kept for a repeat. */
    {"input.ask", "ask people for a line of text", METHOD_LOOKS | METHOD_WAITS, input_ask_params},
    {"list", "all that can be run", METHOD_LOOKS, no_params},
    {"log", "where the log of a proc is", METHOD_LOOKS, log_params},
    {"message", "set the info of the asking process's execution", METHOD_CHANGES, message_params},
    {"open", "hold a run open for what is still to be defined", METHOD_CHANGES, open_params},
    {"options.get", "the workspace's options", METHOD_LOOKS, no_params},
    {"options.set", "set options until the daemon ends", METHOD_CHANGES, values_params},
    {"params.get", "the workspace's params", METHOD_LOOKS, no_params},
    {"params.set", "set params until the daemon ends", METHOD_CHANGES, values_params},
    {"ping", "nothing but an answer", METHOD_LOOKS | METHOD_ALWAYS, no_params},
    {"plan", "what a run would do, in order", METHOD_LOOKS, plan_params},
    {"reload", "read the workspace file anew", METHOD_CHANGES | METHOD_SCHEDULES, change_params},
    {"restart", "have the installed daemon go on in place of this one", METHOD_CHANGES,
        change_params},
    {"results", "what procs left as their results", METHOD_LOOKS, results_params},
    {"run", "create, start and wait", METHOD_CHANGES | METHOD_WAITS | METHOD_SCHEDULES, run_params},
    {"runs", "the runs, newest first", METHOD_LOOKS, runs_params},
    {"show", "all about one proc, proto or run", METHOD_LOOKS, named_params},
    {"shutdown", "end the daemon", METHOD_CHANGES | METHOD_WAITS | METHOD_ALWAYS, change_params},
    {"start", "create and start", METHOD_CHANGES | METHOD_SCHEDULES, start_params},
    {"status", "the state of procs", METHOD_LOOKS, status_params},
    {"subscribe", "a snapshot, then events from that point on", METHOD_LOOKS, subscribe_params},
    {"undefine", "remove procs and protos that clients defined", METHOD_CHANGES, undefine_params},
    {"unsubscribe", "no more events", METHOD_LOOKS, no_params},
    {"wait", "until procs or a whole run are complete",
        METHOD_CHANGES | METHOD_WAITS | METHOD_SCHEDULES, wait_params},
    {"why", "why a proc waits, failed, was skipped or ran", METHOD_LOOKS, named_params},
};

const size_t protocol_method_count = sizeof(protocol_methods) / sizeof(protocol_methods[0]);

static int compare_name(const void *name, const void *method)
{
	return strcmp(name, ((const struct method *)method)->name);
}

const struct method *protocol_method_find(const char *name)
{
	return bsearch(name, protocol_methods, protocol_method_count, sizeof(protocol_methods[0]),
	    compare_name);
}

const char *protocol_method_nearest(const char *name)
{
	struct nearest nearest;
	size_t i;

	nearest_init(&nearest, name);
	for (i = 0; i < protocol_method_count; i++)
		nearest_offer(&nearest, protocol_methods[i].name);
	return nearest.best;
}
