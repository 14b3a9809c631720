/*
 * The workspace file over time: what it says now, what the core has taken of it, and what was set
 * at run time over it. The file itself is read by file.c, its text by yaml.c.
 */
#include "daemon/workspace/workspace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/measure.h"
#include "daemon/workspace/file.h"
#include "daemon/workspace/scheduling.h"
#include "daemon/workspace/schema.h"
#include "daemon/workspace/yaml.h"

struct workspace {
	char *directory;
	bool has_looked; /* seen says what the file was */
	struct file_state seen;
	struct workspace_error error; /* of the file as it is; no message: none */

	/* What was read and the core has not taken, with the positions for why not. */
	bool is_pending;
	struct workspace_load pending;
	struct yaml_document document;
	json_t *pending_params; /* the file's own */

	/* In force. */
	struct workspace_options options;
	json_t *params;
	struct executors executors;
	json_t *executors_value;
	json_t *pools;

	/* What these are made of: the file's, and what was set over it. */
	json_t *file_params;
	json_t *set_options;
	json_t *set_params;
};

static const struct place params_place = {.key = "params"};

/* --- reading, without state --- */

/* Whether there is the executor that the options name; set: those that were set at run time, over
 * the file's (may be NULL). 0, or -1: refused. */
static int check_executor(const struct executors *executors,
    const struct workspace_options *options, const json_t *set, const struct reader *reader)
{
	static const struct place section = {.key = "options"};
	const struct place place = {
	    .parent = reader->positions ? &section : NULL, .key = "executor"};
	char *problem;

	if (executors_find(executors, options->executor))
		return 0;
	problem = executors_explain_unknown(executors, options->executor);
	if (json_object_get(set, "executor")) /* the file need not say anything of it */
		reader_refuse_key(reader, NULL,
		    "%s; it was set with ppctl options executor=%s, which has to be set anew",
		    problem, options->executor);
	else
		reader_refuse(reader, &place, "%s", problem);
	free(problem);
	return -1;
}

static int parse_executors(const json_t *value, const json_t *overlay, const struct reader *reader,
    struct workspace_load *load)
{
	const json_t *section = json_object_get(value, "executors");

	load->executors_value = json_is_object(section) ? json_incref((json_t *)section) : NULL;
	if (executors_read(reader, load->executors_value, &load->executors))
		return -1;
	return check_executor(&load->executors, &load->options, overlay, reader);
}

static int parse(const char *bytes, size_t length, const char *file, const json_t *overlay,
    struct workspace_load *load, struct yaml_document *document, struct workspace_error *error)
{
	static const struct place options_place = {.key = "options"};
	struct reader reader = {.file = file, .error = error};
	struct reader overlay_reader = {.error = error};
	const json_t *value, *params;

	*load = (struct workspace_load){0};
	workspace_options_init(&load->options);
	if (yaml_read(bytes, length, file, document, error))
		return -1;
	value = document->root ? document->root->value : NULL;
	reader.positions = document->root;
	if (value && !json_is_null(value) && schema_check(&schema_workspace, value, &reader, NULL))
		return -1;
	if (workspace_options_set(
	        &load->options, json_object_get(value, "options"), &reader, &options_place) ||
	    workspace_options_set(&load->options, overlay, &overlay_reader, NULL))
		return -1;
	params = json_object_get(value, "params");
	if (measure_json(params) > PARAMS_MAX_BYTES)
		return reader_refuse_key(
		    &reader, &params_place, "they take more than " PARAMS_MAX_TEXT);
	load->params = json_is_object(params) ? json_copy((json_t *)params) : json_object();
	if (!load->params)
		return reader_refuse(&reader, NULL, "out of memory");
	load->pools = pools_read(&reader, json_object_get(value, "pools"));
	if (load->pools && parse_executors(value, overlay, &reader, load) == 0 &&
	    definitions_from_json(
	        value, ORIGIN_FILE, load->options.separator, &reader, &load->definitions) == 0 &&
	    executors_check(&load->executors, &load->definitions, &reader) == 0)
		return 0;
	workspace_load_clear(load);
	return -1;
}

int workspace_parse(const char *bytes, size_t length, const char *file, const json_t *overlay,
    struct workspace_load *load, struct workspace_error *error)
{
	struct yaml_document document = {0};
	int status = parse(bytes, length, file, overlay, load, &document, error);

	yaml_document_clear(&document);
	return status;
}

void workspace_load_clear(struct workspace_load *load)
{
	definitions_clear(&load->definitions);
	json_decref(load->params);
	executors_clear(&load->executors);
	json_decref(load->executors_value);
	json_decref(load->pools);
	*load = (struct workspace_load){0};
}

/* --- its life --- */

