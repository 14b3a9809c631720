"""Rows that other programs play: the simulator, and integration tests again and again."""

import os
import re
import subprocess
import sys

import kit
import soak

EPISODES = 20_000  # steps of the simulator at a time
SCARCE = {"test_scarce.py": [], "test_state.py": ["FullDisk"], "test_faults.py": ["Faults"]}


def run(row, argv, what, seed=None, **more):
    """What a program printed, or a problem and None."""
    done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
    if done.returncode != 0:
        row.problem(f"{what}: exit status {done.returncode}\n{done.stdout[-4000:]}", seed)
        return None
    return done.stdout


def play_simulation(row):
    """Both profiles by turns: as ever, and with a crash after nearly each step."""
    program = kit.BUILD / "tests/sim/sim"
    if not program.exists():
        raise soak.Skip(f"{program} is not there (make -C {kit.BUILD} tests/sim/sim)")
    seed = row.seed
    while row.goes_on(row.counts["steps"]):
        for profile in "full", "crash":
            out = run(row, [program, "--profile", profile, "--seed", str(seed), "--steps", str(EPISODES)],
                      f"profile {profile}", seed)
            for number, what in re.findall(r"(\d+) (steps|operations|executions|crashes)", out or ""):
                row.counts[what] += int(number)
            row.counts["broken"] += out is None
        if row.counts["broken"] > 5:
            break
        seed += EPISODES  # each episode has a seed of its own, counting up


def play_scarce(row):
    """The tests of what the machine refuses; those that need a fault are skipped where it has none."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    for _ in row.rounds():
        for test, classes in SCARCE.items():
            out = run(row, [sys.executable, kit.SOURCE / "tests/integration" / test, *classes], test, env=env)
            found = re.search(r"Ran (\d+) tests?", out or "")
            skipped = re.search(r"skipped=(\d+)", out or "")
            n_skipped = int(skipped.group(1)) if skipped else 0
            row.counts["tests"] += (int(found.group(1)) if found else 0) - n_skipped
            row.counts["skipped"] += n_skipped
            row.counts["failed"] += out is None
