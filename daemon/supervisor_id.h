/*
 * Which supervisor this is: one process of one boot of the machine. What was handed to another one
 * is lost.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_ID_H
#define PARPROC_DAEMON_SUPERVISOR_ID_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

/* {"boot": …, "pid": …, "started": …} of the process; NULL: it cannot be known. A new reference. */
json_t *supervisor_id_get(pid_t pid);

/* When the process was started, in the kernel's ticks since the boot (proc(5)); -1: it is gone. */
int64_t process_started(pid_t pid);

#endif
