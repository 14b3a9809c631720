/*
 * A kit for tests of the core: definitions and what happens to them are written as short texts.
 *
 * A definition is a line:  proc NAME WORD…  or  proto NAME WORD…  with the words
 *   deps=a,b  command=./x  no_failures  rdeps=t  ws=t  wts=t  (when_scheduled,
 * when_target_scheduled) locks=l,m  use=db:2,mem:8  priority=5  wave=1  timeout=5  now  collector
 * params=x  arg=n:int=4 choices=n:1|2 choices_command=n:./list  text=anything (makes two
 * definitions differ)
 *
 * A script is a list of lines, each a command; after each the core is advanced and its actions are
 * taken. A line may end in "-> CODE [NAMES]": it must be refused with that fault (and those names),
 * and must have changed nothing in the registry or in the runs. CODE may be one|another.
 *   define LINE / replace LINE / file LINE; LINE… / undefine NAMES / undefine_all
 *   options WORD…           parallel=2 single keep_runs=3 kill_after=5 strict lenient
 *                           standby=4 standby_after=1
 *   pools NAME=CAPACITY…    these and no others
 *   create NAMES [k=v…] [as=N] [=> NAMES]
 *   start NAMES [k=v…]      with [@RUN] [params=X] [exec=NAME] [--fail-fast] [as=N] [=> NAMES];
 *                           --waiting: as exec=NAME is to wait for all of it
 *   plan NAMES [@RUN]       => the steps in their order
 *   open @RUN [--brief] / close @RUN [--brief] / clear [@RUN] [=> COUNT]
 *   cancel [@RUN] [NAMES] [--force] [--kill] [--all] [=> NAMES]
 *   wait ID [@RUN] [NAMES] [exec=NAME]        waits ID=pending|ok|failed|deadlock|not_found
 *   end ID
 *   exit NAME CODE / die NAME SIGNAL / lost NAME / unspawned NAME / bad_result NAME
 *   answer NAME [NAMES] / answer_failed NAME
 *   promote NAME [SECONDS] / return NAME      what stands by was started so long ago, or is not
 *   hold / release          nothing may follow; again it may
 *   rely NAME [NEXT]        it has succeeded and was relied on; NEXT was started in its place
 *   tick SECONDS
 *   expect NAME SECONDS     it took so long before
 *   states [@RUN] NAME=STATE[:ERROR]…         of the newest executions, or of those in the run
 *   members @RUN NAMES      the run has these and no others, in any order
 *   procs NAMES             these are defined and no others, in any order
 *   did [WORD…]             the actions since the last "did": start:a standby:a term:a kill:a
 * resolve:a
 * over:1 run @RUN active|succeeded|failed|gone reason NAME KIND [NAMES] info NAME TEXT          the
 * execution's info has TEXT in it count NAME N            how many executions of it were started
 * @RUN is @name, or @#1 for the first run and so on.
 */
#ifndef PARPROC_TESTS_UNIT_CORE_KIT_H
#define PARPROC_TESTS_UNIT_CORE_KIT_H

#include "daemon/core/core.h"

struct keeper;
struct kit_wait;

struct kit {
	struct core *core;
	struct fault fault;
	int64_t now_ns;
	struct strings did;     /* actions since they were last looked at */
	struct strings started; /* a name for each process ever started */
	struct kit_resolve *resolves;
	size_t n_resolves;
	struct kit_wait *waits;
	struct keeper *keeper; /* of what the core knows; NULL: it lives as long as the kit */
	bool is_lasting;       /* it does, but for kit_restart(), with a keeper too */
	const char *line;      /* of the script, for messages */
};

#define KIT_SECOND_NS INT64_C(1000000000)

/* A core with default options (parallel 100) and definitions, which are those of the file. */
struct kit *kit_new(const char *definitions);

/* Beside local, which has 100 slots: far, which has 1, and farther, which has 2. */
void kit_set_executors(struct core *core);

/* The same with a keeper: kit_play() throws the core away after each line, kit_restart(). */
struct kit *kit_new_kept(const char *definitions);
void kit_free(struct kit *kit);

/*
 * Throws the core away and makes it again of what was kept. It has to be the same then, and to have
 * asked for nothing but what nobody remembers: commands that have not answered are run again, and
 * what was told to end is told so again. Waits that were not over are asked anew.
 */
void kit_restart(struct kit *kit);

/* Plays a script; what does not hold fails the test, naming the line. */
void kit_play(struct kit *kit, const char *script);

/* Plays it on a core of its own, then again with a keeper. */
void kit_test(const char *definitions, const char *script);

/* The first of these alone: for a script that cannot hold where the core does not live through it.
 */
void kit_test_plain(const char *definitions, const char *script);

/* A test that is no more than that; its name is the sentence that it shows. */
#define KIT_TEST(suite, sentence, definitions, script)                                             \
	Test(suite, sentence)                                                                      \
	{                                                                                          \
		kit_test(definitions, script);                                                     \
	}

#define KIT_TEST_PLAIN(suite, sentence, definitions, script)                                       \
	Test(suite, sentence)                                                                      \
	{                                                                                          \
		kit_test_plain(definitions, script);                                               \
	}

/* The definition that line describes, not checked; the caller gives the reference back. */
struct definition *kit_parse_definition(const char *line, enum origin origin);

/* Defines lines; answers what core_define answered. */
int kit_define(
    struct kit *kit, const char *lines, enum origin origin, bool is_replace, bool is_whole);

/* Advances the core, takes all its actions, and keeps what has changed. */
void kit_settle(struct kit *kit);

/* The newest execution of a proc, or NULL. */
struct execution *kit_execution(struct kit *kit, const char *name);

/* Everything that is kept, and what is counted from it, as text; the caller frees it. */
char *kit_dump(struct core *core);

/* The names of faults and reasons as scripts write them: "unknown_name", "lock"… */
const char *kit_fault_name(enum fault_code code);
const char *kit_reason_name(enum wait_reason reason);

#endif
