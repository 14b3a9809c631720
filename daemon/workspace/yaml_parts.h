/*
 * What the parts of the YAML reader share: making nodes, the meaning of plain scalars, and the
 * quick way for text that is JSON. For yaml*.c only.
 */
#ifndef PARPROC_WORKSPACE_YAML_PARTS_H
#define PARPROC_WORKSPACE_YAML_PARTS_H

#include "daemon/workspace/yaml.h"

/* A node of the document at that position. Takes value (NULL makes it return NULL). */
struct yaml_node *yaml_node_new(
    struct yaml_document *document, unsigned line, unsigned column, json_t *value);

/* Adds a child to node's children (not to its value). Copies key; NULL in a list. */
void yaml_node_add(struct yaml_node *node, const char *key, unsigned line, unsigned column,
    const struct yaml_node *child);

/*
 * What a scalar without quotes means in YAML's core schema: null, a boolean, a number, or text.
 * NULL: *problem says what is wrong with it (a number that JSON cannot hold, out of memory).
 */
json_t *yaml_scalar_json(const char *text, size_t length, const char **problem);

/*
 * Reads the text if it is JSON, with no key twice and within the limits. 0, or -1: it is not, and
 * document is unchanged.
 */
int yaml_read_json(const char *bytes, size_t length, struct yaml_document *document);

#endif
