"""What is there again after the daemon, or a part of it, died: state.db, and who goes on."""

import contextlib
import json
import os
import resource
import signal
import sqlite3
import time
import unittest
from pathlib import Path

import kit

NOTE = 'echo "$PP_PROC" >>trace'


class Case(kit.Case):
    def setUp(self):
        super().setUp()
        self.ws.write("trace", "")

    def serve(self, procs=None, protos=None, **more):
        self.ws.define(procs, protos, **more)
        self.ws.ppd("-d")

    def kill_scheduler(self):
        """Ends the scheduler; another one serves when this returns."""
        pid, _ = self.ws.pids()
        os.kill(pid, signal.SIGKILL)
        kit.until(lambda: self.scheduler() not in (None, pid), "another scheduler serves")

    def kill_daemon(self):
        pids = self.ws.pids()
        os.kill(pids[1], signal.SIGSTOP)  # so that it does not start another one
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            kit.until(lambda pid=pid: not kit.is_alive(pid), "the daemon is gone")

    @contextlib.contextmanager
    def no_scheduler(self):
        """Ends the scheduler, and lets no other one use the database until the block ends; gives its path."""
        state, parts = self.ws.dir / ".parproc", ("", "-wal", "-shm")
        scheduler, _ = self.ws.pids()
        for part in parts:
            (state / f"state.db{part}").rename(state / f"kept{part}")
        (state / "state.db").mkdir()
        os.kill(scheduler, signal.SIGKILL)
        kit.until(lambda: f"scheduler died pid={scheduler}" in self.ws.log(), "there is none")
        yield state / "kept"
        (state / "state.db").rmdir()
        for part in parts:
            if (state / f"kept{part}").exists():
                (state / f"kept{part}").rename(state / f"state.db{part}")

    def scheduler(self):
        with contextlib.suppress(AssertionError, ValueError, KeyError):
            return self.ws.ppctl("call", "hello", "{}").json["pid"]
        return None

    def trace(self):
        return self.ws.read("trace").split()

    def start(self, *words):
        return int(self.ws.ppctl("start", *words).out)

    def view(self, name, run=None):
        return self.ws.ppctl("--json", *(["--run", str(run)] if run else []), "status", name).views()[name]

    def results(self, run):
        return self.ws.ppctl("--run", str(run), "results").json

    def sql(self, text):
        with contextlib.closing(sqlite3.connect(self.ws.dir / ".parproc" / "state.db")) as db:
            return db.execute(text).fetchall()


