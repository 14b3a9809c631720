"""ppctl top, as a terminal shows it: its screens in tmux, its keys, and the terminal after it.

Times, the load and the version are masked. Procs are held at gates, so that a screen stays as it
is.
"""

import os
import pty
import re
import select
import signal
import termios

import kit
from screens import Screen, ScreenCase, fill

HINT = "q quit  ? help  Tab runs  / filter  l log  w why  c cancel"


class Top(Screen):
    """A terminal with ppctl top in it."""

    def text(self):
        screen = self.tmux("capture-pane", "-p").rstrip("\n")
        screen = re.sub(r"(?m)load .*$", "load …", screen)
        screen = re.sub(r" +[0-9]+(\.[0-9]s|m[0-9]{2}s)", " T", screen)
        screen = re.sub(r"(?m)^[0-9]+(\.[0-9]s|m[0-9]{2}s)", "T", screen)
        # How much fits there depends on the time's length.
        screen = re.sub(r"(?m)( · 1 running).*$", r"\1…", screen) if self.is_narrow else screen
        screen = re.sub(r"(?m)(  [0-9]+/[0-9]+ T).*$", r"\1…", screen) if self.is_narrow else screen
        return re.sub(r"\n\n+", "\n…\n", screen) + "\n"


class TopTest(ScreenCase):
    def top(self, columns=80, rows=24, words="top", **more):
        return self.screen(words, columns, rows, kind=Top, **more)

    def start_release(self):
        self.define_release(options={"parallel": 4})
        self.ws.ppctl("start", "report", "test")
        self.ws.until_state("compile", "running")
        self.ws.until_state("report", "failed")

    def test_at_120x40(self):
        self.start_release()
        screen = self.top(120, 40)
        screen.expect("slots 1/4  load …\n"
                      "T · 2 failed · 1 running · 3 waiting · 1 ok · 1 skipped\n"
                      "> all active runs: 1\n"
                      "  run 1  active  4/8 T  2 failed  ━━━━━━━━━━──────────\n"
                      "  NAME      STATE         TIME  REASON\n"
                      "> compile   running T\n"
                      "  report    failed              dep_failed: its dependency broken failed\n"
                      "  broken    failed T  exit 2\n"
                      "  test      wanted T  waits for link and 東京\n"
                      "  link      wanted T  waits for compile\n"
                      "  東京      wanted T  waits for compile\n"
                      "  unneeded  skipped T  nothing to do\n"
                      "  setup     succeeded T\n"
                      "…\n"
                      f"{HINT}\n")
        self.assertIn(str(self.ws.dir), screen.tmux("capture-pane", "-p"))
        self.ws.open_gate("gate")
        screen.expect_part(r"^  test +wanted T  waits for 東京$")
        self.ws.open_gate("other")
        screen.expect("slots 0/4  load …\n"
                      "nothing runs · 2 failed · 5 ok · 1 skipped\n"
                      "> all active runs: 0\n"
                      "  run 1  failed  8/8 T  2 failed\n"
                      "  NAME      STATE         TIME  REASON\n"
                      "> report    failed              dep_failed: its dependency broken failed\n"
                      "  broken    failed T  exit 2\n"
                      "  test      succeeded T\n"
                      "  東京      succeeded T\n"
                      "  link      succeeded T\n"
                      "  compile   succeeded T\n"
                      "  unneeded  skipped T  nothing to do\n"
                      "  setup     succeeded T\n"
                      "…\n"
                      f"{HINT}\n")

    def test_at_80x24(self):
        self.start_release()
        screen = self.top(80, 24)
        screen.expect("slots 1/4  load …\n"
                      "T · 2 failed · 1 running · 3 waiting · 1 ok · 1 skipped\n"
                      "> all active runs: 1\n"
                      "  run 1  active  4/8 T  2 failed  ━━━━━━━━━━──────────\n"
                      "  NAME      STATE         TIME  REASON\n"
                      "> compile   running T\n"
                      "  report    failed              dep_failed: its dependency broken failed\n"
                      "  broken    failed T  exit 2\n"
                      "  test      wanted T  waits for link and 東京\n"
                      "  link      wanted T  waits for compile\n"
                      "  東京      wanted T  waits for compile\n"
                      "  unneeded  skipped T  nothing to do\n"
                      "  setup     succeeded T\n"
                      "…\n"
                      f"{HINT}\n")

    def test_at_40x10(self):
        self.start_release()
        screen = self.top(40, 10)
        screen.expect("slots 1/4  load …\n"
                      "T · 2 failed · 1 running…\n"
                      "> all active runs: 1\n"
                      "  run 1  active  4/8 T…\n"
                      "  NAME      STATE         TIME  REASON\n"
                      "> compile   running T\n"
                      "  report    failed              dep_fail\n"
                      "  broken    failed T  exit 2\n"
                      "  test      wanted T  waits fo\n"
                      "q quit  ? help  Tab runs  / filter  l lo\n")

    def test_at_20x5(self):
        self.start_release()
        screen = self.top(20, 5)
        screen.expect_part(r"\A.*\n.*\n> all active runs: 1\n> compile   running\nq quit  \? help  Tab\n\Z")
        screen.type("Down")
        screen.expect_part("^> report    failed$")

    def test_a_new_run_shows_up(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}})
        screen = self.top()
        screen.expect_part("^nothing runs$")
        self.ws.ppctl("start", "long")
        screen.expect_part(r"^> long +running T$")
        screen.expect_part("^  run 1  active  0/1")
        self.ws.open_gate("gate")
        screen.expect_part(r"^> long +succeeded T$")
        screen.expect_part("^  run 1  succeeded  1/1")

    def test_runs_that_are_forgotten_go(self):
        self.ws.define({"a": {"run": "true"}, "b": {"run": "exit 1"}}, options={"parallel": 8})
        screen = self.top()
        screen.expect_part("^nothing runs$")
        self.ws.ppctl("run", "a")
        self.ws.ppctl("run", "b", status=1)
        screen.expect_part("^  run 1  succeeded  1/1")
        screen.expect_part("^  run 2  failed  1/1")
        screen.expect_part("^nothing runs · 1 failed · 1 ok$")
        self.ws.ppctl("--run", "1", "clear")
        screen.expect("slots 0/8  load …\n"
                      "nothing runs · 1 failed\n"
                      "> all active runs: 0\n"
                      "  run 2  failed  1/1 T  1 failed\n"
                      "  NAME      STATE         TIME  REASON\n"
                      "> b         failed T  exit 1\n"
                      "…\n"
                      f"{HINT}\n")
        screen.type("Tab", "Down")
        screen.expect_part("^> run 2  failed")
        self.ws.ppctl("clear")
        screen.expect_part("^that run has been forgotten$")
        kit.until(lambda: not re.search("run [12]|failed", screen.text()), "nothing of them is left")

    def test_what_happens_elsewhere_shows_up_beside_a_run_that_has_ended(self):
        self.ws.define({"a": {"run": "true"}, "b": {"run": "true"}})
        screen = self.top()
        self.ws.ppctl("run", "a")
        screen.type("Tab")
        screen.expect_part("^  run 1  succeeded")
        screen.type("Down")
        screen.expect_part("^> run 1  succeeded")
        self.ws.ppctl("run", "b")
        screen.expect_part("^  run 2  succeeded")
        self.ws.ppctl("--run", "2", "clear")
        kit.until(lambda: "run 2" not in screen.text(), "it goes")

    def test_keys_move(self):
        self.start_release()
        screen = self.top()
        screen.expect_part("^> compile ")
        for keys, selected in ((["Down"], "report"), (["j", "j"], "test"), (["Up"], "broken"), (["k"], "report"),
                               (["End"], "setup"), (["Home"], "compile"), (["NPage"], "setup"), (["PPage"], "compile"),
                               (["G"], "setup"), (["g"], "compile")):
            screen.expect_part(r"^> all active runs: 1$")
            screen.type(*keys)
            screen.expect_part(f"^> {selected} ")

    def test_a_cancel_is_confirmed(self):
        self.start_release()
        screen = self.top()
        screen.expect_part("^> compile +running")
        screen.type("c")
        screen.expect_part(r"^Cancel compile\? \[y/n\]$")
        screen.type("n")
        screen.expect_part("^nothing is canceled$")
        self.assertEqual("running", self.ws.states("compile")["compile"])
        screen.type("c")
        screen.expect_part(r"^Cancel compile\? \[y/n\]$")
        screen.type("y")
        screen.expect_part("^canceled [0-9]+ procs?$")
        self.ws.until_state("compile", "failed")
        screen.expect_part("^. compile +failed T  canceled")
        screen.type("g")
        screen.type("c")
        screen.expect_part("has ended already$")

    def test_a_run_is_canceled(self):
        self.start_release()
        self.ws.define({"other": {"run": self.ws.gate("third")}})
        self.ws.ppctl("start", "other")
        screen = self.top()
        screen.expect_part("^  run 2  active")
        screen.type("C")
        screen.expect_part("^Which run")
        screen.type("Tab", "Down", "Down")
        screen.expect_part("^> run 1  active")
        screen.type("C")
        screen.expect_part(r"^Cancel run 1\? \[y/n\]$")
        screen.type("y")
        self.ws.until_state("compile", "failed")
        self.assertEqual("running", self.ws.states("other")["other"])
        screen.expect_part("^> run 1  failed")
        self.ws.open_gate("third")

    def test_the_only_active_run_needs_no_choice(self):
        self.ws.define({"one": {"run": "true"}, "two": {"run": self.ws.gate("gate")}})
        self.ws.ppctl("run", "one")
        self.ws.ppctl("start", "two")
        screen = self.top()
        screen.expect_part("^> all active runs: 1")
        screen.expect_part("^> two +running")
        screen.type("C")
        screen.expect_part(r"^Cancel run 2\? \[y/n\]$")
        screen.type("y")
        self.ws.until_state("two", "failed")
        screen.expect_part("^> all active runs: 0")
        screen.type("C")
        screen.expect_part("^no run is active$")

    def test_keys_for_a_proc_say_that_there_is_none(self):
        screen = self.top()
        screen.expect_part("^> all active runs: 0")
        for key in ("w", "l", "c", "Enter"):
            screen.type(key)
            screen.expect_part("^there is no proc in the list$")
            screen.type("Up")
            screen.expect_part(f"^{re.escape(HINT)}$")

    def test_a_run_is_looked_at_alone(self):
        self.start_release()
        self.ws.define({"other": {"run": self.ws.gate("third")}})
        self.ws.ppctl("start", "other")
        screen = self.top()
        screen.expect_part("^. compile +running")
        screen.expect_part("^. other +running")
        screen.type("Tab", "Down")
        screen.expect_part("^> run 2  active  0/1")
        screen.expect_part("^> other +running")
        kit.until(lambda: "compile" not in screen.text(), "run 1 is not there")
        self.ws.open_gate("third")
        screen.expect_part("^> run 2  succeeded  1/1")
        screen.expect_part("^> other +succeeded")
        screen.type("Up")
        screen.expect_part("^. compile +running")

    def test_a_filter(self):
        self.start_release()
        screen = self.top()
        screen.expect_part("^> compile +running")
        screen.type("/", "R", "E", "p")
        screen.expect_part("^/REp_$")
        screen.expect_part("^> report +failed")
        kit.until(lambda: "compile" not in screen.text(), "only what matches is there")
        screen.type("BSpace", "BSpace", "BSpace", "*", "n", "k")
        screen.expect_part("^> link +wanted")
        screen.type("Enter")
        screen.expect_part(r"^/\*nk  q quit")
        screen.type("Escape")
        screen.expect_part("^. compile +running")
        screen.type("a")
        screen.expect_part("^a: finished are hidden")
        kit.until(lambda: "setup" not in screen.text(), "what has finished is not there")
        screen.type("a")
        screen.expect_part("^. setup +succeeded")

    def test_why_and_help(self):
        self.start_release()
        screen = self.top()
        screen.expect_part("^> compile +running")
        screen.type("Down", "w")
        screen.expect_part("^report failed, because broken has failed, on which it depends$")
        screen.type("x")
        screen.expect_part("^> report +failed")
        screen.type("?")
        screen.expect_part("^q Ctrl-C +quit$")
        screen.type("x")
        screen.expect_part("^> report +failed")

    def test_a_text_stays_in_a_window_that_grows(self):
        screen = self.top(80, 8)
        screen.expect_part("^nothing runs")
        screen.type("?")
        screen.expect_part("^Up Down k j")
        screen.type("End")
        screen.expect_part("^q Ctrl-C +quit$")
        screen.tmux("resize-window", "-x", "80", "-y", "40")
        screen.expect_part("^Up Down k j")
        screen.type("Down", "NPage")
        screen.expect_part("^Up Down k j")

    def test_an_old_run_ends_behind_many_newer_ones(self):
        self.ws.define({"old": {"run": self.ws.gate("gate")}, "quick": {"run": "true"}})
        self.ws.ppctl("start", "old")
        with kit.Connection(self.ws) as peer:
            for _ in range(120):
                run = peer.call("open")["result"]["run"]
                peer.call("close", run=run)
        screen = self.top()
        screen.expect_part("^> all active runs: 1$")
        self.ws.open_gate("gate")
        screen.expect_part("^> all active runs: 0$")

    def test_a_log_in_the_pager(self):
        self.start_release()
        self.ws.write("pager", '#!/bin/sh\necho "this is a pager"; cat "$1"; read -r line; echo "$line" >typed\n', 0o755)
        screen = self.top(words=f"ping >/dev/null; cd {self.ws.dir}; PAGER=./pager ppctl top")
        screen.expect_part("^> compile +running")
        screen.type("Down", "Down")
        screen.expect_part("^> broken +failed")
        screen.type("Enter")
        screen.expect_part("^this is a pager$")
        screen.expect_part("^error: no such file$")
        self.assertEqual("0", screen.value("alternate_on"))
        screen.type("q", "u", "i", "t", "Enter")
        screen.expect_part("^> broken +failed")
        self.assertEqual("quit\n", self.ws.read("typed"))
        screen.type("Up", "l")
        screen.expect_part("^report has no log")
        screen.type("q")
        screen.expect_part("^exit 0$")

    def test_without_a_pager(self):
        self.start_release()
        screen = self.top(words=f"ping >/dev/null; PAGER=no-such-pager ppctl -C {self.ws.dir} top")
        screen.expect_part("^> compile +running")
        screen.type("l")
        screen.expect_part("^there is no such pager")

    def restored(self, keys, status):
        self.start_release()
        screen = self.top(words="top; echo after $?; stty -a", rows=40)
        screen.expect_part("^> compile +running")
        self.assertEqual(("1", "0"), (screen.value("alternate_on"), screen.value("cursor_flag")))
        keys(screen)
        screen.expect_part(f"^after {status}$")
        screen.expect_part(r"(?s) icanon .* echo ")
        kit.until(lambda: (screen.value("alternate_on"), screen.value("cursor_flag"),
                           screen.value("wrap_flag")) == ("0", "1", "1"), "the terminal is as before")
        self.assertNotIn("compile", screen.text())

    def test_q_leaves_the_terminal_as_it_was(self):
        self.restored(lambda screen: screen.type("q"), 0)

    def test_an_interrupt_leaves_the_terminal_as_it_was(self):
        self.restored(lambda screen: screen.type("C-c"), 130)

    def test_sigterm_leaves_the_terminal_as_it_was(self):
        self.restored(lambda screen: os.kill(screen.child(), signal.SIGTERM), 143)

    def test_sighup_leaves_the_terminal_as_it_was(self):
        self.restored(lambda screen: os.kill(screen.child(), signal.SIGHUP), 129)

    def test_stopped_and_continued(self):
        self.start_release()
        screen = self.screen("ping >/dev/null; exec bash --norc", kind=Top)
        screen.enter("PS1='$ '")
        screen.type(f"ppctl -C {self.ws.dir} top", "Enter")
        screen.expect_part("^> compile +running")
        screen.type("C-z")
        screen.expect_part("Stopped")
        self.assertEqual(("0", "1"), (screen.value("alternate_on"), screen.value("cursor_flag")))
        screen.type("bg", "Enter")
        screen.type("echo $((1 + 1)) in between", "Enter")
        screen.expect_part("^2 in between$")
        self.assertEqual("0", screen.value("alternate_on"))
        screen.type("fg", "Enter")
        screen.expect_part("^> compile +running")
        self.assertEqual("1", screen.value("alternate_on"))
        screen.type("q")
        screen.expect_part("^2 in between$")

    def test_a_terminal_that_takes_nothing_does_not_keep_it(self):
        self.ws.define({f"p{'x' * 60}{i}": {"run": "sleep 1000"} for i in range(60)})
        self.ws.ppctl("start", *(f"p{'x' * 60}{i}" for i in range(60)))
        child, fd, before = self.fork_top()
        fill(child)
        os.kill(child, signal.SIGTERM)
        self.assertEqual(128 + signal.SIGTERM, self.exit_status(child))
        self.assertEqual(before, termios.tcgetattr(fd))

    def fork_top(self):
        """ppctl top on a terminal of its own, as with ssh -t: its process, the other end, and the modes before."""
        fd, terminal = pty.openpty()
        os.close(terminal)
        before = termios.tcgetattr(fd)
        os.close(fd)
        child, fd = pty.fork()
        if child == 0:
            try:
                os.execve(kit.PPCTL, [str(kit.PPCTL), "-C", str(self.ws.dir), "top"], {**self.ws.env, "TERM": "xterm"})
            finally:
                os._exit(127)
        self.addCleanup(os.close, fd)
        self.read_until(fd, b"\033[?1049h")
        return child, fd, before

    def read_until(self, fd, wanted):
        out = b""
        while wanted not in out:
            self.assertTrue(select.select([fd], [], [], kit.PATIENCE_S)[0], f"{wanted} is not in {out}")
            out += os.read(fd, 1)  # and no further

    def exit_status(self, child):
        ended = kit.until(lambda: (lambda done: done if done[0] else None)(os.waitpid(child, os.WNOHANG)), "it ends")
        return os.waitstatus_to_exitcode(ended[1])

    def test_where_nobody_could_continue_it_it_does_not_stop(self):
        child, fd, before = self.fork_top()
        os.write(fd, b"\x1a")
        self.read_until(fd, b"\033[?1049l")
        self.read_until(fd, b"\033[?1049h")
        os.write(fd, b"q")
        self.read_until(fd, b"\033[?1049l")
        self.assertEqual(0, self.exit_status(child))
        self.assertEqual(before, termios.tcgetattr(fd))

    def test_a_pager_that_does_not_end_does_not_keep_the_terminal(self):
        self.start_release()
        self.ws.write("pager", "#!/bin/sh\ntrap '' TERM\nstty raw -echo\necho this is a pager\nexec sleep 1000\n", 0o755)
        screen = self.top(words=f"ping >/dev/null; cd {self.ws.dir}; PAGER=./pager ppctl top; echo after $?; stty -a",
                          rows=40)
        screen.expect_part("^> compile +running")
        screen.type("l")
        screen.expect_part("this is a pager")
        os.kill(screen.child(), signal.SIGTERM)
        screen.expect_part("after 143$")
        screen.expect_part(r"(?s) icanon .* echo ")
        kit.until(lambda: (screen.value("alternate_on"), screen.value("cursor_flag")) == ("0", "1"),
                  "the terminal is as before")

    def test_stopped_without_being_asked(self):
        self.start_release()
        screen = self.screen("ping >/dev/null; exec bash --norc", kind=Top, rows=40)
        screen.enter("PS1='$ '")
        screen.type(f"ppctl -C {self.ws.dir} top", "Enter")
        screen.expect_part("^> compile +running")
        os.kill(screen.child(), signal.SIGSTOP)
        screen.expect_part("Stopped")
        screen.type("clear; fg", "Enter")
        screen.expect_part("^> compile +running")
        screen.expect_part("^q quit")
        screen.type("q")
        kit.until(lambda: (screen.value("alternate_on"), screen.value("cursor_flag")) == ("0", "1"),
                  "the terminal is as before")
        screen.type("stty -a", "Enter")
        screen.expect_part(r"(?s) icanon .* echo ")

    def test_another_size(self):
        self.start_release()
        screen = self.top()
        for columns, rows in ((30, 24), (120, 40), (20, 5), (300, 100), (80, 24)):
            screen.tmux("resize-window", "-x", str(columns), "-y", str(rows))
            screen.expect_part("^> compile +running")
            # The last line is its hint, and there is one of each.
            kit.until(lambda rows=rows: len(screen.tmux("capture-pane", "-p").split("\n")) == rows + 1 and
                      screen.tmux("capture-pane", "-p").split("\n")[rows - 1].startswith("q quit") and
                      screen.text().count("q quit") == 1, f"it fills {columns}x{rows}")

    def test_the_daemon_restarts_under_it(self):
        self.start_release()
        screen = self.top()
        screen.expect_part("^> compile +running")
        os.kill(self.ws.pids()[0], signal.SIGKILL)
        screen.expect_part("^the daemon was away and is there again$")
        self.ws.open_gate("gate")
        screen.expect_part("^. 東京 +running")
        self.ws.ppctl("restart")
        self.ws.open_gate("other")
        screen.expect_part("^nothing runs")

    def test_a_daemon_that_knows_nothing_more(self):
        self.ws.ppctl("stop")
        self.ws.ppd("-d", "--no-state")
        self.ws.define({"long": {"run": "sleep 1000"}})
        self.ws.ppctl("start", "long")
        screen = self.top()
        screen.expect_part("^> long +running")
        os.kill(self.ws.pids()[0], signal.SIGKILL)
        screen.expect_part("^nothing runs$")
        self.assertNotIn("long", screen.text())

    def test_the_daemon_ends_under_it(self):
        screen = self.top()
        screen.expect_part("^nothing runs$")
        self.ws.ppctl("stop")
        screen.expect_part("^exit 3$")
        screen.expect_part("^ppctl: ")
        self.assertEqual(("0", "1"), (screen.value("alternate_on"), screen.value("cursor_flag")))

    def test_without_a_daemon(self):
        self.ws.ppctl("stop")
        screen = self.top()
        screen.expect_part("^exit 3$")
        self.assertFalse((self.ws.dir / ".parproc" / "ppd.sock").exists())

    def test_where_it_cannot_draw(self):
        screen = self.top(term="dumb")
        screen.expect_part("^exit 2$")
        screen.expect_part("ppctl status")
        self.assertIn("ppctl status", self.ws.ppctl("top", status=2).err)
        self.assertIn("events", self.ws.ppctl("--json", "top", status=2).err)

    def test_one_run_by_its_name(self):
        self.start_release()
        self.ws.define({"other": {"run": self.ws.gate("third")}})
        self.ws.ppctl("--run", "site", "start", "other")
        words = ("nosuch", "3", "0", "99999999999999999999", "02", "site")
        screen = self.top(120, words=f"; ppctl -C {self.ws.dir} ".join(f"--run {word} top; echo exit $?" for word in words))
        for _ in range(2):
            screen.expect_part("^> run 2 site  active  0/1")
            screen.expect_part("^> other +running")
            self.assertNotIn("compile", screen.text())
            screen.type("q")
        kit.until(lambda: screen.text().count("exit 2\n") == 4 and "exit 0" in screen.text(), "it says which are unknown")
        for word in words[:4]:
            screen.expect_part(f"there is no run {word};")
        self.ws.open_gate("third")

    def test_names_are_no_control_sequences(self):
        name = "a\u202eb"
        self.ws.define({name: {"run": "exit 1"}})
        self.ws.ppctl("run", name, status=1)
        screen = self.top()
        screen.expect_part("^  run 1  failed")
        screen.type("Tab", "Down")
        screen.expect_part(r"^> a\\u202eb +failed")

    def test_without_colors_there_are_marks(self):
        self.start_release()
        screen = self.top(words=f"ping >/dev/null; NO_COLOR=1 ppctl -C {self.ws.dir} top")
        screen.expect_part("^> compile +running")
        self.assertNotRegex(screen.tmux("capture-pane", "-p", "-e"), "\033\\[[0-9;]*3[0-7]m")


if __name__ == "__main__":
    kit.main()
