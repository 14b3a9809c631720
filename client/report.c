/*
 * The verb report: a run as one page of HTML, or with --json what is said of the whole of it.
 */
#include "client/report.h"

#include "client/memory.h"
#include "client/record_load.h"
#include "client/verbs.h"

static double seconds(int64_t duration_us)
{
	return (double)duration_us / 1e6;
}

static void put_json(FILE *stream, const struct record *record)
{
	const struct output output = {.stream = stream};
	json_t *counts = json_object(), *path = json_array(), *answer;

	for (int state = 0; state < RECORD_STATES; state++)
		json_object_set_new(counts, record_state_name((enum record_state)state),
		    json_integer(record->n_of_state[state]));
	for (uint32_t i = 0; i < record->n_critical; i++)
		json_array_append_new(path, json_string(record->execs[record->critical[i]].name));
	answer = json_pack("{s:I, s:s?, s:s, s:f, s:i, s:o, s:f, s:o, s:f, s:i}", "run",
	    record->run, "name", record->name, "state", record->state, "time",
	    seconds(record_makespan_us(record)), "procs", (int)record->n_execs, "states", counts,
	    "critical_time", seconds(record->critical_us), "critical_path", path, "cpu_time",
	    record->cpu_s, "at_once", (int)record->n_lanes);
	if (!answer)
		memory_refused();
	output_print_json(&output, answer);
	json_decref(answer);
}

int verb_report(struct client *client)
{
	struct record record;
	int status = record_load(client, &record);

	if (!status)
		status =
		    record_write(client, &record, client->is_json ? put_json : report_put_page);
	record_clear(&record);
	return status;
}
