#!/bin/sh
# The simulator over several seeds: first with the features of one run and of sharing between runs,
# then also with params, a registry that changes, missing dependencies and dynamic values.
set -e
: "${top_builddir:?}"
for seed in 1 1000 2000 3000; do
	"$top_builddir/tests/sim/sim" --profile basic --seed "$seed" --steps 5000
done
for seed in 1 301 701; do
	"$top_builddir/tests/sim/sim" --profile basic,+params,+registry,+missing,+commands \
		--seed "$seed" --steps 5000
done
