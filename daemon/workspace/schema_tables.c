/*
 * What a workspace file may hold. protocol/parproc.schema.json says the same to editors and
 * doc/parproc.yaml.5 to people; a test holds the first to these tables.
 */
#include "daemon/workspace/schema.h"

#include <stddef.h>

#include "daemon/workspace/executors.h"
#include "daemon/workspace/options.h"
#include "daemon/workspace/resources.h"
#include "daemon/workspace/scheduling.h"
#include "daemon/workspace/retries.h"

static const char later[] = "reserved for a later version of parproc";

static const struct schema_shape any = {.types = SCHEMA_ANY};
static const struct schema_shape params = {.types = SCHEMA_MAP | SCHEMA_NULL, .each = &any};
static const struct schema_shape own_params = {.types = SCHEMA_MAP, .each = &any};
static const struct schema_shape boolean = {.types = SCHEMA_BOOL};
static const struct schema_shape integer = {.types = SCHEMA_INTEGER};
static const struct schema_shape text = {.types = SCHEMA_TEXT};
static const struct schema_shape texts = {.types = SCHEMA_LIST, .each = &text};
static const struct schema_shape scalar = {.types = SCHEMA_SCALAR};
static const struct schema_shape duration = {.types = SCHEMA_INTEGER | SCHEMA_REAL | SCHEMA_TEXT};
static const struct schema_shape command = {.types = SCHEMA_TEXT | SCHEMA_LIST, .each = &text};
static const struct schema_shape variables = {.types = SCHEMA_MAP, .each = &scalar};

static const char *const special_words[] = {"no_failures", NULL};
static const struct schema_shape special = {.types = SCHEMA_TEXT, .words = special_words};

static const struct schema_key dep_keys[] = {
    {.name = "command", .shape = &command},
    {.name = "special", .shape = &special},
    {0},
};
static const struct schema_shape dep = {
    .types = SCHEMA_TEXT | SCHEMA_MAP, .is_one_key = true, .keys = dep_keys};
static const struct schema_shape deps = {.types = SCHEMA_LIST, .each = &dep};

static const struct schema_key rdep_keys[] = {
    {.name = "when_scheduled", .shape = &text},
    {.name = "when_target_scheduled", .shape = &text},
    {0},
};
static const struct schema_shape rdep = {
    .types = SCHEMA_TEXT | SCHEMA_MAP, .is_one_key = true, .keys = rdep_keys};
static const struct schema_shape rdeps = {.types = SCHEMA_LIST, .each = &rdep};

static const char *const type_words[] = {"str", "int", "float", "bool", NULL};
static const struct schema_shape arg_type = {.types = SCHEMA_TEXT, .words = type_words};

static const struct schema_key choices_keys[] = {
    {.name = "command", .shape = &command},
    {0},
};
static const struct schema_shape choices = {
    .types = SCHEMA_LIST | SCHEMA_MAP,
    .is_one_key = true,
    .keys = choices_keys,
    .each = &scalar,
};

static const struct schema_key arg_keys[] = {
    {.name = "type", .shape = &arg_type},
    {.name = "default", .shape = &scalar},
    {.name = "description", .shape = &text},
    {.name = "choices", .shape = &choices},
    {0},
};
static const struct schema_shape arg = {.types = SCHEMA_MAP, .keys = arg_keys};
static const struct schema_shape args = {.types = SCHEMA_MAP, .each = &arg};

static const struct schema_shape number = {.types = SCHEMA_INTEGER | SCHEMA_REAL};
static const struct schema_shape failure = {.types = SCHEMA_TEXT, .words = retries_words};
static const struct schema_shape failures = {.types = SCHEMA_LIST, .each = &failure};

static const struct schema_key retries_keys[] = {
    {.name = "times", .shape = &integer},
    {.name = "delay", .shape = &duration},
    {.name = "backoff", .shape = &number},
    {.name = "on", .shape = &failures},
    {0},
};
static const struct schema_shape retries = {
    .types = SCHEMA_INTEGER | SCHEMA_MAP, .keys = retries_keys};

