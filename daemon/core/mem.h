/*
 * Memory for the core: allocation that does not fail. A workspace's graph is made of many small
 * objects and no caller could go on with half of one, so running out of memory ends the scheduler;
 * the supervisor then starts another, which goes on from the store.
 */
#ifndef PARPROC_CORE_MEM_H
#define PARPROC_CORE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory for count objects of size bytes; the caller frees it with free(3). */
void *mem_new(size_t count, size_t size);

/* Like reallocarray(3); what is added is not zeroed. */
void *mem_resize(void *old, size_t count, size_t size);

/* A copy of text, or NULL for NULL. The caller frees it. */
char *mem_copy(const char *text);

/* A copy of the first length bytes of text, ended by a NUL. */
char *mem_copy_part(const char *text, size_t length);

/* The texts up to NULL, one behind the other, in memory that the caller frees: for what is done for
 * each execution, where printf(3) would take ten times as long. */
char *mem_join(const char *first, ...) __attribute__((sentinel));

/* The digits of a number, in text, which is returned. */
#define MEM_NUMBER_SIZE 21
char *mem_number(char text[MEM_NUMBER_SIZE], uint64_t number);

/* printf(3) into memory that the caller frees. */
char *mem_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
