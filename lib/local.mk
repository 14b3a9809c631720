# lib/: libparproc. The objects are one convenience library; the shared library is made of it.

noinst_LTLIBRARIES += lib/libpp.la
lib_libpp_la_SOURCES = \
	lib/app.c lib/app.h \
	lib/app_define.c \
	lib/app_main.c \
	lib/autostart.c lib/autostart.h \
	lib/build_params.c \
	lib/call.c \
	lib/command.c lib/command.h \
	lib/connect.c lib/connection.h \
	lib/ctx.c lib/ctx.h \
	lib/ctx_args.c \
	lib/ctx_leave.c \
	lib/discover.c lib/discover.h \
	lib/dispatch.c \
	lib/environment.c lib/environment.h \
	lib/error.c \
	lib/executable.c lib/executable.h \
	lib/functions.c lib/functions.h \
	lib/functions_ask.c \
	lib/functions_line.c lib/functions_line.h \
	lib/held.c \
	lib/kept_fd.c lib/kept_fd.h \
	lib/parproc.h \
	lib/repeat.c \
	lib/requests.c \
	lib/resume.c \
	lib/socket.c lib/socket.h \
	lib/task.c \
	lib/verbs.c \
	lib/worker.c
lib_libpp_la_LIBADD = $(protocol_libs) $(JANSSON_LIBS)

lib_LTLIBRARIES += lib/libparproc.la
lib_libparproc_la_SOURCES =
lib_libparproc_la_LIBADD = $(client_libs)
# current:revision:age, see "Updating library version information" in libtool's manual.
lib_libparproc_la_LDFLAGS = -version-info 0:0:0 -no-undefined \
	-Wl,--version-script=$(srcdir)/lib/parproc.map \
	$(INSTRUMENT_FLAGS) $(HARDEN_LDFLAGS) $(DEFS_LDFLAGS)
lib_libparproc_la_DEPENDENCIES = $(client_libs) lib/parproc.map

include_HEADERS += lib/parproc.h
pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = lib/parproc.pc

EXTRA_DIST += lib/parproc.map

TESTS += lib/test_header.sh
EXTRA_DIST += lib/test_header.sh

# The interface of the previous release; see lib/test_abi.sh.
TESTS += lib/test_abi.sh
EXTRA_DIST += lib/test_abi.sh lib/parproc.abi
