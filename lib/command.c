/*
 * Reads the command line of a program with functions as tasks; see command.h. What is not the
 * program's own ppctl judges.
 */
#include "lib/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *command_program_name(const pp_app *app)
{
	const char *path = app->argc > 0 && app->argv ? app->argv[0] : "parproc";
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char options_help[] =
    "  --define     only define them, for ppctl run\n"
    "  --single     call the functions in this process, one at a time\n"
    "  -C DIR       the workspace of this directory\n"
    "  -S SOCKET    the daemon at this socket\n";

void command_print_help(const pp_app *app, bool is_driven)
{
	const struct app_task *task;

	if (is_driven)
		printf("usage: %s [OPTION]... [WORD]...\n"
		       "Defines procs, and runs them as this program decides.\n\n%s",
		    command_program_name(app), options_help);
	else
		printf("usage: %s [OPTION]... [NAME]... [ARGUMENT=VALUE]...\n"
		       "Runs procs of this program; without a name, those that are for now.\n\n%s"
		       "  others       as of ppctl run\n",
		    command_program_name(app), options_help);
	for (task = app->tasks; task; task = task->hh.next) {
		const char *text =
		    json_string_value(json_object_get(task->definition, "description"));

		printf("%s  %s%s%s%s\n", task == app->tasks ? "\n" : "", task->name,
		    task->is_now && !is_driven ? "  (now)" : "", text ? "  " : "",
		    text ? text : "");
	}
}

/* Whether a word is this long option, and its value where the same word holds it. */
static bool is_option(const char *word, const char *name, const char **value)
{
	size_t length = strlen(name);

	*value = NULL;
	if (strncmp(word + 2, name, length) != 0)
		return false;
	if (word[2 + length] == '=')
		*value = word + 3 + length;
	return *value || word[2 + length] == '\0';
}

/* Letters in one word: the first that takes a value has the rest of it, or the next word. */
static bool read_letters(struct command_line *line, const char *word, const char *next)
{
	for (word++; *word; word++) {
		const char *value = word[1] ? word + 1 : next;

		if (*word != 'C' && *word != 'S')
			continue;
		if (*word == 'C')
			line->directory = value;
		else
			line->socket = value;
		return !word[1];
	}
	return false;
}

/* An option for ppctl; where the connection is made, for this program too. Returns whether the next
 * word is its value. */
static bool read_option(struct command_line *line, const char *word, const char *next)
{
	static const char *const others[] = {"run", "param", "as"};
	const char *value;

	if (word[1] != '-')
		return read_letters(line, word, next);
	if (is_option(word, "directory", &value)) {
		line->directory = value ? value : next;
		return !value;
	}
	if (is_option(word, "socket", &value)) {
		line->socket = value ? value : next;
		return !value;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (is_option(word, others[i], &value))
			return !value;
	}
	return false;
}

/* Returns whether the next word is this one's value. */
static bool read_word(struct command_line *line, const char *word, const char *next)
{
	line->words[line->n_words++] = word;
	if (line->has_rest) {
		line->has_names = true;
	} else if (strcmp(word, "--") == 0) {
		line->has_rest = true;
	} else if (strcmp(word, "--single") == 0) {
		line->is_single = true;
		line->n_words--;
	} else if (strcmp(word, "--define") == 0) {
		line->is_define_only = true;
		line->n_words--;
	} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		line->is_help = true;
	} else if (word[0] == '-' && word[1] != '\0') {
		return read_option(line, word, next);
	} else if (!strchr(word, '=')) {
		line->has_names = true;
	}
	return false;
}

int command_line_read(struct command_line *line, const pp_app *app)
{
	size_t n_tasks = HASH_COUNT(app->tasks);
	bool is_value = false;

	*line = (struct command_line){0};
	/* "ppctl", "run", what the user says, "--", all that are for now, NULL */
	line->words = calloc((size_t)app->argc + n_tasks + 4, sizeof(*line->words));
	if (!line->words)
		return -1;
	line->words[line->n_words++] = "ppctl";
	line->words[line->n_words++] = "run";
	for (int i = 1; i < app->argc; i++) {
		if (is_value) {
			line->words[line->n_words++] = app->argv[i];
			is_value = false;
		} else {
			is_value = read_word(
			    line, app->argv[i], i + 1 < app->argc ? app->argv[i + 1] : NULL);
		}
	}
	return 0;
}

bool command_line_add_now(struct command_line *line, const pp_app *app)
{
	const struct app_task *task;
	bool has_any = false;

	for (task = app->tasks; task; task = task->hh.next) {
		if (!task->is_now)
			continue;
		if (!line->has_rest)
			line->words[line->n_words++] = "--";
		line->has_rest = true;
		line->words[line->n_words++] = task->name;
		has_any = true;
	}
	return has_any;
}

void command_line_clear(struct command_line *line)
{
	free(line->words);
	line->words = NULL;
}
