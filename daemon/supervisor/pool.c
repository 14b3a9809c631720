/*
 * What the supervisor does for workers. A worker is in the table from its SPAWN to the ACK of its
 * exit, so that the same SPAWN again starts nothing, and an exit that a scheduler did not live to
 * store is told to the next one. Must not know what an execution is.
 */
#include "daemon/supervisor/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/supervisor/clock.h"
#include "daemon/supervisor/inject.h"
#include "daemon/supervisor/pool_internal.h"

/* A worker is reported as started when it has lived that long. */
#define START_REPORT_NS (20 * CLOCK_MS)

/* As long what stands by is kept: when that much time passes without an end, what runs lasts. */
#define STANDBY_NS (50 * CLOCK_MS)

/* The end of what others have followed is reported as late as that at most. */
#define DEFER_NS (4 * CLOCK_MS)

/* Where no more than so many stand by for each slot, the scheduler has to hand over others. */
#define STANDBY_LOW 2

struct pool *pool_new(const char *const *own_env)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	TAILQ_INIT(&pool->unreported);
	TAILQ_INIT(&pool->ended);
	standby_init(&pool->standby);
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
	standby_clear(&pool->standby);
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

int pool_report(struct pool *pool, const struct worker *worker)
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

int pool_give_back(struct pool *pool, struct standby *standby)
{
	struct wire_message message = {.kind = WIRE_RETURNED, .key = standby->key};

	standby_remove(&pool->standby, standby);
	if (link_put(pool->link, &message) != 0)
		return -1;
	return pool_give_back_after(pool, message.key);
}

int pool_give_back_after(struct pool *pool, struct worker_key key)
{
	struct standby *standby;

	while ((standby = standby_find_after(&pool->standby, key, NULL)) != NULL)
		if (pool_give_back(pool, standby) != 0)
			return -1;
	return 0;
}

/* What was not started soon may be overtaken by what is more urgent, and is not kept from it. */
static int return_late(struct pool *pool, int64_t clock_ns)
{
	struct standby *standby;

	while ((standby = TAILQ_FIRST(&pool->standby.list)) != NULL &&
	       standby->since_ns + STANDBY_NS <= clock_ns)
		if (pool_give_back(pool, standby) != 0)
			return -1;
	return 0;
}

int pool_report_starts(struct pool *pool, int64_t clock_ns)
{
	struct worker *worker;

	while ((worker = TAILQ_FIRST(&pool->unreported)) != NULL &&
	       worker->exit.started_ns + START_REPORT_NS <= clock_ns) {
		unreported_remove(pool, worker);
		if (pool_report(pool, worker) != 0)
			return -1;
	}
	return return_late(pool, clock_ns);
}

int64_t pool_next_report_ns(const struct pool *pool)
{
	const struct worker *worker = TAILQ_FIRST(&pool->unreported);
	const struct standby *standby = TAILQ_FIRST(&pool->standby.list);
	int64_t next_ns = worker != NULL ? worker->exit.started_ns + START_REPORT_NS : INT64_MAX;

	if (standby != NULL && standby->since_ns + STANDBY_NS < next_ns)
		next_ns = standby->since_ns + STANDBY_NS;
	if (pool->deferred_bytes > 0 && pool->deferred_ns + DEFER_NS < next_ns)
		next_ns = pool->deferred_ns + DEFER_NS;
	return next_ns;
}

/* --- slots --- */

static bool has_slot(const struct worker *worker)
{
	return worker->slot != SLOT_NONE && !worker->is_slot_lent;
}

static void lend_slot(struct pool *pool, struct worker *worker, bool is_lent)
{
	if (!worker->is_alive)
		return;
	pool->n_slots -= has_slot(worker);
	worker->is_slot_lent = is_lent;
	pool->n_slots += has_slot(worker);
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
	pool->deferred_bytes = 0;
	standby_clear(&pool->standby);     /* the next scheduler knows that it was not started */
	tokens_want(&pool->tokens, false); /* whoever wanted one is no more */
	if (link == NULL)
		return 0;
	if (link_put(link, &message) != 0 ||
	    variables_each(pool->variables, report_held, pool) != 0)
		return -1;
	for (worker = pool->table.by_key; worker != NULL; worker = worker->by_key.next) {
		unreported_remove(pool, worker);
		take_token_back(pool, worker);
		lend_slot(pool, worker, false);
		if (pool_report(pool, worker) != 0)
			return -1;
	}
	message = (struct wire_message){.kind = WIRE_READY};
	return link_put(link, &message);
}

/* --- job tokens --- */

void pool_give_token(struct pool *pool, struct worker *worker)
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
	pool_give_token(pool, worker);
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

int pool_refuse_token(struct pool *pool, struct worker_key key)
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
		pool_give_token(pool, worker);
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
	pool_give_token(pool, worker);
	unreported_remove(pool, worker);
	table_set_ended(&pool->table, worker);
	pool->n_slots -= has_slot(worker);
	TAILQ_INSERT_TAIL(&pool->ended, worker, entry);
}

/* Where what stands by suffices for a while, nothing is started later because an end is told later:
 * several together cost the scheduler little more than one. */
