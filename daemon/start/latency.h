/*
 * How soon the daemon's processes get a processor when they wake up beside busy workers.
 */
#ifndef PARPROC_DAEMON_START_LATENCY_H
#define PARPROC_DAEMON_START_LATENCY_H

/*
 * Asks the kernel for short slices for this process, and not for its children. Between the end of a
 * worker and the start of the next both processes wake up for some microseconds; with the usual
 * slice of milliseconds each waits for the worker that runs there to use its own up. Any user may
 * ask. Kernels before 6.12 take no notice (sched_setattr(2); the kernel's
 * Documentation/scheduler/sched-eevdf.rst); what cannot be had is no error.
 */
void latency_ask(void);

#endif
