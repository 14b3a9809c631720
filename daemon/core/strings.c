/* Growing lists of texts; see strings.h. */
#include "daemon/core/strings.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/hash.h"
#include "daemon/core/mem.h"

void strings_take(struct strings *list, char *text)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 4;
		list->items = mem_resize(list->items, list->capacity, sizeof(*list->items));
	}
	list->items[list->count++] = text;
}

void strings_add(struct strings *list, const char *text)
{
	strings_take(list, mem_copy(text));
}

void strings_make_unique(struct strings *list)
{
	struct seen {
		UT_hash_handle hh;
	} *set = NULL, *found, *seen = mem_new(list->count, sizeof(*seen));
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		char *text = list->items[i];

		HASH_FIND(hh, set, text, strlen(text), found);
		if (found != NULL) {
			free(text);
			continue;
		}
		HASH_ADD_KEYPTR(hh, set, text, strlen(text), &seen[kept]);
		list->items[kept++] = text;
	}
	list->count = kept;
	HASH_CLEAR(hh, set);
	free(seen);
}

bool strings_contain(const struct strings *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

char *strings_join(const struct strings *list, const char *between)
{
	size_t size = 1, gap = strlen(between);

	for (size_t i = 0; i < list->count; i++)
		size += strlen(list->items[i]) + gap;
	char *text = mem_new(size, 1), *end = text;
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			end = stpcpy(end, between);
		end = stpcpy(end, list->items[i]);
	}
	return text;
}

void strings_clear(struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strings){0};
}
