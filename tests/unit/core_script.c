/*
 * Scripts of the kit for tests of the core: a table of commands, each a few lines over core.h, and
 * the player that feeds them. What a line expects and does not find fails the test.
 */
#include "tests/unit/core_script.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

/* --- taking a line apart --- */

static void parse_option(struct line *line, char *word)
{
	char *value = strchr(word, '=');
	*value++ = '\0';
	if (strcmp(word, "as") == 0) {
		line->as = value;
	} else if (strcmp(word, "on") == 0) {
		line->scope.executor = value;
	} else if (strcmp(word, "params") == 0) {
		line->scope.params = value;
		line->scope.has_params = true;
	} else if (strcmp(word, "exec") == 0) {
		struct execution *execution = kit_execution(line->kit, value);
		cr_assert_not_null(execution, "'%s': no execution of %s", line->kit->line, value);
		line->scope.exec = execution->id;
		core_find_asker(line->kit->core, execution->id, line->kit->now_ns);
	} else {
		cr_assert_lt(line->n_keywords, LINE_KEYWORDS);
		line->keywords[line->n_keywords++] = (struct keyword){.name = word, .value = value};
	}
}

static void parse_word(struct line *line, char *word)
{
	if (strcmp(word, "=>") == 0) {
		line->has_expected = true;
	} else if (line->has_expected) {
		strings_add(&line->expected, word);
	} else if (strncmp(word, "@#", 2) == 0) {
		line->scope.run = strtoull(word + 2, NULL, 10);
		line->has_run = true;
	} else if (word[0] == '@') {
		line->scope.run_name = word + 1;
		line->has_run = true;
	} else if (strcmp(word, "--fail-fast") == 0) {
		line->is_fail_fast = true;
	} else if (strcmp(word, "--force") == 0) {
		line->is_force = true;
	} else if (strcmp(word, "--waiting") == 0) {
		line->scope.is_waiting = true;
	} else if (strcmp(word, "--brief") == 0) {
		line->scope.is_brief = true;
	} else if (strcmp(word, "--kill") == 0) {
		line->is_kill = true;
	} else if (strcmp(word, "--all") == 0) {
		line->is_all = true;
	} else if (strchr(word, '=') != NULL) {
		parse_option(line, word);
	} else {
		strings_add(&line->names, word);
	}
}

static void line_parse(struct line *line, struct kit *kit, const char *text)
{
	*line = (struct line){.kit = kit,
	    .rest = text,
	    .text = mem_copy(text),
	    .scope = {.params = "", .now_ns = kit->now_ns}};
	char *save = NULL;
	for (char *word = strtok_r(line->text, " \t", &save); word != NULL;
	     word = strtok_r(NULL, " \t", &save))
		parse_word(line, word);
}

static void line_clear(struct line *line)
{
	strings_clear(&line->names);
	strings_clear(&line->expected);
	free(line->text);
}

static struct name_request line_request(struct line *line)
{
	return (struct name_request){.names = (const char *const *)line->names.items,
	    .n_names = line->names.count,
	    .args = line->keywords,
	    .n_args = line->n_keywords,
	    .as = line->as,
	    .scope = line->scope};
}

struct run *line_run(struct line *line)
{
	struct run *run = NULL;
	int rc = core_look_run(line->kit->core, &line->scope, &run, &line->kit->fault);
	return rc == 0 ? run : NULL;
}

struct execution *line_execution(struct line *line)
{
	cr_assert_geq(line->names.count, 1, "'%s': no name", line->kit->line);
	struct execution *execution = kit_execution(line->kit, line->names.items[0]);
	cr_assert_not_null(
	    execution, "'%s': %s has no execution", line->kit->line, line->names.items[0]);
	return execution;
}

/* --- the registry --- */

static int play_define(struct line *line)
{
	return kit_define(line->kit, line->rest, ORIGIN_CLIENT, false, false);
}

static int play_replace(struct line *line)
{
	return kit_define(line->kit, line->rest, ORIGIN_CLIENT, true, false);
}

static int play_file(struct line *line)
{
	return kit_define(line->kit, line->rest, ORIGIN_FILE, false, true);
}

static int play_undefine(struct line *line)
{
	return core_undefine(line->kit->core, &line->names, &line->kit->fault);
}

static int play_undefine_all(struct line *line)
{
	core_undefine_all(line->kit->core);
	return 0;
}

