/*
 * Requests that come early, and wait for a matter of milliseconds. Those of a process that has been
 * started in the place of another, of whose end we have not been told yet: what they ask for may be
 * what that other has left. And those that schedule something while others follow what runs: that
 * may have to come before these, which are asked back for it.
 */
#include "daemon/daemon.h"
#include "daemon/follow.h"
#include "daemon/session_internal.h"
#include "protocol/methods.h"

static bool schedules(const struct call *call)
{
	return protocol_method_find(call->request.method)->flags & METHOD_SCHEDULES;
}

static bool is_early(const struct call *call)
{
	const struct core *core = call->request.daemon->core;
	json_int_t exec = json_integer_value(json_object_get(call->params, "exec"));

	return (exec > 0 && core_is_following(core, (uint64_t)exec)) ||
	       (schedules(call) && core_has_followers(core));
}

static void forget(struct request *request)
{
	struct call *call = request->pending;

	TAILQ_REMOVE(&call->sessions->early, call, of_early);
	request->pending = NULL;
	request->abandon = NULL;
	if (schedules(call))
		follow_release(request->daemon);
	if (request->session)
		session_release_requests(request->session);
}

bool call_hold_early(struct call *call)
{
	if (!is_early(call))
		return false;
	call->request.pending = call;
	call->request.abandon = forget;
	TAILQ_INSERT_TAIL(&call->sessions->early, call, of_early);
	if (schedules(call))
		follow_hold(call->request.daemon);
	session_hold_requests(call->request.session);
	call_count_bytes(call);
	return true;
}

static void serve(struct call *call)
{
	const struct method *method = protocol_method_find(call->request.method);
	struct daemon *daemon = call->request.daemon;
	struct session *session = call->request.session;
	bool is_scheduling = schedules(call);

	/* So that nothing begins to follow, and nothing that came later is served, before. */
	if (is_scheduling)
		follow_hold(daemon);
	session_hold_requests(session);
	forget(&call->request);
	call->request.now_ns = scheduler_now_ns();
	if (!call_is_refused(call, method))
		call_dispatch(call, method);
	session_release_requests(session);
	if (is_scheduling)
		follow_release(daemon);
}

static struct call *find_due(const struct sessions *sessions)
{
	struct call *call;

	TAILQ_FOREACH (call, &sessions->early, of_early)
		if (!is_early(call))
			break;
	return call;
}

void sessions_serve_early(struct sessions *sessions)
{
	struct call *call;

	/* Each may end connections, and with them what is in the list. */
	while ((call = find_due(sessions)) != NULL)
		serve(call);
}
