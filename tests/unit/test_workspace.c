/*
 * The workspace file over time: examples that are good or bad, changes, refusals, options and
 * params set over it, and who may write it.
 */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/file.h"
#include "daemon/workspace/workspace.h"

/* --- a private directory --- */

static char *directory;

static void set_up(void)
{
	const char *top = getenv("TMPDIR");

	umask(022);
	directory = mem_print("%s/parproc-test-XXXXXX", top ? top : "/tmp");
	cr_assert_not_null(mkdtemp(directory));
}

static char *path_of(const char *name)
{
	return mem_print("%s/%s", directory, name);
}

static void tear_down(void)
{
	static const char *const names[] = {"parproc.yaml", "parproc.yml", "parproc.json", "other"};

	chmod(directory, 0700);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = path_of(names[i]);

		if (unlink(path) && errno == EISDIR)
			rmdir(path);
		free(path);
	}
	cr_expect_eq(rmdir(directory), 0);
	free(directory);
}

static void write_file(const char *name, const char *text)
{
	char *path = path_of(name);
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	cr_assert_neq(fputs(text, file), EOF);
	cr_assert_eq(fclose(file), 0);
	free(path);
}

static void remove_file(const char *name)
{
	char *path = path_of(name);

	cr_assert_eq(unlink(path), 0);
	free(path);
}

static void set_mode(const char *name, mode_t mode)
{
	char *path = name ? path_of(name) : mem_copy(directory);

	cr_assert_eq(chmod(path, mode), 0);
	free(path);
}

static void expect_error(const struct workspace *workspace, const char *expected)
{
	const struct workspace_error *error = workspace_get_error(workspace);
	char *text = error ? workspace_error_text(error) : mem_copy("no error");

	cr_expect_str_eq(text, expected);
	free(text);
}

/* Polls, expects that many definitions, and accepts them. */
static void expect_load(struct workspace *workspace, size_t count)
{
	const struct workspace_load *load = workspace_poll(workspace, false);

	cr_assert_not_null(load);
	cr_expect_eq(load->definitions.count, count);
	workspace_accept(workspace);
	cr_expect_null(workspace_get_error(workspace));
}

/* --- examples --- */

static char *read_whole(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	char *bytes = mem_resize(NULL, 65536, 1);

	cr_assert_not_null(file, "%s", path);
	*length = fread(bytes, 1, 65535, file);
	bytes[*length] = '\0';
	fclose(file);
	return bytes;
}

/* Reads one; what a bad one has to give is on its first line, behind "# ". */
static void check_example(const char *folder, const char *name, bool is_good)
{
	char *path = mem_print("%s/%s", folder, name);
	struct workspace_load load = {0};
	struct workspace_error error = {0};
	size_t length;
	char *bytes = read_whole(path, &length);
	int status = workspace_parse(bytes, length, name, NULL, &load, &error);
	char *text = workspace_error_text(&error);

	cr_expect_eq(status, is_good ? 0 : -1, "%s: %s", path, text);
	if (!is_good) {
		char *line = strndup(bytes + 2, strcspn(bytes + 2, "\n"));
		char *expected = mem_print("%s:%s", name, line);

		cr_expect_eq(strncmp(text, expected, strlen(expected)), 0, "%s gives\n%s\nnot\n%s",
		    path, text, expected);
		free(line);
		free(expected);
	}
	workspace_load_clear(&load);
	workspace_error_clear(&error);
	free(text);
	free(bytes);
	free(path);
}

static void check_examples(const char *kind, bool is_good)
{
	const char *source = getenv("srcdir");
	char *folder = mem_print("%s/tests/data/workspace/%s", source ? source : ".", kind);
	DIR *entries = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	cr_assert_not_null(entries, "%s", folder);
	while ((entry = readdir(entries))) {
		if (entry->d_name[0] == '.')
			continue;
		check_example(folder, entry->d_name, is_good);
		count++;
	}
	cr_expect_geq(count, 9);
	closedir(entries);
	free(folder);
}

