"""Connections end and are made again: whoever waits goes on as if nothing had happened."""

import json
import os
import signal

import kit
from resume import ByKill, ByProxy, Client
from test_input import Terminal as Person
from test_single import Terminal


class Resume:
    """The cases; what ends a connection is said by ByProxy or ByKill."""

    def client(self, *words, **popen):
        return Client(self, *words, **popen)

    def ending(self, name):
        """A command that waits at a gate, and leaves files when it begins and when it ends."""
        return f"echo >{name}-begun; {self.ws.gate(name)}; echo >{name}-ended"

    def until_there(self, name):
        kit.until(lambda: (self.ws.dir / name).exists(), f"{name} is there")

    def leave_at(self, *names):
        """Nobody answers any more, once these have begun; who starts processes may be stopped too."""
        for name in names:
            self.until_there(f"{name}-begun")
        self.leave()

    def end_while_away(self, name):
        self.ws.open_gate(name)
        self.until_there(f"{name}-ended")

    def test_each_line_is_shown_once(self):
        self.ws.define({"a": {"run": self.ws.gate("ga")}, "b": {"deps": ["a"], "run": self.ws.gate("gb")},
                        "c": {"deps": ["b"]}})
        self.begin()
        client = self.client("run", "c")
        client.until("start a")
        self.lose()
        self.ws.open_gate("ga")
        client.until("start b")
        self.lose()
        self.ws.open_gate("gb")
        self.assertEqual(["start a", "ok a", "start b", "ok b", "start c", "ok c"], client.end(self))
        self.assertEqual("", client.err)

    def test_what_happened_meanwhile_is_shown(self):
        self.ws.define({"a": {"run": self.ending("a")}, "b": {"run": self.ending("b")},
                        "bad": {"deps": ["a"], "run": "echo no error here; exit 3"}})
        self.begin()
        client = self.client("run", "bad", "b")
        client.until("start a")
        client.until("start b")
        self.leave_at("a", "b")
        self.end_while_away("a")
        self.end_while_away("b")
        self.come_back()
        lines = client.end(self, 1)
        self.assertEqual(["  no error here", "FAIL bad exit 3", "ok a", "ok b", "start a", "start b", "start bad"],
                         sorted(lines))
        self.assertLess(lines.index("ok a"), lines.index("start bad"))

    def test_json_is_as_ever(self):
        self.ws.define({"a": {"run": self.ws.gate("ga")}})
        self.begin()
        client = self.client("--json", "run", "a")
        self.ws.until_state("a", "running")
        client.until_waiting()
        self.settle()
        self.lose()
        self.ws.open_gate("ga")
        client.end(self)
        self.assertEqual(["succeeded"], [view["state"] for view in json.loads(client.path.read_text())["procs"]])

    def test_an_interrupt_cancels_the_run_afterwards(self):
        self.ws.define({"a": {"run": "exec sleep 600"}})
        self.begin()
        client = self.client("run", "a")
        client.until("start a")
        self.lose()
        client.child.send_signal(signal.SIGINT)
        self.assertEqual(["start a", "FAIL a canceled with its run"], client.end(self, 130))

    def test_an_interrupt_without_a_daemon_cancels_the_run_once_it_is_back(self):
        self.ws.define({"a": {"run": "exec sleep 600"}})
        self.begin()
        client = self.client("run", "a")
        client.until("start a")
        self.leave()
        client.child.send_signal(signal.SIGINT)
        self.assertIn("canceling", client.child.stderr.readline())
        self.come_back()
        self.assertEqual(["start a", "FAIL a canceled with its run"], client.end(self, 130))

    def test_wait_goes_on(self):
        self.ws.define({"a": {"run": self.ending("a")}, "b": {"deps": ["a"], "run": "exit 3"}})
        self.begin()
        run = self.ws.ppctl("start", "b").out.strip()
        self.ws.until_state("a", "running")
        clients = [self.client("wait", "b"), self.client("--run", run, "wait"), self.client("wait")]
        for client in clients:
            client.until_waiting()
        self.settle()
        self.leave_at("a")
        self.end_while_away("a")
        self.come_back()
        for client in clients:
            self.assertIn("FAIL b exit 3", client.end(self, 1))
            self.assertEqual(1, client.lines().count("FAIL b exit 3"))

    def test_a_time_limit_holds_without_a_daemon(self):
        self.ws.define({"a": {"run": self.ws.gate("ga")}})
        self.begin()
        self.ws.ppctl("start", "a")
        client = self.client("wait", "--timeout", "2s", "a")
        client.until_waiting()
        self.settle()
        self.leave()
        client.end(self, 124)
        self.assertIn("ppctl: the time has run out", client.err)
        self.come_back()
        self.ws.open_gate("ga")

    def test_what_is_asked_without_a_daemon_is_done_once(self):
        self.ws.define({"a": {"run": "echo >>ran"}})
        self.begin()
        self.leave()
        client = self.client("--json", "start", "a")
        client.until_waiting(is_watching=False)
        self.come_back()
        client.end(self)
        self.ws.ppctl("wait", "a")
        self.assertEqual("\n", self.ws.read("ran"))

    def test_a_log_is_followed_to_its_end(self):
        self.ws.define({"a": {"run": f"echo one; {self.ws.gate('ga')}; echo two; {self.ending('gb')}"}})
        self.begin()
        self.ws.ppctl("start", "a")
        self.ws.until_state("a", "running")
        client = self.client("logs", "-f", "a")
        client.until("one")
        self.lose()
        self.ws.open_gate("ga")
        client.until("two")
        self.leave_at("gb")
        self.end_while_away("gb")
        self.come_back()
        self.assertEqual(["one", "two"], client.end(self))

    def test_events_go_on(self):
        self.ws.define({"a": {"run": self.ending("a")}, "b": {"run": "true"}})
        self.begin()
        client = self.client("events")
        client.until_waiting(is_watching=False)
        self.settle()
        run = self.ws.ppctl("start", "a").out.strip()

        def told():
            events = [json.loads(line) for line in client.path.read_text().splitlines()]
            return [event["seq"] for event in events], [
                (event["proc"]["name"], event["proc"]["state"]) for event in events if event["kind"] == "state"]

        kit.until(lambda: ("a", "running") in told()[1], "the start is told")
        self.leave_at("a")
        self.end_while_away("a")
        self.come_back()
        self.ws.ppctl("--run", run, "wait")
        self.ws.ppctl("run", "b")
        kit.until(lambda: ("b", "succeeded") in told()[1], "the end is told")
        seqs, states = told()
        self.assertEqual(1, states.count(("a", "succeeded")))
        self.assertEqual(sorted(set(seqs)), seqs, "in order, each once")
        client.child.send_signal(signal.SIGINT)
        client.end(self, 130)

    def test_many_times(self):
        names = [f"p{i}" for i in range(60)]
        self.ws.define({name: {"run": f"echo {name} >>ran; sleep 0.02",
                               "deps": [f"p{i - 7}"] if i >= 7 else []} for i, name in enumerate(names)},
                       options={"parallel": 4})
        self.begin()
        client = self.client("run", *names)
        for count in range(6, 60, 9):
            kit.until(lambda count=count: len(client.lines()) >= count, f"{count} lines")
            self.lose()
        lines = client.end(self)
        self.assertEqual(sorted(f"{word} {name}" for name in names for word in ("start", "ok")), sorted(lines))
        self.assertEqual(sorted(names), sorted(self.ws.read("ran").split()))

    # --- people ---

    def person(self, kind, *words, **more):
        made = kind(self.ws, *self.way(), *words, **more)
        if hasattr(made, "close"):
            self.addCleanup(made.close)
        return made

    def asking(self, words):
        """A command that asks, over connections that end too."""
        way = f"PP_SOCKET={self.way()[1]} " if self.way() else ""
        return f"got=$({way}ppctl input {words}) && printf %s \"$got\" >got"

    def test_a_question_stays(self):
        self.ws.define({"greet": {"run": self.asking("'What is your name?'")}, "other": {"run": self.ws.gate("go")}})
        self.begin()
        with open(self.ws.dir / "out", "w", encoding="utf-8") as out:
            person = self.person(Person, "run", "greet", "other", stdout=out)
        person.until("ask greet What is your name? ")
        self.lose()
        waits = "waits for input: What is your name?"
        kit.until(lambda: self.ws.ppctl("--json", "status", "greet").views()["greet"]["waits"] == waits, "it asks again")
        self.ws.open_gate("go")
        kit.until(lambda: "ok other" in self.ws.read("out"), "what comes behind the question is there")
        person.type("Ann\n")
        self.assertEqual(0, person.end())
        self.assertEqual("Ann", self.ws.read("got"))
        self.assertEqual("ask greet What is your name? Ann\n", person.shown)

    def test_an_answer_that_was_lost_is_asked_for_again(self):
        self.ws.define({"greet": {"run": self.asking("'What is your name?'")}})
        self.begin()
        person = self.person(Person, "run", "greet")
        person.until("ask greet What is your name? ")
        self.leave()
        person.type("Ann\n")
        kit.until(lambda: person.read().endswith("Ann\n"), "the line is read")
        self.come_back()
        person.until("ask greet What is your name? ", 2)
        person.type("Bob\n")
        self.assertEqual(0, person.end())
        self.assertEqual("Bob", self.ws.read("got"))

    def test_a_process_keeps_the_terminal(self):
        self.ws.define({"a": {"run": "read -r line; echo got $line"}, "b": {"deps": ["a"], "run": "tty; echo bye"}},
                       options={"mode": "single"})
        self.begin()
        person = self.person(Terminal, "-v", "run", "b")
        person.expect("^start a$")
        self.lose()
        person.expect("there again$")
        self.settle()  # it has offered its terminal once more
        person.type("hello\n")
        text = person.finish()
        for line in ("start a", "got hello", "ok a", "start b", "bye", "ok b"):
            self.assertRegex(text, f"(?m)^{line}( [0-9.]+s)?$")
        self.assertNotIn("not a tty", text)


