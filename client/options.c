/*
 * Reads a command line against the tables of options and verbs. It prints nothing and knows no
 * particular verb, so that all of it can be tested without a daemon.
 */
#include "client/options.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/verbs.h"
#include "protocol/nearest.h"

struct parser {
	const struct grammar *grammar;
	char **argv;
	int argc;
	int next;
	struct invocation *inv;
	struct complaint *complaint;
};

__attribute__((format(printf, 2, 3))) static int complain(
    struct complaint *complaint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(complaint->text, sizeof(complaint->text), format, args);
	va_end(args);
	return -1;
}

static const struct option_spec *find_long(
    const struct option_spec *specs, const char *name, size_t length)
{
	for (; specs && specs->name; specs++) {
		if (strlen(specs->name) == length && memcmp(specs->name, name, length) == 0)
			return specs;
	}
	return NULL;
}

static const struct option_spec *find_short(const struct option_spec *specs, char letter)
{
	for (; specs && specs->name; specs++) {
		if (specs->letter == letter)
			return specs;
	}
	return NULL;
}

static void offer_options(struct nearest *nearest, const struct option_spec *specs)
{
	for (; specs && specs->name; specs++)
		nearest_offer(nearest, specs->name);
}

/* Says that there is no such option, and what may have been meant. */
static int complain_unknown_option(struct parser *parser, const char *word)
{
	const struct verb *verb = parser->inv->verb;
	struct complaint *complaint = parser->complaint;
	struct nearest nearest;
	const char *name = word + strspn(word, "-");
	size_t length = strcspn(name, "=");
	char bare[64];

	complain(complaint, "%s%sunknown option %.*s", verb ? verb->name : "", verb ? ": " : "",
	    (int)strcspn(word, "="), word);
	snprintf(bare, sizeof(bare), "%.*s", (int)length, name);
	nearest_init(&nearest, bare);
	if (!verb) {
		for (const struct verb *v = parser->grammar->verbs; v->name; v++) {
			if (!find_long(v->options, name, length))
				continue;
			snprintf(complaint->hint, sizeof(complaint->hint),
			    "--%s belongs after the verb: ppctl %s --%s", bare, v->name, bare);
			return -1;
		}
	} else {
		offer_options(&nearest, verb->options);
	}
	offer_options(&nearest, parser->grammar->globals);
	if (nearest.best)
		snprintf(
		    complaint->hint, sizeof(complaint->hint), "did you mean --%s?", nearest.best);
	else
		snprintf(complaint->hint, sizeof(complaint->hint), "see ppctl help%s%s",
		    verb ? " " : "", verb ? verb->name : "");
	return -1;
}

static void add_value(struct parser *parser, const struct option_spec *spec, const char *text)
{
	parser->inv->values[parser->inv->n_values++] = (struct option_value){spec, text};
}

/* The value of an option that stands in the next word. */
static int take_value(struct parser *parser, const struct option_spec *spec, const char *shown)
{
	if (parser->next >= parser->argc)
		return complain(parser->complaint, "%s needs a value: %s", shown, spec->value);
	add_value(parser, spec, parser->argv[parser->next++]);
	return 0;
}

static int parse_long(struct parser *parser, const char *word)
{
	const char *name = word + 2;
	size_t length = strcspn(name, "=");
	const struct verb *verb = parser->inv->verb;
	const struct option_spec *spec = NULL;

	if (verb)
		spec = find_long(verb->options, name, length);
	if (!spec)
		spec = find_long(parser->grammar->globals, name, length);
	if (!spec)
		return complain_unknown_option(parser, word);
	if (name[length] == '=') {
		if (!spec->value)
			return complain(parser->complaint, "--%s takes no value", spec->name);
		add_value(parser, spec, name + length + 1);
		return 0;
	}
	if (spec->value)
		return take_value(parser, spec, word);
	add_value(parser, spec, NULL);
	return 0;
}

/* -x, -xVALUE, -x VALUE, or several letters that take no value. */
static int parse_short(struct parser *parser, const char *word)
{
	const struct verb *verb = parser->inv->verb;

	for (const char *letter = word + 1; *letter; letter++) {
		const struct option_spec *spec = NULL;
		char shown[3] = {'-', *letter, '\0'};

		if (verb)
			spec = find_short(verb->options, *letter);
		if (!spec)
			spec = find_short(parser->grammar->globals, *letter);
		if (!spec)
			return complain_unknown_option(parser, letter == word + 1 ? word : shown);
		if (!spec->value) {
			add_value(parser, spec, NULL);
			continue;
		}
		if (letter[1] == '\0')
			return take_value(parser, spec, shown);
		add_value(parser, spec, letter + 1);
		return 0;
	}
	return 0;
}

