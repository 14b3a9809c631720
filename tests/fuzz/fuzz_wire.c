/*
 * The messages between supervisor and scheduler. Neither side is an attacker, but either may be a
 * broken process: what arrives is taken or refused, and what was taken can be put again.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/supervisor/wire.h"
#include "tests/fuzz/fuzz.h"

/* Puts message, takes it again, puts that: the same bytes. */
static void try_again(const struct wire_message *message)
{
	struct wire_buffer first = {0}, second = {0}, copy = {0};
	struct wire_strings strings = {0};
	struct wire_message again;
	size_t size;
	uint8_t *room;

	FUZZ_CHECK(wire_put(&first, message) == 0);
	size = first.end - first.start;
	room = wire_buffer_reserve(&copy, size);
	FUZZ_CHECK(room);
	memcpy(room, first.data + first.start, size);
	copy.end += size;
	FUZZ_CHECK(wire_take(&copy, &strings, &again) == 1);
	FUZZ_CHECK(wire_put(&second, &again) == 0);
	FUZZ_CHECK(second.end - second.start == size);
	FUZZ_CHECK(memcmp(first.data + first.start, second.data + second.start, size) == 0);
	wire_strings_clear(&strings);
	wire_buffer_clear(&first);
	wire_buffer_clear(&second);
	wire_buffer_clear(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_buffer buffer = {0};
	struct wire_strings strings = {0};
	struct wire_message message;
	uint8_t *room = wire_buffer_reserve(&buffer, size ? size : 1);

	FUZZ_CHECK(room);
	if (size)
		memcpy(room, data, size);
	buffer.end += size;
	while (wire_take(&buffer, &strings, &message) == 1)
		try_again(&message);
	wire_strings_clear(&strings);
	wire_buffer_clear(&buffer);
	return 0;
}
