/* JSON to definitions, as a define request brings it: what each key becomes, what is refused. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/definitions.h"
#include "daemon/workspace/log_ignore.h"

/* The error's text, which the caller frees; NULL: it was read into *definitions. */
static char *read_request(const char *text, struct definitions *definitions)
{
	struct workspace_error error = {0};
	json_error_t json_error;
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &json_error);
	char *result = NULL;

	cr_assert_not_null(value, "%s: %s", text, json_error.text);
	if (definitions_from_request(value, "::", definitions, &error)) {
		result = workspace_error_text(&error);
		cr_expect_neq(error.code, FAULT_NONE);
		cr_expect_null(error.file);
		cr_expect_eq(error.line, 0);
		cr_expect_eq(definitions->count, 0);
	}
	workspace_error_clear(&error);
	json_decref(value);
	return result;
}

/* The first definition of text, which must be sound. */
static struct definition *read_one(const char *text, struct definitions *definitions)
{
	char *refusal = read_request(text, definitions);

	cr_assert_null(refusal, "%s: %s", text, refusal);
	cr_assert_geq(definitions->count, 1);
	return definitions->items[0];
}

Test(definitions, every_key_of_a_proto)
{
	static const char text[] =
	    "{\"protos\": {\"p::[env]::[n]\": {"
	    "\"description\": \"What it is\", \"run\": [\"./x\", \"[env]\"],"
	    "\"args\": {\"n\": {\"type\": \"int\", \"default\": 4, \"choices\": [4, 5],"
	    "    \"description\": \"how many\"},"
	    "  \"env\": {\"choices\": {\"command\": [\"./envs\", \"-a\"]}},"
	    "  \"const\": {\"type\": \"bool\", \"default\": true}},"
	    "\"deps\": [\"a::[env]\", {\"command\": \"./deps\"}, {\"special\": \"no_failures\"}],"
	    "\"rdeps\": [\"r\", {\"when_scheduled\": \"s::[x]\"}, {\"when_target_scheduled\": "
	    "\"t\"}],"
	    "\"locks\": [\"l\", \"m\", \"l\"], \"wave\": -3, \"timeout\": \"1.5s\", \"now\": true,"
	    "\"cwd\": \"sub\", \"env\": {\"A\": \"x\", \"B\": 1, \"C\": 1.0, \"D\": false},"
	    "\"result\": \"stdout\", \"params\": {\"z\": [1], \"a\": null}}}}";
	struct definitions definitions;
	struct definition *d = read_one(text, &definitions);

	cr_expect_eq(definitions.count, 1);
	cr_expect_str_eq(d->name, "p::[env]::[n]");
	cr_expect(d->is_proto);
	cr_expect_eq(d->origin, ORIGIN_CLIENT);
	cr_expect_str_eq(d->description, "What it is");
	cr_expect_not(d->run.is_shell);
	cr_expect_eq(d->run.n_words, 2);
	cr_expect_str_eq(d->run.words[1], "[env]");

	cr_assert_eq(d->n_args, 3);
	cr_expect_str_eq(d->args[0].name, "env");
	cr_expect_not(d->args[0].has_choices);
	cr_expect_eq(d->args[0].choices_command.n_words, 2);
	cr_expect_str_eq(d->args[0].choices_command.words[1], "-a");
	cr_expect_str_eq(d->args[1].name, "n");
	cr_expect_eq(d->args[1].type, ARG_INT);
	cr_expect_str_eq(d->args[1].default_text, "4");
	cr_expect_str_eq(d->args[1].description, "how many");
	cr_expect(d->args[1].has_choices);
	cr_expect_eq(d->args[1].choices.count, 2);
	cr_expect_str_eq(d->args[1].choices.items[1], "5");
	cr_expect_str_eq(d->args[2].name, "const");
	cr_expect_eq(d->args[2].type, ARG_BOOL);
	cr_expect_str_eq(d->args[2].default_text, "true");
	cr_expect_not(d->args[2].is_placeholder);

	cr_assert_eq(d->n_deps, 3);
	cr_expect_eq(d->deps[0].kind, DEP_NAME);
	cr_expect_str_eq(d->deps[0].text, "a::[env]");
	cr_expect_eq(d->deps[1].kind, DEP_COMMAND);
	cr_expect(d->deps[1].command.is_shell);
	cr_expect_str_eq(d->deps[1].command.words[0], "./deps");
	cr_expect_eq(d->deps[2].kind, DEP_NO_FAILURES);

	cr_assert_eq(d->n_rdeps, 3);
	cr_expect_eq(d->rdeps[0].kind, RDEP_PLAIN);
	cr_expect_eq(d->rdeps[1].kind, RDEP_WHEN_SCHEDULED);
	cr_expect_str_eq(d->rdeps[1].target, "s::[x]");
	cr_expect_eq(d->rdeps[2].kind, RDEP_WHEN_TARGET_SCHEDULED);
	cr_expect_str_eq(d->rdeps[2].target, "t");

	cr_expect_eq(d->locks.count, 2);
	cr_expect_eq(d->wave, -3);
	cr_expect_eq(d->timeout_ns, INT64_C(1500000000));
	cr_expect(d->is_now);
	cr_expect_str_eq(d->cwd, "sub");
	cr_assert_eq(d->n_env, 4);
	cr_expect_str_eq(d->env[0].name, "A");
	cr_expect_str_eq(d->env[0].value, "x");
	cr_expect_str_eq(d->env[1].value, "1");
	cr_expect_str_eq(d->env[2].value, "1.0");
	cr_expect_str_eq(d->env[3].value, "false");
	cr_expect_eq(d->result, RESULT_STDOUT);
	cr_expect_str_eq(d->params, "{\"a\":null,\"z\":[1]}");
	definitions_clear(&definitions);
}

