/* From the words of a definition to struct retries; see retries.h. */
#include "daemon/workspace/retries.h"

#include <string.h>

#include "daemon/core/model.h"

#define BACKOFF_MAX 100

const char *const retries_words[] = {"exit", "signal", "timeout", "lost", "spawn", NULL};

static const enum execution_error errors[] = {
    ERROR_EXIT, ERROR_SIGNAL, ERROR_TIMEOUT, ERROR_LOST, ERROR_SPAWN};

static int read_times(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries)
{
	json_int_t times = json_integer_value(value);

	if (times < 0 || times > RETRY_TIMES_MAX)
		return reader_refuse(
		    reader, place, "must be an integer from 0 to %d", RETRY_TIMES_MAX);
	retries->times = (uint16_t)times;
	return 0;
}

static int read_backoff(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries)
{
	double backoff = json_number_value(value);

	if (!(backoff >= 1 && backoff <= BACKOFF_MAX))
		return reader_refuse(reader, place, "must be a number from 1 to %d", BACKOFF_MAX);
	retries->backoff = backoff;
	return 0;
}

/* A word of on; the schema knows no others. */
static unsigned error_bit(const char *word)
{
	size_t i = 0;

	while (strcmp(retries_words[i], word) != 0)
		i++;
	return 1u << errors[i];
}

static int read_on(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries)
{
	size_t i;
	json_t *word;

	if (json_array_size(value) == 0)
		return reader_refuse(reader, place, "must name something (times: 0 is for never)");
	retries->errors = 0;
	json_array_foreach ((json_t *)value, i, word)
		retries->errors |= (uint16_t)error_bit(json_string_value(word));
	return 0;
}

static int read_key(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries)
{
	if (strcmp(place->key, "times") == 0)
		return read_times(reader, place, value, retries);
	if (strcmp(place->key, "backoff") == 0)
		return read_backoff(reader, place, value, retries);
	if (strcmp(place->key, "on") == 0)
		return read_on(reader, place, value, retries);
	return reader_read_duration(reader, place, value, &retries->delay_ns);
}

int retries_read(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries)
{
	const char *key;
	json_t *one;

	*retries = (struct retries){.times = 1, .delay_ns = 1000000000, .backoff = 1};
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		retries->errors |= (uint16_t)(1u << errors[i]);
	if (json_is_integer(value))
		return read_times(reader, place, value, retries);
	json_object_foreach ((json_t *)value, key, one) {
		struct place below = {.parent = place, .key = key};

		if (read_key(reader, &below, one, retries) != 0)
			return -1;
	}
	return 0;
}
