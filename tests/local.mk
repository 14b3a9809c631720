# tests/: how `make check` runs what the rooms below put into TESTS.

EXTRA_DIST += tests/run-test tests/hardening.sh
TESTS += tests/hardening.sh
EXTRA_DIST += tests/install.sh
TESTS += tests/install.sh

TEST_EXTENSIONS = .sh .py
run_test = $(SHELL) $(srcdir)/tests/run-test
LOG_COMPILER = $(run_test)
SH_LOG_COMPILER = $(run_test)
PY_LOG_COMPILER = $(run_test) $(PYTHON3)

# Tests find the programs first in PATH and nothing of a workspace that make itself was run in.
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	PATH='$(abs_top_builddir)':$$PATH; \
	PYTHONDONTWRITEBYTECODE=1; \
	export top_srcdir top_builddir PATH PYTHONDONTWRITEBYTECODE; \
	build_CC='$(CC)'; build_CFLAGS='$(HARDEN_CFLAGS) $(CFLAGS)'; \
	build_LDFLAGS='$(HARDEN_LDFLAGS) $(PIE_LDFLAGS)'; \
	build_INSTRUMENT_FLAGS='$(INSTRUMENT_FLAGS)'; \
	export build_CC build_CFLAGS build_LDFLAGS build_INSTRUMENT_FLAGS; \
	unset PP_SOCKET PP_WORKSPACE PP_RUN PP_EXEC PP_PROC PP_AUTOSTART;

# With --enable-coverage: what `make check` went through, a line for each source, least first.
if COVERAGE
coverage: check
	@find protocol lib client daemon -name '*.gcda' -exec gcov -n -r -s '$(abs_top_srcdir)' {} + | \
		awk -F "[:%']" '/^File/ { file = $$2 } \
			/^Lines/ && file { printf "%6.2f%% %s\n", $$2, file; file = "" }' | sort -n
clean-local:
	find . -name '*.gcda' -delete
	find . -name '*.gcno' -delete
endif
