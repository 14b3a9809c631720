/*
 * Error codes and texts of connections. An error is noted in the connection, never printed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/connection.h"

const char *pp_version(void)
{
	return PACKAGE_VERSION;
}

const char *pp_strerror(enum pp_error error)
{
	switch (error) {
	case PP_OK:
		return "no error";
	case PP_ERR_INVALID:
		return "the call is wrong";
	case PP_ERR_NOMEM:
		return "no memory";
	case PP_ERR_SYSTEM:
		return "the system refused something";
	case PP_ERR_NO_WORKSPACE:
		return "no workspace here or in a directory above";
	case PP_ERR_UNREACHABLE:
		return "no daemon can be reached";
	case PP_ERR_TIMEOUT:
		return "no answer in the time given";
	case PP_ERR_PROTOCOL:
		return "the daemon's answer cannot be understood";
	case PP_ERR_REMOTE:
		return "the daemon refused the request";
	}
	return "unknown error";
}

void conn_clear_error(pp_conn *conn)
{
	free(conn->error_text);
	free(conn->error_name);
	json_decref(conn->error_data);
	conn->error_text = NULL;
	conn->error_name = NULL;
	conn->error_data = NULL;
	conn->error = PP_OK;
}

enum pp_error conn_fail(pp_conn *conn, enum pp_error error, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	/* The arguments may point into the text that there is now: it goes last. */
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	conn_clear_error(conn);
	conn->error = error;
	conn->error_text = text;
	return error;
}

enum pp_error conn_fail_remote(pp_conn *conn, const char *text, json_t *data)
{
	const char *name = json_string_value(json_object_get(data, "error"));

	conn_fail(conn, PP_ERR_REMOTE, "%s", text);
	conn->error_name = name ? strdup(name) : NULL;
	conn->error_data = json_incref(data);
	return PP_ERR_REMOTE;
}

enum pp_error conn_fail_lost(pp_conn *conn)
{
	return conn_fail(
	    conn, conn->lost, "%s", conn->lost_text ? conn->lost_text : pp_strerror(conn->lost));
}

enum pp_error pp_error_code(const pp_conn *conn)
{
	return conn ? conn->error : PP_ERR_NOMEM;
}

const char *pp_error_text(const pp_conn *conn)
{
	if (!conn)
		return pp_strerror(PP_ERR_NOMEM);
	return conn->error_text ? conn->error_text : pp_strerror(conn->error);
}

const char *pp_error_name(const pp_conn *conn)
{
	return conn ? conn->error_name : NULL;
}

json_t *pp_error_data(const pp_conn *conn)
{
	return conn ? conn->error_data : NULL;
}
