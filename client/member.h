/*
 * Members of the daemon's answers, whatever a newer or older one may leave out or add.
 */
#ifndef PARPROC_CLIENT_MEMBER_H
#define PARPROC_CLIENT_MEMBER_H

#include <jansson.h>

/* The text (borrowed) or number, or what is given where there is none of that type. */
const char *member_text(const json_t *object, const char *key, const char *otherwise);
double member_number(const json_t *object, const char *key, double otherwise);

#endif
