/* Plans as trees. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "client/plan_tree.h"

static char *print_tree(const json_t *steps, size_t depth)
{
	char *text = NULL;
	size_t size = 0;
	struct output output = {.stream = open_memstream(&text, &size)};

	cr_assert_not_null(output.stream);
	plan_print_tree(&output, steps, depth);
	cr_assert_eq(fclose(output.stream), 0);
	return text;
}

static void check(const char *json, size_t depth, const char *expected)
{
	json_error_t error;
	json_t *steps = json_loads(json, 0, &error);
	char *text;

	cr_assert_not_null(steps, "%s: %s", json, error.text);
	text = print_tree(steps, depth);
	cr_assert_str_eq(text, expected);
	free(text);
	json_decref(steps);
}

#define STEP(name, deps) "{\"name\": \"" name "\", \"wave\": 0, \"deps\": [" deps "]}"
#define DEP(name) "{\"name\": \"" name "\", \"reason\": \"dep\"}"
#define DIAMOND                                                                                    \
	"[" STEP("a", "") "," STEP("b", DEP("a")) "," STEP("c", DEP("b")) "," STEP(                \
	    "d", DEP("b")) "," STEP("e", DEP("c") "," DEP("d")) "]"

static void use_locale(const char *name)
{
	setenv("LC_ALL", name, 1);
}

Test(plan_tree, what_was_shown_is_marked)
{
	use_locale("C.UTF-8");
	check(DIAMOND, 100,
	    "[5] e\n"
	    "├── [3] c\n"
	    "│   └── [2] b\n"
	    "│       └── [1] a\n"
	    "└── [4] d\n"
	    "    └── [2] b (*)\n");
	use_locale("C");
	check(DIAMOND, 100,
	    "[5] e\n"
	    "|-- [3] c\n"
	    "|   `-- [2] b\n"
	    "|       `-- [1] a\n"
	    "`-- [4] d\n"
	    "    `-- [2] b (*)\n");
}

Test(plan_tree, depth_is_limited)
{
	use_locale("C");
	check(DIAMOND, 1, "[5] e\n|-- [3] c ...\n`-- [4] d ...\n");
	check(DIAMOND, 2, "[5] e\n|-- [3] c\n|   `-- [2] b ...\n`-- [4] d\n    `-- [2] b ...\n");
}

Test(plan_tree, reasons_are_in_words)
{
	use_locale("C");
	check("[{\"name\": \"a\", \"wave\": 3, \"joined\": true, \"deps\": ["
	      "{\"name\": \"b\\n\", \"reason\": \"rdep\"}, {\"name\": \"c\", \"reason\": "
	      "\"when_scheduled\"}],"
	      " \"unresolved\": [\"x, which nothing defines yet\"]}]",
	    9,
	    "[1] a, wave 3, joins what is in flight\n"
	    "|-- b\\n, in the run already\n"
	    "|-- c, in the run already\n"
	    "`-- x, which nothing defines yet\n");
	check("[" STEP("b", "") "," STEP(
	          "c", "") ",{\"name\": \"a\", \"deps\": ["
	                   "{\"name\": \"b\", \"reason\": \"rdep\"}, {\"name\": \"c\", \"reason\": "
	                   "\"when_scheduled\"}]}]",
	    9, "[3] a\n|-- [1] b, by its rdep\n`-- [2] c, by its rdep (when_scheduled)\n");
}

Test(plan_tree, whatever_an_answer_is)
{
	use_locale("C");
	check("[]", 9, "");
	check("{}", 9, "");
	check("[1]", 9, "[1] ?\n");
	check("[{\"deps\": [2, {}], \"unresolved\": [3]}]", 9, "");
}

Test(plan_tree, a_long_chain_is_no_deeper_than_the_limit)
{
	json_t *steps = json_array();
	char *text;

	for (int i = 0; i < 100000; i++) {
		char name[16], before[16];

		snprintf(name, sizeof(name), "p%d", i);
		snprintf(before, sizeof(before), "p%d", i - 1);
		json_array_append_new(steps, i == 0
		                                 ? json_pack("{s:s, s:[]}", "name", name, "deps")
		                                 : json_pack("{s:s, s:[{s:s, s:s}]}", "name", name,
		                                       "deps", "name", before, "reason", "dep"));
	}
	use_locale("C");
	text = print_tree(steps, 3);
	cr_assert_str_eq(text, "[100000] p99999\n`-- [99999] p99998\n    `-- [99998] p99997\n"
	                       "        `-- [99997] p99996 ...\n");
	free(text);
	json_decref(steps);
}
