/*
 * A request on its way: what a handler gets, and the ways in which it answers. Handlers know
 * neither sockets nor framing. A request is answered exactly once: by what the handler returns, or
 * later with request_answer() or request_refuse() where it returned REQUEST_DEFERRED.
 */
#ifndef PARPROC_DAEMON_REQUEST_H
#define PARPROC_DAEMON_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "protocol/errors.h"

struct daemon;
struct json_text;
struct session;

struct request {
	struct daemon *daemon;
	struct session *session; /* NULL once its connection is gone */
	const char *method;
	json_t *params; /* an object, checked against the method's table; borrowed */
	int64_t now_ns; /* since the epoch */
	void *pending;  /* a deferred handler's own */
	/* Called when the connection ends before the answer; must release pending. Or NULL. */
	void (*abandon)(struct request *request);
	void *attachment; /* what a handler keeps as long as the request is in flight; or NULL */
	void (*release)(void *attachment); /* called with it at the request's end */
};

enum request_status {
	REQUEST_DONE,     /* answered with request_answer() or request_refuse() already */
	REQUEST_DEFERRED, /* will be, later */
};

typedef enum request_status request_handler(struct request *request);

/* Answers; takes result. A deferred request is freed by this. Returns REQUEST_DONE. */
enum request_status request_answer(struct request *request, json_t *result);

/* The same, of an object that has a list of items too, under member. The items are borrowed. */
enum request_status request_answer_items(
    struct request *request, json_t *result, const char *member, const struct json_text *items);

/* Answers an error; takes data (may be NULL). */
enum request_status request_refuse(
    struct request *request, enum protocol_error error, const char *message, json_t *data);

/* The same for a fault of the core, which it clears. */
enum request_status request_refuse_fault(struct request *request, struct fault *fault);

/*
 * The params of a request that is deferred are not needed any more: they may be many times what its
 * handler has kept of them. They are an empty object then.
 */
void request_forget_params(struct request *request);

/* The scope that the members run, exec, params and env of the request say. 0, or -1: refused. */
int request_scope(struct request *request, struct scope *scope);

/* The handler of a method of protocol/methods.h, by its index there; NULL: none. */
request_handler *request_find_handler(const char *method);

#endif
