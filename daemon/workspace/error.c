/*
 * The text of an error. Parts of it come from whoever wrote the file, and it is shown in terminals:
 * nothing that could control one is let through.
 */
#include "daemon/workspace/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

/* Whether a C0 or C1 control character or DEL begins here; its size in bytes is stored. */
static bool is_control(const unsigned char *text, size_t *size)
{
	*size = 1;
	if (text[0] < 0x20 || text[0] == 0x7f)
		return true;
	if (text[0] != 0xc2 || text[1] < 0x80 || text[1] > 0x9f)
		return false;
	*size = 2;
	return true;
}

/* A copy of text in which control characters are \xNN. */
static char *escape_controls(const char *text)
{
	char *result = mem_new(4 * strlen(text) + 1, 1);
	char *end = result;

	while (*text) {
		size_t size;

		if (is_control((const unsigned char *)text, &size))
			end += sprintf(end, "\\x%02x", (unsigned char)text[size - 1]);
		else
			*end++ = *text;
		text += size;
	}
	return result;
}

char *workspace_error_text(const struct workspace_error *error)
{
	char *place = NULL;
	char *text, *escaped;

	if (error->file && error->line)
		place = mem_print("%s:%u:%u: ", error->file, error->line, error->column);
	else if (error->file)
		place = mem_print("%s: ", error->file);
	text = mem_print("%s%s%s%s", place ? place : "", error->key ? error->key : "",
	    error->key ? ": " : "", error->message ? error->message : "");
	escaped = escape_controls(text);
	free(place);
	free(text);
	return escaped;
}

void workspace_error_clear(struct workspace_error *error)
{
	free(error->file);
	free(error->key);
	free(error->message);
	*error = (struct workspace_error){0};
}
