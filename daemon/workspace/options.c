/*
 * The table of options. What has more than one form (parallel, durations, sizes) is read and
 * printed by its kind, so a new option is one line here and one member of the structure.
 */
#include "daemon/workspace/options.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/definition.h"
#include "daemon/core/mem.h"
#include "daemon/supervisor/tokens.h"
#include "daemon/workspace/units.h"

#define MAX_COUNT 1000000
#define MAX_FACTOR 1000
#define MAX_RESULT_BYTES (INT64_C(16) << 20) /* what fits a message */
#define MIN_LOG_BYTES (INT64_C(256) << 10)
#define MAX_LOG_BYTES (INT64_C(1) << 40)
#define UNLIMITED "unlimited"
#define OFF "off"

enum option_kind {
	KIND_PARALLEL,
	KIND_WORD, /* stored as the index among its shape's words */
	KIND_FLAG,
	KIND_COUNT,
	KIND_DURATION,
	KIND_RESULT_SIZE,
	KIND_LOG_SIZE,
	KIND_SEPARATOR,
	KIND_EXECUTOR,
	KIND_TOKENS,
};

struct option {
	const char *name;
	enum option_kind kind;
	const struct schema_shape *shape;
	size_t offset;       /* in struct workspace_options */
	const char *initial; /* the default, as options.set takes it */
	bool is_file_only;
};

static const char *const mode_words[] = {"mp", "single", NULL};
static const char *const dynamic_words[] = {"auto", "always", "never", NULL};
static const char *const env_words[] = {"client", "daemon", NULL};

static const struct schema_shape mode_shape = {.types = SCHEMA_TEXT, .words = mode_words};
static const struct schema_shape dynamic_shape = {.types = SCHEMA_TEXT, .words = dynamic_words};
static const struct schema_shape env_shape = {.types = SCHEMA_TEXT, .words = env_words};
static const struct schema_shape parallel_shape = {.types = SCHEMA_INTEGER | SCHEMA_TEXT};
static const struct schema_shape flag_shape = {.types = SCHEMA_BOOL};
static const struct schema_shape count_shape = {.types = SCHEMA_INTEGER};
static const struct schema_shape text_shape = {.types = SCHEMA_TEXT};
static const struct schema_shape size_shape = {.types = SCHEMA_INTEGER | SCHEMA_TEXT};
static const struct schema_shape duration_shape = {
    .types = SCHEMA_INTEGER | SCHEMA_REAL | SCHEMA_TEXT};

/* What was defined under one separator would mean something else under another: only the file,
 * which is read as a whole, sets it. */
/* clang-format off */
#define OPTIONS(X) \
	X("parallel", parallel, KIND_PARALLEL, parallel_shape, "100", false) \
	X("mode", mode, KIND_WORD, mode_shape, "mp", false) \
	X("dynamic", dynamic, KIND_WORD, dynamic_shape, "auto", false) \
	X("separator", separator, KIND_SEPARATOR, text_shape, "::", true) \
	X("allow_missing_deps", allow_missing_deps, KIND_FLAG, flag_shape, "true", false) \
	X("full_log_on_failure", full_log_on_failure, KIND_FLAG, flag_shape, "false", false) \
	X("env", env, KIND_WORD, env_shape, "client", false) \
	X("kill_after", kill_after_ns, KIND_DURATION, duration_shape, "10s", false) \
	X("max_result", max_result_bytes, KIND_RESULT_SIZE, size_shape, "1MiB", false) \
	X("max_log", max_log_bytes, KIND_LOG_SIZE, size_shape, "1GiB", false) \
	X("keep_runs", keep_runs, KIND_COUNT, count_shape, "50", false) \
	X("executor", executor, KIND_EXECUTOR, text_shape, "local", false) \
	X("jobserver", jobserver, KIND_TOKENS, parallel_shape, OFF, false)
/* clang-format on */

#define AS_OPTION(name, member, kind, shape, initial, is_file_only)                                \
	{name, kind, &shape, offsetof(struct workspace_options, member), initial, is_file_only},
static const struct option options_table[] = {OPTIONS(AS_OPTION)};

#define AS_KEY(key, member, kind, key_shape, initial, is_file_only)                                \
	{.name = key, .shape = &key_shape},
const struct schema_key options_keys[] = {OPTIONS(AS_KEY){0}};

#define N_OPTIONS (sizeof(options_table) / sizeof(options_table[0]))

/* KIND_WORD stores through an unsigned. */
_Static_assert(sizeof(enum workspace_mode) == sizeof(unsigned), "enums are unsigned");

/* --- reading; each stores at where, or returns what is wrong with value --- */

/* The digits that text consists of, 1 to max; 0: it is something else. */
static uint32_t parse_count(const char *text, size_t length, uint32_t max)
{
	uint64_t number = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(text[i] - '0');
		if (number > max)
			return 0;
	}
	return (uint32_t)number;
}