static const char *const result_words[] = {"file", "stdout", NULL};
static const struct schema_shape result = {.types = SCHEMA_TEXT, .words = result_words};

static const char *const jobserver_words[] = {"pipe", "fifo", NULL};
static const struct schema_shape jobserver = {
    .types = SCHEMA_BOOL | SCHEMA_TEXT, .words = jobserver_words};

static const char *const when_words[] = {"always", "succeeded", NULL};
static const struct schema_shape when = {.types = SCHEMA_TEXT, .words = when_words};

static const struct schema_key ignored_keys[] = {
    {.name = "pattern", .shape = &text},
    {.name = "when", .shape = &when},
    {0},
};
static const struct schema_shape ignored = {
    .types = SCHEMA_TEXT | SCHEMA_MAP, .keys = ignored_keys};
static const struct schema_shape log_ignore = {.types = SCHEMA_LIST, .each = &ignored};

/* clang-format off */
#define DEFINITION_KEYS \
	{.name = "description", .shape = &text}, \
	{.name = "run", .shape = &command}, \
	{.name = "deps", .shape = &deps}, \
	{.name = "rdeps", .shape = &rdeps}, \
	{.name = "locks", .shape = &texts}, \
	{.name = "wave", .shape = &integer}, \
	{.name = "timeout", .shape = &duration}, \
	{.name = "retries", .shape = &retries}, \
	{.name = "now", .shape = &boolean}, \
	{.name = "cwd", .shape = &text}, \
	{.name = "env", .shape = &variables}, \
	{.name = "result", .shape = &result}, \
	{.name = "params", .shape = &own_params}, \
	{.name = "log_ignore", .shape = &log_ignore}, \
	{.name = "jobserver", .shape = &jobserver}, \
	{.name = "inputs", .refusal = later}, \
	{.name = "inputs_ignore", .refusal = later}, \
	{.name = "outputs", .refusal = later}, \
	{.name = "no_skip", .refusal = later}, \
	{.name = "executor", .shape = &text}, \
	{.name = "resources", .shape = &resources_shape}, \
	{.name = "use", .shape = &use_shape}, \
	{.name = "priority", .shape = &integer}, \
	{0}
/* clang-format on */

static const struct schema_key proc_keys[] = {
    {.name = "args", .refusal = "only a proto has arguments"},
    DEFINITION_KEYS,
};
static const struct schema_shape proc = {.types = SCHEMA_MAP, .keys = proc_keys};
static const struct schema_shape procs = {.types = SCHEMA_MAP | SCHEMA_NULL, .each = &proc};

static const struct schema_key proto_keys[] = {
    {.name = "args", .shape = &args},
    DEFINITION_KEYS,
};
static const struct schema_shape proto = {.types = SCHEMA_MAP, .keys = proto_keys};
static const struct schema_shape protos = {.types = SCHEMA_MAP | SCHEMA_NULL, .each = &proto};

static const struct schema_shape options = {
    .types = SCHEMA_MAP | SCHEMA_NULL, .keys = options_keys};

static const struct schema_key workspace_keys[] = {
    {.name = "$schema", .shape = &text}, /* for editors */
    {.name = "options", .shape = &options},
    {.name = "params", .shape = &params},
    {.name = "procs", .shape = &procs},
    {.name = "protos", .shape = &protos},
    {.name = "executors", .shape = &executors_shape},
    {.name = "pools", .shape = &pools_shape},
    {0},
};
const struct schema_shape schema_workspace = {.types = SCHEMA_MAP, .keys = workspace_keys};

static const struct schema_key definitions_keys[] = {
    {.name = "procs", .shape = &procs},
    {.name = "protos", .shape = &protos},
    {.name = "options", .refusal = "only the workspace file has options; use options.set"},
    {.name = "params", .refusal = "only the workspace file has params; use params.set"},
    {.name = "executors", .refusal = "only the workspace file has executors"},
    {.name = "pools", .refusal = "only the workspace file has pools"},
    {0},
};
const struct schema_shape schema_definitions = {.types = SCHEMA_MAP, .keys = definitions_keys};
