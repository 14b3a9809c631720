/*
 * Mutations of scripts that leave most lines well-formed: whole lines are added,
 * moved and removed, and one word is put in the place of another. Every fourth time libFuzzer's own
 * are used, which know the dictionary.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/script_words.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

struct random {
	uint32_t state;
};

static size_t below(struct random *random, size_t limit)
{
	random->state = random->state * 1664525u + 1013904223u;
	return (random->state >> 8) % limit;
}

struct script {
	uint8_t *data;
	size_t size, max_size;
};

/* Puts length bytes of text where n_old bytes were; nothing where there is no room. */
static void splice(struct script *script, size_t at, size_t n_old, const char *text, size_t length)
{
	if (script->size - n_old + length > script->max_size)
		return;
	memmove(script->data + at + length, script->data + at + n_old, script->size - at - n_old);
	if (length > 0)
		memcpy(script->data + at, text, length);
	script->size += length - n_old;
}

/* The beginning of a random line; *length has its newline, if there is one. */
static size_t pick_line(const struct script *script, struct random *random, size_t *length)
{
	size_t at = below(random, script->size + 1), end;

	while (at > 0 && script->data[at - 1] != '\n')
		at--;
	for (end = at; end < script->size && script->data[end++] != '\n';)
		continue;
	*length = end - at;
	return at;
}

static int is_word_byte(uint8_t byte)
{
	return byte != 0 && !strchr("\"{}[], \n", byte);
}

/* Puts another word in the place of a random one. */
static void replace_word(struct script *script, struct random *random)
{
	const char *word = script_words[below(random, n_script_words)];
	size_t at = below(random, script->size + 1), end;

	while (at < script->size && !is_word_byte(script->data[at]))
		at++;
	while (at > 0 && is_word_byte(script->data[at - 1]))
		at--;
	for (end = at; end < script->size && is_word_byte(script->data[end]);)
		end++;
	splice(script, at, end - at, word, strlen(word));
}

static void repeat_line(struct script *script, struct random *random)
{
	char line[1024];
	size_t length, at = pick_line(script, random, &length);

	if (length > sizeof(line))
		return;
	memcpy(line, script->data + at, length);
	at = pick_line(script, random, &(size_t){0});
	splice(script, at, 0, line, length);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct script script = {.data = data, .size = size, .max_size = max_size};
	struct random random = {.state = seed};
	size_t at, length;
	const char *line;

	switch (below(&random, 8)) {
	case 0:
	case 1:
		line = script_lines[below(&random, n_script_lines)];
		at = pick_line(&script, &random, &length);
		splice(&script, at, 0, line, strlen(line));
		break;
	case 2:
		at = pick_line(&script, &random, &length);
		splice(&script, at, length, NULL, 0);
		break;
	case 3:
		repeat_line(&script, &random);
		break;
	case 4:
	case 5:
		replace_word(&script, &random);
		break;
	default:
		return LLVMFuzzerMutate(data, size, max_size);
	}
	return script.size > 0 ? script.size : LLVMFuzzerMutate(data, size, max_size);
}
