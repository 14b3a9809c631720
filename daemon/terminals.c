/*
 * Which terminal an execution's process gets. Those of a run are in a list, the newest first: a
 * client that is itself in the foreground of another's terminal stands before it. Knows neither
 * sockets nor how descriptors travel.
 */
#include "daemon/terminals.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/extra.h"
#include "daemon/requests.h"
#include "daemon/session.h"
#include "daemon/workspace/workspace.h"

struct terminal {
	struct daemon *daemon;
	int fds[SESSION_FDS];
	char *type;
	uint64_t run;    /* in whose list it is; 0: none yet */
	uint64_t *execs; /* that its request has pulled in, sorted */
	size_t n_execs;
	struct terminal *next; /* of the same run */
};

static bool is_single(const struct daemon *daemon)
{
	return workspace_get_options(daemon->workspace)->mode == MODE_SINGLE;
}

static void close_fds(const int fds[SESSION_FDS])
{
	for (int i = 0; i < SESSION_FDS; i++)
		close(fds[i]);
}

/* Out of its run's list, unless the run is forgotten already. */
static void detach(struct terminal *terminal)
{
	struct run *run = core_find_run(terminal->daemon->core, terminal->run);
	struct run_extra *extra = run ? run->extra : NULL;

	if (!terminal->run || !extra)
		return;
	for (struct terminal **at = &extra->terminals; *at; at = &(*at)->next) {
		if (*at == terminal) {
			*at = terminal->next;
			return;
		}
	}
}

static void terminal_free(void *attachment)
{
	struct terminal *terminal = attachment;

	detach(terminal);
	terminal->daemon->n_terminals--;
	close_fds(terminal->fds);
	free(terminal->type);
	free(terminal->execs);
	free(terminal);
}

int terminals_take(struct request *request)
{
	struct daemon *daemon = request->daemon;
	struct terminal *terminal;
	int fds[SESSION_FDS];

	if (!request_read_flag(request, "terminal") || request->attachment)
		return 0;
	if (session_take_fds(request->session, fds) != 0) {
		request_refuse(request, PROTOCOL_BAD_PARAMS,
		    "terminal: three descriptors have to come with the request", NULL);
		return -1;
	}
	terminal = is_single(daemon) ? calloc(1, sizeof(*terminal)) : NULL;
	if (!terminal || daemon->n_terminals >= TERMINALS_MAX) {
		close_fds(fds);
		free(terminal);
		if (!is_single(daemon))
			return 0;
		if (terminal)
			request_refuse(request, PROTOCOL_LIMIT,
			    "too many runs that have a terminal at once", NULL);
		else
			request_refuse_memory(request);
		return -1;
	}
	terminal->daemon = daemon;
	for (int i = 0; i < SESSION_FDS; i++)
		terminal->fds[i] = fds[i];
	terminal->type = mem_copy(
	    json_string_value(json_object_get(json_object_get(request->params, "env"), "TERM")));
	daemon->n_terminals++;
	request->attachment = terminal;
	request->release = terminal_free;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void terminals_attach(
    struct request *request, uint64_t run_id, struct membership *const *pulled, size_t n_pulled)
{
	struct terminal *terminal = request->attachment;
	struct run *run = core_find_run(request->daemon->core, run_id);
	struct run_extra *extra = terminal && run ? run_extra_get(run) : NULL;

	if (!extra || terminal->run)
		return;
	terminal->execs = mem_new(n_pulled + 1, sizeof(*terminal->execs));
	for (; terminal->n_execs < n_pulled; terminal->n_execs++)
		terminal->execs[terminal->n_execs] = pulled[terminal->n_execs]->execution->id;
	qsort(terminal->execs, n_pulled, sizeof(*terminal->execs), compare_ids);
	terminal->run = run_id;
	terminal->next = extra->terminals;
	extra->terminals = terminal;
}

const struct terminal *terminals_find(
    const struct daemon *daemon, const struct execution *execution)
{
	const struct run *run = execution_home(execution);
	const struct run_extra *extra = run ? run->extra : NULL;
	const struct terminal *terminal;

	if (!extra || !is_single(daemon))
		return NULL;
	for (terminal = extra->terminals; terminal; terminal = terminal->next) {
		if (bsearch(&execution->id, terminal->execs, terminal->n_execs,
		        sizeof(execution->id), compare_ids))
			return terminal;
	}
	return extra->terminals;
}

const int *terminal_get_fds(const struct terminal *terminal)
{
	return terminal->fds;
}

const char *terminal_get_type(const struct terminal *terminal)
{
	return terminal->type;
}

struct execution *terminals_interrupt(const struct run *run)
{
	struct execution *found = NULL;
	struct exec_extra *extra;
	struct membership *member;

	TAILQ_FOREACH (member, &run->members, of_run) {
		struct execution *execution = member->execution;

		extra = execution->extra;
		if (execution->state == STATE_RUNNING && !execution->nested &&
		    execution->ending == ERROR_NONE && extra && extra->has_terminal)
			found = execution;
	}
	extra = found ? found->extra : NULL;
	if (!extra || extra->is_interrupted)
		return NULL;
	extra->is_interrupted = true;
	return found;
}
