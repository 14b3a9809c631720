/*
 * Plain scalars by YAML 1.2's core schema: yes, no, on and off are text, 010 is ten, 0o10 is eight.
 */
#include "daemon/workspace/yaml_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char too_large[] = "a number beyond what 64 bits hold (in quotes it would be text)";
static const char no_json[] = "not a number that JSON has (in quotes it would be text)";
static const char no_memory[] = "out of memory";

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, text) == 0)
			return true;
	return false;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

static const char *after_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

/* The base of the integer that text is, or 0. */
static int integer_base(const char *text)
{
	const char *digits = after_sign(text);

	if (text[0] == '0' && text[1] == 'o' && text[2] && !text[2 + strspn(text + 2, "01234567")])
		return 8;
	if (text[0] == '0' && text[1] == 'x' && text[2] &&
	    !text[2 + strspn(text + 2, "0123456789abcdefABCDEF")])
		return 16;
	return *digits && !digits[count_digits(digits)] ? 10 : 0;
}

static bool is_real(const char *text)
{
	size_t whole, fraction = 0;

	text = after_sign(text);
	whole = count_digits(text);
	text += whole;
	if (*text == '.') {
		fraction = count_digits(++text);
		text += fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text = after_sign(text + 1);
		if (count_digits(text) == 0)
			return false;
		text += count_digits(text);
	}
	return !*text;
}

static json_t *read_integer(const char *text, int base, const char **problem)
{
	json_int_t number;

	errno = 0;
	number = strtoll(base == 10 ? text : text + 2, NULL, base);
	if (errno) {
		*problem = too_large;
		return NULL;
	}
	return json_integer(number);
}

static json_t *read_real(const char *text, const char **problem)
{
	double number = strtod(text, NULL);

	if (!isfinite(number)) {
		*problem = too_large;
		return NULL;
	}
	return json_real(number);
}

json_t *yaml_scalar_json(const char *text, size_t length, const char **problem)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"true", "True", "TRUE", NULL};
	static const char *const falses[] = {"false", "False", "FALSE", NULL};
	static const char *const specials[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
	int base = integer_base(text);

	*problem = no_memory;
	if (is_one_of(text, nulls))
		return json_null();
	if (is_one_of(text, trues))
		return json_true();
	if (is_one_of(text, falses))
		return json_false();
	if (base)
		return read_integer(text, base, problem);
	if (is_real(text))
		return read_real(text, problem);
	if (is_one_of(after_sign(text), specials) || is_one_of(text, nans)) {
		*problem = no_json;
		return NULL;
	}
	return json_stringn(text, length);
}
