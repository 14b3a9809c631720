/*
 * One invocation of ppctl: its options, its connection, how it talks to people. All verbs use the
 * daemon through it.
 */
#ifndef PARPROC_CLIENT_CLIENT_H
#define PARPROC_CLIENT_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "client/member.h"
#include "client/options.h"
#include "client/output.h"
#include "lib/parproc.h"

enum exit_status {
	EXIT_FINE = 0,
	EXIT_PROC_FAILED = 1,
	EXIT_UNWRITTEN = 1, /* standard output has not taken all */
	EXIT_BAD_REQUEST = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_TIMED_OUT = 124,
	EXIT_SIGNAL = 128, /* plus the signal's number */
};

struct client {
	const struct invocation *inv;
	struct output out; /* standard output */
	pp_conn *conn;     /* NULL before client_connect() */
	bool is_json, is_quiet, is_verbose;
};

void client_init(struct client *client, const struct invocation *inv);
void client_clear(struct client *client);

/* Prints "ppctl: …" on standard error, escaped, and returns status. */
__attribute__((format(printf, 2, 3))) int client_complain(int status, const char *format, ...);

/* Prints what may help after an error; "ppctl: warning: …". */
__attribute__((format(printf, 1, 2))) void client_hint(const char *format, ...);
void client_warn(const char *text);

/* Prints what an answer says beside what was asked for: its warning, and that it is cut. */
void client_warn_of(const json_t *answer);

/* Asks for what is to be warned of, for a verb whose own answer has no room for it; client is
 * connected. */
void client_warn_of_file(struct client *client);

/*
 * Connects if that has not been done: starts a daemon where the verb and the options allow it.
 * Returns 0, or an exit status; then the reason was printed.
 */
int client_connect(struct client *client);

/* Connects, and prints nothing where that fails: pp_error_text() says why. */
enum pp_error client_try_connect(struct client *client);

/* Whether connecting has failed because nobody listens there. */
bool client_is_unserved(const struct client *client);

/*
 * Has the events of a method's params be brief, and those of kind state tell of these states only
 * (NULL at their end; NULL: of all), where the daemon knows that.
 */
void client_ask_events(struct client *client, json_t *params, const char *const *states);

/* Prints why the newest call failed and returns the exit status that it means. */
int client_report(struct client *client);

/*
 * Connects if need be, sends a request and waits for its answer. Takes params. *result is new;
 * result may be NULL. Returns 0, or an exit status; then the reason was printed.
 */
int client_request(struct client *client, const char *method, json_t *params, json_t **result);

/* The same with the params that request says and the defaults of the connection. */
int client_ask(
    struct client *client, const char *method, const struct pp_request *request, json_t **result);

/*
 * The same for answers that come in pages: as long as there is a cursor, the next page is asked
 * for. Each is shown to visit as soon as it is there.
 */
typedef void client_page_visit(void *arg, const json_t *page);
int client_ask_pages(struct client *client, const char *method, const struct pp_request *request,
    client_page_visit *visit, void *arg);

/* The same; the members of the arrays with those names (after the last one NULL) are gathered in
 * *result. */
int client_ask_all(struct client *client, const char *method, const struct pp_request *request,
    const char *const *lists, json_t **result);

#endif
