/*
 * Requests with a request_id, by it: a table in the order in which they came, bounded in number
 * and in bytes. Knows nothing of what methods do.
 */
#include "daemon/repeats.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/core/core.h"
#include "daemon/core/hash.h"
#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/measure.h"
#include "daemon/store.h"
#include "protocol/methods.h"
#include "protocol/version.h"

/* About what an entry costs beside what it keeps. */
#define ENTRY_BYTES 256

#define LOOKS_MAX 64    /* for one to drop */
#define NUMBERS_LOOKS 2 /* for numbers to drop, at each that comes: more go than come */

/* A request that has not taken effect yet, and those of its id that wait for it. */
struct pending {
	UT_hash_handle by_id;
	char id[PROTOCOL_MAX_REQUEST_ID_BYTES + 1];
	TAILQ_HEAD(, attached) attached;
};

struct attached {
	struct pending *pending;
	struct request *request;
	request_handler *again;
	TAILQ_ENTRY(attached) of_pending;
};

struct entry {
	UT_hash_handle by_id;
	TAILQ_ENTRY(entry) of_repeats;
	char id[PROTOCOL_MAX_REQUEST_ID_BYTES + 1];
	struct repeat repeat;
	uint64_t *execs;
	size_t bytes;
	uint64_t position;              /* above that of those before it */
	TAILQ_ENTRY(entry) of_numbered; /* of run, while execs are kept */
	TAILQ_ENTRY(entry) of_unstored; /* until it is stored as it is now */
	bool is_numbered, is_unstored, has_row;
};

TAILQ_HEAD(entry_list, entry);

struct repeats {
	struct entry *by_id;
	struct entry_list answered; /* oldest first */
	struct entry_list late;     /* those without an answer; roughly the same */
	struct entry_list numbered; /* of these, those of runs that may still be there */
	size_t n_entries, n_late;
	size_t bytes;
	uint64_t last_position;
	struct entry_list unstored; /* oldest first */
	uint64_t *dropped;          /* positions of those in the store that were forgotten since */
	size_t n_dropped, max_dropped;
	struct pending *pending;
};

static struct repeats *get_repeats(struct daemon *daemon)
{
	if (!daemon->repeats) {
		daemon->repeats = calloc(1, sizeof(*daemon->repeats));
		if (!daemon->repeats)
			return NULL;
		TAILQ_INIT(&daemon->repeats->answered);
		TAILQ_INIT(&daemon->repeats->late);
		TAILQ_INIT(&daemon->repeats->numbered);
		TAILQ_INIT(&daemon->repeats->unstored);
	}
	return daemon->repeats;
}

/* The request's id, or NULL where it has none that can be kept. */
static const char *get_id(const struct request *request)
{
	const char *id = json_string_value(json_object_get(request->params, "request_id"));

	return id && strlen(id) <= PROTOCOL_MAX_REQUEST_ID_BYTES ? id : NULL;
}

static struct entry *find_entry(const struct repeats *repeats, const char *id)
{
	struct entry *entry = NULL;

	if (repeats)
		HASH_FIND(by_id, repeats->by_id, id, strlen(id), entry);
	return entry;
}

static void note_dropped(struct repeats *repeats, uint64_t position)
{
	if (repeats->n_dropped == repeats->max_dropped) {
		repeats->max_dropped = repeats->max_dropped ? 2 * repeats->max_dropped : 64;
		repeats->dropped =
		    mem_resize(repeats->dropped, repeats->max_dropped, sizeof(*repeats->dropped));
	}
	repeats->dropped[repeats->n_dropped++] = position;
}

static void set_unstored(struct repeats *repeats, struct entry *entry)
{
	if (!entry->is_unstored)
		TAILQ_INSERT_TAIL(&repeats->unstored, entry, of_unstored);
	entry->is_unstored = true;
}