static const char *read_count(const json_t *value, uint32_t *count)
{
	json_int_t number = json_integer_value(value);

	if (json_is_string(value))
		number =
		    parse_count(json_string_value(value), json_string_length(value), MAX_COUNT);
	if (number < 1 || number > MAX_COUNT)
		return "must be a number from 1 to 1000000";
	*count = (uint32_t)number;
	return NULL;
}

/* 4, "4", "ncpu" or "2*ncpu". */
static const char *read_parallel(const json_t *value, struct parallel *parallel)
{
	const char *text = json_string_value(value);
	struct parallel read = {0};
	const char *star;

	if (text && strcmp(text, "ncpu") == 0) {
		read.factor = 1;
	} else if (text && (star = strchr(text, '*')) && strcmp(star, "*ncpu") == 0) {
		read.factor = parse_count(text, (size_t)(star - text), MAX_FACTOR);
		if (!read.factor)
			return "must be a number of up to 1000 before *ncpu";
	} else if (read_count(value, &read.count)) {
		return "must be a number from 1 to 1000000, ncpu, or a form like 2*ncpu";
	}
	*parallel = read;
	return NULL;
}

static const char *read_tokens(const json_t *value, struct parallel *tokens)
{
	const char *text = json_string_value(value);
	struct parallel read = {0};

	if ((!text || strcmp(text, OFF) != 0) && read_parallel(value, &read))
		return "must be a number, ncpu, a form like 2*ncpu, or " OFF;
	if (read.count > TOKENS_MAX)
		return "must be up to 4096";
	*tokens = read;
	return NULL;
}

static const char *read_flag(const json_t *value, bool *flag)
{
	if (json_is_boolean(value))
		*flag = json_is_true(value);
	else if (arg_type_check(ARG_BOOL, json_string_value(value)) == 0)
		*flag = arg_type_is_true(json_string_value(value));
	else
		return "must be true or false";
	return NULL;
}

static const char *read_word(const struct schema_shape *shape, const json_t *value, unsigned *index)
{
	for (unsigned i = 0; shape->words[i]; i++)
		if (strcmp(shape->words[i], json_string_value(value)) == 0)
			*index = i;
	return NULL; /* the shape was checked */
}

static const char *read_duration(const json_t *value, int64_t *duration_ns)
{
	int status;

	if (json_is_string(value))
		status = units_parse_duration(json_string_value(value), duration_ns);
	else
		status = units_convert_seconds(json_number_value(value), duration_ns);
	return status ? "not a duration like 30, 1.5s, 500ms, 5m, 2h or 1d" : NULL;
}

static const char *read_result_size(const json_t *value, int64_t *size_bytes)
{
	int64_t size = json_integer_value(value);

	if (json_is_string(value) && units_parse_size(json_string_value(value), &size))
		return "not a size like 1000, 64KiB or 1MiB";
	if (size < 1 || size > MAX_RESULT_BYTES)
		return "must be from 1 byte to 16MiB";
	*size_bytes = size;
	return NULL;
}

/* 0 stands for unlimited. */
static const char *read_log_size(const json_t *value, int64_t *size_bytes)
{
	int64_t size = json_integer_value(value);

	if (json_is_string(value) && strcmp(json_string_value(value), UNLIMITED) == 0) {
		*size_bytes = 0;
		return NULL;
	}
	if (json_is_string(value) && units_parse_size(json_string_value(value), &size))
		return "not a size like 512KiB, 64MiB or 1GiB, or " UNLIMITED;
	if (size < MIN_LOG_BYTES || size > MAX_LOG_BYTES)
		return "must be from 256KiB to 1TiB, or " UNLIMITED;
	*size_bytes = size;
	return NULL;
}

static const char *read_separator(const json_t *value, char *separator)
{
	const char *text = json_string_value(value);

	if (!*text || strlen(text) >= OPTIONS_SEPARATOR_SIZE)
		return "must have 1 to 16 bytes";
	for (const char *c = text; *c; c++)
		if (strchr("[]*?", *c) || (unsigned char)*c < 0x20 || *c == 0x7f)
			return "must not have brackets, * or ?, or control characters";
	strcpy(separator, text);
	return NULL;
}

/* Whether there is one of that name is known where all of the file is. */
static const char *read_executor(const json_t *value, char *executor)
{
	const char *text = json_string_value(value);

	if (!*text || strlen(text) >= OPTIONS_EXECUTOR_SIZE)
		return "must have 1 to 64 bytes";
	strcpy(executor, text);
	return NULL;
}

static const char *read_option(
    const struct option *option, const json_t *value, struct workspace_options *options)
{
	void *where = (char *)options + option->offset;

	switch (option->kind) {
	case KIND_PARALLEL:
		return read_parallel(value, where);
	case KIND_WORD:
		return read_word(option->shape, value, where);
	case KIND_FLAG:
		return read_flag(value, where);
	case KIND_COUNT:
		return read_count(value, where);
	case KIND_DURATION:
		return read_duration(value, where);
	case KIND_RESULT_SIZE:
		return read_result_size(value, where);
	case KIND_LOG_SIZE:
		return read_log_size(value, where);
	case KIND_SEPARATOR:
		return read_separator(value, where);
	case KIND_EXECUTOR:
		return read_executor(value, where);
	case KIND_TOKENS:
		return read_tokens(value, where);
	}
	return "not an option";
}

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (strcmp(options_table[i].name, name) == 0)
			return &options_table[i];
	return NULL;
}

