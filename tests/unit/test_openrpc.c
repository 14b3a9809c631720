/*
 * protocol/openrpc.json and the tables in protocol/ say the same, both ways: methods, params,
 * types, errors, versions. And the document holds together: every reference leads somewhere.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/errors.h"
#include "protocol/methods.h"
#include "protocol/version.h"

static json_t *document;

static void load_document(void)
{
	const char *source = getenv("srcdir"); /* set by automake's test driver */
	char path[4096];
	json_error_t error;

	snprintf(path, sizeof(path), "%s/protocol/openrpc.json", source ? source : ".");
	document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	cr_assert_not_null(document, "%s:%d: %s", path, error.line, error.text);
}

static void free_document(void)
{
	json_decref(document);
}

TestSuite(openrpc, .init = load_document, .fini = free_document);

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

/* What a "#/a/b" leads to, or value itself if it is no reference. NULL: nowhere. */
static json_t *resolve(json_t *value)
{
	char path[200], *name, *rest = NULL;
	const char *reference = text_of(value, "$ref");

	if (reference[0] == '\0')
		return value;
	snprintf(path, sizeof(path), "%s", reference);
	value = strncmp(path, "#/", 2) == 0 ? document : NULL;
	for (name = strtok_r(path + 2, "/", &rest); name; name = strtok_r(NULL, "/", &rest))
		value = json_object_get(value, name);
	return value;
}

static json_t *components(const char *kind)
{
	return json_object_get(json_object_get(document, "components"), kind);
}

/* The element of a list (references followed) with that name, or NULL. */
static json_t *find_named(json_t *list, const char *name)
{
	json_t *element;
	size_t i;

	json_array_foreach (list, i, element) {
		if (strcmp(text_of(resolve(element), "name"), name) == 0)
			return resolve(element);
	}
	return NULL;
}

static void check_references(json_t *value)
{
	const char *key;
	json_t *element;
	size_t i;

	cr_assert_not_null(resolve(value), "%s leads nowhere", text_of(value, "$ref"));
	json_array_foreach (value, i, element)
		check_references(element);
	json_object_foreach (value, key, element)
		check_references(element);
}

Test(openrpc, the_document_holds_together)
{
	cr_assert_eq(strncmp(text_of(document, "openrpc"), "1.2", 3), 0);
	cr_assert_eq(atoi(text_of(json_object_get(document, "info"), "version")), PROTOCOL_VERSION);
	check_references(document);
}

/* ---- methods ---- */

static bool has_tag(const json_t *method, const char *name)
{
	return find_named(json_object_get(method, "tags"), name) != NULL;
}

Test(openrpc, the_methods_are_the_same_in_the_same_order)
{
	static const char *const tags[] = {"changes", "looks", "waits", "always"};
	json_t *methods = json_object_get(document, "methods");
	json_t *documented;
	size_t i, tag;

	for (i = 0; i < protocol_method_count; i++) {
		const struct method *method = &protocol_methods[i];

		documented = json_array_get(methods, i);
		cr_assert_str_eq(text_of(documented, "name"), method->name);
		cr_assert_str_eq(text_of(documented, "summary"), method->summary);
		cr_assert_str_eq(text_of(documented, "paramStructure"), "by-name");
		for (tag = 0; tag < sizeof(tags) / sizeof(tags[0]); tag++)
			cr_assert_eq(has_tag(documented, tags[tag]),
			    (method->flags & 1u << tag) != 0, "%s: %s", method->name, tags[tag]);
		cr_assert(json_is_object(
		              json_object_get(json_object_get(documented, "result"), "schema")),
		    "%s has no result", method->name);
	}
	cr_assert_eq(json_array_size(methods), protocol_method_count);
}

/* ---- params ---- */

static unsigned type_bit(const char *name)
{
	static const char *const names[] = {
	    "string", "integer", "number", "boolean", "array", "object", "null"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return 1u << i;
	}
	cr_assert_fail("no type: %s", name);
	return 0;
}

