/*
 * The kit's ground: definitions from lines of text, a core with a clock that stands still, the
 * actions that it asks for, and a dump of all that it knows. Scripts are in core_script.c.
 */
#include "tests/unit/core_kit.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/unit/core_keeper.h"
#include "tests/unit/core_record.h"
#include "tests/unit/core_script.h"

static void split(const char *text, const char *between, struct strings *parts)
{
	while (*text != '\0') {
		size_t length = strcspn(text, between);
		if (length > 0)
			strings_take(parts, mem_copy_part(text, length));
		text += length;
		if (*text != '\0')
			text++;
	}
}

static struct dep *add_dep(struct definition *definition, enum dep_kind kind)
{
	definition->deps =
	    mem_resize(definition->deps, definition->n_deps + 1, sizeof(*definition->deps));
	struct dep *dep = &definition->deps[definition->n_deps++];
	*dep = (struct dep){.kind = kind};
	return dep;
}

static void set_command(struct command *command, const char *text)
{
	command->is_shell = true;
	command->words = mem_new(2, sizeof(*command->words));
	command->words[0] = mem_copy(text);
	command->n_words = 1;
}

static void add_rdeps(struct definition *definition, enum rdep_kind kind, const char *list)
{
	struct strings targets = {0};
	split(list, ",", &targets);
	for (size_t i = 0; i < targets.count; i++) {
		definition->rdeps = mem_resize(
		    definition->rdeps, definition->n_rdeps + 1, sizeof(*definition->rdeps));
		definition->rdeps[definition->n_rdeps++] =
		    (struct rdep){.kind = kind, .target = mem_copy(targets.items[i])};
	}
	strings_clear(&targets);
}

static struct argument *get_arg(struct definition *definition, const char *name, size_t length)
{
	int index = definition_find_arg(definition, name, length);
	if (index >= 0)
		return &definition->args[index];
	definition->args =
	    mem_resize(definition->args, definition->n_args + 1, sizeof(*definition->args));
	struct argument *arg = &definition->args[definition->n_args++];
	*arg = (struct argument){.name = mem_copy_part(name, length)};
	return arg;
}

/* n:int=4, n:int, n=4 */
/* TIMES,DELAY,BACKOFF: for exit, signal, timeout, lost and spawn. */
static void set_retries(struct definition *definition, const char *value)
{
	char *end;
	struct retries *retries = &definition->retries;
	retries->errors = 1u << ERROR_EXIT | 1u << ERROR_SIGNAL | 1u << ERROR_TIMEOUT |
	                  1u << ERROR_LOST | 1u << ERROR_SPAWN;
	retries->times = (uint16_t)strtol(value, &end, 10);
	retries->delay_ns = strtol(end + 1, &end, 10) * KIT_SECOND_NS;
	retries->backoff = strtod(end + 1, NULL);
}

static void set_arg(struct definition *definition, const char *text)
{
	size_t length = strcspn(text, ":=");
	struct argument *arg = get_arg(definition, text, length);
	text += length;
	if (*text == ':') {
		size_t type_length = strcspn(++text, "=");
		for (enum arg_type type = ARG_STR; type <= ARG_BOOL; type++)
			if (strlen(arg_type_name(type)) == type_length &&
			    strncmp(arg_type_name(type), text, type_length) == 0)
				arg->type = type;
		text += type_length;
	}
	if (*text == '=')
		arg->default_text = mem_copy(text + 1);
}

/* n:1|2, or the command n:./list */
static void set_choices(struct definition *definition, const char *text, bool is_command)
{
	size_t length = strcspn(text, ":");
	struct argument *arg = get_arg(definition, text, length);
	cr_assert_eq(text[length], ':');
	if (is_command) {
		set_command(&arg->choices_command, text + length + 1);
		return;
	}
	arg->has_choices = true;
	split(text + length + 1, "|", &arg->choices);
}

/* db:2,mem:8 */
static void add_uses(struct definition *definition, const char *list)
{
	struct strings parts = {0};
	split(list, ",", &parts);
	definition->uses = mem_new(parts.count, sizeof(*definition->uses));
	for (size_t i = 0; i < parts.count; i++) {
		const char *colon = strrchr(parts.items[i], ':');
		definition->uses[definition->n_uses++] =
		    (struct use){mem_copy_part(parts.items[i], (size_t)(colon - parts.items[i])),
		        strtoll(colon + 1, NULL, 10)};
	}
	strings_clear(&parts);
}

static bool starts(const char *word, const char *key, const char **value)
{
	size_t length = strlen(key);
	if (strncmp(word, key, length) != 0)
		return false;
	*value = word + length;
	return true;
}

