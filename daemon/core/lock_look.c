/* What there is of locks and pools, for who looks; see lock.h. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/lock.h"
#include "daemon/core/mem.h"

void core_each_pool(
    const struct core *core, bool (*visit)(const struct pool_look *, void *arg), void *arg)
{
	const struct lock *lock, *next;

	HASH_ITER (by_name, core->pools, lock, next) {
		struct pool_look look = {.name = lock->name,
		    .capacity = lock->capacity,
		    .used = lock->used,
		    .n_waiting = lock->waiting.count + lock->fitting.count};
		if (!visit(&look, arg))
			return;
	}
}

static int check_use(const struct core *core, const struct definition *definition, const char *name,
    int64_t amount, struct fault *fault)
{
	const struct lock *lock = lock_find(core, name, true);
	char has[24], wants[24];

	if (lock == NULL || !lock->is_declared) {
		fault_set(fault, FAULT_BAD_DEFINITION,
		    "it is to use the pool %s, which is not among pools in the workspace file",
		    name);
	} else if (amount > lock->capacity) {
		fault_set(fault, FAULT_BAD_DEFINITION,
		    "it is to use %s of the pool %s, which has %s",
		    amount_print(amount, wants, sizeof(wants)), name,
		    amount_print(lock->capacity, has, sizeof(has)));
	} else {
		return 0;
	}
	strings_add(&fault->names, definition->name);
	strings_add(&fault->names, name);
	return -1;
}

static char *fill_use(const struct definition *definition, char *const *values, size_t at)
{
	const char *text = definition->uses[at].pool;

	return values ? definition_fill(definition, values, text) : mem_copy(text);
}

/* How much it uses of that pool, with those before at that are the same when filled in. */
static int64_t sum_uses(
    const struct definition *definition, char *const *values, size_t at, const char *name)
{
	int64_t sum = definition->uses[at].amount;

	while (at-- > 0) {
		char *other = fill_use(definition, values, at);
		if (strcmp(other, name) == 0)
			sum += definition->uses[at].amount;
		free(other);
	}
	return sum;
}

int lock_check(const struct core *core, const struct definition *definition, char *const *values,
    struct fault *fault)
{
	bool is_filled = values != NULL || definition->n_args == 0;
	int result = 0;

	for (size_t i = 0; i < definition->n_uses && result == 0; i++) {
		char *name = fill_use(definition, values, i);
		if (is_filled || strchr(name, '[') == NULL)
			result = check_use(
			    core, definition, name, sum_uses(definition, values, i, name), fault);
		free(name);
	}
	return result;
}

const struct lock_claim *lock_find_unfit(const struct execution *execution)
{
	for (uint32_t i = 0; i < execution->n_claims && !execution->has_locks; i++)
		if (heap_has(&execution->claims[i].in_lock) && !execution->claims[i].is_fitting)
			return &execution->claims[i];
	return NULL;
}

struct execution *lock_find_before(const struct lock_claim *claim)
{
	const struct heap_node *top = heap_top(&claim->lock->waiting);

	if (top == NULL || top == &claim->in_lock)
		top = heap_top(&claim->lock->fitting);
	return top != NULL ? lock_claim_of(top)->execution : NULL;
}

/* Visits those beside whom amount of the lock cannot be had: together, or each alone. */
static void each_holder(const struct lock *lock, int64_t amount, bool is_each,
    void (*visit)(struct execution *holder, void *arg), void *arg)
{
	const struct lock_claim *holder;

	if (amount <= lock->capacity - lock->used)
		return;
	TAILQ_FOREACH (holder, &lock->holders, of_holders)
		if (!is_each || amount > lock->capacity - holder->amount)
			visit(holder->execution, arg);
}

void lock_each_blocker(const struct execution *execution, bool is_for_ever,
    void (*visit)(struct execution *blocker, void *arg), void *arg)
{
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		const struct lock_claim *claim = &execution->claims[i];
		const struct lock *lock = claim->lock;
		const struct heap_node *top = heap_top(&lock->waiting);

		if (claim->is_fitting)
			continue;
		each_holder(lock, claim->amount, is_for_ever, visit, arg);
		if (!heap_has(&claim->in_lock))
			continue;
		for (uint32_t j = 0; j < lock->fitting.count; j++)
			if (lock_is_before(
			        lock_claim_of(lock->fitting.nodes[j])->execution, execution))
				visit(lock_claim_of(lock->fitting.nodes[j])->execution, arg);
		if (top != NULL && top != &claim->in_lock && lock->n_lent == 0)
			visit(lock_claim_of(top)->execution, arg);
	}
}

void lock_each_rival(struct core *core, const struct definition *definition, char *const *values,
    void (*visit)(struct execution *holder, void *arg), void *arg)
{
	const struct lock *lock;
	struct fault fault = {0};
	bool is_hopeless = lock_check(core, definition, values, &fault) != 0;

	fault_clear(&fault);
	if (is_hopeless)
		return; /* it fails rather than wait for anybody */
	for (size_t i = 0; i < definition->locks.count; i++) {
		char *name = definition_fill(definition, values, definition->locks.items[i]);
		if ((lock = lock_find(core, name, false)) != NULL)
			each_holder(lock, 1, true, visit, arg);
		free(name);
	}
	for (size_t i = 0; i < definition->n_uses; i++) {
		char *name = fill_use(definition, values, i);
		if ((lock = lock_find(core, name, true)) != NULL)
			each_holder(lock, sum_uses(definition, values, i, name), true, visit, arg);
		free(name);
	}
}
