#!/bin/sh
# One run for several commands: it is held open, so what needs something that nobody has defined yet
# waits for it, each proc is executed once, and in the end there is one outcome.
# shellcheck disable=SC2016 # what is in single quotes is for the shells that the daemon starts
set -eu

run=$(ppctl open) # its number
export PP_RUN="$run"

# The report is started first, and waits for what it is about.
ppctl -q define --replace report --dep unpacked --dep tested -- '
	ppctl return "$(ppctl results unpacked tested)"'
ppctl start report >/dev/null
ppctl why report | head -n 1

# Any shell could do this. PP_RUN says to which run it belongs.
ppctl -q define --replace unpacked -- 'echo unpacking; ppctl return 12'
ppctl -q define --replace tested --dep unpacked -- 'echo testing; ppctl return 11'

# Takes the hold back, and waits until all is complete; -q: only what fails is printed.
ppctl -q wait
ppctl logs tested
ppctl result report
