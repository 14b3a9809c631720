/*
 * Words for what a view says: why an execution failed or waits, how long it took. Shared by the
 * line display and the tables. It must not know where views come from.
 */
#include "client/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/member.h"
#include "client/memory.h"
#include "client/table.h"

bool outcome_is_complete(const json_t *view)
{
	static const char *const complete[] = {"succeeded", "failed", "skipped", "up_to_date"};
	const char *state = member_text(view, "state", "");

	for (size_t i = 0; i < sizeof(complete) / sizeof(complete[0]); i++) {
		if (strcmp(state, complete[i]) == 0)
			return true;
	}
	return false;
}

void outcome_format_duration(char text[DURATION_SIZE], const json_t *view)
{
	double started = member_number(view, "started_at", 0);
	double ended = member_number(view, "ended_at", 0);
	struct timespec now;

	text[0] = '\0';
	if (strcmp(member_text(view, "state", ""), "wanted") == 0)
		started = member_number(view, "queued_at", 0);
	if (started <= 0)
		return;
	if (ended <= 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		ended = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	}
	output_format_duration(text, ended - started);
}

/* Its error; that of the attempt before where it is to be tried again, when it has none itself. */
static const char *find_error(const json_t *view)
{
	const char *before = "failed";

	if (json_is_integer(json_object_get(view, "signal")))
		before = "signal";
	else if (json_is_integer(json_object_get(view, "exit_code")))
		before = "exit";
	return member_text(view, "error", before);
}

char *outcome_describe(const json_t *view)
{
	const char *error = find_error(view);
	const char *info = member_text(view, "info", "");
	const json_t *code = json_object_get(view, "exit_code");
	const json_t *signal = json_object_get(view, "signal");

	if (strcmp(error, "exit") == 0 && json_is_integer(code))
		return memory_print("exit %d", (int)json_integer_value(code));
	if (strcmp(error, "signal") == 0 && json_is_integer(signal)) {
		int number = (int)json_integer_value(signal);
		const char *abbreviation = sigabbrev_np(number);

		return abbreviation ? memory_print("signal %d (%s)", number, abbreviation)
		                    : memory_print("signal %d", number);
	}
	/* "it was canceled in this run" says its error itself. */
	if (strncmp(info, "it was ", 7) == 0 && strncmp(info + 7, error, strlen(error)) == 0)
		return memory_copy(info + 7);
	return info[0] ? memory_print("%s: %s", error, info) : memory_print("%s", error);
}

char *outcome_attempt(const json_t *view)
{
	int attempt = (int)member_number(view, "attempt", 1);
	int attempts = (int)member_number(view, "attempts", 1);

	return attempt > 1 ? memory_print("attempt %d of %d", attempt, attempts) : NULL;
}

/* Whether info is no more than what the daemon says of an exit itself. */
static bool is_plain(const char *info)
{
	return info[0] == '\0' || strncasecmp(info, "exit", 4) == 0 ||
	       strncasecmp(info, "signal", 6) == 0;
}

char *outcome_detail(const json_t *view)
{
	const char *error = member_text(view, "error", "");
	const char *info = member_text(view, "info", "");

	/* The others' descriptions have it; what the daemon says of an exit itself tells nothing
	 * new. */
	if (strcmp(error, "exit") != 0 && strcmp(error, "signal") != 0)
		return NULL;
	if (is_plain(info))
		return NULL;
	return memory_copy(info);
}

/* What is said of one that has failed: the reason, and details if there are. */
static char *describe_failure(const json_t *view)
{
	char *description = outcome_describe(view), *detail = outcome_detail(view), *both;

	if (!detail)
		return description;
	both = memory_print("%s: %s", description, detail);
	free(description);
	free(detail);
	return both;
}

char *outcome_retried(const json_t *view)
{
	const char *info = member_text(view, "info", "");

	return is_plain(info) ? outcome_describe(view) : memory_copy(info);
}

char *outcome_reason(const json_t *view)
{
	const char *state = member_text(view, "state", "");
	char *text, *attempt = NULL, *both;

	if (strcmp(state, "failed") == 0)
		text = describe_failure(view);
	else if (outcome_is_complete(view))
		text = memory_copy(member_text(view, "info", ""));
	else
		text = memory_copy(member_text(view, "waits", member_text(view, "info", "")));
	/* What one that waits for another attempt waits for says so itself. */
	if (strcmp(state, "wanted") != 0)
		attempt = outcome_attempt(view);
	if (!attempt)
		return text;
	both = text[0] ? memory_print("%s (%s)", text, attempt) : memory_copy(attempt);
	free(text);
	free(attempt);
	return both;
}

static void add_status_row(struct table *table, const json_t *view)
{
	const char *state = member_text(view, "state", "");
	char duration[DURATION_SIZE];
	char *reason = outcome_reason(view);
	const char *cells[] = {member_text(view, "name", "?"), state, duration, reason};

	outcome_format_duration(duration, view);
	table_add(table, cells, output_state_style(state), 1);
	free(reason);
}

void outcome_print_table(const struct output *output, const json_t *views)
{
	static const char *const heads[] = {"NAME", "STATE", "TIME", "REASON"};
	struct table *table = table_new(heads, 4);
	size_t i;
	json_t *view;

	json_array_foreach (views, i, view)
		add_status_row(table, view);
	table_print(table, output);
	table_free(table);
}
