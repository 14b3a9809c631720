/*
 * What the measuring programs of requests share: a clock, and what is typical of many times.
 */
#ifndef PARPROC_BENCH_MEASURE_H
#define PARPROC_BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double read_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Calls ask(arg) n times, after a tenth of that to warm up, and prints what most of them took. -1:
 * one has failed, or there is no memory. */
static inline int measure_latency(int (*ask)(void *arg), void *arg, int n)
{
	double *took_us = calloc((size_t)n, sizeof(*took_us));
	int result = -1;

	if (took_us == NULL)
		return -1;
	for (int i = -n / 10; i < n; i++) {
		double start_us = read_clock_us();

		if (ask(arg) != 0)
			goto out;
		if (i >= 0)
			took_us[i] = read_clock_us() - start_us;
	}
	qsort(took_us, (size_t)n, sizeof(*took_us), compare_doubles);
	printf("p50_us=%.1f p99_us=%.1f ", took_us[n / 2], took_us[n - 1 - n / 100]);
	result = 0;
out:
	free(took_us);
	return result;
}

#endif
