/*
 * Scripts: a line that begins with '!' is an event, any other is what a client sends.
 */
#include "tests/fuzz/script.h"

#include <stdlib.h>
#include <string.h>

/* Each of them costs a look at all of the core. */
#define LINES_MAX 200

#define TICK_MAX_S 1000000

/* The number that text begins with; *text is behind it, and the blank that follows. */
static unsigned take_number(const char **text)
{
	char *end;
	unsigned long number = strtoul(*text, &end, 10);

	*text = *end == ' ' ? end + 1 : end;
	return (unsigned)number;
}

static void end_worker(struct kit *kit, const char *text, bool has_leftovers)
{
	unsigned index = take_number(&text);
	struct kit_end end = {
	    .wait_status = (int)(take_number(&text) & 0xffff), .has_leftovers = has_leftovers};

	if ((end.wait_status & 0xff) == 0x7f || end.wait_status == 0xffff)
		end.wait_status = 0; /* of a stopped or continued one, which is never reported */
	end.text = *text ? text : NULL;
	kit_end_worker(kit, index, &end);
}

static void fail_to_spawn(struct kit *kit, const char *text)
{
	unsigned index = take_number(&text);
	struct kit_end end = {.spawn_errno = (int)(take_number(&text) % 100 + 1)};

	kit_end_worker(kit, index, &end);
}

/* What follows the word at the beginning of text; NULL: another one. */
static const char *skip_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(text, word, length) != 0)
		return NULL;
	return text[length] == ' ' ? text + length + 1 : text + length;
}

static void play_event(struct kit *kit, const char *event, unsigned *peer)
{
	const char *rest;

	if ((rest = skip_word(event, "peer")))
		*peer = take_number(&rest) % KIT_PEERS;
	else if (skip_word(event, "close"))
		kit_hang_up(kit, *peer);
	else if (skip_word(event, "half"))
		kit_end_sending(kit, *peer);
	else if ((rest = skip_word(event, "exit")))
		end_worker(kit, rest, false);
	else if ((rest = skip_word(event, "left")))
		end_worker(kit, rest, true);
	else if ((rest = skip_word(event, "spawn")))
		fail_to_spawn(kit, rest);
	else if ((rest = skip_word(event, "started")))
		kit_report_started(kit, take_number(&rest));
	else if ((rest = skip_word(event, "tick")))
		kit_pass_time(kit, take_number(&rest) % TICK_MAX_S);
	else if ((rest = skip_word(event, "file")))
		kit_write_file(kit, rest);
	else if ((rest = skip_word(event, "full")))
		kit_refuse_spawns(kit, take_number(&rest) % 2);
	else if (skip_word(event, "restart"))
		kit_restart(kit);
}

void script_play(struct kit *kit, char *script, size_t size)
{
	char *line = script, *end = script + size;
	unsigned peer = 0;

	for (unsigned n = 0; line < end && n < LINES_MAX && !kit_is_ended(kit); n++) {
		char *newline = memchr(line, '\n', (size_t)(end - line));

		if (!newline)
			newline = end;
		*newline = '\0'; /* there is room for the last one's */
		if (line[0] == '!')
			play_event(kit, line + 1, &peer);
		else
			kit_send(kit, peer, line, (size_t)(newline - line));
		line = newline + 1;
	}
}
