/*
 * Draws a plan as a tree, with a stack of its own: a plan may be as deep as it has steps. Each step
 * is opened once, so there are as many lines as there are edges. It must not know where a plan
 * comes from.
 */
#include "client/plan_tree.h"

#include <stdlib.h>
#include <string.h>

#include "client/member.h"
#include "client/memory.h"

/* A step that is open: how many of those below it were printed. */
struct level {
	json_t *step; /* borrowed */
	size_t n_printed;
};

struct tree {
	const struct output *output;
	const json_t *steps;
	json_t *numbers; /* name to index of the step */
	bool *is_needed; /* of each step: another one comes after it */
	bool *is_opened;
	bool is_utf8;
	struct level *levels;
	size_t n_levels, max_levels;
};

static size_t count_below(const json_t *step)
{
	return json_array_size(json_object_get(step, "deps")) +
	       json_array_size(json_object_get(step, "unresolved"));
}

static void tree_init(
    struct tree *tree, const struct output *output, const json_t *steps, size_t depth)
{
	size_t n_steps = json_array_size(steps), i, j;
	json_t *step, *dep;

	*tree = (struct tree){
	    .output = output,
	    .steps = steps,
	    .numbers = json_object(),
	    .is_needed = memory_alloc(n_steps * sizeof(bool)),
	    .is_opened = memory_alloc(n_steps * sizeof(bool)),
	    .is_utf8 = output_is_utf8(),
	    .levels = memory_alloc(depth * sizeof(struct level)),
	    .max_levels = depth,
	};
	json_array_foreach (steps, i, step) {
		if (json_object_set_new(
		        tree->numbers, member_text(step, "name", "?"), json_integer((json_int_t)i)))
			memory_refused();
	}
	json_array_foreach (steps, i, step) {
		json_array_foreach (json_object_get(step, "deps"), j, dep) {
			const json_t *number =
			    json_object_get(tree->numbers, member_text(dep, "name", "?"));

			if (number)
				tree->is_needed[json_integer_value(number)] = true;
		}
	}
}

static void tree_clear(struct tree *tree)
{
	json_decref(tree->numbers);
	free(tree->is_needed);
	free(tree->is_opened);
	free(tree->levels);
}

/* The lines from the open steps to the one that is printed below the last of them. */
static void put_branches(const struct tree *tree)
{
	FILE *stream = tree->output->stream;

	fputs(output_style_begin(tree->output, STYLE_FAINT), stream);
	for (size_t i = 0; i < tree->n_levels; i++) {
		const struct level *level = &tree->levels[i];
		bool is_last = level->n_printed == count_below(level->step);

		if (i + 1 < tree->n_levels)
			fputs(is_last ? "    " : tree->is_utf8 ? "│   " : "|   ", stream);
		else if (tree->is_utf8)
			fputs(is_last ? "└── " : "├── ", stream);
		else
			fputs(is_last ? "`-- " : "|-- ", stream);
	}
	fputs(output_style_end(tree->output, STYLE_FAINT), stream);
}

static void put_text(const struct tree *tree, const char *text, enum output_style style)
{
	fputs(output_style_begin(tree->output, style), tree->output->stream);
	output_print_escaped(tree->output->stream, text, strlen(text), 0);
	fputs(output_style_end(tree->output, style), tree->output->stream);
}

/* What is to be said of an edge, and of the step that is at its beginning. */
static void put_remarks(const struct tree *tree, const json_t *step, const char *reason)
{
	FILE *stream = tree->output->stream;

	if (strcmp(reason, "rdep") == 0)
		fputs(", by its rdep", stream);
	else if (strcmp(reason, "dep") != 0)
		fprintf(stream, ", by its rdep (%s)", reason);
	if (member_number(step, "wave", 0) != 0)
		fprintf(stream, ", wave %.0f", member_number(step, "wave", 0));
	if (json_is_true(json_object_get(step, "joined")))
		fputs(", joins what is in flight", stream);
}

/* Prints the step of that name, and opens it where that is to be. */
static void print_step(struct tree *tree, const char *name, const char *reason)
{
	const json_t *number = json_object_get(tree->numbers, name);
	size_t index = (size_t)json_integer_value(number);
	json_t *step = number ? json_array_get(tree->steps, index) : NULL;
	FILE *stream = tree->output->stream;
	const char *mark = "";

	put_branches(tree);
	if (step && count_below(step) > 0) {
		if (tree->is_opened[index])
			mark = " (*)";
		else if (tree->n_levels == tree->max_levels)
			mark = tree->is_utf8 ? " …" : " ...";
	}
	if (step)
		fprintf(stream, "[%zu] ", index + 1);
	put_text(tree, name, STYLE_BOLD);
	if (step)
		put_remarks(tree, step, reason);
	else
		fputs(", in the run already", stream);
	fprintf(stream, "%s\n", mark);
	if (!step || mark[0] || count_below(step) == 0)
		return;
	tree->is_opened[index] = true;
	tree->levels[tree->n_levels++] = (struct level){.step = step};
}

/* Prints what comes next below the last open step, or closes that. */
static void go_on(struct tree *tree)
{
	struct level *level = &tree->levels[tree->n_levels - 1];
	const json_t *deps = json_object_get(level->step, "deps");
	size_t n_deps = json_array_size(deps), at = level->n_printed;

	if (at == count_below(level->step)) {
		tree->n_levels--;
		return;
	}
	level->n_printed++;
	if (at < n_deps) {
		const json_t *dep = json_array_get(deps, at);

		print_step(tree, member_text(dep, "name", "?"), member_text(dep, "reason", "dep"));
		return;
	}
	const char *text = json_string_value(
	    json_array_get(json_object_get(level->step, "unresolved"), at - n_deps));

	put_branches(tree);
	put_text(tree, text ? text : "?", STYLE_NONE);
	putc('\n', tree->output->stream);
}

void plan_print_tree(const struct output *output, const json_t *steps, size_t depth)
{
	struct tree tree;
	json_t *step;
	size_t i;

	tree_init(&tree, output, steps, depth);
	json_array_foreach (steps, i, step) {
		if (tree.is_needed[i])
			continue;
		print_step(&tree, member_text(step, "name", "?"), "dep");
		while (tree.n_levels > 0)
			go_on(&tree);
	}
	tree_clear(&tree);
}