static int play_options(struct line *line)
{
	struct core_options options = *core_get_options(line->kit->core);
	for (size_t i = 0; i < line->n_keywords; i++) {
		long value = strtol(line->keywords[i].value, NULL, 10);
		if (strcmp(line->keywords[i].name, "parallel") == 0)
			options.parallel = (uint32_t)value;
		else if (strcmp(line->keywords[i].name, "keep_runs") == 0)
			options.keep_runs = (uint32_t)value;
		else if (strcmp(line->keywords[i].name, "standby") == 0)
			options.standby = (uint32_t)value;
		else if (strcmp(line->keywords[i].name, "standby_after") == 0)
			options.standby_after = (uint32_t)value;
		else if (strcmp(line->keywords[i].name, "kill_after") == 0)
			options.kill_after_ns = value * KIT_SECOND_NS;
		else if (strcmp(line->keywords[i].name, "separator") == 0)
			options.separator = line->keywords[i].value;
		else if (strcmp(line->keywords[i].name, "executor") == 0)
			options.executor = line->keywords[i].value;
		else
			cr_assert_fail("unknown option %s", line->keywords[i].name);
	}
	if (strings_contain(&line->names, "single"))
		options.is_single = true;
	if (strings_contain(&line->names, "strict"))
		options.allow_missing_deps = false;
	if (strings_contain(&line->names, "lenient"))
		options.allow_missing_deps = true;
	core_set_options(line->kit->core, &options, line->kit->now_ns);
	return 0;
}

static int play_pools(struct line *line)
{
	struct pool_limit pools[LINE_KEYWORDS];
	for (size_t i = 0; i < line->n_keywords; i++)
		pools[i] = (struct pool_limit){
		    line->keywords[i].name, strtoll(line->keywords[i].value, NULL, 10)};
	core_set_pools(line->kit->core, pools, line->n_keywords);
	return 0;
}

static int play_create(struct line *line)
{
	struct name_request request = line_request(line);
	struct create_outcome outcome;
	int rc = core_create(line->kit->core, &request, &outcome, &line->kit->fault);
	if (rc == 0 && line->has_expected)
		check_names(line->kit, &outcome.names, &line->expected, "the names");
	create_outcome_clear(&outcome);
	return rc;
}

/* --- runs --- */

static int play_start(struct line *line)
{
	struct name_request request = line_request(line);
	struct start_outcome outcome = {0};
	int rc =
	    core_start(line->kit->core, &request, line->is_fail_fast, &outcome, &line->kit->fault);
	if (rc == 0 && line->has_expected)
		check_names(line->kit, &outcome.names, &line->expected, "the names");
	if (rc == 0)
		start_outcome_clear(&outcome);
	return rc;
}

static int play_plan(struct line *line)
{
	struct name_request request = line_request(line);
	struct plan plan = {0};
	char *before = kit_dump(line->kit->core);
	int rc = core_plan(line->kit->core, &request, false, &plan, &line->kit->fault);
	char *after = kit_dump(line->kit->core);
	cr_assert_str_eq(before, after, "'%s': the plan changed something", line->kit->line);
	free(before);
	free(after);
	if (rc != 0)
		return rc;
	struct strings names = {0};
	for (size_t i = 0; i < plan.n_steps; i++)
		strings_add(&names, plan.steps[i].name);
	if (line->has_expected)
		check_names(line->kit, &names, &line->expected, "the steps");
	strings_clear(&names);
	plan_clear(&plan);
	return 0;
}

static int play_open(struct line *line)
{
	uint64_t run;
	return core_open(line->kit->core, &line->scope, &run, &line->kit->fault);
}

static int play_close(struct line *line)
{
	uint64_t run;
	return core_close(line->kit->core, &line->scope, &run, &line->kit->fault);
}

static int play_clear(struct line *line)
{
	size_t count = 0;
	uint64_t id = line->scope.run;
	if (line->scope.run_name != NULL) {
		struct run *run = line_run(line);
		cr_assert_not_null(run);
		id = run->id;
	}
	int rc = core_clear(line->kit->core, id, &count, &line->kit->fault);
	if (rc == 0 && line->has_expected)
		cr_assert_eq(count, strtoul(line->expected.items[0], NULL, 10), "'%s': %zu runs",
		    line->kit->line, count);
	return rc;
}

static int play_cancel(struct line *line)
{
	struct cancel_request request = {
	    .names = line->names.count > 0 ? (const char *const *)line->names.items : NULL,
	    .n_names = line->names.count,
	    .is_all = line->is_all,
	    .is_force = line->is_force,
	    .is_kill = line->is_kill,
	    .scope = line->scope};
	struct strings canceled = {0};
	int rc = core_cancel(line->kit->core, &request, &canceled, &line->kit->fault);
	if (rc == 0 && line->has_expected)
		check_names(line->kit, &canceled, &line->expected, "the canceled");
	strings_clear(&canceled);
	return rc;
}

/* --- events --- */

static int report_exit(struct line *line, struct exit_report report)
{
	struct execution *execution = line_execution(line);
	while (execution->state != STATE_RUNNING) {
		execution = execution->older; /* one that queues behind it may be newer */
		cr_assert(execution, "'%s': it is not running", line->kit->line);
	}
	core_exited(line->kit->core, execution->id, &report, line->kit->now_ns);
	return 0;
}

