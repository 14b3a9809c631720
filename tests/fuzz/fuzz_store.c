/*
 * What is in the state database when a daemon begins. The input is a script that begins with rows
 * (state_maker.h); or the bytes of the file, or of its write-ahead log. Whatever that is, the
 * daemon begins: it goes on from there, or says why not, sets it aside, and begins anew. Where it
 * has gone on, the rest of the script happens (script.h), and another scheduler goes on from what
 * was stored.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/fuzz/daemon_kit.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/state_maker.h"

static const char database_magic[] = "SQLite format 3"; /* with the NUL */
static const char log_magic[] = {0x37, 0x7f, 0x06};

static bool begins_with(const uint8_t *data, size_t size, const char *magic, size_t length)
{
	return size >= length && memcmp(data, magic, length) == 0;
}

/* The rest of the script; NULL: what has become of the file is good for the beginning only. */
static char *make_state(const char *path, const uint8_t *data, char *script, size_t size)
{
	bool is_regular;
	char *rest;

	if (begins_with(data, size, database_magic, sizeof(database_magic))) {
		state_write_file(path, data, size);
		return NULL;
	}
	if (begins_with(data, size, log_magic, sizeof(log_magic))) {
		char *log = mem_print("%s-wal", path), nothing[1] = "";

		state_make(path, nothing, 0, &is_regular);
		state_write_file(log, data, size);
		free(log);
		return NULL;
	}
	rest = state_make(path, script, size, &is_regular);
	return is_regular ? rest : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = kit_begin_state(), *script = malloc(size + 1), *rest;
	bool is_set_aside;
	struct kit *kit;

	FUZZ_CHECK(script);
	if (size > 0)
		memcpy(script, data, size);
	script[size] = '\0';
	rest = make_state(path, data, script, size);
	kit = kit_new_with_state(!rest, &is_set_aside);
	if (rest && !is_set_aside) {
		script_play(kit, rest, size - (size_t)(rest - script));
		if (size % 4 == 0) /* it takes as long as all the rest */
			kit_restart(kit);
		kit_free(kit);
	} else {
		kit_discard(kit);
	}
	free(script);
	free(path);
	return 0;
}
