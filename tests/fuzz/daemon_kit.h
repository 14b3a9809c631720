/*
 * A scheduler inside the fuzz program: its real parts, from connections to the core, but virtual
 * time, and in place of the supervisor workers that end when the script says so. After each step it
 * is settled, and what must always hold is checked.
 */
#ifndef PARPROC_TESTS_FUZZ_DAEMON_KIT_H
#define PARPROC_TESTS_FUZZ_DAEMON_KIT_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/core.h"
#include "daemon/supervisor/key.h"

#define KIT_PEERS 2

struct kit;

/* An empty workspace that nobody is connected to. What fails ends the program. */
struct kit *kit_new(void);

/* Has all end, as the scheduler does when it is told to stop, and checks that it can; frees it. */
void kit_free(struct kit *kit);

/* Frees it as it is. */
void kit_discard(struct kit *kit);

/* Whether a client has ended the daemon: nothing reaches it any more. */
bool kit_is_ended(const struct kit *kit);

/* The peer sends one line (length bytes, without the newline); it connects if it has to. */
void kit_send(struct kit *kit, unsigned peer, const char *line, size_t length);

/* The peer hangs up; or says only that it sends no more. */
void kit_hang_up(struct kit *kit, unsigned peer);
void kit_end_sending(struct kit *kit, unsigned peer);

/* The workspace file has that text now. */
void kit_write_file(struct kit *kit, const char *text);

/* That much time passes. */
void kit_pass_time(struct kit *kit, unsigned seconds);

/* --- with a state database (daemon_state.c) --- */

/* The path for a database that the daemon is to begin with, for the caller to free; none is there.
 */
char *kit_begin_state(void);

/*
 * A daemon that begins with what is there. may_not_store: it need not be able to write to it.
 * *is_set_aside: it could not go on from that, and has begun anew.
 */
struct kit *kit_new_with_state(bool may_not_store, bool *is_set_aside);

/* Another scheduler goes on from what is stored, and knows what this one did. */
void kit_restart(struct kit *kit);

/* --- workers (daemon_workers.c) --- */

/* What is to become of a worker. */
struct kit_end {
	int wait_status;
	int spawn_errno;
	bool has_leftovers;
	const char *text; /* what it leaves as its result, or has printed; NULL: nothing */
};

/* The index-th (modulo how many there are) of the living ones ends; none lives: nothing. */
void kit_end_worker(struct kit *kit, unsigned index, const struct kit_end *end);

/* It is reported as started. */
void kit_report_started(struct kit *kit, unsigned index);

/* From now on the supervisor takes no more, or does again. */
void kit_refuse_spawns(struct kit *kit, bool is_refused);

/* --- invariants (core_check.c) --- */

/* Ends the program where the core contradicts itself. */
void check_core(struct core *core);

/* The same where something waits that nothing will ever wake, now that no process runs. */
void check_no_hang(struct core *core);

#endif