Test(workspace, good_examples)
{
	check_examples("good", true);
}

Test(workspace, bad_examples)
{
	check_examples("bad", false);
}

/* What the manual page shows, between .Bd and .Ed, is sound. */
Test(workspace, manual_examples)
{
	const char *source = getenv("srcdir");
	char *path = mem_print("%s/doc/parproc.yaml.5", source ? source : ".");
	size_t length, count = 0;
	char *page = read_whole(path, &length);
	char *begin, *end;

	for (begin = strstr(page, "\n.Bd"); begin; begin = strstr(end, "\n.Bd"), count++) {
		struct workspace_load load;
		struct workspace_error error = {0};
		int status;

		begin = strchr(begin + 1, '\n') + 1;
		end = strstr(begin, ".Ed\n");
		cr_assert_not_null(end);
		status = workspace_parse(begin, (size_t)(end - begin), "f", NULL, &load, &error);
		cr_expect_eq(status, 0, "line %u: %s", error.line, error.message);
		workspace_load_clear(&load);
		workspace_error_clear(&error);
	}
	cr_expect_eq(count, 7);
	free(page);
	free(path);
}

Test(workspace, parse_gives_what_the_file_says)
{
	static const char text[] = "options: {parallel: 4, kill_after: 2s}\n"
	                           "params: {a: [1]}\n"
	                           "procs: {x: {run: y}}\n"
	                           "protos: {\"z::[a]\": {}}\n";
	json_t *overlay = json_pack("{s:i}", "parallel", 7);
	struct workspace_load load;
	struct workspace_error error = {0};

	cr_assert_eq(workspace_parse(text, strlen(text), "f", overlay, &load, &error), 0);
	cr_expect_eq(workspace_options_parallel(&load.options), 7);
	cr_expect_eq(load.options.kill_after_ns, INT64_C(2000000000));
	cr_expect_eq(json_array_size(json_object_get(load.params, "a")), 1);
	cr_assert_eq(load.definitions.count, 2);
	cr_expect_eq(load.definitions.items[0]->origin, ORIGIN_FILE);
	cr_expect(load.definitions.items[1]->is_proto);
	workspace_load_clear(&load);
	json_decref(overlay);
}

/* --- over time --- */

TestSuite(workspace_file, .init = set_up, .fini = tear_down);

Test(workspace_file, none_is_an_empty_workspace)
{
	struct workspace *workspace = workspace_new(directory);

	expect_load(workspace, 0);
	cr_expect_null(workspace_poll(workspace, false));
	write_file("parproc.yml", "procs: {a: {}}\n");
	expect_load(workspace, 1);
	remove_file("parproc.yml");
	expect_load(workspace, 0);
	workspace_free(workspace);
}

Test(workspace_file, the_first_name_is_read)
{
	struct workspace *workspace = workspace_new(directory);

	write_file("parproc.json", "{\"procs\": {\"a\": {}, \"b\": {}, \"c\": {}}}");
	expect_load(workspace, 3);
	write_file("parproc.yml", "procs: {a: {}, b: {}}");
	expect_load(workspace, 2);
	write_file("parproc.yaml", "procs: {a: {}}");
	expect_load(workspace, 1);
	workspace_free(workspace);
}

Test(workspace_file, is_reread_when_it_changes)
{
	struct workspace *workspace = workspace_new(directory);

	write_file("parproc.yaml", "procs: {a: {}}\n");
	expect_load(workspace, 1);
	cr_expect_null(workspace_poll(workspace, false));
	/* The same size, most likely in the same tick of the clock, the same inode. */
	for (int i = 0; i < 50; i++) {
		write_file("parproc.yaml", i % 2 ? "procs: {a: {}}\n" : "procs: {b: {}}\n");
		expect_load(workspace, 1);
		cr_expect_null(workspace_poll(workspace, false));
	}
	cr_expect_not_null(workspace_poll(workspace, true));
	workspace_accept(workspace);
	workspace_free(workspace);
}

