/*
 * The list of top_model.c: a section after the other, without what the filter hides or what is
 * hidden of what has finished. For the model only.
 */
#ifndef PARPROC_CLIENT_TOP_LIST_H
#define PARPROC_CLIENT_TOP_LIST_H

#include "client/top_model.h"

/* The first of that section or a later one, the last of that one or an earlier; or NULL. */
struct top_item *top_list_first_from(const struct top_model *model, int section);
struct top_item *top_list_last_until(const struct top_model *model, int section);

/* What stands before or after it; or NULL. */
struct top_item *top_list_next(const struct top_model *model, const struct top_item *item);
struct top_item *top_list_previous(const struct top_model *model, const struct top_item *item);

/* Puts it where it belongs in its section, unless it is hidden. While the model is loading that is
 * at an end, and top_list_sort() puts it right. */
void top_list_enter(struct top_model *model, struct top_item *item);
void top_list_sort(struct top_model *model);

/* Takes it out. The selection stays where it is on the screen, which is another's place then. */
void top_list_leave(struct top_model *model, struct top_item *item);

#endif
