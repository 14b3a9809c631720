/*
 * The search for the workspace: options, then environment, then upward from here. Connects to
 * nothing.
 */
#include "lib/discover.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/connection.h"

static const char *const workspace_files[] = {"parproc.yaml", "parproc.yml", "parproc.json"};

#define WORKSPACE_FILE_COUNT (sizeof(workspace_files) / sizeof(workspace_files[0]))

/* A new path "directory/name". */
static char *join(const char *directory, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, name) < 0)
		return NULL;
	return path;
}

/* 1, 0, or -1: no memory. */
static int is_entry(const char *directory, const char *name, mode_t type)
{
	char *path = join(directory, name);
	struct stat status;
	int found;

	if (!path)
		return -1;
	found = stat(path, &status) == 0 && (status.st_mode & S_IFMT) == type;
	free(path);
	return found;
}

static int is_workspace(const char *directory)
{
	int found = is_entry(directory, DISCOVER_STATE_DIRECTORY, S_IFDIR);
	size_t i;

	for (i = 0; found == 0 && i < WORKSPACE_FILE_COUNT; i++)
		found = is_entry(directory, workspace_files[i], S_IFREG);
	return found;
}

char *discover_workspace(const char *directory)
{
	char *path = realpath(directory, NULL);
	char *slash;
	int found;

	while (path) {
		found = is_workspace(path);
		if (found > 0)
			return path;
		if (found < 0 || strcmp(path, "/") == 0)
			break;
		slash = strrchr(path, '/');
		slash[slash == path ? 1 : 0] = '\0';
	}
	if (path)
		errno = found < 0 ? ENOMEM : ENOENT;
	free(path);
	return NULL;
}

/* A new absolute path of what may not exist. */
static char *absolute_path(const char *path)
{
	char *here, *absolute;

	if (path[0] == '/')
		return strdup(path);
	here = getcwd(NULL, 0);
	if (!here)
		return NULL;
	absolute = join(here, path);
	free(here);
	return absolute;
}

static enum pp_error fail_workspace(pp_conn *conn, const char *directory)
{
	if (errno == ENOMEM)
		return conn_fail(conn, PP_ERR_NOMEM, "no memory");
	if (errno == ENOENT && strcmp(directory, ".") == 0)
		return conn_fail(
		    conn, PP_ERR_NO_WORKSPACE, "no parproc.yaml here or in any directory above");
	return conn_fail(conn, PP_ERR_NO_WORKSPACE, "no workspace: %s: %m", directory);
}

static const char *variable(const struct pp_connect_options *options, const char *name)
{
	const char *value = options->ignore_environment ? NULL : secure_getenv(name);

	return value && value[0] != '\0' ? value : NULL;
}

/* The directory that the options, else the environment, else the working directory say. */
static enum pp_error find_directory(pp_conn *conn, const struct pp_connect_options *options)
{
	const char *named =
	    options->directory ? options->directory : variable(options, "PP_WORKSPACE");
	const char *start = named ? named : ".";

	conn->workspace = discover_workspace(start);
	/* A directory that was named becomes a workspace if it is in none. */
	if (!conn->workspace && named && errno == ENOENT)
		conn->workspace = realpath(named, NULL);
	return conn->workspace ? PP_OK : fail_workspace(conn, start);
}

/* The socket that was named; its workspace matters only for starting a daemon. */
static enum pp_error use_socket(
    pp_conn *conn, const struct pp_connect_options *options, const char *path)
{
	conn->is_socket_named = true;
	conn->socket_path = absolute_path(path);
	if (!conn->socket_path)
		return conn_fail(conn, errno == ENOMEM ? PP_ERR_NOMEM : PP_ERR_SYSTEM,
		    "cannot tell where %s is: %m", path);
	if (find_directory(conn, options) == PP_ERR_NOMEM)
		return PP_ERR_NOMEM;
	conn_clear_error(conn);
	return PP_OK;
}

static enum pp_error use_directory(pp_conn *conn, const struct pp_connect_options *options)
{
	enum pp_error error = find_directory(conn, options);

	if (error != PP_OK)
		return error;
	conn->socket_path =
	    join(conn->workspace, DISCOVER_STATE_DIRECTORY "/" DISCOVER_SOCKET_NAME);
	return conn->socket_path ? PP_OK : conn_fail(conn, PP_ERR_NOMEM, "no memory");
}

static bool is_same_file(const char *path, const char *other)
{
	struct stat a, b;

	return strcmp(path, other) == 0 || (stat(path, &a) == 0 && stat(other, &b) == 0 &&
	                                       a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

void discover_get_host(char host[DISCOVER_HOST_SIZE])
{
	host[DISCOVER_HOST_SIZE - 1] = '\0';
	if (gethostname(host, DISCOVER_HOST_SIZE - 1) != 0)
		host[0] = '\0';
}

bool discover_is_far(const char *host)
{
	char here[DISCOVER_HOST_SIZE];

	discover_get_host(here);
	return host && *host && *here && strcmp(host, here) != 0;
}

/* PP_RUN and PP_EXEC of a process that a daemon started mean something to that daemon only. */
static enum pp_error use_defaults(pp_conn *conn, const struct pp_connect_options *options)
{
	const char *run = variable(options, "PP_RUN");
	const char *exec = variable(options, "PP_EXEC");
	const char *socket = variable(options, "PP_SOCKET");
	const char *host = variable(options, "PP_HOST");
	long long number;
	char *end;

	if (exec && socket && !is_same_file(socket, conn->socket_path))
		return PP_OK;
	if (exec && discover_is_far(host)) {
		conn->far_host = strdup(host);
		if (!conn->far_host)
			return conn_fail(conn, PP_ERR_NOMEM, "no memory");
	}
	if (exec) {
		errno = 0;
		number = strtoll(exec, &end, 10);
		if (errno == 0 && *end == '\0' && number > 0)
			conn->default_exec = number;
	}
	if (!run)
		return PP_OK;
	conn->default_run = strdup(run);
	return conn->default_run ? PP_OK : conn_fail(conn, PP_ERR_NOMEM, "no memory");
}

enum pp_error discover(pp_conn *conn, const struct pp_connect_options *options)
{
	const char *socket = options->socket_path;
	enum pp_error error;

	if (!socket && !options->directory)
		socket = variable(options, "PP_SOCKET");
	error = socket ? use_socket(conn, options, socket) : use_directory(conn, options);
	return error == PP_OK ? use_defaults(conn, options) : error;
}

const char *pp_workspace(const pp_conn *conn)
{
	return conn ? conn->workspace : NULL;
}

const char *pp_socket_path(const pp_conn *conn)
{
	return conn ? conn->socket_path : NULL;
}

const char *pp_default_run(const pp_conn *conn)
{
	return conn ? conn->default_run : NULL;
}

int64_t pp_default_exec(const pp_conn *conn)
{
	return conn ? conn->default_exec : 0;
}
