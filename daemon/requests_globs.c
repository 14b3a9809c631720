/*
 * Globs in the names of requests about procs that are there; see requests_look.h. Those of start
 * and create stand for choices instead, and are the core's.
 */
#include <fnmatch.h>

#include "daemon/core/name.h"
#include "daemon/daemon.h"
#include "daemon/requests.h"
#include "daemon/requests_look.h"

/* Each is a look at all procs. */
#define GLOBS_MAX 100

struct matching {
	const char *glob;
	json_t *names;
	json_t *seen; /* an object with these as keys: each stands once, also one that was given
	                 twice */
	size_t n_globs;
	bool is_failed; /* there is no memory for them all */
};

static void add_name(struct matching *matching, const char *name)
{
	if (json_object_get(matching->seen, name))
		return;
	matching->is_failed |= json_object_set_new(matching->seen, name, json_true()) != 0 ||
	                       json_array_append_new(matching->names, json_string(name)) != 0;
}

/* Whether the glob stands for proc, which is then there. */
static bool visit(const struct proc *proc, struct matching *matching)
{
	if (!request_knows_proc(proc) || fnmatch(matching->glob, proc->name, FNM_NOESCAPE) != 0)
		return false;
	add_name(matching, proc->name);
	return true;
}

struct visiting {
	struct matching *matching;
	bool is_any;
};

static bool visit_proc(struct proc *proc, void *arg)
{
	struct visiting *visiting = arg;

	visiting->is_any |= visit(proc, visiting->matching);
	return !visiting->matching->is_failed;
}

/* Adds the procs that the glob stands for. 0, or -1: refused. */
static int add_matches(struct request *request, const struct run *run, struct matching *matching)
{
	const struct membership *member;
	bool is_any = false;

	if (++matching->n_globs > GLOBS_MAX) {
		request_refuse(request, PROTOCOL_LIMIT, "names: more than 100 globs", NULL);
		return -1;
	}
	if (run) {
		TAILQ_FOREACH (member, &run->members, of_run)
			is_any |= visit(member->execution->proc, matching);
	}
	if (!is_any) {
		struct visiting visiting = {.matching = matching};
		core_each_proc(request->daemon->core, visit_proc, &visiting);
		is_any = visiting.is_any;
	}
	if (is_any || matching->is_failed)
		return 0;
	request_refuse_unknown_proc(request, matching->glob);
	return -1;
}

bool request_is_glob(const struct request *request, const char *name)
{
	return name_has_glob(name) &&
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
		if (!matching->glob)
			continue;
		if (!request_is_glob(request, matching->glob))
			add_name(matching, matching->glob);
		else if (add_matches(request, run, matching) != 0)
			return -1;
	}
	if (!matching->is_failed && json_object_set(request->params, "names", matching->names) == 0)
		return 0;
	request_refuse_memory(request);
	return -1;
}

int request_expand_globs(struct request *request)
{
	json_t *names = json_object_get(request->params, "names");
	const char *only = json_string_value(json_array_get(names, 0));
	struct matching matching = {0};
	int status;

	if (json_array_size(names) == 0 ||
	    (json_array_size(names) == 1 && only && !request_is_glob(request, only)))
		return 0;
	matching.names = json_array();
	matching.seen = json_object();
	matching.is_failed = !matching.names || !matching.seen;
	status = expand(request, names, &matching);
	json_decref(matching.names);
	json_decref(matching.seen);
	return status;
}
