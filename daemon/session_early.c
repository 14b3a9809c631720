/*
 * Requests that come early: from a process that has been started in the place of another, of whose
 * end we have not been told yet. They wait for that, which is a matter of milliseconds: what they
 * ask for may be what that other has left.
 */
#include "daemon/daemon.h"
#include "daemon/session_internal.h"
#include "protocol/methods.h"

static bool is_early(const struct call *call)
{
	json_int_t exec = json_integer_value(json_object_get(call->params, "exec"));

	return exec > 0 && core_is_following(call->request.daemon->core, (uint64_t)exec);
}

static void forget(struct request *request)
{
	struct call *call = request->pending;

	TAILQ_REMOVE(&call->sessions->early, call, of_early);
	request->pending = NULL;
	request->abandon = NULL;
}

bool call_hold_early(struct call *call)
{
	if (!is_early(call))
		return false;
	call->request.pending = call;
	call->request.abandon = forget;
	TAILQ_INSERT_TAIL(&call->sessions->early, call, of_early);
	session_hold_requests(call->request.session);
	call_count_bytes(call);
	return true;
}

void sessions_serve_early(struct sessions *sessions)
{
	struct call *call, *next;

	for (call = TAILQ_FIRST(&sessions->early); call != NULL; call = next) {
		struct session *session = call->request.session;

		next = TAILQ_NEXT(call, of_early);
		if (is_early(call))
			continue;
		forget(&call->request);
		call_dispatch(call, protocol_method_find(call->request.method));
		session_release_requests(session);
	}
}
