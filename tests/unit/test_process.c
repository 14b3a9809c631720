/*
 * What a process gets: argument vector, environment in its order, working directory.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/process.h"

static const struct process_place place = {
    .directory = "/w", .state_directory = "/w/.parproc", .socket_path = "/w/.parproc/ppd.sock"};

struct subject {
	struct definition *definition;
	struct proc proc;
	struct run run;
	struct execution execution;
	char *values[2];
};

/* A proto build::[env] with a constant n. */
static void make_subject(struct subject *subject)
{
	struct definition *definition = definition_new("build::[env]", true, ORIGIN_FILE);

	definition->args = mem_new(2, sizeof(*definition->args));
	definition->n_args = 2;
	definition->args[0].name = mem_copy("env");
	definition->args[0].is_placeholder = true;
	definition->args[1].name = mem_copy("n");
	definition->args[1].default_text = mem_copy("4");
	*subject = (struct subject){.definition = definition,
	    .proc = {.name = (char *)"build::prod"},
	    .run = {.id = 3},
	    .values = {(char *)"prod", (char *)"4"}};
	subject->execution = (struct execution){
	    .id = 12, .proc = &subject->proc, .definition = definition, .values = subject->values};
	subject->execution.first.run = &subject->run;
}

static void set_command(struct command *command, bool is_shell, size_t count, const char **words)
{
	command->is_shell = is_shell;
	command->words = mem_new(count, sizeof(char *));
	command->n_words = count;
	for (size_t i = 0; i < count; i++)
		command->words[i] = mem_copy(words[i]);
}

static void build(struct process *process, struct subject *subject)
{
	process_build(process, &place, &subject->execution, &subject->definition->run,
	    &(struct process_output){.log = "/w/.parproc/logs/3/12.log"});
}

static const char *value_of(const struct process *process, const char *name)
{
	const char *value = NULL;
	size_t length = strlen(name);

	for (size_t i = 0; process->env.items[i]; i++) {
		if (strncmp(process->env.items[i], name, length) != 0 ||
		    process->env.items[i][length] != '=')
			continue;
		cr_assert_null(value, "%s is there twice", name);
		value = process->env.items[i] + length + 1;
	}
	return value ? value : "";
}

Test(process, a_text_goes_to_the_shell_as_it_is)
{
	struct subject subject;
	struct process process;

	make_subject(&subject);
	set_command(&subject.definition->run, true, 1, (const char *[]){"make [env] $env"});
	build(&process, &subject);
	cr_assert_str_eq(process.argv.items[0], "/bin/sh");
	cr_assert_str_eq(process.argv.items[1], "-c");
	cr_assert_str_eq(process.argv.items[2], "make [env] $env");
	cr_assert_null(process.argv.items[3]);
	cr_assert_str_eq(process.cwd, "/w");
	process_clear(&process);
	definition_unref(subject.definition);
}

Test(process, placeholders_of_a_list_are_filled)
{
	struct subject subject;
	struct process process;

	make_subject(&subject);
	set_command(&subject.definition->run, false, 3,
	    (const char *[]){"./deploy", "--env=[env]", "[other]"});
	subject.definition->cwd = mem_copy("services/[env]");
	build(&process, &subject);
	cr_assert_str_eq(process.argv.items[0], "./deploy");
	cr_assert_str_eq(process.argv.items[1], "--env=prod");
	cr_assert_str_eq(process.argv.items[2], "[other]");
	cr_assert_null(process.argv.items[3]);
	cr_assert_str_eq(process.cwd, "/w/services/prod");
	cr_assert_str_eq(value_of(&process, "PWD"), "/w/services/prod");
	process_clear(&process);
	definition_unref(subject.definition);
}

Test(process, variables_come_in_their_order)
{
	struct subject subject;
	struct process process;

	make_subject(&subject);
	set_command(&subject.definition->run, true, 1, (const char *[]){"true"});
	subject.definition->env = mem_new(3, sizeof(*subject.definition->env));
	subject.definition->n_env = 3;
	subject.definition->env[0] = (struct variable){mem_copy("TARGET"), mem_copy("to-[env]")};
	subject.definition->env[1] = (struct variable){mem_copy("TERM"), mem_copy("xterm")};
	subject.definition->env[2] = (struct variable){mem_copy("n"), mem_copy("9")};
	build(&process, &subject);
	cr_assert_str_eq(value_of(&process, "TARGET"), "to-prod");
	cr_assert_str_eq(value_of(&process, "TERM"), "xterm"); /* a definition knows better */
	cr_assert_str_eq(value_of(&process, "NO_COLOR"), "1");
	cr_assert_str_eq(value_of(&process, "env"), "prod");
	cr_assert_str_eq(value_of(&process, "n"), "4"); /* an argument is what it is */
	process_clear(&process);
	definition_unref(subject.definition);
}

