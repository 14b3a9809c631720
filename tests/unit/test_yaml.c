/* YAML to JSON with positions: what is read, what is refused and where. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/yaml.h"

/* The document as compact JSON, or the error's text; the caller frees it. */
static char *read_bytes(const char *bytes, size_t length)
{
	/* Without a NUL behind it, so that valgrind and ASan see a read too far. */
	char *exact = mem_resize(NULL, length, 1);
	struct yaml_document document = {0};
	struct workspace_error error = {0};
	char *result;

	memcpy(exact, bytes, length);
	if (yaml_read(exact, length, "f", &document, &error)) {
		cr_expect_null(document.root);
		cr_expect_null(document.nodes);
		result = workspace_error_text(&error);
		workspace_error_clear(&error);
	} else {
		cr_expect_null(error.message);
		result = document.root
		             ? json_dumps(document.root->value, JSON_COMPACT | JSON_ENCODE_ANY)
		             : mem_copy("empty");
	}
	yaml_document_clear(&document);
	free(exact);
	return result;
}

static char *read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

struct text_case {
	const char *text;
	const char *expected;
};

static void check_cases(const struct text_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *result = read_text(cases[i].text);

		cr_expect_str_eq(result, cases[i].expected, "%s\ngives %s\nnot   %s", cases[i].text,
		    result, cases[i].expected);
		free(result);
	}
}

#define CHECK(cases) check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

Test(yaml, scalars)
{
	static const struct text_case cases[] = {
	    {"", "empty"},
	    {"# only a comment\n", "empty"},
	    {"---\n", "null"},
	    {"~", "null"},
	    {"Null", "null"},
	    {"nUll", "\"nUll\""},
	    {"[true, True, FALSE, tRue]", "[true,true,false,\"tRue\"]"},
	    {"[yes, no, on, off, y]", "[\"yes\",\"no\",\"on\",\"off\",\"y\"]"},
	    {"[0, -0, +7, 010, 0o10, 0x1F, -5]", "[0,0,7,10,8,31,-5]"},
	    {"[0o8, 0xG, 1_000, 1:30, +, -]", "[\"0o8\",\"0xG\",\"1_000\",\"1:30\",\"+\",\"-\"]"},
	    {"[1.5, .5, 5., 1e3, -1.5E-2]", "[1.5,0.5,5.0,1000.0,-0.014999999999999999]"},
	    {"[., e3, 1e, 1.2.3, 2024-01-02]", "[\".\",\"e3\",\"1e\",\"1.2.3\",\"2024-01-02\"]"},
	    {"['1', \"true\", 'it''s', \"\\u00e9\\n\"]", "[\"1\",\"true\",\"it's\",\"é\\n\"]"},
	    {"[9223372036854775807, -9223372036854775808]",
	        "[9223372036854775807,-9223372036854775808]"},
	    {"[!!str 5, ! 'x']", "[\"5\",\"x\"]"},
	    {"a: |\n  x\n  y\nb: >\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\\n\"}"},
	};

	CHECK(cases);
}

Test(yaml, collections)
{
	static const struct text_case cases[] = {
	    {"a: 1\nb:\n  - x\n  - {c: d}\n", "{\"a\":1,\"b\":[\"x\",{\"c\":\"d\"}]}"},
	    {"a:\nb: []\nc: {}\n", "{\"a\":null,\"b\":[],\"c\":{}}"},
	    {"a: &x [1, 2]\nb: *x\nc: *x\n", "{\"a\":[1,2],\"b\":[1,2],\"c\":[1,2]}"},
	    {"- &x 1\n- &x 2\n- *x\n", "[1,2,2]"},
	    {"&k key: 1\nv: *k\n", "{\"key\":1,\"v\":\"key\"}"},
	    {"- &k key\n- *k : 1\n", "[\"key\",{\"key\":1}]"},
	    {"? long key\n: 1\n", "{\"long key\":1}"},
	    {"a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}"},
	    {"\xef\xbb\xbf"
	     "a: 1\n",
	        "{\"a\":1}"},
	    {"\xef\xbb\xbf{\"a\": 1}", "{\"a\":1}"},
	    {"%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}"},
	    /* merge keys */
	    {"x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\n",
	        "{\"x\":{\"a\":1,\"b\":2},\"y\":{\"b\":3,\"a\":1}}"},
	    {"- &x {a: 1}\n- &y {a: 2, b: 2}\n- {<<: [*x, *y]}\n",
	        "[{\"a\":1},{\"a\":2,\"b\":2},{\"a\":1,\"b\":2}]"},
	    {"{'<<': 1}", "{\"<<\":1}"},
	};

	CHECK(cases);
}

