"""`ppctl input`: what procs ask, put at the terminal of who watches the run."""

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios

import kit

NAME = "got=$(ppctl input 'What is your name?') && printf %s \"$got\" >got"
SECRET = "got=$(ppctl input --secret Token:) && printf %s \"$got\" >got"


class Terminal:
    """ppctl at a terminal of its own, and a person who types there."""

    def __init__(self, ws, *words, **popen):
        self.master, self.slave = pty.openpty()
        self.shown = ""
        self.before = self.modes()  # of the terminal, until the client is at work
        self.child = subprocess.Popen(
            [kit.PPCTL, "-C", ws.dir, *words], env={**ws.env, "TERM": "dumb"}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),
            **{"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, **popen})
        ws.children.append(self.child)

    def close(self):
        os.close(self.slave)
        os.close(self.master)

    def read(self):
        """What is on the screen by now."""
        while select.select([self.master], [], [], 0)[0]:
            self.shown += os.read(self.master, 65536).decode().replace("\r\n", "\n")
        return self.shown

    def until(self, text, count=1):
        kit.until(lambda: self.read().count(text) >= count, f"{text!r} is shown instead of {self.read()!r}")

    def type(self, text):
        os.write(self.master, text.encode())

    def modes(self):
        return termios.tcgetattr(self.slave)[:4]

    def is_echoing(self):
        return bool(self.modes()[3] & termios.ECHO)

    def end(self):
        """The exit status, once it has ended."""
        kit.until(lambda: self.read() is not None and self.child.poll() is not None, f"it ends: {self.shown!r}")
        self.read()
        return self.child.returncode


class Input(kit.Case):
    def terminal(self, *words, **popen):
        made = Terminal(self.ws, *words, **popen)
        self.addCleanup(made.close)
        return made

    def waits(self, name):
        return self.ws.ppctl("--json", "status", name).views()[name]["waits"]

    def until_asked(self, name, prompt):
        kit.until(lambda: self.waits(name) == f"waits for input: {prompt}", f"{name} asks {prompt}")

    def start(self, *names):
        return self.ws.ppctl("start", *names).out.strip()

    def test_it_is_answered_at_the_terminal(self):
        self.ws.define({"greet": {"run": NAME}})
        person = self.terminal("run", "greet")
        before = person.before
        person.until("ask greet What is your name? ")
        self.assertTrue(person.is_echoing())
        person.type("Ann Bée\n")
        self.assertEqual(0, person.end())
        self.assertEqual("Ann Bée", self.ws.read("got"))
        self.assertRegex(person.shown, r"^start greet\nask greet What is your name\? Ann Bée\nok greet [0-9.]+s\n$")
        self.assertEqual(before, person.modes())

    def test_what_happens_meanwhile_is_shown_afterwards(self):
        self.ws.define({"other": {"run": self.ws.gate("go")}, "greet": {"run": NAME}})
        person = self.terminal("run", "greet", "other")
        person.until("ask greet What is your name? ")
        self.ws.open_gate("go")
        self.ws.until_state("other", "succeeded")
        person.type("Ann\n")
        self.assertEqual(0, person.end())
        self.assertRegex(person.shown, r"(?s)\nask greet What is your name\? Ann\n.*ok other [0-9.]+s\n")

    def test_more_than_is_held_back_is_shown_and_the_question_again(self):
        self.ws.define({"other": {"run": self.ws.gate("go")}, "greet": {"run": NAME}},
                       {"c::[n]": {"deps": ["other"]}})
        names = [f"c::{'x' * 200}{n}" for n in range(400)]
        person = self.terminal("run", "greet", *names)
        person.until("ask greet What is your name? ")
        self.ws.open_gate("go")
        person.until("ask greet What is your name? ", 2)
        self.assertGreater(person.shown.count("\nok c::"), 200)
        person.type("Ann\n")
        self.assertEqual(0, person.end())
        self.assertEqual(400, person.shown.count("\nok c::"))
        self.assertEqual("Ann", self.ws.read("got"))

    def test_another_size_of_a_terminal_that_cannot_draw_changes_nothing(self):
        self.ws.define({"greet": {"run": NAME}})
        person = self.terminal("run", "greet")
        person.until("ask greet What is your name? ")
        fcntl.ioctl(person.slave, termios.TIOCSWINSZ, struct.pack("4H", 30, 50, 0, 0))  # and SIGWINCH with it
        person.type("Ann\n")
        self.assertEqual(0, person.end())
        self.assertEqual(1, person.shown.count("ask greet"))

    def test_a_secret_is_shown_nowhere(self):
        self.ws.define({"greet": {"run": SECRET}})
        self.ws.ppd("-d")
        with kit.Connection(self.ws) as peer:
            peer.call("subscribe")
            person = self.terminal("run", "greet")
            before = person.before
            person.until("ask greet Token: ")
            self.assertFalse(person.is_echoing())
            person.type("hunter2\n")
            self.assertEqual(0, person.end())
            self.assertEqual("hunter2", self.ws.read("got"))
            self.assertEqual(before, person.modes())
            self.assertRegex(person.shown, r"\nask greet Token: \nok greet")
            messages = [peer.receive()]
            while messages[-1]["params"].get("state") not in ("succeeded", "failed"):
                messages.append(peer.receive())
            self.assertIn("answered", json.dumps(messages))
            self.assertNotIn("hunter2", json.dumps(messages) + self.ws.log() + person.shown)

    def test_it_waits_visibly_until_somebody_with_a_terminal_comes(self):
        self.ws.define({"greet": {"run": NAME}, "all": {"deps": ["greet"]}})
        run = self.start("all")
        self.until_asked("greet", "What is your name?")
        self.assertIn("waits for input: What is your name?", self.ws.ppctl("status").out)
        self.assertIn("greet waits for input: What is your name?", self.ws.ppctl("why", "all").out)
        watching = self.ws.start(kit.PPCTL, "--run", run, "wait")  # has no terminal
        person = self.terminal("--run", run, "wait")
        person.until("ask greet What is your name? ")
        person.type("Ann\n")
        self.assertEqual(0, person.end())
        self.assertEqual("Ann", self.ws.read("got"))
        self.assertNotIn("ask", self.ws.finish(watching).out)
        self.assertIsNone(self.waits("greet"))

    def test_a_run_that_joins_is_asked_too(self):
        self.ws.define({"greet": {"run": NAME}, "all": {"deps": ["greet"]}})
        self.start("greet")
        self.until_asked("greet", "What is your name?")
        person = self.terminal("run", "all")
        person.until("ask greet What is your name? ")
        person.type("Ann\n")
        self.assertEqual(0, person.end())

    def test_the_timeout_ends_it(self):
        self.ws.define({"greet": {"run": SECRET, "timeout": "1s"}})
        person = self.terminal("run", "greet")
        before = person.before
        person.until("ask greet Token: ")
        self.assertEqual(1, person.end())
        self.assertIn("\nask greet is not asked any more\n", person.shown)
        self.assertRegex(person.shown, r"\nFAIL greet [0-9.]+s timeout")
        self.assertEqual(before, person.modes())

    def test_two_are_put_in_turn(self):
        self.ws.define({"a": {"run": "printf '<%s>' \"$(ppctl input First)\" >a"},
                        "b": {"run": "printf '<%s>' \"$(ppctl input Second)\" >b"}})
        run = self.start("a")
        self.until_asked("a", "First")
        self.ws.ppctl("--run", run, "start", "b")
        self.until_asked("b", "Second")
        person = self.terminal("--run", run, "wait")
        person.until("ask a First ")
        self.assertNotIn("Second", person.shown)
        person.type("1\n")
        person.until("ask b Second ")
        person.type("2\n")
        self.assertEqual(0, person.end())
        self.assertEqual(("<1>", "<2>"), (self.ws.read("a"), self.ws.read("b")))

    def test_the_first_of_two_clients_answers(self):
        self.ws.define({"greet": {"run": SECRET}, "last": {"deps": ["greet"], "run": self.ws.gate("go")}})
        run = self.start("last")
        people = [self.terminal("--run", run, "wait") for _ in range(2)]
        before = people[1].before
        for person in people:
            person.until("ask greet Token: ")
        kit.until(lambda: not people[1].is_echoing(), "nothing that is typed is shown")
        people[1].type("half of an ans")
        people[0].type("first\n")
        people[1].until("\nask greet was answered by another client\n")
        kit.until(lambda: people[1].modes() == before, "the terminal is as it was")
        self.ws.open_gate("go")
        self.assertEqual([0, 0], [person.end() for person in people])
        self.assertEqual("first", self.ws.read("got"))
        self.assertNotIn("another", people[0].shown)

    def test_losing_the_client_leaves_it_open(self):
        self.ws.define({"greet": {"run": NAME}})
        person = self.terminal("run", "greet")
        person.until("ask greet What is your name? ")
        person.child.kill()
        person.end()
        self.assertEqual("waits for input: What is your name?", self.waits("greet"))
        other = self.terminal("wait")
        other.until("ask greet What is your name? ")
        other.type("Ann\n")
        self.assertEqual(0, other.end())
        self.assertEqual("Ann", self.ws.read("got"))

    def test_an_empty_line_is_an_answer(self):
        self.ws.define({"greet": {"run": NAME}})
        person = self.terminal("run", "greet")
        person.until("ask greet What is your name? ")
        person.type("\n")
        self.assertEqual(0, person.end())
        self.assertEqual("", self.ws.read("got"))

    def test_the_end_of_input_is_none(self):
        self.ws.define({"greet": {"run": NAME}})
        person = self.terminal("run", "greet")
        person.until("ask greet What is your name? ")
        person.type("\x04")
        person.until("\nask greet was not answered; it waits for another client\n")
        self.assertEqual("waits for input: What is your name?", self.waits("greet"))
        other = self.terminal("wait")
        other.until("ask greet What is your name? ")
        other.type("Bob\n")
        self.assertEqual([0, 0], [other.end(), person.end()])
        self.assertEqual("Bob", self.ws.read("got"))

    def test_what_cannot_be_an_answer_is_asked_again(self):
        self.ws.define({"greet": {"run": NAME}})
        person = self.terminal("run", "greet")
        person.until("ask greet What is your name? ")
        person.type("\x1b[D\n")
        person.until("control characters")
        person.until("ask greet What is your name? ", 2)
        person.type("Ann\n")
        self.assertEqual(0, person.end())
        self.assertEqual("Ann", self.ws.read("got"))

    def test_foreign_text_cannot_move_the_cursor(self):
        self.ws.define({"greet": {"run": "ppctl input \"$(printf 'a\\033[2J\\nb\\342\\200\\256c')\""}})
        person = self.terminal("run", "greet")
        person.until("ask greet a [2J b\\u202ec ")
        person.type("\n")
        self.assertEqual(0, person.end())

    def test_an_interrupt_cancels_the_run(self):
        self.ws.define({"greet": {"run": SECRET}})
        person = self.terminal("run", "greet")
        before = person.before
        person.until("ask greet Token: ")
        person.type("\x03")
        self.assertEqual(130, person.end())
        self.assertIn("FAIL greet", person.shown)
        self.assertEqual(before, person.modes())

    def test_quitting_leaves_the_terminal_as_it_was_and_the_run_alone(self):
        self.ws.define({"greet": {"run": SECRET}})
        person = self.terminal("run", "greet")
        before = person.before
        person.until("ask greet Token: ")
        person.type("\x1c")
        self.assertEqual(131, person.end())
        self.assertEqual(before, person.modes())
        self.assertEqual("waits for input: Token:", self.waits("greet"))

    def test_a_broken_pipe_leaves_the_terminal_as_it_was(self):
        self.ws.define({"other": {"run": self.ws.gate("go")}, "greet": {"run": SECRET}})
        person = self.terminal("run", "greet", "other", stdout=subprocess.PIPE)
        before = person.before
        person.until("ask greet Token: ")
        person.child.stdout.close()
        self.ws.open_gate("go")
        self.assertEqual(141, person.end())
        self.assertEqual(before, person.modes())

    def test_a_stopped_client_gives_the_terminal_back(self):
        self.ws.define({"greet": {"run": SECRET}})
        person = self.terminal("run", "greet")
        before = person.before
        person.until("ask greet Token: ")
        person.type("\x1a")

        def is_stopped():
            with contextlib.suppress(ChildProcessError):
                return os.waitpid(person.child.pid, os.WUNTRACED | os.WNOHANG)[0] == person.child.pid

        kit.until(is_stopped, "it has stopped")
        self.assertEqual(before, person.modes())
        person.child.send_signal(signal.SIGCONT)
        person.until("ask greet Token: ", 2)
        self.assertFalse(person.is_echoing())
        person.type("hunter2\n")
        self.assertEqual(0, person.end())
        self.assertEqual("hunter2", self.ws.read("got"))

    def test_nobody_is_asked_with_json_or_without_a_terminal(self):
        self.ws.define({"greet": {"run": NAME, "timeout": "1s"}})
        person = self.terminal("--json", "run", "greet")
        self.assertEqual(1, person.end())
        self.assertEqual(["timeout"], [view["error"] for view in json.loads(person.shown)["procs"]])
        person = self.terminal("run", "greet", stdin=subprocess.DEVNULL)
        self.assertEqual(1, person.end())
        self.assertNotIn("ask", person.shown)


class Signals(kit.Case):
    def test_an_ignored_signal_stays_ignored(self):
        self.ws.define({"slow": {"run": self.ws.gate("go")}})
        child = self.ws.start(kit.PPCTL, "run", "slow",
                              preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.ws.ppd("-d")
        kit.until(lambda: self.ws.states("slow").get("slow") == "running", "it runs")
        child.send_signal(signal.SIGHUP)
        self.ws.open_gate("go")
        self.assertEqual(0, self.ws.finish(child).status)


class Joined(kit.Case):
    def test_a_question_is_asked_where_it_goes_on(self):
        """Of whoever comes back, when the run that it came from first was canceled."""
        self.ws.define({"asks": {"run": "ppctl input 'Which one?'"}})
        self.ws.ppd("-d")
        with kit.Connection(self.ws) as peer:
            first, second = [peer.call("start", names=["asks"])["result"]["run"] for _ in range(2)]
            kit.until(lambda: peer.call("subscribe", run=second)["result"]["inputs"], "it asks")
            peer.call("cancel", run=first)
        with kit.Connection(self.ws) as back:
            back.call("subscribe", kinds=["input"], after=1)
            event = back.receive()["params"]
            self.assertEqual(("input", second, "running"), (event["kind"], event["run"], event["proc"]["state"]))
            back.call("cancel", all=True)


if __name__ == "__main__":
    kit.main()
