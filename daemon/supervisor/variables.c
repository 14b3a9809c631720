/*
 * Captured environments and their merging, which happens for every worker that is started: names
 * are hashed once, when an environment comes, and a bit set tells for nearly every variable that
 * none of the worker's own replaces it. Must not know what the variables mean.
 */
#include "daemon/supervisor/variables.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1 /* an element that could not be added has no table */
#include <uthash.h>

#include "daemon/supervisor/makeflags.h"

struct environment {
	uint32_t number;
	size_t n;
	size_t size_bytes;
	uint8_t *bits;     /* for each variable which bit its name has */
	const char **list; /* into text */
	UT_hash_handle hh;
	char text[];
};

struct variables {
	struct environment *own;
	struct environment *kept; /* by number */
	size_t kept_bytes;
	const char **merged;
	size_t n_merged;
	size_t merged_capacity;
};

/* Of the name, up to '='. A name may begin with one, as some systems have it. */
static size_t name_measure(const char *variable)
{
	return variable[0] == '\0' ? 0 : 1 + strcspn(variable + 1, "=");
}

/* Which of 64 bits stands for the name. */
static uint8_t name_bit(const char *name, size_t length)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return (uint8_t)(hash >> 26);
}

static struct environment *environment_new(uint32_t number, const char *const *list)
{
	struct environment *environment;
	size_t n = 0, text_bytes = 0, offset = 0;

	for (; list[n] != NULL; n++)
		text_bytes += strlen(list[n]) + 1;
	environment = malloc(sizeof(*environment) + text_bytes);
	if (environment == NULL)
		return NULL;
	*environment = (struct environment){
	    .number = number, .n = n, .size_bytes = text_bytes + n * (sizeof(*list) + 1)};
	environment->list = malloc((n + 1) * sizeof(*list));
	environment->bits = malloc(n + 1);
	if (environment->list == NULL || environment->bits == NULL) {
		free(environment->list);
		free(environment->bits);
		free(environment);
		return NULL;
	}
	environment->n = 0;
	for (size_t i = 0; i < n; i++) {
		char *copy = memcpy(environment->text + offset, list[i], strlen(list[i]) + 1);

		offset += strlen(list[i]) + 1;
		if (!makeflags_strip(copy))
			continue;
		environment->list[environment->n] = copy;
		environment->bits[environment->n++] = name_bit(copy, name_measure(copy));
	}
	environment->list[environment->n] = NULL;
	return environment;
}

static void environment_free(struct environment *environment)
{
	if (environment == NULL)
		return;
	free(environment->list);
	free(environment->bits);
	free(environment);
}

struct variables *variables_new(const char *const *own)
{
	struct variables *variables = calloc(1, sizeof(*variables));

	if (variables == NULL)
		return NULL;
	variables->own = environment_new(0, own);
	if (variables->own == NULL) {
		free(variables);
		return NULL;
	}
	return variables;
}

void variables_free(struct variables *variables)
{
	struct environment *environment, *next;

	if (variables == NULL)
		return;
	HASH_ITER (hh, variables->kept, environment, next) {
		HASH_DEL(variables->kept, environment);
		environment_free(environment);
	}
	environment_free(variables->own);
	free(variables->merged);
	free(variables);
}

static struct environment *variables_find(const struct variables *variables, uint32_t env)
{
	struct environment *environment = NULL;

	if (env == 0)
		return variables->own;
	HASH_FIND(hh, variables->kept, &env, sizeof(env), environment);
	return environment;
}

int variables_put(struct variables *variables, uint32_t env, const char *const *list)
{
	struct environment *environment;

	if (env == 0) {
		errno = EINVAL;
		return -1;
	}
	variables_drop(variables, env);
	environment = environment_new(env, list);
	if (environment == NULL)
		return -1;
	if (environment->size_bytes > VARIABLES_MAX_BYTES - variables->kept_bytes) {
		environment_free(environment);
		errno = ENOSPC;
		return -1;
	}
	HASH_ADD(hh, variables->kept, number, sizeof(env), environment);
	if (environment->hh.tbl == NULL) {
		environment_free(environment);
		errno = ENOMEM;
		return -1;
	}
	variables->kept_bytes += environment->size_bytes;
	return 0;
}

void variables_drop(struct variables *variables, uint32_t env)
{
	struct environment *environment = env != 0 ? variables_find(variables, env) : NULL;

	if (environment == NULL)
		return;
	variables->kept_bytes -= environment->size_bytes;
	HASH_DEL(variables->kept, environment);
	environment_free(environment);
}

static bool is_replaced(const char *variable, const char *const *extra)
{
	size_t length = name_measure(variable);

	for (; *extra != NULL; extra++)
		if (name_measure(*extra) == length && memcmp(*extra, variable, length) == 0)
			return true;
	return false;
}

const char *const *variables_merge(
    struct variables *variables, uint32_t env, const char *const *extra)
{
	const struct environment *environment = variables_find(variables, env);
	uint64_t bits = 0;
	size_t n = 0, needed;

	if (environment == NULL) {
		errno = ENOENT;
		return NULL;
	}
	while (extra[n] != NULL)
		n++;
	needed = environment->n + n + 2; /* with one of variables_add() */
	if (needed > variables->merged_capacity) {
		const char **merged = reallocarray(variables->merged, needed, sizeof(*merged));

		if (merged == NULL)
			return NULL;
		variables->merged = merged;
		variables->merged_capacity = needed;
	}
	for (size_t i = 0; i < n; i++) {
		variables->merged[i] = extra[i];
		bits |= 1ull << name_bit(extra[i], name_measure(extra[i]));
	}
	for (size_t i = 0; i < environment->n; i++)
		if (!(bits >> environment->bits[i] & 1) ||
		    !is_replaced(environment->list[i], extra))
			variables->merged[n++] = environment->list[i];
	variables->merged[n] = NULL;
	variables->n_merged = n;
	return variables->merged;
}

static const char **find_merged(const struct variables *variables, const char *name, size_t length)
{
	const char **at = variables->merged;

	for (; *at != NULL; at++)
		if (name_measure(*at) == length && memcmp(*at, name, length) == 0)
			break;
	return at;
}

const char *variables_get(const struct variables *variables, const char *name)
{
	size_t length = strlen(name);
	const char *variable = *find_merged(variables, name, length);

	return variable != NULL && variable[length] == '=' ? variable + length + 1 : NULL;
}

const char *const *variables_add(struct variables *variables, const char *variable)
{
	const char **at = find_merged(variables, variable, name_measure(variable));

	if (*at == NULL)
		variables->merged[++variables->n_merged] = NULL;
	*at = variable;
	return variables->merged;
}

int variables_each(
    const struct variables *variables, int (*visit)(uint32_t env, void *arg), void *arg)
{
	const struct environment *environment;

	for (environment = variables->kept; environment != NULL;
	     environment = environment->hh.next) {
		int result = visit(environment->number, arg);

		if (result != 0)
			return result;
	}
	return 0;
}
