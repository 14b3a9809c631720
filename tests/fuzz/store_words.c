/*
 * What the mutations of fuzz_store are made of: rows, and a little of what comes after them.
 */
#include "tests/fuzz/script_words.h"

#define CALL(method, params)                                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}\n"
#define EXECUTION(id, proc, definition, args, run, state, error, rest)                             \
	"@execution [" id ",\"" proc "\"," definition "," args ",1,0,5," run ",\"" state           \
	"\"," error "," rest "]\n"

/* The rest of a row: ending, info, attempt, exit_code, signal, started_ns, ended_ns, deps,
 * failed_dep, missing, questions. */
#define WAITS(deps, missing, questions)                                                            \
	"null,null,0,null,null,null,null," deps ",null," missing "," questions
#define RUNS(ending) "" ending ",\"i\",1,null,null,6,null,null,null,null,null,1,1,7,7,1,1,1,9"
#define ENDED(deps, failed) "null,\"i\",1,0,null,6,7," deps "," failed ",null,null,1,1"

const char *const script_lines[] = {
    "@counters [1,10,10,10]\n",
    "@setting [\"supervisor\",\"$self\"]\n",
    "@setting [\"workspace\",{\"options\":{\"parallel\":1,\"keep_runs\":1},\"pools\":{\"q\":4}}]\n",
    "@definition [1,\"a\",\"proc\",\"client\",\"::\",{\"run\":\"a\",\"locks\":[\"l\"],"
    "\"use\":{\"q\":3},\"priority\":2}]\n",
    "@definition [2,\"b\",\"proc\",\"file\",\"::\",{\"run\":\"b\",\"deps\":[\"a\",\"m\"]}]\n",
    "@definition [3,\"p::[x]\",\"proto\",\"client\",\"::\",{\"run\":\"p\",\"deps\":[\"a\"]}]\n",
    "@definition [4,\"c\",\"proc\",\"client\",\"::\",{\"deps\":[{\"command\":\"c\"},\"p::*\"],"
    "\"wave\":1}]\n",
    "@definition [5,\"q::[x]\",\"proto\",\"file\",\"::\",{\"args\":{\"x\":{\"choices\":"
    "{\"command\":\"c\"}}},\"rdeps\":[\"a\"]}]\n",
    "@params [1,\"{\\\"o\\\":{},\\\"w\\\":{}}\"]\n",
    "@params [2,{\"o\":{\"k\":1},\"w\":{}}]\n",
    "@proc [\"a\",1,1,null,null]\n",
    "@proc [\"b\",2,2,null,null]\n",
    "@proto [\"p::[x]\",3,3]\n",
    "@proc [\"c\",4,4,null,null]\n",
    "@proto [\"q::[x]\",5,5]\n",
    "@proc [\"p::1\",6,null,\"p::[x]\",[\"1\"]]\n",
    "@run [1,null,\"{}\",null,1,null,0,0,1,0,0]\n",
    "@run [2,\"r\",\"{}\",{\"k\":1},1,null,1,0,1,1,0]\n",
    "@run [3,null,\"{}\",null,1,9,0,0,1,0,1]\n",
    EXECUTION("1", "a", "1", "null", "1", "wanted", "null", WAITS("null", "null", "null")),
    EXECUTION("2", "b", "2", "null", "1", "wanted", "null", WAITS("[1]", "[\"m\"]", "null")),
    EXECUTION("3", "c", "4", "null", "2", "wanted", "null",
        WAITS("null", "null", "[{\"dep\":0,\"choices\":false,\"names\":[]}]")),
    EXECUTION("4", "p::1", "3", "[\"1\"]", "2", "running", "null", RUNS("null")),
    EXECUTION("5", "a", "1", "null", "2", "running", "null", RUNS("\"canceled\"")),
    EXECUTION("6", "a", "1", "null", "3", "failed", "\"exit\"", ENDED("null", "null")),
    EXECUTION("7", "b", "2", "null", "3", "failed", "\"dep_failed\"", ENDED("[6]", "6")),
    EXECUTION("8", "p::2", "3", "[\"2\"]", "null", "succeeded", "null", ENDED("null", "null")),
    "@member [2,1,5,null,null]\n",
    "@member [1,3,6,\"canceled\",\"i\"]\n",
    "@result [8,{\"k\":[1]}]\n",
    "@request [1,\"i\",\"start\",null,1,[1,2]]\n",
    "@request [2,\"j\",\"define\",{\"k\":1},null,null]\n",
    "@duration [\"a\",1,1000,1000,7]\n",
    "!loose\n",
    "!drop run\n",
    "!cut 4096\n",
    "!patch 18 0202\n",
    "!restart\n",
    "!exit 0 0\n",
    "!exit 1 256\n",
    "!tick 20\n",
    CALL("run", "\"names\":[\"b\",\"p::*\"]"),
    CALL("start", "\"names\":[\"a\"],\"run\":1,\"request_id\":\"i\""),
    CALL("wait", "\"run\":1"),
    CALL("status", ""),
    CALL("runs", ""),
    CALL("list", ""),
    CALL("results", "\"run\":3"),
    CALL("show", "\"name\":\"b\""),
    CALL("why", "\"name\":\"c\""),
    CALL("context", "\"exec\":4"),
    CALL("log", "\"exec\":6"),
    CALL("subscribe", "\"since\":1"),
    CALL("close", "\"run\":\"r\""),
    CALL("start", "\"names\":[\"p::*\"],\"run\":\"r\",\"params\":{\"k\":2}"),
    CALL("cancel", "\"all\":true"),
    CALL("clear", ""),
};

const char *const script_words[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11",
    "-1", "null", "true", "1.5", "\"\"", "\"a\"", "65536", "4294967295", "4294967296",
    "4611686018427387904", "9223372036854775807", "-9223372036854775808", "[]", "{}", "[1]",
    "[8,1]", "[\"a\"]", "\"~ff\"", "\"^00\"", "\"~610062\"", "a", "b", "c", "m", "p::1", "p::2",
    "p::[x]", "q::[x]", "r", "i", "wanted", "running", "succeeded", "failed", "skipped",
    "up_to_date", "exit", "dep_failed", "dep_missing", "canceled", "lost", "counters", "setting",
    "definition", "params", "proto", "proc", "run", "execution", "member", "result", "request",
    "duration"};

const size_t n_script_lines = sizeof(script_lines) / sizeof(script_lines[0]);
const size_t n_script_words = sizeof(script_words) / sizeof(script_words[0]);
