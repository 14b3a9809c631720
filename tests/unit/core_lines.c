/* From lines to records to cores; see core_lines.h. */
#include "tests/unit/core_lines.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/restore.h"
#include "tests/unit/core_kit.h"

#define LIST_MAX 10

struct lines {
	struct core *core;
	struct restore *restore;
	struct definition *definitions[16];
	size_t n_definitions;
	const char *line;
};

/* A list of words, borrowed from a text of its own. */
struct list {
	char *text;
	const char *items[LIST_MAX + 1]; /* NULL behind the last */
	size_t count;
};

static void list_split(struct list *list, const char *text, const char *between)
{
	char *save = NULL;
	*list = (struct list){.text = mem_copy(text)};
	for (char *word = strtok_r(list->text, between, &save); word != NULL;
	     word = strtok_r(NULL, between, &save)) {
		cr_assert_lt(list->count, LIST_MAX, "too long: %s", text);
		list->items[list->count++] = word;
	}
}

/* What stands behind key= among the words, or NULL. */
static const char *get(const struct list *words, const char *key)
{
	size_t length = strlen(key);
	for (size_t i = 0; i < words->count; i++)
		if (strncmp(words->items[i], key, length) == 0 && words->items[i][length] == '=')
			return words->items[i] + length + 1;
	return NULL;
}

static int64_t get_number(const struct list *words, const char *key, int64_t otherwise)
{
	const char *text = get(words, key);
	return text != NULL ? strtoll(text, NULL, 10) : otherwise;
}

static uint64_t number_at(const struct list *words, size_t at)
{
	cr_assert_lt(at, words->count);
	return strtoull(words->items[at], NULL, 10);
}

/* --- definitions --- */

static struct definition *find(const struct lines *lines, const char *name)
{
	cr_assert_not_null(name, "'%s': no name", lines->line);
	for (size_t i = 0; i < lines->n_definitions; i++)
		if (strcmp(lines->definitions[i]->name, name) == 0)
			return lines->definitions[i];
	cr_assert_fail("'%s': no definition of %s", lines->line, name);
	return NULL;
}

static struct definition *add_definition(struct lines *lines, const char *line)
{
	struct fault fault = {0};
	struct definition *definition = kit_parse_definition(line, ORIGIN_CLIENT);
	cr_assert_eq(definition_check(definition, "::", &fault), 0, "'%s'", line);
	cr_assert_lt(lines->n_definitions, 16);
	lines->definitions[lines->n_definitions++] = definition;
	return definition;
}

static int add_name(struct lines *lines, const struct list *words)
{
	struct definition *definition = add_definition(lines, lines->line);
	if (definition->is_proto)
		return restore_proto(lines->restore, definition);
	return restore_proc(lines->restore, words->items[1], definition, NULL, NULL);
}

static int add_made(struct lines *lines, const struct list *words)
{
	struct list values;
	const struct proto *proto = core_find_proto(lines->core, words->items[2]);
	struct definition *definition = proto != NULL ? proto->definition : NULL;
	struct definition *other = definition_new("other", true, ORIGIN_CLIENT);
	list_split(&values, words->items[3], ",");
	int result = restore_proc(lines->restore, words->items[1],
	    definition != NULL ? definition : other, words->items[2], values.items);
	definition_unref(other);
	free(values.text);
	return result;
}

static int add_named(struct lines *lines, const struct list *words)
{
	return restore_proc(
	    lines->restore, words->items[1], find(lines, words->items[2]), NULL, NULL);
}

/* --- runs, executions, memberships --- */

static int add_run(struct lines *lines, const struct list *words)
{
	const struct run_record record = {.id = number_at(words, 1),
	    .params = {.text = ""},
	    .created_ns = 1,
	    .ended_ns = get_number(words, "ended", 0),
	    .holds = (uint32_t)get_number(words, "holds", 0),
	    .brief_holds = (uint32_t)get_number(words, "brief", 0)};
	return restore_run(lines->restore, &record);
}

static enum execution_state get_state(const struct list *words)
{
	for (size_t i = 3; i < words->count; i++) {
		if (strcmp(words->items[i], "wanted") == 0)
			return STATE_WANTED;
		if (strcmp(words->items[i], "running") == 0)
			return STATE_RUNNING;
		if (strcmp(words->items[i], "succeeded") == 0)
			return STATE_SUCCEEDED;
	}
	return (enum execution_state)get_number(words, "state", 0);
}

struct parts {
	struct list values, deps, missing, names;
	uint64_t ids[LIST_MAX];
	struct question_record question;
};

static void get_question(
    struct parts *parts, const char *text, bool is_choices, struct execution_record *record)
{
	char *rest;
	if (text == NULL)
		return;
	parts->question.dep = strtoull(text, &rest, 10);
	parts->question.is_choices = is_choices;
	if (*rest == ':') {
		list_split(&parts->names, rest + 1, ",");
		parts->question.names = parts->names.items;
		parts->question.n_names = parts->names.count;
	}
	record->questions = &parts->question;
	record->n_questions = 1;
}

