/* Shared argument texts: a count of references and of texts stands before the first of them. */
#include "daemon/core/values.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

struct values {
	size_t references;
	size_t count;
	char *texts[];
};

static struct values *values_head(char **texts)
{
	return (struct values *)((char *)texts - offsetof(struct values, texts));
}

char **values_new(size_t count)
{
	if (count == 0)
		return NULL;
	struct values *values = mem_new(1, sizeof(*values) + count * sizeof(char *));
	values->references = 1;
	values->count = count;
	return values->texts;
}

char **values_copy(char *const *texts, size_t count)
{
	char **values = values_new(count);

	for (size_t i = 0; i < count; i++)
		values[i] = mem_copy(texts[i]);
	return values;
}

bool values_are_same(char *const *a, char *const *b, size_t count)
{
	if (a == b)
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

char **values_ref(char **values)
{
	if (values != NULL)
		values_head(values)->references++;
	return values;
}

void values_unref(char **values)
{
	if (values == NULL || --values_head(values)->references > 0)
		return;
	for (size_t i = 0; i < values_head(values)->count; i++)
		free(values[i]);
	free(values_head(values));
}
