# shellcheck shell=bash
# Sourced by the steps: paths, and how a step leaves its result and its one-line message.

workspace=${PP_WORKSPACE:-$PWD}
# shellcheck disable=SC2034
source_dir=$(cd "$workspace/../.." && pwd)
out=$workspace/out

# The ppctl of whoever started this, else the one built here.
PATH=$PATH:$out/prod

# return_json FORMAT ARGUMENT...: the step's result.
return_json() {
	# shellcheck disable=SC2059
	printf "$@" >"${PP_RESULT:-/dev/stdout}"
}

message() {
	printf '%s\n' "$*" >"${PP_MESSAGE:-/dev/stderr}"
}

# skip TEXT: ends the step as skipped.
skip() {
	message "$*"
	exit 77
}

fail() {
	message "$*"
	exit 1
}

size_of() {
	stat -L -c %s "$1"
}

# The scheduler keeps the processors busy with other steps; each needs few jobs of its own.
jobs_of_one() {
	echo $((($(nproc) + 1) / 2))
}
