/*
 * What looks at executions and changes nothing: status, results, log.
 */
#include "daemon/requests_look.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/logs.h"
#include "daemon/requests.h"
#include "daemon/requests_list.h"

/* Results of one answer are no larger than this, as text. */
#define RESULTS_MAX_BYTES (15u << 20)

bool request_knows_proc(const struct proc *proc)
{
	return proc && (proc->is_defined || proc->newest);
}

int request_look_proc(struct request *request, const char *name, struct proc **proc,
    const struct run *run, struct membership **member)
{
	*proc = core_find_proc(request->daemon->core, name);
	if (!request_knows_proc(*proc)) {
		request_refuse_unknown_proc(request, name);
		return -1;
	}
	if (run) {
		*member = core_find_member(run, *proc);
	} else {
		struct execution *newest = (*proc)->newest;

		*member = newest ? execution_place(newest) : NULL;
		/* Where all its runs are forgotten, that of its first stands for them. */
		if (newest && !*member)
			*member = &newest->first;
	}
	return 0;
}

/* --- status --- */

/* A page of what is looked at. */
struct page {
	const struct core *core;
	struct views views;
	const char *first; /* the name that it begins with; NULL: with the first of all */
	const char *next;  /* the name that did not fit any more, or NULL */
	const char *glob;  /* that names have to match, or NULL */
};

/* Adds a view (taken) of the proc of that name; false: the page is full. */
static bool page_add(struct page *page, const char *name, json_t *view)
{
	if (views_add(&page->views, view))
		return true;
	page->next = name;
	return false;
}

static bool visit_proc(struct proc *proc, void *arg)
{
	struct page *page = arg;

	if (!request_knows_proc(proc) ||
	    (page->glob && fnmatch(page->glob, proc->name, FNM_NOESCAPE) != 0))
		return true;
	return page_add(page, proc->name, view_proc(page->core, proc));
}

enum request_status request_refuse_cursor(struct request *request)
{
	return request_refuse(request, PROTOCOL_BAD_ARGUMENT,
	    "cursor: not of an earlier answer, or what it stands for has gone", NULL);
}

static int refuse_cursor(struct request *request)
{
	request_refuse_cursor(request);
	return -1;
}

static json_t *view_named(const struct core *core, const struct proc *proc, const struct run *run,
    const struct membership *member)
{
	if (!run)
		return view_proc(core, proc);
	return member ? view_member(core, member) : view_proc_idle(proc);
}

static int status_of_names(
    struct request *request, const struct request_texts *names, struct run *run, struct page *page)
{
	size_t i = 0;

	while (page->first && i < names->count && strcmp(names->items[i], page->first) != 0)
		i++;
	if (i == names->count)
		return refuse_cursor(request);
	for (; i < names->count; i++) {
		struct membership *member;
		struct proc *proc;

		if (request_look_proc(request, names->items[i], &proc, run, &member) != 0)
			return -1;
		if (!page_add(page, proc->name, view_named(page->core, proc, run, member)))
			break;
	}
	return 0;
}

static int status_of_run(struct request *request, struct run *run, struct page *page)
{
	struct membership *member = TAILQ_FIRST(&run->members);

	if (page->first) {
		const struct proc *proc = core_find_proc(page->core, page->first);

		member = proc ? core_find_member(run, proc) : NULL;
		if (!member)
			return refuse_cursor(request);
	}
	for (; member; member = TAILQ_NEXT(member, of_run)) {
		if (!page_add(page, member->execution->proc->name, view_member(page->core, member)))
			break;
	}
	return 0;
}

static int status_of_all(struct request *request, struct page *page)
{
	struct proc *proc;

	if (!page->first) {
		core_each_proc(request->daemon->core, visit_proc, page);
		return 0;
	}
	proc = core_find_proc(page->core, page->first);
	if (!proc)
		return refuse_cursor(request);
	while (proc && visit_proc(proc, page))
		proc = TAILQ_NEXT(proc, of_all);
	return 0;
}

