/*
 * Text for HTML: what is made of foreign text is valid UTF-8 without control characters, and has no
 * character that means something to a parser of HTML.
 */
#include "client/html.h"

#include <stdlib.h>
#include <string.h>

#include "client/output.h"

void html_put_escaped(FILE *stream, const char *escaped, size_t size)
{
	for (const char *end = escaped + size; escaped < end; escaped++) {
		switch (*escaped) {
		case '&':
			fputs("&amp;", stream);
			break;
		case '<':
			fputs("&lt;", stream);
			break;
		case '>':
			fputs("&gt;", stream);
			break;
		case '"':
			fputs("&quot;", stream);
			break;
		case '\'':
			fputs("&#39;", stream);
			break;
		default:
			putc(*escaped, stream);
		}
	}
}

void html_put(FILE *stream, const char *text)
{
	char *escaped;

	if (!text)
		return;
	escaped = output_escape(text, strlen(text), 0);
	html_put_escaped(stream, escaped, strlen(escaped));
	free(escaped);
}

void html_put_cut(FILE *stream, const char *text, size_t columns)
{
	char *escaped = output_escape(text, strlen(text), 0);
	size_t size = strlen(escaped), fit = output_fit(escaped, columns);

	if (fit < size && columns > 0)
		fit = output_fit(escaped, columns - 1);
	html_put_escaped(stream, escaped, fit);
	if (fit < size)
		fputs("…", stream);
	free(escaped);
}
