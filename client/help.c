/*
 * The verb help, and -h: both say what the table of verbs says.
 */
#include "client/help.h"

#include <stdio.h>
#include <string.h>

#include "client/client.h"
#include "client/verbs.h"
#include "protocol/nearest.h"

#define OPTION_WIDTH 24

static void print_options(FILE *stream, const struct option_spec *specs)
{
	for (; specs && specs->name; specs++) {
		char shown[80], letter[8] = "    ";

		if (specs->letter)
			snprintf(letter, sizeof(letter), "-%c, ", specs->letter);
		snprintf(shown, sizeof(shown), "%s--%s%s%s", letter, specs->name,
		    specs->value ? " " : "", specs->value ? specs->value : "");
		fprintf(stream, "  %-*s  %s\n", OPTION_WIDTH, shown, specs->summary);
	}
}

/* Lines of text, indented. */
static void print_indented(FILE *stream, const char *text)
{
	while (text && *text) {
		size_t length = strcspn(text, "\n");

		fprintf(stream, "  %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

void help_print_all(FILE *stream)
{
	fputs("usage: ppctl [options] VERB [options] [NAME...] [arg=value...]\n\n"
	      "Runs what the workspace's parproc.yaml defines; parproc.yaml(5) says how it is\n"
	      "written. A daemon is started where none serves the workspace.\n\nverbs:\n",
	    stream);
	for (const struct verb *verb = verbs; verb->name; verb++)
		fprintf(stream, "  %-10s  %s\n", verb->name, verb->summary);
	fputs("\noptions, before or after the verb:\n", stream);
	print_options(stream, global_options);
	fputs("\nppctl help VERB tells more; ppctl(1) tells all.\n", stream);
}

void help_print_verb(FILE *stream, const struct verb *verb)
{
	fprintf(stream, "usage: ppctl %s%s%s\n\n%s.\n", verb->name, verb->usage[0] ? " " : "",
	    verb->usage, verb->summary);
	if (verb->details)
		fprintf(stream, "%s\n", verb->details);
	if (verb->options && verb->options->name) {
		fputs("\noptions:\n", stream);
		print_options(stream, verb->options);
	}
	fputs("\noptions of all verbs:\n", stream);
	print_options(stream, global_options);
	fputs("\nexamples:\n", stream);
	print_indented(stream, verb->examples);
}

int verb_help(struct client *client)
{
	const struct invocation *inv = client->inv;
	const char *name = inv->n_words > 0 ? inv->words[0] : inv->n_rest > 0 ? inv->rest[0] : NULL;
	const struct verb *verb = name ? options_find_verb(verbs, name) : NULL;
	struct nearest nearest;

	if (!name) {
		help_print_all(client->out.stream);
		return EXIT_FINE;
	}
	if (verb) {
		help_print_verb(client->out.stream, verb);
		return EXIT_FINE;
	}
	client_complain(0, "unknown verb %s", name);
	nearest_init(&nearest, name);
	for (verb = verbs; verb->name; verb++)
		nearest_offer(&nearest, verb->name);
	if (nearest.best)
		client_hint("did you mean %s?", nearest.best);
	return EXIT_BAD_REQUEST;
}
