/*
 * The verb completion: scripts for shells, which are short, as they ask `ppctl completion words`
 * what could stand where a command line ends. That starts no daemon and complains of nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "client/completion_offer.h"
#include "client/completion_script.h"
#include "client/memory.h"
#include "client/verbs.h"

/* ---- the command line ---- */

/* The words of a line, as a shell would have them; what is quoted may be open at its end. */
struct words {
	char **items;
	size_t count;
};

static void add_word(struct words *words, const char *text, size_t length)
{
	char *word = memory_alloc(length + 1);

	memcpy(word, text, length);
	words->items = memory_grow(words->items, words->count + 1, sizeof(*words->items));
	words->items[words->count++] = word;
}

static void split(struct words *words, const char *line)
{
	char *text = memory_alloc(strlen(line) + 1);
	size_t length = 0;
	char quote = '\0';
	bool is_begun = false;

	*words = (struct words){0};
	for (; *line; line++) {
		bool is_blank = *line == ' ' || *line == '\t' || *line == '\n';

		if (quote == '\0' && is_blank) {
			if (is_begun)
				add_word(words, text, length);
			length = 0;
			is_begun = false;
			continue;
		}
		is_begun = true;
		if (*line == quote)
			quote = '\0';
		else if (quote == '\0' && (*line == '\'' || *line == '"'))
			quote = *line;
		else if (*line == '\\' && quote != '\'' && line[1])
			text[length++] = *++line;
		else
			text[length++] = *line;
	}
	add_word(words, text, length);
	free(text);
}

static void words_clear(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
}

/* What the words before the last say. */
struct place {
	const struct verb *verb;          /* NULL: none yet */
	const struct option_spec *option; /* the last word is the value of it; or NULL */
	const char *directory, *socket;
	char **words; /* behind the verb, with its options */
	size_t n_words;
	bool has_dashes; /* "--" was among them */
};

static const struct option_spec *find_option(const struct option_spec *specs, const char *word)
{
	for (; specs && specs->name; specs++) {
		if (word[1] == '-' ? strcmp(word + 2, specs->name) == 0
		                   : specs->letter && word[1] == specs->letter && !word[2])
			return specs;
	}
	return NULL;
}

static void look_at_word(struct place *place, const char *word)
{
	if (place->option) {
		if (strcmp(place->option->name, "directory") == 0)
			place->directory = word;
		else if (strcmp(place->option->name, "socket") == 0)
			place->socket = word;
		place->option = NULL;
	} else if (strcmp(word, "--") == 0) {
		place->has_dashes = true;
	} else if (strncmp(word, "--directory=", 12) == 0) {
		place->directory = word + 12;
	} else if (strncmp(word, "--socket=", 9) == 0) {
		place->socket = word + 9;
	} else if (word[0] == '-' && word[1] == 'C' && word[2]) {
		place->directory = word + 2;
	} else if (word[0] == '-' && word[1] == 'S' && word[2]) {
		place->socket = word + 2;
	} else if (word[0] == '-' && !place->has_dashes) {
		const struct option_spec *spec = find_option(global_options, word);

		if (!spec && place->verb)
			spec = find_option(place->verb->options, word);
		place->option = spec && spec->value ? spec : NULL;
	} else if (!place->verb) {
		place->verb = options_find_verb(verbs, word);
	}
}

/* False: there is no daemon to ask. */
static bool reach(struct client *client, const struct place *place)
{
	struct pp_connect_options options = {.directory = place->directory,
	    .socket_path = place->socket,
	    .client = "ppctl " PACKAGE_VERSION,
	    .timeout_s = COMPLETION_TIMEOUT_S,
	    .resume_s = -1};

	return pp_connect(&options, &client->conn) == PP_OK;
}

/* What a reverse dependency may be: a target, or one behind a word that says when. */
static void offer_targets(const struct offering *to, const struct place *place)
{
	static const char *const prefixes[] = {"when_scheduled:", "when_target_scheduled:", NULL};

	offer_texts(to, prefixes);
	if (!reach(to->client, place))
		return;
	offer_names(to);
	for (const char *const *prefix = prefixes; *prefix; prefix++) {
		size_t length = strlen(*prefix);

		if (strncmp(to->typed, *prefix, length) != 0)
			continue;
		char *before = memory_print("%s%s", to->before, *prefix);
		struct offering target = {to->client, before, to->typed + length};

		offer_names(&target);
		free(before);
	}
}