/* From the cursor on, so that many pages look at each proc once. */
static int status_of_glob(struct request *request, struct page *page)
{
	if (status_of_all(request, page) != 0)
		return -1;
	if (page->first || json_array_size(page->views.list) > 0 || page->next)
		return 0;
	request_refuse_unknown_proc(request, page->glob);
	return -1;
}

static int status_of(struct request *request, const struct request_texts *names, struct page *page)
{
	struct run *run;

	if (request_look_run(request, &run) != 0)
		return -1;
	if (page->glob)
		return status_of_glob(request, page);
	if (names->count > 0)
		return status_of_names(request, names, run, page);
	return run ? status_of_run(request, run, page) : status_of_all(request, page);
}

/* A glob that is all that the request names, of no run; or NULL. */
static const char *find_only_glob(const struct request *request)
{
	const json_t *names = json_object_get(request->params, "names");
	const char *only = json_string_value(json_array_get(names, 0));

	if (json_array_size(names) != 1 || !only || json_object_get(request->params, "run") ||
	    json_object_get(request->params, "exec"))
		return NULL;
	return request_is_glob(request, only) ? only : NULL;
}

int request_gather_views(
    struct request *request, const char *first, struct views *views, const char **next)
{
	size_t limit = (size_t)request_read_integer(request, "limit", 0);
	struct page page = {
	    .core = request->daemon->core, .first = first, .glob = find_only_glob(request)};
	struct request_texts names;
	int status;

	*views = (struct views){0};
	if ((!page.glob && request_expand_globs(request) != 0) ||
	    request_read_texts(request, "names", &names) != 0)
		return -1;
	if (views_init(&page.views, limit) != 0) {
		free(names.items);
		request_refuse_memory(request);
		return -1;
	}
	status = status_of(request, &names, &page);
	free(names.items);
	if (status != 0)
		views_clear(&page.views);
	*views = page.views;
	*next = page.next;
	return status;
}

enum request_status handle_status(struct request *request)
{
	const char *cursor = request_read_text(request, "cursor");
	struct views views;
	const char *next;
	json_t *answer;
	struct run *run;

	request_look_file(request);
	if (request_look_run(request, &run) != 0 ||
	    request_gather_views(request, cursor, &views, &next) != 0)
		return REQUEST_DONE;
	answer = json_object();
	if (answer) {
		if (run)
			json_object_set_new(answer, "run", list_run(run));
		request_set_views(answer, &views, next);
		request_warn(request, answer);
	}
	views_clear(&views);
	return answer ? request_answer(request, answer) : request_refuse_memory(request);
}

/* --- results --- */

/* Results that are gathered: an object, name to value. */
struct results {
	json_t *values;
	size_t bytes;
	bool is_too_large;
};

/*
 * Whether it has ended and can have left something: it ran, or it is a collector. member: its place
 * in the run that is looked at, or NULL.
 */
static bool has_result(const struct execution *execution, const struct membership *member)
{
	bool is_complete =
	    member ? membership_is_complete(member) : execution_is_complete(execution);

	return is_complete && (execution->attempt > 0 || execution_is_success(execution));
}

/* False: no more fit. */
static bool results_add(
    struct results *results, const struct execution *execution, const struct membership *member)
{
	const char *name = execution->proc->name;
	bool is_override = member && member->override != ERROR_NONE;
	json_t *value = is_override ? json_null() : view_result(execution);

	results->bytes +=
	    strlen(name) + 4 + json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
	results->is_too_large |= results->bytes > RESULTS_MAX_BYTES;
	if (results->is_too_large) {
		json_decref(value);
		return false;
	}
	json_object_set_new(results->values, name, value);
	return true;
}

static bool visit_result(struct proc *proc, void *arg)
{
	if (!proc->newest || !has_result(proc->newest, NULL))
		return true;
	return results_add(arg, proc->newest, NULL);
}

/* member: its place in the run that is looked at, or its first; NULL: it has not been asked for. */
static enum request_status refuse_no_result(
    struct request *request, const char *name, const struct membership *member)
{
	bool is_over = member && membership_is_complete(member);
	const char *why = is_over ? ": it failed before it was started" : " yet";
	char *message = mem_print("%s has no result%s", name, why);
	enum request_status status =
	    request_refuse(request, PROTOCOL_NOT_FOUND, message, json_pack("{s:s}", "name", name));