Test(workspace_file, an_old_one_is_told_by_its_time)
{
	struct workspace *workspace = workspace_new(directory);
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	char *path = path_of("parproc.yaml");

	write_file("parproc.yaml", "procs: {a: {}}\n");
	expect_load(workspace, 1);
	cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
	expect_load(workspace, 1);
	cr_expect_null(workspace_poll(workspace, false));
	free(path);
	workspace_free(workspace);
}

Test(workspace_file, a_broken_one_takes_nothing_away)
{
	static const char broken[] =
	    "parproc.yaml:2:15: procs.a.runn: unknown key (did you mean run?)";
	struct workspace *workspace = workspace_new(directory);

	write_file("parproc.yaml", "options: {parallel: 3}\nparams: {p: 1}\nprocs: {a: {}}\n");
	expect_load(workspace, 1);
	write_file("parproc.yaml", "options: {parallel: 4}\nprocs: {a: {  runn: x}}\n");
	for (int i = 0; i < 2; i++) {
		cr_expect_null(workspace_poll(workspace, false));
		expect_error(workspace, broken);
		cr_expect_eq(workspace_options_parallel(workspace_get_options(workspace)), 3);
		cr_expect_eq(json_object_size(workspace_get_params(workspace)), 1);
	}
	cr_expect_null(workspace_poll(workspace, true));
	expect_error(workspace, broken);
	write_file("parproc.yaml", "options: {parallel: 5}\n");
	expect_load(workspace, 0);
	cr_expect_eq(workspace_options_parallel(workspace_get_options(workspace)), 5);
	cr_expect_eq(json_object_size(workspace_get_params(workspace)), 0);
	workspace_free(workspace);
}

Test(workspace_file, what_is_rejected_is_offered_again)
{
	struct workspace *workspace = workspace_new(directory);
	struct fault fault = {0};

	write_file("parproc.yaml", "options: {parallel: 3}\nprocs:\n  a: {}\nprotos:\n  b: {}\n");
	cr_assert_not_null(workspace_poll(workspace, false));
	fault_set(&fault, FAULT_EXISTS, "a client has defined %s", "b");
	strings_add(&fault.names, "b");
	workspace_reject(workspace, &fault);
	expect_error(workspace, "parproc.yaml:5:3: protos.b: a client has defined b");
	cr_expect_eq(workspace_get_error(workspace)->code, FAULT_EXISTS);
	cr_expect_eq(workspace_options_parallel(workspace_get_options(workspace)), 100);
	fault_clear(&fault);

	cr_assert_not_null(workspace_poll(workspace, false));
	fault_set(&fault, FAULT_EXISTS, "something else");
	workspace_reject(workspace, &fault);
	expect_error(workspace, "parproc.yaml:1:1: something else");
	fault_clear(&fault);

	expect_load(workspace, 2);
	cr_expect_eq(workspace_options_parallel(workspace_get_options(workspace)), 3);
	cr_expect_null(workspace_poll(workspace, false));
	workspace_free(workspace);
}

/* --- options and params --- */

static void set_options(struct workspace *workspace, const char *text)
{
	struct workspace_error error = {0};
	json_t *values = json_loads(text, 0, NULL);

	cr_assert_eq(workspace_set_options(workspace, values, &error), 0);
	json_decref(values);
}

static void set_params(struct workspace *workspace, const char *text)
{
	json_t *values = json_loads(text, 0, NULL);

	cr_assert_eq(workspace_set_params(workspace, values), 0);
	json_decref(values);
}

static void expect_params(
    const struct workspace *workspace, const char *override, const char *expected)
{
	json_t *value = override ? json_loads(override, 0, NULL) : NULL;
	char *text = workspace_params_text(workspace, value);

	cr_expect_str_eq(text, expected);
	json_decref(value);
	free(text);
}