/* The types that a schema allows, as enum param_type; 0: it says nothing. */
static unsigned schema_types(json_t *schema)
{
	json_t *type = json_object_get(schema, "type"), *one;
	unsigned types = 0;
	size_t i;

	if (json_is_string(type))
		return type_bit(json_string_value(type));
	json_array_foreach (type, i, one)
		types |= type_bit(json_string_value(one));
	return types;
}

static void check_choices(
    const char *where, const struct method_param *param, const json_t *documented)
{
	size_t i;

	if (!param->choices) {
		cr_assert_null(documented, "%s: choices that the table does not have", where);
		return;
	}
	for (i = 0; param->choices[i]; i++)
		cr_assert_str_eq(json_string_value(json_array_get(documented, i)),
		    param->choices[i], "%s", where);
	cr_assert_eq(json_array_size(documented), i, "%s: more choices", where);
}

static void check_limits(const char *where, const struct method_param *param, const json_t *schema)
{
	bool has_number = param->types & (PARAM_INTEGER | PARAM_NUMBER);
	json_t *minimum = json_object_get(schema, "minimum");

	cr_assert_eq(json_is_integer(minimum), has_number, "%s: minimum", where);
	cr_assert_eq(json_integer_value(minimum), 0, "%s: minimum", where);
	if (strcmp(param->name, "request_id") == 0)
		cr_assert_eq(json_integer_value(json_object_get(schema, "maxLength")),
		    PROTOCOL_MAX_REQUEST_ID_BYTES, "%s", where);
}

static void check_param(
    const struct method *method, const struct method_param *param, json_t *documented)
{
	json_t *schema = json_object_get(documented, "schema"), *items;
	char where[200];

	snprintf(where, sizeof(where), "%s.%s", method->name, param->name);
	cr_assert_not_null(documented, "%s is not documented", where);
	cr_assert_eq(json_is_true(json_object_get(documented, "required")), param->is_required,
	    "%s: required", where);
	cr_assert_str_eq(text_of(documented, "summary"), param->summary, "%s", where);
	cr_assert_eq(schema_types(schema), param->types, "%s: type", where);
	items =
	    json_object_get(schema, param->types & PARAM_ARRAY ? "items" : "additionalProperties");
	cr_assert_eq(schema_types(items), param->item_types, "%s: type of what it holds", where);
	check_choices(
	    where, param, json_object_get(param->types & PARAM_ARRAY ? items : schema, "enum"));
	check_limits(where, param, schema);
}

Test(openrpc, the_params_are_the_same)
{
	json_t *methods = json_object_get(document, "methods");
	size_t i;

	for (i = 0; i < protocol_method_count; i++) {
		const struct method *method = &protocol_methods[i];
		json_t *params = json_object_get(json_array_get(methods, i), "params");
		const struct method_param *param;
		size_t count = 0;

		for (param = method->params; param->name; param++, count++)
			check_param(method, param, find_named(params, param->name));
		cr_assert_eq(json_array_size(params), count,
		    "%s: params that the table does not have", method->name);
	}
}

/* ---- errors ---- */

Test(openrpc, the_errors_are_the_same)
{
	json_t *errors = components("errors"), *documented;
	int error;

	for (error = 0; error < PROTOCOL_ERROR_COUNT; error++) {
		const char *name = protocol_error_name((enum protocol_error)error);

		documented = json_object_get(errors, name);
		cr_assert_not_null(documented, "%s is not documented", name);
		cr_assert_eq(json_integer_value(json_object_get(documented, "code")),
		    protocol_error_code((enum protocol_error)error), "%s", name);
		cr_assert_str_eq(text_of(documented, "message"),
		    protocol_error_meaning((enum protocol_error)error));
	}
	cr_assert_eq(json_object_size(errors), PROTOCOL_ERROR_COUNT);
}

Test(openrpc, methods_name_errors_and_nothing_else)
{
	json_t *method, *error;
	size_t i, j;

	json_array_foreach (json_object_get(document, "methods"), i, method) {
		json_array_foreach (json_object_get(method, "errors"), j, error)
			cr_assert_eq(strncmp(text_of(error, "$ref"), "#/components/errors/", 20), 0,
			    "%s", text_of(method, "name"));
		cr_assert_gt(j, 0, "%s", text_of(method, "name"));
	}
}
