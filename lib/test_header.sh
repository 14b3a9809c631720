#!/bin/sh
# parproc.h stands alone: as C11, C17 and C++17, with warnings as errors, and once more when it is
# included twice. CC and CXX say which compilers; without a C++ compiler that part is left out.
set -eu

header=${top_srcdir:-.}/lib
flags="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror -pedantic-errors"
program='#include <parproc.h>
#include <parproc.h>
int main(void);
int main(void)
{
	struct pp_request request = {0};
	pp_conn *conn;

	return pp_connect(0, &conn) == PP_OK && request.names == 0;
}'

for standard in c11 c17; do
	# shellcheck disable=SC2086 # they are lists of words
	printf '%s\n' "$program" |
		${CC:-cc} -std=$standard $flags -I"$header" -fsyntax-only -x c -
	echo "$standard: ok"
done
cxx=${CXX:-c++}
if ! command -v "${cxx%% *}" >/dev/null; then
	echo "c++17: left out, there is no $cxx"
	exit 0
fi
printf '%s\n' "$program" | sed 's/{0}/{}/' |
	$cxx -std=c++17 -Wall -Wextra -Wshadow -Werror -pedantic-errors -I"$header" -fsyntax-only -x c++ -
echo "c++17: ok"
