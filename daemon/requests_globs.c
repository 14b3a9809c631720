/*
 * Globs in the names of requests about procs that are there; see requests_look.h. Those of start
 * and create stand for choices instead, and are the core's.
 */
#include <fnmatch.h>

#include "daemon/core/name.h"
#include "daemon/daemon.h"
#include "daemon/requests.h"
#include "daemon/requests_look.h"

struct matching {
	const char *glob;
	json_t *names;
	bool is_failed; /* there is no memory for them all */
};

static void add_name(struct matching *matching, const char *name)
{
	matching->is_failed |= json_array_append_new(matching->names, json_string(name)) != 0;
}

static bool visit_proc(struct proc *proc, void *arg)
{
	struct matching *matching = arg;

	if (request_knows_proc(proc) && fnmatch(matching->glob, proc->name, FNM_NOESCAPE) == 0)
		add_name(matching, proc->name);
	return !matching->is_failed;
}

/* Adds the procs that the glob stands for. 0, or -1: refused. */
static int add_matches(struct request *request, const struct run *run, struct matching *matching)
{
	size_t count = json_array_size(matching->names);
	const struct membership *member;

	if (run) {
		TAILQ_FOREACH (member, &run->members, of_run)
			visit_proc(member->execution->proc, matching);
	}
	if (json_array_size(matching->names) == count)
		core_each_proc(request->daemon->core, visit_proc, matching);
	if (json_array_size(matching->names) > count || matching->is_failed)
		return 0;
	request_refuse_unknown(request, matching->glob);
	return -1;
}

static bool is_glob(const struct request *request, const char *name)
{
	return name && name_has_glob(name) &&
	       !request_knows_proc(core_find_proc(request->daemon->core, name));
}

/* The names with what their globs stand for, in matching->names. 0, or -1: refused. */
static int expand(struct request *request, const json_t *names, struct matching *matching)
{
	struct run *run;
	json_t *item;
	size_t i;

	if (request_look_run(request, &run) != 0)
		return -1;
	json_array_foreach (names, i, item) {
		matching->glob = json_string_value(item);
		if (!is_glob(request, matching->glob))
			matching->is_failed |= json_array_append(matching->names, item) != 0;
		else if (add_matches(request, run, matching) != 0)
			return -1;
	}
	matching->is_failed |= json_object_set(request->params, "names", matching->names) != 0;
	if (!matching->is_failed)
		return 0;
	request_refuse_memory(request);
	return -1;
}

int request_expand_globs(struct request *request)
{
	struct matching matching = {0};
	json_t *names = json_object_get(request->params, "names"), *item;
	bool has_globs = false;
	int status;
	size_t i;

	json_array_foreach (names, i, item)
		has_globs |= is_glob(request, json_string_value(item));
	if (!has_globs)
		return 0;
	matching.names = json_array();
	status = expand(request, names, &matching);
	json_decref(matching.names);
	return status;
}
