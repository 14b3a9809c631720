/*
 * Whole conversations with the daemon: what clients send goes through connections, framing,
 * JSON-RPC, handlers, definitions and the core, while workers end and time passes. The input is a
 * script (script.h).
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/daemon_kit.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kit *kit = kit_new();
	char *script = malloc(size + 1);

	FUZZ_CHECK(script);
	if (size > 0)
		memcpy(script, data, size);
	script_play(kit, script, size);
	kit_free(kit);
	free(script);
	return 0;
}
