/*
 * What is known of earlier executions: how long procs take.
 */
#include <stdlib.h>

#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/request.h"
#include "daemon/requests.h"

/* What is wanted for a screen. */
#define NAMES_MAX 1000

enum request_status handle_durations(struct request *request)
{
	struct request_texts names = {0};
	json_t *durations = json_object(), *answer;

	if (request_read_texts(request, "names", &names) != 0) {
		json_decref(durations);
		return REQUEST_DONE;
	}
	if (names.count > NAMES_MAX) {
		free(names.items);
		json_decref(durations);
		return request_refuse(
		    request, PROTOCOL_LIMIT, "at most 1000 names at a time", NULL);
	}
	for (size_t i = 0; i < names.count; i++) {
		int64_t duration_ns = core_expected(request->daemon->core, names.items[i]);

		if (duration_ns > 0)
			json_object_set_new(
			    durations, names.items[i], json_real((double)duration_ns / 1e9));
	}
	free(names.items);
	answer = json_pack("{s:o}", "durations", durations);
	return answer ? request_answer(request, answer) : request_refuse_memory(request);
}
