/*
 * The nodes of a YAML document: making, finding and freeing them.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/yaml_parts.h"

struct yaml_node *yaml_node_new(
    struct yaml_document *document, unsigned line, unsigned column, json_t *value)
{
	struct yaml_node *node;

	if (!value)
		return NULL;
	node = mem_new(1, sizeof(*node));
	node->line = line;
	node->column = column;
	node->value = value;
	node->n_values = 1;
	node->next = document->nodes;
	document->nodes = node;
	return node;
}

void yaml_node_add(struct yaml_node *node, const char *key, unsigned line, unsigned column,
    const struct yaml_node *child)
{
	size_t count = node->n_children;

	/* Full at each power of two. */
	if ((count & (count - 1)) == 0)
		node->children =
		    mem_resize(node->children, count ? 2 * count : 1, sizeof(node->children[0]));
	node->children[node->n_children++] = (struct yaml_child){
	    .key = mem_copy(key),
	    .line = line,
	    .column = column,
	    .node = child,
	};
	node->n_values += child->n_values;
	node->n_bytes += child->n_bytes + (uint32_t)(key ? strlen(key) : 0);
	if (node->height <= child->height)
		node->height = child->height + 1;
}

const struct yaml_child *yaml_node_child(
    const struct yaml_node *node, const char *key, size_t index)
{
	if (!key)
		return index < node->n_children ? &node->children[index] : NULL;
	for (size_t i = 0; i < node->n_children; i++)
		if (node->children[i].key && strcmp(node->children[i].key, key) == 0)
			return &node->children[i];
	return NULL;
}

void yaml_document_clear(struct yaml_document *document)
{
	struct yaml_node *node, *next;

	for (node = document->nodes; node; node = next) {
		next = node->next;
		for (size_t i = 0; i < node->n_children && !node->is_alias; i++)
			free(node->children[i].key);
		if (!node->is_alias)
			free(node->children);
		json_decref(node->value);
		free(node);
	}
	*document = (struct yaml_document){0};
}
