/*
 * What requests that look at one proc share.
 */
#ifndef PARPROC_DAEMON_REQUESTS_LOOK_H
#define PARPROC_DAEMON_REQUESTS_LOOK_H

#include "daemon/request.h"
#include "daemon/views.h"

/* Whether there is something to tell of proc: it is defined, or has been executed. */
bool request_knows_proc(const struct proc *proc);

/*
 * In the member names, puts in place of each glob that is no name itself the known procs that it
 * matches: those in the run that the request names, or where it names none or that has none, all.
 * Each name stands once afterwards. 0, or -1: refused, as one matches nothing, or they are too
 * many.
 */
int request_expand_globs(struct request *request);

/* Whether name is a glob, and no proc's name. */
bool request_is_glob(const struct request *request, const char *name);

/*
 * The proc of that name, and its execution: in run, or where run is NULL its newest (as it is
 * in the run that it was first scheduled in); *member is NULL where there is none. 0, or -1:
 * nothing has that name; refused.
 */
int request_look_proc(struct request *request, const char *name, struct proc **proc,
    const struct run *run, struct membership **member);

/* The cursor of the request does not lead anywhere (any more). */
enum request_status request_refuse_cursor(struct request *request);

/*
 * A page of views of what the members names, run and limit of the request say, from the proc named
 * first on (NULL: all); in *next the name that the next page begins with, or NULL. The caller
 * clears views. 0, or -1: refused.
 */
int request_gather_views(
    struct request *request, const char *first, struct views *views, const char **next);

#endif