/* Has what was read before hold again. */
static void restore_executors(struct workspace *workspace, json_t *value)
{
	struct workspace_error error = {0};
	const struct reader reader = {.error = &error};
	struct executors executors = {0};

	if ((!value || schema_check(&executors_shape, value, &reader, NULL) == 0) &&
	    executors_read(&reader, value, &executors) == 0) {
		executors_clear(&workspace->executors);
		json_decref(workspace->executors_value);
		workspace->executors = executors;
		workspace->executors_value = json_incref(value);
	} else {
		executors_clear(&executors);
	}
	workspace_error_clear(&error);
}

struct workspace *workspace_new(const char *directory)
{
	struct workspace *workspace = mem_new(1, sizeof(*workspace));

	workspace->directory = mem_copy(directory);
	workspace->params = json_object();
	workspace->pools = json_object();
	workspace->file_params = json_object();
	workspace->set_options = json_object();
	workspace->set_params = json_object();
	workspace_options_init(&workspace->options);
	restore_executors(workspace, NULL);
	if (workspace->params && workspace->pools && workspace->file_params &&
	    workspace->set_options && workspace->set_params)
		return workspace;
	workspace_free(workspace);
	return NULL;
}

static void drop_pending(struct workspace *workspace)
{
	workspace->is_pending = false;
	workspace_load_clear(&workspace->pending);
	yaml_document_clear(&workspace->document);
	json_decref(workspace->pending_params);
	workspace->pending_params = NULL;
}

void workspace_free(struct workspace *workspace)
{
	if (!workspace)
		return;
	drop_pending(workspace);
	workspace_error_clear(&workspace->error);
	json_decref(workspace->params);
	json_decref(workspace->pools);
	json_decref(workspace->file_params);
	json_decref(workspace->set_options);
	json_decref(workspace->set_params);
	executors_clear(&workspace->executors);
	json_decref(workspace->executors_value);
	free(workspace->directory);
	free(workspace);
}

/* --- the file --- */

/* A new object with the members of both; those of over win. NULL: out of memory. */
static json_t *overlay_params(const json_t *params, const json_t *over)
{
	json_t *both = json_copy((json_t *)params);

	if (both && json_object_update(both, (json_t *)over) == 0)
		return both;
	json_decref(both);
	return NULL;
}

/* Puts what was set at run time over the params of what was just parsed. */
static int overlay_pending(struct workspace *workspace)
{
	struct reader reader = {.file = workspace->seen.name,
	    .positions = workspace->document.root,
	    .error = &workspace->error};
	struct workspace_load *load = &workspace->pending;

	workspace->pending_params = load->params;
	load->params = overlay_params(workspace->pending_params, workspace->set_params);
	if (!load->params)
		return reader_refuse(&reader, NULL, "out of memory");
	if (measure_json(load->params) > PARAMS_MAX_BYTES)
		return reader_refuse_key(&reader, &params_place,
		    "with those that were set since they take more than " PARAMS_MAX_TEXT);
	return 0;
}

static int read_file(struct workspace *workspace)
{
	struct file_state *seen = &workspace->seen;
	size_t length;
	char *bytes;
	int status;

	status =
	    workspace_file_read(workspace->directory, seen, &bytes, &length, &workspace->error);
	/* What did not even tell its name is tried again the next time. */
	workspace->has_looked = status == 0 || seen->name;
	if (status == 0)
		status = parse(bytes ? bytes : "", length, seen->name, workspace->set_options,
		    &workspace->pending, &workspace->document, &workspace->error);
	if (status == 0)
		status = overlay_pending(workspace);
	free(bytes);
	return status;
}

const struct workspace_load *workspace_poll(struct workspace *workspace, bool is_forced)
{
	if (is_forced || !workspace->has_looked ||
	    !workspace_file_is_same(workspace->directory, &workspace->seen)) {
		drop_pending(workspace);
		workspace_error_clear(&workspace->error);
		workspace->is_pending = read_file(workspace) == 0;
		if (!workspace->is_pending)
			drop_pending(workspace);
	}
	return workspace->is_pending ? &workspace->pending : NULL;
}

void workspace_accept(struct workspace *workspace)
{
	if (!workspace->is_pending)
		return;
	workspace->options = workspace->pending.options;
	json_decref(workspace->params);
	workspace->params = json_incref(workspace->pending.params);
	json_decref(workspace->pools);
	workspace->pools = json_incref(workspace->pending.pools);
	json_decref(workspace->file_params);
	workspace->file_params = json_incref(workspace->pending_params);
	executors_clear(&workspace->executors);
	json_decref(workspace->executors_value);
	workspace->executors = workspace->pending.executors;
	workspace->executors_value = workspace->pending.executors_value;
	workspace->pending.executors = (struct executors){0};
	workspace->pending.executors_value = NULL;
	workspace_error_clear(&workspace->error);
	drop_pending(workspace);
}

