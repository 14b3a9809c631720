/*
 * What the supervisor does for workers. A worker is in the table from its SPAWN to the ACK of its
 * exit, so that the same SPAWN again starts nothing, and an exit that a scheduler did not live to
 * store is told to the next one. Must not know what an execution is.
 */
#include "daemon/supervisor/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/supervisor/clock.h"
#include "daemon/supervisor/inject.h"
#include "daemon/supervisor/link.h"
#include "daemon/supervisor/spawn.h"
#include "daemon/supervisor/table.h"
#include "daemon/supervisor/tokens.h"
#include "daemon/supervisor/variables.h"

/* A worker is reported as started when it has lived that long. */
#define START_REPORT_NS (20 * CLOCK_MS)

/* A scheduler that asks for more than this has gone wrong. */
#define POOL_MAX_WORKERS (1u << 20)

struct pool {
	struct table table;
	struct spawner *spawner;
	struct variables *variables;
	struct link *link;             /* NULL while there is no scheduler */
	struct worker_list unreported; /* alive, in the order of their starts */
	struct worker_list ended;      /* reaped just now */
	struct tokens tokens;
	size_t n_token_users;
	struct worker_list lingering; /* those of them that have ended, but for their group */
	size_t n_lingering;
};

struct pool *pool_new(const char *const *own_env)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	TAILQ_INIT(&pool->unreported);
	TAILQ_INIT(&pool->ended);
	TAILQ_INIT(&pool->lingering);
	tokens_init(&pool->tokens);
	pool->spawner = spawner_new();
	pool->variables = pool->spawner != NULL ? variables_new(own_env) : NULL;
	if (pool->variables == NULL) {
		int saved = errno;

		pool_free(pool);
		errno = saved;
		return NULL;
	}
	return pool;
}

void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	table_clear(&pool->table);
	tokens_close(&pool->tokens);
	variables_free(pool->variables);
	spawner_free(pool->spawner);
	free(pool);
}

size_t pool_count_alive(const struct pool *pool)
{
	return pool->table.n_alive;
}

size_t pool_count(const struct pool *pool)
{
	return pool->table.n;
}

/* --- reports --- */

static int report(struct pool *pool, const struct worker *worker)
{
	struct wire_message message = {.kind = WIRE_EXIT, .key = worker_get_key(worker)};

	if (pool->link == NULL)
		return 0;
	if (worker->is_alive) {
		message.kind = WIRE_STARTED;
		message.started.pid = worker->pid;
		message.started.started_ns = worker->exit.started_ns;
	} else {
		message.exit = worker->exit;
	}
	return link_put(pool->link, &message);
}

static void unreported_remove(struct pool *pool, struct worker *worker)
{
	if (worker->is_unreported)
		TAILQ_REMOVE(&pool->unreported, worker, entry);
	worker->is_unreported = false;
}

int pool_report_starts(struct pool *pool, int64_t clock_ns)
{
	struct worker *worker;

	while ((worker = TAILQ_FIRST(&pool->unreported)) != NULL &&
	       worker->exit.started_ns + START_REPORT_NS <= clock_ns) {
		unreported_remove(pool, worker);
		if (report(pool, worker) != 0)
			return -1;
	}
	return 0;
}

int64_t pool_next_report_ns(const struct pool *pool)
{
	const struct worker *worker = TAILQ_FIRST(&pool->unreported);

	return worker != NULL ? worker->exit.started_ns + START_REPORT_NS : INT64_MAX;
}

/* Those that wait for what they have started would be said again by the next scheduler; that one
 * has given up meanwhile would not. */
static void take_token_back(struct pool *pool, struct worker *worker)
{
	if (worker->is_alive && worker->is_token_user && !worker->has_token)
		worker->has_token = tokens_take(&pool->tokens);
}

static int report_held(uint32_t env, void *arg)
{
	struct pool *pool = arg;
	struct wire_message message = {.kind = WIRE_HELD, .env = env};

	return link_put(pool->link, &message);
}

int pool_set_link(struct pool *pool, struct link *link)
{
	struct wire_message message = {.kind = WIRE_HELLO, .version = WIRE_VERSION};
	struct worker *worker;

	pool->link = link;
	tokens_want(&pool->tokens, false); /* whoever wanted one is no more */
	if (link == NULL)
		return 0;
	if (link_put(link, &message) != 0 ||
	    variables_each(pool->variables, report_held, pool) != 0)
		return -1;
	for (worker = pool->table.by_key; worker != NULL; worker = worker->by_key.next) {
		unreported_remove(pool, worker);
		take_token_back(pool, worker);
		if (report(pool, worker) != 0)
			return -1;
	}
	message = (struct wire_message){.kind = WIRE_READY};
	return link_put(link, &message);
}

