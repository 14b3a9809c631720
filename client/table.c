/*
 * Lays out tables. Cells are escaped as they come in, so nothing in them can move the cursor. It
 * must not know what they mean.
 */
#include "client/table.h"

#include <stdlib.h>
#include <string.h>

#include "client/memory.h"

#define GAP 2           /* cells between columns */
#define COLUMN_LEAST 16 /* cells that a column has at least, however narrow the terminal */

struct row {
	char **cells;
	enum output_style style;
	size_t styled;
};

struct table {
	const char *const *heads;
	size_t n_columns;
	size_t *widths;
	struct row *rows;
	size_t n_rows, n_rows_max;
};

struct table *table_new(const char *const *heads, size_t n_columns)
{
	struct table *table = memory_alloc(sizeof(*table));

	table->heads = heads;
	table->n_columns = n_columns;
	table->widths = memory_alloc(n_columns * sizeof(*table->widths));
	for (size_t i = 0; i < n_columns; i++)
		table->widths[i] = strlen(heads[i]);
	return table;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		for (size_t j = 0; j < table->n_columns; j++)
			free(table->rows[i].cells[j]);
		free(table->rows[i].cells);
	}
	free(table->rows);
	free(table->widths);
	free(table);
}

void table_add(
    struct table *table, const char *const *cells, enum output_style style, size_t styled)
{
	if (table->n_rows == table->n_rows_max) {
		table->n_rows_max = table->n_rows_max ? table->n_rows_max * 2 : 32;
		table->rows = memory_grow(table->rows, table->n_rows_max, sizeof(*table->rows));
	}
	struct row *row = &table->rows[table->n_rows++];

	row->style = style;
	row->styled = styled;
	row->cells = memory_alloc(table->n_columns * sizeof(*row->cells));
	for (size_t i = 0; i < table->n_columns; i++) {
		const char *cell = cells[i] ? cells[i] : "";

		row->cells[i] = output_escape(cell, strlen(cell), 0);
		size_t width = output_width(row->cells[i]);

		if (width > table->widths[i])
			table->widths[i] = width;
	}
}

/* The cells for each column; of the last 0: as many as it wants. Where they leave no room for it,
 * the widest gives way: one name that is very long would hide what is said of all. */
static size_t *choose_widths(const struct table *table, const struct output *output)
{
	size_t *widths = memory_alloc(table->n_columns * sizeof(*widths));
	size_t last = table->n_columns - 1, widest = 0, before = 0, over;

	for (size_t i = 0; i < last; i++) {
		widths[i] = table->widths[i];
		before += widths[i] + GAP;
		widest = widths[i] > widths[widest] ? i : widest;
	}
	if (output->columns == 0)
		return widths;
	over =
	    before + COLUMN_LEAST > output->columns ? before + COLUMN_LEAST - output->columns : 0;
	if (over > 0 && last > 0 && widths[widest] > COLUMN_LEAST) {
		if (over > widths[widest] - COLUMN_LEAST)
			over = widths[widest] - COLUMN_LEAST;
		widths[widest] -= over;
		before -= over;
	}
	widths[last] =
	    before + COLUMN_LEAST < output->columns ? output->columns - before : COLUMN_LEAST;
	return widths;
}

/* Prints a cell, cut to that width if that is not 0. */
static void print_cell(const struct output *output, const char *text, size_t width)
{
	if (width == 0 || output_width(text) <= width) {
		fputs(text, output->stream);
		return;
	}
	fwrite(text, 1, output_fit(text, width - 1), output->stream);
	fputs("…", output->stream);
}

/* The blanks behind it, up to the next column. */
static void print_gap(const struct output *output, const char *text, size_t width)
{
	size_t wanted = output_width(text);

	/* A wide character may leave a cell where the text is cut. */
	if (wanted > width) {
		char *cut = memory_copy(text);

		cut[output_fit(text, width - 1)] = '\0';
		wanted = output_width(cut) + 1;
		free(cut);
	}
	fprintf(output->stream, "%*s", (int)(width - wanted + GAP), "");
}

static void print_row(const struct table *table, const struct output *output,
    const char *const *cells, enum output_style style, size_t styled, const size_t *widths)
{
	size_t n_shown = table->n_columns;

	while (n_shown > 0 && cells[n_shown - 1][0] == '\0') /* no blanks at the end */
		n_shown--;
	for (size_t i = 0; i < n_shown; i++) {
		enum output_style cell_style = i == styled ? style : STYLE_NONE;

		fputs(output_style_begin(output, cell_style), output->stream);
		print_cell(output, cells[i], widths[i]);
		fputs(output_style_end(output, cell_style), output->stream);
		if (i + 1 < n_shown)
			print_gap(output, cells[i], widths[i]);
	}
}

void table_print(const struct table *table, const struct output *output)
{
	size_t *widths;

	if (table->n_rows == 0)
		return;
	widths = choose_widths(table, output);
	fputs(output_style_begin(output, STYLE_FAINT), output->stream);
	print_row(table, output, table->heads, STYLE_NONE, 0, widths);
	fprintf(output->stream, "%s\n", output_style_end(output, STYLE_FAINT));
	for (size_t i = 0; i < table->n_rows; i++) {
		const struct row *row = &table->rows[i];

		print_row(table, output, (const char *const *)row->cells, row->style, row->styled,
		    widths);
		putc('\n', output->stream);
	}
	free(widths);
}
