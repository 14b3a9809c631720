/*
 * Allocation for ppctl: a command line program ends when there is no memory. The library below it
 * does not rely on this.
 */
#include "client/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void memory_refused(void)
{
	fputs("ppctl: out of memory\n", stderr);
	exit(2);
}

void *memory_alloc(size_t size)
{
	void *memory = calloc(1, size > 0 ? size : 1);

	if (!memory)
		memory_refused();
	return memory;
}

char *memory_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		memory_refused();
	return copy;
}

void *memory_grow(void *array, size_t n_items, size_t item_size)
{
	void *grown = n_items > SIZE_MAX / item_size ? NULL : realloc(array, n_items * item_size);

	if (!grown)
		memory_refused();
	return grown;
}

char *memory_print_args(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		memory_refused();
	return text;
}

char *memory_print(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = memory_print_args(format, args);
	va_end(args);
	return text;
}
