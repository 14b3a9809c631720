/*
 * The files of a state database, and the logs that belong to it: away with them, or to names that
 * nothing has yet. Must not know what is in them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/store_internal.h"

/* The last one is the database: as long as that is there, it may be tried again. */
static const char *const parts[] = {"-wal", "-shm", ""};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

int store_remove_files(const struct store *store)
{
	int result = 0;

	for (size_t i = 0; i < N_PARTS && result == 0; i++) {
		char *path = mem_print("%s%s", store->path, parts[i]);

		if (unlink(path) != 0 && errno != ENOENT)
			result = -1;
		free(path);
	}
	return result;
}

/* Takes path, and frees it. */
static bool is_there(char *path)
{
	struct stat status;
	bool is_found = lstat(path, &status) == 0;

	free(path);
	return is_found;
}

static bool is_taken(const struct store *store, const char *suffix)
{
	bool is_found = is_there(mem_print("%s/logs%s", store->directory, suffix));

	for (size_t i = 0; i < N_PARTS; i++)
		is_found |= is_there(mem_print("%s%s%s", store->path, suffix, parts[i]));
	return is_found;
}

/* Two may be set aside in one second, and what was set aside is never replaced. */
static char *choose_suffix(const struct store *store)
{
	char date[32];
	time_t now = time(NULL);
	struct tm fields;
	char *suffix;

	strftime(date, sizeof(date), "%Y%m%d-%H%M%S", gmtime_r(&now, &fields));
	suffix = mem_print(".set-aside-%s", date);
	for (unsigned n = 2; is_taken(store, suffix); n++) {
		free(suffix);
		suffix = mem_print(".set-aside-%s-%u", date, n);
	}
	return suffix;
}

/* Takes both paths, and frees them. 0, also where there is nothing; or -1 with errno. */
static int move_file(char *from, char *to)
{
	int result = 0;

	if (rename(from, to) != 0 && errno != ENOENT)
		result = -1;
	free(from);
	free(to);
	return result;
}

char *store_move_files(const struct store *store)
{
	char *suffix = choose_suffix(store);
	int result = 0;

	for (size_t i = 0; i < N_PARTS && result == 0; i++)
		result = move_file(mem_print("%s%s", store->path, parts[i]),
		    mem_print("%s%s%s", store->path, suffix, parts[i]));
	/* What nobody knows of any more stays with the database that does. */
	if (result == 0)
		result = move_file(mem_print("%s/logs", store->directory),
		    mem_print("%s/logs%s", store->directory, suffix));
	if (result == 0)
		return suffix;
	free(suffix);
	return NULL;
}