static void set_words(struct definition *definition, const struct strings *words)
{
	const char *value;
	for (size_t i = 2; i < words->count; i++) {
		const char *word = words->items[i];
		if (starts(word, "deps=", &value)) {
			struct strings names = {0};
			split(value, ",", &names);
			for (size_t j = 0; j < names.count; j++)
				add_dep(definition, DEP_NAME)->text = mem_copy(names.items[j]);
			strings_clear(&names);
		} else if (starts(word, "command=", &value)) {
			set_command(&add_dep(definition, DEP_COMMAND)->command, value);
		} else if (strcmp(word, "no_failures") == 0) {
			add_dep(definition, DEP_NO_FAILURES);
		} else if (starts(word, "rdeps=", &value)) {
			add_rdeps(definition, RDEP_PLAIN, value);
		} else if (starts(word, "ws=", &value)) {
			add_rdeps(definition, RDEP_WHEN_SCHEDULED, value);
		} else if (starts(word, "wts=", &value)) {
			add_rdeps(definition, RDEP_WHEN_TARGET_SCHEDULED, value);
		} else if (starts(word, "locks=", &value)) {
			split(value, ",", &definition->locks);
		} else if (starts(word, "use=", &value)) {
			add_uses(definition, value);
		} else if (starts(word, "priority=", &value)) {
			definition->priority = (int16_t)strtol(value, NULL, 10);
		} else if (starts(word, "wave=", &value)) {
			definition->wave = (int32_t)strtol(value, NULL, 10);
		} else if (starts(word, "timeout=", &value)) {
			definition->timeout_ns = strtol(value, NULL, 10) * KIT_SECOND_NS;
		} else if (starts(word, "retries=", &value)) {
			set_retries(definition, value);
		} else if (starts(word, "executor=", &value)) {
			definition->executor = mem_copy(value);
		} else if (starts(word, "params=", &value)) {
			definition->params = mem_copy(value);
		} else if (starts(word, "arg=", &value)) {
			set_arg(definition, value);
		} else if (starts(word, "choices=", &value)) {
			set_choices(definition, value, false);
		} else if (starts(word, "choices_command=", &value)) {
			set_choices(definition, value, true);
		} else if (strcmp(word, "now") == 0) {
			definition->is_now = true;
		} else if (strcmp(word, "collector") == 0) {
			command_clear(&definition->run);
		} else {
			cr_assert(starts(word, "text=", &value), "unknown word '%s'", word);
		}
	}
}

struct definition *kit_parse_definition(const char *line, enum origin origin)
{
	struct strings words = {0};
	split(line, " \t", &words);
	cr_assert(words.count >= 2, "not a definition: '%s'", line);
	bool is_proto = strcmp(words.items[0], "proto") == 0;
	cr_assert(is_proto || strcmp(words.items[0], "proc") == 0, "not a definition: '%s'", line);
	struct definition *definition = definition_new(words.items[1], is_proto, origin);
	set_command(&definition->run, "true");
	set_words(definition, &words);
	free(definition->source);
	definition->source = strings_join(&words, " ");
	strings_clear(&words);
	return definition;
}

int kit_define(
    struct kit *kit, const char *lines, enum origin origin, bool is_replace, bool is_whole)
{
	struct strings parts = {0};
	struct define_request request = {.origin = origin,
	    .is_replace = is_replace,
	    .is_whole = is_whole,
	    .scope = {.params = "", .now_ns = kit->now_ns}};
	struct define_outcome outcome = {0};
	int rc = 0;
	split(lines, "\n;", &parts);
	request.definitions = mem_new(parts.count + 1, sizeof(*request.definitions));
	for (size_t i = 0; i < parts.count && rc == 0; i++) {
		if (strspn(parts.items[i], " \t") == strlen(parts.items[i]))
			continue;
		struct definition *definition = kit_parse_definition(parts.items[i], origin);
		request.definitions[request.count++] = definition;
		rc = definition_check(
		    definition, core_get_options(kit->core)->separator, &kit->fault);
	}
	if (rc == 0)
		rc = core_define(kit->core, &request, &outcome, &kit->fault);
	for (size_t i = 0; i < request.count; i++)
		definition_unref(request.definitions[i]);
	free(request.definitions);
	strings_clear(&outcome.started);
	strings_clear(&parts);
	return rc;
}

void kit_set_executors(struct core *core)
{
	static const struct core_executor executors[] = {{"far", 1}, {"farther", 2}};

	core_set_executors(core, executors, 2);
}

