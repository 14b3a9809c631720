/*
 * Makes links. A terminal cannot be asked whether it knows them, so what it leaves in the
 * environment has to tell; one that does not know them may print them.
 */
#include "client/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/memory.h"

#define HOST_SIZE 256
/* Later ones have the form of the link that is in use now. */
#define VTE_VERSION_MIN 5000

static bool is_among(const char *variable, const char *const *values, size_t n_values)
{
	const char *value = getenv(variable);

	for (size_t i = 0; value && i < n_values; i++) {
		if (strcmp(value, values[i]) == 0)
			return true;
	}
	return false;
}

static bool has_value(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

bool link_is_known(bool is_terminal)
{
	static const char *const programs[] = {
	    "iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio"};
	static const char *const terms[] = {"xterm-kitty", "alacritty", "alacritty-direct", "foot",
	    "foot-extra", "foot-direct", "xterm-ghostty", "wezterm", "contour"};
	const char *forced = getenv("FORCE_HYPERLINK");
	const char *term = getenv("TERM"), *vte = getenv("VTE_VERSION");

	if (forced && *forced)
		return strcmp(forced, "0") != 0;
	if (!is_terminal || !term || strcmp(term, "dumb") == 0)
		return false;
	return is_among("TERM_PROGRAM", programs, sizeof(programs) / sizeof(programs[0])) ||
	       is_among("TERM", terms, sizeof(terms) / sizeof(terms[0])) ||
	       (vte && atoi(vte) >= VTE_VERSION_MIN) || has_value("KITTY_WINDOW_ID") ||
	       has_value("WT_SESSION");
}

/* Bytes that stand for themselves in the path of a URI: the unreserved ones, and the slash. */
static bool is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte && strchr("-._~/", byte));
}

static char *encode(char *out, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (is_plain(*text)) {
			*out++ = *text;
			continue;
		}
		*out++ = '%';
		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
	}
	return out;
}

char *link_begin(const char *path)
{
	static const char begin[] = "\033]8;;file://";
	char host[HOST_SIZE] = "", *link, *end;

	/* With the host a terminal can tell that the file is on another machine. */
	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	link = memory_alloc(sizeof(begin) + 3 * (strlen(host) + strlen(path)) + 3);
	end = encode(stpcpy(link, begin), host);
	end = encode(end, path);
	strcpy(end, "\033\\");
	return link;
}