Test(workspace_file, options_that_are_set_stay)
{
	struct workspace *workspace = workspace_new(directory);
	struct workspace_error error = {0};
	json_t *wrong = json_pack("{s:i, s:i}", "parallel", 2, "nope", 3);

	set_options(workspace, "{\"parallel\": 9}");
	write_file("parproc.yaml", "options: {parallel: 3, keep_runs: 4}\n");
	expect_load(workspace, 0);
	cr_expect_eq(workspace_options_parallel(workspace_get_options(workspace)), 9);
	cr_expect_eq(workspace_get_options(workspace)->keep_runs, 4);
	set_options(workspace, "{\"mode\": \"single\"}");
	write_file("parproc.yaml", "");
	expect_load(workspace, 0);
	cr_expect_eq(workspace_options_parallel(workspace_get_options(workspace)), 9);
	cr_expect_eq(workspace_get_options(workspace)->keep_runs, 50);
	cr_expect_eq(workspace_get_options(workspace)->mode, MODE_SINGLE);
	cr_expect_eq(workspace_set_options(workspace, wrong, &error), -1);
	cr_expect_str_eq(error.key, "nope");
	cr_expect_eq(workspace_options_parallel(workspace_get_options(workspace)), 9);
	workspace_error_clear(&error);
	json_decref(wrong);
	workspace_free(workspace);
}

Test(workspace_file, params_that_are_set_stay)
{
	struct workspace *workspace = workspace_new(directory);

	expect_params(workspace, NULL, "{\"o\":{},\"w\":{}}");
	set_params(workspace, "{\"a\": 1}");
	write_file("parproc.yaml", "params: {a: file, b: &b [1], c: *b}\n");
	expect_load(workspace, 0);
	expect_params(workspace, NULL, "{\"o\":{},\"w\":{\"a\":1,\"b\":[1],\"c\":[1]}}");
	set_params(workspace, "{\"b\": null}");
	expect_params(workspace, "{\"z\":1,\"a\":2}",
	    "{\"o\":{\"a\":2,\"z\":1},\"w\":{\"a\":1,\"b\":null,\"c\":[1]}}");
	write_file("parproc.yaml", "params: {d: 1}\n");
	expect_load(workspace, 0);
	expect_params(workspace, NULL, "{\"o\":{},\"w\":{\"a\":1,\"b\":null,\"d\":1}}");
	workspace_free(workspace);
}

static void expect_file_error(struct workspace *workspace, char *text, const char *words)
{
	char *said;

	write_file("parproc.yaml", text);
	free(text);
	cr_expect_null(workspace_poll(workspace, false));
	cr_assert_not_null(workspace_get_error(workspace), "not refused: %s", words);
	said = workspace_error_text(workspace_get_error(workspace));
	cr_expect_not_null(strstr(said, words), "%s", said);
	free(said);
}

Test(workspace_file, params_are_limited)
{
	struct workspace *workspace = workspace_new(directory);
	char *half = calloc(1, PARAMS_MAX_BYTES / 2 + 1);
	json_t *values, *more;

	memset(half, 'x', PARAMS_MAX_BYTES / 2);
	values = json_pack("{s:s}", "a", half);
	more = json_pack("{s:s}", "b", half);
	cr_expect_eq(workspace_set_params(workspace, values), 0);
	cr_expect_eq(workspace_set_params(workspace, values), 0, "the same again is no more");
	cr_expect_eq(workspace_set_params(workspace, more), -1);
	cr_expect_eq(errno, E2BIG);
	cr_expect_eq(json_object_size(workspace_get_params(workspace)), 1);
	expect_file_error(workspace, mem_print("procs: {}\nparams: {c: %s}\n", half),
	    "parproc.yaml:2:1: params: with those that were set");
	expect_file_error(workspace, mem_print("procs: {}\nparams: {c: %s, d: %s}\n", half, half),
	    "parproc.yaml:2:1: params: they take more than 1 MiB");
	cr_expect_eq(json_object_size(workspace_get_params(workspace)), 1);
	json_decref(values);
	json_decref(more);
	free(half);
	workspace_free(workspace);
}

