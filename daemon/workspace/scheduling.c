/* Pools and priorities of a workspace; see scheduling.h. */
#include "daemon/workspace/scheduling.h"

#include "daemon/core/mem.h"
#include "daemon/workspace/units.h"

static const struct schema_shape amount = {.types = SCHEMA_INTEGER | SCHEMA_TEXT};

const struct schema_shape pools_shape = {.types = SCHEMA_MAP | SCHEMA_NULL, .each = &amount};
const struct schema_shape use_shape = {.types = SCHEMA_MAP, .each = &amount};

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
		int64_t capacity = 0;
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

/* --- priority --- */

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
