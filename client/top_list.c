/*
 * A list for each section, in the order in which it is shown; see top_list.h.
 */
#include "client/top_list.h"

#include <utlist.h>

struct top_item *top_list_first_from(const struct top_model *model, int section)
{
	for (; section < TOP_SECTIONS; section++) {
		if (section == TOP_FINISHED && model->hides_finished)
			return NULL;
		if (model->sections[section])
			return model->sections[section];
	}
	return NULL;
}

struct top_item *top_list_last_until(const struct top_model *model, int section)
{
	for (; section >= 0; section--) {
		if (section == TOP_FINISHED && model->hides_finished)
			continue;
		if (model->sections[section])
			return model->sections[section]->prev; /* utlist's head knows its tail */
	}
	return NULL;
}

struct top_item *top_list_next(const struct top_model *model, const struct top_item *item)
{
	return item->next ? item->next : top_list_first_from(model, (int)item->section + 1);
}

struct top_item *top_list_previous(const struct top_model *model, const struct top_item *item)
{
	if (item != model->sections[item->section])
		return item->prev;
	return top_list_last_until(model, (int)item->section - 1);
}

void top_list_leave(struct top_model *model, struct top_item *item)
{
	struct top_item *neighbor;

	if (item->is_hidden)
		return;
	if (model->selected == item) {
		neighbor = top_list_next(model, item);
		model->selected = neighbor ? neighbor : top_list_previous(model, item);
	}
	DL_DELETE(model->sections[item->section], item);
	model->n_listed[item->section]--;
}

/* Below 0: a comes before b. */
static int compare(const struct top_item *a, const struct top_item *b)
{
	double difference = 0;

	if (a->section == TOP_RUNNING)
		difference = a->started_s - b->started_s;
	else if (a->section != TOP_WAITING)
		difference = b->ended_s - a->ended_s;
	if (difference != 0)
		return difference < 0 ? -1 : 1;
	return a->exec < b->exec ? -1 : a->exec > b->exec;
}

void top_list_enter(struct top_model *model, struct top_item *item)
{
	struct top_item **head = &model->sections[item->section];
	struct top_item *other = *head;
	bool is_ended = item->section == TOP_FAILED || item->section == TOP_FINISHED;

	if (item->is_hidden)
		return;
	model->n_listed[item->section]++;
	if (is_ended) { /* the newest come first, and it is nearly always the newest */
		while (!model->is_loading && other && compare(other, item) < 0)
			other = other->next;
		DL_PREPEND_ELEM(*head, other, item);
		return;
	}
	other = other ? other->prev : NULL;
	while (!model->is_loading && other && compare(item, other) < 0)
		other = other == *head ? NULL : other->prev;
	if (other)
		DL_APPEND_ELEM(*head, other, item);
	else
		DL_PREPEND(*head, item);
}

void top_list_sort(struct top_model *model)
{
	for (int section = 0; section < TOP_SECTIONS; section++)
		DL_SORT(model->sections[section], compare);
}
