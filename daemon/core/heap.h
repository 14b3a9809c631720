/*
 * A binary heap of things that hold a heap_node: the least on top, any of them removable.
 */
#ifndef PARPROC_CORE_HEAP_H
#define PARPROC_CORE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place in a heap; all zero: in none. */
struct heap_node {
	uint32_t place; /* 1 and up */
};

struct heap {
	/* Whether the thing of a comes before that of b. Never both ways. */
	bool (*is_less)(const struct heap_node *a, const struct heap_node *b);
	struct heap_node **nodes;
	uint32_t count;
	uint32_t capacity;
};

void heap_init(
    struct heap *heap, bool (*is_less)(const struct heap_node *a, const struct heap_node *b));

/* Frees what the heap itself has allocated, not the things in it. */
void heap_clear(struct heap *heap);

void heap_push(struct heap *heap, struct heap_node *node);

/* The least, or NULL. It stays in the heap. */
struct heap_node *heap_top(const struct heap *heap);

/* Removes node if it is in the heap. */
void heap_remove(struct heap *heap, struct heap_node *node);

static inline bool heap_has(const struct heap_node *node)
{
	return node->place != 0;
}

#endif