class Scheduler(Case):
    """Killed; the supervisor lives."""

    def test_what_runs_goes_on_and_what_waits_follows(self):
        self.serve({"a": {"run": f"{NOTE}; ppctl return 7; {self.ws.gate('go')}"},
                    "b": {"deps": ["a"], "run": f"{NOTE}; echo \"$GREETING\"", "result": "stdout"},
                    "c": {"deps": ["b"]}})
        run = int(self.ws.ppctl("start", "c", env={"GREETING": "hello"}).out)
        kit.until(lambda: self.trace() == ["a"], "a runs")
        before = self.view("a")
        self.kill_scheduler()
        self.assertEqual(before, self.view("a"))
        self.ws.open_gate("go")
        done = self.ws.ppctl("--json", "--run", str(run), "wait").json
        self.assertTrue(done["ok"])
        self.assertEqual(["a", "b"], self.trace())
        self.assertEqual({"a": 7, "b": "hello", "c": None}, self.results(run))

    def test_it_may_die_again_and_again(self):
        gates = [self.ws.gate(f"go{i}") for i in range(4)]
        self.serve({f"p{i}": {"deps": [f"p{i - 1}"] if i else [], "run": f"{NOTE}; {gate}"}
                    for i, gate in enumerate(gates)})
        run = self.start("p3")
        for i in range(4):
            self.kill_scheduler()
            self.ws.open_gate(f"go{i}")
            self.kill_scheduler()
        self.ws.ppctl("--run", str(run), "wait")
        self.assertEqual(["p0", "p1", "p2", "p3"], self.trace())

    def test_what_ends_while_there_is_no_scheduler_is_told_to_the_next(self):
        self.serve({"a": {"run": f"{self.ws.gate('go')}; ppctl return '[1]'; ppctl message said; exit 77"}})
        run = self.start("a")
        kit.until(lambda: self.view("a")["state"] == "running", "a runs")
        pid, _ = self.ws.pids()
        os.kill(pid, signal.SIGSTOP)
        self.ws.open_gate("go")
        # Its result is a file, and its end is known to the supervisor alone, which keeps it.
        kit.until(lambda: list(self.ws.dir.glob(".parproc/work/*.message")), "it has left its message")
        os.kill(pid, signal.SIGKILL)
        self.ws.ppctl("--run", str(run), "wait")
        view = self.view("a", run)
        self.assertEqual(("skipped", [1], "said"), (view["state"], view["result"], view["info"]))
        self.assertEqual([], list(self.ws.dir.glob(".parproc/work/*.result")))

    def test_what_ends_while_there_is_no_scheduler_has_ended_then(self):
        ends = {"a": "exit 0", "b": "[ -e failed ] || { touch failed; exit 1; }"}
        self.serve({name: {"run": f"echo $$ >{name}.pid; [ -e failed ] || {self.ws.gate(name)}; {end}",
                           "retries": {"times": 1, "delay": 0}} for name, end in ends.items()})
        run = self.start("a", "b")
        for name in ends:
            kit.until(lambda name=name: self.view(name)["state"] == "running", f"{name} runs")
        pids = [int(kit.until(lambda name=name: (self.ws.dir / f"{name}.pid").exists() and
                              self.ws.read(f"{name}.pid").strip(), "its number")) for name in ends]
        with self.no_scheduler():
            begun = time.time()
            for name in ends:
                self.ws.open_gate(name)
            for pid in pids:
                kit.until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), "it has ended, and was reaped")
            ended = time.time()
        self.ws.ppctl("--run", str(run), "wait")
        view = self.view("a", run)
        self.assertTrue(begun <= view["ended_at"] <= ended, (begun, view, ended))
        [attempt] = self.ws.ppctl("--json", "--run", str(run), "show", "b").json["attempts"]
        self.assertTrue(begun <= attempt["ended_at"] <= ended, (begun, attempt, ended))
        self.ws.ppctl("stop")
        [(mean_ns,)] = self.sql("SELECT mean_ns FROM duration WHERE proc = 'a'")
        self.assertAlmostEqual(mean_ns / 1e9, view["ended_at"] - view["started_at"], places=3)

    def test_what_was_never_started_begins_with_its_start(self):
        """It was stored that b runs, and then there was no scheduler for an hour that could have it started."""
        self.serve({"a": {"run": self.ws.gate("go")}, "b": {"run": "true", "timeout": "10m"}}, options={"parallel": 1})
        run = self.start("a", "b")
        kit.until(lambda: self.view("a")["state"] == "running", "a runs")
        with self.no_scheduler() as kept, contextlib.closing(sqlite3.connect(kept)) as db, db:
            db.execute("UPDATE execution SET state = 'running', attempt = 1, queued_ns = queued_ns - ?1, "
                       "started_ns = queued_ns - ?1 WHERE proc = 'b'", (3600 * 10**9,))
        kit.until(lambda: self.view("b", run)["ended_at"], "b has ended")
        view = self.view("b", run)
        self.assertEqual(("succeeded", None), (view["state"], view["error"]))
        self.assertLess(view["ended_at"] - view["started_at"], 600)
        self.ws.open_gate("go")
        self.ws.ppctl("--run", str(run), "wait")

    def test_definitions_and_settings_stay(self):
        self.serve({"file": {"run": "true"}}, {"t::[x]": {"run": "true", "args": {"x": {"type": "int"}}}},
                   options={"separator": "/", "parallel": 3})
        self.ws.define({"file": {"run": "true"}}, {"t/[x]": {"run": NOTE, "args": {"x": {"type": "int"}}}},
                       options={"separator": "/", "parallel": 3})
        self.ws.ppctl("define", "mine", "--dep", "file", "--lock", "l", "--", "true")
        self.ws.ppctl("create", "t/7", "--as", "seven")
        self.ws.ppctl("params", "region=eu", "n=4")
        self.ws.ppctl("options", "keep_runs=9")
        before = [self.ws.ppctl("--json", verb).json for verb in ("list", "params", "options", "status")]
        self.kill_scheduler()
        after = [self.ws.ppctl("--json", verb).json for verb in ("list", "params", "options", "status")]
        self.assertEqual(before, after)
        self.ws.ppctl("run", "seven")
        self.assertEqual(["seven"], self.trace())
        self.ws.ppctl("undefine", "mine", "seven")
        self.kill_scheduler()
        self.assertEqual({"file", "t/[x]"}, {item["name"] for kind in ("procs", "protos")
                                             for item in self.ws.ppctl("--json", "list").json[kind]})

    def test_a_file_that_is_broken_meanwhile_takes_nothing_away(self):
        self.serve({"a": {"run": NOTE}}, options={"parallel": 3})
        self.ws.write("parproc.yaml", "procs: [")
        self.kill_scheduler()
        self.assertEqual("idle", self.view("a")["state"])
        self.assertEqual(3, self.ws.ppctl("--json", "options").json["parallel"])

    def test_runs_keep_their_names_holds_params_and_numbers(self):
        self.serve({"a": {"run": NOTE}, "late": {"deps": ["nowhere"], "run": NOTE}})
        run = int(self.ws.ppctl("open", "nightly").out)
        self.ws.ppctl("--run", "nightly", "start", "late", "a")
        self.ws.ppctl("--run", "nightly", "wait", "a")
        self.kill_scheduler()
        self.assertEqual("wanted", self.view("late")["state"])
        self.ws.ppctl("define", "nowhere", "--", NOTE)
        self.ws.ppctl("--run", "nightly", "wait", "late")
        self.assertEqual(["a", "nowhere", "late"], self.trace())
        self.ws.ppctl("close", "nightly")
        self.assertEqual(run + 1, self.start("a"))

    def test_holds_of_connections_end_after_a_while(self):
        """Unless their clients come back and hold the run again."""
        self.serve({"a": {"run": NOTE}})
        with kit.Connection(self.ws) as peer, kit.Connection(self.ws) as other:
            left = peer.call("open", **{"for": "connection"})["result"]["run"]
            kept = other.call("open", **{"for": "connection"})["result"]["run"]
            self.kill_scheduler()
        with kit.Connection(self.ws) as peer:
            peer.call("open", run=kept, **{"for": "connection"})
            kit.until(lambda: self.run_state(left) != "active", "the hold that nobody renewed ends")
            self.assertEqual("active", self.run_state(kept))
        kit.until(lambda: self.run_state(kept) != "active", "so does the other")

    def run_state(self, run):
        return {item["run"]: item["state"] for item in self.ws.ppctl("--json", "runs").json["runs"]}[run]

    def test_params_of_a_run_hold_for_what_is_started_in_it_later(self):
        self.serve({"a": {"run": NOTE}, "b": {"run": 'ppctl return "$(ppctl context)"'}}, params={"region": "eu"})
        run = self.ws.ppctl("open").out.strip()
        self.ws.ppctl("--run", run, "run", "--param", "region=us", "a")
        self.kill_scheduler()
        self.ws.ppctl("--run", run, "run", "b")
        self.assertEqual({"region": "us"}, self.results(run)["b"]["params"])

    def test_joined_runs_stay_joined(self):
        self.serve({"dep": {"run": f"{NOTE}; {self.ws.gate('go')}"}, "x": {"deps": ["dep"], "run": NOTE},
                    "y": {"deps": ["dep"], "run": NOTE}})
        first, second = self.start("x"), self.start("y")
        self.kill_scheduler()
        self.ws.ppctl("cancel", "--run", str(first))
        self.kill_scheduler()
        self.ws.open_gate("go")
        self.ws.ppctl("--run", str(second), "wait")
        self.assertEqual(["dep", "y"], self.trace())
        self.assertEqual(("failed", "canceled"), tuple(self.view("dep", first)[k] for k in ("state", "error")))
        self.assertEqual("succeeded", self.view("dep", second)["state"])

    def test_timeouts_and_cancels_hold(self):
        self.serve({"slow": {"run": f"{NOTE}; exec sleep 60", "timeout": "2s"},
                    "stubborn": {"run": f"trap '' TERM; {NOTE}; while :; do sleep 1; done"}},
                   options={"kill_after": "1s"})
        run = self.start("slow")
        kit.until(lambda: self.trace() == ["slow"], "it runs")
        self.kill_scheduler()
        self.ws.ppctl("--run", str(run), "wait", status=1)
        self.assertEqual("timeout", self.view("slow")["error"])
        run = self.start("stubborn")
        kit.until(lambda: "stubborn" in self.trace(), "it runs")
        self.ws.ppctl("cancel", "stubborn")
        self.kill_scheduler()
        self.ws.ppctl("--run", str(run), "wait", status=1)
        self.assertEqual("canceled", self.view("stubborn")["error"])

    def test_commands_are_asked_again(self):
        self.serve({"a": {"deps": [{"command": ["sh", "-c", f"echo asked >>trace; {self.ws.gate('go')}; echo b"]}],
                          "run": NOTE}, "b": {"run": NOTE}})
        run = self.start("a")
        kit.until(lambda: self.trace() == ["asked"], "the command runs")
        self.kill_scheduler()
        kit.until(lambda: self.trace() == ["asked", "asked"], "it runs again")
        kit.until(lambda: self.count_at_gate() == 1, "the first one is ended")
        self.ws.open_gate("go")
        self.ws.ppctl("--run", str(run), "wait")
        self.assertEqual(["asked", "asked", "b", "a"], self.trace())

    def count_at_gate(self):
        """How many of the workspace's processes wait at the gate."""
        count = 0
        for path in os.listdir("/proc"):
            if not path.isdigit():
                continue
            with contextlib.suppress(OSError):
                environ = Path(f"/proc/{path}/environ").read_bytes()
                words = Path(f"/proc/{path}/cmdline").read_bytes()
                if f"PP_WORKSPACE={self.ws.dir}".encode() in environ and b"opened <go" in words:
                    count += 1
        return count

    def test_a_request_that_is_repeated_does_nothing_twice(self):
        self.serve({"a": {"run": f"{NOTE}; {self.ws.gate('go')}"}, "b": {"run": NOTE}})
        with kit.Connection(self.ws) as peer:
            started = peer.call("start", names=["b"], request_id="s1")
            running = peer.request("run", names=["a"], request_id="r1")
            defined = peer.call("define", definitions={"procs": {"c": {"run": "true"}}}, request_id="d1")
            kit.until(lambda: sorted(self.trace()) == ["a", "b"], "both have begun")
        self.kill_scheduler()
        with kit.Connection(self.ws) as peer:
            self.assertEqual(started["result"], peer.call("start", names=["b"], request_id="s1")["result"])
            self.assertEqual(defined["result"], peer.call("define", definitions={"procs": {"c": {"run": "true"}}},
                                                          request_id="d1")["result"])
            running = peer.request("run", names=["a"], request_id="r1")
            self.ws.open_gate("go")
            answer = peer.receive()
            self.assertEqual((running, True), (answer["id"], answer["result"]["ok"]))
        self.assertEqual(["a", "b"], sorted(self.trace()))

    def test_the_sequence_of_events_goes_on(self):
        self.serve({"a": {"run": "true"}})
        self.ws.ppctl("run", "a")
        with kit.Connection(self.ws) as peer:
            before = peer.call("subscribe")["result"]["seq"]
        self.kill_scheduler()
        with kit.Connection(self.ws) as peer:
            after = peer.call("subscribe")["result"]["seq"]
        self.assertGreaterEqual(after, before)
        self.assertLess(after, before + 10)

    def test_a_database_that_is_busy_is_waited_for(self):
        self.serve({"a": {"run": f"{NOTE}; {self.ws.gate('go')}"}})
        run = self.start("a")
        kit.until(lambda: self.trace() == ["a"], "a runs")
        scheduler, _ = self.ws.pids()  # which is not answered while something cannot be stored
        with contextlib.closing(sqlite3.connect(self.ws.dir / ".parproc" / "state.db")) as db:
            db.execute("BEGIN IMMEDIATE")
            os.kill(scheduler, signal.SIGKILL)
            kit.until(lambda: "scheduler died" in self.ws.log(), "the supervisor has seen it")
            done = self.ws.start(kit.PPCTL, "--json", "--run", str(run), "wait")
            self.ws.open_gate("go")
            db.rollback()
        self.assertTrue(self.ws.finish(done).json["ok"])
        self.assertEqual(["a"], self.trace())
        self.assertNotIn("set aside", self.ws.log())

    def test_captured_output_is_logged_once(self):
        self.serve({"a": {"run": f"echo one; {self.ws.gate('go')}; echo two", "result": "stdout"}})
        self.start("a")
        kit.until(lambda: self.view("a")["state"] == "running", "a runs")
        self.kill_scheduler()
        self.ws.open_gate("go")
        self.ws.ppctl("wait", "a")
        self.kill_scheduler()
        self.assertEqual("one\ntwo\n", self.ws.ppctl("logs", "a").out)
        self.assertEqual("one\ntwo", self.view("a")["result"])

    def test_a_corrupt_database_is_set_aside(self):
        self.serve({"a": {"run": f"{NOTE}; {self.ws.gate('go')}"}})
        self.start("a")
        pid, _ = self.ws.pids()
        os.kill(pid, signal.SIGSTOP)
        for name in ("state.db", "state.db-wal"):
            (self.ws.dir / ".parproc" / name).write_bytes(b"not a database " * 1000)
        os.kill(pid, signal.SIGKILL)
        kit.until(lambda: self.scheduler() not in (None, pid), "another scheduler serves")
        self.assertIn("set aside", self.ws.log())
        self.assertEqual(1, len(list(self.ws.dir.glob(".parproc/state.db.set-aside-*[0-9]"))))
        self.assertEqual("idle", self.view("a")["state"])
        # The process that nobody knows any more was ended, and its number is not used again.
        self.ws.write("trace", "")
        run = self.start("a")
        kit.until(lambda: self.trace() == ["a"], "it is executed anew")
        self.ws.open_gate("go")
        self.ws.ppctl("--run", str(run), "wait")


