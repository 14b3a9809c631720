/*
 * Which program this process is, so that another process can be made of it and tell whether it
 * still is the same one.
 */
#ifndef PARPROC_LIB_EXECUTABLE_H
#define PARPROC_LIB_EXECUTABLE_H

/* A new absolute path of this process's executable. NULL with errno; ENOENT: the file was removed
 * or replaced since. */
char *executable_path(void);

/* A new text that is another one when the program was built from something else: the build id that
 * the linker left, or what the file system says of the file at path (may be NULL). NULL with errno.
 */
char *executable_build(const char *path);

/* A new path of the program of that name beside this process's executable, or the name alone, to be
 * looked for in PATH. NULL: no memory. */
char *executable_find(const char *name);

#endif
