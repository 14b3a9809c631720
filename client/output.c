/*
 * How text, durations and times are shown to people. Whatever came from elsewhere (names, messages,
 * lines of logs) passes output_escape() on its way to a terminal. It must not know what is shown.
 */
#include "client/output.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <unistr.h>
#include <uniwidth.h>

#include "client/link.h"
#include "client/memory.h"
#include "client/sequence.h"

#define COLORS_END "\033[0m"

static size_t columns_of(int fd, bool is_terminal)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (columns && atoi(columns) > 0)
		return (size_t)atoi(columns);
	if (is_terminal && ioctl(fd, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}

void output_init(struct output *output, FILE *stream)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	int fd = fileno(stream);

	output->stream = stream;
	output->is_terminal = fd >= 0 && isatty(fd);
	output->has_color =
	    output->is_terminal && term && strcmp(term, "dumb") != 0 && !(no_color && no_color[0]);
	output->has_links = link_is_known(output->is_terminal);
	output->columns = columns_of(fd, output->is_terminal);
}

bool output_is_utf8(void)
{
	const char *names[] = {getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG")};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i] && *names[i])
			return strcasestr(names[i], "utf-8") || strcasestr(names[i], "utf8");
	}
	return false;
}

const char *output_style_begin(const struct output *output, enum output_style style)
{
	static const char *const begin[] = {
	    [STYLE_NONE] = "",
	    [STYLE_GOOD] = "\033[32m",
	    [STYLE_BAD] = "\033[1;31m",
	    [STYLE_SKIP] = "\033[33m",
	    [STYLE_FAINT] = "\033[2m",
	    [STYLE_BOLD] = "\033[1m",
	};

	return output->has_color ? begin[style] : "";
}

const char *output_style_end(const struct output *output, enum output_style style)
{
	return output->has_color && style != STYLE_NONE ? COLORS_END : "";
}

/* What setlocale(3) would say, without loading a locale. */
enum output_style output_state_style(const char *state)
{
	if (strcmp(state, "succeeded") == 0)
		return STYLE_GOOD;
	if (strcmp(state, "failed") == 0)
		return STYLE_BAD;
	if (strcmp(state, "skipped") == 0 || strcmp(state, "up_to_date") == 0)
		return STYLE_SKIP;
	if (strcmp(state, "running") == 0 || strcmp(state, "active") == 0)
		return STYLE_BOLD;
	return STYLE_NONE;
}

/*
 * The character at the beginning of text and, in *length, its bytes. What is no strict UTF-8 is
 * UINT32_MAX with one byte.
 */
static uint32_t decode(const char *text, size_t size, size_t *length)
{
	ucs4_t character;
	int count = u8_mbtoucr(&character, (const uint8_t *)text, size);

	*length = count > 0 ? (size_t)count : 1;
	return count > 0 ? character : UINT32_MAX;
}

/* Control characters of C1, line separators, and what changes the direction of text. */
static bool is_treacherous(uint32_t character)
{
	return (character >= 0x7f && character < 0xa0) ||
	       (character >= 0x200e && character <= 0x200f) ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069) || character == 0xfeff;
}

static size_t escape_character(
    char *out, const char *text, size_t length, uint32_t character, unsigned flags)
{
	if (character == '\n' || character == '\r' || character == '\t') {
		if (character == '\t' && (flags & ESCAPE_KEEP_TABS)) {
			out[0] = '\t';
			return 1;
		}
		return (size_t)sprintf(out, "\\%c",
		    character == '\n'   ? 'n'
		    : character == '\r' ? 'r'
		                        : 't');
	}
	if (character < 0x20 || character == 0x7f || character == UINT32_MAX)
		return (size_t)sprintf(out, "\\x%02x", (unsigned char)text[0]);
	if (is_treacherous(character))
		return (size_t)sprintf(out, "\\u%04x", (unsigned)character);
	memcpy(out, text, length);
	return length;
}