/* --- job tokens --- */

static void give_token(struct pool *pool, struct worker *worker)
{
	if (worker->has_token)
		tokens_give(&pool->tokens);
	worker->has_token = false;
}

/* Nothing is left of it that could have tokens. */
static void forget_token_user(struct pool *pool, struct worker *worker)
{
	if (!worker->is_token_user)
		return;
	give_token(pool, worker);
	worker->is_token_user = false;
	if (worker->is_lingering) {
		TAILQ_REMOVE(&pool->lingering, worker, of_lingering);
		pool->n_lingering--;
	}
	worker->is_lingering = false;
	if (--pool->n_token_users == 0)
		tokens_refill(&pool->tokens);
}

/* Its leader has been reaped, so where the group is empty nobody has it. */
static bool has_group(const struct worker *worker)
{
	return kill(-worker->pid, 0) == 0 || errno == EPERM;
}

static void note_token_user_end(struct pool *pool, struct worker *worker)
{
	if (!worker->exit.has_leftovers) {
		forget_token_user(pool, worker);
	} else if (worker->is_token_user) {
		worker->is_lingering = true;
		TAILQ_INSERT_TAIL(&pool->lingering, worker, of_lingering);
		pool->n_lingering++;
	}
}

/* Among the orphans that were reaped may have been the last of a group. */
static void look_at_lingering(struct pool *pool)
{
	struct worker *worker, *next;

	for (worker = TAILQ_FIRST(&pool->lingering); worker != NULL; worker = next) {
		next = TAILQ_NEXT(worker, of_lingering);
		if (!has_group(worker))
			forget_token_user(pool, worker);
	}
	if (pool->n_lingering > 0 && pool->n_lingering == pool->n_token_users)
		tokens_suspend(&pool->tokens);
}

static int handle_set_tokens(struct pool *pool, const struct wire_message *message)
{
	const struct wire_message done = {.kind = WIRE_TOKENS_SET};

	tokens_set(&pool->tokens, message->tokens.limit, message->tokens.path);
	if (pool->tokens.error != 0)
		log_error("no job tokens error=%s", strerror(pool->tokens.error));
	if (pool->n_token_users == 0)
		tokens_refill(&pool->tokens);
	return link_put(pool->link, &done);
}

int pool_get_token_fd(const struct pool *pool)
{
	return tokens_get_fd(&pool->tokens);
}

int pool_collect_tokens(struct pool *pool)
{
	struct wire_message message = {.kind = WIRE_TOKEN};

	if (!tokens_collect(&pool->tokens) || pool->link == NULL)
		return 0;
	return link_put(pool->link, &message);
}

static int handle_want_token(struct pool *pool, const struct wire_message *message)
{
	/* One that is reserved already, for a SPAWN that did not come, is told of again. */
	tokens_want(&pool->tokens, false);
	if (!message->is_on)
		return 0;
	tokens_want(&pool->tokens, true);
	return pool_collect_tokens(pool);
}

static int refuse_token(struct pool *pool, struct worker_key key)
{
	struct wire_message message = {.kind = WIRE_NO_TOKEN, .key = key};

	tokens_want(&pool->tokens, true);
	return link_put(pool->link, &message);
}

/* While it waits for what it has started itself, others may have its token. Afterwards it goes on
 * at once, with one if there is one. */
static int handle_lend_token(struct pool *pool, const struct wire_message *message)
{
	struct worker *worker = table_find(&pool->table, message->key);

	if (worker == NULL)
		return 0;
	if (message->is_on)
		give_token(pool, worker);
	else
		take_token_back(pool, worker);
	return 0;
}

/* --- exits --- */

void pool_note_exit(struct pool *pool, pid_t pid, int wait_status, const struct rusage *usage)
{
	struct worker *worker = table_find_pid(&pool->table, pid);

	if (worker == NULL)
		return; /* an orphan of a worker's, which has come to us as their subreaper */
	worker->exit.ended_ns = clock_monotonic_ns();
	worker->exit.wait_status = wait_status;
	worker->exit.usage = *usage;
	give_token(pool, worker);
	unreported_remove(pool, worker);
	table_set_ended(&pool->table, worker);
	TAILQ_INSERT_TAIL(&pool->ended, worker, entry);
}

