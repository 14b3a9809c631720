/*
 * What bench/ping measures, through the library: N calls of `ping` one after the other, then M of
 * them pipelined, 256 in flight.
 *
 *	calls SOCKET [N [M]]        20000, 200000
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "lib/parproc.h"

enum { WINDOW = 256 };

static int call(void *arg)
{
	return pp_call(arg, "ping", NULL, PP_FOREVER, NULL) == PP_OK ? 0 : -1;
}

static void count_answer(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	(void)conn;
	(void)error;
	(void)result;
	++*(int *)arg;
}

static int measure_rate(pp_conn *conn, int n)
{
	int n_sent = 0, n_answered = 0;
	double start_us = read_clock_us();

	while (n_answered < n) {
		while (n_sent < n && n_sent - n_answered < WINDOW) {
			if (pp_send(conn, "ping", NULL, count_answer, &n_answered, NULL) != PP_OK)
				return -1;
			n_sent++;
		}
		if (pp_step(conn, PP_FOREVER) != PP_OK)
			return -1;
	}
	printf("pipelined_per_s=%.0f\n", n_answered / (read_clock_us() - start_us) * 1e6);
	return 0;
}

int main(int argc, char **argv)
{
	struct pp_connect_options options = {.socket_path = argc > 1 ? argv[1] : NULL};
	int n = argc > 2 ? atoi(argv[2]) : 20000, m = argc > 3 ? atoi(argv[3]) : 200000;
	pp_conn *conn;
	int status = 0;

	if (argc < 2 || argc > 4 || n < 100 || m < WINDOW) {
		fprintf(stderr, "usage: calls SOCKET [N [M]]\n");
		return 2;
	}
	if (pp_connect(&options, &conn) != PP_OK || measure_latency(call, conn, n) != 0 ||
	    measure_rate(conn, m) != 0) {
		fprintf(stderr, "%s\n", pp_error_text(conn));
		status = 1;
	}
	pp_close(conn);
	return status;
}
