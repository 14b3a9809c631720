/*
 * Captured environments, interned by content. Those that are in use are counted; the others stay
 * in the order of their last use until there are too many, so that a client's next request finds
 * its environment there already. Never writes any of this anywhere but to the supervisor.
 */
#include "daemon/environment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/core/hash.h"
#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/workers.h"
#include "daemon/workspace/workspace.h"

#define IDLE_MAX 16
#define IDLE_MAX_BYTES (1u << 20)

struct environment {
	UT_hash_handle by_text;
	UT_hash_handle by_number;
	TAILQ_ENTRY(environment) of_idle;
	uint32_t number;
	unsigned references;
	char *text; /* sorted "NAME=value", each ended by a NUL */
	size_t length;
	size_t bytes; /* with pointers to its variables, which the supervisor has */
};

struct environments {
	struct workers *workers;
	struct environment *by_text;
	struct environment *by_number;
	TAILQ_HEAD(, environment) idle; /* without references, least recently used first */
	size_t n_idle;
	size_t idle_bytes;
	size_t bytes; /* of all */
	uint32_t last_number;
};

struct environments *environments_new(struct workers *workers)
{
	struct environments *environments = calloc(1, sizeof(*environments));

	if (!environments)
		return NULL;
	environments->workers = workers;
	TAILQ_INIT(&environments->idle);
	return environments;
}

static void enter_idle(struct environments *environments, struct environment *environment)
{
	TAILQ_INSERT_TAIL(&environments->idle, environment, of_idle);
	environments->n_idle++;
	environments->idle_bytes += environment->bytes;
}

static void leave_idle(struct environments *environments, struct environment *environment)
{
	TAILQ_REMOVE(&environments->idle, environment, of_idle);
	environments->n_idle--;
	environments->idle_bytes -= environment->bytes;
}

static void free_environment(struct environments *environments, struct environment *environment)
{
	if (environment->text) /* else it came from an earlier scheduler */
		HASH_DELETE(by_text, environments->by_text, environment);
	HASH_DELETE(by_number, environments->by_number, environment);
	environments->bytes -= environment->bytes;
	free(environment->text);
	free(environment);
}

void environments_free(struct environments *environments)
{
	struct environment *environment, *next;

	if (!environments)
		return;
	HASH_ITER (by_number, environments->by_number, environment, next)
		free_environment(environments, environment);
	free(environments);
}

/* A name that a shell could have exported, and none of ours. */
static bool is_wanted_name(const char *name)
{
	return *name && !strchr(name, '=') && strncmp(name, "PP_", 3) != 0;
}

/* "NAME=value" for the caller to free. NULL with errno. */
static char *make_variable(const char *name, const json_t *value, size_t *size)
{
	char *variable;

	*size = strlen(name) + json_string_length(value) + 2;
	if (!json_is_string(value) || *size > ENVIRONMENT_MAX_VARIABLE_BYTES) {
		errno = json_is_string(value) ? E2BIG : EINVAL;
		return NULL;
	}
	variable = malloc(*size);
	if (variable)
		snprintf(variable, *size, "%s=%s", name, json_string_value(value));
	return variable;
}

/* Fills variables (as many as object has) with "NAME=value". The number, or -1 with errno. */
static ssize_t list_variables(const json_t *object, char **variables, size_t *length)
{
	const char *name;
	json_t *value;
	size_t count = 0, size;

	*length = 0;
	json_object_foreach ((json_t *)object, name, value) {
		if (!is_wanted_name(name))
			continue;
		variables[count] = make_variable(name, value, &size);
		if (!variables[count])
			return -1;
		*length += size;
		if (*length + ++count * sizeof(char *) > ENVIRONMENT_MAX_BYTES) {
			errno = E2BIG;
			return -1;
		}
	}
	return (ssize_t)count;
}

