/*
 * What scripts/analyze puts before each source: sys/queue.h, uthash and utlist as an analyzer can
 * follow them. Their macros link entries through pointers into others, which it does not relate to
 * the heads: it believes that what was removed and freed is still the first. Here, what a list or
 * table has is anything at each look. No program is ever built with this.
 */
#ifndef PARPROC_SCRIPTS_ANALYZE_H
#define PARPROC_SCRIPTS_ANALYZE_H

#include <stddef.h>
#include <sys/queue.h>
#include <uthash.h>
#include <utlist.h>

/* Any pointer, NULL too: it has no body. What it is given has to be live still. */
void *analyze_any(const void *live);
/* The same for what a key leads to; the key's bytes have to be set. */
void *analyze_find(const void *table, const char *key, size_t length);
/* Where in a list or table an entry is put, so that it is not lost. */
void **analyze_place(const void *live);

#define ANALYZE_ANY(like, live) ((__typeof__(like))analyze_any(live))

#undef LIST_EMPTY
#undef LIST_FIRST
#undef LIST_NEXT
#undef LIST_FOREACH
#undef LIST_INSERT_HEAD
#undef LIST_REMOVE
#define LIST_FIRST(head) ANALYZE_ANY((head)->lh_first, head)
#define LIST_EMPTY(head) (LIST_FIRST(head) == NULL)
#define LIST_NEXT(entry, field) ANALYZE_ANY((entry)->field.le_next, entry)
#define LIST_FOREACH(entry, head, field)                                                           \
	for ((entry) = LIST_FIRST(head); (entry); (entry) = LIST_NEXT(entry, field))
#define LIST_INSERT_HEAD(head, entry, field) (*analyze_place(head) = (entry))
#define LIST_REMOVE(entry, field) ((void)LIST_NEXT(entry, field))

#undef TAILQ_EMPTY
#undef TAILQ_FIRST
#undef TAILQ_LAST
#undef TAILQ_NEXT
#undef TAILQ_PREV
#undef TAILQ_FOREACH
#undef TAILQ_INSERT_HEAD
#undef TAILQ_INSERT_TAIL
#undef TAILQ_INSERT_AFTER
#undef TAILQ_REMOVE
#undef TAILQ_CONCAT
#define TAILQ_FIRST(head) ANALYZE_ANY((head)->tqh_first, head)
#define TAILQ_LAST(head, list) TAILQ_FIRST(head)
#define TAILQ_EMPTY(head) (TAILQ_FIRST(head) == NULL)
#define TAILQ_NEXT(entry, field) ANALYZE_ANY((entry)->field.tqe_next, entry)
#define TAILQ_PREV(entry, list, field) TAILQ_NEXT(entry, field)
#define TAILQ_FOREACH(entry, head, field)                                                          \
	for ((entry) = TAILQ_FIRST(head); (entry); (entry) = TAILQ_NEXT(entry, field))
#define TAILQ_INSERT_HEAD(head, entry, field) (*analyze_place(head) = (entry))
#define TAILQ_INSERT_TAIL(head, entry, field) TAILQ_INSERT_HEAD(head, entry, field)
#define TAILQ_INSERT_AFTER(head, before, entry, field)                                             \
	((void)TAILQ_NEXT(before, field), TAILQ_INSERT_HEAD(head, entry, field))
#define TAILQ_REMOVE(head, entry, field) ((void)TAILQ_FIRST(head), (void)TAILQ_NEXT(entry, field))
#define TAILQ_CONCAT(head, from, field) ((void)TAILQ_FIRST(head), (void)TAILQ_FIRST(from))

#undef HASH_ADD
#undef HASH_ADD_KEYPTR
#undef HASH_CLEAR
#undef HASH_DEL
#undef HASH_DELETE
#undef HASH_FIND
#undef HASH_FIND_BYHASHVALUE
#undef HASH_ITER
#undef HASH_VALUE
#define HASH_ADD_KEYPTR(hh, table, bytes, length, entry)                                           \
	do {                                                                                       \
		(void)analyze_find(table, (const char *)(bytes), length);                          \
		*analyze_place(table) = (entry);                                                   \
		(entry)->hh.tbl = analyze_any(table);                                              \
		(table) = analyze_any(table);                                                      \
	} while (0)
#define HASH_ADD(hh, table, field, length, entry)                                                  \
	HASH_ADD_KEYPTR(hh, table, &(entry)->field, length, entry)
#define HASH_CLEAR(hh, table) ((table) = NULL)
#define HASH_DELETE(hh, table, entry) ((table) = analyze_any((entry)->hh.next))
#define HASH_DEL(table, entry) HASH_DELETE(hh, table, entry)
#define HASH_FIND(hh, table, bytes, length, entry)                                                 \
	((entry) = analyze_find(table, (const char *)(bytes), length))
#define HASH_FIND_BYHASHVALUE(hh, table, bytes, length, value, entry)                              \
	HASH_FIND(hh, table, bytes, length, entry)
#define HASH_ITER(hh, table, entry, next_entry)                                                    \
	for ((entry) = analyze_any(table);                                                         \
	     (entry) != NULL && ((next_entry) = (entry)->hh.next, 1);                              \
	     (entry) = analyze_any(next_entry))
#define HASH_VALUE(bytes, length, value)                                                           \
	((value) = analyze_find(NULL, (const char *)(bytes), length) != NULL)

#undef DL_SORT
#define DL_SORT(head, compare) ((head) = ANALYZE_ANY(head, head))

#endif