Test(yaml, json)
{
	static const struct text_case cases[] = {
	    {"{\"a\":[1,2.5,true,false,null,\"x\"],\"b\":{}}",
	        "{\"a\":[1,2.5,true,false,null,\"x\"],\"b\":{}}"},
	    {"{\n\t\"a\":\t1\n}\n", "{\"a\":1}"},
	    {"{\"\\ud83d\\ude00\": \"\\/\"}", "{\"😀\":\"/\"}"},
	    {"{\"a\": 1} # not JSON\n", "{\"a\":1}"},
	    {"{a: 1, \"b\": 2,}", "{\"a\":1,\"b\":2}"},
	    {"[]", "[]"},
	};

	CHECK(cases);
}

Test(yaml, refusals)
{
	static const struct text_case cases[] = {
	    {"a: 1\nb: 2\na: 3\n", "f:3:1: a: duplicate key (the first is on line 1)"},
	    {"{\n\"a\": {\"b\": 1,\n \"b\": 2}}",
	        "f:3:2: a.b: duplicate key (the first is on line 2)"},
	    {"{\"a\": 1, \"\\u0061\": 2}", "f:1:10: a: duplicate key (the first is on line 1)"},
	    {"- a: 1\n- 1: x\n", "f:2:3: [1]: a key that is not text (write it in quotes)"},
	    {"a:\n  null: x\n", "f:2:3: a: a key that is not text (write it in quotes)"},
	    {"[a]: x\n", "f:1:1: a key that is not text"},
	    {"a: *x\n", "f:1:4: a: no anchor of that name above"},
	    {"a: &x [1, *x]\n", "f:1:11: a[1]: an alias inside what it stands for"},
	    {"a: 99999999999999999999\n",
	        "f:1:4: a: a number beyond what 64 bits hold (in quotes it would be text)"},
	    {"a: 0x1ffffffffffffffff\n",
	        "f:1:4: a: a number beyond what 64 bits hold (in quotes it would be text)"},
	    {"a: -1e999\n",
	        "f:1:4: a: a number beyond what 64 bits hold (in quotes it would be text)"},
	    {"{\"a\": 1e999}",
	        "f:1:7: a: a number beyond what 64 bits hold (in quotes it would be text)"},
	    {"a: .nan\n", "f:1:4: a: not a number that JSON has (in quotes it would be text)"},
	    {"a: -.inf\n", "f:1:4: a: not a number that JSON has (in quotes it would be text)"},
	    {"a: \"x\\0y\"\n", "f:1:4: a: a NUL character in a text"},
	    {"{\"a\": \"x\\u0000\"}", "f:1:7: a: a NUL character in a text"},
	    {"a: !!binary x\n", "f:1:4: a: a tag that is not known: tag:yaml.org,2002:binary"},
	    {"a: !mine {b: c}\n", "f:1:4: a: a tag that is not known: !mine"},
	    {"a: 1\n---\nb: 2\n", "f:2:1: a second document"},
	    {"é: 1\nb:\n\t- x\n", "f:3:1: a tab where only spaces can indent"},
	    {"<<: 1\n", "f:1:5: << takes a mapping or a list of mappings"},
	    {"- &x {a: 1}\n- {<<: *x, <<: *x}\n", "f:2:12: [1].<<: duplicate key"},
	    {"a: \"\xff\"\n", "f:1:5: invalid leading UTF-8 octet (0xff)"},
	    {"x: 1\na: é\xc3(\n", "f:2:6: invalid trailing UTF-8 octet (0x28)"},
	    {"a: \xed\xa0\x80\n", "f:1:4: invalid Unicode character (0xd800)"},
	    {"a: x\x07y\n", "f:1:5: control characters are not allowed (0x07)"},
	};

	CHECK(cases);
}