static int report_exit(struct pool *pool, const struct worker *worker)
{
	size_t before = pool->link != NULL ? link_pending_bytes(pool->link) : 0;
	int result = pool_report(pool, worker);

	if (pool->link == NULL || worker->exit.next.exec == 0 || worker->exit.wait_status != 0)
		return result;
	if (pool->deferred_bytes == 0)
		pool->deferred_ns = worker->exit.ended_ns;
	pool->deferred_bytes += link_pending_bytes(pool->link) - before;
	return result;
}

bool pool_may_defer(struct pool *pool)
{
	const struct standby *first = TAILQ_FIRST(&pool->standby.list);

	if (pool->deferred_bytes == 0)
		return false;
	/* Whatever else there is to say takes it along. */
	if (link_pending_bytes(pool->link) == pool->deferred_bytes && first != NULL &&
	    pool->standby.count > STANDBY_LOW * (size_t)first->limit &&
	    clock_monotonic_ns() < pool->deferred_ns + DEFER_NS)
		return true;
	pool->deferred_bytes = 0;
	return false;
}

/* Not even as a symbolic link to nothing. */
static bool is_absent(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

/* What comes after worker waits for it no longer, or was in vain. */
static int settle_after(struct pool *pool, struct worker *worker)
{
	struct wire_exit *exit = &worker->exit;
	struct worker_key key = worker_get_key(worker);
	const char *absent;

	if (standby_find_after(&pool->standby, key, &absent) == NULL)
		return 0;
	exit->is_relied_on = exit->wait_status == 0 && !exit->has_leftovers &&
	                     !worker->is_signaled && is_absent(absent);
	if (!exit->is_relied_on)
		return pool_give_back_after(pool, key);
	standby_succeed(&pool->standby, key);
	return 0;
}

int pool_report_exits(struct pool *pool)
{
	struct worker *worker, *next;
	int result = 0;

	while ((worker = TAILQ_FIRST(&pool->ended)) != NULL) {
		TAILQ_REMOVE(&pool->ended, worker, entry);
		inject_death("reaped");
		/* Only now: its orphans that had ended too have been reaped meanwhile. */
		worker->exit.has_leftovers = has_group(worker);
		note_token_user_end(pool, worker);
		if (result == 0)
			result = settle_after(pool, worker);
		next = pool_promote(pool, worker);
		if (result == 0)
			result = report_exit(pool, worker);
		if (next != NULL && !next->is_alive && result == 0)
			result = pool_report(pool, next);
		if (next != NULL && !next->is_alive && result == 0)
			result = pool_give_back_after(pool, worker_get_key(next));
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

/* --- signalling --- */

/*
 * As long as a member of its group is left, nobody else can have the number. When the leader has
 * been reaped, a process of that pid is therefore another's, and so is the group.
 */
static void signal_group(struct worker *worker, int signal)
{
	worker->is_signaled = true;
	if (worker->pid == 0)
		return;
	if (!worker->is_alive &&
	    (!worker->exit.has_leftovers || kill(worker->pid, 0) == 0 || errno != ESRCH))
		return;
	kill(-worker->pid, signal);
}

void pool_signal_all(struct pool *pool, int signal)
{
	struct worker *worker;

	for (worker = pool->table.by_key; worker != NULL; worker = worker->by_key.next)
		signal_group(worker, signal);
}

static int handle_signal(struct pool *pool, const struct wire_message *message)
{
	struct worker *worker = table_find(&pool->table, message->key);
	struct standby *standby = standby_find(&pool->standby, message->key);

	if (worker != NULL)
		signal_group(worker, message->signal);
	return standby != NULL ? pool_give_back(pool, standby)
	                       : pool_give_back_after(pool, message->key);
}

static int handle_recall(struct pool *pool, const struct wire_message *message)
{
	struct standby *standby = standby_find(&pool->standby, message->key);

	return standby != NULL ? pool_give_back(pool, standby) : 0;
}

static int handle_env(struct pool *pool, const struct wire_message *message)
{
	/* What is started with it will fail, and say so. */
	if (variables_put(pool->variables, message->env, message->variables) != 0)
		log_warning(
		    "environment not kept env=%" PRIu32 " error=%s", message->env, strerror(errno));
	return 0;
}

static int handle_lend_slot(struct pool *pool, const struct wire_message *message)
{
	struct worker *worker = table_find(&pool->table, message->key);

	if (worker != NULL)
		lend_slot(pool, worker, message->is_on);
	return 0;
}

int pool_handle(struct pool *pool, const struct wire_message *message)
{
	switch (message->kind) {
	case WIRE_SPAWN:
		return pool_handle_spawn(pool, message);
	case WIRE_ACK:
		return handle_ack(pool, message);
	case WIRE_SIGNAL:
		return handle_signal(pool, message);
	case WIRE_RECALL:
		return handle_recall(pool, message);
	case WIRE_ENV:
		return handle_env(pool, message);
	case WIRE_DROP_ENV:
		variables_drop(pool->variables, message->env);
		return 0;
	case WIRE_SET_TOKENS:
		return handle_set_tokens(pool, message);
	case WIRE_WANT_TOKEN:
		return handle_want_token(pool, message);
	case WIRE_SET_SLOTS:
		standby_limit(&pool->standby, message->limit);
		return 0;
	case WIRE_LEND_SLOT:
		return handle_lend_slot(pool, message);
	case WIRE_LEND_TOKEN:
		return handle_lend_token(pool, message);
	default:
		errno = EPROTO;
		return -1;
	}
}