Test(definitions, a_proc_with_nothing)
{
	struct definitions definitions;
	struct definition *d = read_one("{\"procs\": {\"a\": {}}}", &definitions);

	cr_expect_not(d->is_proto);
	cr_expect_eq(d->run.n_words, 0);
	cr_expect_eq(d->wave, 0);
	cr_expect_eq(d->timeout_ns, 0);
	cr_expect_eq(d->result, RESULT_FILE);
	cr_expect_null(d->cwd);
	cr_expect_null(d->params);
	cr_expect_null(d->description);
	cr_expect_str_eq(d->source, "{}");
	definitions_clear(&definitions);
}

Test(definitions, order_and_source)
{
	struct definitions definitions;
	char *refusal = read_request(
	    "{\"protos\": {\"p\": {}}, \"procs\": {\"z\": {\"wave\": 1, \"run\": \"x\"},"
	    "\"a\": {\"run\": \"x\", \"wave\": 1}}}",
	    &definitions);

	cr_assert_null(refusal);
	cr_assert_eq(definitions.count, 3);
	cr_expect_str_eq(definitions.items[0]->name, "z");
	cr_expect_str_eq(definitions.items[1]->name, "a");
	cr_expect_str_eq(definitions.items[2]->name, "p");
	cr_expect_str_eq(definitions.items[0]->source, "{\"run\":\"x\",\"wave\":1}");
	cr_expect_str_eq(definitions.items[0]->source, definitions.items[1]->source);
	definitions_clear(&definitions);
}

Test(definitions, nothing_at_all)
{
	static const char *const texts[] = {
	    "{}", "{\"procs\": {}}", "{\"procs\": null, \"protos\": null}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct definitions definitions;
		char *refusal = read_request(texts[i], &definitions);

		cr_expect_null(refusal, "%s", refusal);
		cr_expect_eq(definitions.count, 0);
		definitions_clear(&definitions);
	}
}

