/*
 * The verb completion: scripts for shells, which are short, as they ask `ppctl completion words`
 * what could stand where a command line ends. That starts no daemon and complains of nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "client/member.h"
#include "client/memory.h"
#include "client/verbs.h"

#define TIMEOUT_S 2.0

static const char bash_script[] =
    "# bash completion for ppctl; printed by `ppctl completion bash`.\n"
    "_ppctl() {\n"
    "	local line=${COMP_LINE:0:COMP_POINT} word cut i\n"
    "	mapfile -t COMPREPLY < <(ppctl completion words \"$line\" 2>/dev/null | cut -f 1)\n"
    "	word=${line##*[[:space:]]}\n"
    "	# Readline puts in what it gets as it is.\n"
    "	for i in \"${!COMPREPLY[@]}\"; do\n"
    "		[[ ${COMPREPLY[i]} == *[\\ "
    "\\\"\\'\\`\\$\\\\\\;\\&\\|\\<\\>\\(\\)\\{\\}\\[\\]*?!#~]* ]] || continue\n"
    "		if [[ $word == [\\\"\\']* ]]; then\n"
    "			unset \"COMPREPLY[i]\"\n"
    "		else\n"
    "			printf -v \"COMPREPLY[i]\" %q \"${COMPREPLY[i]}\"\n"
    "		fi\n"
    "	done\n"
    "	# A word of readline's begins behind the last : or =, where these break words.\n"
    "	for i in : =; do\n"
    "		if [[ $COMP_WORDBREAKS == *$i* && $word == *$i* ]]; then\n"
    "			cut=${word%\"${word##*\"$i\"}\"}\n"
    "			COMPREPLY=(\"${COMPREPLY[@]#\"$cut\"}\")\n"
    "			word=${word#\"$cut\"}\n"
    "		fi\n"
    "	done\n"
    "	if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[*]} == *[:=/] ]]; then\n"
    "		compopt -o nospace\n"
    "	fi\n"
    "}\n"
    "complete -o default -F _ppctl ppctl\n";

static const char zsh_script[] =
    "#compdef ppctl\n"
    "# zsh completion for ppctl; printed by `ppctl completion zsh`.\n"
    "_ppctl() {\n"
    "	local line word text\n"
    "	local -a open whole\n"
    "	for line in \"${(@f)$(ppctl completion words \"${(j: :)words[1,CURRENT]}\" "
    "2>/dev/null)}\"; do\n"
    "		word=${line%%$'\\t'*}\n"
    "		[[ -n $word ]] || continue\n"
    "		if [[ $word == *[:=/] ]]; then open+=(\"$word\"); else whole+=(\"$word\"); fi\n"
    "	done\n"
    "	(( ${#open} + ${#whole} )) || { _files; return }\n"
    "	(( ${#whole} )) && compadd -- \"${whole[@]}\"\n"
    "	(( ${#open} )) && compadd -S '' -- \"${open[@]}\"\n"
    "	return 0\n"
    "}\n"
    "if [[ $zsh_eval_context == *loadautofunc* ]]; then\n"
    "	_ppctl \"$@\"\n"
    "else\n"
    "	compdef _ppctl ppctl\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion for ppctl; printed by `ppctl completion fish`.\n"
    "complete -c ppctl -f -a '(ppctl completion words (commandline -cp) 2>/dev/null)'\n"
    "complete -c ppctl -s C -l directory -r -a '(__fish_complete_directories)'\n";

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

/* ---- what could stand there ---- */

/* One that begins as what is typed does. */
static void offer(struct client *client, const char *typed, const char *word, const char *text)
{
	FILE *stream = client->out.stream;

	if (!*word || strncmp(word, typed, strlen(typed)) != 0 || strpbrk(word, "\n\t"))
		return;
	fputs(word, stream);
	if (text && *text)
		fprintf(stream, "\t%.*s", (int)strcspn(text, "\n\t"), text);
	putc('\n', stream);
}

static void offer_options(struct client *client, const char *typed, const struct option_spec *specs)
{
	char word[64];

	for (; specs && specs->name; specs++) {
		snprintf(word, sizeof(word), "--%s", specs->name);
		offer(client, typed, word, specs->summary);
	}
}

