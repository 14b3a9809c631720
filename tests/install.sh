#!/bin/sh
# What `make install` gives a program that uses the library: it is compiled with pkg-config's flags
# against the installed header and libraries, shared and static, and runs with the installed
# daemon. The shared library exports what the header declares and nothing else. `make uninstall`
# leaves nothing.
# shellcheck disable=SC2154 # tests/local.mk says what is set
set -eu
export LC_ALL=C

stage=$(mktemp -d "${TMPDIR:-/tmp}/parproc-install.XXXXXX") || exit 99
workspace=$(mktemp -d "${TMPDIR:-/tmp}/parproc-install.XXXXXX") || exit 99
clean_up() {
	if [ -e "$workspace/.parproc/ppd.sock" ]; then
		ppctl -C "$workspace" stop >/dev/null 2>&1 || true
	fi
	rm -rf "$stage" "$workspace"
}
trap clean_up EXIT

fail() {
	echo "$*" >&2
	exit 1
}

# As a user runs it, whatever make runs this test.
in_build() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory -s -C "$top_builddir" \
		DESTDIR="$stage" "$@" >"$workspace/make.log" 2>&1 ||
		fail "make $*: $(cat "$workspace/make.log")"
}

in_build install
pc=$(find "$stage" -name parproc.pc)
bin=$(dirname "$(find "$stage" -name ppctl -type f -perm -u+x | head -n 1)")
[ -n "$pc" ] || fail "parproc.pc is not installed"
if ! command -v pkg-config >/dev/null; then
	echo "pkg-config is missing"
	exit 77
fi

export PKG_CONFIG_SYSROOT_DIR="$stage"
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
library_directory=$stage$(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --variable=libdir parproc)
library=$library_directory/libparproc.so
unset PP_SOCKET PP_WORKSPACE PP_RUN PP_EXEC PP_PROC PP_AUTOSTART
PATH=$bin:$PATH

# ---- what it exports ----

readelf -dW "$library" | grep -q 'Library soname: \[libparproc\.so\.0\]' ||
	fail "the soname is not libparproc.so.0: $(readelf -dW "$library" | grep -i soname)"
sed -n 's/^[a-z].*[ *]\(pp_[a-z0-9_]*\)(.*/\1/p; s/^\(pp_[a-z0-9_]*\)(.*/\1/p' \
	"$top_srcdir/lib/parproc.h" | grep -v '_\(callback\|driver\|function\)$' | sort -u \
	>"$workspace/declared"
[ "$(wc -l <"$workspace/declared")" -gt 50 ] || fail "few functions are found in the header"
case ${build_INSTRUMENT_FLAGS-} in
*coverage* | *fsanitize*) ;; # they export more
*)
	nm -D --defined-only --with-symbol-versions "$library" |
		sed -n 's/.* T \(.*\)@@PARPROC_0$/\1/p' | sort >"$workspace/exported"
	diff "$workspace/declared" "$workspace/exported" >&2 ||
		fail "what is declared (<) is not what is exported (>)"
	nm -D --defined-only "$library" | grep -v -e ' T pp_' -e ' A PARPROC_0' >&2 &&
		fail "that should not be exported"
	;;
esac

# ---- a program ----

touch "$workspace/parproc.yaml"
cat >"$workspace/program.c" <<'END'
#include <parproc.h>

static int hello(pp_ctx *ctx)
{
	return pp_return(ctx, json_pack("{s:s, s:s}", "hello", pp_arg_str(ctx, "who"), "version",
	                          pp_version()));
}

int main(int argc, char **argv)
{
	pp_app *app = pp_app_new(argc, argv);

	pp_proto(app, "hello::[who]", hello);
	return pp_app_main(app);
}
END

# try PROGRAM: runs it in the workspace.
try() {
	LD_LIBRARY_PATH=$library_directory "$1" -C "$workspace" hello::world >"$workspace/out" 2>&1 ||
		fail "$1: $(cat "$workspace/out")"
	result=$(ppctl -C "$workspace" result hello::world)
	version=$(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --modversion parproc)
	[ "$result" = "{\"hello\": \"world\", \"version\": \"$version\"}" ] ||
		fail "$1: the result is $result"
	echo "$1: ok"
}

strict="-std=c11 -Wall -Wextra -Wpedantic -Werror"
# shellcheck disable=SC2046,SC2086 # lists of words
$build_CC $strict ${build_INSTRUMENT_FLAGS-} -o "$workspace/shared" "$workspace/program.c" \
	$(pkg-config --cflags --libs parproc)
readelf -dW "$workspace/shared" | grep -q 'NEEDED.*libparproc\.so\.0' ||
	fail "the program does not need libparproc.so.0"
try "$workspace/shared"
# shellcheck disable=SC2046,SC2086
if [ -e "$library_directory/libparproc.a" ]; then
	$build_CC $strict ${build_INSTRUMENT_FLAGS-} -o "$workspace/static" "$workspace/program.c" \
		$(pkg-config --cflags parproc) "$library_directory/libparproc.a" \
		$(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --libs jansson)
	ppctl -C "$workspace" undefine 'hello::[who]'
	try "$workspace/static"
fi
ppctl -C "$workspace" stop >/dev/null

# ---- and away ----

in_build uninstall
left=$(find "$stage" ! -type d)
[ -z "$left" ] || fail "make uninstall leaves $left"
