/*
 * uthash, told what to do when memory runs out: the same as mem.h.
 */
#ifndef PARPROC_CORE_HASH_H
#define PARPROC_CORE_HASH_H

#include <stdlib.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#endif
