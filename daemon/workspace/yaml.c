/*
 * libyaml's events to JSON values and positions. Every value is counted before it is made, an alias
 * with all that it stands for, so that no text can make this take more than its limits say.
 */
#include "daemon/workspace/yaml.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/reader.h"
#include "daemon/workspace/yaml_parts.h"

struct anchor {
	char *name;
	const struct yaml_node *node; /* NULL: its value is still being read */
};

struct builder {
	yaml_parser_t parser;
	const char *bytes;
	size_t length;
	struct reader reader;
	struct yaml_document *document;
	void *anchors; /* of tsearch(3), by name */
	size_t n_values, n_bytes;
};

static int read_value(struct builder *builder, const yaml_event_t *event, unsigned depth,
    const struct place *place, struct yaml_node **node);

static int refuse_mark(struct builder *builder, const yaml_mark_t *mark, const struct place *place,
    const char *message)
{
	return reader_refuse_at(&builder->reader, place, (unsigned)mark->line + 1,
	    (unsigned)mark->column + 1, "%s", message);
}

/* --- what libyaml refuses --- */

/* libyaml tells no position of a byte that is no character: only its offset. */
static int refuse_byte(struct builder *builder)
{
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < builder->parser.problem_offset; i++) {
		if (builder->bytes[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)builder->bytes[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	return reader_refuse_at(&builder->reader, NULL, line, column, "%s (0x%02x)",
	    builder->parser.problem, (unsigned)builder->parser.problem_value);
}

/* The byte at mark, whose index counts characters; or 0. */
static char byte_at(const struct builder *builder, const yaml_mark_t *mark)
{
	size_t n_characters = 0;

	for (size_t i = 0; i < builder->length; i++)
		if (((unsigned char)builder->bytes[i] & 0xc0) != 0x80 &&
		    n_characters++ == mark->index)
			return builder->bytes[i];
	return 0;
}

static int refuse_syntax(struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	const yaml_mark_t *mark = &parser->problem_mark;
	char *message;

	if (parser->error == YAML_MEMORY_ERROR)
		return reader_refuse(&builder->reader, NULL, "out of memory");
	if (parser->error == YAML_READER_ERROR)
		return refuse_byte(builder);
	if (byte_at(builder, mark) == '\t')
		message = mem_copy("a tab where only spaces can indent");
	else if (parser->context && parser->context_mark.line != mark->line)
		message = mem_print("%s (%s that begins on line %zu)", parser->problem,
		    parser->context, parser->context_mark.line + 1);
	else if (parser->context)
		message = mem_print("%s (%s)", parser->problem, parser->context);
	else
		message = mem_copy(parser->problem);
	refuse_mark(builder, mark, NULL, message);
	free(message);
	return -1;
}

static int next_event(struct builder *builder, yaml_event_t *event)
{
	if (yaml_parser_parse(&builder->parser, event))
		return 0;
	*event = (yaml_event_t){0};
	return refuse_syntax(builder);
}

/* --- nodes --- */

static int count(struct builder *builder, size_t n_values, size_t n_bytes, const yaml_mark_t *mark,
    const struct place *place)
{
	builder->n_values += n_values;
	builder->n_bytes += n_bytes;
	if (builder->n_values > YAML_MAX_VALUES)
		return refuse_mark(builder, mark, place, "more than 1,000,000 values");
	if (builder->n_bytes > YAML_MAX_BYTES)
		return refuse_mark(builder, mark, place, "more than 16 MiB of text");
	return 0;
}

static struct yaml_node *new_node(struct builder *builder, const yaml_event_t *event, json_t *value)
{
	struct yaml_node *node = yaml_node_new(builder->document,
	    (unsigned)event->start_mark.line + 1, (unsigned)event->start_mark.column + 1, value);

	if (!node)
		reader_refuse(&builder->reader, NULL, "out of memory");
	return node;
}

/* --- anchors and aliases --- */

static int compare_anchors(const void *a, const void *b)
{
	return strcmp(((const struct anchor *)a)->name, ((const struct anchor *)b)->name);
}

static void free_anchor(void *anchor)
{
	free(((struct anchor *)anchor)->name);
	free(anchor);
}

/* The anchor of that name; a name that is used again stands for the newer value. */
static struct anchor *add_anchor(struct builder *builder, const yaml_char_t *name)
{
	struct anchor *anchor;
	struct anchor **slot;

	if (!name)
		return NULL;
	anchor = mem_new(1, sizeof(*anchor));
	anchor->name = mem_copy((const char *)name);
	slot = tsearch(anchor, &builder->anchors, compare_anchors);
	if (slot && *slot == anchor)
		return anchor;
	free_anchor(anchor);
	if (slot)
		(*slot)->node = NULL;
	return slot ? *slot : NULL;
}

static int read_alias(struct builder *builder, const yaml_event_t *event, unsigned depth,
    const struct place *place, struct yaml_node **node)
{
	struct anchor wanted = {.name = (char *)event->data.alias.anchor};
	struct anchor **slot = tfind(&wanted, &builder->anchors, compare_anchors);
	const struct yaml_node *target = slot ? (*slot)->node : NULL;

	if (!slot)
		return refuse_mark(
		    builder, &event->start_mark, place, "no anchor of that name above");
	if (!target)
		return refuse_mark(
		    builder, &event->start_mark, place, "an alias inside what it stands for");
	if (depth + target->height > YAML_MAX_DEPTH)
		return refuse_mark(builder, &event->start_mark, place, "nested more than 64 deep");
	if (count(builder, target->n_values, target->n_bytes, &event->start_mark, place))
		return -1;
	*node = new_node(builder, event, json_incref(target->value));
	if (!*node)
		return -1;
	(*node)->is_alias = true;
	(*node)->children = target->children;
	(*node)->n_children = target->n_children;
	(*node)->n_values = target->n_values;
	(*node)->n_bytes = target->n_bytes;
	(*node)->height = target->height;
	return 0;
}

/* --- values --- */

static int check_tag(struct builder *builder, const yaml_event_t *event, const yaml_char_t *tag,
    const char *allowed, const struct place *place)
{
	if (!tag || strcmp((const char *)tag, "!") == 0 || strcmp((const char *)tag, allowed) == 0)
		return 0;
	return reader_refuse_at(&builder->reader, place, (unsigned)event->start_mark.line + 1,
	    (unsigned)event->start_mark.column + 1, "a tag that is not known: %s",
	    (const char *)tag);
}

/* Whether a scalar has neither quotes nor a tag: its text says what it is. */
static bool is_plain(const yaml_event_t *event)
{
	return event->data.scalar.plain_implicit &&
	       event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static int read_scalar(struct builder *builder, const yaml_event_t *event,
    const struct place *place, struct yaml_node **node)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	const char *problem = "out of memory";
	json_t *value;

	if (check_tag(builder, event, event->data.scalar.tag, YAML_STR_TAG, place) ||
	    count(builder, 0, length, &event->start_mark, place))
		return -1;
	if (strlen(text) != length)
		return refuse_mark(builder, &event->start_mark, place, "a NUL character in a text");
	if (is_plain(event))
		value = yaml_scalar_json(text, length, &problem);
	else
		value = json_stringn(text, length);
	if (!value)
		return refuse_mark(builder, &event->start_mark, place, problem);
	*node = new_node(builder, event, value);
	if (!*node)
		return -1;
	(*node)->n_bytes = (uint32_t)length;
	return 0;
}

static int read_list(struct builder *builder, const yaml_event_t *start, unsigned depth,
    const struct place *place, struct yaml_node **node)
{
	struct yaml_node *list = new_node(builder, start, json_array());
	yaml_event_t event = {0};
	int status;

	if (!list || check_tag(builder, start, start->data.sequence_start.tag, YAML_SEQ_TAG, place))
		return -1;
	list->height = 1;
	while (
	    (status = next_event(builder, &event)) == 0 && event.type != YAML_SEQUENCE_END_EVENT) {
		struct place element = {.parent = place, .index = list->n_children};
		struct yaml_node *child = NULL;

		status = read_value(builder, &event, depth, &element, &child);
		if (!status && json_array_append(list->value, child->value))
			status = reader_refuse(&builder->reader, NULL, "out of memory");
		yaml_event_delete(&event);
		if (status)
			break;
		yaml_node_add(list, NULL, child->line, child->column, child);
	}
	yaml_event_delete(&event);
	*node = list;
	return status;
}

/* A mapping while it is read. */
struct mapping {
	struct yaml_node *node;
	struct yaml_node *merged; /* the value of "<<", or NULL */
};

static int add_member(
    struct builder *builder, struct yaml_node *map, const struct yaml_child *member)
{
	if (json_object_set(map->value, member->key, member->node->value))
		return reader_refuse(&builder->reader, NULL, "out of memory");
	yaml_node_add(map, member->key, member->line, member->column, member->node);
	return 0;
}

/* Adds the members of the mapping source that map does not have. */
static int merge_map(struct builder *builder, struct yaml_node *map, const struct place *place,
    const struct yaml_node *source)
{
	const yaml_mark_t mark = {.line = source->line - 1, .column = source->column - 1};

	if (!json_is_object(source->value))
		return refuse_mark(
		    builder, &mark, place, "<< takes a mapping or a list of mappings");
	for (size_t i = 0; i < source->n_children; i++) {
		const struct yaml_child *child = &source->children[i];
		size_t n_bytes = child->node->n_bytes + strlen(child->key);

		if (json_object_get(map->value, child->key))
			continue;
		if (count(builder, child->node->n_values, n_bytes, &mark, place) ||
		    add_member(builder, map, child))
			return -1;
	}
	return 0;
}

/* Carries out "<<: *mapping" or "<<: [*one, *other]": the mapping's own keys win, then the first.
 */
static int merge(struct builder *builder, struct yaml_node *map, const struct place *place,
    const struct yaml_node *sources)
{
	if (!json_is_array(sources->value))
		return merge_map(builder, map, place, sources);
	for (size_t i = 0; i < sources->n_children; i++)
		if (merge_map(builder, map, place, sources->children[i].node))
			return -1;
	return 0;
}

/* Reads the key that event begins: its name and where it is. */
static int read_key(struct builder *builder, const yaml_event_t *event, const struct place *place,
    const struct yaml_node *map, struct yaml_child *member)
{
	const struct yaml_child *first;
	struct yaml_node *key;
	struct place below = {.parent = place};

	if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT)
		return refuse_mark(builder, &event->start_mark, place, "a key that is not text");
	if (read_value(builder, event, 0, place, &key))
		return -1;
	if (!json_is_string(key->value))
		return refuse_mark(builder, &event->start_mark, place,
		    "a key that is not text (write it in quotes)");
	member->key = (char *)json_string_value(key->value); /* lives with the document */
	member->line = key->line;
	member->column = key->column;
	if (!json_object_get(map->value, member->key))
		return 0;
	first = yaml_node_child(map, member->key, 0);
	below.key = member->key;
	return reader_refuse_at(&builder->reader, &below, key->line, key->column,
	    "duplicate key (the first is on line %u)", first->line);
}

/* Whether the key is "<<" without quotes. */
static bool is_merge_key(const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT && is_plain(event) &&
	       strcmp((const char *)event->data.scalar.value, "<<") == 0;
}

/* A key and its value, depth deep. */
static int read_member(struct builder *builder, const yaml_event_t *key_event, unsigned depth,
    const struct place *place, struct mapping *mapping)
{
	struct yaml_child member = {0};
	struct yaml_node *child = NULL;
	yaml_event_t event = {0};
	struct place below;
	int status;

	if (read_key(builder, key_event, place, mapping->node, &member))
		return -1;
	below = (struct place){.parent = place, .key = member.key};
	status = next_event(builder, &event);
	if (!status)
		status = read_value(builder, &event, depth, &below, &child);
	yaml_event_delete(&event);
	if (status)
		return -1;
	member.node = child;
	if (!is_merge_key(key_event))
		return add_member(builder, mapping->node, &member);
	if (mapping->merged)
		return reader_refuse_at(
		    &builder->reader, &below, member.line, member.column, "duplicate key");
	mapping->merged = child;
	return 0;
}

static int read_map(struct builder *builder, const yaml_event_t *start, unsigned depth,
    const struct place *place, struct yaml_node **node)
{
	struct mapping mapping = {.node = new_node(builder, start, json_object())};
	yaml_event_t event = {0};
	int status;

	if (!mapping.node ||
	    check_tag(builder, start, start->data.mapping_start.tag, YAML_MAP_TAG, place))
		return -1;
	mapping.node->height = 1;
	while (
	    (status = next_event(builder, &event)) == 0 && event.type != YAML_MAPPING_END_EVENT) {
		status = read_member(builder, &event, depth, place, &mapping);
		yaml_event_delete(&event);
		if (status)
			break;
	}
	yaml_event_delete(&event);
	if (!status && mapping.merged)
		status = merge(builder, mapping.node, place, mapping.merged);
	*node = mapping.node;
	return status;
}

/* depth: how many mappings and lists the value is in. */
static int read_value(struct builder *builder, const yaml_event_t *event, unsigned depth,
    const struct place *place, struct yaml_node **node)
{
	const yaml_char_t *name = NULL;
	struct anchor *anchor;
	int status;

	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(builder, event, depth, place, node);
	if (event->type != YAML_SCALAR_EVENT && depth == YAML_MAX_DEPTH)
		return refuse_mark(builder, &event->start_mark, place, "nested more than 64 deep");
	if (count(builder, 1, 0, &event->start_mark, place))
		return -1;
	if (event->type == YAML_SCALAR_EVENT)
		name = event->data.scalar.anchor;
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		name = event->data.sequence_start.anchor;
	else
		name = event->data.mapping_start.anchor;
	anchor = add_anchor(builder, name);
	if (event->type == YAML_SCALAR_EVENT)
		status = read_scalar(builder, event, place, node);
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		status = read_list(builder, event, depth + 1, place, node);
	else
		status = read_map(builder, event, depth + 1, place, node);
	if (!status && anchor)
		anchor->node = *node;
	return status;
}

/* The events of a stream with at most one document. */
static int read_stream(struct builder *builder)
{
	struct yaml_node *root = NULL;
	yaml_event_t event = {0};
	int status = 0;

	while (!status && event.type != YAML_STREAM_END_EVENT) {
		yaml_event_delete(&event);
		status = next_event(builder, &event);
		if (status)
			break;
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_STREAM_END_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (root)
				status = refuse_mark(
				    builder, &event.start_mark, NULL, "a second document");
			break;
		default:
			status = read_value(builder, &event, 0, NULL, &root);
			break;
		}
	}
	yaml_event_delete(&event);
	builder->document->root = root;
	return status;
}

int yaml_read(const char *bytes, size_t length, const char *file, struct yaml_document *document,
    struct workspace_error *error)
{
	struct builder builder = {
	    .reader = {.file = file, .error = error},
	    .document = document,
	};
	int status;

	*document = (struct yaml_document){0};
	if (length > YAML_MAX_BYTES)
		return reader_refuse(&builder.reader, NULL, "larger than 16 MiB");
	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		length -= 3;
	}
	if (yaml_read_json(bytes, length, document) == 0)
		return 0;
	if (!yaml_parser_initialize(&builder.parser))
		return reader_refuse(&builder.reader, NULL, "out of memory");
	builder.bytes = bytes;
	builder.length = length;
	yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&builder.parser, (const unsigned char *)bytes, length);
	status = read_stream(&builder);
	if (status)
		yaml_document_clear(document);
	tdestroy(builder.anchors, free_anchor);
	yaml_parser_delete(&builder.parser);
	return status;
}