static int set_option(struct workspace_options *options, const json_t *value,
    const struct reader *reader, const struct place *place)
{
	const struct option *option = find_option(place->key);
	bool is_request = !reader->positions;
	const char *problem;

	if (!option)
		return schema_refuse_key(options_keys, reader, place, "unknown option");
	if (is_request && option->is_file_only)
		return reader_refuse_key(reader, place, "can be set only in the workspace file");
	/* A request comes from words of a command line: any option may be text there. */
	if ((!is_request || !json_is_string(value) || (option->shape->types & SCHEMA_TEXT)) &&
	    schema_check(option->shape, value, reader, place))
		return -1;
	problem = read_option(option, value, options);
	return problem ? reader_refuse(reader, place, "%s", problem) : 0;
}

int workspace_options_set(struct workspace_options *options, const json_t *values,
    const struct reader *reader, const struct place *place)
{
	struct workspace_options result = *options;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)values, name, value) {
		struct place below = {.parent = place, .key = name};

		if (set_option(&result, value, reader, &below))
			return -1;
	}
	*options = result;
	return 0;
}

void workspace_options_restore(struct workspace_options *options, const json_t *values)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const json_t *value = json_object_get(values, options_table[i].name);
		struct workspace_options result = *options;

		if (value && !read_option(&options_table[i], value, &result))
			*options = result;
	}
}

void workspace_options_init(struct workspace_options *options)
{
	*options = (struct workspace_options){0};
	for (size_t i = 0; i < N_OPTIONS; i++) {
		json_t *value = json_string(options_table[i].initial);

		if (value)
			read_option(&options_table[i], value, options);
		json_decref(value);
	}
}

/* --- printing --- */

/* A JSON text of what is printed; frees it. */
static json_t *take_text(char *text)
{
	json_t *value = json_string(text);

	free(text);
	return value;
}

static json_t *print_parallel(const struct parallel *parallel)
{
	if (parallel->count)
		return json_integer(parallel->count);
	if (parallel->factor == 1)
		return json_string("ncpu");
	return take_text(mem_print("%u*ncpu", parallel->factor));
}

static json_t *print_tokens(const struct parallel *tokens)
{
	return tokens->count || tokens->factor ? print_parallel(tokens) : json_string(OFF);
}

static json_t *print_log_size(int64_t size_bytes)
{
	return size_bytes ? take_text(units_print_size(size_bytes)) : json_string(UNLIMITED);
}

static json_t *print_option(const struct option *option, const struct workspace_options *options)
{
	const void *where = (const char *)options + option->offset;

	switch (option->kind) {
	case KIND_PARALLEL:
		return print_parallel(where);
	case KIND_WORD:
		return json_string(option->shape->words[*(const unsigned *)where]);
	case KIND_FLAG:
		return json_boolean(*(const bool *)where);
	case KIND_COUNT:
		return json_integer(*(const uint32_t *)where);
	case KIND_DURATION:
		return take_text(units_print_duration(*(const int64_t *)where));
	case KIND_RESULT_SIZE:
		return take_text(units_print_size(*(const int64_t *)where));
	case KIND_LOG_SIZE:
		return print_log_size(*(const int64_t *)where);
	case KIND_SEPARATOR:
	case KIND_EXECUTOR:
		return json_string(where);
	case KIND_TOKENS:
		return print_tokens(where);
	}
	return NULL;
}

json_t *workspace_options_json(const struct workspace_options *options)
{
	json_t *values = json_object();

	for (size_t i = 0; values && i < N_OPTIONS; i++) {
		if (json_object_set_new(values, options_table[i].name,
		        print_option(&options_table[i], options)) == 0)
			continue;
		json_decref(values);
		values = NULL;
	}
	return values;
}

static uint32_t count_parallel(const struct parallel *parallel)
{
	cpu_set_t processors;
	long count;

	if (parallel->count || !parallel->factor)
		return parallel->count;
	if (sched_getaffinity(0, sizeof(processors), &processors) == 0)
		count = CPU_COUNT(&processors);
	else
		count = sysconf(_SC_NPROCESSORS_ONLN);
	return parallel->factor * (uint32_t)(count > 0 ? count : 1);
}

uint32_t workspace_options_parallel(const struct workspace_options *options)
{
	return count_parallel(&options->parallel);
}

uint32_t workspace_options_jobserver(const struct workspace_options *options)
{
	uint32_t count = count_parallel(&options->jobserver);

	return count < TOKENS_MAX ? count : TOKENS_MAX;
}