static void drop_entry(struct repeats *repeats, struct entry *entry)
{
	if (entry->has_row)
		note_dropped(repeats, entry->position);
	if (entry->is_unstored)
		TAILQ_REMOVE(&repeats->unstored, entry, of_unstored);
	if (entry->is_numbered)
		TAILQ_REMOVE(&repeats->numbered, entry, of_numbered);
	HASH_DELETE(by_id, repeats->by_id, entry);
	TAILQ_REMOVE(entry->repeat.answer ? &repeats->answered : &repeats->late, entry, of_repeats);
	repeats->n_entries--;
	repeats->n_late -= !entry->repeat.answer;
	repeats->bytes -= entry->bytes;
	json_decref(entry->repeat.answer);
	free(entry->execs);
	free(entry);
}

static bool is_active(const struct daemon *daemon, uint64_t id)
{
	const struct run *run = core_find_run(daemon->core, id);

	return run && run_is_active(run);
}

/* Whether somebody may still wait for what the request has started: he would start it once more. */
static bool is_in_use(const struct daemon *daemon, const struct repeat *repeat)
{
	if (repeat->answer)
		return false;
	if (repeat->run)
		return is_active(daemon, repeat->run);
	for (size_t i = 0; i < repeat->n_execs; i++) { /* of a wait: they are runs */
		if (is_active(daemon, repeat->execs[i]))
			return true;
	}
	return false;
}

/* The first of those that say what was started that is over, or else the oldest. Those that it
 * meets go to the end, so that the next call does not meet them again. */
static struct entry *find_over(const struct daemon *daemon)
{
	struct entry_list *list = &daemon->repeats->late;
	struct entry *oldest = TAILQ_FIRST(list), *entry = oldest;

	for (int i = 0; i < LOOKS_MAX && is_in_use(daemon, &entry->repeat); i++) {
		TAILQ_REMOVE(list, entry, of_repeats);
		TAILQ_INSERT_TAIL(list, entry, of_repeats);
		entry = TAILQ_FIRST(list);
	}
	return is_in_use(daemon, &entry->repeat) ? oldest : entry;
}

/* Makes room. An answer is needed for a moment only, what was started as long as that goes on. */
static void drop_one(const struct daemon *daemon)
{
	struct repeats *repeats = daemon->repeats;

	if (repeats->n_late > REPEATS_MAX / 2 || TAILQ_EMPTY(&repeats->answered))
		drop_entry(repeats, find_over(daemon));
	else
		drop_entry(repeats, TAILQ_FIRST(&repeats->answered));
}

/* Adds an entry that will hold that many bytes, and makes room for it. answer: borrowed, or NULL.
 * NULL: it is not kept. */
static struct entry *add_entry(
    struct daemon *daemon, const char *id, const char *method, size_t bytes, json_t *answer)
{
	struct repeats *repeats = get_repeats(daemon);
	struct entry *entry;

	bytes += ENTRY_BYTES;
	if (!repeats || !id || bytes > REPEATS_MAX_BYTES || find_entry(repeats, id))
		return NULL;
	while (repeats->n_entries >= REPEATS_MAX || repeats->bytes + bytes > REPEATS_MAX_BYTES)
		drop_one(daemon);
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	memcpy(entry->id, id, strlen(id) + 1);
	entry->repeat.method = protocol_method_find(method)->name;
	entry->bytes = bytes;
	entry->position = ++repeats->last_position;
	entry->repeat.answer = json_incref(answer);
	HASH_ADD(by_id, repeats->by_id, id, strlen(entry->id), entry);
	TAILQ_INSERT_TAIL(answer ? &repeats->answered : &repeats->late, entry, of_repeats);
	set_unstored(repeats, entry);
	repeats->n_entries++;
	repeats->n_late += !answer;
	repeats->bytes += bytes;
	return entry;
}

const struct repeat *repeats_find(const struct daemon *daemon, const char *request_id)
{
	const struct entry *entry = find_entry(daemon->repeats, request_id);

	return entry ? &entry->repeat : NULL;
}

