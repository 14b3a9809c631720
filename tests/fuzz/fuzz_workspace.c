/*
 * The workspace file: whatever it holds, it is read or refused with a place and a reason.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/workspace/workspace.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct workspace_error error = {0};
	struct workspace_load load = {0};

	if (workspace_parse((const char *)data, size, "parproc.yaml", NULL, &load, &error)) {
		char *text = workspace_error_text(&error);

		FUZZ_CHECK(text && strncmp(text, "parproc.yaml", 12) == 0);
		FUZZ_CHECK(!strpbrk(text, "\n\r\033"));
		free(text);
		workspace_error_clear(&error);
	} else {
		FUZZ_CHECK(json_is_object(load.params));
		workspace_load_clear(&load);
	}
	return 0;
}
