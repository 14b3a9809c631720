"""What is there again after a part of the daemon died: state.db, and who goes on."""

import contextlib
import os
import signal
import sqlite3
import time
from pathlib import Path

import kit
from durable import NOTE, Case


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
        kit.until(lambda: list(self.ws.dir.glob(".parproc/process/*.message")), "it has left its message")
        os.kill(pid, signal.SIGKILL)
        self.ws.ppctl("--run", str(run), "wait")
        view = self.view("a", run)
        self.assertEqual(("skipped", [1], "said"), (view["state"], view["result"], view["info"]))
        self.assertEqual([], list(self.ws.dir.glob(".parproc/process/*.result")))

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


if __name__ == "__main__":
    kit.main()
