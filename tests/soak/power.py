"""The database as a power loss would leave it, copied while graphs run, and a daemon on each copy.

A copy is made while the scheduler is stopped, wherever it happened to be, so it is of one moment:
what had been handed to the kernel then. Every second one is torn besides: what was written to the
WAL since it was last synced is cut off at a random byte, or zeros from there on, as a power loss may
do. Beside each copy is what was known at that moment: what clients had been told, and what had been
executed. The daemon on the copy must load it, keep what had ended, call lost what ran, execute what
waited once, and nothing else.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
from collections import Counter

import kit
import soak

PROCS, PARALLEL = 60, 4
ENDED = ("succeeded", "failed", "skipped")


def make_graph(rng):
    procs = {}
    for i, deps in enumerate(soak.layers(rng, PROCS)):
        code = 3 if rng.random() < 0.05 else 0
        text = (f'echo "$PP_PROC" >>trace; sleep {rng.random() * 0.03:.3f}; '
                f'echo \'{{"n": {i}}}\' >$PP_RESULT; exit {code}')
        procs[f"p{i}"] = {"deps": [f"p{dep}" for dep in deps], "run": text}
    procs["all"] = {"deps": sorted(procs)}
    return procs


class Watcher:
    """A client that subscribes, and knows of each proc that it was told has ended."""

    def __init__(self, ws):
        self.peer = kit.Connection(ws)
        self.peer.call("subscribe", kinds=["state"])
        self.told, self.rest = {}, b""

    def read(self):
        """Takes what is there now."""
        self.peer.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while data := self.peer.socket.recv(1 << 20):
                self.rest += data
        *lines, self.rest = self.rest.split(b"\n")
        for line in lines:
            view = json.loads(line)["params"]["proc"]
            if view["state"] in ENDED:
                self.told[view["name"]] = view["state"]

    def close(self):
        self.peer.__exit__()


def unsynced(wal, shm):
    """Where the part of the WAL that was not synced may begin, and where it ends: what was written
    back to the database was synced before. As in SQLite's walformat.html, in native byte order."""
    page_size, = struct.unpack_from(">I", wal, 8)
    last_frame, = struct.unpack_from("=I", shm, 16)
    backfilled = max(struct.unpack_from("=I", shm, 96)[0], struct.unpack_from("=I", shm, 128)[0])
    frame = page_size + 24
    return 32 + backfilled * frame, min(len(wal), 32 + last_frame * frame)


class Copy:
    """A workspace with the database as it was, and what was known then."""

    def __init__(self, root, number, ws, rng, watcher, procs):
        self.ws = kit.Workspace(root, f"copy{number}")
        self.ws.define(procs, options={"parallel": PARALLEL})
        self.ws.write("trace", "")
        self.state = self.ws.dir / ".parproc"
        self.state.mkdir(mode=0o700)
        watcher.read()
        self.told = dict(watcher.told)
        self.executed = Counter(ws.read("trace").split())
        source = ws.dir / ".parproc"
        parts = {part: (source / f"state.db{part}").read_bytes() for part in ("", "-wal", "-shm")}
        self.is_torn = number % 2 == 1
        if self.is_torn:
            parts["-wal"] = self.tear(parts, rng)
        for part in ("", "-wal"):
            (self.state / f"state.db{part}").write_bytes(parts[part])

    def tear(self, parts, rng):
        wal = parts["-wal"]
        begin, end = unsynced(wal, parts["-shm"])
        if end <= begin:
            return wal
        at = rng.randrange(begin, end)
        return wal[:at] if rng.random() < 0.5 else wal[:at] + bytes(len(wal) - at)

    def read_rows(self, directory):
        """Executions and their results, by proc; of another copy, since looking changes the files."""
        directory.mkdir()
        for path in self.state.glob("state.db*"):
            shutil.copy(path, directory)
        with contextlib.closing(sqlite3.connect(directory / "state.db")) as db:
            if db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                raise AssertionError("the database is corrupt")
            if not db.execute("SELECT name FROM sqlite_master WHERE name = 'execution'").fetchall():
                return {}
            return {row[0]: row[1:] for row in db.execute(
                "SELECT proc, state, error, value FROM execution LEFT JOIN result ON exec = id")}