class Daemon(Case):
    """Both processes killed, or ended in order."""

    def test_what_waited_goes_on_and_what_ran_is_lost(self):
        self.serve({"a": {"run": f"echo $$ >pid; {NOTE}; {self.ws.gate('go')}"}, "b": {"deps": ["a"], "run": NOTE},
                    "other": {"run": NOTE, "locks": ["l"]}, "holder": {"run": "exec sleep 100", "locks": ["l"]}})
        lost = self.start("b", "holder")
        run = self.start("other")
        kit.until(lambda: self.trace() == ["a"], "a runs")
        kit.until(lambda: self.view("a")["state"] == "running" and self.view("holder")["state"] == "running", "both")
        leader = int(self.ws.read("pid"))
        self.kill_daemon()
        self.assertTrue(kit.is_alive(leader))
        self.ws.ppctl("create", "other")
        self.assertFalse(kit.is_alive(leader))
        self.ws.ppctl("--run", str(run), "wait")
        self.assertEqual(["lost", "dep_failed", "lost"],
                         [self.view(name, lost)["error"] for name in ("a", "b", "holder")])
        self.assertEqual(["a", "other"], self.trace())

    def test_leftovers_whose_leader_is_gone_are_ended_too(self):
        self.serve({"a": {"run": f"sleep 100 & echo $! >child; {NOTE}; kill -9 $$"}})
        self.start("a")
        kit.until(lambda: self.trace() == ["a"], "a runs")
        self.kill_daemon()
        child = int(self.ws.read("child"))
        self.ws.ppctl("create", "a")
        kit.until(lambda: not kit.is_alive(child), "the child is gone")

    def test_nothing_of_an_earlier_boot_is_looked_for(self):
        """Numbers and starts of processes are those of the machine's present life."""
        self.serve({"a": {"run": f"echo $$ >pid; {NOTE}; exec sleep 100"}})
        run = self.start("a")
        kit.until(lambda: self.trace() == ["a"], "a runs")
        self.kill_daemon()
        with contextlib.closing(sqlite3.connect(self.ws.dir / ".parproc" / "state.db")) as db:
            stored = json.loads(db.execute("SELECT value FROM setting WHERE name = 'supervisor'").fetchone()[0])
            stored["boot"] = "another"
            db.execute("UPDATE setting SET value = ? WHERE name = 'supervisor'", [json.dumps(stored)])
            db.commit()
        self.ws.ppd("-d")
        self.assertEqual("lost", self.view("a", run)["error"])
        pid = int(self.ws.read("pid"))
        self.assertTrue(kit.is_alive(pid))
        os.kill(pid, signal.SIGKILL)

    def test_what_left_the_session_of_a_task_is_left_alone(self):
        """A daemon of another workspace, a server: they are not what is executed."""
        other = self.workspace("other")
        other.define({"b": {"run": "exec sleep 100"}})
        self.serve({"a": {"run": f"ppctl -C {other.dir} run --detach b; setsid sleep 100 & echo $! >server;"
                                 f"{NOTE}; exec sleep 100"}})
        self.start("a")
        kit.until(lambda: self.trace() == ["a"] and self.view("a")["state"] == "running", "a runs")
        kit.until(lambda: self.sql("SELECT pid FROM execution") != [(None,)], "its process is stored")
        server = int(self.ws.read("server"))
        self.kill_daemon()
        self.ws.ppd("-d")
        self.assertEqual("lost", self.view("a")["error"])
        self.assertTrue(kit.is_alive(server))
        os.kill(server, signal.SIGKILL)
        self.assertEqual("running", other.ppctl("--json", "--no-start", "status").views()["b"]["state"])

    def test_history_is_there_after_an_end_in_order(self):
        self.serve({"ok": {"run": "echo out; ppctl return '{\"a\": 1}'"}, "bad": {"run": "exit 3"}})
        run = self.start("ok", "bad")
        self.ws.ppctl("--run", str(run), "wait", status=1)
        before = [self.ws.ppctl("--json", *words).json for words in
                  (["runs"], ["--run", str(run), "status"], ["--run", str(run), "results"])]
        self.ws.ppctl("params", "set=1")
        self.ws.ppctl("stop")
        self.ws.ppd("-d")
        after = [self.ws.ppctl("--json", *words).json for words in
                 (["runs"], ["--run", str(run), "status"], ["--run", str(run), "results"])]
        self.assertEqual(before, after)
        self.assertEqual("out\n", self.ws.ppctl("logs", "ok").out)
        self.assertEqual({}, self.ws.ppctl("--json", "params").json)  # until the daemon ends
        self.assertEqual(run + 1, self.start("ok"))

    def test_fresh_is_without_earlier_state(self):
        self.serve({"a": {"run": "true"}})
        self.ws.ppctl("define", "mine", "--", "true")
        self.ws.ppctl("run", "a")
        self.ws.ppctl("stop")
        self.ws.ppd("-d", "--fresh")
        self.assertEqual("idle", self.view("a")["state"])
        self.assertEqual({"a"}, set(self.ws.ppctl("--json", "status").views()))
        self.ws.ppctl("run", "a")
        self.kill_scheduler()
        self.assertEqual("succeeded", self.view("a")["state"])  # only the first one is fresh

    def test_without_state_nothing_is_written(self):
        self.ws.define({"a": {"run": "true"}})
        self.ws.ppd("-d", "--no-state")
        self.ws.ppctl("run", "a")
        self.assertEqual([], list(self.ws.dir.glob(".parproc/state.db*")))
        self.kill_scheduler()
        self.assertEqual("idle", self.view("a")["state"])

    def test_without_state_what_is_stored_stays(self):
        self.serve({"a": {"run": "echo $WORD"}})
        self.ws.run(kit.PPCTL, "run", "a", env={"WORD": "stored"})
        self.ws.ppctl("stop")
        self.ws.ppd("-d", "--no-state")
        self.ws.run(kit.PPCTL, "run", "a", env={"WORD": "forgotten"})
        self.assertEqual("forgotten\n", self.ws.ppctl("logs", "a").out)
        self.ws.ppctl("stop")
        self.ws.ppd("-d")
        self.assertEqual("stored\n", self.ws.ppctl("logs", "a").out)

    def test_databases_of_others_are_set_aside(self):
        self.ws.define({"a": {"run": "true"}})
        (self.ws.dir / ".parproc").mkdir(mode=0o700)
        for make in ("CREATE TABLE theirs(a)", "PRAGMA application_id = 1886413922; CREATE TABLE x(a);"
                     "PRAGMA user_version = 99"):
            with contextlib.closing(sqlite3.connect(self.ws.dir / ".parproc" / "state.db")) as db:
                db.executescript(make)
            self.ws.ppd("-d")
            self.ws.ppctl("run", "a")
            self.ws.ppctl("stop")
            self.assertIn("state database set aside", self.ws.log())
            aside = list(self.ws.dir.glob(".parproc/state.db.set-aside-*[0-9]"))
            self.assertEqual(1, len(aside))
            with contextlib.closing(sqlite3.connect(aside[0])) as db:
                self.assertEqual(1, len(db.execute("SELECT name FROM sqlite_master").fetchall()))
            for path in self.ws.dir.glob(".parproc/state.db*"):
                path.unlink()

    def test_who_starts_it_is_told_why_its_database_cannot_be_used(self):
        self.ws.define({"a": {"run": "true"}})
        path = self.ws.dir / ".parproc" / "state.db"
        path.mkdir(mode=0o700, parents=True)
        why = r'ppd: could not start: state database cannot be used error="[^"]+" \(log: .*/\.parproc/ppd\.log\)\n\Z'
        self.assertRegex(self.ws.ppd("-d", status=1).err, rf"\A{why}")
        self.assertRegex(self.ws.ppctl("run", "a", status=3).err, rf"\Appctl: cannot start a daemon for .*: {why}")
        self.assertEqual(2, self.ws.log().count("scheduler died"))
        self.assertNotIn("cannot start", self.ws.log())
        path.rmdir()
        self.ws.ppctl("run", "a")

    def test_a_database_that_is_a_link_is_refused(self):
        self.ws.define({})
        (self.ws.dir / ".parproc").mkdir(mode=0o700)
        (self.ws.dir / ".parproc" / "state.db").symlink_to(self.root / "elsewhere.db")
        done = self.ws.ppd("-d", status=1)
        self.assertFalse((self.root / "elsewhere.db").exists())
        self.assertIn("state.db", done.err + self.ws.log())

    def test_people_can_read_the_database(self):
        self.serve({"a": {"run": "true"}})
        self.ws.ppctl("run", "a")
        self.assertEqual([("a", "succeeded")], self.sql("SELECT proc, state FROM execution"))

    def test_a_copy_made_at_any_moment_can_be_used(self):
        """As after a power loss: database and WAL as they are, whatever is going on."""
        self.serve({"all": {"deps": ["t::*"]}},
                   {"t::[n]": {"args": {"n": {"choices": [str(n) for n in range(40)]}}, "run": NOTE}},
                   options={"parallel": 4})
        child = self.ws.start(kit.PPCTL, "run", "all")
        copies = []
        while child.poll() is None:
            other = self.workspace(f"copy{len(copies)}")
            other.define({"all": {"run": "true"}})
            (other.dir / ".parproc").mkdir(mode=0o700)
            for part in ("-wal", ""):
                data = (self.ws.dir / ".parproc" / f"state.db{part}").read_bytes()
                (other.dir / ".parproc" / f"state.db{part}").write_bytes(data)
            copies.append(other)
            if len(copies) == 10:
                break
        self.ws.finish(child)
        for other in copies:
            other.write("trace", "")
            other.ppd("-d")
            other.ppctl("wait", status=None)
            states = [view["error"] or view["state"] for view in other.ppctl("--json", "status").json["procs"]]
            self.assertLessEqual(set(states), {"succeeded", "lost", "dep_failed", "idle"})
            self.assertNotIn("set aside", other.log())