void repeats_keep_answer(const struct request *request, json_t *answer)
{
	if (answer && get_id(request))
		add_entry(request->daemon, get_id(request), request->method, measure_json(answer),
		    answer);
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

bool repeat_has(const struct repeat *repeat, uint64_t exec)
{
	return repeat->n_execs > 0 &&
	       bsearch(&exec, repeat->execs, repeat->n_execs, sizeof(exec), compare_ids) != NULL;
}

/* Adds an entry with room for so many numbers. NULL: it is not kept. */
static struct entry *add_numbers(
    struct daemon *daemon, const char *id, const char *method, uint64_t run, size_t count)
{
	uint64_t *numbers;
	struct entry *entry;

	if (!id)
		return NULL;
	numbers = calloc(count ? count : 1, sizeof(*numbers));
	entry = numbers ? add_entry(daemon, id, method, count * sizeof(*numbers), NULL) : NULL;
	if (!entry) {
		free(numbers);
		return NULL;
	}
	entry->execs = numbers;
	entry->repeat.run = run;
	entry->repeat.execs = numbers;
	entry->repeat.n_execs = count;
	if (run != 0 && count > 0) {
		TAILQ_INSERT_TAIL(&daemon->repeats->numbered, entry, of_numbered);
		entry->is_numbered = true;
	}
	return entry;
}

/* When its run is forgotten, numbers of executions say nothing any more. */
static void drop_numbers(struct repeats *repeats, struct entry *entry)
{
	TAILQ_REMOVE(&repeats->numbered, entry, of_numbered);
	entry->is_numbered = false;
	entry->bytes -= entry->repeat.n_execs * sizeof(*entry->execs);
	repeats->bytes -= entry->repeat.n_execs * sizeof(*entry->execs);
	free(entry->execs);
	entry->execs = NULL;
	entry->repeat.execs = NULL;
	entry->repeat.n_execs = 0;
	set_unstored(repeats, entry);
}

/* Looks at some; those whose runs are there go to the end, so that the next call meets others. */
static void drop_some_numbers(const struct daemon *daemon)
{
	struct repeats *repeats = daemon->repeats;

	for (int i = 0; i < NUMBERS_LOOKS && !TAILQ_EMPTY(&repeats->numbered); i++) {
		struct entry *entry = TAILQ_FIRST(&repeats->numbered);

		if (core_find_run(daemon->core, entry->repeat.run) == NULL) {
			drop_numbers(repeats, entry);
			continue;
		}
		TAILQ_REMOVE(&repeats->numbered, entry, of_numbered);
		TAILQ_INSERT_TAIL(&repeats->numbered, entry, of_numbered);
	}
}

void repeats_keep_run(
    const struct request *request, uint64_t run, struct membership *const *pulled, size_t count)
{
	struct entry *entry;

	if (request->daemon->repeats)
		drop_some_numbers(request->daemon);
	entry = add_numbers(request->daemon, get_id(request), request->method, run, count);
	if (!entry)
		return;
	for (size_t i = 0; i < count; i++)
		entry->execs[i] = pulled[i]->execution->id;
	qsort(entry->execs, count, sizeof(*entry->execs), compare_ids);
}

void repeats_keep_wait(
    const struct request *request, uint64_t run, const uint64_t *runs, size_t count)
{
	struct entry *entry =
	    add_numbers(request->daemon, get_id(request), request->method, run, count);

	if (entry && count > 0)
		memcpy(entry->execs, runs, count * sizeof(*runs));
}

/* --- the store --- */

bool repeats_are_new(const struct repeats *repeats)
{
	return repeats && (!TAILQ_EMPTY(&repeats->unstored) || repeats->n_dropped > 0);
}

int repeats_store(const struct repeats *repeats, struct store *store)
{
	const struct entry *entry;
	int result = 0;

	if (!repeats)
		return 0;
	for (size_t i = 0; i < repeats->n_dropped && result == 0; i++)
		result = store_drop_request(store, repeats->dropped[i]);
	TAILQ_FOREACH (entry, &repeats->unstored, of_unstored) {
		const struct store_request request = {
		    .position = entry->position,
		    .id = entry->id,
		    .method = entry->repeat.method,
		    .answer = entry->repeat.answer,
		    .run = entry->repeat.run,
		    .execs = entry->repeat.execs,
		    .n_execs = entry->repeat.n_execs,
		};

		/* A row that is replaced by a shorter one keeps its page to itself. */
		if (entry->has_row && result == 0)
			result = store_drop_request(store, entry->position);
		if (result == 0)
			result = store_put_request(store, &request);
	}
	return result;
}

void repeats_set_stored(struct repeats *repeats)
{
	struct entry *entry;

	if (!repeats)
		return;
	while ((entry = TAILQ_FIRST(&repeats->unstored))) {
		TAILQ_REMOVE(&repeats->unstored, entry, of_unstored);
		entry->is_unstored = false;
		entry->has_row = true;
	}
	repeats->n_dropped = 0;
}

static void load_one(const struct store_request *request, void *arg)
{
	struct daemon *daemon = arg;
	json_t *answer = (json_t *)request->answer;
	struct repeats *repeats = get_repeats(daemon);
	struct entry *entry;

	if (!repeats || !protocol_method_find(request->method) ||
	    strlen(request->id) > PROTOCOL_MAX_REQUEST_ID_BYTES)
		return;
	repeats->last_position = request->position - 1;
	if (answer) {
		add_entry(daemon, request->id, request->method, measure_json(answer), answer);
		return;
	}
	entry = add_numbers(daemon, request->id, request->method, request->run, request->n_execs);
	if (entry && request->n_execs > 0)
		memcpy(entry->execs, request->execs, request->n_execs * sizeof(*entry->execs));
}

int repeats_load(struct daemon *daemon)
{
	int result = store_each_request(daemon->store, load_one, daemon);

	repeats_set_stored(daemon->repeats);
	return result;
}

/* --- requests that have not taken effect yet --- */

static struct pending *find_pending(const struct daemon *daemon, const char *id)
{
	struct pending *pending = NULL;

	if (daemon->repeats && id)
		HASH_FIND(by_id, daemon->repeats->pending, id, strlen(id), pending);
	return pending;
}

void repeats_begin(const struct request *request)
{
	struct repeats *repeats = get_repeats(request->daemon);
	const char *id = get_id(request);
	struct pending *pending;

	if (!repeats || !id || find_pending(request->daemon, id))
		return;
	pending = calloc(1, sizeof(*pending));
	if (!pending)
		return;
	memcpy(pending->id, id, strlen(id) + 1);
	TAILQ_INIT(&pending->attached);
	HASH_ADD(by_id, repeats->pending, id, strlen(pending->id), pending);
}

static void abandon_attached(struct request *request)
{
	struct attached *attached = request->pending;

	TAILQ_REMOVE(&attached->pending->attached, attached, of_pending);
	free(attached);
	request->pending = NULL;
	request->abandon = NULL;
}

void repeats_settle(struct daemon *daemon, const char *request_id)
{
	struct pending *pending = find_pending(daemon, request_id);
	struct attached *attached;

	if (!pending)
		return;
	HASH_DELETE(by_id, daemon->repeats->pending, pending);
	while ((attached = TAILQ_FIRST(&pending->attached))) {
		struct request *request = attached->request;
		request_handler *again = attached->again;

		TAILQ_REMOVE(&pending->attached, attached, of_pending);
		free(attached);
		request->pending = NULL;
		request->abandon = NULL;
		again(request);
	}
	free(pending);
}

bool repeats_attach(struct request *request, request_handler *again)
{
	struct pending *pending = find_pending(request->daemon, get_id(request));
	struct attached *attached;

	if (!pending)
		return false;
	attached = calloc(1, sizeof(*attached));
	if (!attached)
		return false;
	attached->pending = pending;
	attached->request = request;
	attached->again = again;
	TAILQ_INSERT_TAIL(&pending->attached, attached, of_pending);
	request->pending = attached;
	request->abandon = abandon_attached;
	return true;
}

void repeats_free(struct repeats *repeats)
{
	struct pending *pending, *next;

	if (!repeats)
		return;
	while (!TAILQ_EMPTY(&repeats->answered))
		drop_entry(repeats, TAILQ_FIRST(&repeats->answered));
	while (!TAILQ_EMPTY(&repeats->late))
		drop_entry(repeats, TAILQ_FIRST(&repeats->late));
	HASH_ITER (by_id, repeats->pending, pending, next) {
		HASH_DELETE(by_id, repeats->pending, pending);
		free(pending);
	}
	free(repeats->dropped);
	free(repeats);
}
