/*
 * protocol/parproc.schema.json says what the loader's tables say: both are walked together, key by
 * key, type by type; where it gives a default or a pattern, the loader agrees.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/options.h"
#include "daemon/workspace/schema.h"

static json_t *load_schema(void)
{
	const char *source = getenv("srcdir"); /* set by automake's test driver */
	char *path = mem_print("%s/protocol/parproc.schema.json", source ? source : ".");
	json_error_t error;
	json_t *schema = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

	cr_assert_not_null(schema, "%s:%d: %s", path, error.line, error.text);
	free(path);
	return schema;
}

/* node, or what its $ref refers to. */
static const json_t *resolve(const json_t *schema, const json_t *node)
{
	static const char prefix[] = "#/definitions/";
	const char *reference = json_string_value(json_object_get(node, "$ref"));

	if (!reference)
		return node;
	cr_assert_eq(json_object_size(node), 1, "$ref has members beside it");
	cr_assert_eq(strncmp(reference, prefix, strlen(prefix)), 0);
	node = json_object_get(json_object_get(schema, "definitions"), reference + strlen(prefix));
	cr_assert_not_null(node, "%s leads nowhere", reference);
	return node;
}

static unsigned type_of_name(const char *name)
{
	static const struct {
		const char *name;
		unsigned types;
	} names[] = {
	    {"null", SCHEMA_NULL},
	    {"boolean", SCHEMA_BOOL},
	    {"integer", SCHEMA_INTEGER},
	    {"number", SCHEMA_INTEGER | SCHEMA_REAL},
	    {"string", SCHEMA_TEXT},
	    {"array", SCHEMA_LIST},
	    {"object", SCHEMA_MAP},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].types;
	cr_assert_fail("%s is no type", name);
	return 0;
}

static unsigned types_of(const json_t *node)
{
	const json_t *types = json_object_get(node, "type");
	unsigned result = 0;
	json_t *type;
	size_t index;

	if (json_is_string(types))
		return type_of_name(json_string_value(types));
	json_array_foreach ((json_t *)types, index, type)
		result |= type_of_name(json_string_value(type));
	return result;
}

/* Where other types are allowed too, the schema has to list their values behind the words. */
static void compare_words(const struct schema_shape *shape, const json_t *node, const char *path)
{
	const json_t *words = json_object_get(node, "enum");
	size_t count = 0, n_others = shape->words && (shape->types & SCHEMA_BOOL) ? 2 : 0;

	for (; shape->words && shape->words[count]; count++)
		cr_expect_str_eq(shape->words[count],
		    json_string_value(json_array_get(words, count)), "%s", path);
	cr_expect_eq(json_array_size(words), count + n_others, "%s: %zu words", path, count);
}

static void compare(const json_t *schema, const json_t *reference, const struct schema_shape *shape,
    const char *path)
{
	const json_t *node = resolve(schema, reference);
	const json_t *properties = json_object_get(node, "properties");
	const json_t *others = json_object_get(node, "additionalProperties");
	const json_t *items = json_object_get(node, "items");
	size_t n_keys = 0;

	cr_expect_eq(types_of(node), shape->types, "%s: types %u, the loader's %u", path,
	    types_of(node), shape->types);
	compare_words(shape, node, path);
	for (const struct schema_key *key = shape->keys; key && key->name; key++) {
		const json_t *property = json_object_get(properties, key->name);
		char *below = mem_print("%s.%s", path, key->name);

		if (key->shape) {
			n_keys++;
			cr_expect_not_null(property, "%s is not in the schema", below);
			if (property)
				compare(schema, property, key->shape, below);
		} else {
			cr_expect_null(property, "%s is in the schema", below);
		}
		free(below);
	}
	cr_expect_eq(json_object_size(properties), n_keys, "%s: keys of the schema only", path);
	cr_expect_eq(json_integer_value(json_object_get(node, "maxProperties")), shape->is_one_key,
	    "%s", path);
	cr_expect_eq(json_integer_value(json_object_get(node, "minProperties")), shape->is_one_key,
	    "%s", path);
	if (shape->keys)
		cr_expect(json_is_false(others), "%s: other keys are allowed", path);
	else if ((shape->types & SCHEMA_MAP) && shape->each)
		compare(schema, others, shape->each, path);
	else
		cr_expect_null(others, "%s", path);
	if ((shape->types & SCHEMA_LIST) && shape->each)
		compare(schema, items, shape->each, path);
	else
		cr_expect_null(items, "%s", path);
}

Test(schema, is_that_of_the_loader)
{
	json_t *schema = load_schema();

	compare(schema, schema, &schema_workspace, "top");
	json_decref(schema);
}

Test(schema, has_the_defaults)
{
	json_t *schema = load_schema();
	const json_t *options = json_object_get(
	    json_object_get(json_object_get(schema, "definitions"), "options"), "properties");
	struct workspace_options initial;
	const char *name;
	json_t *values, *value;

	workspace_options_init(&initial);
	values = workspace_options_json(&initial);
	json_object_foreach (values, name, value) {
		const json_t *said = json_object_get(json_object_get(options, name), "default");

		cr_expect(json_equal(value, (json_t *)said), "%s", name);
	}
	json_decref(values);
	json_decref(schema);
}

/* Every key that the loader knows, also one that it only refuses, is in the manual page. */
static void find_in_page(const char *page, const struct schema_shape *shape, unsigned depth)
{
	for (const struct schema_key *key = shape->keys; key && key->name; key++) {
		char *name = mem_print(" %s", key->name);

		cr_expect_not_null(
		    strstr(page, name), "parproc.yaml.5 does not mention %s", key->name);
		free(name);
		if (key->shape)
			find_in_page(page, key->shape, depth + 1);
	}
	cr_assert_lt(depth, 10);
	if (shape->each)
		find_in_page(page, shape->each, depth + 1);
}

Test(schema, is_in_the_manual)
{
	const char *source = getenv("srcdir");
	char *path = mem_print("%s/doc/parproc.yaml.5", source ? source : ".");
	char *page = mem_new(1 << 20, 1);
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file, "%s", path);
	cr_assert_gt(fread(page, 1, (1 << 20) - 1, file), 0);
	fclose(file);
	find_in_page(page, &schema_workspace, 0);
	free(page);
	free(path);
}