	free(message);
	return status;
}

static int results_of_names(struct request *request, const struct request_texts *names,
    const struct run *run, struct results *results)
{
	for (size_t i = 0; i < names->count && !results->is_too_large; i++) {
		struct membership *member;
		struct proc *proc;

		if (request_look_proc(request, names->items[i], &proc, run, &member) != 0)
			return -1;
		if (!member || !has_result(member->execution, run ? member : NULL)) {
			refuse_no_result(request, names->items[i], member);
			return -1;
		}
		results_add(results, member->execution, run ? member : NULL);
	}
	return 0;
}

static int results_of(
    struct request *request, const struct request_texts *names, struct results *results)
{
	struct membership *member;
	struct run *run;

	if (request_look_run(request, &run) != 0)
		return -1;
	if (names->count > 0)
		return results_of_names(request, names, run, results);
	if (!run) {
		core_each_proc(request->daemon->core, visit_result, results);
		return 0;
	}
	TAILQ_FOREACH (member, &run->members, of_run) {
		if (has_result(member->execution, member) &&
		    !results_add(results, member->execution, member))
			break;
	}
	return 0;
}

enum request_status handle_results(struct request *request)
{
	struct results results = {.values = json_object()};
	struct request_texts names = {0};
	int status;

	if (!results.values)
		return request_refuse_memory(request);
	status = request_read_texts(request, "names", &names);
	if (status == 0)
		status = results_of(request, &names, &results);
	free(names.items);
	if (status == 0 && !results.is_too_large)
		return request_answer(request, results.values);
	json_decref(results.values);
	if (status != 0)
		return REQUEST_DONE;
	return request_refuse(request, PROTOCOL_LIMIT,
	    "the results are too large for one answer: ask for some of them by name", NULL);
}

/* --- log --- */

static enum request_status refuse_no_execution(
    struct request *request, const char *name, const struct run *run)
{
	char *message = run ? mem_print("%s is not in run %" PRIu64, name, run->id)
	                    : mem_print("%s has not been executed yet", name);
	enum request_status status =
	    request_refuse(request, PROTOCOL_NOT_FOUND, message, json_pack("{s:s}", "name", name));

	free(message);
	return status;
}

static enum request_status refuse_attempt(
    struct request *request, const char *name, int64_t attempt, int n_attempts)
{
	char *there = n_attempts == 0   ? mem_copy("it has not been started")
	              : n_attempts == 1 ? mem_copy("there was 1")
	                                : mem_print("there were %d", n_attempts);
	char *message = mem_print("%s has no attempt %" PRId64 ": %s", name, attempt, there);
	enum request_status status = request_refuse(request, PROTOCOL_NOT_FOUND, message,
	    json_pack("{s:s, s:i}", "name", name, "attempts", n_attempts));

	free(message);
	free(there);
	return status;
}

enum request_status handle_log(struct request *request)
{
	const char *name = request_read_text(request, "name");
	int64_t attempt = request_read_integer(request, "attempt", 0);
	struct membership *member;
	struct proc *proc;
	struct run *run;
	json_t *answer;
	char *path;

	request_look_file(request);
	if (request_look_run(request, &run) != 0 ||
	    request_look_proc(request, name, &proc, run, &member) != 0)
		return REQUEST_DONE;
	if (!member)
		return refuse_no_execution(request, name, run);
	run = member->run;
	if (attempt < 0 || attempt > member->execution->attempt)
		return refuse_attempt(request, name, attempt, (int)member->execution->attempt);
	path = attempt > 0 ? logs_path_of_attempt(member->execution, (unsigned)attempt)
	                   : logs_path(member->execution);
	answer = json_pack("{s:s, s:o, s:I, s:o, s:b}", "name", name, "run",
	    run ? json_integer((json_int_t)run->id) : json_null(), "exec",
	    (json_int_t)member->execution->id, "path", view_text(path), "complete",
	    execution_is_complete(member->execution));
	free(path);
	return answer ? request_answer(request, answer) : request_refuse_memory(request);
}
