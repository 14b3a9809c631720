/*
 * What run, start, create and plan ask for, as their words and options say it.
 */
#ifndef PARPROC_CLIENT_REQUEST_H
#define PARPROC_CLIENT_REQUEST_H

#include "client/client.h"

/* A request and what it borrows from. Begin with {0}; clear it in any case. */
struct request {
	struct pp_request pp;
	const char **names; /* ended by NULL */
	size_t n_names;
};

/* All words are names (pp.names is NULL without any); --run. */
void request_set_names(struct request *request, const struct invocation *inv);

/*
 * Names and arg=value before "--", names after it; --run, --as, --param, --full, --fail-fast where
 * the verb has them. Returns 0, or an exit status; then the reason was printed.
 */
int request_set_all(struct request *request, const struct invocation *inv);
void request_clear(struct request *request);

/*
 * Puts k=v into object: as JSON if it parses, else as text. what is how the word is called in an
 * error. Returns 0, or an exit status; then the reason was printed.
 */
int request_put_pair(json_t *object, const char *what, const char *word, bool is_json);

#endif
