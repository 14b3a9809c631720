/* Whether a nested wait can ever end; see nested.h. */
#include "daemon/core/nested.h"

#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/core/trail.h"

static const char *found_name(const struct found *found)
{
	return found->execution ? found->execution->proc->name : found->node->proc->name;
}

static int refuse_circle(
    const struct trail *trail, const struct execution *asker, struct fault *fault)
{
	struct strings names = {0};
	size_t at = trail->at, *path = mem_new(trail->count + 1, sizeof(*path)), length = 0;

	for (;; at = trail->found[at].from) {
		path[length++] = at;
		if (trail->found[at].from == at)
			break;
	}
	strings_add(&names, asker->proc->name);
	while (length > 0)
		strings_add(&names, found_name(&trail->found[path[--length]]));
	char *circle = strings_join(&names, " -> ");
	fault_set(fault, FAULT_DEADLOCK, "this wait could never end, each waiting for the next: %s",
	    circle);
	fault->names = names;
	free(circle);
	free(path);
	return -1;
}

/* Whether who waits for all that the search has found waits for the node. */
static bool is_waited_for(const struct search *search, const struct node *node)
{
	const struct membership *member;

	if (node->kind != NODE_MEMBER)
		return trail_is_coming(node);
	member = execution_in_run(node->execution, search->run);
	return node->is_root && !membership_is_complete(member);
}

int nested_check(struct core *core, const struct nested *nested, struct fault *fault)
{
	const struct search *search = nested->search;
	struct trail trail = {.core = core, .search = search, .is_for_ever = true};
	struct execution *asker = nested->asker;
	int result = 0;

	core->visit++;
	if (search != NULL)
		trail.has_node = mem_new(search->n_nodes, sizeof(bool));
	for (struct wait *wait = asker->nested; wait; wait = wait->next_of_asker)
		for (struct wait_item *item = wait->items; item; item = item->next_of_wait)
			trail_add_item(&trail, item, asker);
	for (size_t i = 0; search && nested->is_for_all && i < search->n_nodes; i++)
		if (is_waited_for(search, &search->nodes[i]))
			trail_add_node(&trail, i);
	for (size_t i = 0; i < trail.count; i++)
		trail.found[i].from = i;
	for (trail.at = 0; trail.at < trail.count && result == 0; trail.at++) {
		if (trail.found[trail.at].execution == asker)
			result = refuse_circle(&trail, asker, fault);
		else
			trail_add_blockers(&trail);
	}
	free(trail.found);
	free(trail.has_node);
	return result;
}
