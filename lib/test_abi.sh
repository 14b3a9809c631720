#!/bin/sh
# Whether programs that were built against the previous release (lib/parproc.abi) still work with
# the library: nothing that it had is gone or different. What is new is fine.
#
# usage: lib/test_abi.sh [save]    save: this build is the release that comes next
set -eu
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"

library=$(readlink -f "$top_builddir/lib/.libs/libparproc.so")
baseline=$top_srcdir/lib/parproc.abi
header=$(cd "$top_srcdir" && pwd)/lib/parproc.h
public="--exported-interfaces-only --drop-private-types"

if ! command -v abidiff >/dev/null; then
	echo "abidiff is missing (Debian package: abigail-tools)"
	exit 77
fi
case ${build_INSTRUMENT_FLAGS-} in
?*)
	echo "not for a build that is instrumented: $build_INSTRUMENT_FLAGS"
	exit 77
	;;
esac
if ! readelf -SW "$library" | grep -q '\.debug_info'; then
	echo "the library has no debugging information, which tells the types (CFLAGS: -g)"
	exit 77
fi
# shellcheck disable=SC2086 # a list of words
if [ "${1-}" = save ]; then
	abidw $public --no-show-locs --no-corpus-path --no-comp-dir-path --no-parameter-names \
		--drop-undefined-syms --type-id-style hash --header-file "$header" \
		--out-file "$baseline" "$library"
	sed -i "s|path='${header%lib/parproc.h}|path='|" "$baseline" # of the sources
else
	abidiff $public --no-added-syms --header-file2 "$header" "$baseline" "$library"
fi
