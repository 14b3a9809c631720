/*
 * What the mutations of fuzz_requests are made of.
 */
#include "tests/fuzz/script_words.h"

#define CALL(method, params)                                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}\n"
#define START(params) CALL("start", "\"names\":[\"a\"]," params)
#define DEFINE(params) CALL("define", "\"replace\":true,\"definitions\":{" params "}")

const char *const script_lines[] = {"!exit 0 0\n", "!exit 1 0\n", "!exit 0 256\n", "!exit 2 9\n",
    "!exit 0 19712\n", "!exit 0 0 [\"a\",\"p::1\"]\n", "!exit 0 0 [\"1\",\"2\"]\n", "!left 0 0\n",
    "!spawn 0 2\n", "!started 0\n", "!tick 10\n", "!peer 0\n", "!peer 1\n", "!close\n", "!full 1\n",
    "!full 0\n", START("\"run\":1"), START("\"run\":\"r\""), START("\"params\":{\"k\":1}"),
    START("\"exec\":1"), START("\"fail_fast\":true"), CALL("run", "\"names\":[\"b\",\"p::*\"]"),
    CALL("run", "\"names\":[\"a\"],\"exec\":1,\"run\":1"),
    CALL("wait", "\"names\":[\"b\"],\"exec\":1"), CALL("wait", "\"run\":1"), CALL("wait", ""),
    CALL("wait", "\"run\":1,\"exec\":2"), CALL("open", "\"run\":\"r\""),
    CALL("close", "\"run\":\"r\""), CALL("open", "\"run\":1,\"for\":\"connection\""),
    CALL("cancel", "\"run\":1"), CALL("cancel", "\"names\":[\"a\"]"), CALL("clear", ""),
    CALL("cancel", "\"all\":true,\"kill\":true"), CALL("undefine", "\"names\":[\"a\"]"),
    CALL("create", "\"names\":[\"p::*\"]"), CALL("plan", "\"names\":[\"a\",\"b\"]"),
    CALL("graph", ""), CALL("graph", "\"names\":[\"a\",\"c\"],\"run\":1"),
    CALL("why", "\"name\":\"a\""), CALL("status", ""), CALL("subscribe", ""),
    CALL("input.ask", "\"exec\":1,\"prompt\":\"?\""), CALL("context", "\"exec\":1"),
    CALL("options.set", "\"values\":{\"parallel\":1,\"keep_runs\":1}"),
    CALL("options.set", "\"values\":{\"jobserver\":1}"),
    CALL("options.set", "\"values\":{\"jobserver\":\"off\"}"),
    DEFINE("\"procs\":{\"a\":{\"run\":\"a\",\"jobserver\":\"pipe\"},"
           "\"b\":{\"run\":\"b\",\"jobserver\":true}}"),
    CALL("options.set", "\"values\":{\"allow_missing_deps\":false}"),
    DEFINE("\"procs\":{\"a\":{\"run\":\"a\"},\"b\":{\"run\":\"b\",\"deps\":[\"a\"]}}"),
    DEFINE("\"procs\":{\"a\":{\"deps\":[\"b\",\"m\"],\"locks\":[\"l\"]}}"),
    DEFINE("\"procs\":{\"b\":{\"run\":\"b\",\"rdeps\":[\"a\"],\"wave\":1,\"now\":true}}"),
    DEFINE("\"procs\":{\"c\":{\"run\":\"c\",\"rdeps\":[{\"when_scheduled\":\"a\"},\"b\"]}}"),
    DEFINE("\"protos\":{\"p::[x]\":{\"args\":{\"x\":{\"choices\":[\"1\",\"2\"]}},\"run\":\"p\","
           "\"rdeps\":[{\"when_target_scheduled\":\"q::[x]\"}]}}"),
    DEFINE("\"protos\":{\"q::[x]\":{\"run\":\"q\",\"deps\":[\"p::[x]\",{\"command\":\"c\"}]}}")};

const char *const script_words[] = {"a", "b", "c", "m", "p::1", "p::2", "p::*", "q::1", "q::[x]",
    "p::[x]", "r", "l", "q", "0", "1", "2", "3", "4", "true", "false", "run", "start", "wait",
    "create", "cancel", "deps", "rdeps", "when_scheduled", "when_target_scheduled", "locks", "exec",
    "names", "command", "special", "no_failures"};

const size_t n_script_lines = sizeof(script_lines) / sizeof(script_lines[0]);
const size_t n_script_words = sizeof(script_words) / sizeof(script_words[0]);
