/* A line as it is typed. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "client/entry.h"

static struct entry entry;
static cc_t keys[NCCS];

static void set_up(void)
{
	entry_clear(&entry);
	memset(keys, _POSIX_VDISABLE, sizeof(keys));
	keys[VERASE] = 0x7f;
	keys[VKILL] = 0x15;
	keys[VWERASE] = 0x17;
	keys[VEOF] = 0x04;
	keys[VREPRINT] = 0x12;
}

TestSuite(entry, .init = set_up);

static void take(const char *bytes, enum entry_event event, const char *text)
{
	cr_assert_eq(entry_take(&entry, keys, bytes, strlen(bytes)), event, "%s", bytes);
	cr_assert_str_eq(entry.text, text);
	cr_assert_eq(entry.length, strlen(text));
}

Test(entry, what_is_typed_is_the_line)
{
	take("ab", ENTRY_CHANGED, "ab");
	take("c 漢\n", ENTRY_LINE, "abc 漢");
	entry_clear(&entry);
	take("", ENTRY_NOTHING, "");
	take("\r", ENTRY_LINE, "");
}

Test(entry, a_character_may_come_in_pieces)
{
	take("\xe6", ENTRY_NOTHING, "");
	take("\xbc", ENTRY_NOTHING, "");
	take("\xa2", ENTRY_CHANGED, "漢");
	take("\177", ENTRY_CHANGED, "");
	take("\177", ENTRY_NOTHING, "");
}

Test(entry, keys_edit)
{
	take("one two  \027", ENTRY_CHANGED, "one ");
	take("\027", ENTRY_CHANGED, "");
	take("some\bthing\177", ENTRY_CHANGED, "somthin");
	take("\025", ENTRY_CHANGED, "");
	take("x\022", ENTRY_CHANGED, "x");
	keys[VERASE] = '#';
	take("yz#", ENTRY_CHANGED, "xy");
}

Test(entry, the_end_is_that_of_an_empty_line)
{
	take("a\004", ENTRY_CHANGED, "a");
	take("\177\004", ENTRY_EOF, "");
	keys[VEOF] = _POSIX_VDISABLE;
	take("\004", ENTRY_NOTHING, "");
}

Test(entry, keys_that_are_for_nothing_leave_nothing)
{
	take("a\033[D\033[1;5C\033OCb\001", ENTRY_CHANGED, "ab");
	take("\033", ENTRY_NOTHING, "ab");
	take("[", ENTRY_NOTHING, "ab");
	take("A", ENTRY_NOTHING, "ab");
	take("\377c", ENTRY_CHANGED, "abc");
	take("\t", ENTRY_CHANGED, "abc\t");
}

Test(entry, what_is_no_character_is_not_held_back)
{
	take("\xe6"
	     "ab",
	    ENTRY_CHANGED, "ab");
	take("\xe6\n", ENTRY_NOTHING, "ab");
	take("\n", ENTRY_LINE, "ab");
}

Test(entry, a_line_that_is_too_long_is_not_taken_whole)
{
	char bytes[1024];

	memset(bytes, 'x', sizeof(bytes));
	for (size_t i = 0; i < ENTRY_SIZE / sizeof(bytes) + 2; i++)
		entry_take(&entry, keys, bytes, sizeof(bytes));
	cr_assert_eq(entry.length, ENTRY_SIZE - 1);
	cr_assert_eq(strlen(entry.text), ENTRY_SIZE - 1);
	cr_assert_eq(entry_take(&entry, keys, "\n", 1), ENTRY_LINE);
}

Test(entry, a_key_that_never_ends_is_dropped)
{
	take("\033[", ENTRY_NOTHING, "");
	for (size_t i = 0; i < 1000; i++)
		entry_take(&entry, keys, "1", 1);
	entry_take(&entry, keys, "\n", 1);
	cr_assert_lt(entry.n_keys, sizeof(entry.keys));
	cr_assert_eq(entry_take(&entry, keys, "\n", 1), ENTRY_LINE);
}