static struct kit *make_kit(const char *definitions, struct keeper *keeper)
{
	struct core_options options = {.separator = "::",
	    .parallel = 100,
	    .allow_missing_deps = true,
	    .kill_after_ns = 10 * KIT_SECOND_NS,
	    .keep_runs = 50};
	struct kit *kit = mem_new(1, sizeof(*kit));
	kit->now_ns = 1000 * KIT_SECOND_NS;
	kit->core = core_new(&options, 1, 1);
	kit_set_executors(kit->core);
	kit->keeper = keeper;
	if (keeper != NULL)
		core_keep_changes(kit->core);
	int rc = kit_define(kit, definitions, ORIGIN_FILE, false, true);
	cr_assert_eq(rc, 0, "the definitions are refused: %s", rc != 0 ? kit->fault.message : "");
	kit_settle(kit);
	return kit;
}

struct kit *kit_new(const char *definitions)
{
	return make_kit(definitions, NULL);
}

struct kit *kit_new_kept(const char *definitions)
{
	return make_kit(definitions, keeper_new());
}

void kit_free(struct kit *kit)
{
	script_clear(kit);
	core_free(kit->core);
	keeper_free(kit->keeper);
	fault_clear(&kit->fault);
	strings_clear(&kit->did);
	strings_clear(&kit->started);
	free(kit);
}

void kit_test_plain(const char *definitions, const char *script)
{
	struct kit *kit = kit_new(definitions);
	kit_play(kit, script);
	kit_free(kit);
}

void kit_test(const char *definitions, const char *script)
{
	kit_test_plain(definitions, script);
	struct kit *kit = kit_new_kept(definitions);
	kit_restart(kit);
	kit_play(kit, script);
	kit_free(kit);
}

static void take_action(struct kit *kit, const struct action *action)
{
	char *word = NULL;
	if (kit->keeper != NULL)
		keeper_note(kit->keeper, action);
	switch (action->kind) {
	case ACTION_START:
		cr_assert_eq(action->execution->state, STATE_RUNNING);
		word = mem_print("start:%s", action->execution->proc->name);
		strings_add(&kit->started, action->execution->proc->name);
		break;
	case ACTION_STANDBY:
		cr_assert_eq(action->execution->state, STATE_WANTED);
		word = mem_print("standby:%s", action->execution->proc->name);
		break;
	case ACTION_RECALL:
		word = mem_print("recall:%s", action->execution->proc->name);
		break;
	case ACTION_SIGNAL:
		word = mem_print("%s:%s", action->signal == SIGKILL ? "kill" : "term",
		    action->execution->proc->name);
		break;
	case ACTION_RESOLVE:
		word = mem_print("resolve:%s", action->execution->proc->name);
		script_note_resolve(kit, action->id, action->execution->proc->name);
		break;
	case ACTION_RUN_OVER:
		word = mem_print("over:%llu", (unsigned long long)action->run->id);
		break;
	case ACTION_WAIT_DONE:
		script_note_wait_done(kit, action->id);
		break;
	case ACTION_CHANGED:
	case ACTION_RUN_OPENED:
	case ACTION_FORGET:
	case ACTION_FORGET_RUN:
	case ACTION_DEFINED:
		break;
	}
	if (word != NULL)
		strings_take(&kit->did, word);
}

void kit_settle(struct kit *kit)
{
	struct action action;
	core_advance(kit->core, kit->now_ns);
	while (core_next_action(kit->core, &action))
		take_action(kit, &action);
	if (kit->keeper != NULL)
		keeper_keep(kit->keeper, kit->core);
}

struct execution *kit_execution(struct kit *kit, const char *name)
{
	struct proc *proc = core_find_proc(kit->core, name);
	return proc != NULL ? proc->newest : NULL;
}

/* --- dumps --- */

static bool add_proc(struct proc *proc, void *arg)
{
	if (proc->is_defined)
		strings_add(arg, proc->name);
	return true;
}

