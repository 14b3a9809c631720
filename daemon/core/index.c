/* An index of names and patterns; see index.h. Knows the form of names and nothing of what they
 * name. */
#include "daemon/core/index.h"

#include <stdlib.h>
#include <string.h>
#include "daemon/core/hash.h"

#include "daemon/core/mem.h"
#include "daemon/core/name.h"

/* A node below its parent: under a literal part, or under what stands before a placeholder. */
struct node {
	UT_hash_handle sibling;
	struct node *literals; /* children, by part */
	struct node *prefixes; /* children, by what stands before the placeholder */
	size_t *prefix_sizes;  /* the lengths that occur among prefixes, with their numbers */
	size_t *prefix_counts;
	size_t n_sizes;
	void **items;
	size_t n_items;
	size_t length;
	char text[];
};

struct index {
	struct node *root;
	char *separator;
};

static struct node *node_new(struct slice text)
{
	struct node *node = mem_new(1, sizeof(*node) + text.length + 1);

	memcpy(node->text, text.text, text.length);
	node->length = text.length;
	return node;
}

static void node_free(struct node *node)
{
	struct node *child, *next;

	HASH_ITER (sibling, node->literals, child, next) {
		HASH_DELETE(sibling, node->literals, child);
		node_free(child);
	}
	HASH_ITER (sibling, node->prefixes, child, next) {
		HASH_DELETE(sibling, node->prefixes, child);
		node_free(child);
	}
	free(node->prefix_sizes);
	free(node->prefix_counts);
	free(node->items);
	free(node);
}

struct index *index_new(const char *separator)
{
	struct index *index = mem_new(1, sizeof(*index));

	index->separator = mem_copy(separator);
	index->root = node_new((struct slice){"", 0});
	return index;
}

void index_free(struct index *index)
{
	if (index == NULL)
		return;
	node_free(index->root);
	free(index->separator);
	free(index);
}

static struct node *node_find(struct node *children, struct slice text)
{
	struct node *child;

	HASH_FIND(sibling, children, text.text, text.length, child);
	return child;
}

static void node_count_size(struct node *node, size_t size, int change)
{
	size_t i;

	for (i = 0; i < node->n_sizes; i++)
		if (node->prefix_sizes[i] == size)
			break;
	if (i == node->n_sizes) {
		node->n_sizes++;
		node->prefix_sizes =
		    mem_resize(node->prefix_sizes, node->n_sizes, sizeof(*node->prefix_sizes));
		node->prefix_counts =
		    mem_resize(node->prefix_counts, node->n_sizes, sizeof(*node->prefix_counts));
		node->prefix_sizes[i] = size;
		node->prefix_counts[i] = 0;
	}
	node->prefix_counts[i] += (size_t)change;
	if (node->prefix_counts[i] == 0) {
		node->n_sizes--;
		node->prefix_sizes[i] = node->prefix_sizes[node->n_sizes];
		node->prefix_counts[i] = node->prefix_counts[node->n_sizes];
	}
}

/* The child that part leads to; made if is_made, else NULL if there is none. */
static struct node *node_step(struct node *node, const struct name_part *part, bool is_made)
{
	bool is_prefix = part->placeholder.length > 0;
	struct node *child = node_find(is_prefix ? node->prefixes : node->literals, part->before);

	if (child != NULL || !is_made)
		return child;
	child = node_new(part->before);
	if (is_prefix) {
		HASH_ADD(sibling, node->prefixes, text, child->length, child);
		node_count_size(node, child->length, 1);
	} else {
		HASH_ADD(sibling, node->literals, text, child->length, child);
	}
	return child;
}

void index_add(struct index *index, const char *pattern, void *item)
{
	struct node *node = index->root;
	struct name_part part;

	while (name_next_part(&pattern, index->separator, &part))
		node = node_step(node, &part, true);
	/* Room grows by doubling: it is full when the count is a power of two. */
	if ((node->n_items & (node->n_items - 1)) == 0)
		node->items = mem_resize(
		    node->items, node->n_items ? 2 * node->n_items : 1, sizeof(*node->items));
	node->items[node->n_items++] = item;
}

static bool node_is_empty(const struct node *node)
{
	return node->n_items == 0 && node->literals == NULL && node->prefixes == NULL;
}

/* Removes item below node and prunes what is empty then. */
static bool node_remove(
    struct node *node, const char *rest, const char *separator, const void *item)
{
	struct name_part part;

	if (!name_next_part(&rest, separator, &part)) {
		size_t i = 0;
		while (i < node->n_items && node->items[i] != item)
			i++;
		if (i == node->n_items)
			return false;
		memmove(&node->items[i], &node->items[i + 1],
		    (node->n_items - i - 1) * sizeof(*node->items));
		node->n_items--;
		return true;
	}
	struct node *child = node_step(node, &part, false);
	if (child == NULL || !node_remove(child, rest, separator, item))
		return false;
	if (node_is_empty(child)) {
		if (part.placeholder.length > 0) {
			HASH_DELETE(sibling, node->prefixes, child);
			node_count_size(node, child->length, -1);
		} else {
			HASH_DELETE(sibling, node->literals, child);
		}
		node_free(child);
	}
	return true;
}

bool index_remove(struct index *index, const char *pattern, const void *item)
{
	return node_remove(index->root, pattern, index->separator, item);
}

static bool node_visit(const struct node *node, index_visit *visit, void *arg)
{
	for (size_t i = 0; i < node->n_items; i++)
		if (!visit(node->items[i], arg))
			return false;
	return true;
}

static bool find_patterns(
    const struct node *node, const char *rest, const char *separator, index_visit *visit, void *arg)
{
	struct name_part part;
	struct node *child;

	if (!name_next_part(&rest, separator, &part))
		return node_visit(node, visit, arg);
	child = node_find(node->literals, part.before);
	if (child != NULL && !find_patterns(child, rest, separator, visit, arg))
		return false;
	for (size_t i = 0; i < node->n_sizes; i++) {
		struct slice prefix = {part.before.text, node->prefix_sizes[i]};
		if (prefix.length >= part.before.length)
			continue;
		child = node_find(node->prefixes, prefix);
		if (child != NULL && !find_patterns(child, rest, separator, visit, arg))
			return false;
	}
	return true;
}

bool index_find_patterns(const struct index *index, const char *name, index_visit *visit, void *arg)
{
	if (index->root->literals == NULL && index->root->prefixes == NULL)
		return true;
	return find_patterns(index->root, name, index->separator, visit, arg);
}

bool index_find_items(const struct index *index, const char *name, index_visit *visit, void *arg)
{
	struct node *node = index->root;
	struct name_part part;

	while (node != NULL && name_next_part(&name, index->separator, &part))
		node = node_step(node, &part, false);
	return node == NULL || node_visit(node, visit, arg);
}

static bool find_names(
    const struct node *node, const char *rest, const char *separator, index_visit *visit, void *arg)
{
	struct name_part part;
	struct node *child, *next;

	if (!name_next_part(&rest, separator, &part))
		return node_visit(node, visit, arg);
	if (part.placeholder.length == 0) {
		child = node_find(node->literals, part.before);
		return child == NULL || find_names(child, rest, separator, visit, arg);
	}
	HASH_ITER (sibling, node->literals, child, next) {
		if (child->length > part.before.length &&
		    memcmp(child->text, part.before.text, part.before.length) == 0 &&
		    !find_names(child, rest, separator, visit, arg))
			return false;
	}
	return true;
}

bool index_find_names(const struct index *index, const char *pattern, index_visit *visit, void *arg)
{
	return find_names(index->root, pattern, index->separator, visit, arg);
}