const struct verb *options_find_verb(const struct verb *table, const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

static int take_verb(struct parser *parser, const char *word)
{
	struct nearest nearest;

	parser->inv->verb = options_find_verb(parser->grammar->verbs, word);
	if (parser->inv->verb)
		return 0;
	nearest_init(&nearest, word);
	for (const struct verb *verb = parser->grammar->verbs; verb->name; verb++)
		nearest_offer(&nearest, verb->name);
	if (nearest.best)
		snprintf(parser->complaint->hint, sizeof(parser->complaint->hint),
		    "did you mean %s?", nearest.best);
	else
		snprintf(parser->complaint->hint, sizeof(parser->complaint->hint),
		    "ppctl help lists the verbs");
	return complain(parser->complaint, "unknown verb %s", word);
}

/* "-" and negative numbers are words. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0' && !(word[1] >= '0' && word[1] <= '9');
}

static int check_words(const struct invocation *inv, struct complaint *complaint)
{
	const struct verb *verb = inv->verb;
	size_t n_words = inv->n_words;

	if (!verb || invocation_has(inv, "help"))
		return 0;
	if (!(verb->flags & VERB_TAKES_COMMAND))
		n_words += inv->n_rest;
	if (n_words >= verb->min_words && n_words <= verb->max_words)
		return 0;
	snprintf(complaint->hint, sizeof(complaint->hint), "usage: ppctl %s%s%s", verb->name,
	    verb->usage[0] ? " " : "", verb->usage);
	if (n_words < verb->min_words)
		return complain(complaint, "%s needs %s", verb->name, verb->usage);
	const char *extra = verb->max_words < inv->n_words
	                        ? inv->words[verb->max_words]
	                        : inv->rest[verb->max_words - inv->n_words];

	return complain(complaint, "%s: unexpected %s", verb->name, extra);
}

int options_parse(const struct grammar *grammar, int argc, char **argv, struct invocation *inv,
    struct complaint *complaint)
{
	struct parser parser = {grammar, argv, argc, 0, inv, complaint};

	*inv = (struct invocation){0};
	*complaint = (struct complaint){0};
	/* No word gives more than its letters' number of options. */
	size_t n_values_max = 1;

	for (int i = 0; i < argc; i++)
		n_values_max += strlen(argv[i]);
	inv->values = calloc(n_values_max, sizeof(*inv->values));
	inv->words = calloc((size_t)argc + 1, sizeof(*inv->words));
	if (!inv->values || !inv->words)
		return complain(complaint, "out of memory");
	while (parser.next < argc) {
		char *word = argv[parser.next++];
		int status = 0;

		if (strcmp(word, "--") == 0) {
			inv->has_dashes = true;
			inv->rest = argv + parser.next;
			inv->n_rest = (size_t)(argc - parser.next);
			break;
		}
		if (is_option(word))
			status =
			    word[1] == '-' ? parse_long(&parser, word) : parse_short(&parser, word);
		else if (!inv->verb)
			status = take_verb(&parser, word);
		else
			inv->words[inv->n_words++] = word;
		if (status)
			return status;
	}
	return check_words(inv, complaint);
}

void invocation_clear(struct invocation *inv)
{
	free(inv->values);
	free(inv->words);
	*inv = (struct invocation){0};
}

static bool is_of(const struct option_value *value, const char *name)
{
	return value->spec && strcmp(value->spec->name, name) == 0;
}

bool invocation_has(const struct invocation *inv, const char *name)
{
	for (size_t i = 0; i < inv->n_values; i++) {
		if (is_of(&inv->values[i], name))
			return true;
	}
	return false;
}

const char *invocation_get(const struct invocation *inv, const char *name)
{
	const char *last = NULL;

	for (size_t i = 0; i < inv->n_values; i++) {
		if (is_of(&inv->values[i], name))
			last = inv->values[i].text;
	}
	return last;
}

const char *invocation_next(const struct invocation *inv, const char *name, size_t *position)
{
	while (*position < inv->n_values) {
		const struct option_value *value = &inv->values[(*position)++];

		if (is_of(value, name))
			return value->text;
	}
	return NULL;
}

int options_parse_duration(const char *text, double *seconds)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"", 1}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	char *end;

	/* strtod() takes more than a duration may be: signs, blanks, "inf", hexadecimal. */
	if (text[0] == '\0' || strspn(text, "0123456789.") == 0 || strpbrk(text, "xXeE"))
		return -1;
	double number = strtod(text, &end);

	if (end == text || !isfinite(number))
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*seconds = number * units[i].seconds;
			return 0;
		}
	}
	return -1;
}

int options_parse_integer(const char *text, long long min, long long max, long long *value)
{
	char *end;

	if (text[0] != '-' && !(text[0] >= '0' && text[0] <= '9'))
		return -1;
	errno = 0;
	*value = strtoll(text, &end, 10);
	if (errno || end == text || *end != '\0' || *value < min || *value > max)
		return -1;
	return 0;
}

bool options_is_assignment(const char *word, size_t *name_length)
{
	size_t length = 0;

	while ((word[length] >= 'a' && word[length] <= 'z') ||
	       (word[length] >= 'A' && word[length] <= 'Z') || word[length] == '_' ||
	       (length > 0 && word[length] >= '0' && word[length] <= '9'))
		length++;
	*name_length = length;
	return length > 0 && word[length] == '=';
}
