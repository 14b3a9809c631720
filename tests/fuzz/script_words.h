/*
 * The lines and words that script_mutator.c puts into scripts: each program has its own.
 */
#ifndef PARPROC_TESTS_FUZZ_SCRIPT_WORDS_H
#define PARPROC_TESTS_FUZZ_SCRIPT_WORDS_H

#include <stddef.h>

/* Lines end with a newline. */
extern const char *const script_lines[];
extern const size_t n_script_lines;

extern const char *const script_words[];
extern const size_t n_script_words;

#endif