static void offer_verbs(struct client *client, const char *typed)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		offer(client, typed, verb->name, verb->summary);
}

/* A pattern on its way to a name: what is filled in so far, and what comes. */
struct filling {
	struct client *client;
	const char *typed;
	const json_t *args; /* of the proto */
	const char *text;   /* that describes it */
};

static const json_t *find_choices(const struct filling *filling, const char *name, size_t length)
{
	size_t i;
	json_t *arg;

	json_array_foreach (filling->args, i, arg) {
		const char *own = member_text(arg, "name", "");

		if (strlen(own) == length && strncmp(own, name, length) == 0)
			return json_object_get(arg, "choices");
	}
	return NULL;
}

/* Offers begun with each choice for a placeholder, and what follows that up to the next. */
static void offer_choices(
    const struct filling *filling, const char *begun, const json_t *choices, const char *rest)
{
	size_t i;
	json_t *choice;

	json_array_foreach (choices, i, choice) {
		char *word;

		if (!json_is_string(choice))
			continue;
		word = memory_print(
		    "%s%s%.*s", begun, json_string_value(choice), (int)strcspn(rest, "["), rest);
		offer(filling->client, filling->typed, word, filling->text);
		free(word);
	}
}

/* Goes on from begun, which is what is typed or more of the pattern's literal text than that. */
static void fill(const struct filling *filling, const char *begun, const char *pattern)
{
	size_t literal = strcspn(pattern, "["), typed_length = strlen(filling->typed);
	const char *name = pattern + literal + 1, *rest, *value, *value_end;
	char *so_far, *next;

	so_far = memory_print("%s%.*s", begun, (int)literal, pattern);
	size_t length = strlen(so_far);
	const char *close = pattern[literal] ? strchr(name, ']') : NULL;

	if (strncmp(so_far, filling->typed, length < typed_length ? length : typed_length) != 0)
		goto out;
	if (!close) {
		offer(filling->client, filling->typed, so_far, filling->text);
		goto out;
	}
	const json_t *choices = find_choices(filling, name, (size_t)(close - name));

	rest = close + 1;
	value = typed_length > length ? filling->typed + length : "";
	value_end = *rest ? strstr(value, "::") : NULL;
	if (value_end) { /* it is given: go on behind it */
		next = memory_print("%s%.*s", so_far, (int)(value_end - value), value);
		fill(filling, next, rest);
		free(next);
	} else if (json_is_array(choices)) {
		offer_choices(filling, so_far, choices, rest);
	} else if (!*value) {
		offer(filling->client, filling->typed, so_far, filling->text);
	}
out:
	free(so_far);
}

static bool has_all_choices(const json_t *proto)
{
	size_t i;
	json_t *arg;

	json_array_foreach (json_object_get(proto, "args"), i, arg) {
		if (!json_is_array(json_object_get(arg, "choices")))
			return false;
	}
	return true;
}

/* Names of procs, and of protos with their choices. */
static void offer_names(struct client *client, const char *typed)
{
	json_t *list = NULL, *item, *chosen = json_object();
	size_t i;

	if (pp_call(client->conn, "list", NULL, TIMEOUT_S, &list))
		goto out;
	json_array_foreach (json_object_get(list, "protos"), i, item) {
		const char *name = member_text(item, "name", "");
		struct filling filling = {client, typed, json_object_get(item, "args"),
		    member_text(item, "description", NULL)};

		fill(&filling, "", name);
		if (has_all_choices(item))
			json_object_set_new(chosen, name, json_true());
	}
	/* But for those that have been offered as choices. */
	json_array_foreach (json_object_get(list, "procs"), i, item) {
		const char *proto = member_text(item, "proto", NULL);

		if (!proto || !json_object_get(chosen, proto))
			offer(client, typed, member_text(item, "name", ""),
			    member_text(item, "description", NULL));
	}
out:
	json_decref(chosen);
	json_decref(list);
}

