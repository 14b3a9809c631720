/*
 * State databases as text, for scripts to begin with. These lines come first:
 *
 *	@TABLE [V,…]        a row. Values are as in JSON; an array or object is its text. A text
 *	                    that begins with ~ is in hexadecimal, with ^ too, but a blob; $self is
 *	                    the supervisor that the daemon will have
 *	!loose              the tables have neither types nor constraints (before all rows)
 *	!drop TABLE         the table is not there
 *	!cut N              the file ends after N bytes
 *	!patch N HEX        these bytes are at N in the file
 */
#ifndef PARPROC_TESTS_FUZZ_STATE_MAKER_H
#define PARPROC_TESTS_FUZZ_STATE_MAKER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes the database to path. The script has size bytes, and one more behind them; it is changed.
 * Returns where the rest begins. *is_regular: the file is one that the daemon could have made,
 * whatever is in its rows.
 */
char *state_make(const char *path, char *script, size_t size, bool *is_regular);

/* Writes a file of these bytes. */
void state_write_file(const char *path, const void *bytes, size_t size);

#endif