static int compare_variables(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The environment's text for the caller to free, or NULL with errno. */
static char *make_text(const json_t *object, size_t *length, ssize_t *n_variables)
{
	size_t size = json_object_size(object);
	char **variables = NULL, *text = NULL;
	ssize_t count;

	if (size > ENVIRONMENT_MAX_VARIABLES) {
		errno = E2BIG;
		return NULL;
	}
	variables = calloc(size + 1, sizeof(*variables));
	if (!variables)
		return NULL;
	count = *n_variables = list_variables(object, variables, length);
	if (count >= 0)
		text = malloc(*length + 1);
	if (text) {
		char *end = text;
		qsort(variables, (size_t)count, sizeof(*variables), compare_variables);
		for (ssize_t i = 0; i < count; i++)
			end = stpcpy(end, variables[i]) + 1;
		*end = '\0'; /* so that an empty one is a text too */
	}
	int saved_errno = errno;
	for (size_t i = 0; i < size; i++)
		free(variables[i]);
	free(variables);
	errno = saved_errno;
	return text;
}

/* Gives the supervisor the text under the number. 0, or -1. */
static int send_environment(
    struct environments *environments, const struct environment *environment)
{
	const char *end = environment->text + environment->length;
	size_t count = 0;

	if (!environments->workers)
		return 0;
	for (const char *at = environment->text; at < end; at += strlen(at) + 1)
		count++;
	const char **variables = calloc(count + 1, sizeof(*variables));
	if (!variables)
		return -1;
	count = 0;
	for (const char *at = environment->text; at < end; at += strlen(at) + 1)
		variables[count++] = at;
	int result =
	    workers_send_environment(environments->workers, environment->number, variables);
	free(variables);
	return result;
}

/* Keeps a new one; takes text. NULL with errno. */
static struct environment *add_new(
    struct environments *environments, char *text, size_t length, size_t bytes)
{
	struct environment *environment = NULL;

	if (environments->bytes - environments->idle_bytes + bytes > ENVIRONMENTS_MAX_BYTES)
		errno = ENOSPC;
	else
		environment = calloc(1, sizeof(*environment));
	if (!environment) {
		free(text);
		return NULL;
	}
	*environment = (struct environment){.text = text,
	    .length = length,
	    .bytes = bytes,
	    .number = environments->last_number + 1};
	if (send_environment(environments, environment) < 0) {
		log_warning("environment refused bytes=%zu error=%s", length, strerror(errno));
		free(text);
		free(environment);
		return NULL;
	}
	environments->last_number++;
	environments->bytes += bytes;
	HASH_ADD_KEYPTR(
	    by_text, environments->by_text, environment->text, environment->length, environment);
	HASH_ADD(
	    by_number, environments->by_number, number, sizeof(environment->number), environment);
	enter_idle(environments, environment);
	return environment;
}

uint32_t environments_add(struct environments *environments, const json_t *object)
{
	struct environment *environment = NULL;
	ssize_t count;
	size_t length;
	char *text;

	errno = EINVAL;
	text = json_is_object(object) ? make_text(object, &length, &count) : NULL;
	if (!text)
		return ENVIRONMENT_REFUSED;
	HASH_FIND(by_text, environments->by_text, text, length, environment);
	if (!environment) {
		environment =
		    add_new(environments, text, length, length + (size_t)count * sizeof(char *));
		return environment ? environment->number : ENVIRONMENT_REFUSED;
	}
	free(text);
	if (environment->references == 0) { /* used just now: the last one to go */
		leave_idle(environments, environment);
		enter_idle(environments, environment);
	}
	return environment->number;
}

/* The name of the first that is too long, or NULL. */
static const char *find_long_variable(const json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)object, name, value) {
		if (strlen(name) + json_string_length(value) + 2 > ENVIRONMENT_MAX_VARIABLE_BYTES)
			return name;
	}
	return NULL;
}

char *environment_explain(const json_t *object, int error)
{
	const char *name = error == E2BIG ? find_long_variable(object) : NULL;

	if (name)
		return mem_print(
		    "env: %.64s is longer than the 128 KiB that a variable may have", name);
	if (error == E2BIG)
		return mem_print("env: more than 1 MiB or %d variables, which is more than a "
		                 "process can be given",
		    ENVIRONMENT_MAX_VARIABLES);
	if (error == ENOSPC)
		return mem_copy("env: the environments of all that runs take more than 16 MiB");
	return mem_print("env: %s", error == EINVAL ? "a value is no text" : strerror(error));
}

uint32_t environment_intern(struct daemon *daemon, const json_t *object)
{
	if (!object || workspace_get_options(daemon->workspace)->env == ENV_DAEMON)
		return 0;
	return environments_add(daemon->environments, object);
}

static struct environment *find_number(const struct environments *environments, uint32_t env)
{
	struct environment *environment = NULL;

	HASH_FIND(by_number, environments->by_number, &env, sizeof(env), environment);
	return environment;
}

void environments_ref(struct environments *environments, uint32_t env)
{
	struct environment *environment = env ? find_number(environments, env) : NULL;

	if (environment && environment->references++ == 0)
		leave_idle(environments, environment);
}

void environments_unref(struct environments *environments, uint32_t env)
{
	struct environment *environment = env ? find_number(environments, env) : NULL;

	if (environment && environment->references > 0 && --environment->references == 0)
		enter_idle(environments, environment);
}

void environments_hold(struct environments *environments, uint32_t env)
{
	struct environment *environment;

	if (env == 0 || find_number(environments, env))
		return;
	environment = calloc(1, sizeof(*environment));
	if (!environment)
		return; /* what would have it gets the daemon's own */
	environment->number = env;
	HASH_ADD(
	    by_number, environments->by_number, number, sizeof(environment->number), environment);
	if (env > environments->last_number && env != ENVIRONMENT_REFUSED)
		environments->last_number = env;
	enter_idle(environments, environment);
}

bool environments_has(const struct environments *environments, uint32_t env)
{
	return find_number(environments, env) != NULL;
}

/* Lets go of one that nobody uses. */
static void drop_idle(struct environments *environments, struct environment *environment)
{
	leave_idle(environments, environment);
	if (environments->workers)
		workers_drop_environment(environments->workers, environment->number);
	free_environment(environments, environment);
}

void environments_trim(struct environments *environments)
{
	while (environments->n_idle > IDLE_MAX || environments->idle_bytes > IDLE_MAX_BYTES) {
		drop_idle(environments, TAILQ_FIRST(&environments->idle));
	}
}

void environments_drop_held(struct environments *environments)
{
	struct environment *environment, *next;

	for (environment = TAILQ_FIRST(&environments->idle); environment; environment = next) {
		next = TAILQ_NEXT(environment, of_idle);
		if (!environment->text)
			drop_idle(environments, environment);
	}
}

size_t environments_count(const struct environments *environments)
{
	return HASH_CNT(by_number, environments->by_number);
}
