/*
 * The model's locks and pools. Who fits is found out from scratch, one after the other in the order
 * of the line: a lock is a pool of 1.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"
#include "tests/sim/model_schedule.h"

void model_set_pools(struct model *model, const struct pool_limit *pools, size_t count)
{
	model->n_pools = count;
	for (size_t i = 0; i < count; i++)
		model->pools[i] = pools[i];
}

static int64_t capacity_of(const struct model *model, const struct model_want *want)
{
	for (size_t i = 0; want->is_pool && i < model->n_pools; i++)
		if (strcmp(model->pools[i].name, want->name) == 0)
			return model->pools[i].capacity;
	return want->is_pool ? 0 : 1;
}

static bool is_same(const struct model_want *a, const struct model_want *b)
{
	return a->is_pool == b->is_pool && strcmp(a->name, b->name) == 0;
}

/* What exec wants of the same, or NULL. */
static struct model_want *find_want(const struct model_exec *exec, const struct model_want *want)
{
	for (size_t i = 0; i < exec->n_wants; i++)
		if (is_same(&exec->wants[i], want))
			return &exec->wants[i];
	return NULL;
}

static void add_want(struct model_exec *exec, char *name, bool is_pool, int64_t amount)
{
	struct model_want want = {.name = name, .is_pool = is_pool, .amount = amount};
	struct model_want *same = find_want(exec, &want);
	if (same == NULL) {
		exec->wants = mem_resize(exec->wants, exec->n_wants + 1, sizeof(*exec->wants));
		exec->wants[exec->n_wants++] = want;
		return;
	}
	same->amount += is_pool ? amount : 0;
	free(name);
}

void model_fill_wants(struct model_exec *exec)
{
	const struct definition *definition = exec->definition;
	for (size_t i = 0; i < definition->locks.count; i++)
		add_want(exec, model_fill(definition, exec->values, definition->locks.items[i]),
		    false, 1);
	for (size_t i = 0; i < definition->n_uses; i++)
		add_want(exec, model_fill(definition, exec->values, definition->uses[i].pool), true,
		    definition->uses[i].amount);
}

bool model_is_possible(const struct model *model, const struct model_exec *exec)
{
	for (size_t i = 0; i < exec->n_wants; i++)
		if (exec->wants[i].amount > capacity_of(model, &exec->wants[i]))
			return false;
	return true;
}

bool model_is_usable(const struct model *model, const struct definition *definition)
{
	for (size_t i = 0; i < definition->n_uses; i++) {
		struct model_want want = {.name = definition->uses[i].pool, .is_pool = true};
		for (size_t j = 0; j < definition->n_uses; j++)
			if (strcmp(definition->uses[j].pool, want.name) == 0)
				want.amount += definition->uses[j].amount;
		if (want.amount > capacity_of(model, &want))
			return false;
	}
	return true;
}

/* What is held of that, by all that run or by those alone that are blocked in nested waits. */
static int64_t sum_held(const struct model *model, const struct model_want *want, bool is_lent)
{
	int64_t sum = 0;
	for (size_t i = 0; i < model->n_execs; i++) {
		const struct model_exec *exec = model->execs[i];
		const struct model_want *own = find_want(exec, want);
		if (own != NULL && exec->state == STATE_RUNNING && (exec->is_lent || !is_lent))
			sum += own->amount;
	}
	return sum;
}

bool model_lock_is_before(const struct model_exec *a, const struct model_exec *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->id != 0 && (b->id == 0 || a->id < b->id);
}

static int compare_line(const void *a, const void *b)
{
	const struct model_exec *x = *(struct model_exec *const *)a;
	const struct model_exec *y = *(struct model_exec *const *)b;
	return x == y ? 0 : model_lock_is_before(x, y) ? -1 : 1;
}

/* What those before exec in line leave of that: what they are promised is gone, and all of it where
 * one of them does not fit. */
static bool fits(const struct model *model, struct model_exec *const *line, size_t at,
    const struct model_want *want)
{
	int64_t left = capacity_of(model, want) - sum_held(model, want, false);
	for (size_t i = 0; i < at; i++) {
		const struct model_want *own = find_want(line[i], want);
		if (own == NULL || line[i]->is_parked)
			continue;
		if (!own->is_fitting)
			return false;
		left -= own->amount;
	}
	return want->amount <= left;
}

void model_deal(struct model *model)
{
	struct model_exec **line = mem_new(model->n_execs + 1, sizeof(*line));
	size_t count = 0;
	for (size_t i = 0; i < model->n_execs; i++) {
		struct model_exec *exec = model->execs[i];
		exec->is_parked = false;
		for (size_t j = 0; j < exec->n_wants; j++)
			exec->wants[j].is_fitting = false;
		if (exec->state == STATE_WANTED && exec->n_wants > 0 && model_is_in_line(exec) &&
		    model_is_possible(model, exec))
			line[count++] = exec;
	}
	qsort(line, count, sizeof(*line), compare_line);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < line[i]->n_wants; j++) {
			struct model_want *want = &line[i]->wants[j];
			want->is_fitting = fits(model, line, i, want);
			line[i]->is_parked |= !want->is_fitting && sum_held(model, want, true) > 0;
		}
		for (size_t j = 0; line[i]->is_parked && j < line[i]->n_wants; j++)
			line[i]->wants[j].is_fitting = false;
	}
	free(line);
}

bool model_has_locks(const struct model *model, const struct model_exec *exec)
{
	if (!model_is_possible(model, exec))
		return true; /* it fails when it is its turn */
	for (size_t i = 0; i < exec->n_wants; i++)
		if (!exec->wants[i].is_fitting)
			return false;
	return true;
}

/* Whether other, which holds something that exec wants, is in its way: alone, or with others. */
static bool is_held_by(const struct model *model, const struct model_want *want,
    const struct model_exec *other, bool is_alone)
{
	const struct model_want *own = find_want(other, want);
	if (own == NULL || other->state != STATE_RUNNING)
		return false;
	return want->amount >
	       capacity_of(model, want) - (is_alone ? own->amount : sum_held(model, want, false));
}

bool model_waits_for_lock(const struct model *model, const struct model_exec *exec,
    const struct model_exec *other, bool is_alone)
{
	if (exec == other || exec->state != STATE_WANTED || !model_is_possible(model, exec))
		return false;
	for (size_t i = 0; i < exec->n_wants; i++) {
		const struct model_want *want = &exec->wants[i];
		const struct model_want *own = find_want(other, want);
		if (is_held_by(model, want, other, is_alone))
			return true;
		if (own == NULL || other->state != STATE_WANTED || want->is_fitting ||
		    !model_is_possible(model, other))
			continue;
		if (model_is_in_line(exec) && model_is_in_line(other) &&
		    model_lock_is_before(other, exec) && !other->is_parked)
			return true;
	}
	return false;
}
