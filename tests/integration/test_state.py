"""What is there again after the whole daemon ended, however; and a disk that is full."""

import contextlib
import json
import os
import resource
import signal
import sqlite3

import kit
from durable import NOTE, Case


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


if __name__ == "__main__":
    kit.main()
