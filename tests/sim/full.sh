#!/bin/sh
# The simulator with every feature at once, against the reference model: 100,000 steps.
set -e
: "${top_builddir:?}"
"$top_builddir/tests/sim/sim" --profile full --seed 1 --steps 100000