class Cut(Resume, ByProxy):
    pass


class Killed(Resume, ByKill):
    def test_a_request_that_was_not_read(self):
        self.ws.define({"a": {"run": "echo >>ran"}})
        self.begin()
        os.kill(self.scheduler, signal.SIGSTOP)
        client = self.client("start", "a")
        client.until_waiting(is_watching=False)
        os.kill(self.scheduler, signal.SIGKILL)
        client.end(self)
        self.ws.ppctl("wait", "a")
        self.assertEqual("\n", self.ws.read("ran"))

    def test_a_process_inside_waits_and_asks(self):
        self.ws.define({"a": {"run": self.ws.gate("ga")},
                        "outer": {"run": "ppctl start a && ppctl wait a && ppctl context >context.json"}})
        self.begin()
        client = self.client("run", "outer")
        self.ws.until_state("a", "running")
        self.lose()
        self.ws.open_gate("ga")
        self.assertEqual(["ok a", "ok outer", "start a", "start outer"], sorted(client.end(self)))
        self.assertEqual("outer", json.loads(self.ws.read("context.json"))["proc"])

    def test_restart_is_not_noticed(self):
        self.ws.define({"a": {"run": self.ws.gate("ga")}})
        self.begin()
        client = self.client("run", "a")
        client.until("start a")
        self.ws.ppctl("restart")
        self.assertNotEqual(self.scheduler, self.ws.pids()[0])
        self.ws.open_gate("ga")
        self.assertEqual(["start a", "ok a"], client.end(self))

    def test_where_all_of_it_is_killed_another_daemon_is_started(self):
        self.ws.define({"a": {"run": "exec sleep 600"}, "b": {"run": self.ws.gate("gb"), "locks": ["x"]},
                        "c": {"run": "true", "locks": ["x"]}})
        self.begin()
        client = self.client("run", "a", "b", "c")
        client.until("start a")
        client.until("start b")
        for pid in (self.supervisor, self.scheduler):
            os.kill(pid, signal.SIGKILL)
        lines = client.end(self, 1)
        self.assertEqual(1, sum(line.startswith("FAIL a lost") for line in lines), lines)
        self.assertEqual(1, lines.count("ok c"), lines)


if __name__ == "__main__":
    kit.main()