int pool_report_exits(struct pool *pool)
{
	struct worker *worker;
	int result = 0;

	while ((worker = TAILQ_FIRST(&pool->ended)) != NULL) {
		TAILQ_REMOVE(&pool->ended, worker, entry);
		inject_death("reaped");
		/* Only now: its orphans that had ended too have been reaped meanwhile. */
		worker->exit.has_leftovers = has_group(worker);
		note_token_user_end(pool, worker);
		if (result == 0)
			result = report(pool, worker);
	}
	look_at_lingering(pool);
	return result;
}

static int handle_ack(struct pool *pool, const struct wire_message *message)
{
	struct worker *worker = table_find(&pool->table, message->key);

	if (worker == NULL)
		return 0; /* said again after a restart */
	if (worker->is_alive) {
		log_warning("acknowledged while alive exec=%" PRIu64 " pid=%d", message->key.exec,
		    worker->pid);
	} else {
		forget_token_user(pool, worker);
		table_remove(&pool->table, worker);
	}
	return 0;
}

/* --- starting and signalling --- */

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

static int handle_spawn(struct pool *pool, const struct wire_message *message)
{
	struct worker *worker = table_find(&pool->table, message->key);
	int terminal[LINK_MESSAGE_FDS];
	bool has_terminal = message->spawn.is_terminal && link_take_fds(pool->link, terminal) == 0;
	bool has_token;
	int result = 0;

	if (worker != NULL) {
		/* Asked for again by a scheduler that did not live to know. */
		if (!worker->is_unreported)
			result = report(pool, worker);
		goto out;
	}
	has_token = needs_token(pool, &message->spawn);
	if (has_token && !tokens_take(&pool->tokens)) {
		result = refuse_token(pool, message->key);
		goto out;
	}
	inject_death("spawn");
	worker = table_add(&pool->table, message->key);
	if (worker == NULL) {
		result = -1;
		if (has_token)
			tokens_give(&pool->tokens);
		goto out;
	}
	worker->has_token = has_token;
	start_worker(pool, worker, &message->spawn, has_terminal ? terminal : NULL);
	inject_death("spawned");
	if (!worker->is_alive)
		give_token(pool, worker);
	if (!worker->is_unreported)
		result = report(pool, worker);
out:
	for (size_t i = 0; has_terminal && i < LINK_MESSAGE_FDS; i++)
		close(terminal[i]);
	return result;
}

/*
 * As long as a member of its group is left, nobody else can have the number. When the leader has
 * been reaped, a process of that pid is therefore another's, and so is the group.
 */
static void signal_group(const struct worker *worker, int signal)
{
	if (worker->pid == 0)
		return;
	if (!worker->is_alive &&
	    (!worker->exit.has_leftovers || kill(worker->pid, 0) == 0 || errno != ESRCH))
		return;
	kill(-worker->pid, signal);
}

void pool_signal_all(struct pool *pool, int signal)
{
	const struct worker *worker;

	for (worker = pool->table.by_key; worker != NULL; worker = worker->by_key.next)
		signal_group(worker, signal);
}

static int handle_signal(struct pool *pool, const struct wire_message *message)
{
	const struct worker *worker = table_find(&pool->table, message->key);

	if (worker != NULL)
		signal_group(worker, message->signal);
	return 0;
}

static int handle_env(struct pool *pool, const struct wire_message *message)
{
	/* What is started with it will fail, and say so. */
	if (variables_put(pool->variables, message->env, message->variables) != 0)
		log_warning(
		    "environment not kept env=%" PRIu32 " error=%s", message->env, strerror(errno));
	return 0;
}

int pool_handle(struct pool *pool, const struct wire_message *message)
{
	switch (message->kind) {
	case WIRE_SPAWN:
		return handle_spawn(pool, message);
	case WIRE_ACK:
		return handle_ack(pool, message);
	case WIRE_SIGNAL:
		return handle_signal(pool, message);
	case WIRE_ENV:
		return handle_env(pool, message);
	case WIRE_DROP_ENV:
		variables_drop(pool->variables, message->env);
		return 0;
	case WIRE_SET_TOKENS:
		return handle_set_tokens(pool, message);
	case WIRE_WANT_TOKEN:
		return handle_want_token(pool, message);
	case WIRE_LEND_TOKEN:
		return handle_lend_token(pool, message);
	default:
		errno = EPROTO;
		return -1;
	}
}
