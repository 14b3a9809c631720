/* A binary heap; see heap.h. Knows nothing of what is in it but its order. */
#include "daemon/core/heap.h"

#include <stdlib.h>

#include "daemon/core/mem.h"

void heap_init(
    struct heap *heap, bool (*is_less)(const struct heap_node *a, const struct heap_node *b))
{
	*heap = (struct heap){.is_less = is_less};
}

void heap_clear(struct heap *heap)
{
	free(heap->nodes);
	*heap = (struct heap){.is_less = heap->is_less};
}

static void heap_place(struct heap *heap, uint32_t place, struct heap_node *node)
{
	heap->nodes[place - 1] = node;
	node->place = place;
}

/* Places node at place or above, where it belongs. */
static void heap_rise(struct heap *heap, uint32_t place, struct heap_node *node)
{
	while (place > 1 && heap->is_less(node, heap->nodes[place / 2 - 1])) {
		heap_place(heap, place, heap->nodes[place / 2 - 1]);
		place /= 2;
	}
	heap_place(heap, place, node);
}

/* Places node at place or below, where it belongs. */
static void heap_sink(struct heap *heap, uint32_t place, struct heap_node *node)
{
	for (;;) {
		uint32_t child = 2 * place;
		if (child > heap->count)
			break;
		if (child < heap->count &&
		    heap->is_less(heap->nodes[child], heap->nodes[child - 1]))
			child++;
		if (!heap->is_less(heap->nodes[child - 1], node))
			break;
		heap_place(heap, place, heap->nodes[child - 1]);
		place = child;
	}
	heap_place(heap, place, node);
}

void heap_push(struct heap *heap, struct heap_node *node)
{
	if (heap->count == heap->capacity) {
		heap->capacity = heap->capacity ? 2 * heap->capacity : 16;
		heap->nodes = mem_resize(heap->nodes, heap->capacity, sizeof(*heap->nodes));
	}
	heap_rise(heap, ++heap->count, node);
}

struct heap_node *heap_top(const struct heap *heap)
{
	return heap->count ? heap->nodes[0] : NULL;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	uint32_t place = node->place;

	if (place == 0)
		return;
	node->place = 0;
	struct heap_node *last = heap->nodes[--heap->count];
	if (last == node)
		return;
	if (place > 1 && heap->is_less(last, heap->nodes[place / 2 - 1]))
		heap_rise(heap, place, last);
	else
		heap_sink(heap, place, last);
}