char *output_escape(const char *text, size_t size, unsigned flags)
{
	/* The worst is a byte that becomes \xNN. */
	char *escaped = memory_alloc(size * 4 + sizeof(COLORS_END));
	size_t n_out = 0;
	bool has_color = false;

	for (size_t i = 0; i < size;) {
		bool drops = flags & (ESCAPE_STRIP_COLORS | ESCAPE_KEEP_COLORS);
		size_t length = drops ? sequence_length(text + i, size - i) : 0;

		if (length == 0) {
			uint32_t character = decode(text + i, size - i, &length);

			n_out +=
			    escape_character(escaped + n_out, text + i, length, character, flags);
		} else if ((flags & ESCAPE_KEEP_COLORS) && sequence_is_color(text + i, length)) {
			memcpy(escaped + n_out, text + i, length);
			n_out += length;
			has_color = true;
		}
		i += length;
	}
	strcpy(escaped + n_out, has_color ? COLORS_END : "");
	return escaped;
}

void output_print_escaped(FILE *stream, const char *text, size_t size, unsigned flags)
{
	char *escaped = output_escape(text, size, flags);

	fputs(escaped, stream);
	free(escaped);
}

/* Not wcwidth(3), which needs the tables of a locale. What stands for a byte that is no UTF-8 takes
 * one, and so does a soft hyphen, which is before all that combines. */
static size_t count_cells(uint32_t character)
{
	int cells = character < 0x300 ? 1 : uc_width(character, "UTF-8");

	return cells < 0 ? 1 : (size_t)cells;
}

/* The length of what is at the beginning of text, and the cells that it takes. */
static size_t measure(const char *text, size_t size, size_t *cells)
{
	size_t length = sequence_length(text, size);

	*cells = 0;
	if (length == 0)
		*cells = count_cells(decode(text, size, &length));
	return length;
}

size_t output_fit(const char *text, size_t columns)
{
	size_t size = strlen(text), used = 0, i = 0;

	while (i < size) {
		size_t cells, length = measure(text + i, size - i, &cells);

		if (used + cells > columns)
			break;
		used += cells;
		i += length;
	}
	return i;
}

char *output_escape_line(const char *line, size_t size, size_t columns, unsigned flags)
{
	static const char end[] = "\033[0m…";
	size_t size_max = columns * 4; /* bytes: no character has more */

	line = sequence_find_shown(line, &size);
	bool is_cut = size > size_max;
	char *text = output_escape(line, is_cut ? size_max : size, flags);
	size_t fit = output_fit(text, columns);

	if (is_cut || text[fit]) {
		const char *rest = memchr(text, '\033', fit) ? end : strstr(end, "…");

		text = memory_grow(text, fit + sizeof(end), 1);
		strcpy(text + fit, rest);
	}
	return text;
}

size_t output_width(const char *text)
{
	size_t size = strlen(text), width = 0, cells;

	for (size_t i = 0; i < size;) {
		i += measure(text + i, size - i, &cells);
		width += cells;
	}
	return width;
}

void output_format_duration(char text[DURATION_SIZE], double seconds)
{
	if (!(seconds > 0))
		seconds = 0;
	if (seconds < 59.95) {
		snprintf(text, DURATION_SIZE, "%.1fs", seconds);
		return;
	}
	long long whole = seconds < 1e15 ? (long long)(seconds + 0.5) : 1000000000000000LL;

	if (whole < 3600)
		snprintf(text, DURATION_SIZE, "%lldm%02llds", whole / 60, whole % 60);
	else if (whole < 86400)
		snprintf(text, DURATION_SIZE, "%lldh%02lldm", whole / 3600, whole / 60 % 60);
	else
		snprintf(text, DURATION_SIZE, "%lldd%02lldh", whole / 86400, whole / 3600 % 24);
}

void output_format_short_duration(char text[DURATION_SIZE], double seconds)
{
	if (seconds >= 0 && seconds < 9.9995)
		snprintf(text, DURATION_SIZE, "%.3fs", seconds);
	else
		output_format_duration(text, seconds);
}

void output_format_bytes(char text[BYTES_SIZE], double n_bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	size_t unit = 0;

	if (!(n_bytes > 0))
		n_bytes = 0;
	for (; n_bytes >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		n_bytes /= 1024;
	snprintf(text, BYTES_SIZE, unit > 0 ? "%.1f %s" : "%.0f %s", n_bytes, units[unit]);
}

void output_format_time(char text[TIME_SIZE], double seconds)
{
	time_t whole = (time_t)seconds;
	struct tm tm;

	if (!(seconds > 0) || !localtime_r(&whole, &tm) ||
	    strftime(text, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(text, TIME_SIZE, "-");
}
