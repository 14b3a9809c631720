/* The form of names and patterns, and matching; see name.h. Pure functions of texts. */
#include "daemon/core/name.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

bool slice_equal(struct slice a, struct slice b)
{
	return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

bool slice_is(struct slice slice, const char *text)
{
	return strlen(text) == slice.length && memcmp(slice.text, text, slice.length) == 0;
}

/*
 * The code point at text and its length in *length; -1 if the bytes are not UTF-8 (RFC 3629:
 * shortest forms only, no surrogates, nothing above U+10FFFF).
 */
static int32_t utf8_decode(const unsigned char *text, size_t *length)
{
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	int32_t point;

	if (text[0] < 0x80) {
		*length = 1;
		return text[0];
	}
	if (text[0] >= 0xf8 || text[0] < 0xc0)
		return -1;
	*length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	point = text[0] & (0xff >> (*length + 1));
	for (size_t i = 1; i < *length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return -1;
		point = point << 6 | (text[i] & 0x3f);
	}
	if (point < least[*length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return -1;
	return point;
}

/* Whether text is UTF-8 without control characters (C0, DEL, C1). */
static bool text_is_clean(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length;

	while (*at != '\0') {
		int32_t point = utf8_decode(at, &length);
		if (point < 0x20 || (point >= 0x7f && point < 0xa0))
			return false;
		at += length;
	}
	return true;
}

bool name_next_placeholder(
    const char *text, struct slice *name, const char **begin, const char **end)
{
	for (const char *open = strchr(text, '['); open != NULL; open = strchr(open + 1, '[')) {
		const char *at = open + 1;
		if (!isalpha((unsigned char)*at) && *at != '_')
			continue;
		while (isalnum((unsigned char)*at) || *at == '_')
			at++;
		if (*at != ']')
			continue;
		*name = (struct slice){open + 1, (size_t)(at - open - 1)};
		*begin = open;
		*end = at + 1;
		return true;
	}
	return false;
}

bool name_has_placeholder(const char *text)
{
	struct slice name;
	const char *begin, *end;

	return name_next_placeholder(text, &name, &begin, &end);
}

bool name_has_glob(const char *text)
{
	return strpbrk(text, "*?") != NULL;
}

/* Whether every bracket of text belongs to a placeholder; counts those in *count. */
static bool brackets_are_fine(const char *text, size_t *count)
{
	struct slice name;
	const char *begin, *end;

	for (*count = 0; name_next_placeholder(text, &name, &begin, &end); text = end, ++*count) {
		if (memchr(text, '[', (size_t)(begin - text)) ||
		    memchr(text, ']', (size_t)(begin - text)))
			return false;
	}
	return strpbrk(text, "[]") == NULL;
}

/* What only a proto's name has to keep: the separator behind each placeholder, none twice. */
static int proto_check(const char *text, const char *separator, struct fault *fault)
{
	struct slice names[NAME_PLACEHOLDERS_MAX];
	size_t count = 0;
	const char *begin, *end, *rest = text;

	for (; name_next_placeholder(rest, &names[count], &begin, &end); rest = end) {
		for (size_t i = 0; i < count; i++)
			if (slice_equal(names[i], names[count]))
				return fault_set(fault, FAULT_BAD_NAME,
				    "%s: the placeholder [%.*s] stands twice in it", text,
				    (int)names[i].length, names[i].text);
		if (*end != '\0' && strncmp(end, separator, strlen(separator)) != 0)
			return fault_set(fault, FAULT_BAD_NAME,
			    "%s: what follows [%.*s] has to begin with the separator %s", text,
			    (int)names[count].length, names[count].text, separator);
		count++;
	}
	return 0;
}

static int target_check(const char *text, const char *separator, struct fault *fault)
{
	struct name_part part;
	struct slice name;
	const char *begin, *end, *rest = text;

	while (name_next_part(&rest, separator, &part)) {
		if (part.placeholder.length > 0 &&
		    name_next_placeholder(part.behind.text, &name, &begin, &end) &&
		    end <= part.behind.text + part.behind.length)
			return fault_set(fault, FAULT_BAD_NAME,
			    "%s: between [%.*s] and [%.*s] there has to be the separator %s", text,
			    (int)part.placeholder.length, part.placeholder.text, (int)name.length,
			    name.text, separator);
	}
	return 0;
}

static int check(const char *text, enum name_kind kind, const char *separator, struct fault *fault)
{
	size_t count;

	if (text[0] == '\0')
		return fault_set(fault, FAULT_BAD_NAME, "a name cannot be empty");
	if (strlen(text) > NAME_SIZE_MAX)
		return fault_set(fault, FAULT_BAD_NAME, "%.40s…: a name has at most %d bytes", text,
		    NAME_SIZE_MAX);
	if (!text_is_clean(text))
		return fault_set(fault, FAULT_BAD_NAME,
		    "a name is UTF-8 without control characters; one is not");
	if (!brackets_are_fine(text, &count))
		return fault_set(fault, FAULT_BAD_NAME,
		    "%s: brackets hold a placeholder ([name]) and nothing else", text);
	if (kind == NAME_CONCRETE && count > 0)
		return fault_set(fault, FAULT_BAD_NAME,
		    "%s: a proc's name has no [placeholders]; a proto's has", text);
	if (count > NAME_PLACEHOLDERS_MAX)
		return fault_set(fault, FAULT_BAD_NAME, "%.40s…: more than %d placeholders", text,
		    NAME_PLACEHOLDERS_MAX);
	if (kind == NAME_PROTO)
		return proto_check(text, separator, fault);
	if (kind == NAME_TARGET)
		return target_check(text, separator, fault);
	return 0;
}

int name_check(const char *text, enum name_kind kind, const char *separator, struct fault *fault)
{
	return check(text, kind, separator, fault) == 0 ? 0 : fault_note(fault, "name", text);
}

bool name_next_part(const char **rest, const char *separator, struct name_part *part)
{
	const char *from = *rest, *begin, *end, *stop;
	size_t gap = strlen(separator);

	if (from == NULL)
		return false;
	*part = (struct name_part){0};
	stop = strstr(from, separator);
	/* A separator of letters may occur in a placeholder's name: that one does not count. */
	if (name_next_placeholder(from, &part->placeholder, &begin, &end) &&
	    (stop == NULL || begin < stop)) {
		stop = strstr(end, separator);
		part->before = (struct slice){from, (size_t)(begin - from)};
		part->behind = (struct slice){end, stop ? (size_t)(stop - end) : strlen(end)};
	} else {
		part->placeholder = (struct slice){0};
		part->before = (struct slice){from, stop ? (size_t)(stop - from) : strlen(from)};
	}
	*rest = stop ? stop + gap : NULL;
	return true;
}

static bool part_match(const struct name_part *part, struct slice text, struct slice *value)
{
	size_t fixed = part->before.length + part->behind.length;

	if (part->placeholder.length == 0)
		return slice_equal(part->before, text);
	if (text.length <= fixed ||
	    memcmp(text.text, part->before.text, part->before.length) != 0 ||
	    memcmp(text.text + text.length - part->behind.length, part->behind.text,
	        part->behind.length) != 0)
		return false;
	*value = (struct slice){text.text + part->before.length, text.length - fixed};
	return true;
}

int name_match(const char *pattern, const char *separator, const char *name,
    struct capture captures[NAME_PLACEHOLDERS_MAX])
{
	struct name_part part, concrete;
	struct slice value;
	int count = 0, i;

	while (name_next_part(&pattern, separator, &part)) {
		if (!name_next_part(&name, separator, &concrete) ||
		    !part_match(&part, concrete.before, &value))
			return -1;
		if (part.placeholder.length == 0)
			continue;
		for (i = 0; i < count; i++)
			if (slice_equal(captures[i].name, part.placeholder))
				break;
		if (i < count && !slice_equal(captures[i].value, value))
			return -1;
		if (i == count) {
			if (count == NAME_PLACEHOLDERS_MAX)
				return -1;
			captures[count++] = (struct capture){part.placeholder, value};
		}
	}
	return name == NULL ? count : -1;
}

bool name_value_is_fine(const char *value, const char *separator)
{
	return value[0] != '\0' && strstr(value, separator) == NULL &&
	       strpbrk(value, "[]") == NULL && text_is_clean(value);
}
