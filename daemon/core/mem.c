/* Allocation that ends the process rather than fail; see mem.h for why. */
#include "daemon/core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void mem_check(const void *memory, size_t count, size_t size)
{
	if (memory != NULL)
		return;
	fprintf(stderr, "ppd: out of memory: count=%zu size=%zu\n", count, size);
	abort();
}

void *mem_new(size_t count, size_t size)
{
	if (count == 0)
		count = 1;
	void *memory = calloc(count, size);
	mem_check(memory, count, size);
	return memory;
}

void *mem_resize(void *old, size_t count, size_t size)
{
	if (count == 0)
		count = 1;
	void *memory = reallocarray(old, count, size);
	mem_check(memory, count, size);
	return memory;
}

char *mem_copy(const char *text)
{
	return text ? mem_copy_part(text, strlen(text)) : NULL;
}

char *mem_copy_part(const char *text, size_t length)
{
	char *copy = mem_resize(NULL, length + 1, 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *mem_join(const char *first, ...)
{
	size_t size = 1;
	char *joined, *end;
	va_list texts;

	va_start(texts, first);
	for (const char *text = first; text; text = va_arg(texts, const char *))
		size += strlen(text);
	va_end(texts);
	joined = end = mem_resize(NULL, size, 1);
	va_start(texts, first);
	for (const char *text = first; text; text = va_arg(texts, const char *))
		end = stpcpy(end, text);
	va_end(texts);
	*end = '\0';
	return joined;
}

char *mem_number(char text[MEM_NUMBER_SIZE], uint64_t number)
{
	char digits[MEM_NUMBER_SIZE], *end = digits + MEM_NUMBER_SIZE, *at = end;

	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	memcpy(text, at, (size_t)(end - at));
	text[end - at] = '\0';
	return text;
}

char *mem_print(const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	mem_check(text, 1, strlen(format));
	return text;
}
