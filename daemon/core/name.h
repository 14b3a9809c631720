/*
 * Names and patterns: their form, and how a pattern matches a name. A pattern is a name with
 * [placeholders]; within a part (what stands between separators) it holds at most one, so every
 * match is unique and found in linear time.
 */
#ifndef PARPROC_CORE_NAME_H
#define PARPROC_CORE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/fault.h"

#define NAME_SIZE_MAX 1024
#define NAME_PLACEHOLDERS_MAX 64

/* A placeholder of a pattern, or what it stands for: bytes of a text that is not ended by a NUL. */
struct slice {
	const char *text;
	size_t length;
};

struct capture {
	struct slice name;
	struct slice value;
};

/* A part of a pattern: before the placeholder, its name, behind it. No placeholder: all is before.
 */
struct name_part {
	struct slice before;
	struct slice placeholder; /* length 0: none */
	struct slice behind;
};

enum name_kind {
	NAME_CONCRETE, /* no placeholders */
	NAME_PROTO,  /* text that follows a placeholder begins with the separator; each one once */
	NAME_TARGET, /* of an rdep: at most one placeholder in a part */
	NAME_FILLED, /* of a dep: placeholders anywhere, since they are filled and never matched */
};

/* Whether text is a name or pattern of that kind; or the fault says what is wrong with it. */
int name_check(const char *text, enum name_kind kind, const char *separator, struct fault *fault);

/* Takes the first part of *rest (up to the separator or the end) and moves *rest behind it.
 * False at the end. The pattern must be of a form that name_check allows. */
bool name_next_part(const char **rest, const char *separator, struct name_part *part);

/*
 * The next [placeholder] at or after text: its name, and where its brackets begin and end.
 * False if there is none. Brackets that hold no placeholder's name are passed over.
 */
bool name_next_placeholder(
    const char *text, struct slice *name, const char **begin, const char **end);

bool name_has_placeholder(const char *text);

/* Whether text has a * or ?. */
bool name_has_glob(const char *text);

/* Matches name against pattern. The number of captures, in the pattern's order, or -1.
 * A placeholder that stands twice must match the same value twice; it is captured once. */
int name_match(const char *pattern, const char *separator, const char *name,
    struct capture captures[NAME_PLACEHOLDERS_MAX]);

/* Whether value can stand for a placeholder: 1 byte and more, no separator, control or bracket. */
bool name_value_is_fine(const char *value, const char *separator);

bool slice_equal(struct slice a, struct slice b);
bool slice_is(struct slice slice, const char *text);

#endif