static int play_exit(struct line *line)
{
	int code = line->names.count > 1 ? atoi(line->names.items[1]) : 0;
	return report_exit(line, (struct exit_report){.wait_status = code << 8});
}

static int play_pending(struct line *line)
{
	core_pending(line->kit->core, line_execution(line)->id);
	return 0;
}

static int play_begun(struct line *line)
{
	core_begun(line->kit->core, line_execution(line)->id, line->kit->now_ns);
	return 0;
}

static int play_promote(struct line *line)
{
	int64_t ago_ns = line->names.count > 1 ? atoi(line->names.items[1]) * KIT_SECOND_NS : 0;
	core_promoted(line->kit->core, line_execution(line)->id, line->kit->now_ns - ago_ns,
	    line->kit->now_ns);
	return 0;
}

/* The first has succeeded, which was relied on; the second was started in its place. */
static int play_rely(struct line *line)
{
	struct kit *kit = line->kit;
	uint64_t next = line->names.count > 1 ? kit_execution(kit, line->names.items[1])->id : 0;
	core_exited(kit->core, line_execution(line)->id,
	    &(struct exit_report){.is_relied_on = true}, kit->now_ns);
	if (next != 0)
		core_promoted(kit->core, next, kit->now_ns, kit->now_ns);
	return 0;
}

static int play_hold(struct line *line)
{
	core_hold_following(line->kit->core, true);
	return 0;
}

static int play_release(struct line *line)
{
	core_hold_following(line->kit->core, false);
	return 0;
}

static int play_return(struct line *line)
{
	core_returned(line->kit->core, line_execution(line)->id, line->kit->now_ns);
	return 0;
}

static int play_die(struct line *line)
{
	return report_exit(line, (struct exit_report){.wait_status = atoi(line->names.items[1])});
}

static int play_transient(struct line *line)
{
	return report_exit(
	    line, (struct exit_report){
	              .is_spawn_failure = true, .is_transient = true, .info = "the queue is full"});
}

static int play_lost(struct line *line)
{
	return report_exit(line, (struct exit_report){.is_lost = true});
}

static int play_unspawned(struct line *line)
{
	return report_exit(
	    line, (struct exit_report){.is_spawn_failure = true, .info = "exec: no such file"});
}

static int play_bad_result(struct line *line)
{
	return report_exit(line, (struct exit_report){.is_bad_result = true, .info = "no JSON"});
}

void script_note_resolve(struct kit *kit, uint64_t id, const char *name)
{
	kit->resolves = mem_resize(kit->resolves, kit->n_resolves + 1, sizeof(*kit->resolves));
	kit->resolves[kit->n_resolves++] = (struct kit_resolve){.id = id, .name = mem_copy(name)};
}

/* The oldest question that was asked for the proc; it is taken off the list. */
static uint64_t take_resolve(struct line *line)
{
	struct kit *kit = line->kit;
	for (size_t i = 0; i < kit->n_resolves; i++) {
		if (strcmp(kit->resolves[i].name, line->names.items[0]) != 0)
			continue;
		uint64_t id = kit->resolves[i].id;
		free(kit->resolves[i].name);
		kit->resolves[i] = kit->resolves[--kit->n_resolves];
		return id;
	}
	cr_assert_fail("'%s': nothing was asked for it", kit->line);
	return 0;
}

static int play_answer(struct line *line)
{
	struct strings answer = {0};
	for (size_t i = 1; i < line->names.count; i++)
		strings_add(&answer, line->names.items[i]);
	core_resolved(line->kit->core, take_resolve(line), &answer, line->kit->now_ns);
	strings_clear(&answer);
	return 0;
}

static int play_answer_failed(struct line *line)
{
	core_resolve_failed(
	    line->kit->core, take_resolve(line), "the command failed", line->kit->now_ns);
	return 0;
}

static int play_tick(struct line *line)
{
	line->kit->now_ns += strtol(line->names.items[0], NULL, 10) * KIT_SECOND_NS;
	core_tick(line->kit->core, line->kit->now_ns);
	return 0;
}

static int play_expect(struct line *line)
{
	core_expect(line->kit->core, line->names.items[0],
	    strtol(line->names.items[1], NULL, 10) * KIT_SECOND_NS);
	return 0;
}

