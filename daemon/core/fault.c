/* Why a request is refused; see fault.h. */
#include "daemon/core/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/mem.h"

int fault_set(struct fault *fault, enum fault_code code, const char *format, ...)
{
	va_list args;

	fault_clear(fault);
	va_start(args, format);
	if (vasprintf(&fault->message, format, args) < 0)
		fault->message = mem_copy("out of memory");
	va_end(args);
	fault->code = code;
	return -1;
}

int fault_wrap(struct fault *fault, enum fault_code code, const char *where, ...)
{
	va_list args;
	char *prefix = NULL;

	va_start(args, where);
	if (vasprintf(&prefix, where, args) < 0)
		prefix = mem_copy("?");
	va_end(args);
	char *message = mem_print("%s: %s", prefix, fault->message);
	free(prefix);
	free(fault->message);
	fault->message = message;
	fault->code = code;
	return -1;
}

int fault_note(struct fault *fault, const char *key, const char *value)
{
	strings_add(&fault->facts, key);
	strings_add(&fault->facts, value);
	return -1;
}

void fault_copy(const struct fault *fault, struct fault *copy)
{
	*copy = *fault;
	copy->message = fault->message ? mem_copy(fault->message) : NULL;
	copy->names = (struct strings){0};
	copy->facts = (struct strings){0};
	for (size_t i = 0; i < fault->names.count; i++)
		strings_add(&copy->names, fault->names.items[i]);
	for (size_t i = 0; i < fault->facts.count; i++)
		strings_add(&copy->facts, fault->facts.items[i]);
}

void fault_clear(struct fault *fault)
{
	free(fault->message);
	strings_clear(&fault->names);
	strings_clear(&fault->facts);
	*fault = (struct fault){0};
}
