/*
 * The files in which a process leaves its result and its message: what of them is there before it
 * begins is removed, and what is there when it has ended is read. Most leave nothing, so a file is
 * not even looked for where it is known that there is none (left_watch.h).
 */
#ifndef PARPROC_DAEMON_LEFT_H
#define PARPROC_DAEMON_LEFT_H

struct daemon;
struct execution;
struct exit_report;
struct left_watch;

/*
 * Removes what nobody needs any more of what processes of an earlier scheduler left, and watches
 * what the next ones leave. For daemon->left; the caller frees it. NULL: no memory.
 */
struct left_watch *left_new(struct daemon *daemon);

/* A process of the execution is about to be started. */
void left_begin_attempt(struct daemon *daemon, struct execution *execution);

/*
 * Its process has ended as report says: reads what it left behind, which is then removed once the
 * pass is stored. A result that is refused is said in report. *info: the message, or what is wrong
 * with the result, for the caller to free; left as it is where there is neither.
 */
void left_collect(
    struct daemon *daemon, struct execution *execution, struct exit_report *report, char **info);

#endif
