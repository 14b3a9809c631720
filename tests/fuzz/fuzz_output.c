/*
 * What processes leave behind: results, messages, and what commands for dynamic values have
 * printed. Whatever it is, it is read or refused with a reason.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/dynamic.h"
#include "daemon/results.h"
#include "tests/fuzz/fuzz.h"

static void try_result(const char *text, size_t length)
{
	char *problem;
	json_t *value = result_parse(text, length, &problem), *again;
	char *printed;

	FUZZ_CHECK(!value == (problem != NULL));
	free(problem);
	if (!value)
		return;
	printed = json_dumps(value, JSON_ENCODE_ANY);
	FUZZ_CHECK(printed);
	again = result_parse(printed, strlen(printed), &problem);
	FUZZ_CHECK(again && json_equal(value, again));
	free(printed);
	json_decref(again);
	json_decref(value);
}

static void check_text(const char *text)
{
	json_t *value = json_string(text); /* refuses what is not UTF-8 */

	FUZZ_CHECK(value);
	json_decref(value);
}

static void try_message(const char *text, size_t length)
{
	char *message = result_clean_message(text, length);

	if (!message)
		return;
	FUZZ_CHECK(message[0] && strlen(message) <= RESULT_MESSAGE_MAX);
	check_text(message);
	for (const char *byte = message; *byte; byte++)
		FUZZ_CHECK((unsigned char)*byte >= 0x20 && *byte != 0x7f);
	free(message);
}

typedef int parse_list(const char *text, size_t length, struct strings *items, char **error);

static void try_list(parse_list *parse, const char *text, size_t length)
{
	struct strings items;
	char *error;
	int status = parse(text, length, &items, &error);

	FUZZ_CHECK((status != 0) == (error != NULL));
	FUZZ_CHECK(status == 0 || items.count == 0);
	for (size_t i = 0; i < items.count; i++)
		check_text(items.items[i]);
	strings_clear(&items);
	free(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_CHECK(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0'; /* as result_read_file() leaves it */
	try_result(text, size);
	try_message(text, size);
	try_list(dynamic_parse, text, size);
	try_list(dynamic_parse_choices, text, size);
	free(text);
	return 0;
}
