#!/bin/sh
# Whether the programs and the library have what configure's hardening is to give them, as readelf
# sees it. What the compiler does not have is not asked for; a build for sanitizers, coverage or
# fuzzing, or with --disable-hardening, is not meant to have it.
#
# shellcheck disable=SC2317 # the functions are called by a name that is put together
set -u
export LC_ALL=C
: "${top_builddir:?}" "${build_CC:?}" "${build_CFLAGS?}" "${build_LDFLAGS?}" "${build_INSTRUMENT_FLAGS?}"

case $build_INSTRUMENT_FLAGS:$build_CFLAGS in
:*stack-protector*) ;;
*)
	echo "this build is not hardened"
	exit 77
	;;
esac
if ! command -v readelf >/dev/null; then
	echo "readelf is missing (Debian package: binutils)"
	exit 77
fi

# has_PROPERTY FILE: status 0 if it has it.

has_pie() { # a shared object that is a program
	readelf -hW "$1" | grep -q 'Type: *DYN' && readelf -lW "$1" | grep -q ' INTERP '
}

has_pic() {
	readelf -hW "$1" | grep -q 'Type: *DYN' && ! readelf -dW "$1" | grep -q TEXTREL
}

has_relro() { # all of it: what is relocated is read-only once the program runs
	readelf -lW "$1" | grep -q ' GNU_RELRO ' && readelf -dW "$1" | grep -q -e BIND_NOW -e 'Flags:.* NOW'
}

has_nx() { # no stack and no segment is both writable and executable
	readelf -lW "$1" | grep -q ' GNU_STACK .* RW  *0x' && ! readelf -lW "$1" | grep -q ' RWE '
}

has_stack_protector() {
	readelf --dyn-syms -W "$1" | grep -q ' __stack_chk_fail'
}

has_fortify() { # the checking forms of some functions are called
	readelf --dyn-syms -W "$1" | grep -q '__[a-z]*printf_chk'
}

has_no_rpath() {
	! readelf -dW "$1" | grep -q -e '(RPATH)' -e '(RUNPATH)'
}

status=0
n_checked=0

check() { # check FILE PROPERTY...
	file=$1
	shift
	for property; do
		n_checked=$((n_checked + 1))
		if ! "has_$property" "$file"; then
			echo "$file: it does not have: $property"
			status=1
		fi
	done
}

# What configure found that there is.
common="pic nx no_rpath stack_protector"
pie=
case $build_LDFLAGS in *,now*) common="$common relro" ;; esac
case $build_CFLAGS in
*-O0*) ;; # it means nothing then
*_FORTIFY_SOURCE*) common="$common fortify" ;;
esac
case $build_LDFLAGS in *-pie*) pie=pie ;; esac

# shellcheck disable=SC2086 # they are lists of words
for program in ppd ppctl; do
	check "$top_builddir/$program" $common $pie
done
# shellcheck disable=SC2086
check "$top_builddir/lib/.libs/libparproc.so" $common

# The checks have to see what is missing, in a program that has none of it.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/parproc-hardening.XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/soft.c" <<'END'
#include <stdio.h>
int main(int argc, char **argv)
{
	char text[64];
	return sprintf(text, "%d %s", argc, argv[0]);
}
END
# shellcheck disable=SC2086
if $build_CC -O2 -U_FORTIFY_SOURCE -fno-stack-protector -fno-PIE -no-pie -Wl,-z,norelro -Wl,-z,lazy \
	-Wl,-z,execstack -Wl,-rpath,/tmp -o "$scratch/soft" "$scratch/soft.c" 2>/dev/null; then
	for property in pie pic relro nx stack_protector fortify no_rpath; do
		if "has_$property" "$scratch/soft"; then
			echo "the check for $property says that a program has it which does not"
			status=1
		fi
	done
else
	echo "not tried against a program without hardening: $build_CC does not make one"
fi
echo "$n_checked checks"
exit $status
