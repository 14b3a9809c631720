/* Pools, priorities and retries of a workspace; see scheduling.h. */
#include "daemon/workspace/scheduling.h"

#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/model.h"
#include "daemon/workspace/units.h"

#define SECOND_NS INT64_C(1000000000)

/* --- shapes --- */

static const struct schema_shape integer = {.types = SCHEMA_INTEGER};
static const struct schema_shape number = {.types = SCHEMA_INTEGER | SCHEMA_REAL};
static const struct schema_shape amount = {.types = SCHEMA_INTEGER | SCHEMA_TEXT};
static const struct schema_shape duration = {.types = SCHEMA_INTEGER | SCHEMA_REAL | SCHEMA_TEXT};

const struct schema_shape pools_shape = {.types = SCHEMA_MAP | SCHEMA_NULL, .each = &amount};
const struct schema_shape use_shape = {.types = SCHEMA_MAP, .each = &amount};

static const char *const reason_words[] = {"exit", "signal", "timeout", "lost", "spawn", NULL};
static const enum execution_error reasons[] = {
    ERROR_EXIT, ERROR_SIGNAL, ERROR_TIMEOUT, ERROR_LOST, ERROR_SPAWN};
static const struct schema_shape reason = {.types = SCHEMA_TEXT, .words = reason_words};
static const struct schema_shape on = {.types = SCHEMA_LIST, .each = &reason};

static const struct schema_key retries_keys[] = {
    {.name = "times", .shape = &integer},
    {.name = "delay", .shape = &duration},
    {.name = "backoff", .shape = &number},
    {.name = "on", .shape = &on},
    {0},
};
const struct schema_shape retries_shape = {
    .types = SCHEMA_INTEGER | SCHEMA_MAP, .keys = retries_keys};

/* --- pools --- */

static int read_amount(
    const struct reader *reader, const struct place *place, const json_t *value, int64_t *read)
{
	int status = 0;

	if (json_is_string(value))
		status = units_parse_size(json_string_value(value), read);
	else
		*read = json_integer_value(value);
	if (status == 0 && *read >= 1 && *read <= AMOUNT_MAX)
		return 0;
	return reader_refuse(
	    reader, place, "must be a number from 1 to 2^53, or a size like 512MiB or 48GiB");
}

json_t *pools_read(const struct reader *reader, const json_t *value)
{
	static const struct place section = {.key = "pools"};
	json_t *pools = json_object(), *member;
	const char *name;

	if (json_object_size(value) > POOLS_MAX) {
		reader_refuse(reader, &section, "more than %d", POOLS_MAX);
		json_decref(pools);
		return NULL;
	}
	json_object_foreach ((json_t *)value, name, member) {
		const struct place place = {.parent = &section, .key = name};
		int64_t capacity;
		int status = *name ? read_amount(reader, &place, member, &capacity)
		                   : reader_refuse_key(reader, &place, "a pool needs a name");

		if (status == 0 &&
		    json_object_set_new(pools, name, json_integer((json_int_t)capacity)) == 0)
			continue;
		if (status == 0)
			reader_refuse(reader, &place, "out of memory");
		json_decref(pools);
		return NULL;
	}
	if (!pools)
		reader_refuse(reader, &section, "out of memory");
	return pools;
}

int use_read(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	const char *name;
	json_t *member;

	if (json_object_size(value) > USES_MAX)
		return reader_refuse(reader, place, "more than %d pools", USES_MAX);
	definition->uses = mem_new(json_object_size(value), sizeof(*definition->uses));
	json_object_foreach ((json_t *)value, name, member) {
		struct use *use = &definition->uses[definition->n_uses];
		const struct place below = {.parent = place, .key = name};

		if (read_amount(reader, &below, member, &use->amount) != 0)
			return -1;
		use->pool = mem_copy(name);
		definition->n_uses++;
	}
	return 0;
}

/* --- priority and retries --- */

int priority_read(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	json_int_t priority = json_integer_value(value);

	if (priority < -PRIORITY_MAX || priority > PRIORITY_MAX)
		return reader_refuse(
		    reader, place, "must be an integer from %d to %d", -PRIORITY_MAX, PRIORITY_MAX);
	definition->priority = (int16_t)priority;
	return 0;
}

static int read_times(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries)
{
	json_int_t times = json_integer_value(value);

	if (times < 0 || times > RETRIES_MAX)
		return reader_refuse(reader, place, "must be a number from 0 to %d", RETRIES_MAX);
	retries->times = (uint16_t)times;
	return 0;
}

static int read_delay(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries)
{
	int status = json_is_string(value)
	                 ? units_parse_duration(json_string_value(value), &retries->delay_ns)
	                 : units_convert_seconds(json_number_value(value), &retries->delay_ns);

	if (status != 0 || retries->delay_ns > 86400 * SECOND_NS)
		return reader_refuse(
		    reader, place, "must be a duration like 5s or 2m, of up to a day");
	return 0;
}

static int read_backoff(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries)
{
	retries->backoff = json_number_value(value);
	if (retries->backoff < 1 || retries->backoff > 100)
		return reader_refuse(reader, place, "must be a number from 1 to 100");
	return 0;
}

static int read_on(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries)
{
	json_t *word;
	size_t index;

	if (json_array_size(value) == 0)
		return reader_refuse(reader, place, "must not be empty");
	retries->on = 0;
	json_array_foreach ((json_t *)value, index, word)
		for (size_t i = 0; reason_words[i]; i++)
			if (strcmp(json_string_value(word), reason_words[i]) == 0)
				retries->on |= 1u << reasons[i];
	return 0;
}

int retries_read(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	static const struct {
		const char *key;
		int (*read)(const struct reader *reader, const struct place *place,
		    const json_t *value, struct retries *retries);
	} parts[] = {{"times", read_times}, {"delay", read_delay}, {"backoff", read_backoff},
	    {"on", read_on}};
	struct retries *retries = mem_new(1, sizeof(*retries));

	definition->retries = retries;
	*retries = (struct retries){.times = 1, .delay_ns = SECOND_NS, .backoff = 2};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		retries->on |= 1u << reasons[i];
	if (json_is_integer(value))
		return read_times(reader, place, value, retries);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const json_t *member = json_object_get(value, parts[i].key);
		const struct place below = {.parent = place, .key = parts[i].key};

		if (member && parts[i].read(reader, &below, member, retries) != 0)
			return -1;
	}
	return 0;
}
