"""The daemon makes way for another, loses all it knew, or ends; and what repeated requests do."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3

import kit
from resume import Client


class History(kit.Case):
    def test_the_longest_way_is_first_as_known_before_and_after_a_restart(self):
        gate = self.ws.gate("gate")
        self.ws.define({**{name: {"run": f"echo {name} >>order"} for name in ("a", "b", "c", "d")},
                        "first": {"run": gate}, "end": {"run": "echo end >>order", "deps": ["d"]}}, options={"parallel": 1})
        self.ws.ppd("-d")
        self.ws.ppctl("stop")
        took = {"a": 1, "b": 5, "c": 3, "d": 1, "end": 3, "first": 60}
        with contextlib.closing(sqlite3.connect(self.ws.dir / ".parproc" / "state.db")) as state, state:
            state.executemany("INSERT INTO duration(proc, n, mean_ns, last_ns, ended_ns) VALUES(?, 1, ?, 0, 0)",
                              [(name, seconds * 10 ** 9) for name, seconds in took.items()])
        self.ws.ppd("-d")
        run = self.ws.ppctl("start", "a", "b", "c", "end", "first").out.strip()
        self.assertEqual({"first": "running", "b": "wanted"}, self.ws.states("first", "b"))
        self.ws.ppctl("restart")
        self.ws.open_gate("gate")
        self.ws.ppctl("--run", run, "wait")
        self.assertEqual(["b", "d", "c", "end", "a"], (self.ws.dir / "order").read_text(encoding="utf-8").split())


class Restart(kit.Case):
    def test_another_scheduler_goes_on(self):
        self.ws.define({"a": {}})
        self.ws.ppd("-d")
        scheduler, supervisor = self.ws.pids()
        answer = self.ws.ppctl("--json", "restart").json
        self.assertEqual(scheduler, answer["previous"]["pid"])
        self.assertEqual((answer["pid"], supervisor), self.ws.pids())
        self.assertNotEqual(scheduler, answer["pid"])
        self.assertEqual(answer["previous"]["server"], answer["server"])
        kit.until(lambda: not kit.is_alive(scheduler), "the one before is gone")
        self.assertIn(f"makes way for another pid={scheduler}", self.ws.log())
        self.assertNotIn("scheduler died", self.ws.log())

    def test_it_says_so_in_a_line(self):
        self.ws.ppd("-d")
        scheduler, _ = self.ws.pids()
        out = self.ws.ppctl("restart").out
        self.assertRegex(out, rf"\A\S+ \S+ \(pid \d+\) in place of \S+ \S+ \(pid {scheduler}\)\n\Z")
        self.assertEqual("", self.ws.ppctl("-q", "restart").out)

    def serve_copy(self):
        """A task runs under a daemon whose program can be replaced; answers its path."""
        self.ws.define({"a": {"run": "exec sleep 600"}})
        program = self.ws.dir / "ppd"
        shutil.copy(kit.PPD, program)
        self.ws.run(program, "-d")
        self.ws.ppctl("start", "a")
        self.ws.until_state("a", "running")
        return program

    def replace(self, program, text):
        program.unlink()
        program.write_text(text)
        program.chmod(0o755)

    def test_one_that_does_not_start_is_survived(self):
        """The program that was there when the supervisor started serves in its place."""
        program = self.serve_copy()
        scheduler, supervisor = self.ws.pids()
        exec_ = self.ws.ppctl("--json", "status", "a").views()["a"]["exec"]
        self.replace(program, "#!/bin/sh\necho I am broken >&2\nexit 3\n")
        done = self.ws.ppctl("restart", status=3)
        self.assertIn("does not come to serve: the one that the daemon was started with goes on", done.err)
        self.assertIn("I am broken", self.ws.log())
        again, same = self.ws.pids()
        self.assertEqual(supervisor, same)
        self.assertNotEqual(scheduler, again)
        self.assertEqual(exec_, self.ws.ppctl("--json", "status", "a").views()["a"]["exec"])
        self.assertEqual({"a": "running"}, self.ws.states("a"))
        # The next one is tried anew.
        program.unlink()
        shutil.copy(kit.PPD, program)
        self.assertNotIn("does not come to serve", self.ws.ppctl("restart").err)
        self.assertNotIn("spare", self.ws.ppctl("call", "hello", "{}").json)

    def test_what_a_newer_one_has_made_of_the_database_is_left_alone(self):
        """The one before cannot read it, so nobody serves until one can; what runs goes on."""
        program = self.serve_copy()
        _, supervisor = self.ws.pids()
        state = self.ws.dir / ".parproc" / "state.db"
        self.replace(program, f"""#!/usr/bin/env python3
