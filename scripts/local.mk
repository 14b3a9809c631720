# scripts/: what people and CI run by hand.

EXTRA_DIST += scripts/lib.sh scripts/quickstart scripts/record scripts/slurm-test scripts/test \
	scripts/analyze scripts/analyze.cfg scripts/analyze.h scripts/analyze.suppressions
