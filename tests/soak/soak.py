"""What the rows of tests/soak share: how long one goes on, its seeds, its figures and what was wrong.

A row is a function that gets a Row, does its rounds, and leaves figures and problems there. What
runs is the real program, in workspaces below /tmp that are removed unless something was wrong there.
"""

import contextlib
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

MIB = 1 << 20


class Skip(Exception):
    """A row that cannot be run here, and why."""


class Row:
    """One row's budget and outcome. `count` is how many there are to do, of whatever it counts."""

    def __init__(self, name, seed, count, minutes=None):
        self.name, self.seed, self.count = name, seed, count
        self.begun = time.monotonic()
        self.deadline = None if minutes is None else self.begun + minutes * 60
        self.figures, self.counts, self.problems = {}, Counter(), []

    def goes_on(self, done):
        """Whether there is more to do: time left where there is a limit of time, else a part of the count."""
        if self.deadline is not None:
            return time.monotonic() < self.deadline
        return done < self.count

    def rounds(self, counted=()):
        """A seed for each round, until each of what is counted was counted often enough; or the rounds."""
        while self.goes_on(min(self.counts[key] for key in counted or ["rounds"])):
            yield self.seed + self.counts["rounds"]
            self.counts["rounds"] += 1

    def problem(self, text, seed=None):
        """Something was wrong; seed: that of the round, which makes it again."""
        if seed is not None:
            text += f" (--seed {seed})"
        self.problems.append(text)
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)

    def judge(self, what, value, most):
        """A figure that may be no more than that."""
        self.figures[what] = value
        if value > most:
            self.problem(f"{what}: {value}, at most {most}")

    def finish(self):
        """All figures, the counted ones first."""
        return {**self.counts, **self.figures, "seconds": round(time.monotonic() - self.begun)}


@contextlib.contextmanager
def scratch(row):
    """A directory that is removed unless a problem was told while it was used."""
    directory = Path(tempfile.mkdtemp(prefix=f"parproc-soak-{row.name}-"))
    before = len(row.problems)
    done = False
    try:
        yield directory
        done = True
    finally:
        if done and len(row.problems) == before:
            shutil.rmtree(directory, ignore_errors=True)
        else:
            print(f"{row.name}: kept {directory}", file=sys.stderr)


@contextlib.contextmanager
def workspace(kit, root, name="ws"):
    """A kit.Workspace that is ended in any case."""
    made = kit.Workspace(root, name)
    try:
        yield made
    finally:
        made.end()


def find_daemons(kit, directory):
    """The supervisors and schedulers of a workspace, by their working directory."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (path / "exe").resolve() == kit.PPD and (path / "cwd").resolve() == directory.resolve():
                found.add(int(path.name))
    return found


def layers(rng, n, most_deps=3, reach=None):
    """A random graph: for each of n procs those of the procs (reach) before it that it depends on."""
    before = [range(max(0, i - (reach or i)), i) for i in range(n)]
    return [rng.sample(those, min(len(those), rng.randrange(most_deps + 1))) for those in before]
