/*
 * Processes told apart beyond their number, with /proc.
 */
#include "daemon/supervisor_id.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define FIELDS_BEFORE_START 19 /* after the name in parentheses; see proc(5) */

/* The first line of a file. False: there is none. */
static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool is_there = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (is_there)
		line[strcspn(line, "\n")] = '\0';
	return is_there;
}

int64_t process_started(pid_t pid)
{
	char path[32], line[1024];
	const char *at;
	long long ticks;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_line(path, line, sizeof(line)))
		return -1;
	at = strrchr(line, ')'); /* the name may hold anything */
	for (int i = 0; at && i <= FIELDS_BEFORE_START; i++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %lld", &ticks) == 1 ? ticks : -1;
}

json_t *supervisor_id_get(pid_t pid)
{
	int64_t started = process_started(pid);
	char boot[64];

	if (started < 0 || !read_line(BOOT_ID, boot, sizeof(boot)))
		return NULL;
	return json_pack(
	    "{s:s, s:i, s:I}", "boot", boot, "pid", (int)pid, "started", (json_int_t)started);
}