static void get_parts(
    struct parts *parts, const struct list *words, struct execution_record *record)
{
	const char *values = get(words, "values"), *deps = get(words, "deps");
	const char *missing = get(words, "missing");
	*parts = (struct parts){0};
	list_split(&parts->values, values != NULL ? values : "", ",");
	list_split(&parts->deps, deps != NULL ? deps : "", ",");
	list_split(&parts->missing, missing != NULL ? missing : "", ",");
	for (size_t i = 0; i < parts->deps.count; i++)
		parts->ids[i] = number_at(&parts->deps, i);
	record->values = values != NULL ? parts->values.items : NULL;
	record->deps = parts->ids;
	record->n_deps = parts->deps.count;
	record->missing = parts->missing.items;
	record->n_missing = parts->missing.count;
	get_question(parts, get(words, "ask"), false, record);
	get_question(parts, get(words, "choices"), true, record);
}

static int add_execution(struct lines *lines, const struct list *words)
{
	const char *of = get(words, "of");
	enum execution_state state = get_state(words);
	struct parts parts;
	struct execution_record record = {.id = number_at(words, 1),
	    .proc = words->items[2],
	    .definition = find(lines, of != NULL ? of : words->items[2]),
	    .run = (uint64_t)get_number(words, "run", 0),
	    .params = {.text = "", .key = 1},
	    .attempt = (uint16_t)get_number(words, "attempt", state == STATE_RUNNING),
	    .state = state,
	    .error = (enum execution_error)get_number(words, "error", 0),
	    .ending = (enum execution_error)get_number(words, "ending", 0),
	    .exit_code = -1,
	    .info = get(words, "info") != NULL ? NULL : "because",
	    .queued_ns = 1,
	    .started_ns = get_number(words, "started", state == STATE_RUNNING ? 5 : 0),
	    .ended_ns = get_number(words, "ended", state == STATE_SUCCEEDED ? 5 : 0),
	    .failed_dep = (uint64_t)get_number(words, "failed_dep", 0)};
	get_parts(&parts, words, &record);
	int result = restore_execution(lines->restore, &record);
	free(parts.values.text);
	free(parts.deps.text);
	free(parts.missing.text);
	free(parts.names.text);
	return result;
}

static int add_member(struct lines *lines, const struct list *words)
{
	enum execution_error override = get(words, "error") != NULL ? ERROR_CANCELED : ERROR_NONE;
	const struct member_record record = {.exec = number_at(words, 1),
	    .run = number_at(words, 2),
	    .since = (uint64_t)get_number(words, "since", 0),
	    .override = (enum execution_error)get_number(words, "override", override),
	    .info = get(words, "info") != NULL ? NULL : "it was canceled in this run"};
	return restore_member(lines->restore, &record);
}

/* --- the whole --- */

static int add_line(struct lines *lines)
{
	static const struct {
		const char *word;
		int (*add)(struct lines *lines, const struct list *words);
	} kinds[] = {{"proc", add_name}, {"proto", add_name}, {"made", add_made},
	    {"named", add_named}, {"run", add_run}, {"exec", add_execution},
	    {"member", add_member}};
	struct list words;
	int result = -2;
	list_split(&words, lines->line, " ");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (words.count > 0 && strcmp(kinds[i].word, words.items[0]) == 0)
			result = kinds[i].add(lines, &words);
	cr_assert_neq(result, -2, "not a record: '%s'", lines->line);
	free(words.text);
	return result;
}

static void add_definitions(struct lines *lines, const char *definitions)
{
	char *text = mem_copy(definitions), *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_definition(lines, line);
	free(text);
}

struct core *lines_restore(const char *definitions, const char *records)
{
	const struct core_options options = {.separator = "::",
	    .parallel = 100,
	    .allow_missing_deps = true,
	    .kill_after_ns = 10 * KIT_SECOND_NS,
	    .keep_runs = 50};
	struct lines lines = {.core = core_new(&options, 100, 100)};
	char *text = mem_copy(records), *save = NULL;
	int result = 0;
	lines.restore = restore_begin(lines.core);
	add_definitions(&lines, definitions);
	for (lines.line = strtok_r(text, "\n", &save); lines.line != NULL && result == 0;
	     lines.line = strtok_r(NULL, "\n", &save))
		result = add_line(&lines);
	if (result == 0)
		result = restore_finish(lines.restore, LINES_NOW_NS);
	else
		restore_abandon(lines.restore);
	for (size_t i = 0; i < lines.n_definitions; i++)
		definition_unref(lines.definitions[i]);
	free(text);
	if (result == 0)
		return lines.core;
	core_free(lines.core);
	return NULL;
}
