/*
 * A request that names procs, as create, start, run, plan and wait do: what it asks of the core,
 * and the commands that have to tell the choices of arguments before the core can be asked. While
 * they run, later requests of the same connection wait.
 */
#ifndef PARPROC_DAEMON_ASK_H
#define PARPROC_DAEMON_ASK_H

#include "daemon/request.h"

struct ask;

/*
 * Carries the request out once all choices are known, and answers it (or defers that further).
 * query is valid during the call.
 */
typedef enum request_status ask_proceed(struct request *request, const struct name_request *query);

/*
 * Reads names, args, as and the scope of the request, asks the commands that it needs, and calls
 * proceed, at once or later. What is wrong is refused.
 */
enum request_status ask_begin(struct request *request, ask_proceed *proceed);

/* The same of a wait, which starts what it names if a process asks for it. */
enum request_status ask_begin_wait(struct request *request, ask_proceed *proceed);

#endif