class Supervisor(Case):
    def test_its_death_ends_what_runs_which_is_lost(self):
        self.serve({"a": {"run": f"echo $$ >pid; {NOTE}; exec sleep 100"}, "b": {"deps": ["a"], "run": NOTE},
                    "c": {"run": NOTE, "locks": ["x"]}, "d": {"run": "exec sleep 100", "locks": ["x"]}})
        run = self.start("b", "d")
        self.start("c")
        kit.until(lambda: self.trace() == ["a"], "a runs")
        kit.until(lambda: self.view("d")["state"] == "running", "d runs")
        scheduler, supervisor = self.ws.pids()
        os.kill(supervisor, signal.SIGKILL)
        kit.until(lambda: not kit.is_alive(scheduler), "the scheduler ends too")
        self.ws.ppd("-d")
        kit.until(lambda: not kit.is_alive(int(self.ws.read("pid"))), "its process has been ended")
        self.assertEqual(["lost", "dep_failed", "lost"], [self.view(name, run)["error"] for name in "abd"])
        kit.until(lambda: self.trace() == ["a", "c"], "what waited goes on")


class FullDisk(Case):
    """A limit of the size of files, which can be lifted: for the scheduler it is as if the disk were full."""

    def fill(self):
        """From now on the database cannot grow; the log, which is shorter, still can."""
        self.limit((self.ws.dir / ".parproc" / "state.db-wal").stat().st_size)

    def limit(self, size):
        pid, _ = self.ws.pids()
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def test_what_cannot_be_stored_is_held_back_and_said(self):
        self.serve({"a": {"run": NOTE}, "slow": {"run": f"{NOTE}; {self.ws.gate('go')}"},
                    "next": {"deps": ["slow"], "run": NOTE}})
        run = self.start("next")
        kit.until(lambda: self.trace() == ["slow"], "slow runs")
        waiter = self.ws.start(kit.PPCTL, "--json", "--run", str(run), "wait")
        kit.until(lambda: self.ws.ppctl("--json", "status", "slow").views()["slow"]["state"] == "running", "it")
        self.fill()
        self.ws.open_gate("go")
        kit.until(lambda: "not stored" in self.ws.log(), "the log says so")
        # Looking goes on, whoever else comes and goes; changing is refused, with the reason.
        for _ in range(5):
            lookers = [self.ws.start(kit.PPCTL, verb) for verb in ("ping", "status", "runs", "list") * 3]
            self.assertEqual({0}, {self.ws.finish(looker).status for looker in lookers})
        done = self.ws.ppctl("start", "a", status=None)
        self.assertNotEqual(0, done.status)
        self.assertRegex(done.err, "^ppctl: the state cannot be stored")
        self.assertIsNone(waiter.poll())
        self.assertEqual(["slow"], self.trace())
        self.limit(resource.RLIM_INFINITY)
        self.assertTrue(self.ws.finish(waiter).json["ok"])
        self.assertEqual(["slow", "next"], self.trace())
        self.ws.ppctl("run", "a")
        self.assertIn("stored again", self.ws.log())

    def test_who_wants_to_cancel_is_told_that_the_run_goes_on(self):
        self.serve({"a": {"run": f"{NOTE}; {self.ws.gate('go')}"}, "b": {"run": "true"}})
        child = self.ws.start(kit.PPCTL, "run", "a")
        kit.until(lambda: self.trace() == ["a"], "a runs")
        kit.until(lambda: self.view("a")["state"] == "running", "and is known to")
        self.fill()
        other = self.ws.start(kit.PPCTL, "start", "b")
        kit.until(lambda: "not stored" in self.ws.log(), "the log says so")
        child.send_signal(signal.SIGINT)
        done = self.ws.finish(child)
        self.assertEqual(128 + signal.SIGINT, done.status, done)
        self.assertRegex(done.err, "(?m)^ppctl: the run goes on: the state cannot be stored")
        self.limit(resource.RLIM_INFINITY)
        self.ws.finish(other)
        kit.until(lambda: "stored again" in self.ws.log(), "it can be stored")
        self.ws.open_gate("go")
        self.assertTrue(self.ws.ppctl("--json", "--run", "1", "wait").json["ok"])

    def test_it_can_be_stopped_all_the_same(self):
        self.serve({"a": {"run": f"echo $$ >pid; {NOTE}; exec sleep 100"}})
        self.start("a")
        kit.until(lambda: self.trace() == ["a"], "a runs")
        self.fill()
        pids = self.ws.pids()
        self.ws.ppctl("stop")
        for pid in (*pids, int(self.ws.read("pid"))):
            kit.until(lambda pid=pid: not kit.is_alive(pid), "all have ended")


