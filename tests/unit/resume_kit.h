/*
 * What the tests of libparproc's coming back share: one connection to a stand-in that is served by
 * plans, what callbacks have seen, and what the stand-in has got. Each test is a process of its
 * own.
 */
#ifndef PARPROC_TESTS_UNIT_RESUME_KIT_H
#define PARPROC_TESTS_UNIT_RESUME_KIT_H

#include "lib/parproc.h"
#include "tests/unit/lib_kit.h"

/* A daemon that knows after its restart what it knew before. */
#define DURABLE .capabilities = {"durable", "after"}

/* An event as a line. */
#define EVENT(seq, kind)                                                                           \
	"{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":" seq ",\"kind\":\"" kind   \
	"\"}}\n"

extern char *directory;
extern struct server *server; /* NULL: there is none now */
extern pp_conn *conn;
extern struct pp_connect_options options;

void resume_set_up(void);
void resume_tear_down(void);

/* Starts the stand-in, and connects by the options. */
void begin(const struct plan *plans, size_t count);

/* Ends the stand-in. */
void end_server(void);

/* The member of the method's newest request over that connection; without member all its params.
 * Borrowed; NULL: no such member. There has to be such a request. */
json_t *param_of(int connection, const char *method, const char *member);

/* How many requests of a method have come, over any connection. */
size_t count_requests(const char *method);

/* A call that has to succeed. */
void call(const char *method, json_t *params);

/* Has the stand-in end the connection, and the library notice. */
void hang_up(void);

/* What answers have come. */
struct seen {
	int count;
	enum pp_error error;
	char text[256]; /* of the error */
};

/* Sends a request whose answer will be seen. */
void send_request(const char *method, json_t *params, struct seen *seen);
void note_answer(pp_conn *which, enum pp_error error, json_t *result, void *arg);

/* Steps until a count has come so far; each step has to succeed. */
void step_until(const int *count, int wanted);

/* Steps until the connection is lost for good. */
void step_until_lost(void);

/* What the user was told, as "7 state, resumed, 9 state, ". */
struct told {
	int count;
	char text[256];
};

void listen_to(struct told *told);

#endif