/* What is set while a file is held back holds when it is taken. */
Test(workspace_file, settings_reach_what_was_rejected)
{
	struct workspace *workspace = workspace_new(directory);
	struct fault fault = {.message = (char *)"no"};

	write_file("parproc.yaml", "options: {parallel: 3}\nparams: {a: 1, b: 1}\n");
	cr_assert_not_null(workspace_poll(workspace, false));
	workspace_reject(workspace, &fault);
	set_options(workspace, "{\"parallel\": 8}");
	set_params(workspace, "{\"a\": 2}");
	expect_load(workspace, 0);
	cr_expect_eq(workspace_options_parallel(workspace_get_options(workspace)), 8);
	expect_params(workspace, NULL, "{\"o\":{},\"w\":{\"a\":2,\"b\":1}}");
	workspace_free(workspace);
}

/* --- trust --- */

static void expect_refusal(struct workspace *workspace, const char *reason)
{
	struct workspace_error error = {0};

	cr_expect_null(workspace_poll(workspace, false));
	cr_assert_not_null(workspace_get_error(workspace), "not refused: %s", reason);
	cr_expect_not_null(strstr(workspace_get_error(workspace)->message, reason), "%s",
	    workspace_get_error(workspace)->message);
	cr_expect_eq(workspace_check_access(directory, &error), -1);
	cr_expect_not_null(strstr(error.message, reason), "%s", error.message);
	workspace_error_clear(&error);
}

Test(workspace_file, others_must_not_write_it)
{
	struct workspace *workspace = workspace_new(directory);
	struct workspace_error error = {0};

	write_file("parproc.yaml", "procs: {a: {}}\n");
	cr_expect_eq(workspace_check_access(directory, &error), 0);
	set_mode("parproc.yaml", 0666);
	expect_refusal(workspace, "all users may write it");
	set_mode("parproc.yaml", 0664); /* a private group */
	expect_load(workspace, 1);
	set_mode(NULL, 0777);
	write_file("parproc.yaml", "procs: {b: {}}\n");
	expect_refusal(workspace, "all users may write it");
	set_mode(NULL, 01777); /* they cannot replace the file */
	expect_load(workspace, 1);
	workspace_free(workspace);
}

Test(workspace_file, foreign_owners_and_groups)
{
	struct workspace *workspace = workspace_new(directory);
	char *path = path_of("parproc.yaml");

	if (geteuid() != 0)
		cr_skip_test("only root can give files away");
	write_file("parproc.yaml", "procs: {a: {}}\n");
	cr_assert_eq(chown(path, 0, 4711), 0);
	set_mode("parproc.yaml", 0664);
	expect_refusal(workspace, "a group of users may write it");
	cr_assert_eq(chown(path, 4711, 4711), 0); /* for root: anyone's */
	expect_load(workspace, 1);
	set_mode(NULL, 0755);
	cr_assert_eq(seteuid(4712), 0);
	cr_expect_null(workspace_poll(workspace, true));
	expect_error(workspace, "parproc.yaml: not safe to use: another user owns it");
	cr_assert_eq(seteuid(0), 0);
	free(path);
	workspace_free(workspace);
}

Test(workspace_file, only_regular_files)
{
	struct workspace *workspace = workspace_new(directory);
	char *path = path_of("parproc.yaml");

	cr_assert_eq(mkfifo(path, 0600), 0);
	expect_refusal(workspace, "not a regular file");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkdir(path, 0700), 0);
	expect_refusal(workspace, "not a regular file");
	cr_assert_eq(rmdir(path), 0);
	cr_assert_eq(symlink("parproc.yaml", path), 0);
	expect_refusal(workspace, "Too many levels of symbolic links");
	cr_assert_eq(unlink(path), 0);
	expect_load(workspace, 0);
	free(path);
	workspace_free(workspace);
}

Test(workspace_file, a_directory_that_is_gone)
{
	struct workspace *workspace = workspace_new("/nonexistent/parproc");

	cr_expect_null(workspace_poll(workspace, false));
	expect_error(workspace, "/nonexistent/parproc: No such file or directory");
	workspace_free(workspace);
}