Test(definitions, numbers_as_text)
{
	static const struct {
		const char *number, *text;
	} cases[] = {{"1", "1"}, {"-7", "-7"}, {"0.1", "0.1"}, {"1.0", "1.0"}, {"3.10", "3.1"},
	    {"1e2", "100.0"}, {"1e100", "1e+100"}, {"0.30000000000000004", "0.30000000000000004"},
	    {"9223372036854775807", "9223372036854775807"}, {"true", "true"}, {"\"007\"", "007"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct definitions definitions;
		char *text = mem_print(
		    "{\"protos\": {\"p::[x]\": {\"args\": {\"x\": {\"choices\": [%s]}}}}}",
		    cases[i].number);
		struct definition *d = read_one(text, &definitions);

		cr_expect_str_eq(d->args[0].choices.items[0], cases[i].text);
		definitions_clear(&definitions);
		free(text);
	}
}

struct refusal_case {
	const char *text, *expected;
};

static void check_refusals(const struct refusal_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct definitions definitions;
		char *refusal = read_request(cases[i].text, &definitions);

		cr_expect_not_null(refusal, "%s is accepted", cases[i].text);
		if (refusal)
			cr_expect_str_eq(refusal, cases[i].expected, "%s\ngives %s\nnot   %s",
			    cases[i].text, refusal, cases[i].expected);
		definitions_clear(&definitions);
		free(refusal);
	}
}

#define CHECK(cases) check_refusals(cases, sizeof(cases) / sizeof((cases)[0]))

/* A proc a with that content. */
#define PROC(content) "{\"procs\": {\"a\": {" content "}}}"
#define PROTO(content) "{\"protos\": {\"a::[x]\": {" content "}}}"

