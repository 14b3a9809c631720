/*
 * What could stand where a command line ends: names, runs, options and the like that begin as what
 * is typed does, each printed with what it is behind a tab. Knows nothing of the line before.
 */
#ifndef PARPROC_CLIENT_COMPLETION_OFFER_H
#define PARPROC_CLIENT_COMPLETION_OFFER_H

#include "client/client.h"
#include "client/options.h"

#define COMPLETION_TIMEOUT_S 2.0 /* for what the daemon is asked */

/* What is to be completed. */
struct offering {
	struct client *client; /* connected for what only the daemon knows */
	const char *before;    /* of the word what stays, as in "--run=": offers begin with it */
	const char *typed;     /* the rest */
};

void offer_options(const struct offering *to, const struct option_spec *specs);
void offer_verbs(const struct offering *to);
void offer_methods(const struct offering *to);
void offer_kinds(const struct offering *to);

/* Texts; NULL is behind the last. */
void offer_texts(const struct offering *to, const char *const *texts);

/* Names of procs, and of protos with their choices. */
void offer_names(const struct offering *to);

/* Arguments of the protos that the words before name, name= and then the choices for it. */
void offer_arguments(const struct offering *to, char *const *words, size_t n_words);

/* Numbers and names of runs. */
void offer_runs(const struct offering *to);
void offer_executors(const struct offering *to);

/* name= of all that a method answers in its values. */
void offer_values(const struct offering *to, const char *method);

#endif
