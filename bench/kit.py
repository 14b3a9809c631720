"""What the rows of bench/run share: clocks, processes, a daemon of one's own, graphs, rounds.

Nothing here knows a row. Every daemon is in a directory of its own below /tmp and is stopped at
the end; nothing is left behind but what --keep asks for.
"""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class Skip(Exception):
    """A contestant or row that cannot be measured here, and why."""


def clean_environment():
    """The environment without what would lead ppctl to another daemon, or make to another make."""
    drop = ("PP_", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "TS_")
    return {k: v for k, v in os.environ.items() if not k.startswith(drop)}


def need(program):
    path = shutil.which(program)
    if path is None:
        raise Skip(f"{program} is not installed")
    return path


def run(argv, cwd, env=None, text=None):
    """Runs to the end, output to nowhere. Answers wall and CPU seconds (children's included)."""
    start_s = time.perf_counter()
    before = os.times()
    done = subprocess.run(argv, cwd=cwd, env={**clean_environment(), **(env or {})}, input=text,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    wall_s = time.perf_counter() - start_s
    after = os.times()
    if done.returncode != 0:
        sys.exit(f"bench/run: {' '.join(map(str, argv))[:200]}: exit {done.returncode}: "
                 f"{done.stderr.decode(errors='replace')[-500:]}")
    cpu_s = (after.children_user + after.children_system
             - before.children_user - before.children_system)
    return wall_s, cpu_s


def spawn_s(argv):
    """From posix_spawn to the end of a process, as short as Python can have it."""
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    env = clean_environment()
    start_s = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=nowhere)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        sys.exit(f"bench/run: {' '.join(argv)}: wait status {status}")
    return time.perf_counter() - start_s


def process_cpu_s(pid):
    """User and system time of one process without its children, as in /proc/PID/stat but finer:
    from the process's own clock, as clock_getcpuclockid(3) numbers it."""
    return time.clock_gettime((~pid << 3) | 2)


def smaps_kib(pid, key):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise KeyError(key)


def wakeups(pid):
    """Every time that it gave the processor up of itself, to be woken again."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("voluntary_ctxt_switches:"):
            return int(line.split()[1])
    raise KeyError("voluntary_ctxt_switches")


class Daemon:
    """ppd for a workspace of its own. pids: supervisor, scheduler."""

    def __init__(self, build, directory, workspace, options=()):
        self.build, self.directory, self.options = build, directory, options
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "parproc.yaml").write_text(workspace)
        self.ppctl = [str(build / "ppctl"), "-C", str(directory)]
        self.pids = []

    def start(self):
        wall_s, _ = run([self.build / "ppd", "-d", "-C", self.directory, *self.options],
                        self.directory)
        answer = subprocess.run([*self.ppctl, "call", "hello", "{}"], env=clean_environment(),
                                stdout=subprocess.PIPE, check=True)
        hello = json.loads(answer.stdout)
        self.pids = [hello["supervisor_pid"], hello["pid"]]
        return wall_s

    def stop(self):
        subprocess.run([*self.ppctl, "stop"], env=clean_environment(), check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pids = []

    @property
    def socket(self):
        return str(self.directory / ".parproc/ppd.sock")

    def cpu_s(self):
        return sum(process_cpu_s(pid) for pid in self.pids)


@contextlib.contextmanager
def daemon(build, directory, workspace, options=()):
    one = Daemon(build, directory, workspace, options)
    one.start()
    try:
        yield one
    finally:
        one.stop()


@contextlib.contextmanager
def scratch(keep):
    directory = Path(tempfile.mkdtemp(prefix="parproc-bench-"))
    try:
        yield directory
    finally:
        if keep:
            print(f"kept {directory}", file=sys.stderr)
        else:
            shutil.rmtree(directory, ignore_errors=True)


def rounds(n, contestants):
    """contestants: name -> function that answers a dict of figures. Each round has all of them in
    turn, each round begins with another. Answers name -> list of dicts; who cannot be measured is
    left out, with the reason."""
    figures = {name: [] for name in contestants}
    names = list(contestants)
    for i in range(n):
        for name in names[i % len(names):] + names[:i % len(names)]:
            if name not in figures:
                continue
            try:
                figures[name].append(contestants[name]())
            except Skip as why:
                print(f"  {name}: left out, {why}", flush=True)
                del figures[name]
    return figures


def median(figures, key):
    return statistics.median(one[key] for one in figures)


def ratio(figures, base, key):
    """Median over the rounds of one contestant's figure over the base's of the same round."""
    return statistics.median(a[key] / b[key] for a, b in zip(figures, base))


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(len(values) * q))]