Test(definitions, refused_shapes)
{
	static const struct refusal_case cases[] = {
	    {"[]", "must be a mapping, not a list"},
	    {"\"text\"", "must be a mapping, not text"},
	    {"{\"prox\": {}}", "prox: unknown key (did you mean procs?)"},
	    {"{\"options\": {}}", "options: only the workspace file has options; use options.set"},
	    {"{\"params\": {}}", "params: only the workspace file has params; use params.set"},
	    {"{\"procs\": []}", "procs: must be a mapping, not a list"},
	    {"{\"procs\": {\"a\": null}}", "procs.a: must be a mapping, not empty (null)"},
	    {"{\"procs\": {\"a\": \"x\"}}", "procs.a: must be a mapping, not text"},
	    {PROC("\"runn\": \"x\""), "procs.a.runn: unknown key (did you mean run?)"},
	    {PROC("\"depz\": []"), "procs.a.depz: unknown key (did you mean deps?)"},
	    {PROC("\"tmieout\": 1"), "procs.a.tmieout: unknown key (did you mean timeout?)"},
	    {PROC("\"xyzzy\": 1"), "procs.a.xyzzy: unknown key"},
	    {PROC("\"args\": {}"), "procs.a.args: only a proto has arguments"},
	    {PROC("\"inputs\": []"), "procs.a.inputs: reserved for a later version of parproc"},
	    {PROC("\"run\": 1"), "procs.a.run: must be text or a list, not an integer"},
	    {PROC("\"run\": [1]"), "procs.a.run[0]: must be text, not an integer"},
	    {PROC("\"deps\": \"b\""), "procs.a.deps: must be a list, not text"},
	    {PROC("\"deps\": [\"b\", 1]"),
	        "procs.a.deps[1]: must be text or a mapping, not an integer"},
	    {PROC("\"deps\": [{\"command\": 1}]"),
	        "procs.a.deps[0].command: must be text or a list, not an integer"},
	    {PROC("\"deps\": [{\"special\": \"no_failure\"}]"),
	        "procs.a.deps[0].special: must be no_failures, not no_failure (did you mean "
	        "no_failures?)"},
	    {PROC("\"deps\": [{}]"), "procs.a.deps[0]: must have exactly one key"},
	    {PROC("\"deps\": [{\"command\": \"x\", \"special\": \"no_failures\"}]"),
	        "procs.a.deps[0]: must have exactly one key"},
	    {PROC("\"rdeps\": [{\"when\": \"x\"}]"), "procs.a.rdeps[0].when: unknown key"},
	    {PROC("\"locks\": {}"), "procs.a.locks: must be a list, not a mapping"},
	    {PROC("\"wave\": \"one\""), "procs.a.wave: must be an integer, not text"},
	    {PROC("\"wave\": 1.5"),
	        "procs.a.wave: must be an integer, not a number with a fraction"},
	    {PROC("\"now\": \"yes\""), "procs.a.now: must be true or false, not text"},
	    {PROC("\"timeout\": true"),
	        "procs.a.timeout: must be text or a number, not true or false"},
	    {PROC("\"env\": {\"A\": []}"),
	        "procs.a.env.A: must be text, a number or true or false, not a list"},
	    {PROC("\"result\": \"fiel\""),
	        "procs.a.result: must be file or stdout, not fiel (did you mean file?)"},
	    {PROC("\"jobserver\": \"pip\""),
	        "procs.a.jobserver: must be pipe or fifo, not pip (did you mean pipe?)"},
	    {PROC("\"jobserver\": 4"),
	        "procs.a.jobserver: must be text or true or false, not an integer"},
	    {PROC("\"params\": []"), "procs.a.params: must be a mapping, not a list"},
	    {PROC("\"retries\": -1"), "procs.a.retries: must be an integer from 0 to 1000"},
	    {PROC("\"retries\": 1001"), "procs.a.retries: must be an integer from 0 to 1000"},
	    {PROC("\"retries\": 1.5"), "procs.a.retries: must be an integer or a mapping, not a "
	                               "number with a fraction"},
	    {PROC("\"retries\": {\"tims\": 1}"),
	        "procs.a.retries.tims: unknown key (did you mean times?)"},
	    {PROC("\"retries\": {\"times\": 3000}"),
	        "procs.a.retries.times: must be an integer from 0 to 1000"},
	    {PROC("\"retries\": {\"backoff\": 0.5}"),
	        "procs.a.retries.backoff: must be a number from 1 to 100"},
	    {PROC("\"retries\": {\"delay\": \"5 s\"}"),
	        "procs.a.retries.delay: not a duration like 30, 1.5s, 500ms, 5m, 2h or 1d"},
	    {PROC("\"retries\": {\"on\": []}"),
	        "procs.a.retries.on: must name something (times: 0 is for never)"},
	    {PROC("\"retries\": {\"on\": [\"exti\"]}"),
	        "procs.a.retries.on[0]: must be exit, signal, "
	        "timeout, lost or spawn, not exti (did you "
	        "mean exit?)"},
	    {PROC("\"log_ignore\": \"x\""), "procs.a.log_ignore: must be a list, not text"},
	    {PROC("\"log_ignore\": [{\"pattern\": \"x\", \"when\": \"failed\"}]"),
	        "procs.a.log_ignore[0].when: must be always or succeeded, not failed"},
	    {PROTO("\"args\": {\"x\": \"int\"}"),
	        "protos.a::[x].args.x: must be a mapping, not text"},
	    {PROTO("\"args\": {\"x\": {\"type\": \"number\"}}"),
	        "protos.a::[x].args.x.type: must be str, int, float or bool, not number"},
	    {PROTO("\"args\": {\"x\": {\"choices\": [null]}}"),
	        "protos.a::[x].args.x.choices[0]: must be text, a number or true or false, not "
	        "empty (null)"},
	    {PROTO("\"args\": {\"x\": {\"choices\": {}}}"),
	        "protos.a::[x].args.x.choices: must have exactly one key"},
	    {PROC("\"run\": \"x\\u0000y\""), "procs.a.run: a NUL character in a text"},
	    {"{\"procs\": {\"a\\u001b[31m\\u0085\": 1}}",
	        "procs.a\\x1b[31m\\x85: must be a mapping, not an integer"},
	};

	CHECK(cases);
}

