"""Kills the daemon's processes at random moments of running graphs, and counts what that did.

Each round has a workspace of its own with a random graph, several clients that run targets of it
at the same time, and a killer. What is killed is the scheduler, the supervisor, or both; the latter
two lose what runs then, and nothing else. Afterwards three accounts are compared: what the clients
were answered, what the processes wrote down when they were executed, and the state database.
"""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter

import kit
import soak

PROCS, CLIENTS, PARALLEL = 40, 3, 6
STORM_PROCS, STORM_PARALLEL = 2000, 2  # of very short ones: what is next stands by then
PAUSE_S = {"scheduler": 0.15, "supervisor": 0.4, "both": 0.4}  # at most, between kills
STORM_MOST = 8  # of those in a round that each end a storm
MOST = {"scheduler": 200, "supervisor": 3, "both": 3}  # in a round; where each loses what runs, few


class Round:
    def __init__(self, row, kind, ws, seed):
        self.row, self.kind, self.ws, self.seed = row, kind, ws, seed
        self.random = random.Random(seed)
        self.kills = 0
        self.is_storm = self.random.random() < 0.5
        self.n_procs = STORM_PROCS if self.is_storm else PROCS
        self.procs = self.make_graph()
        self.failing = self.find_failing()

    def problem(self, text):
        self.row.problem(f"{self.kind} killed: {text}", self.seed)

    def make_graph(self):
        """Each proc leaves its name in the trace, and a result; in a storm, where what follows what leaves one
        does not stand by, few do."""
        rng, procs = self.random, {}
        reach = rng.choice([1, 3, 60]) if self.is_storm else None
        for i, deps in enumerate(soak.layers(rng, self.n_procs, reach=reach)):
            code = 3 if rng.random() < ((0.005 if reach == 60 else 0.0005) if self.is_storm else 0.05) else 0
            has_result = not self.is_storm or rng.random() < 0.2
            work = 'echo' if self.is_storm else f'sleep {rng.random() * 0.06:.3f}; ppctl return'
            to = ' >$PP_RESULT' if self.is_storm else ''
            leave = f' {work} \'{{"n": {i}}}\'{to};' if has_result else ''
            text = f'echo "$PP_PROC $PP_EXEC" >>trace;{leave} exit {code}'
            procs[f"p{i}"] = {"deps": [f"p{dep}" for dep in deps], "run": text, "code": code,
                              "result": {"n": i} if has_result else None}
            if rng.random() < (0.02 if self.is_storm else 0.2):
                procs[f"p{i}"]["locks"] = [f"lock{rng.randrange(3)}"]
        return procs

    def find_failing(self):
        """Those that fail, or that depend on one that does; a dependency comes before its dependents."""
        failing = set()
        for name, proc in self.procs.items():
            if proc["code"] or failing.intersection(proc["deps"]):
                failing.add(name)
        return failing

    def start_clients(self):
        targets = [f"p{self.random.randrange(self.n_procs // 2, self.n_procs)}" for _ in range(CLIENTS)]
        self.row.counts["clients"] += len(targets)
        return [(target, self.ws.start(kit.PPCTL, "--json", "run", target)) for target in targets]

    def find_pids(self):
        with contextlib.suppress(AssertionError, ValueError, KeyError):
            hello = self.ws.ppctl("--no-start", "call", "hello", "{}", status=None).json
            return hello["pid"], hello["supervisor_pid"]
        return None

    def kill(self):
        pids = self.find_pids()
        if not pids:
            return
        time.sleep(self.random.random() * 0.02)  # so that it is not always just after an answer
        victims = {"scheduler": pids[:1], "supervisor": pids[1:], "both": pids}[self.kind]
        with contextlib.suppress(ProcessLookupError):
            if self.kind == "both":
                os.kill(pids[1], signal.SIGSTOP)  # lest it start another one in between
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            self.kills += 1
            self.row.counts[f"{self.kind}_kills"] += 1

    def play(self):
        self.ws.write("trace", "")
        self.ws.define({name: {k: v for k, v in proc.items() if k not in ("code", "result")} for name, proc in self.procs.items()},
                       options={"parallel": STORM_PARALLEL if self.is_storm else PARALLEL, "keep_runs": 1000})
        self.ws.ppd("-d")
        clients = self.start_clients()
        deadline = time.monotonic() + kit.PATIENCE_S
        while any(client.poll() is None for _, client in clients) and time.monotonic() < deadline:
            time.sleep(self.random.random() * PAUSE_S[self.kind])
            if self.kills < (min(MOST[self.kind], STORM_MOST) if self.is_storm else MOST[self.kind]):
                self.kill()
        answers = [self.check_client(target, client) for target, client in clients]
        # What nobody waits for any more ends too, so that the accounts are closed. The last kill may
        # have been a moment ago, so that what is asked meets a daemon that ends.
        kit.until(lambda: self.ws.ppctl("wait", status=None).status in (0, 1), "all has ended")
        self.ws.ppctl("stop", status=None)
        kit.until(lambda: not soak.find_daemons(kit, self.ws.dir), "the daemon has ended")
        self.check_database([answer for answer in answers if answer])

    def check_client(self, target, client):
        """Its answer, or None and a problem."""
        try:
            out, err = client.communicate(timeout=kit.PATIENCE_S)
            answer = json.loads(out)
        except subprocess.TimeoutExpired:
            self.row.counts["unanswered"] += 1
            self.problem(f"run {target}: not answered in {kit.PATIENCE_S} s")
            return None
        except ValueError:
            self.row.counts["unanswered"] += 1
            self.problem(f"run {target}: no answer, status {client.returncode}: {err.strip()}")
            return None
        lost = [view["name"] for view in answer["procs"] if view["error"] == "lost"]
        if not lost and answer["ok"] == (target in self.failing):
            self.problem(f"run {target}: ok is {answer['ok']}, and nothing was lost")
        return answer

    def check_view(self, view, rows):
        """What a client was told is what is stored."""
        if view["state"] not in ("succeeded", "failed"):
            self.problem(f"a client was told that {view['name']} is {view['state']}")
        if view.get("exec") in rows:
            _, state, error, result = rows[view["exec"]]
            if (state, error) != (view["state"], view["error"]) and view["error"] != "canceled":
                self.problem(f"a client was told {view['state']} {view['error']} of {view['name']}, "
                             f"stored is {state} {error}")
            if state == "succeeded" and json.loads(result or "null") != view["result"]:
                self.problem(f"a client was told the result {view['result']} of {view['name']}, stored is {result}")

    def check_database(self, answers):
        trace = Counter(self.ws.read("trace").splitlines())
        self.row.counts["executions"] += sum(trace.values())
        with contextlib.closing(sqlite3.connect(self.ws.dir / ".parproc" / "state.db")) as db:
            rows = {row[0]: row[1:] for row in db.execute(
                "SELECT id, proc, state, error, value FROM execution LEFT JOIN result ON exec = id")}
        for exec_id, (name, state, error, result) in rows.items():
            self.check_execution(name, state, error, result, trace.pop(f"{name} {exec_id}", 0))
        for line in trace:
            self.problem(f"executed, and not in the database: {line}")
        for answer in answers:
            for view in answer["procs"]:
                self.check_view(view, rows)

    def check_execution(self, name, state, error, result, times):
        """One row of the database beside how often that was executed."""
        if times > 1:
            self.row.counts["duplicates"] += times - 1
            self.problem(f"{name} was executed {times} times")
        if error == "lost":
            self.row.counts["lost"] += 1
            if self.kind == "scheduler":
                self.problem(f"{name} is lost")
        elif state == "succeeded" or error == "exit":
            if times == 0:
                self.problem(f"{name} {state}, but was never executed")
            if (error == "exit") != bool(self.procs[name]["code"]):
                self.problem(f"{name} {state} {error}")
            if json.loads(result or "null") != self.procs[name]["result"]:
                self.row.counts["results_lost"] += 1
                self.problem(f"{name} {state}, and its result is {result}")
        elif error != "dep_failed" or times > 0:
            self.problem(f"{name} is {state} {error}, and was executed {times} times")


def play_round(row, kind, seed):
    with soak.scratch(row) as root, soak.workspace(kit, root) as ws:
        one = Round(row, kind, ws, seed)
        before = len(row.problems)
        one.play()
        if len(row.problems) > before:
            (root / "ppd.log").write_text(ws.log())


def play(row, *kinds):
    """So many kills of each kind, the kinds in turn."""
    for name in ("duplicates", "lost", "results_lost", "unanswered"):
        row.counts[name] = 0
    for seed in row.rounds([f"{kind}_kills" for kind in kinds]):
        for kind in kinds:
            play_round(row, kind, seed)
