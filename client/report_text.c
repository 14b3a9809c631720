/*
 * Words, colors and durations that all parts of the report's page share.
 */
#include <string.h>

#include "client/output.h"
#include "client/report.h"

const char *report_state_class(enum record_state state)
{
	switch (state) {
	case RECORD_SUCCEEDED:
		return "ok";
	case RECORD_FAILED:
		return "bad";
	case RECORD_RUNNING:
		return "run";
	case RECORD_SKIPPED:
	case RECORD_UP_TO_DATE:
		return "skip";
	default:
		return "wait";
	}
}

void report_put_duration(FILE *stream, int64_t duration_us)
{
	char text[DURATION_SIZE];

	if (duration_us < 999500) {
		fprintf(stream, "%lldms", (long long)(duration_us + 500) / 1000);
		return;
	}
	output_format_duration(text, (double)duration_us / 1e6);
	fputs(text, stream);
}

bool report_is_own_failure(const struct record_exec *exec)
{
	static const char *const others[] = {"dep_failed", "dep_missing", "failures", "canceled"};

	if (exec->state != RECORD_FAILED)
		return false;
	for (size_t i = 0; exec->error && i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(exec->error, others[i]) == 0)
			return false;
	}
	return true;
}
