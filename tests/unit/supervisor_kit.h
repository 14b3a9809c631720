/*
 * For tests of the supervisor: one in a process of its own, with a scheduler that the test plays.
 * Each scheduler that it starts is a process that only waits, and the test has the other end of its
 * link. What is awaited and does not come fails the test.
 */
#ifndef PARPROC_TESTS_UNIT_SUPERVISOR_KIT_H
#define PARPROC_TESTS_UNIT_SUPERVISOR_KIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/supervisor/link.h"

/* What the supervisor's launch tells the test, with the descriptors of link and readiness. */
struct launched {
	pid_t pid;
	bool is_first, is_spare;
};

extern pid_t play_supervisor;
extern char play_directory[64]; /* of the test's own */
extern struct launched play_scheduler;
extern struct link play_link;
extern const char *const play_no_variables[];

void play_set_up(void);
void play_tear_down(void);

/* Waits for the next scheduler and takes its part. */
void play_become_scheduler(void);
void play_say_ready(void);
void play_forget_link(void);

/* The scheduler dies; the next one is the test's then. */
void play_restart(void);

void play_put(const struct wire_message *message);
void play_put_key(enum wire_kind kind, uint64_t exec, int signal);

/* Has a shell's command executed; the second with a token and make's pipe. */
void play_put_spawn(uint64_t exec, uint32_t env, const char *command);
void play_put_jobserver_spawn(uint64_t exec, const char *command);

/* The next message; and which it has to be. */
struct wire_message play_take(void);
struct wire_message play_take_kind(enum wire_kind kind);
void play_take_empty_hello(void);

/* The exit, whether it was told in a hand-over or after it. */
struct wire_message play_await_exit(uint64_t exec);

/* The exit, as the next message but for the start that may have been told before. */
struct wire_message play_take_exit(uint64_t exec);

/* What the file of that name holds, once it ends with a newline; valid until the next call. */
const char *play_await_file(const char *name);
void play_await_gone(pid_t pid);

/* The supervisor's exit status. */
int play_await_supervisor(void);

#endif