Test(process, at_a_terminal_it_has_colors)
{
	struct process_output output = {.is_terminal = true, .terminal_type = "xterm-256color"};
	struct subject subject;
	struct process process;

	make_subject(&subject);
	set_command(&subject.definition->run, true, 1, (const char *[]){"true"});
	process_build(&process, &place, &subject.execution, &subject.definition->run, &output);
	cr_assert_str_eq(value_of(&process, "TERM"), "xterm-256color");
	cr_assert_str_empty(value_of(&process, "NO_COLOR"));
	process_clear(&process);
	/* Where the client says no type, that of the environment holds. */
	output.terminal_type = NULL;
	process_build(&process, &place, &subject.execution, &subject.definition->run, &output);
	cr_assert_str_empty(value_of(&process, "TERM"));
	process_clear(&process);
	definition_unref(subject.definition);
}

Test(process, it_learns_where_it_is)
{
	struct subject subject;
	struct process process;

	make_subject(&subject);
	set_command(&subject.definition->run, true, 1, (const char *[]){"true"});
	build(&process, &subject);
	cr_assert_str_eq(value_of(&process, "PP_PROC"), "build::prod");
	cr_assert_str_eq(value_of(&process, "PP_RUN"), "3");
	cr_assert_str_eq(value_of(&process, "PP_EXEC"), "12");
	cr_assert_str_eq(value_of(&process, "PP_SOCKET"), "/w/.parproc/ppd.sock");
	cr_assert_str_eq(value_of(&process, "PP_WORKSPACE"), "/w");
	cr_assert_str_eq(value_of(&process, "PP_RESULT"), "/w/.parproc/process/12.result");
	cr_assert_str_eq(value_of(&process, "PP_MESSAGE"), "/w/.parproc/process/12.message");
	cr_assert_str_eq(value_of(&process, "PP_LOG"), "/w/.parproc/logs/3/12.log");
	process_clear(&process);
	definition_unref(subject.definition);
}

Test(process, a_command_without_an_execution_has_no_values)
{
	struct subject subject;
	struct process process;

	make_subject(&subject);
	set_command(&subject.definition->run, false, 2, (const char *[]){"./list-envs", "[env]"});
	process_build_loose(&process, &place, subject.definition, &subject.definition->run);
	cr_assert_str_eq(process.argv.items[1], "[env]");
	cr_assert_str_eq(value_of(&process, "PP_EXEC"), "");
	cr_assert_str_eq(value_of(&process, "PP_WORKSPACE"), "/w");
	process_clear(&process);
	definition_unref(subject.definition);
}

Test(process, a_failure_names_its_subject)
{
	struct subject subject;
	struct process process;
	char *text;

	make_subject(&subject);
	set_command(&subject.definition->run, false, 1, (const char *[]){"./no-such"});
	build(&process, &subject);
	text = process_explain_failure(&process, "exec", ENOENT);
	cr_assert_str_eq(text, "exec: No such file or directory: ./no-such");
	free(text);
	text = process_explain_failure(&process, "chdir", EACCES);
	cr_assert_str_eq(text, "chdir: Permission denied: /w");
	free(text);
	text = process_explain_failure(&process, "fork", EAGAIN);
	cr_assert_not_null(strstr(text, "fork: "));
	free(text);
	process_clear(&process);
	definition_unref(subject.definition);
}

static bool is_two(uint64_t exec, void *arg)
{
	(void)arg;
	return exec == 2;
}

Test(process, leftovers_of_an_earlier_daemon_are_removed_but_for_those_that_are_needed)
{
	char directory[] = "/tmp/test_process.XXXXXX", path[80];
	static const char *const names[] = {"1.result", "2.result", "inquiry-2.out"};

	cr_assert_not_null(mkdtemp(directory));
	process_clear_files(directory, is_two, NULL);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/process/%s", directory, names[i]);
		fclose(fopen(path, "w"));
	}
	process_clear_files(directory, is_two, NULL);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/process/%s", directory, names[i]);
		cr_assert_eq(access(path, F_OK), i == 1 ? 0 : -1);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/process", directory);
	cr_assert_eq(rmdir(path), 0);
	cr_assert_eq(rmdir(directory), 0);
}
