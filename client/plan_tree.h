/*
 * Plans as trees: what comes before a step is below it.
 */
#ifndef PARPROC_CLIENT_PLAN_TREE_H
#define PARPROC_CLIENT_PLAN_TREE_H

#include "client/output.h"

/*
 * Prints the steps of an answer of the method plan: those that no other needs are at the margin,
 * each with its number in the order of the plan. What was shown with all below it is marked (*),
 * what would be deeper than that many levels is left out, and the mark says so.
 */
void plan_print_tree(const struct output *output, const json_t *steps, size_t depth);

#endif
