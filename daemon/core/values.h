/*
 * The texts of a proc's arguments, one for each of its definition; shared by reference between the
 * proc and its executions, since the proc may change while they go on.
 */
#ifndef PARPROC_CORE_VALUES_H
#define PARPROC_CORE_VALUES_H

#include <stdbool.h>
#include <stddef.h>

/* count NULLs to be filled in with texts that it owns, one reference. NULL for 0. */
char **values_new(size_t count);

/* The same with copies of texts. */
char **values_copy(char *const *texts, size_t count);

/* Whether both are the same texts; of one definition. */
bool values_are_same(char *const *a, char *const *b, size_t count);

/* NULL is fine. */
char **values_ref(char **values);
void values_unref(char **values);

#endif
