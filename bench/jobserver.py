"""The row of bench/run about nested make trees: with one jobserver for all of them, and without."""

import os

import kit

PROCS = 4
LIBRARIES = 3

MAKEFILE = """\
all: $(addprefix lib,{libraries})
lib%:
\t@$(MAKE) --no-print-directory objects LIB=$*
objects: $(addprefix object-$(LIB)-,{objects})
object-%:
\t@sh ./compile
"""

# Some 50 ms of CPU; before, it notes how many do the same now.
COMPILE = """\
: >now/$$
set -- now/*
echo $# >>counts
i=0
while [ $i -lt 60000 ]; do i=$((i + 1)); done
rm now/$$
"""


def words(n):
    return " ".join(map(str, range(n)))


def row_jobserver(bench):
    """Procs that each run a make with makes below it: those of one jobserver next to `make -jN`
    each, and next to one after the other, each with all processors."""
    processors = len(os.sched_getaffinity(0))
    n_objects = bench.scaled(20)
    kit.need("make")

    def build(name, command, options, keys):
        procs = "".join(f"  p{i}: {{run: {command}, {keys}}}\n" for i in range(PROCS))
        every = ", ".join(f"p{i}" for i in range(PROCS))
        text = f"options: {{{options}}}\nprocs:\n{procs}  all: {{deps: [{every}]}}\n"
        directory = bench.scratch / "jobserver" / name
        (directory / "now").mkdir(parents=True, exist_ok=True)
        (directory / "counts").write_text("")
        (directory / "Makefile").write_text(
            MAKEFILE.format(libraries=words(LIBRARIES), objects=words(n_objects)))
        (directory / "compile").write_text(COMPILE)
        with kit.daemon(bench.build, directory, text) as daemon:
            wall_s, cpu_s = kit.run([*daemon.ppctl, "run", "all"], directory)
        counts = [int(line) for line in (directory / "counts").read_text().split()]
        assert len(counts) == PROCS * LIBRARIES * n_objects, len(counts)
        return {"s": wall_s, "most": max(counts), "mean": sum(counts) / len(counts)}

    each = f"make -j{processors}"
    figures = kit.rounds(bench.args.rounds, {
        "one jobserver": lambda: build("shared", "make", "jobserver: ncpu", "jobserver: true"),
        f"{each} each": lambda: build("each", each, "jobserver: off", "jobserver: false"),
        f"{each}, one at a time": lambda: build("single", each, "parallel: 1", "jobserver: false"),
    })
    what = f"{PROCS} procs of {LIBRARIES} makes with {n_objects} compilers each, {processors} processors"
    bench.report("jobserver", what, "s, whole time", figures, "s")
    bench.report("jobserver most", "the same", "compilers at once, at most", figures, "most")
    bench.report("jobserver mean", "the same", "compilers at once, as each began", figures, "mean")


ROWS = {"jobserver": row_jobserver}
