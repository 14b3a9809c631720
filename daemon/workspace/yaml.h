/*
 * YAML (1.2, core schema; so also JSON) to JSON values, with the position of every key and value.
 * A document may come from anyone: its size, depth and what its aliases expand to are limited, and
 * everything that is not plain data (tags of one's own, several documents, keys that are not text,
 * the same key twice) is refused. Knows libyaml and jansson, nothing of what a workspace holds.
 */
#ifndef PARPROC_WORKSPACE_YAML_H
#define PARPROC_WORKSPACE_YAML_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/workspace/error.h"

#define YAML_MAX_BYTES (16u << 20) /* of a file, and of all the text that aliases expand to */
#define YAML_MAX_VALUES 1000000u   /* with those that aliases repeat */
#define YAML_MAX_DEPTH 64u         /* mappings and lists in one another */

struct yaml_node;

/* A key of a mapping (or an element of a list: key is NULL) and its value. */
struct yaml_child {
	char *key;
	unsigned line, column; /* of the key; 1 and up */
	const struct yaml_node *node;
};

/* A value; what is below an alias is where its anchor has it. */
struct yaml_node {
	unsigned line, column; /* 1 and up */
	bool is_alias;         /* its children belong to the anchor's node */
	struct yaml_child *children;
	size_t n_children;
	json_t *value;
	uint32_t n_values;      /* of this and all below, aliases expanded */
	uint32_t n_bytes;       /* of their text */
	uint32_t height;        /* 0: a scalar; 1: a mapping or list of these; … */
	struct yaml_node *next; /* of the document's nodes, so that they can be freed */
};

struct yaml_document {
	const struct yaml_node *root; /* NULL: it is empty */
	struct yaml_node *nodes;
};

/*
 * Reads one document; file is its name in errors. 0, or -1 with *error filled in (also when libyaml
 * or jansson run out of memory). Values that aliases repeat are shared: they must not be changed in
 * place. The caller clears the document.
 */
int yaml_read(const char *bytes, size_t length, const char *file, struct yaml_document *document,
    struct workspace_error *error);

void yaml_document_clear(struct yaml_document *document);

/* The child of that key, or of that index where key is NULL; or NULL. */
const struct yaml_child *yaml_node_child(
    const struct yaml_node *node, const char *key, size_t index);

#endif
