/*
 * Records of what a core knows (restore.h), as plain copies that own their texts and lists, and as
 * lines of text.
 */
#ifndef PARPROC_TESTS_UNIT_CORE_RECORD_H
#define PARPROC_TESTS_UNIT_CORE_RECORD_H

#include <stdio.h>

#include "daemon/core/restore.h"

/* What a name stands for. */
struct name_record {
	char *name;
	struct definition *proto; /* or NULL */
	struct definition *proc;  /* or NULL */
	char *of;                 /* the proto that the proc was created from, or NULL */
	char **values;
	size_t n_values;
};

/* Fill in a record, whatever was in it; each is cleared with the function below. */
void record_of_name(struct core *core, const char *name, struct name_record *record);
void record_of_run(const struct run *run, struct run_record *record);
void record_of_execution(const struct execution *execution, struct execution_record *record);
void record_of_member(const struct membership *member, struct member_record *record);

void record_clear_name(struct name_record *record);
void record_clear_run(struct run_record *record);
void record_clear_execution(struct execution_record *record);
void record_clear_member(struct member_record *record);

/* A line each, with everything that is in it. */
void record_print_name(FILE *out, const struct name_record *record);
void record_print_run(FILE *out, const struct run_record *record);
void record_print_execution(FILE *out, const struct execution_record *record);
void record_print_member(FILE *out, const struct member_record *record);

/* The first line in which two texts differ, of both; the caller frees it. NULL: they do not. */
char *record_find_difference(const char *before, const char *after);

#endif