static bool add_proto(struct proto *proto, void *arg)
{
	strings_add(arg, proto->definition->name);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In which order names come is not kept. */
static void dump_registry(FILE *out, struct core *core)
{
	struct strings names = {0};
	core_each_proto(core, add_proto, &names);
	core_each_proc(core, add_proc, &names);
	if (names.count > 0)
		qsort(names.items, names.count, sizeof(*names.items), compare_names);
	for (size_t i = 0; i < names.count; i++) {
		struct name_record record;
		record_of_name(core, names.items[i], &record);
		record_print_name(out, &record);
		record_clear_name(&record);
	}
	strings_clear(&names);
}

static int compare_ids(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* In which order they came is not kept either, nor are those that no run has any more. */
static void dump_dependents(FILE *out, const struct execution *execution)
{
	uint64_t *ids = mem_new(execution->n_dependents, sizeof(*ids));
	size_t count = 0;
	for (uint32_t i = 0; i < execution->n_dependents; i++) {
		const struct membership *first = &execution->dependents[i]->first;
		if (first->run != NULL || first->next_of_execution != NULL)
			ids[count++] = execution->dependents[i]->id;
	}
	qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%llu,", (unsigned long long)ids[i]);
	free(ids);
}

static void dump_execution(FILE *out, const struct core *core, const struct execution *execution)
{
	struct execution_record record;
	struct reason reason = {0};
	record_of_execution(execution, &record);
	record.params.key = 0;
	record_print_execution(out, &record);
	record_clear_execution(&record);
	core_explain(core, execution, &reason);
	char *names = strings_join(&reason.names, ",");
	fprintf(out, "    pending=%u live=%u lent=%d slot=%d locks=%d waits for %s %s dependents=",
	    execution->n_pending, execution->live_runs, execution->is_lent, execution->has_slot,
	    execution->has_locks, kit_reason_name(reason.kind), names);
	dump_dependents(out, execution);
	fprintf(out, "\n");
	strings_clear(&reason.names);
	free(names);
}

static void dump_run(FILE *out, const struct core *core, const struct run *run)
{
	struct run_record record;
	const struct membership *membership;
	record_of_run(run, &record);
	record_print_run(out, &record);
	record_clear_run(&record);
	fprintf(out, "    members=%llu incomplete=%llu failures=%llu waves=",
	    (unsigned long long)run->n_members, (unsigned long long)run->n_incomplete,
	    (unsigned long long)run->n_failed);
	for (size_t i = 0; i < run->n_waves; i++)
		if (run->waves[i]->n_incomplete > 0)
			fprintf(out, "%d:%u,", run->waves[i]->number, run->waves[i]->n_incomplete);
	fprintf(out, "\n");
	TAILQ_FOREACH (membership, &run->members, of_run) {
		struct member_record member;
		record_of_member(membership, &member);
		record_print_member(out, &member);
		record_clear_member(&member);
		dump_execution(out, core, membership->execution);
	}
}

char *kit_dump(struct core *core)
{
	struct core_changes changes;
	struct core_load load;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	cr_assert_not_null(out);
	dump_registry(out, core);
	for (struct run *run = core_next_run(core, 0); run; run = core_next_run(core, run->id))
		dump_run(out, core, run);
	core_get_changes(core, &changes);
	core_get_load(core, &load);
	/* Some executions may be about to be forgotten: how many there are is not said. */
	fprintf(out,
	    "next run %llu; %llu running, %llu slots, %llu wanted, %llu active, %llu procs, "
	    "%llu protos\n",
	    (unsigned long long)changes.next_run, (unsigned long long)load.n_running,
	    (unsigned long long)load.n_slots_used, (unsigned long long)load.n_wanted,
	    (unsigned long long)load.n_active_runs, (unsigned long long)load.n_procs,
	    (unsigned long long)load.n_protos);
	fclose(out);
	return text;
}

const char *kit_fault_name(enum fault_code code)
{
	static const char *const names[] = {
	    [FAULT_NONE] = "none",
	    [FAULT_UNKNOWN_NAME] = "unknown_name",
	    [FAULT_AMBIGUOUS_NAME] = "ambiguous_name",
	    [FAULT_BAD_NAME] = "bad_name",
	    [FAULT_BAD_ARGUMENT] = "bad_argument",
	    [FAULT_NOT_A_CHOICE] = "not_a_choice",
	    [FAULT_CYCLE] = "cycle",
	    [FAULT_WAVE_ORDER] = "wave_order",
	    [FAULT_TOO_LATE] = "too_late",
	    [FAULT_EXISTS] = "exists",
	    [FAULT_NOT_FOUND] = "not_found",
	    [FAULT_MISSING_DEP] = "missing_dep",
	    [FAULT_LIMIT] = "limit",
	    [FAULT_NOT_ALLOWED] = "not_allowed",
	    [FAULT_DEADLOCK] = "deadlock",
	    [FAULT_BAD_DEFINITION] = "bad_definition",
	    [FAULT_NEEDS_CHOICES] = "needs_choices",
	};
	return names[code];
}

const char *kit_reason_name(enum wait_reason reason)
{
	static const char *const names[] = {
	    [WAITS_NOT] = "not",
	    [WAITS_RETRY] = "retry",
	    [WAITS_RESOLVE] = "resolve",
	    [WAITS_WAVE] = "wave",
	    [WAITS_PREDECESSOR] = "predecessor",
	    [WAITS_MISSING] = "missing",
	    [WAITS_DEPS] = "deps",
	    [WAITS_LOCK] = "lock",
	    [WAITS_POOL] = "pool",
	    [WAITS_SLOT] = "slot",
	    [WAITS_OUTSIDE] = "outside",
	    [WAITS_NESTED] = "nested",
	};
	return names[reason];
}