class Check:
    """Starts a daemon on a copy, lets it go on to the end, and compares."""

    def __init__(self, row, copy, seed):
        self.row, self.copy, self.seed = row, copy, seed
        self.before = copy.read_rows(copy.ws.dir / "before")

    def problem(self, text):
        self.row.problem(f"{'torn ' if self.copy.is_torn else ''}copy: {text}", self.seed)

    def play(self):
        ws = self.copy.ws
        ws.ppd("-d")
        ws.ppctl("wait", status=None)
        ws.ppctl("stop")
        after = self.copy.read_rows(ws.dir / "after")
        self.row.counts["copies"] += 1
        self.row.counts["torn"] += self.copy.is_torn
        if "set aside" in ws.log():
            self.problem("the database was set aside")
        executed = Counter(ws.read("trace").split())
        self.check_told()
        for name, (state, error, result) in self.before.items():
            self.check_one(name, (state, error, result), after.get(name), executed.pop(name, 0))
        for name in executed:
            self.problem(f"{name} was executed, which the copy did not know")

    def check_told(self):
        """What somebody was told, or what was begun, is in an untorn copy."""
        self.row.counts["told"] += len(self.copy.told)
        for name, state in self.copy.told.items():
            if self.copy.is_torn:
                self.row.counts["torn_away"] += self.before.get(name, (None,))[0] != state
            elif name not in self.before or self.before[name][0] != state:
                self.problem(f"{name} was told to be {state}, and is {self.before.get(name)}")
        for name in self.copy.executed:
            if not self.copy.is_torn and self.before.get(name, ("nothing",))[0] not in (*ENDED, "running"):
                self.problem(f"{name} was begun, and is {self.before.get(name)}")

    def check_one(self, name, before, after, times):
        state = before[0]
        if after is None:
            self.problem(f"{name} was {state}, and is gone")
            return
        if times > 1:
            self.row.counts["duplicates"] += times - 1
            self.problem(f"{name} was executed {times} times")
        if state in ENDED:
            if after != before or times:
                self.problem(f"{name} had ended as {before}, is {after}, and was executed {times} times")
        elif state == "running":
            self.row.counts["lost"] += 1
            # A collector has no process, so it is not lost.
            if after[1] != "lost" or times:
                self.problem(f"{name} ran, is {after}, and was executed {times} times")
        else:
            self.row.counts["went_on"] += times
            is_run = after[0] == "succeeded" or after[1] == "exit"
            if after[0] not in ENDED or (name != "all" and times != is_run):
                self.problem(f"{name} waited, is {after}, and was executed {times} times")
            if name != "all" and is_run and json.loads(after[2] or "null") != {"n": int(name[1:])}:
                self.problem(f"{name} has the result {after[2]}")


def take_copies(row, root, seed):
    """Runs a graph, and copies its database now and then."""
    rng, copies = random.Random(seed), []
    procs = make_graph(rng)
    with soak.workspace(kit, root) as ws:
        ws.write("trace", "")
        ws.define(procs, options={"parallel": PARALLEL})
        ws.ppd("-d")
        scheduler, _ = ws.pids()
        watcher = Watcher(ws)
        client = ws.start(kit.PPCTL, "run", "all", stdout=subprocess.DEVNULL)
        while client.poll() is None and len(copies) < 20:
            time.sleep(rng.random() * 0.1)
            os.kill(scheduler, signal.SIGSTOP)
            try:
                kit.until(lambda: is_stopped(scheduler), "the scheduler is stopped")
                copies.append(Copy(root, len(copies), ws, rng, watcher, procs))
            finally:
                os.kill(scheduler, signal.SIGCONT)
        ws.finish(client)
        watcher.close()
    return copies


def is_stopped(pid):
    return kit.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def play(row):
    for name in ("copies", "torn", "told", "duplicates", "lost", "went_on", "torn_away"):
        row.counts[name] = 0
    for seed in row.rounds(["copies"]):
        with soak.scratch(row) as root:
            for copy in take_copies(row, root, seed):
                try:
                    Check(row, copy, seed).play()
                finally:
                    copy.ws.end()
                if not row.problems:
                    shutil.rmtree(copy.ws.dir)
