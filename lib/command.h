/*
 * The command line of a program with functions as tasks: its own options, and what is for
 * `ppctl run`.
 */
#ifndef PARPROC_LIB_COMMAND_H
#define PARPROC_LIB_COMMAND_H

#include "lib/app.h"

/* What the command line says. */
struct command_line {
	const char *directory, *socket;
	bool is_single, is_define_only, is_help;
	const char **words; /* for ppctl run */
	size_t n_words;
	bool has_names;
	bool has_rest; /* "--" is among the words */
};

/* The program's name for people. Borrowed. */
const char *command_program_name(const pp_app *app);

/* -1: no memory. Texts are borrowed from the arguments. */
int command_line_read(struct command_line *line, const pp_app *app);
void command_line_clear(struct command_line *line);

/* Adds the tasks that are for now. False: there are none. */
bool command_line_add_now(struct command_line *line, const pp_app *app);

/* On standard output. is_driven: a driver decides what runs, and what the words are for. */
void command_print_help(const pp_app *app, bool is_driven);

#endif