static void offer_runs(struct client *client, const char *typed)
{
	json_t *runs = NULL, *run;
	char number[32];
	size_t i;

	if (pp_call(client->conn, "runs", NULL, TIMEOUT_S, &runs))
		return;
	json_array_foreach (json_object_get(runs, "runs"), i, run) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(json_object_get(run, "run")));
		offer(client, typed, number, member_text(run, "state", NULL));
		offer(client, typed, member_text(run, "name", ""), member_text(run, "state", NULL));
	}
	json_decref(runs);
}

static void offer_executors(struct client *client, const char *typed)
{
	json_t *list = NULL, *name;
	size_t i;

	if (pp_call(client->conn, "list", NULL, TIMEOUT_S, &list))
		return;
	json_array_foreach (json_object_get(list, "executors"), i, name)
		offer(client, typed, json_string_value(name), NULL);
	json_decref(list);
}

static void offer_values(struct client *client, const char *typed, const char *method)
{
	json_t *result = NULL, *value;
	const char *name;
	char *word;

	if (pp_call(client->conn, method, NULL, TIMEOUT_S, &result))
		return;
	json_object_foreach (json_object_get(result, "values"), name, value) {
		word = memory_print("%s=", name);
		offer(client, typed, word, NULL);
		free(word);
	}
	json_decref(result);
}

static void offer_shells(struct client *client, const char *typed)
{
	static const char *const shells[] = {"bash", "zsh", "fish"};

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		offer(client, typed, shells[i], NULL);
}

/* False: there is no daemon to ask. */
static bool reach(struct client *client, const struct place *place)
{
	struct pp_connect_options options = {.directory = place->directory,
	    .socket_path = place->socket,
	    .client = "ppctl " PACKAGE_VERSION,
	    .timeout_s = TIMEOUT_S,
	    .resume_s = -1};

	return pp_connect(&options, &client->conn) == PP_OK;
}

static void offer_words(struct client *client, const struct place *place, const char *typed)
{
	enum verb_words words = place->verb->words;

	if (words == WORDS_VERBS)
		offer_verbs(client, typed);
	else if (words == WORDS_SHELLS)
		offer_shells(client, typed);
	else if (words == WORDS_NONE || !reach(client, place))
		return;
	else if (words == WORDS_NAMES)
		offer_names(client, typed);
	else if (words == WORDS_RUNS)
		offer_runs(client, typed);
	else
		offer_values(client, typed, words == WORDS_OPTIONS ? "options.get" : "params.get");
}

static void complete(struct client *client, const char *line)
{
	struct place place = {0};
	struct words words;
	const char *typed;

	split(&words, line);
	typed = words.items[words.count - 1];
	for (size_t i = 1; i + 1 < words.count; i++)
		look_at_word(&place, words.items[i]);
	if (place.option) {
		if (strcmp(place.option->name, "run") == 0 && reach(client, &place))
			offer_runs(client, typed);
		else if (strcmp(place.option->name, "executor") == 0 && reach(client, &place))
			offer_executors(client, typed);
	} else if (typed[0] == '-' && !place.has_dashes) {
		if (place.verb)
			offer_options(client, typed, place.verb->options);
		offer_options(client, typed, global_options);
	} else if (!place.verb) {
		offer_verbs(client, typed);
	} else {
		offer_words(client, &place, typed);
	}
	words_clear(&words);
}

int verb_completion(struct client *client)
{
	const struct invocation *inv = client->inv;
	const char *what = inv->n_words > 0 ? inv->words[0] : inv->rest[0];
	const char *line = inv->n_words > 1                 ? inv->words[1]
	                   : inv->n_words + inv->n_rest > 1 ? inv->rest[1 - inv->n_words]
	                                                    : NULL;
	FILE *stream = client->out.stream;

	if (strcmp(what, "words") == 0 && line)
		complete(client, line);
	else if (line)
		return client_complain(EXIT_BAD_REQUEST,
		    "completion: a second word is for completion words LINE alone");
	else if (strcmp(what, "bash") == 0)
		fputs(bash_script, stream);
	else if (strcmp(what, "zsh") == 0)
		fputs(zsh_script, stream);
	else if (strcmp(what, "fish") == 0)
		fputs(fish_script, stream);
	else
		return client_complain(
		    EXIT_BAD_REQUEST, "completion: %s: it has to be bash, zsh or fish", what);
	return EXIT_FINE;
}
