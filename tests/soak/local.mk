# tests/soak/: what is too long for `make check`; tests/soak/run plays it, README.md says how.

EXTRA_DIST += tests/soak/README.md tests/soak/run tests/soak/autostart.py tests/soak/flat.py \
	tests/soak/hostile.py tests/soak/kills.py tests/soak/power.py tests/soak/programs.py \
	tests/soak/soak.py