/* Syntax errors are worded by libyaml; where they are is ours to tell. */
Test(yaml, syntax_errors)
{
	static const struct text_case cases[] = {
	    {"{\n  \"procs\": {\n    \"old\": {\"run\": \"true\"\n  }\n}\n", "f:6:1: "},
	    {"a: [1, 2\nb: 3\n", "f:2:"},
	    {"a: 'x\n", "f:2:1: "},
	    {"a: b: c\n", "f:1:5: "},
	    {" a: 1\nb: 2\n", "f:2:1: "},
	    {"a: @x\n", "f:1:4: "},
	    {"{", "f:2:1: "},
	    {"}", "f:1:1: "},
	    {"a: \"\\q\"", "f:1:"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *result = read_text(cases[i].text);

		cr_expect_eq(strncmp(result, cases[i].expected, strlen(cases[i].expected)), 0,
		    "%s\ngives %s\nnot   %s", cases[i].text, result, cases[i].expected);
		free(result);
	}
}

/* --- positions --- */

static void check_position(const struct yaml_child *child, unsigned line, unsigned column,
    unsigned value_line, unsigned value_column)
{
	cr_assert_not_null(child);
	cr_expect_eq(child->line, line, "line %u", child->line);
	cr_expect_eq(child->column, column, "column %u", child->column);
	cr_expect_eq(child->node->line, value_line, "value's line %u", child->node->line);
	cr_expect_eq(child->node->column, value_column, "value's column %u", child->node->column);
}

/* The same content, where both forms have it at the same places. */
static void check_positions(const char *text)
{
	struct yaml_document document;
	struct workspace_error error = {0};
	const struct yaml_child *child;

	cr_assert_eq(yaml_read(text, strlen(text), "f", &document, &error), 0);
	cr_expect_eq(document.root->line, 1);
	cr_expect_eq(document.root->column, 1);
	child = yaml_node_child(document.root, "é", 0);
	check_position(child, 2, 3, 2, 8);
	child = yaml_node_child(document.root, "l\"", 0);
	check_position(child, 3, 3, 4, 5);
	check_position(yaml_node_child(child->node, NULL, 0), 4, 6, 4, 6);
	check_position(yaml_node_child(child->node, NULL, 1), 5, 5, 5, 5);
	check_position(yaml_node_child(child->node->children[1].node, "k", 0), 5, 6, 5, 11);
	cr_expect_null(yaml_node_child(child->node, NULL, 2));
	cr_expect_null(yaml_node_child(document.root, "nope", 0));
	yaml_document_clear(&document);
}

Test(yaml, positions)
{
	static const char json[] =
	    "{\n  \"é\": \"ü\\\"\",\n  \"l\\\"\":\n    [1.5e3,\n    {\"k\": null}]\n}";
	static const char yaml[] =
	    "{\n  \"é\": \"ü\\\"\",\n  \"l\\\"\":\n    [1.5e3,\n    {\"k\": null}]\n} # YAML";

	check_positions(json);
	check_positions(yaml);
}

Test(yaml, an_alias_has_its_own_position)
{
	static const char text[] = "a: &x\n  b: 1\nc: *x\n";
	struct yaml_document document;
	struct workspace_error error = {0};
	const struct yaml_child *child;

	cr_assert_eq(yaml_read(text, strlen(text), "f", &document, &error), 0);
	child = yaml_node_child(document.root, "c", 0);
	check_position(child, 3, 1, 3, 4);
	check_position(yaml_node_child(child->node, "b", 0), 2, 3, 2, 6);
	yaml_document_clear(&document);
}

/* --- limits --- */

static char *repeat(const char *text, size_t count)
{
	size_t length = strlen(text);
	char *result = mem_resize(NULL, length * count + 1, 1);

	for (size_t i = 0; i < count; i++)
		memcpy(result + i * length, text, length);
	result[length * count] = '\0';
	return result;
}

/* open times depth, close times depth; behind makes it YAML only. */
static char *read_nested(const char *open, const char *close, size_t depth, const char *behind)
{
	char *opens = repeat(open, depth), *closes = repeat(close, depth);
	char *text = mem_print("%s%s%s", opens, closes, behind);
	char *result = read_text(text);

	free(opens);
	free(closes);
	free(text);
	return result;
}

Test(yaml, depth)
{
	static const char *const behind[] = {"", " #"};

	for (int i = 0; i < 2; i++) {
		char *result = read_nested("[", "]", YAML_MAX_DEPTH, behind[i]);

		cr_expect_eq(result[0], '[', "%s", result);
		free(result);
		result = read_nested("[", "]", YAML_MAX_DEPTH + 1, behind[i]);
		cr_expect_not_null(strstr(result, "f:1:65: "));
		cr_expect_not_null(strstr(result, ": nested more than 64 deep"), "%s", result);
		free(result);
		result = read_nested("[", "]", 1000000, behind[i]);
		cr_expect_not_null(strstr(result, ": nested more than 64 deep"), "%s", result);
		free(result);
		result = read_nested("{\"a\":", "1}", YAML_MAX_DEPTH + 1, behind[i]);
		cr_expect_not_null(strstr(result, ": nested more than 64 deep"), "%s", result);
		free(result);
	}
}

Test(yaml, depth_through_aliases)
{
	char *text = mem_copy("x0: &x0 1\n");
	char *result;

	for (int i = 1; i <= (int)YAML_MAX_DEPTH; i++) {
		char *more = mem_print("%sx%d: &x%d [*x%d]\n", text, i, i, i - 1);

		free(text);
		text = more;
	}
	result = read_text(text);
	cr_expect_not_null(
	    strstr(result, "f:65:12: x64[0]: nested more than 64 deep"), "%s", result);
	free(result);
	free(text);
}

Test(yaml, billion_laughs)
{
	char *text = mem_copy("a0: &a0 [lol]\n");
	char *result;

	for (int i = 1; i < 20; i++) {
		char *alias = mem_print("*a%d,", i - 1);
		char *aliases = repeat(alias, 9);
		char *more = mem_print("%sa%d: &a%d [%s]\n", text, i, i, aliases);

		free(alias);
		free(aliases);
		free(text);
		text = more;
	}
	result = read_text(text);
	cr_expect_not_null(strstr(result, ": more than 1,000,000 values"), "%s", result);
	free(result);
	free(text);
}

Test(yaml, laughs_of_text)
{
	char *word = repeat("x", 1 << 20);
	char *aliases = repeat("*a,", 20);
	char *text = mem_print("a: &a %s\nb: [%s]\n", word, aliases);
	char *result = read_text(text);

	cr_expect_str_eq(result, "f:2:47: b[14]: more than 16 MiB of text");
	free(result);
	free(text);
	free(aliases);
	free(word);
}

Test(yaml, laughs_of_merges)
{
	char *aliases = repeat("{<<: *a},", 20);
	char *word = repeat("x", 1 << 20);
	char *text = mem_print("a: &a {b: %s}\nb: [%s]\n", word, aliases);
	char *result = read_text(text);

	cr_expect_not_null(strstr(result, "more than 16 MiB of text"), "%s", result);
	free(result);
	free(text);
	free(aliases);
	free(word);
}

Test(yaml, many_values)
{
	char *zeros = repeat("0,", 1000000);
	char *text = mem_print("[%s0]", zeros);
	char *result = read_text(text);

	cr_expect_not_null(strstr(result, ": more than 1,000,000 values"), "%s", result);
	free(result);
	text[strlen(text) - 5] = ']';
	text[strlen(text) - 4] = '\0';
	text[1] = ' ';
	text[2] = ' ';
	result = read_text(text);
	cr_expect_eq(result[0], '[', "%s", result);
	free(result);
	free(text);
	free(zeros);
}

Test(yaml, size)
{
	char *text = repeat(" ", YAML_MAX_BYTES + 1);
	char *result = read_text(text);

	cr_expect_str_eq(result, "f: larger than 16 MiB");
	free(result);
	free(text);
}

Test(yaml, long_keys)
{
	char *key = repeat("k", 5000);
	char *json = mem_print("{\"%s\": 1}", key);
	char *yaml = mem_print("? %s\n: 1\n", key);
	char *wrong = mem_print("%s: 1\n", key);
	char *of_json = read_text(json), *of_yaml = read_text(yaml), *of_wrong = read_text(wrong);

	cr_expect_eq(of_json[0], '{', "%.100s", of_json);
	cr_expect_str_eq(of_json, of_yaml);
	cr_expect_eq(strncmp(of_wrong, "f:1:", 4), 0, "%.100s", of_wrong);
	free(key);
	free(json);
	free(yaml);
	free(wrong);
	free(of_json);
	free(of_yaml);
	free(of_wrong);
}

/* Any cut and any changed byte of a text gives a value or an error, and frees what it took. */
Test(yaml, cuts_and_changes)
{
	static const char *const texts[] = {
	    "# c\na: &x {b: [1, 'two', \"thr\\u00e9e\"], <<: *y}\nc: *x\nd: |\n  é\n  f\n? g\n: "
	    "!!str h\n",
	    "{\"a\": [1, {\"\\ud83d\\ude00\": \"é\"}], \"b\": -1.5e3}",
	};
	static const char bytes[] = "\0\t\n \"'{}[]:,&*!|>?-#%@\\\x80\xff\xc3";

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t length = strlen(texts[i]);
		char *text = mem_copy(texts[i]);

		for (size_t cut = 0; cut <= length; cut++)
			free(read_bytes(text, cut));
		for (size_t at = 0; at < length; at++) {
			for (size_t b = 0; b < sizeof(bytes) - 1; b++) {
				text[at] = bytes[b];
				free(read_bytes(text, length));
			}
			text[at] = texts[i][at];
		}
		free(text);
	}
}