Test(definitions, refused_values)
{
	static const char duration[] =
	    "procs.a.timeout: not a duration like 30, 1.5s, 500ms, 5m, 2h or 1d";
	const struct refusal_case cases[] = {
	    {PROC("\"run\": \"\""), "procs.a.run: must not be empty"},
	    {PROC("\"run\": []"), "procs.a.run: must not be empty"},
	    {PROC("\"run\": [\"\"]"), "procs.a.run: must begin with the name of a program"},
	    {PROC("\"deps\": [\"\"]"), "procs.a.deps[0]: must not be empty"},
	    {PROC("\"deps\": [{\"command\": []}]"), "procs.a.deps[0].command: must not be empty"},
	    {PROC("\"rdeps\": [\"\"]"), "procs.a.rdeps[0]: must not be empty"},
	    {PROC("\"rdeps\": [{\"when_target_scheduled\": \"\"}]"),
	        "procs.a.rdeps[0].when_target_scheduled: must not be empty"},
	    {PROC("\"locks\": [\"x\", \"\"]"), "procs.a.locks[1]: must not be empty"},
	    {PROC("\"cwd\": \"\""), "procs.a.cwd: must not be empty"},
	    {PROC("\"wave\": 2147483648"), "procs.a.wave: must be an integer of 32 bits"},
	    {PROC("\"timeout\": \"5 parsecs\""), duration},
	    {PROC("\"timeout\": -1"), duration},
	    {PROC("\"timeout\": 1e300"), duration},
	    {PROC("\"timeout\": 0"),
	        "procs.a.timeout: must be more than 0 (without it there is none)"},
	    {PROC("\"env\": {\"A=B\": 1}"),
	        "procs.a.env.A=B: not a name of an environment variable"},
	    {PROC("\"env\": {\"\": 1}"), "procs.a.env.: not a name of an environment variable"},
	    {PROC("\"env\": {\"PP_RUN\": 1}"),
	        "procs.a.env.PP_RUN: names that begin with PP_ are parproc's own"},
	    {PROTO("\"args\": {\"x\": {\"choices\": {\"command\": \"\"}}}"),
	        "protos.a::[x].args.x.choices.command: must not be empty"},
	    {"{\"procs\": {\"a\": {}}, \"protos\": {\"a\": {}}}",
	        "protos.a: there is a proc of that name too"},
	};

	CHECK(cases);
}

/* A process' variables are compared with each other: many would hold up the scheduler. */
Test(definitions, too_many_variables)
{
	static const char *const texts[] = {
	    "{\"procs\": {\"a\": {\"env\": {", "{\"protos\": {\"a\": {\"args\": {"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bool is_env = i == 0;
		char *text = calloc(DEFINITION_MAX_VARIABLES + 3, 32),
		     *end = stpcpy(text, texts[i]), *refusal;
		struct definitions definitions;

		for (int n = 0; n <= DEFINITION_MAX_VARIABLES; n++)
			end += sprintf(end, "%s\"v%d\": %s", n ? ", " : "", n,
			    is_env ? "1" : "{\"default\": 1}");
		strcpy(end, "}}}}");
		refusal = read_request(text, &definitions);
		cr_expect_str_eq(refusal ? refusal : "",
		    is_env ? "procs.a.env: more than 1000" : "protos.a.args: more than 1000");
		definitions_clear(&definitions);
		free(refusal);
		free(text);
	}
}

