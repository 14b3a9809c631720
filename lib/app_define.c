/*
 * Gives a program's tasks to the daemon. What the same program defined earlier they replace; what
 * somebody else did, they do not.
 */
#include <string.h>
#include <unistd.h>

#include "lib/app.h"

/* {procs, protos}. NULL: no memory. */
static json_t *all_definitions(const pp_app *app)
{
	json_t *procs = json_object(), *protos = json_object();
	const struct app_task *task;
	bool is_failed = false;

	for (task = app->tasks; task; task = task->hh.next)
		is_failed |= json_object_set(
		                 task->is_proto ? protos : procs, task->name, task->definition) < 0;
	if (!is_failed)
		return json_pack("{s:o, s:o}", "procs", procs, "protos", protos);
	json_decref(procs);
	json_decref(protos);
	return NULL;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether a command runs a function of this executable, or of one of its name that is not there
 * any more: it was moved. */
static bool is_own_command(const pp_app *app, const json_t *command)
{
	const char *program = json_string_value(json_array_get(command, 0));
	const char *option = json_string_value(json_array_get(command, 1));

	if (!program || !option || strcmp(option, APP_WORKER_OPTION) != 0)
		return false;
	return strcmp(program, app->executable) == 0 ||
	       (strcmp(last_part(program), last_part(app->executable)) == 0 &&
	           access(program, F_OK) != 0);
}

enum owner {
	OWNER_NOBODY,
	OWNER_SELF,
	OWNER_ANYBODY, /* a client's that has nothing to execute */
	OWNER_OTHER,
};

static enum owner owner_of(const pp_app *app, const json_t *shown)
{
	const char *origin = json_string_value(json_object_get(shown, "origin"));
	const json_t *command = json_object_get(json_object_get(shown, "definition"), "run");

	if (!origin || strcmp(origin, "file") == 0)
		return OWNER_OTHER;
	if (!command)
		return OWNER_ANYBODY;
	return is_own_command(app, command) ? OWNER_SELF : OWNER_OTHER;
}

/* PP_OK with the owner, or an error that is not about the name. */
static enum pp_error find_owner(
    pp_app *app, pp_conn *conn, const char *name, double deadline_s, enum owner *owner)
{
	json_t *shown = NULL;
	enum pp_error error = pp_call(
	    conn, "show", json_pack("{s:s}", "name", name), clock_left_s(deadline_s), &shown);
	const char *error_name = error == PP_ERR_REMOTE ? pp_error_name(conn) : NULL;

	*owner = OWNER_NOBODY;
	if (error == PP_OK)
		*owner = owner_of(app, shown);
	json_decref(shown);
	if (error_name && strcmp(error_name, "unknown_name") == 0)
		return PP_OK;
	return error;
}

/* Whether all that has the names is this program's. What has nothing to execute does not say whose
 * it is: it is taken for this program's where something else of it is there. */
static enum pp_error check_owners(pp_app *app, pp_conn *conn, double deadline_s, bool *is_own)
{
	const struct app_task *task;
	bool has_own = false, has_anybodys = false;

	*is_own = false;
	for (task = app->tasks; task; task = task->hh.next) {
		enum owner owner;
		enum pp_error error = find_owner(app, conn, task->name, deadline_s, &owner);

		if (error != PP_OK)
			return error;
		if (owner == OWNER_OTHER)
			return PP_OK;
		has_own |= owner == OWNER_SELF;
		has_anybodys |= owner == OWNER_ANYBODY;
	}
	*is_own = has_own || !has_anybodys;
	return PP_OK;
}

static enum pp_error define(pp_app *app, pp_conn *conn, bool replace, double deadline_s)
{
	json_t *definitions = all_definitions(app);

	if (!definitions)
		return conn_fail(conn, PP_ERR_NOMEM, "no memory");
	return pp_define(conn, definitions, replace, clock_left_s(deadline_s), NULL);
}

enum pp_error pp_app_define(pp_app *app, pp_conn *conn, double timeout_s)
{
	double deadline_s = clock_deadline_s(timeout_s);
	const char *name;
	enum pp_error error;
	bool is_own;

	if (!conn)
		return PP_ERR_INVALID;
	if (!app || app->error != PP_OK)
		return conn_fail(
		    conn, app ? app->error : PP_ERR_INVALID, "%s", pp_app_error_text(app));
	if (app->is_worker)
		return conn_fail(conn, PP_ERR_INVALID, "a process of the daemon defines nothing");
	if (!app->tasks)
		return PP_OK;
	error = define(app, conn, false, deadline_s);
	name = pp_error_name(conn);
	if (error != PP_ERR_REMOTE || !name || strcmp(name, "exists") != 0)
		return error;
	error = check_owners(app, conn, deadline_s, &is_own);
	/* If not, once more as before, so that the error is the daemon's. */
	return error == PP_OK ? define(app, conn, is_own, deadline_s) : error;
}