@unittest.skipUnless(kit.HAS_FAULTS, "this build was configured without --enable-faults")
class Faults(Case):
    """The daemon's processes die at each point between intent and acknowledgement, at each pass."""

    GRAPH = {"a": {"run": f"{NOTE}; ppctl return 1"}, "b": {"deps": ["a"], "run": f"{NOTE}; ppctl return 2"},
             "c": {"deps": ["a"], "run": f"{NOTE}; exit 77"}, "d": {"deps": ["b", "c"]},
             "e": {"deps": ["d"], "run": f"{NOTE}; ppctl return 5"}, "f": {"deps": ["e", "x"], "run": NOTE},
             "x": {"run": f"{NOTE}; exit 3"}}
    OPTIONS = {}

    def play(self, fault, n):
        ws = self.workspace(f"{fault.replace('!', '')}-{n}")
        ws.write("trace", "")
        ws.define(self.GRAPH, options=self.OPTIONS)
        done = ws.run(kit.PPD, "-d", env={"PP_FAULT": f"{fault}:{n}"}, status=None)
        if done.status != 0:  # it died before it served, and said so
            self.assertIn("ppd: could not start", done.err)
            ws.ppd("-d")
        request = json.dumps({"names": ["f"], "request_id": "the start"})
        kit.until(lambda: ws.ppctl("call", "start", request, status=None).status == 0, "it is answered")
        kit.until(lambda: ws.ppctl("--json", "--run", "1", "wait", status=None).status in (0, 1), "it ends")
        return ws

    def check(self, ws, is_lost_allowed=False):
        trace = ws.read("trace").split()
        views = ws.ppctl("--json", "--run", "1", "status").views()
        outcome = {name: view["error"] or view["state"] for name, view in views.items()}
        self.assertEqual(sorted(set(trace)), sorted(trace), "nothing is executed twice")
        if is_lost_allowed and "lost" in outcome.values():
            return True
        self.assertEqual({"a": "succeeded", "b": "succeeded", "c": "skipped", "d": "succeeded", "e": "succeeded",
                          "f": "dep_failed", "x": "exit"}, outcome)
        self.assertEqual(["a", "b", "c", "e", "x"], sorted(trace))
        results = ws.ppctl("--run", "1", "results").json
        self.assertEqual((1, 2, 5), (results["a"], results["b"], results["e"]))
        return "fault injected" in ws.log()

    def walk(self, fault, is_lost_allowed=False, count=6):
        n_injected = 0
        for n in range(1, count + 1):
            with self.subTest(fault=fault, n=n):
                ws = self.play(fault, n)
                n_injected += self.check(ws, is_lost_allowed)
                ws.end()
        self.assertGreater(n_injected, 1)

    def test_exit(self):
        self.walk("exit")

    def test_advanced(self):
        self.walk("advanced", count=10)

    def test_commit(self):
        self.walk("commit", count=10)

    def test_stored(self):
        self.walk("stored", count=10)

    def test_sent(self):
        self.walk("sent", count=10)

    def test_answered(self):
        self.walk("answered", count=10)

    def test_a_commit_that_fails(self):
        self.walk("!commit", count=8)

    def test_supervisor_spawn(self):
        self.walk("spawn", is_lost_allowed=True, count=4)

    def test_supervisor_spawned(self):
        self.walk("spawned", is_lost_allowed=True, count=4)

    def test_supervisor_reaped(self):
        self.walk("reaped", is_lost_allowed=True, count=4)


class FaultsWithTokens(Faults):
    """The same where each waits for the job token of the one before: none is lost, none is doubled."""

    GRAPH = {name: {**keys, "jobserver": True} if "run" in keys else keys for name, keys in Faults.GRAPH.items()}
    OPTIONS = {"jobserver": 1}

    def check(self, ws, is_lost_allowed=False):
        is_injected = super().check(ws, is_lost_allowed)
        all_free = {"limit": 1, "free": 1}
        kit.until(lambda: ws.ppctl("call", "options.get", "{}").json["job_tokens"] == all_free, "its token is free")
        return is_injected


if __name__ == "__main__":
    kit.main()
