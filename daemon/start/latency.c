/* Short slices for the daemon's own processes; see latency.h. glibc 2.36 does not wrap the call. */
#include "daemon/start/latency.h"

#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000 /* the least that the kernel gives */
#define RESET_ON_FORK 1 /* SCHED_FLAG_RESET_ON_FORK: workers get the usual slice */

/* struct sched_attr of linux/sched/types.h as of its first version; SCHED_OTHER is 0. */
struct attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns;
	uint64_t deadline_ns;
	uint64_t period_ns;
};

void latency_ask(void)
{
	const struct attributes attributes = {.size = sizeof(attributes),
	    .flags = RESET_ON_FORK,
	    .nice = getpriority(PRIO_PROCESS, 0),
	    .runtime_ns = SLICE_NS};

	syscall(SYS_sched_setattr, 0, &attributes, 0);
}
