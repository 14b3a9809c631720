/* What a proc's view says about how it goes, in words. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "client/outcome.h"

static void check(const char *text, bool is_complete, const char *duration, const char *reason)
{
	json_t *view = json_loads(text, 0, NULL);
	char shown[DURATION_SIZE], *told = outcome_reason(view);

	cr_assert_not_null(view, "%s", text);
	outcome_format_duration(shown, view);
	cr_assert_eq(outcome_is_complete(view), is_complete, "%s", text);
	cr_assert_str_eq(told, reason);
	if (duration)
		cr_assert_str_eq(shown, duration);
	free(told);
	json_decref(view);
}

Test(outcome, nothing_is_known)
{
	check("{}", false, "", "");
	check("{\"state\": \"idle\", \"started_at\": null, \"info\": null}", false, "", "");
	check("{\"state\": 1, \"started_at\": \"x\", \"info\": []}", false, "", "");
}

Test(outcome, success)
{
	check(
	    "{\"state\": \"succeeded\", \"started_at\": 10, \"ended_at\": 12.5}", true, "2.5s", "");
	check("{\"state\": \"skipped\", \"started_at\": 10, \"ended_at\": 10, \"info\": \"why\"}",
	    true, "0.0s", "why");
	check("{\"state\": \"succeeded\", \"queued_at\": 10, \"ended_at\": 12}", true, "", "");
}

Test(outcome, failure)
{
	check("{\"state\": \"failed\", \"error\": \"exit\", \"exit_code\": 2,"
	      " \"info\": \"exit status 2\"}",
	    true, "", "exit 2");
	check("{\"state\": \"failed\", \"error\": \"exit\", \"exit_code\": 2,"
	      " \"info\": \"the disk is full\"}",
	    true, "", "exit 2: the disk is full");
	check("{\"state\": \"failed\", \"error\": \"signal\", \"signal\": 11, \"info\": \"\"}",
	    true, "", "signal 11 (SEGV)");
	check("{\"state\": \"failed\", \"error\": \"signal\", \"signal\": 999}", true, "",
	    "signal 999");
	check("{\"state\": \"failed\", \"error\": \"dep_failed\", \"info\": \"its dependency a "
	      "failed\"}",
	    true, "", "dep_failed: its dependency a failed");
	check("{\"state\": \"failed\", \"error\": \"canceled\", \"info\": null}", true, "",
	    "canceled");
	check("{\"state\": \"failed\"}", true, "", "failed");
}

static void check_retried(const char *text, const char *wanted)
{
	json_t *view = json_loads(text, 0, NULL);
	char *told = outcome_retried(view);

	cr_assert_str_eq(told, wanted);
	free(told);
	json_decref(view);
}

Test(outcome, what_is_tried_again_has_failed_as_others_fail)
{
	check_retried("{\"state\": \"wanted\", \"error\": null, \"exit_code\": 7,"
	              " \"info\": \"exit status 7\"}",
	    "exit 7");
	check_retried("{\"state\": \"wanted\", \"error\": null, \"exit_code\": null,"
	              " \"signal\": 9, \"info\": \"signal SIGKILL\"}",
	    "signal 9 (KILL)");
	check_retried("{\"state\": \"wanted\", \"error\": null, \"exit_code\": 7,"
	              " \"info\": \"the disk is full\"}",
	    "the disk is full");
}

Test(outcome, waiting)
{
	check("{\"state\": \"wanted\", \"queued_at\": 1, \"waits\": \"waits for the lock l\"}",
	    false, NULL, "waits for the lock l");
	check(
	    "{\"state\": \"running\", \"started_at\": 1, \"info\": \"half way\", \"waits\": null}",
	    false, NULL, "half way");
}
