# bench/: measuring programs. `make bench` builds them, bench/run runs them; `make check` only
# compiles them, so that they keep up with what they measure.

EXTRA_DIST += bench/README.md bench/baseline.json bench/baseline.py bench/run \
	bench/jobserver.py bench/kit.py bench/graphs.py bench/scale.py bench/slurm bench/wire.py

bench_programs =

# The floor: starting and waiting, and nothing else.
bench_programs += bench/spawn_loop
bench_spawn_loop_SOURCES = bench/spawn_loop.c

# Requests over one connection.
bench_programs += bench/ping
bench_ping_SOURCES = bench/ping.c bench/measure.h

# The same through the library, and functions as tasks.
bench_programs += bench/calls bench/functions
bench_calls_SOURCES = bench/calls.c bench/measure.h
bench_calls_LDADD = $(client_libs)
bench_functions_SOURCES = bench/functions.c
bench_functions_LDADD = $(client_libs) $(JANSSON_LIBS)

# The core alone, in simulation.
bench_programs += bench/core
bench_core_SOURCES = bench/core.c
bench_core_LDADD = $(core_libs)

# How good its order is.
bench_programs += bench/makespan
bench_makespan_SOURCES = bench/makespan.c
bench_makespan_LDADD = $(core_libs)

# One proc among ever more reverse dependencies, in the core alone.
bench_programs += bench/rdeps
bench_rdeps_SOURCES = bench/rdeps.c
bench_rdeps_LDADD = $(core_libs)

check_PROGRAMS += $(bench_programs)

.PHONY: bench
bench: ppd ppctl $(bench_programs)
