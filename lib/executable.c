/*
 * The executable of this process: /proc/self/exe, see proc(5), and the note that `ld --build-id`
 * leaves in it, see elf(5) and dl_iterate_phdr(3).
 */
#include "lib/executable.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUILD_ID_MAX_BYTES 32

/* Where the executable was when the process began. New; NULL with errno. */
static char *read_link(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path));

	return length < 0 ? NULL : strndup(path, (size_t)length);
}

char *executable_path(void)
{
	char *path = read_link();

	/* The kernel appends " (deleted)", which is the name of no file. */
	if (path && access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

struct build_id {
	uint8_t bytes[BUILD_ID_MAX_BYTES];
	size_t length;
};

static size_t align_note(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static void find_in_notes(const char *notes, size_t size, struct build_id *id)
{
	while (size >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)(const void *)notes;
		const char *name = notes + sizeof(*note);
		size_t name_size = align_note(note->n_namesz);
		size_t whole = sizeof(*note) + name_size + align_note(note->n_descsz);

		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
		    memcmp(name, "GNU", 4) == 0 && note->n_descsz <= BUILD_ID_MAX_BYTES) {
			id->length = note->n_descsz;
			memcpy(id->bytes, name + name_size, id->length);
			return;
		}
		if (whole > size)
			return;
		notes += whole;
		size -= whole;
	}
}

/* The first object is the program itself. */
static int find_build_id(struct dl_phdr_info *object, size_t size, void *arg)
{
	(void)size;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];

		if (header->p_type == PT_NOTE)
			find_in_notes((const char *)(object->dlpi_addr + header->p_vaddr),
			    header->p_memsz, arg);
	}
	return 1;
}

static char *print_hex(const struct build_id *id)
{
	char *text = malloc(2 * id->length + 1);

	for (size_t i = 0; text && i < id->length; i++)
		snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
	return text;
}

char *executable_build(const char *path)
{
	struct build_id id = {.length = 0};
	struct stat status;
	char *text;

	dl_iterate_phdr(find_build_id, &id);
	if (id.length > 0)
		return print_hex(&id);
	if (!path)
		errno = ENOENT;
	if (!path || stat(path, &status) < 0)
		return NULL;
	if (asprintf(&text, "%ju-%ju-%jd.%09ld", (uintmax_t)status.st_ino,
	        (uintmax_t)status.st_size, (intmax_t)status.st_mtim.tv_sec,
	        status.st_mtim.tv_nsec) < 0)
		return NULL;
	return text;
}

char *executable_find(const char *name)
{
	char *path = read_link();
	char *slash = path ? strrchr(path, '/') : NULL;
	char *beside = NULL;

	if (slash && asprintf(&beside, "%.*s/%s", (int)(slash - path), path, name) < 0)
		beside = NULL;
	free(path);
	if (beside && access(beside, X_OK) == 0)
		return beside;
	free(beside);
	return strdup(name);
}
