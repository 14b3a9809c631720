/*
 * What each program here defines: libFuzzer calls it with one input after the other; without
 * libFuzzer, replay.c does, with the inputs of tests/fuzz/corpus.
 */
#ifndef PARPROC_TESTS_FUZZ_H
#define PARPROC_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Always returns 0; what is wrong with the code under test aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program where a claim about the code under test does not hold. */
#define FUZZ_CHECK(claim) ((claim) ? (void)0 : fuzz_failed(#claim, __FILE__, __LINE__))

_Noreturn static inline void fuzz_failed(const char *claim, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
	abort();
}

#endif
