/*
 * The command line: global options before or after the verb, the verb's own options after it,
 * names, and whatever follows "--". It knows the shape of options and verbs, not which there are.
 */
#ifndef PARPROC_CLIENT_OPTIONS_H
#define PARPROC_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* An option; a list of them ends with one without a name. */
struct option_spec {
	const char *name;    /* the long form, without dashes */
	char letter;         /* the short form; 0: none */
	const char *value;   /* what help calls its value; NULL: it takes none */
	const char *summary; /* one line for help */
};

struct option_value {
	const struct option_spec *spec;
	const char *text; /* NULL where the option takes none */
};

struct verb;

/* A command line that was understood. Borrows argv and the tables. */
struct invocation {
	const struct verb *verb; /* NULL: none was given */
	struct option_value *values;
	size_t n_values;
	char **words; /* names before "--", in order */
	size_t n_words;
	char **rest; /* all after "--" */
	size_t n_rest;
	bool has_dashes; /* there was a "--" */
};

/* What was wrong with a command line, and what may help; either may be empty. */
struct complaint {
	char text[512];
	char hint[512];
};

/* What is known: global options, and the verbs (a list that ends with one without a name). */
struct grammar {
	const struct option_spec *globals;
	const struct verb *verbs;
};

/*
 * Reads argv (without the program's name: argv[0] is the first word). Returns 0, or -1 with the
 * complaint filled in. The invocation is to be cleared in either case.
 */
int options_parse(const struct grammar *grammar, int argc, char **argv, struct invocation *inv,
    struct complaint *complaint);
void invocation_clear(struct invocation *inv);

/* The verb of that name, or NULL. */
const struct verb *options_find_verb(const struct verb *table, const char *name);

/* Whether an option was given; its last value, or NULL. */
bool invocation_has(const struct invocation *inv, const char *name);
const char *invocation_get(const struct invocation *inv, const char *name);

/* The values of an option that may be repeated: begin with *position 0; NULL after the last. */
const char *invocation_next(const struct invocation *inv, const char *name, size_t *position);

/* Reads a duration such as 30, 1.5s, 5m, 2h or 1d, in seconds. Returns -1 if it is none. */
int options_parse_duration(const char *text, double *seconds);

/* Reads an integer of at most max, at least min. Returns -1 if it is none. */
int options_parse_integer(const char *text, long long min, long long max, long long *value);

/*
 * Whether a word is name=value: what precedes the first '=' is an identifier. Its length is put
 * into *name_length.
 */
bool options_is_assignment(const char *word, size_t *name_length);

#endif
