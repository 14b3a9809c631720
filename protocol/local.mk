# protocol/: a convenience library for the daemon and for libparproc.

noinst_LTLIBRARIES += protocol/libprotocol.la
protocol_libprotocol_la_SOURCES = \
	protocol/errors.c protocol/errors.h \
	protocol/frame.c protocol/frame.h \
	protocol/json_text.c protocol/json_text.h \
	protocol/jsonrpc.c protocol/jsonrpc.h \
	protocol/log_marker.h \
	protocol/methods.c protocol/methods.h \
	protocol/nearest.c protocol/nearest.h \
	protocol/params.c \
	protocol/version.h
protocol_libprotocol_la_LIBADD = $(JANSSON_LIBS)

# The form of the workspace file, for editors, and the protocol, for other languages.
schemadir = $(datadir)/parproc
dist_schema_DATA = protocol/parproc.schema.json protocol/openrpc.json
