/*
 * Starting workers: when they are asked for, or in the place of one that has ended. Must not know
 * what an execution is.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/supervisor/clock.h"
#include "daemon/supervisor/inject.h"
#include "daemon/supervisor/pool_internal.h"

/* A scheduler that asks for more than this has gone wrong. */
#define POOL_MAX_WORKERS (1u << 20)

/* The environment of a worker, with its way to the jobserver. NULL: *error says what failed; else
 * *makeflags is in it, for the caller to free. */
static const char *const *merge_variables(
    struct pool *pool, const struct wire_spawn *spawn, char **makeflags, struct spawn_error *error)
{
	const char *const *envp = variables_merge(pool->variables, spawn->env, spawn->extra_env);

	if (envp != NULL && spawn->jobserver != JOBSERVER_NONE) {
		*makeflags = makeflags_join(variables_get(pool->variables, "MAKEFLAGS"),
		    spawn->jobserver, pool->tokens.limit, pool->tokens.path);
		envp = *makeflags != NULL ? variables_add(pool->variables, *makeflags) : NULL;
	}
	if (envp == NULL)
		*error = (struct spawn_error){SPAWN_ENVIRONMENT, errno};
	return envp;
}

/* -1: *error says what failed. */
static pid_t start_process(struct pool *pool, const struct wire_spawn *spawn, const int *terminal,
    struct spawn_error *error)
{
	struct spawn_request request = {.argv = spawn->argv,
	    .cwd = spawn->cwd,
	    .log = spawn->log,
	    .output = spawn->output,
	    .terminal = terminal};
	char *makeflags = NULL;
	pid_t pid = -1;

	if (pool->table.n > POOL_MAX_WORKERS) {
		*error = (struct spawn_error){SPAWN_FORK, EAGAIN};
		return -1;
	}
	if (spawn->is_terminal && terminal == NULL) {
		*error = (struct spawn_error){SPAWN_TERMINAL, EBADF};
		return -1;
	}
	if (spawn->jobserver != JOBSERVER_NONE && tokens_check(&pool->tokens) != 0) {
		*error = (struct spawn_error){SPAWN_JOBSERVER, errno};
		return -1;
	}
	if (spawn->jobserver == JOBSERVER_PIPE)
		request.jobserver = pool->tokens.path;
	request.envp = merge_variables(pool, spawn, &makeflags, error);
	if (request.envp != NULL)
		pid = spawner_run(pool->spawner, &request, error);
	free(makeflags);
	return pid;
}

static void start_worker(
    struct pool *pool, struct worker *worker, const struct wire_spawn *spawn, const int *terminal)
{
	pid_t pid;

	worker->exit.started_ns = worker->exit.ended_ns = clock_monotonic_ns();
	pid = start_process(pool, spawn, terminal, &worker->exit.spawn_error);
	if (pid == -1)
		return;
	if (table_set_alive(&pool->table, worker, pid) != 0) {
		/* Its end could not be told from an orphan's. */
		worker->exit.spawn_error = (struct spawn_error){SPAWN_FORK, ENOMEM};
		kill(-pid, SIGKILL);
		return;
	}
	worker->exit.pid = pid;
	worker->slot = spawn->slot;
	pool->n_slots += worker->slot != SLOT_NONE;
	if (spawn->jobserver != JOBSERVER_NONE) {
		worker->is_token_user = true;
		pool->n_token_users++;
		return; /* reported at once: from now on it does not wait for a token */
	}
	worker->is_unreported = true;
	TAILQ_INSERT_TAIL(&pool->unreported, worker, entry);
}

/* Whether it has to have a token. Where there are none, starting it fails, and says why. */
static bool needs_token(struct pool *pool, const struct wire_spawn *spawn)
{
	if (spawn->jobserver == JOBSERVER_NONE)
		return false;
	if (pool->n_token_users == 0)
		tokens_mend(&pool->tokens);
	return pool->tokens.fd != -1;
}

/* NULL: ENOMEM, and nothing was started. */
static struct worker *add_worker(
    struct pool *pool, const struct wire_message *message, const int *terminal, bool has_token)
{
	struct worker *worker;

	inject_death("spawn");
	worker = table_add(&pool->table, message->key);
	if (worker == NULL)
		return NULL;
	worker->has_token = has_token;
	start_worker(pool, worker, &message->spawn, terminal);
	inject_death("spawned");
	if (!worker->is_alive)
		pool_give_token(pool, worker);
	return worker;
}

struct worker *pool_promote(struct pool *pool, struct worker *worker)
{
	struct standby *standby = standby_first_due(&pool->standby);
	struct wire_message message;
	struct worker *next;

	/* What memory is missing for is given back some time later. */
	if (standby == NULL || worker->slot != SLOT_PASSED || worker->is_slot_lent ||
	    pool->n_slots >= standby->limit || standby_open(standby, &message) != 0)
		return NULL;
	next = add_worker(pool, &message, NULL, false);
	if (next == NULL)
		return NULL;
	worker->exit.next = standby->key;
	worker->exit.next_ns = next->exit.started_ns;
	standby_remove(&pool->standby, standby);
	return next;
}

static int keep_standby(struct pool *pool, const struct wire_message *message)
{
	const struct wire_spawn *spawn = &message->spawn;

	if (standby_find(&pool->standby, message->key) != NULL)
		return 0;
	if (standby_add(&pool->standby, message, clock_monotonic_ns()) != 0)
		return -1;
	for (uint32_t i = 0; i < spawn->n_after; i++) {
		struct worker_key key = spawn->after[i].key;

		if (table_find(&pool->table, key) == NULL &&
		    standby_find(&pool->standby, key) == NULL)
			return pool_give_back(pool, standby_find(&pool->standby, message->key));
	}
	return 0;
}

int pool_handle_spawn(struct pool *pool, const struct wire_message *message)
{
	struct worker *worker = table_find(&pool->table, message->key);
	struct standby *standby;
	int terminal[LINK_MESSAGE_FDS];
	bool has_terminal = message->spawn.is_terminal && link_take_fds(pool->link, terminal) == 0;
	bool has_token;
	int result = 0;

	if (worker != NULL) {
		/* Asked for again by a scheduler that did not live to know. */
		if (!worker->is_unreported)
			result = pool_report(pool, worker);
		goto out;
	}
	if (message->spawn.standby > 0) {
		result = keep_standby(pool, message);
		goto out;
	}
	standby = standby_find(&pool->standby, message->key);
	if (standby != NULL)
		standby_remove(&pool->standby, standby);
	has_token = needs_token(pool, &message->spawn);
	if (has_token && !tokens_take(&pool->tokens)) {
		result = pool_refuse_token(pool, message->key);
		goto out;
	}
	worker = add_worker(pool, message, has_terminal ? terminal : NULL, has_token);
	if (worker == NULL && has_token)
		tokens_give(&pool->tokens);
	if (worker == NULL)
		result = -1;
	else if (!worker->is_unreported)
		result = pool_report(pool, worker);
	if (worker != NULL && !worker->is_alive && result == 0)
		result = pool_give_back_after(pool, message->key);
out:
	for (size_t i = 0; has_terminal && i < LINK_MESSAGE_FDS; i++)
		close(terminal[i]);
	return result;
}