/* The definition that the fault's names mention first, or NULL. */
static const struct definition *find_culprit(
    const struct definitions *definitions, const struct fault *fault)
{
	for (size_t i = 0; i < fault->names.count; i++)
		for (size_t j = 0; j < definitions->count; j++)
			if (strcmp(definitions->items[j]->name, fault->names.items[i]) == 0)
				return definitions->items[j];
	return NULL;
}

void workspace_reject(struct workspace *workspace, const struct fault *fault)
{
	struct reader reader = {
	    .file = workspace->seen.name,
	    .positions = workspace->document.root,
	    .error = &workspace->error,
	};
	const struct definition *culprit = find_culprit(&workspace->pending.definitions, fault);
	struct place section = {.key = culprit && culprit->is_proto ? "protos" : "procs"};
	struct place place = {.parent = &section, .key = culprit ? culprit->name : NULL};

	reader_refuse_key(&reader, culprit ? &place : NULL, "%s", fault->message);
	workspace->error.code = fault->code;
}

const struct workspace_error *workspace_get_error(const struct workspace *workspace)
{
	return workspace->error.message ? &workspace->error : NULL;
}

/* --- options and params --- */

const struct workspace_options *workspace_get_options(const struct workspace *workspace)
{
	return &workspace->options;
}

/* A file that was refused is read again, with what was set over it since. */
static void look_again(struct workspace *workspace)
{
	if (workspace->is_pending || workspace->error.message)
		workspace->has_looked = false;
}

int workspace_set_options(
    struct workspace *workspace, const json_t *values, struct workspace_error *error)
{
	struct reader reader = {.error = error};
	struct workspace_options options = workspace->options;
	json_t *set;

	if (workspace_options_set(&options, values, &reader, NULL) ||
	    check_executor(&workspace->executors, &options, NULL, &reader))
		return -1;
	set = overlay_params(workspace->set_options, values);
	if (!set)
		return reader_refuse(&reader, NULL, "out of memory");
	json_decref(workspace->set_options);
	workspace->set_options = set;
	workspace->options = options;
	look_again(workspace);
	return 0;
}

const json_t *workspace_get_pools(const struct workspace *workspace)
{
	return workspace->pools;
}

const json_t *workspace_get_params(const struct workspace *workspace)
{
	return workspace->params;
}

int workspace_set_params(struct workspace *workspace, const json_t *values)
{
	json_t *copy = json_deep_copy(values);
	json_t *set = copy ? overlay_params(workspace->set_params, copy) : NULL;
	json_t *params = set ? overlay_params(workspace->file_params, set) : NULL;
	bool is_large = measure_json(params) > PARAMS_MAX_BYTES;

	json_decref(copy);
	if (!params || is_large) {
		json_decref(set);
		json_decref(params);
		errno = is_large ? E2BIG : ENOMEM;
		return -1;
	}
	json_decref(workspace->set_params);
	workspace->set_params = set;
	json_decref(workspace->params);
	workspace->params = params;
	look_again(workspace);
	return 0;
}

const struct executors *workspace_get_executors(const struct workspace *workspace)
{
	return &workspace->executors;
}

json_t *workspace_save(const struct workspace *workspace)
{
	return json_pack("{s:o?, s:O, s:O, s:O, s:O, s:O, s:O?}", "options",
	    workspace_options_json(&workspace->options), "params", workspace->params, "file_params",
	    workspace->file_params, "set_options", workspace->set_options, "set_params",
	    workspace->set_params, "pools", workspace->pools, "executors",
	    workspace->executors_value);
}

static void restore_object(json_t **object, const json_t *saved, const char *name)
{
	json_t *value = json_object_get(saved, name);

	if (!json_is_object(value))
		return;
	json_decref(*object);
	*object = json_incref(value);
}

void workspace_restore(struct workspace *workspace, const json_t *saved, bool has_set)
{
	workspace_options_restore(&workspace->options, json_object_get(saved, "options"));
	restore_object(&workspace->file_params, saved, "file_params");
	restore_object(&workspace->pools, saved, "pools");
	restore_object(&workspace->params, saved, has_set ? "params" : "file_params");
	if (json_is_object(json_object_get(saved, "executors")))
		restore_executors(workspace, json_object_get(saved, "executors"));
	if (!has_set)
		return;
	restore_object(&workspace->set_options, saved, "set_options");
	restore_object(&workspace->set_params, saved, "set_params");
}

char *workspace_params_text(const struct workspace *workspace, const json_t *override)
{
	json_t *both = json_object();
	char *text = NULL;

	if (both && json_object_set(both, "w", workspace->params) == 0 &&
	    json_object_set_new(
	        both, "o", override ? json_incref((json_t *) override) : json_object()) == 0)
		text = json_dumps(both, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(both);
	return text;
}