import sqlite3, sys
sqlite3.connect({str(state)!r}).execute("PRAGMA user_version = 99").close()
sys.exit(1)
""")
        with contextlib.closing(sqlite3.connect(state)) as db:
            (known,) = db.execute("PRAGMA user_version").fetchone()
        self.ws.ppctl("call", "restart", "{}")
        kit.until(lambda: "is not the one to set it aside" in self.ws.log(), "it is tried")
        self.replace(program, "#!/bin/sh\nexit 1\n")
        with contextlib.closing(sqlite3.connect(state)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            self.assertEqual(99, version)
            db.execute(f"PRAGMA user_version = {known}")
        program.unlink()
        shutil.copy(kit.PPD, program)
        kit.until(lambda: self.ws.ppctl("ping", status=None).status == 0, "one serves")
        self.assertEqual(supervisor, self.ws.pids()[1])
        self.assertEqual({"a": "running"}, self.ws.states("a"))
        self.assertEqual([], list(self.ws.dir.glob(".parproc/*set-aside*")))

    def test_without_a_program_the_one_that_runs_goes_on(self):
        program = self.serve_copy()
        program.unlink()
        self.assertIn("does not come to serve", self.ws.ppctl("restart", status=3).err)
        self.assertEqual({"a": "running"}, self.ws.states("a"))

    def test_without_a_daemon_there_is_nothing_to_restart(self):
        done = self.ws.ppctl("restart", status=3)
        self.assertIn("no daemon serves", done.err)
        nowhere = self.ws.dir / "nowhere"
        done = self.ws.ppctl("-S", nowhere, "status", status=3)
        self.assertEqual(f"ppctl: no daemon serves the socket {nowhere} (No such file or directory)\n"
                         "  hint: without -S ppctl asks the daemon of the workspace\n", done.err)

    def test_a_daemon_without_state_refuses(self):
        self.ws.ppd("-d", "--no-state")
        pids = self.ws.pids()
        done = self.ws.ppctl("restart", status=2)
        self.assertIn("in memory only", done.err)
        self.assertEqual(pids, self.ws.pids())

    def test_another_client_s_unread_answers_do_not_keep_it(self):
        self.ws.define({"a": {"description": "x" * 4000}})
        self.ws.ppd("-d")
        with kit.Connection(self.ws) as peer:
            for _ in range(300):
                peer.request("list")  # and never reads
            self.ws.ppctl("ping")
            self.ws.ppctl("restart")


class NoState(kit.Case):
    """What was asked of a daemon that has forgotten all is not done twice."""

    def way(self):
        return []

    def begin(self):
        self.ws.ppd("-d", "--no-state")
        self.scheduler, self.supervisor = self.ws.pids()

    def test_a_run_is_not_started_again(self):
        self.ws.define({"a": {"run": "echo >>ran; exec sleep 600"}})
        self.begin()
        client = Client(self, "run", "a")
        client.until("start a")
        os.kill(self.scheduler, signal.SIGKILL)
        self.assertEqual(["start a"], client.end(self, 3))
        self.assertRegex(client.err, r"\Appctl: the daemon was restarted and knows nothing of what was before .*\n\Z")
        self.assertEqual({"a": "idle"}, self.ws.states("a"))
        self.assertEqual("\n", self.ws.read("ran"))

    def test_events_go_on_behind_a_resync(self):
        self.ws.define({"a": {"run": "true"}})
        self.begin()
        client = Client(self, "events")
        client.until_heard()
        self.ws.ppctl("run", "a")
        kit.until(lambda: "succeeded" in client.path.read_text(), "the end is told")
        os.kill(self.scheduler, signal.SIGKILL)
        kit.until(lambda: "resync" in client.path.read_text(), "it is told that something was missed")
        self.ws.ppctl("run", "a")
        kit.until(lambda: client.path.read_text().rpartition("resync")[2].count("succeeded") >= 1, "the end is told")
        client.child.send_signal(signal.SIGINT)
        client.end(self, 130)

    def test_a_log_whose_execution_is_forgotten_ends(self):
        self.ws.define({"a": {"run": "echo one; exec sleep 600"}})
        self.begin()
        self.ws.ppctl("start", "a")
        self.ws.until_state("a", "running")
        client = Client(self, "logs", "-f", "a")
        client.until("one")
        client.until_heard()
        os.kill(self.scheduler, signal.SIGKILL)
        self.assertEqual(["one"], client.end(self))


class Gone(kit.Case):
    def way(self):
        return []

    def kill_all(self):
        for pid in reversed(self.ws.pids()):
            os.kill(pid, signal.SIGKILL)

    def test_who_watches_does_not_start_what_was_stopped(self):
        self.ws.ppd("-d")
        client = Client(self, "events")
        client.until_heard()
        self.ws.ppctl("stop")
        client.end(self, 3)
        self.assertRegex(client.err, r"\Appctl: the daemon has ended .*\n\Z")
        self.assertEqual("end", json.loads(client.path.read_text().splitlines()[-1])["kind"])
        self.ws.ppctl("ping", status=3)

    def test_who_may_starts_another_daemon(self):
        self.ws.define({"a": {"run": "true"}})
        self.ws.ppd("-d")
        client = Client(self, "events")
        client.until_heard()
        self.kill_all()
        kit.until(lambda: self.ws.ppctl("ping", status=None).status == 0, "there is another one")
        self.ws.ppctl("run", "a")
        kit.until(lambda: "succeeded" in client.path.read_text(), "it is heard")
        client.child.send_signal(signal.SIGINT)
        client.end(self, 130)

    def test_who_may_not_gives_up(self):
        self.ws.define({"a": {"run": "echo one; exec sleep 600"}})
        self.ws.ppd("-d")
        self.ws.ppctl("start", "a")
        clients = [Client(self, "logs", "-f", "a"), Client(self, "--no-start", "events")]
        clients[0].until("one")
        for client in clients:
            client.until_heard()
        self.kill_all()
        for client in clients:
            client.end(self, 3)
            self.assertRegex(client.err, r"(?m)\Appctl: the daemon went away, and none serves .* since \(.*\)$")


class Repeats(kit.Case):
    """Requests with the request_id of an earlier one, over another connection."""

    def setUp(self):
        super().setUp()
        self.ws.define({"a": {"run": self.ws.gate("ga")}, "b": {"run": self.ws.gate("gb")}})
        self.ws.ppd("-d")

    def connect(self):
        peer = kit.Connection(self.ws)
        self.addCleanup(peer.__exit__)
        return peer

    def holds(self, run):
        """Whether a run of that number is held open, or anything of it goes on."""
        runs = self.connect().call("runs")["result"]["runs"]
        return next(one for one in runs if one["run"] == run)["state"] == "active"

    def test_a_wait_takes_one_hold_back(self):
        peer = self.connect()
        run = peer.call("open")["result"]["run"]
        peer.call("open", run=run)
        for _ in range(3):
            with kit.Connection(self.ws) as waiting:
                waiting.request("wait", run=run, request_id="w")
                waiting.call("ping")
        self.assertTrue(self.holds(run))
        peer.call("close", run=run)
        self.assertFalse(self.holds(run))

    def test_a_wait_for_all_is_for_those_that_were_active(self):
        peer = self.connect()
        first = peer.call("start", names=["a"])["result"]["run"]
        with kit.Connection(self.ws) as waiting:
            waiting.request("wait", request_id="w")
            waiting.call("ping")
        self.ws.open_gate("ga")
        self.assertTrue(peer.call("wait", run=first)["result"]["ok"])
        peer.call("start", names=["b"])
        answer = peer.call("wait", request_id="w")["result"]
        self.assertEqual(["a"], [view["name"] for view in answer["procs"]])
        self.ws.open_gate("gb")

    def test_a_hold_is_for_the_connection_that_asks(self):
        with kit.Connection(self.ws) as first:
            run = first.call("open", **{"for": "connection"}, run="r", request_id="o")["result"]["run"]
            first.call("open", **{"for": "connection"}, run="r", request_id="o")
        kit.until(lambda: not self.holds(run), "it ends with the first one")
        answer = self.connect().call("open", **{"for": "connection"}, run="r", request_id="o")
        self.assertEqual("not_allowed", answer["error"]["data"]["error"], "there is nothing left to hold")

    def test_a_hold_is_taken_again_where_the_run_goes_on(self):
        keeper = self.connect()
        run = keeper.call("open")["result"]["run"]
        with kit.Connection(self.ws) as first:
            first.call("open", **{"for": "connection"}, run=run, request_id="o")
            first.call("open", **{"for": "connection"}, run=run, request_id="o")
        with kit.Connection(self.ws) as second:
            self.assertEqual(run, second.call("open", **{"for": "connection"}, run=run, request_id="o")["result"]["run"])
            keeper.call("close", run=run)
            self.assertTrue(self.holds(run))
        kit.until(lambda: not self.holds(run), "it ends with the second one")

    def test_what_was_missed_is_told(self):
        peer = self.connect()
        run = peer.call("start", names=["a"])["result"]["run"]
        self.ws.until_state("a", "running")
        seq = peer.call("subscribe")["result"]["seq"]
        peer.call("unsubscribe")
        self.ws.open_gate("ga")
        peer.call("wait", run=run)
        other = self.connect()
        self.assertEqual([], other.call("subscribe", after=seq)["result"]["procs"])
        told = [other.receive()["params"] for _ in range(2)]
        self.assertEqual([("state", "succeeded"), ("run", "succeeded")],
                         [(one["kind"], (one.get("proc") or one)["state"]) for one in told])
        self.assertLess(seq, told[0]["seq"])
        self.assertLess(told[0]["seq"], told[1]["seq"])

    def test_who_knows_another_sequence_is_told_so(self):
        peer = self.connect()
        peer.call("subscribe", after=1000000)
        self.assertEqual("resync", peer.receive()["params"]["kind"])

    def test_a_run_tells_what_its_repeat_has_missed(self):
        with kit.Connection(self.ws) as first:
            first.request("run", names=["a"], subscribe=True, request_id="r")
            events = [first.receive()["params"]]
            while events[-1].get("proc", {}).get("state") != "running":
                events.append(first.receive()["params"])
        self.ws.open_gate("ga")
        self.ws.until_state("a", "succeeded")
        second = self.connect()
        wanted = second.request("run", names=["a"], subscribe=True, request_id="r", after=events[-1]["seq"])
        messages = [second.receive()]
        while messages[-1].get("id") != wanted:
            messages.append(second.receive())
        self.assertTrue(messages[-1]["result"]["ok"])
        self.assertEqual(events[0]["run"], messages[-1]["result"]["run"])
        self.assertEqual(["succeeded"], [one["params"]["proc"]["state"] for one in messages[:-1]
                                         if one["params"]["kind"] == "state"])

    def test_more_than_a_connection_may_have_unsent_is_a_resync(self):
        names = [f"p{i}" for i in range(6000)]
        self.ws.define({name: {} for name in names})
        self.ws.ppctl("run", *names)
        peer = self.connect()
        peer.call("subscribe", after=0)
        self.assertEqual("resync", peer.receive()["params"]["kind"])


if __name__ == "__main__":
    kit.main()
