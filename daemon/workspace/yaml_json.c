/*
 * Text that is JSON, read as such. JSON is YAML, but libyaml takes no key over 1,024 characters and
 * no surrogate pairs, and reads some line ends inside of strings as others do not. jansson tells no
 * positions, so a second walk over the text, which is known to be sound by then, finds them.
 */
#include "daemon/workspace/yaml_parts.h"

#include <string.h>

struct cursor {
	const char *at, *end;
	unsigned line, column;
};

static void advance(struct cursor *cursor)
{
	unsigned char c = (unsigned char)*cursor->at++;

	if (c == '\n') {
		cursor->line++;
		cursor->column = 1;
	} else if ((c & 0xc0) != 0x80) {
		cursor->column++;
	}
}

/* Skips white space and the marks between values. */
static void skip_between(struct cursor *cursor)
{
	while (cursor->at < cursor->end && strchr(" \t\r\n,:", *cursor->at))
		advance(cursor);
}

static void skip_string(struct cursor *cursor)
{
	for (advance(cursor); *cursor->at != '"'; advance(cursor))
		if (*cursor->at == '\\')
			advance(cursor);
	advance(cursor);
}

static void skip_word(struct cursor *cursor)
{
	while (cursor->at < cursor->end && !strchr(" \t\r\n,:]}", *cursor->at))
		advance(cursor);
}

/* The node of value, whose text is next. jansson keeps the members of an object in their order. */
static struct yaml_node *walk(struct cursor *cursor, struct yaml_document *document, json_t *value)
{
	struct yaml_node *node, *child;
	unsigned line, column;
	const char *key;
	json_t *member;
	size_t index;

	skip_between(cursor);
	node = yaml_node_new(document, cursor->line, cursor->column, json_incref(value));
	if (json_is_string(value)) {
		skip_string(cursor);
		return node;
	}
	if (!json_is_object(value) && !json_is_array(value)) {
		skip_word(cursor);
		return node;
	}
	advance(cursor);
	json_object_foreach (value, key, member) {
		skip_between(cursor);
		line = cursor->line;
		column = cursor->column;
		skip_string(cursor);
		child = walk(cursor, document, member);
		yaml_node_add(node, key, line, column, child);
	}
	json_array_foreach (value, index, member) {
		child = walk(cursor, document, member);
		yaml_node_add(node, NULL, child->line, child->column, child);
	}
	skip_between(cursor);
	advance(cursor);
	return node;
}

/*
 * Whether the text, if it is JSON, is within the limits: what is not must not be read, as each
 * value would take memory. Where it is not JSON, what this says does not matter.
 */
static bool is_within_limits(const char *bytes, size_t length)
{
	unsigned depth = 0;
	size_t n_values = 1;
	bool is_text = false;

	for (size_t i = 0; i < length; i++) {
		if (is_text && bytes[i] == '\\')
			i++;
		else if (bytes[i] == '"')
			is_text = !is_text;
		else if (is_text)
			continue;
		else if (bytes[i] == '[' || bytes[i] == '{')
			depth++, n_values++;
		else if (bytes[i] == ']' || bytes[i] == '}')
			depth--;
		else if (bytes[i] == ',')
			n_values++;
		if (depth > YAML_MAX_DEPTH || n_values > YAML_MAX_VALUES)
			return false;
	}
	return true;
}

int yaml_read_json(const char *bytes, size_t length, struct yaml_document *document)
{
	struct cursor cursor = {.at = bytes, .end = bytes + length, .line = 1, .column = 1};
	json_t *value;

	skip_between(&cursor);
	if (cursor.at == cursor.end || !strchr("{[", *cursor.at) ||
	    !is_within_limits(bytes, length))
		return -1;
	value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
	if (!value)
		return -1;
	cursor = (struct cursor){.at = bytes, .end = bytes + length, .line = 1, .column = 1};
	document->root = walk(&cursor, document, value);
	json_decref(value);
	return 0;
}
