/*
 * What ppctl says about itself.
 */
#ifndef PARPROC_CLIENT_HELP_H
#define PARPROC_CLIENT_HELP_H

#include <stdio.h>

struct verb;

/* The verbs, a line each, and the global options. */
void help_print_all(FILE *stream);

/* All about one verb. */
void help_print_verb(FILE *stream, const struct verb *verb);

#endif
