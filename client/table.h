/*
 * Tables: columns as wide as what is in them, the last one cut to the width of the terminal.
 */
#ifndef PARPROC_CLIENT_TABLE_H
#define PARPROC_CLIENT_TABLE_H

#include "client/output.h"

struct table;

/* A table with these column heads; borrows them. */
struct table *table_new(const char *const *heads, size_t n_columns);
void table_free(struct table *table);

/* Adds a row: a text, or NULL for nothing, for each column. Copies them, escaped. The style is that
 * of the column styled (counted from 0). */
void table_add(
    struct table *table, const char *const *cells, enum output_style style, size_t styled);

/* Prints it, heads first; nothing for a table without rows. */
void table_print(const struct table *table, const struct output *output);

#endif
