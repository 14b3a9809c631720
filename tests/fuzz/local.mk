# tests/fuzz/: libFuzzer programs with --enable-fuzzing (tests/fuzz/run builds and runs them).
# Otherwise their mains replay the corpus, where each finding is added, and are part of `make check`.

fuzz_programs = \
	tests/fuzz/fuzz_names \
	tests/fuzz/fuzz_output \
	tests/fuzz/fuzz_protocol \
	tests/fuzz/fuzz_requests \
	tests/fuzz/fuzz_restore \
	tests/fuzz/fuzz_store \
	tests/fuzz/fuzz_wire \
	tests/fuzz/fuzz_workspace

check_PROGRAMS += $(fuzz_programs)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/dict tests/fuzz/run tests/fuzz/script_mutator.c

if FUZZING
fuzz_main = tests/fuzz/fuzz.h
fuzz_mutator = tests/fuzz/script_mutator.c
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
TESTS += $(fuzz_programs)
fuzz_main = tests/fuzz/fuzz.h tests/fuzz/replay.c
fuzz_ldflags = $(AM_LDFLAGS)
endif

tests_fuzz_fuzz_names_SOURCES = tests/fuzz/fuzz_names.c $(fuzz_main)
tests_fuzz_fuzz_names_LDADD = $(core_libs)
tests_fuzz_fuzz_names_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_output_SOURCES = tests/fuzz/fuzz_output.c $(fuzz_main)
tests_fuzz_fuzz_output_LDADD = $(daemon_libs) $(daemon_syslibs)
tests_fuzz_fuzz_output_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_protocol_SOURCES = tests/fuzz/fuzz_protocol.c $(fuzz_main)
tests_fuzz_fuzz_protocol_LDADD = $(protocol_libs) $(JANSSON_LIBS)
tests_fuzz_fuzz_protocol_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz_wire.c $(fuzz_main)
tests_fuzz_fuzz_wire_LDADD = $(supervisor_libs)
tests_fuzz_fuzz_wire_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_workspace_SOURCES = tests/fuzz/fuzz_workspace.c $(fuzz_main)
tests_fuzz_fuzz_workspace_LDADD = $(daemon_libs) $(daemon_syslibs)
tests_fuzz_fuzz_workspace_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_restore_SOURCES = \
	tests/fuzz/core_check.c tests/fuzz/fuzz_restore.c tests/fuzz/daemon_kit.h $(fuzz_main)
tests_fuzz_fuzz_restore_LDADD = $(daemon_libs) $(daemon_syslibs)
tests_fuzz_fuzz_restore_LDFLAGS = $(fuzz_ldflags)

# With a scheduler of its own, around which all but the supervisor is real.
fuzz_kit = \
	tests/fuzz/core_check.c \
	tests/fuzz/daemon_build.c \
	tests/fuzz/daemon_kit.c \
	tests/fuzz/daemon_kit.h \
	tests/fuzz/daemon_kit_internal.h \
	tests/fuzz/daemon_peer.c \
	tests/fuzz/daemon_peer.h \
	tests/fuzz/daemon_state.c \
	tests/fuzz/daemon_workers.c \
	tests/fuzz/daemon_workers.h \
	tests/fuzz/script.c \
	tests/fuzz/script.h

tests_fuzz_fuzz_requests_SOURCES = \
	tests/fuzz/fuzz_requests.c \
	tests/fuzz/requests_words.c \
	tests/fuzz/script_words.h \
	$(fuzz_kit) $(fuzz_mutator) $(fuzz_main)
tests_fuzz_fuzz_requests_LDADD = $(daemon_libs) $(daemon_syslibs)
tests_fuzz_fuzz_requests_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_store_SOURCES = \
	tests/fuzz/fuzz_store.c \
	tests/fuzz/state_maker.c \
	tests/fuzz/state_maker.h \
	tests/fuzz/store_words.c \
	tests/fuzz/script_words.h \
	$(fuzz_kit) $(fuzz_mutator) $(fuzz_main)
tests_fuzz_fuzz_store_LDADD = $(daemon_libs) $(daemon_syslibs)
tests_fuzz_fuzz_store_LDFLAGS = $(fuzz_ldflags)