static const struct {
	const char *name;
	int (*play)(struct line *line);
	bool is_look; /* takes nothing of actions away by itself */
} commands[] = {
    {"answer", play_answer, false},
    {"answer_failed", play_answer_failed, false},
    {"bad_result", play_bad_result, false},
    {"begun", play_begun, false},
    {"cancel", play_cancel, false},
    {"clear", play_clear, false},
    {"close", play_close, false},
    {"count", play_count, true},
    {"create", play_create, false},
    {"define", play_define, false},
    {"did", play_did, true},
    {"die", play_die, false},
    {"end", play_end, false},
    {"exit", play_exit, false},
    {"expect", play_expect, false},
    {"file", play_file, false},
    {"hold", play_hold, false},
    {"info", play_info, true},
    {"lost", play_lost, false},
    {"members", play_members, true},
    {"open", play_open, false},
    {"options", play_options, false},
    {"pending", play_pending, false},
    {"plan", play_plan, true},
    {"pools", play_pools, false},
    {"procs", play_procs, true},
    {"promote", play_promote, false},
    {"reason", play_reason, true},
    {"release", play_release, false},
    {"rely", play_rely, false},
    {"replace", play_replace, false},
    {"return", play_return, false},
    {"run", play_run, true},
    {"start", play_start, false},
    {"states", play_states, true},
    {"tick", play_tick, false},
    {"transient", play_transient, false},
    {"undefine", play_undefine, false},
    {"undefine_all", play_undefine_all, false},
    {"unspawned", play_unspawned, false},
    {"wait", play_wait, false},
    {"waits", play_waits, true},
};

/* --- the player --- */

/* "… -> cycle a b a": what it is refused with. The text before it is cut off. */
static bool take_refusal(char *text, struct strings *words)
{
	char *arrow = strstr(text, " -> ");
	if (arrow == NULL)
		return false;
	*arrow = '\0';
	char *save = NULL;
	for (char *word = strtok_r(arrow + 4, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save))
		strings_add(words, word);
	return true;
}

/* Whether word is one of those of list, which "|" keeps apart. */
static bool is_alternative(const char *list, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word))
		if ((at == list || at[-1] == '|') && (at[length] == '\0' || at[length] == '|'))
			return true;
	return false;
}

static void check_refusal(struct kit *kit, int rc, const struct strings *words)
{
	struct strings names = {0};
	cr_assert_eq(rc, -1, "'%s': it is not refused", kit->line);
	cr_assert_geq(words->count, 1, "'%s': no code", kit->line);
	const char *code = kit_fault_name(kit->fault.code);
	cr_assert(is_alternative(words->items[0], code), "'%s': refused with %s: %s", kit->line,
	    code, kit->fault.message);
	cr_assert(kit->fault.message != NULL && kit->fault.message[0] != '\0', "'%s': no message",
	    kit->line);
	for (size_t i = 1; i < words->count; i++)
		strings_add(&names, words->items[i]);
	if (names.count > 0)
		check_names(kit, &kit->fault.names, &names, "the fault's names");
	strings_clear(&names);
}

static int play_command(struct kit *kit, char *text)
{
	size_t length = strcspn(text, " ");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strlen(commands[i].name) != length ||
		    strncmp(commands[i].name, text, length) != 0)
			continue;
		struct line line;
		line_parse(&line, kit, text + length);
		int rc = commands[i].play(&line);
		line_clear(&line);
		if (!commands[i].is_look && rc == 0)
			kit_settle(kit);
		return rc;
	}
	cr_assert_fail("unknown command: '%s'", text);
	return -1;
}

static void play_line(struct kit *kit, char *text)
{
	char *line = mem_print("%s%s", text, kit->keeper != NULL ? " (restarted)" : "");
	struct strings refusal = {0};
	kit->line = line;
	if (take_refusal(text, &refusal)) {
		char *before = kit_dump(kit->core);
		int rc = play_command(kit, text);
		char *after = kit_dump(kit->core);
		check_refusal(kit, rc, &refusal);
		cr_assert_str_eq(after, before, "'%s': refused, but something changed:\n%s\n%s",
		    line, before, after);
		free(before);
		free(after);
	} else {
		int rc = play_command(kit, text);
		cr_assert_eq(rc, 0, "'%s': refused: %s", line, rc != 0 ? kit->fault.message : "");
	}
	if (kit->keeper != NULL && !kit->is_lasting)
		kit_restart(kit);
	strings_clear(&refusal);
	kit->line = NULL;
	free(line);
}

void kit_play(struct kit *kit, const char *script)
{
	char *text = mem_copy(script);
	char *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		if (*line != '\0' && *line != '#')
			play_line(kit, line);
	}
	free(text);
}

void script_forget_resolves(struct kit *kit)
{
	for (size_t i = 0; i < kit->n_resolves; i++)
		free(kit->resolves[i].name);
	free(kit->resolves);
	kit->resolves = NULL;
	kit->n_resolves = 0;
}

void script_clear(struct kit *kit)
{
	while (kit->waits != NULL)
		script_end_wait(kit, kit->waits);
	script_forget_resolves(kit);
}
