/*
 * The file that describes a workspace, as bytes: which one it is, whether it may be trusted,
 * whether it has changed. Knows nothing of what is in it.
 */
#ifndef PARPROC_WORKSPACE_FILE_H
#define PARPROC_WORKSPACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "daemon/workspace/error.h"

/* The names that it may have; of several that are there the first is read. NULL-ended. */
extern const char *const workspace_file_names[];

/* What tells one state of a file from another. */
struct file_state {
	const char *name; /* of workspace_file_names; NULL: there is none */
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
	uint64_t hash;   /* of its bytes */
	bool is_settled; /* a change would show in the members above without a look at the bytes */
};

/*
 * Reads the workspace file of directory. Without one *bytes is NULL. 0, or -1 with *error filled
 * in; then *state says whether to try again only when the file is another (name is set), or at once
 * (a passing trouble of the machine; name is NULL). The caller frees *bytes.
 */
int workspace_file_read(const char *directory, struct file_state *state, char **bytes,
    size_t *length, struct workspace_error *error);

/* Whether the file is as it was when *state was filled in; updates state->is_settled. */
bool workspace_file_is_same(const char *directory, struct file_state *state);

/*
 * Whether directory, and the workspace file in it if there is one, can be written only by this user
 * (and root): the commands of others would run as this user. 0, or -1 with the reason in *error.
 *
 * Refused is what another user owns, what all may write, and what a group may write that is not the
 * owner's private one (so a umask of 002 with a group for each user is fine). Root serves what any
 * user owns: containers commonly have it so. In a directory with the sticky bit others can make
 * files but not replace one; those that they make are refused as theirs.
 */
int workspace_check_access(const char *directory, struct workspace_error *error);

#endif
