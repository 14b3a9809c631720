/*
 * What is wrong with a workspace file, or with definitions that a client sent: where, and why.
 */
#ifndef PARPROC_WORKSPACE_ERROR_H
#define PARPROC_WORKSPACE_ERROR_H

#include "daemon/core/fault.h"

struct workspace_error {
	enum fault_code code; /* FAULT_BAD_DEFINITION, or what definition_check() said */
	char *file;           /* its name without directories; NULL: it came with a request */
	unsigned line;        /* 1 and up; 0: not known, or it concerns the whole file */
	unsigned column;      /* in characters */
	char *key;            /* "procs.a.runn", "procs.a.deps[2]"; NULL: no key */
	char *message;        /* NULL: there is no error */
};

/*
 * "parproc.yaml:3:5: procs.a.runn: unknown key (did you mean run?)", or what of it is known.
 * Control characters of foreign text are escaped. The caller frees it.
 */
char *workspace_error_text(const struct workspace_error *error);

/* Frees what it holds; it can be used again. */
void workspace_error_clear(struct workspace_error *error);

#endif
