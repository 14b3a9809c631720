/*
 * The main of the fuzz programs in ordinary builds: gives each file of tests/fuzz/corpus/X to the
 * program fuzz_X, so that `make check` goes over everything that fuzzing ever found. Files or
 * directories can be named instead. Every prefix of a small input is tried too.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

/* Larger inputs are tried only whole. */
#define PREFIXES_MAX_BYTES 512

static void try_input(const uint8_t *bytes, size_t size)
{
	/* A copy of exactly that size, so that reading past its end does not go unnoticed. */
	uint8_t *input = malloc(size ? size : 1);

	FUZZ_CHECK(input);
	memcpy(input, bytes, size);
	LLVMFuzzerTestOneInput(input, size);
	free(input);
}

static int replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "re");
	uint8_t *bytes = malloc(size + 1);
	int status = -1;

	if (file && bytes && fread(bytes, 1, size, file) == size) {
		for (size_t n = 0; size <= PREFIXES_MAX_BYTES && n < size; n++)
			try_input(bytes, n);
		try_input(bytes, size);
		status = 0;
	} else {
		perror(path);
	}
	free(bytes);
	if (file)
		fclose(file);
	return status;
}

/* The number of inputs below path, or -1. */
static int replay(const char *path)
{
	struct stat stat_buffer;
	struct dirent *entry;
	char inner[4096];
	int total = 0;
	DIR *directory;

	if (stat(path, &stat_buffer) == 0 && !S_ISDIR(stat_buffer.st_mode))
		return replay_file(path, (size_t)stat_buffer.st_size) ? -1 : 1;
	directory = opendir(path);
	if (!directory) {
		perror(path);
		return -1;
	}
	while (total >= 0 && (entry = readdir(directory))) {
		int count;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		count = replay(inner);
		total = count < 0 ? -1 : total + count;
	}
	closedir(directory);
	return total;
}

int main(int argc, char **argv)
{
	const char *source = getenv("top_srcdir");
	const char *name = strstr(argv[0], "fuzz_");
	char corpus[4096];
	int total = 0;

	if (argc < 2) {
		for (const char *next = name; next; next = strstr(next + 1, "fuzz_"))
			name = next;
		snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s", source ? source : ".",
		    name ? name + strlen("fuzz_") : "");
		total = replay(corpus);
	}
	for (int i = 1; i < argc && total >= 0; i++) {
		int count = replay(argv[i]);

		total = count < 0 ? -1 : total + count;
	}
	printf("%s: %d inputs\n", name ? name : argv[0], total);
	return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
