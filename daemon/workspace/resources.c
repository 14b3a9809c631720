/*
 * Reads resources. What one executor makes of them, and another cannot, is not known here.
 */
#include "daemon/workspace/resources.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/units.h"

#define MAX_COUNT 1000000

static const struct schema_shape count_shape = {.types = SCHEMA_INTEGER};
static const struct schema_shape size_shape = {.types = SCHEMA_INTEGER | SCHEMA_TEXT};
static const struct schema_shape duration_shape = {
    .types = SCHEMA_INTEGER | SCHEMA_REAL | SCHEMA_TEXT};
static const struct schema_shape text_shape = {.types = SCHEMA_TEXT};
static const struct schema_shape texts_shape = {.types = SCHEMA_LIST, .each = &text_shape};

static const struct schema_key resources_keys[] = {
    {.name = "cpus", .shape = &count_shape},
    {.name = "memory", .shape = &size_shape},
    {.name = "time", .shape = &duration_shape},
    {.name = "gpus", .shape = &count_shape},
    {.name = "partition", .shape = &text_shape},
    {.name = "extra", .shape = &texts_shape},
    {0},
};
const struct schema_shape resources_shape = {.types = SCHEMA_MAP, .keys = resources_keys};

static int read_count(const struct reader *reader, const struct place *place, const json_t *value,
    int64_t least, int64_t *count)
{
	*count = json_integer_value(value);
	if (*count >= least && *count <= MAX_COUNT)
		return 0;
	return reader_refuse(
	    reader, place, "must be a number from %d to %d", (int)least, MAX_COUNT);
}

static int read_memory(
    const struct reader *reader, const struct place *place, const json_t *value, int64_t *bytes)
{
	*bytes = json_integer_value(value);
	if (json_is_string(value) && units_parse_size(json_string_value(value), bytes))
		return reader_refuse(reader, place, "not a size like 500MiB or 8GiB");
	return *bytes >= 1 ? 0 : reader_refuse(reader, place, "must be 1 byte or more");
}

static int read_time(const struct reader *reader, const struct place *place, const json_t *value,
    int64_t *duration_ns)
{
	int status = json_is_string(value)
	                 ? units_parse_duration(json_string_value(value), duration_ns)
	                 : units_convert_seconds(json_number_value(value), duration_ns);

	if (status)
		return reader_refuse(reader, place, "not a duration like 30, 5m, 2h or 1d");
	return *duration_ns > 0 ? 0 : reader_refuse(reader, place, "must be more than 0");
}

static int read_partition(
    const struct reader *reader, const struct place *place, const json_t *value, char **partition)
{
	if (json_string_length(value) == 0)
		return reader_refuse(reader, place, "must not be empty");
	free(*partition);
	*partition = mem_copy(json_string_value(value));
	return 0;
}

static void read_extra(const json_t *value, struct strings *extra)
{
	json_t *word;
	size_t index;

	strings_clear(extra);
	json_array_foreach ((json_t *)value, index, word)
		strings_add(extra, json_string_value(word));
}

int resources_read(const struct reader *reader, const struct place *place, const json_t *value,
    struct resources *resources)
{
	const char *name;
	json_t *member;
	int status = 0;

	json_object_foreach ((json_t *)value, name, member) {
		struct place below = {.parent = place, .key = name};

		if (strcmp(name, "cpus") == 0)
			status = read_count(reader, &below, member, 1, &resources->cpus);
		else if (strcmp(name, "memory") == 0)
			status = read_memory(reader, &below, member, &resources->memory_bytes);
		else if (strcmp(name, "time") == 0)
			status = read_time(reader, &below, member, &resources->time_ns);
		else if (strcmp(name, "gpus") == 0)
			status = read_count(reader, &below, member, 0, &resources->gpus);
		else if (strcmp(name, "partition") == 0)
			status = read_partition(reader, &below, member, &resources->partition);
		else if (strcmp(name, "extra") == 0)
			read_extra(member, &resources->extra);
		if (status)
			return -1;
	}
	return 0;
}

void resources_read_text(const char *text, struct resources *resources)
{
	json_t *value = text ? json_loads(text, 0, NULL) : NULL;
	struct workspace_error error = {0};
	const struct reader reader = {.error = &error};

	resources_read(&reader, NULL, value, resources);
	workspace_error_clear(&error);
	json_decref(value);
}

void resources_clear(struct resources *resources)
{
	free(resources->partition);
	strings_clear(&resources->extra);
	*resources = (struct resources){0};
}
