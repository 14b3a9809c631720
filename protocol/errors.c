/*
 * The table of errors: name, number and meaning of each enum protocol_error. openrpc.json lists the
 * same ones (tests/unit/test_openrpc.c compares).
 */
#include "protocol/errors.h"

#include <string.h>

struct error_row {
	const char *name;
	int code;
	const char *meaning;
};

static const struct error_row rows[PROTOCOL_ERROR_COUNT] = {
    [PROTOCOL_PARSE_ERROR] = {"parse_error", -32700, "the message is not JSON"},
    [PROTOCOL_INVALID_REQUEST] = {"invalid_request", -32600,
        "the message is no JSON-RPC 2.0 request"},
    [PROTOCOL_UNKNOWN_METHOD] = {"unknown_method", -32601, "there is no such method"},
    [PROTOCOL_BAD_PARAMS] = {"bad_params", -32602,
        "a parameter is unknown, missing or of the wrong type"},
    [PROTOCOL_INTERNAL] = {"internal", -32603, "the daemon could not do it"},
    [PROTOCOL_UNKNOWN_NAME] = {"unknown_name", -32000, "nothing has this name"},
    [PROTOCOL_AMBIGUOUS_NAME] = {"ambiguous_name", -32001, "several protos match this name"},
    [PROTOCOL_BAD_NAME] = {"bad_name", -32002, "this cannot be a name"},
    [PROTOCOL_BAD_ARGUMENT] = {"bad_argument", -32003,
        "an argument is unknown, missing or of the wrong type"},
    [PROTOCOL_NOT_A_CHOICE] = {"not_a_choice", -32004,
        "the value is not among the argument's choices"},
    [PROTOCOL_CYCLE] = {"cycle", -32005, "the dependencies form a circle"},
    [PROTOCOL_WAVE_ORDER] = {"wave_order", -32006, "a dependency is in a higher wave"},
    [PROTOCOL_TOO_LATE] = {"too_late", -32007,
        "it would have to run before something that has started already"},
    [PROTOCOL_EXISTS] = {"exists", -32008, "the name is taken"},
    [PROTOCOL_NOT_FOUND] = {"not_found", -32009, "there is no such run or execution"},
    [PROTOCOL_MISSING_DEP] = {"missing_dep", -32010, "nothing defines a dependency"},
    [PROTOCOL_LIMIT] = {"limit", -32011, "a limit is exceeded"},
    [PROTOCOL_NOT_ALLOWED] = {"not_allowed", -32012, "this is not allowed"},
    [PROTOCOL_BAD_WORKSPACE] = {"bad_workspace", -32013, "the workspace file has an error"},
    [PROTOCOL_BAD_DEFINITION] = {"bad_definition", -32014, "a definition has an error"},
    [PROTOCOL_DEADLOCK] = {"deadlock", -32015, "it would wait for ever"},
    [PROTOCOL_TIMEOUT] = {"timeout", -32016, "the time that was given ran out"},
    [PROTOCOL_SHUTTING_DOWN] = {"shutting_down", -32017, "the daemon is ending"},
    [PROTOCOL_PROTOCOL_MISMATCH] = {"protocol_mismatch", -32018,
        "client and daemon speak different versions of the protocol"},
    [PROTOCOL_STORAGE] = {"storage", -32019, "the state cannot be stored"},
};

static const struct error_row *row_of(enum protocol_error error)
{
	unsigned index = (unsigned)error;

	return &rows[index < PROTOCOL_ERROR_COUNT ? index : PROTOCOL_INTERNAL];
}

const char *protocol_error_name(enum protocol_error error)
{
	return row_of(error)->name;
}

int protocol_error_code(enum protocol_error error)
{
	return row_of(error)->code;
}

const char *protocol_error_meaning(enum protocol_error error)
{
	return row_of(error)->meaning;
}

enum protocol_error protocol_error_find(const char *name)
{
	int index;

	for (index = 0; index < PROTOCOL_ERROR_COUNT; index++) {
		if (strcmp(rows[index].name, name) == 0)
			break;
	}
	return (enum protocol_error)index;
}
