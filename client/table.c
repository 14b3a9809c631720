/*
 * Lays out tables. Cells are escaped as they come in, so nothing in them can move the cursor. It
 * must not know what they mean.
 */
#include "client/table.h"

#include <stdlib.h>
#include <string.h>

#include "client/memory.h"

#define GAP 2         /* cells between columns */
#define LAST_LEAST 16 /* cells that the last column has at least, however narrow the terminal */

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

/* The cells that are left for the last column; 0: as many as it wants. */
static size_t last_width(const struct table *table, const struct output *output)
{
	size_t before = 0;

	if (output->columns == 0)
		return 0;
	for (size_t i = 0; i + 1 < table->n_columns; i++)
		before += table->widths[i] + GAP;
	return before + LAST_LEAST < output->columns ? output->columns - before : LAST_LEAST;
}

static void print_last(const struct output *output, const char *text, size_t width)
{
	if (width == 0 || output_width(text) <= width) {
		fputs(text, output->stream);
		return;
	}
	fwrite(text, 1, output_fit(text, width - 1), output->stream);
	fputs("…", output->stream);
}

static void print_row(const struct table *table, const struct output *output,
    const char *const *cells, enum output_style style, size_t styled, size_t last)
{
	size_t n_shown = table->n_columns;

	while (n_shown > 0 && cells[n_shown - 1][0] == '\0') /* no blanks at the end */
		n_shown--;
	for (size_t i = 0; i < n_shown; i++) {
		enum output_style cell_style = i == styled ? style : STYLE_NONE;

		fputs(output_style_begin(output, cell_style), output->stream);
		if (i + 1 == table->n_columns)
			print_last(output, cells[i], last);
		else
			fputs(cells[i], output->stream);
		fputs(output_style_end(output, cell_style), output->stream);
		if (i + 1 < n_shown)
			fprintf(output->stream, "%*s",
			    (int)(table->widths[i] - output_width(cells[i]) + GAP), "");
	}
}

void table_print(const struct table *table, const struct output *output)
{
	size_t last = last_width(table, output);

	if (table->n_rows == 0)
		return;
	fputs(output_style_begin(output, STYLE_FAINT), output->stream);
	print_row(table, output, table->heads, STYLE_NONE, 0, last);
	fprintf(output->stream, "%s\n", output_style_end(output, STYLE_FAINT));
	for (size_t i = 0; i < table->n_rows; i++) {
		const struct row *row = &table->rows[i];

		print_row(
		    table, output, (const char *const *)row->cells, row->style, row->styled, last);
		putc('\n', output->stream);
	}
}
