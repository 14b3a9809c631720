"""`mode: single`: processes in the terminal of the client that asked, one at a time."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from pathlib import Path

import kit


class Terminal:
    """A terminal with ppctl in its foreground; what is shown on it is in text."""

    def __init__(self, ws, *words, env=None, program=kit.PPCTL):
        self.text = ""
        self.status = None
        ready, go = os.pipe()
        self.child, self.fd = pty.fork()
        if self.child == 0:
            os.close(go)
            os.read(ready, 1)
            os.execve(program, [str(program), "-C", str(ws.dir), *words],
                      {**ws.env, "TERM": "xterm-256color", **(env or {})})
        self.before = self.modes()  # of the terminal, until the client is at work
        os.close(ready)
        os.close(go)  # which lets it begin
        self.stdin = self.stdout = self.stderr = None
        ws.children.append(self)

    # --- as Workspace.end() wants a child ---

    def poll(self):
        if self.status is None:
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def kill(self):
        if self.poll() is None:
            os.kill(self.child, signal.SIGKILL)

    def wait(self, timeout=kit.PATIENCE_S):
        kit.until(lambda: self.poll() is not None, "ppctl ends", timeout)
        return self.status

    def communicate(self, timeout=kit.PATIENCE_S):
        self.wait(timeout)
        return self.text, ""

    # --- what a person does ---

    def read(self):
        while select.select([self.fd], [], [], 0)[0]:
            try:
                got = os.read(self.fd, 65536)
            except OSError:
                return
            if not got:
                return
            shown = (self.text + got.decode(errors="replace")).replace("\r\n", "\n")
            self.text = re.sub("\x1b\\[[0-9;]*m", "", shown)

    def expect(self, pattern):
        def is_there():
            self.read()
            return re.search(pattern, self.text, re.M)

        try:
            return kit.until(is_there, f"{pattern!r} is shown")
        except AssertionError:
            raise AssertionError(f"{pattern!r} is not in {self.text!r}") from None

    def type(self, text):
        os.write(self.fd, text.encode())

    def finish(self, status=0):
        """Reads until ppctl has ended, with this status."""
        def is_over():
            self.read()
            return self.poll() is not None

        kit.until(is_over, f"ppctl ends; shown: {self.text!r}")
        self.read()
        os.close(self.fd)
        if self.status != status:
            raise AssertionError(f"exit status {self.status} instead of {status}: {self.text!r}")
        return self.text

    def modes(self):
        return termios.tcgetattr(self.fd)


def count_fds(pid, below=""):
    """A process's descriptors: all, or those of files below this directory."""
    n = 0
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            n += os.readlink(f"/proc/{pid}/fd/{number}").startswith(below)
    return n