static void offer_option_value(const struct offering *to, const struct place *place)
{
	static const char *const results[] = {"file", "stdout", NULL};
	static const char *const deps[] = {"special:no_failures", "command:", NULL};
	const char *option = place->option->name;

	if (strcmp(option, "run") == 0 && reach(to->client, place)) {
		offer_runs(to);
	} else if (strcmp(option, "executor") == 0 && reach(to->client, place)) {
		offer_executors(to);
	} else if (strcmp(option, "kind") == 0) {
		offer_kinds(to);
	} else if (strcmp(option, "result") == 0) {
		offer_texts(to, results);
	} else if (strcmp(option, "rdep") == 0) {
		offer_targets(to, place);
	} else if (strcmp(option, "dep") == 0) {
		offer_texts(to, deps);
		if (reach(to->client, place))
			offer_names(to);
	}
}

/* What only the daemon knows. */
static void offer_known(const struct offering *to, const struct place *place, enum verb_words words)
{
	if (words == WORDS_NAMES || words == WORDS_NAMES_ARGUMENTS || words == WORDS_NAMES_RUNS)
		offer_names(to);
	if (words == WORDS_NAMES_ARGUMENTS && place->n_words > 0)
		offer_arguments(to, place->words, place->n_words);
	if (words == WORDS_RUNS || words == WORDS_NAMES_RUNS)
		offer_runs(to);
	if (words == WORDS_OPTIONS || words == WORDS_PARAMS)
		offer_values(to, words == WORDS_OPTIONS ? "options.get" : "params.get");
}

static void offer_words(const struct offering *to, const struct place *place)
{
	enum verb_words words = place->verb->words;

	if (words == WORDS_VERBS)
		offer_verbs(to);
	else if (words == WORDS_SHELLS)
		offer_texts(to, completion_shells);
	else if (words == WORDS_METHOD && place->n_words == 0)
		offer_methods(to);
	else if (words != WORDS_NONE && words != WORDS_METHOD && reach(to->client, place))
		offer_known(to, place, words);
}

/* Where the word is --option=value, only the value is left of what is typed; before is new. */
static char *cut_assignment(struct offering *to, struct place *place)
{
	size_t length = strcspn(to->typed, "=");
	char *before, *option;

	if (strncmp(to->typed, "--", 2) != 0 || !to->typed[length] || place->has_dashes)
		return NULL;
	option = memory_print("%.*s", (int)length, to->typed);
	look_at_word(place, option);
	free(option);
	if (!place->option)
		return NULL;
	before = memory_print("%.*s", (int)length + 1, to->typed);
	to->before = before;
	to->typed += length + 1;
	return before;
}

static void complete(struct client *client, const char *line)
{
	struct place place = {0};
	struct offering to = {.client = client, .before = ""};
	struct words words;
	char *before = NULL;

	split(&words, line);
	to.typed = words.items[words.count - 1];
	for (size_t i = 1; i + 1 < words.count; i++) {
		place.n_words += place.verb != NULL;
		look_at_word(&place, words.items[i]);
	}
	place.words = words.items + words.count - 1 - place.n_words;
	if (!place.option)
		before = cut_assignment(&to, &place);
	if (place.option) {
		offer_option_value(&to, &place);
	} else if (to.typed[0] == '-' && !place.has_dashes) {
		if (place.verb)
			offer_options(&to, place.verb->options);
		offer_options(&to, global_options);
	} else if (!place.verb) {
		offer_verbs(&to);
	} else {
		offer_words(&to, &place);
	}
	free(before);
	words_clear(&words);
}

int verb_completion(struct client *client)
{
	const struct invocation *inv = client->inv;
	const char *what = inv->n_words > 0 ? inv->words[0] : inv->rest[0];
	const char *line = inv->n_words > 1                 ? inv->words[1]
	                   : inv->n_words + inv->n_rest > 1 ? inv->rest[1 - inv->n_words]
	                                                    : NULL;
	const char *script = completion_script(what);

	if (strcmp(what, "words") == 0 && line)
		complete(client, line);
	else if (line)
		return client_complain(EXIT_BAD_REQUEST,
		    "completion: a second word is for completion words LINE alone");
	else if (script)
		fputs(script, client->out.stream);
	else
		return client_complain(
		    EXIT_BAD_REQUEST, "completion: %s: it has to be bash, zsh or fish", what);
	return EXIT_FINE;
}
