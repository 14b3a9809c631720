#!/bin/sh
# Counts the lines of files, a process for each, and adds them up in one more: prints what `ppctl run`
# shows, and the result.
#
# usage: lines.sh FILE...        in a directory that is a workspace, or becomes one
# shellcheck disable=SC2016 # what is in single quotes is for the shells that the daemon starts
set -eu

# Processes get the environment of who asks for the run.
FILES="$*"
export FILES

# The script's arguments become the options --dep of one proc.
for file; do
	set -- "$@" --dep "lines::$file"
	shift
done

# One word after -- goes to a shell, to which the argument comes as a variable. A result is JSON.
ppctl -q define --replace 'lines::[file]' -- 'ppctl return "$(wc -l <"$file")"'
ppctl -q define --replace total "$@" -- '
	sum=0
	for file in $FILES; do
		sum=$((sum + $(ppctl result "lines::$file")))
	done
	ppctl return "$sum"'

if ! ppctl run total; then
	ppctl why total
	exit 1
fi
echo "total: $(ppctl result total)"
