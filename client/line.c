/*
 * Puts lines for the terminal together, cell by cell. Knows nothing of what they are about.
 */
#include "client/line.h"

#include <stdlib.h>
#include <string.h>

#include "client/memory.h"

#define BAR_COLUMNS_MIN 6

void line_begin(struct line *line, const struct output *output, bool is_utf8, size_t columns)
{
	*line = (struct line){.output = output, .is_utf8 = is_utf8, .columns = columns};
	line->stream = open_memstream(&line->text, &line->size);
	if (!line->stream)
		memory_refused();
}

void line_put(struct line *line, enum output_style style, const char *text, size_t columns)
{
	char *escaped = output_escape(text, strlen(text), 0);
	size_t left = line->columns - line->width;
	size_t size = output_fit(escaped, columns < left ? columns : left);

	escaped[size] = '\0';
	fprintf(line->stream, "%s%s%s", output_style_begin(line->output, style), escaped,
	    output_style_end(line->output, style));
	line->width += output_width(escaped);
	free(escaped);
}

void line_pad(struct line *line, size_t width)
{
	for (; line->width < width && line->width < line->columns; line->width++)
		putc(' ', line->stream);
}

static void put_cells(struct line *line, enum output_style style, const char *cell, size_t count)
{
	fputs(output_style_begin(line->output, style), line->stream);
	for (size_t i = 0; i < count; i++)
		fputs(cell, line->stream);
	fputs(output_style_end(line->output, style), line->stream);
}

void line_put_bar(struct line *line, double part, bool has_ended, size_t columns)
{
	size_t left = line->columns - line->width;
	size_t n_done;

	if (columns > left)
		columns = left;
	if (columns < BAR_COLUMNS_MIN)
		return;
	n_done = part > 0 ? (size_t)((part < 1 ? part : 1) * (double)columns) : 0;
	if (n_done >= columns && !has_ended)
		n_done = columns - 1;
	put_cells(line, STYLE_GOOD, line->is_utf8 ? "━" : "=", n_done);
	put_cells(line, STYLE_FAINT, line->is_utf8 ? "─" : "-", columns - n_done);
	line->width += columns;
}

void line_put_spinner(struct line *line, unsigned tick)
{
	static const char *const braille[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
	static const char *const plain[] = {"|", "/", "-", "\\"};

	line_put(line, STYLE_GOOD, line->is_utf8 ? braille[tick % 10] : plain[tick % 4], 1);
}

char *line_end(struct line *line)
{
	if (fclose(line->stream) != 0)
		memory_refused();
	return line->text;
}
