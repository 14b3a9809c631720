/*
 * The handlers of the methods, for the table in requests.c. What each does is said in the protocol
 * (protocol/openrpc.json).
 */
#ifndef PARPROC_DAEMON_HANDLERS_H
#define PARPROC_DAEMON_HANDLERS_H

#include "daemon/request.h"

/* requests_define.c */
request_handler handle_define, handle_undefine, handle_reload, handle_clear;

/* requests_run.c */
request_handler handle_create, handle_start, handle_run, handle_open, handle_close, handle_cancel;

struct repeat;

/* A run request whose first one has started already what it asks for: waits for that. */
enum request_status handle_run_again(struct request *request, const struct repeat *repeat);

/* An open request whose first one was answered: the same hold, for this connection. */
enum request_status handle_open_again(struct request *request, const struct repeat *repeat);

/* requests_wait.c */
request_handler handle_wait;

/* A wait request whose first one has noted what it waits for: waits for that. */
enum request_status handle_wait_again(struct request *request, const struct repeat *repeat);

/* requests_look.c */
request_handler handle_status, handle_results, handle_log;

/* requests_list.c */
request_handler handle_list, handle_runs;

/* requests_show.c */
request_handler handle_show, handle_plan, handle_why;

/* requests_graph.c */
request_handler handle_graph;

/* requests_settings.c */
request_handler handle_params_get, handle_params_set, handle_options_get, handle_options_set;

/* requests_inside.c */
request_handler handle_context, handle_message;

/* requests_input.c */
request_handler handle_input_ask, handle_input_answer;

/* requests_daemon.c */
request_handler handle_durations;
request_handler handle_hello, handle_ping, handle_restart, handle_shutdown, handle_subscribe,
    handle_unsubscribe;

#endif