class Single(kit.Case):
    def define(self, procs=None, protos=None, **options):
        self.ws.define(procs, protos, options={"mode": "single", **options})

    def log_of(self, name):
        return Path(self.ws.ppctl("--json", "status", name).views()[name]["log"]).read_text()

    def test_a_process_has_the_terminal(self):
        self.define({"a": {"run": "test -t 0 && test -t 1 && test -t 2 && echo $TERM-$NO_COLOR- >/dev/tty"}})
        shown = Terminal(self.ws, "run", "a").finish()
        self.assertRegex(shown, r"(?s)^start a\nxterm-256color--\nok a [0-9.]+s\n$")
        self.assertIn("went to the terminal", self.log_of("a"))

    def test_a_prompt_gets_what_is_typed(self):
        self.define({"ask": {"run": "printf 'name? '; read -r x; echo \"hello $x\""}})
        terminal = Terminal(self.ws, "run", "ask")
        before = terminal.before
        terminal.expect(r"^name\? $")
        self.assertNotEqual(before, terminal.modes())
        terminal.type("world\r")
        terminal.expect("^name\\? world\nhello world\nok ask")
        kit.until(lambda: terminal.modes() == before, "the modes are restored")
        terminal.finish()

    def test_modes_that_a_process_leaves_are_not_the_next_ones(self):
        gate = self.ws.gate("gate")
        self.define({
            "one": {"run": "stty raw -echo; printf 'half a line'"},
            "two": {"run": f"{gate}; stty -a | grep -o '[-]*icanon'", "deps": ["one"]},
        })
        terminal = Terminal(self.ws, "run", "two")
        terminal.expect("start one\nhalf a line\nok one .*\nstart two\n")
        self.ws.open_gate("gate")
        terminal.expect("^icanon$")
        terminal.finish()

    def test_control_c_reaches_the_process_alone(self):
        self.define({"long": {"run": "echo ready; exec sleep 1000"},
                     "next": {"run": "echo still here", "wave": 1}})
        terminal = Terminal(self.ws, "run", "long", "next")
        terminal.expect("^ready$")
        terminal.type("\x03")
        shown = terminal.finish(status=1)
        self.assertRegex(shown, r"(?m)^FAIL long .*INT")
        # The process may be quicker than the line that says that the other has failed.
        self.assertIn("still here\n", shown)
        self.assertRegex(shown, r"(?m)^ok next")
        view = self.ws.ppctl("--json", "status", "long").views()["long"]
        self.assertEqual(("signal", signal.SIGINT), (view["error"], view["signal"]))

    def test_a_process_may_go_on_after_control_c(self):
        self.define({"stubborn": {"run": "trap 'echo caught' INT; echo ready; "
                                         "while ! read -r x; do :; done; echo got $x"}})
        terminal = Terminal(self.ws, "run", "stubborn")
        terminal.expect("^ready$")
        for _ in range(3):
            terminal.text = ""
            terminal.type("\x03")
            terminal.expect("caught$")
        terminal.type("end\r")
        terminal.expect("^got end\nok stubborn")
        terminal.finish()

    def test_with_nothing_in_the_foreground_control_c_cancels(self):
        gate = self.ws.gate("gate")
        self.define({"other": {"run": f"{gate}"}, "mine": {"run": "true", "deps": ["other"]}})
        self.ws.ppctl("start", "other")
        self.ws.until_state("other", "running")
        terminal = Terminal(self.ws, "run", "mine")
        self.ws.until_state("mine", "wanted")
        terminal.type("\x03")
        terminal.expect("canceling the run")
        terminal.finish(status=130)
        self.assertEqual("running", self.ws.states("other")["other"])
        self.ws.open_gate("gate")

    def test_sigterm_cancels_and_restores_the_modes(self):
        self.define({"long": {"run": "echo ready; sleep 1000"}})
        terminal = Terminal(self.ws, "run", "long")
        before = terminal.before
        terminal.expect("^ready$")
        os.kill(terminal.child, signal.SIGTERM)
        terminal.expect("canceling the run")
        terminal.expect("^FAIL long .*canceled")
        kit.until(lambda: terminal.modes() == before, "the modes are restored")
        terminal.finish(status=128 + signal.SIGTERM)

    def test_a_timeout_ends_it_as_ever(self):
        self.define({"slow": {"run": "echo ready; sleep 1000", "timeout": "200ms"}})
        shown = Terminal(self.ws, "run", "slow").finish(status=1)
        self.assertRegex(shown, r"(?m)^FAIL slow .*timeout")

    def test_the_size_of_the_window_is_passed_on(self):
        self.define({"size": {"run": "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.05; done"}})
        terminal = Terminal(self.ws, "run", "size")
        terminal.expect("^0 0$")
        fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        terminal.expect("^33 99$")
        terminal.finish()

    def test_job_control_works(self):
        # The shell would complain without a controlling terminal, and the child be stopped at once.
        self.define({"jobs": {"run": "set -m; sh -c 'read -r x; echo got $x'; echo done"}})
        terminal = Terminal(self.ws, "run", "jobs")
        terminal.expect("^start jobs$")
        terminal.type("word\r")
        shown = terminal.finish()
        self.assertIn("got word\ndone\nok jobs", shown)
        self.assertNotIn("job control", shown)

    def test_one_at_a_time(self):
        alone = "mkdir busy && rmdir busy"
        self.define({f"p{i}": {"run": alone} for i in range(8)}, parallel=8)
        names = [f"p{i}" for i in range(8)]
        other = self.ws.start(kit.PPCTL, "run", *names[4:])
        Terminal(self.ws, "run", *names[:4]).finish()
        self.assertEqual(0, self.ws.finish(other).status)

    def test_one_that_is_nested_has_the_terminal_meanwhile(self):
        self.define({"outer": {"run": "echo before; ppctl run inner; read -r x; echo after $x"},
                     "inner": {"run": "test -t 0; printf 'inner? '; read -r x; echo inner $x"}})
        terminal = Terminal(self.ws, "run", "outer")
        terminal.expect(r"^inner\? $")
        terminal.type("one\r")
        terminal.expect("^inner one$")
        # Both say so; before the one inside has, it may still have the terminal.
        terminal.expect(r"ok inner(.|\n)*ok inner")
        terminal.type("two\r")
        terminal.expect("^after two$")
        terminal.finish()

    def test_a_question_has_the_terminal_meanwhile(self):
        self.define({"ask": {"run": "echo before; x=$(ppctl input 'name?'); printf 'more? '; read -r y; echo $x $y"}})
        terminal = Terminal(self.ws, "run", "ask")
        terminal.expect(r"^before\n(.*\n)*ask ask name\? $")
        terminal.type("world\r")
        terminal.expect(r"^more\? $")
        terminal.type("peace\r")
        terminal.expect("^world peace$")
        terminal.finish()

    def test_pipes_are_passed_as_they_are(self):
        self.define({"sort": {"run": "sort; echo error >&2"}})
        done = self.ws.ppctl("run", "sort", stdin="b\na\n")
        self.assertRegex(done.out, "(?m)^a\nb$")
        self.assertEqual("error\n", done.err)

    def test_a_result_from_standard_output_stays_one(self):
        self.define({"number": {"run": "test -t 0 || exit 9; echo 42; echo told >&2", "result": "stdout"}})
        shown = Terminal(self.ws, "run", "number").finish()
        self.assertIn("told", shown)
        self.assertEqual("42\n", self.ws.ppctl("result", "number").out)

    def test_without_a_terminal_there_are_logs(self):
        self.define({"a": {"run": "echo $TERM; echo out"}})
        self.ws.ppctl("--json", "run", "a")
        self.assertEqual("dumb\nout\n", self.log_of("a"))
        run = self.ws.ppctl("run", "--detach", "a").out.strip()
        self.ws.ppctl("--run", run, "wait")
        self.assertEqual("dumb\nout\n", self.log_of("a"))

    def test_sigint_of_a_pipeline_goes_to_the_process_first(self):
        self.define({"trap": {"run": "trap 'echo caught' INT; echo ready; while :; do sleep 0.05; done"}})
        child = self.ws.start(kit.PPCTL, "run", "trap", stdin=subprocess.PIPE)
        lines = iter(child.stdout.readline, "")
        self.assertIn("ready\n", lines)
        child.send_signal(signal.SIGINT)
        self.assertIn("caught\n", lines)
        child.send_signal(signal.SIGINT)
        done = self.ws.finish(child)
        self.assertEqual(130, done.status)
        self.assertIn("passed on", done.err)
        self.assertIn("canceling", done.err)

    def test_when_the_client_is_gone_the_rest_has_logs(self):
        gate = self.ws.gate("gate")
        self.define({"one": {"run": f"trap '' HUP; echo ready; {gate}"},
                     "two": {"run": "test ! -t 0 && echo logged", "deps": ["one"]}})
        terminal = Terminal(self.ws, "run", "two")
        terminal.expect("^ready$")
        scheduler, _ = self.ws.pids()
        self.assertEqual(3, count_fds(scheduler, "/dev/pts/"))
        terminal.kill()
        terminal.wait()
        kit.until(lambda: count_fds(scheduler, "/dev/pts/") == 0, "the descriptors are closed")
        self.ws.open_gate("gate")
        self.ws.until_state("two", "succeeded")
        self.assertEqual("logged\n", self.log_of("two"))

    def test_a_terminal_that_did_not_come_is_refused(self):
        self.define({"a": {"run": "touch ran"}})
        done = self.ws.ppctl("call", "run", '{"names": ["a"], "terminal": true}', status=2)
        self.assertIn("descriptors", done.err)
        self.assertFalse((self.ws.dir / "ran").exists())

    def test_with_mode_mp_a_terminal_is_not_used(self):
        self.define({"a": {"run": "test -t 1 || echo logged"}})
        self.ws.ppctl("run", "a", stdin="")
        self.ws.ppctl("options", "mode=mp")
        Terminal(self.ws, "run", "a").finish()
        self.assertEqual("logged\n", self.log_of("a"))

    def test_no_descriptor_is_left_behind(self):
        self.define({"a": {"run": "true"}})
        self.ws.ppctl("run", "a")
        pids = self.ws.pids()

        def count():
            return [count_fds(pid) for pid in pids]

        before = count()  # the connection that asked may still be among them
        for i in range(200):
            if i % 20:
                self.ws.ppctl("-q", "run", "a")
            else:
                Terminal(self.ws, "run", "a").finish()
        kit.until(lambda: all(now <= then for now, then in zip(count(), before)),
                  f"no more descriptors than before: {before}")


if __name__ == "__main__":
    kit.main()
