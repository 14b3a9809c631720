/*
 * What the request handlers share: reading the members that many methods have, rereading the
 * workspace file, answering. Only for daemon/requests*.c and daemon/ask.c.
 *
 * A handler is called with params that the method's table has passed, so a member that is there is
 * of its type; what the table cannot say is checked here.
 */
#ifndef PARPROC_DAEMON_REQUESTS_H
#define PARPROC_DAEMON_REQUESTS_H

#include "daemon/request.h"
#include "daemon/views.h"

/* --- answering --- */

/* Answers a request that has changed something, and keeps the answer for its request_id. */
enum request_status request_answer_once(struct request *request, json_t *result);

/* Refuses a name that nothing has, with what is near it. */
enum request_status request_refuse_unknown(struct request *request, const char *name);

/* The same where only a proc will do: says of a proto's name which procs it has, and of one that a
 * proto makes that it has not been made yet. */
enum request_status request_refuse_unknown_proc(struct request *request, const char *name);

/* Refuses, as there is no memory for the answer. */
enum request_status request_refuse_memory(struct request *request);

/* --- reading params --- */

/* The texts of an array; borrowed from params, the list itself is the caller's to free. */
struct request_texts {
	const char **items;
	size_t count;
};

/* The member of that name; an absent one is an empty list. 0, or -1: refused. */
int request_read_texts(struct request *request, const char *member, struct request_texts *texts);

/* A member that is a text, a flag, a count (absent: the value otherwise). */
const char *request_read_text(const struct request *request, const char *member);
bool request_read_flag(const struct request *request, const char *member);
int64_t request_read_integer(const struct request *request, const char *member, int64_t otherwise);

/* What the params say of events: their states, and whether they are brief. */
struct event_filter;
void request_fill_filter(const struct request *request, struct event_filter *filter);

/* Gives back what request_scope() has put into scope. */
void request_scope_clear(struct scope *scope);

/*
 * Like request_scope(), for requests that only look: the run and the execution; no environment, no
 * params, nothing to give back. 0, or -1: refused.
 */
int request_look_scope(const struct request *request, struct scope *scope);

/* The run that a looking request names; NULL: it names none. 0, or -1: refused. */
int request_look_run(struct request *request, struct run **run);

/* The run that text means: a number, or a client's name for it; NULL: none. */
struct run *request_find_run(const struct request *request, const char *text);

/* The execution of the member exec, which is running; or NULL: refused. */
struct execution *request_find_asker(struct request *request);

/* --- the workspace file --- */

/* Refuses, as the file is broken. */
enum request_status request_refuse_file(struct request *request);

/* Rereads the file if it has changed. Where it is broken: -1, refused. */
int request_need_file(struct request *request);

/* The same for requests that look: a broken file is no reason to refuse. */
void request_look_file(struct request *request);

/* Adds the member `warning` where the file is broken. */
void request_warn(const struct request *request, json_t *answer);

/* --- what is asked of people --- */

/*
 * The open inputs that the members names and kinds of a request for events let pass, in run (NULL:
 * in any). New.
 */
json_t *request_list_inputs(const struct request *request, const struct run *run);

/* --- pages of views --- */

/*
 * Adds to answer the views as `procs` (taken), and what is said where not all are there. next: the
 * cursor of the next page, or NULL.
 */
void request_set_views(json_t *answer, struct views *views, const char *next);

#endif