/* What definition_check() refuses comes with the place of the definition. */
Test(definitions, refused_names)
{
	static const char *const texts[] = {
	    "{\"procs\": {\"x::[a]\": {}}}",
	    "{\"procs\": {\"\": {}}}",
	    "{\"procs\": {\"a\\u007fb\": {}}}",
	    "{\"protos\": {\"x::[a]::[a]\": {}}}",
	    "{\"protos\": {\"x::[1a]\": {}}}",
	    "{\"protos\": {\"x::[a\": {}}}",
	    "{\"protos\": {\"x-[a]-[b]\": {}}}",
	    "{\"protos\": {\"x::[PATH]\": {}}}",
	    "{\"protos\": {\"x::[a]\": {\"args\": {\"b\": {\"choices\": [1]}}}}}",
	    "{\"protos\": {\"[a]\": {\"args\": {\"a\": {\"type\": \"int\", \"default\": \"x\"}}}}}",
	    "{\"protos\": {\"x::[a]\": {\"deps\": [\"y::[b]\"]}}}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct definitions definitions;
		char *refusal = read_request(texts[i], &definitions);

		cr_expect_not_null(refusal, "%s is accepted", texts[i]);
		if (refusal)
			cr_expect_eq(strncmp(refusal, "pro", 3), 0, "%s", refusal);
		definitions_clear(&definitions);
		free(refusal);
	}
}

/* Refused with that reason; NULL: it is fine. */
static void check_pattern(const char *pattern, const char *reason)
{
	struct definitions definitions;
	json_t *request =
	    json_pack("{s:{s:{s:[{s:s}]}}}", "procs", "a", "log_ignore", "pattern", pattern);
	char *text = json_dumps(request, 0), *refusal = read_request(text, &definitions);

	if (reason)
		cr_expect(refusal && strstr(refusal, reason), "%.60s: %s", pattern, refusal);
	else
		cr_expect_null(refusal, "%.60s: %s", pattern, refusal);
	definitions_clear(&definitions);
	free(refusal);
	free(text);
	json_decref(request);
}

Test(definitions, patterns_of_log_ignore)
{
	check_pattern("^[0-9]{1,3}(\\.[0-9]{1,3}){3}: .*(warning|error)$", NULL);
	check_pattern("[]{1)(]x*?[[:alpha:]{](a{2}){3}", NULL);
	check_pattern("(a{30}){30}", NULL);
	check_pattern("", "procs.a.log_ignore[0].pattern: must not be empty");
	check_pattern("(", "not a regular expression: ");
	check_pattern("[a", "not a regular expression: ");
	check_pattern("a)|(b", "a ) without its (");
	check_pattern("(a)\\1", "a back-reference is not taken");
}

Test(definitions, patterns_that_would_take_much_memory)
{
	char text[LOG_IGNORE_PATTERN_BYTES + 2];

	check_pattern("(a{255}){255}", "it repeats too much");
	check_pattern("a{2}{2}{2}{2}{2}{2}{2}{2}{2}{2}{2}", "it repeats too much");
	check_pattern("((((((((((a+)+)+)+)+)+)+)+)+)+)+", "it repeats too much");
	check_pattern("x{0,32767}", "it repeats too much");
	check_pattern("(x{500,}){3}", "it repeats too much");
	memset(text, 'a', sizeof(text));
	text[LOG_IGNORE_PATTERN_BYTES + 1] = '\0';
	check_pattern(text, "longer than 256 bytes");
	text[LOG_IGNORE_PATTERN_BYTES] = '\0';
	check_pattern(text, NULL);
	memset(text, '(', LOG_IGNORE_PATTERN_BYTES);
	check_pattern(text, "not a regular expression: ");
}

Test(definitions, as_many_patterns_as_may_be)
{
	struct definitions definitions;
	json_t *patterns = json_array();
	json_t *request = json_pack("{s:{s:{s:o}}}", "procs", "a", "log_ignore", patterns);
	char *text, *refusal;

	for (int i = 0; i <= LOG_IGNORE_MAX; i++)
		json_array_append_new(patterns, json_string("x"));
	text = json_dumps(request, 0);
	refusal = read_request(text, &definitions);
	cr_expect_str_eq(refusal, "procs.a.log_ignore: more than 32");
	free(refusal);
	free(text);
	json_array_remove(patterns, 0);
	text = json_dumps(request, 0);
	cr_expect_null(read_request(text, &definitions));
	cr_expect_not_null(definitions.items[0]->log_ignore);
	definitions_clear(&definitions);
	free(text);
	json_decref(request);
}
