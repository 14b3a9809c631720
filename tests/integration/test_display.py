"""The live display, as a terminal shows it: ppctl in tmux, whose screens are compared as text.

Times and what spins are masked. Procs are held at gates, so that a screen stays as it is.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios

import kit
from screens import Screen, ScreenCase, fill


# What runs and waits, and totals.
FRAME = r"([*·] .*\n)*T · .*\n"


class Display(ScreenCase):
    def until_held(self, screen):
        """Everything has come to where it stays."""
        self.ws.until_state("compile", "running")
        self.ws.until_state("report", "failed")
        screen.expect_part(r"2 failed · 1 running")

    def pass_frames(self, screen, n_frames):
        for _ in range(n_frames):
            shown = screen.tmux("capture-pane", "-p")
            kit.until(lambda shown=shown: screen.tmux("capture-pane", "-p") != shown, "the next frame")

    def test_at_120x40(self):
        self.define_release()
        screen = self.screen("run report test", 120, 40)
        self.until_held(screen)
        screen.expect("ok setup T\n"
                      "skip unneeded nothing to do\n"
                      "FAIL broken T exit 2\n"
                      "  error: no such file\n"
                      "FAIL report dep_failed: its dependency broken failed\n"
                      "* compile T\n"
                      "· test waits for link, 東京\n"
                      "· link waits for compile\n"
                      "· 東京 waits for compile\n"
                      "T · 2 failed · 1 running · 3 waiting · 1 ok · 1 skipped\n")
        self.ws.open_gate("gate")
        screen.expect_part(r"^\* 東京 T$")
        self.ws.open_gate("other")
        screen.expect("ok setup T\n"
                      "skip unneeded nothing to do\n"
                      "FAIL broken T exit 2\n"
                      "  error: no such file\n"
                      "FAIL report dep_failed: its dependency broken failed\n"
                      "ok compile T\n"
                      "ok link T\n"
                      "ok 東京 T\n"
                      "ok test T\n"
                      "exit 1\n")

    def test_at_80x24(self):
        self.define_release()
        screen = self.screen("run report test", 80, 24)
        self.until_held(screen)
        screen.expect("ok setup T\n"
                      "skip unneeded nothing to do\n"
                      "FAIL broken T exit 2\n"
                      "  error: no such file\n"
                      "FAIL report dep_failed: its dependency broken failed\n"
                      "* compile T\n"
                      "· test waits for link, 東京\n"
                      "· link waits for compile\n"
                      "· 東京 waits for compile\n"
                      "T · 2 failed · 1 running · 3 waiting · 1 ok · 1 skipped\n")
        self.ws.open_gate("gate")
        self.ws.open_gate("other")
        screen.expect_part("^exit 1$")
        self.assertNotIn("waits", screen.text())

    def test_links_take_no_room(self):
        name = "東京-" + "x" * 40
        self.ws.define({name: {"run": self.ws.gate("gate")}, "warned": {"run": "printf '\\033[33mwarning\\033[0m: x\\n'"}})
        screen = self.screen(f"run {name} warned", 60, 10, links=True)
        screen.expect("ok warned T\n"
                      "  warning: x\n"
                      f"* {name[:28]} T\n"
                      "T · 1 running · 1 ok\n")
        self.ws.open_gate("gate")
        screen.expect("ok warned T\n"
                      "  warning: x\n"
                      f"ok {name} T\n"
                      "exit 0\n")

    def test_at_40x10(self):
        self.define_release()
        screen = self.screen("run report test", 40, 10)
        self.until_held(screen)
        screen.expect("skip unneeded nothing to do\n"
                      "FAIL broken T exit 2\n"
                      "  error: no such file\n"
                      "FAIL report dep_failed: its dependency b\n"
                      "roken failed\n"
                      "* compile T\n"
                      "· test waits for link, 東京\n"
                      "· link waits for compile\n"
                      "· 東京 waits for compile\n"
                      "T · 2 failed · 1 running…\n")
        self.ws.open_gate("gate")
        self.ws.open_gate("other")
        screen.expect_part("^exit 1$")
        self.assertNotIn("waits", screen.text())

    def test_more_than_fit_are_counted(self):
        self.ws.define({f"p{i}": {"run": self.ws.gate(f"gate{i}")} for i in range(9)})
        screen = self.screen("run p0 p1 p2 p3 p4 p5 p6 p7 p8", 80, 6)
        screen.expect("* p0 T\n* p1 T\n* p2 T\n… 6 more running\nT · 9 running\n")
        for i in range(9):
            self.ws.open_gate(f"gate{i}")
        screen.expect_part("^exit 0$")

    def test_another_size_leaves_nothing_behind(self):
        self.define_release()
        screen = self.screen("run report test", 80, 24)
        self.until_held(screen)
        for columns, rows in ((30, 24), (120, 40), (20, 8), (80, 24)):
            screen.tmux("resize-window", "-x", str(columns), "-y", str(rows))
            screen.expect_part(r"^T · 2 failed")
            kit.until(lambda: screen.text().count("failed ·") <= 1 and screen.text().count("* compile") == 1,
                      "one frame is there")
        self.ws.open_gate("gate")
        self.ws.open_gate("other")
        screen.expect_part("^exit 1$")
        self.assertNotRegex(screen.text(), r"waits|running|^\*")

    def is_one_frame(self, screen):
        def is_clean():
            text = screen.history()
            return [text.count(part) for part in ("ok first", " 東", " xx", " running")] == [1, 1, 1, 1]

        try:
            return kit.until(is_clean, "", 3)
        except AssertionError:
            return False

    def there_and_back(self, columns):
        names = ["東" * 18, "x" * 36]
        self.ws.define({"first": {"run": "true"}, **{name: {"run": self.ws.gate(f"gate{i}"), "deps": ["first"]}
                                                     for i, name in enumerate(names)}})
        # In the midst of the screen: tmux moves the lines up, and what leaves the screen stays.
        screen = self.screen(f"ping >/dev/null; while printf '\\033[H\\033[2J'; seq 12; do "
                             f"ppctl -C {self.ws.dir} run {' '.join(names)}; done")
        for _ in range(5):  # a frame that was on its way when the size changed is broken otherwise
            screen.expect_part(r"(?s)\A1\n2\n.*2 running · 1 ok")
            screen.tmux("clear-history")
            is_clean = True
            for width in (columns, 80):
                screen.resize(width, 24)
                is_clean = self.is_one_frame(screen) and is_clean
            shown = screen.history()
            if is_clean:
                return
            screen.type("C-c")
        self.fail(f"it is\n{shown}")

    def test_lines_that_the_terminal_breaks_anew_are_cleared(self):
        self.there_and_back(41)

    def test_lines_that_the_terminal_breaks_twice_are_cleared(self):
        self.there_and_back(25)

    def test_a_terminal_that_leaves_its_rows_alone_loses_no_line(self):
        name = "x" * 36
        self.ws.define({name: {"run": self.ws.gate("gate")}})
        child, fd = pty.fork()
        if child == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
            env = {**self.ws.env, "TERM": "xterm", "XTERM_VERSION": "XTerm(379)", "NO_COLOR": "1"}
            os.execve(kit.PPCTL, [str(kit.PPCTL), "-C", str(self.ws.dir), "run", name],
                      {key: env[key] for key in env if key not in ("TMUX", "STY")})
        shown = ""

        def read(pattern):
            nonlocal shown
            if select.select([fd], [], [], 0.1)[0]:
                shown += os.read(fd, 65536).decode(errors="replace")
            return re.search(pattern, shown)

        kit.until(lambda: read("x{36}"), "a frame")
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", 24, 20, 0, 0))
        kit.until(lambda: read(r"\x1b\[\?7l\S+ x{2,9}[^x]"), "a frame of 20 columns")
        self.assertEqual({"1"}, set(re.findall(r"\x1b\[([0-9]+)A", shown)), "a frame is two rows")
        self.ws.open_gate("gate")
        kit.until(lambda: read("ok x{36}"), "it ends")
        os.waitpid(child, 0)
        os.close(fd)

    def type_ahead(self, screen, *lines):
        """Types lines that nobody reads yet; returns when the terminal has them all."""
        terminal = os.open(screen.value("pane_tty"), os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        for line in lines:
            screen.type(*([line] if line else []), "Enter")

        def count_unread():
            return struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))[0]

        try:
            kit.until(lambda: count_unread() == sum(len(line) + 1 for line in lines), "the terminal has it")
        finally:
            os.close(terminal)

    def test_keys_leave_nothing_behind(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}})
        screen = self.screen("run long")
        screen.expect("* long T\nT · 1 running\n")
        self.type_ahead(screen, "", "", "typed", "")
        screen.expect("* long T\nT · 1 running\n")
        self.ws.open_gate("gate")
        screen.expect("ok long T\nexit 0\n")

    def test_what_is_typed_meanwhile_is_for_the_shell(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}})
        screen = self.screen("run long; read line; echo got $line")
        screen.expect("* long T\nT · 1 running\n")
        self.type_ahead(screen, "typed")
        self.ws.open_gate("gate")
        screen.expect("ok long T\ngot typed\nexit 0\n")

    def start_at_terminal(self, *words):
        """A client at a terminal of its own: its process, and whether keys are echoed there."""
        child, fd = pty.fork()
        if child == 0:
            os.execve(kit.PPCTL, [str(kit.PPCTL), "-C", str(self.ws.dir), *words], {**self.ws.env, "TERM": "xterm"})

        def has_echo():
            if select.select([fd], [], [], 0)[0]:
                with contextlib.suppress(OSError):  # where it has ended
                    os.read(fd, 65536)
            return bool(termios.tcgetattr(fd)[3] & termios.ECHO)

        self.addCleanup(os.close, fd)
        return child, has_echo

    def test_it_gives_the_echo_back_whenever_it_goes(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}})
        child, has_echo = self.start_at_terminal("run", "long")
        kit.until(lambda: not has_echo(), "no echo")
        os.kill(child, signal.SIGTSTP)
        kit.until(lambda: os.waitpid(child, os.WUNTRACED | os.WNOHANG)[0] == child, "it is stopped")
        self.assertTrue(has_echo())
        os.kill(child, signal.SIGCONT)
        kit.until(lambda: not has_echo(), "no echo again")
        os.kill(child, signal.SIGSTOP)
        kit.until(lambda: os.waitpid(child, os.WUNTRACED | os.WNOHANG)[0] == child, "it is stopped unasked")
        os.kill(child, signal.SIGCONT)
        self.ws.open_gate("gate")
        kit.until(lambda: has_echo() and os.waitpid(child, os.WNOHANG)[0] == child, "it ends")
        self.assertTrue(has_echo())

    def end_by(self, number):
        self.ws.define({"long": {"run": "sleep 1000"}})
        child, has_echo = self.start_at_terminal("run", "long")
        kit.until(lambda: not has_echo(), "no echo")
        os.kill(child, number)
        kit.until(lambda: has_echo() and os.waitpid(child, os.WNOHANG)[0] == child, "it ends")
        self.assertTrue(has_echo())

    def test_ended_by_a_signal_it_gives_the_echo_back(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(number):
                self.end_by(number)

    def run_long_in_a_shell(self):
        """In its foreground, with job control; the gate is closed."""
        self.ws.define({"long": {"run": self.ws.gate("gate")}})
        screen = Screen(self.ws, "ping >/dev/null; exec bash --norc", 80, 24)
        self.screens.append(screen)
        screen.enter("PS1='$ '")
        screen.type(f"ppctl -C {self.ws.dir} run long", "Enter")
        screen.expect_part(r"^\* long T$")
        return screen

    def test_what_is_in_the_background_leaves_the_echo_alone(self):
        screen = self.run_long_in_a_shell()
        os.kill(screen.child(), signal.SIGSTOP)
        screen.expect_part("Stopped")
        screen.type("bg", "Enter")
        screen.type("cat", "Enter")
        screen.type("seen twice", "Enter")
        screen.expect_part(r"^seen twice\nseen twice$")
        self.ws.open_gate("gate")
        screen.expect_part(r"^ok long T$")
        screen.type("so too", "Enter")
        screen.expect_part(r"^so too\nso too$")

    def test_an_interrupt_leaves_the_lines_only(self):
        gate = self.ws.gate("gate")
        self.ws.define({"long": {"run": gate}})
        screen = self.screen("run long")
        screen.expect("* long T\nT · 1 running\n")
        screen.type("C-c")
        screen.expect_part("^exit 130$")
        shown = screen.text().replace("^C", "")  # which the terminal echoes
        self.assertEqual("ppctl: Interrupt: canceling the run; once more to kill it\n"
                         "FAIL long T canceled with its run\n"
                         "exit 130\n", shown)

    def test_ended_by_a_signal_it_leaves_the_terminal_as_it_was(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}})
        screen = self.screen("run long; stty -a")
        screen.expect("* long T\nT · 1 running\n")
        os.kill(screen.child(), signal.SIGTERM)
        screen.expect_part("^FAIL long T canceled with its run$")
        screen.expect_part(r"(?s)icanon.* echo ")
        self.assertEqual("1", screen.value("cursor_flag"))
        self.assertEqual("1", screen.value("wrap_flag"))
        self.assertNotRegex(screen.text(), r"running|^\*")

    def test_stopped_and_continued_it_is_drawn_anew(self):
        gate = self.ws.gate("gate")
        self.ws.define({"long": {"run": gate}})
        screen = Screen(self.ws, "ping >/dev/null; exec bash --norc", 80, 24)
        self.screens.append(screen)
        screen.enter("PS1='$ '")
        screen.type(f"ppctl -C {self.ws.dir} run long", "Enter")
        screen.expect_part(r"^\* long T$")
        screen.type("C-z")
        screen.expect_part(r"Stopped")
        self.assertNotIn("1 running", screen.text())
        screen.type("bg", "Enter")
        screen.type("echo $((1 + 1)) in between", "Enter")
        screen.expect_part(r"^2 in between$")
        self.assertNotIn("1 running", screen.text(), "in the background")
        screen.type("fg", "Enter")
        screen.expect_part(r"^T · 1 running$")
        screen.expect_part(r"^2 in between$")
        self.ws.open_gate("gate")
        screen.expect_part(r"^ok long T$")

    def test_continued_it_leaves_nothing_behind(self):
        screen = self.run_long_in_a_shell()
        for _ in range(3):
            screen.type("C-z")
            screen.expect_part(r"Stopped(.*\n)*\$ *$")
            screen.type("sleep 0.2; clear", "Enter")  # a frame is due then
            screen.expect_part(r"\A\$\n\Z")
            screen.type("fg", "Enter")
            screen.expect_part(r"^\* long T\nT · 1 running$")
        self.ws.open_gate("gate")
        screen.expect_part(r"^ok long T$")
        self.assertNotIn("running", screen.text())

    def test_a_question_is_below_what_runs(self):
        gate = self.ws.gate("gate")
        self.ws.define({"ask": {"run": "test \"$(ppctl input 'name?')\" = world"}, "long": {"run": gate},
                        "next": {"run": "true", "deps": ["ask"]}})
        screen = self.screen("run ask long next")
        screen.expect("* ask T\n* long T\n· next waits for ask\nT · 2 running · 1 waiting\nask ask name?\n")
        screen.type("wor")
        screen.expect_part(r"^ask ask name\? wor$")
        for _ in range(3):  # it is drawn on, and leaves what was typed and the cursor alone
            self.pass_frames(screen, 1)
            self.assertEqual(("17", "4"), (screen.value("cursor_x"), screen.value("cursor_y")))
        screen.type("ld")
        screen.expect("* ask T\n* long T\n· next waits for ask\nT · 2 running · 1 waiting\nask ask name? world\n")
        screen.type("Enter")
        screen.expect("ask ask name? world\nok ask T\nok next T\n* long T\nT · 1 running · 2 ok\n")
        self.ws.open_gate("gate")
        screen.expect("ask ask name? world\nok ask T\nok next T\nok long T\nexit 0\n")

    def test_a_question_has_its_rows_in_a_short_terminal(self):
        names = ["one", "two", "three"]
        self.ask(*names)
        screen = self.screen(f"run {' '.join(names)} ask", 40, 5)
        screen.expect("* one T\n… 3 more running\nT · 4 running\nask ask name?\n")
        for rows, wanted in ((3, r"\AT · 4 running\nask ask name\?\n\Z"), (2, r"\AT · 4 running\nask ask name\?\n\Z"),
                             (1, r"\Aask ask name\?\n\Z")):
            screen.resize(40, rows)
            screen.expect_part(wanted)
        screen.resize(40, 3)
        screen.expect_part(r"T · 4 running\nask ask name\?\n\Z")
        screen.type("0123456789" * 4)
        screen.expect_part(r"^T · 4 running\nask ask name\? 01234567890123456789012345\n67890123456789\n\Z")
        screen.type("Enter")
        screen.expect_part(r"^T · 3 running · 1 ok$")
        self.assertEqual("0123456789" * 4, self.ws.read("got"))
        for name in names:
            self.ws.open_gate(f"gate-{name}")

    def test_an_answer_that_fills_the_terminal_scrolls_up_once(self):
        self.ws.define({"ask": {"run": "printf %s \"$(ppctl input 'name?')\" >got"}, "one": {"run": self.ws.gate("gate-one")},
                        "pause": {"run": "sleep 1"}})  # ten frames
        screen = self.screen("run ask one", 40, 5)
        screen.expect_part(r"^ask ask name\?$")
        screen.type("0123456789" * 30)
        screen.expect_part(r"\A[0-9]{40}\n[0-9]{40}\n[0-9]{40}\n[0-9]{40}\n[0-9]{34}\n\Z")
        self.ws.ppctl("run", "pause")
        self.end("one")
        screen.expect_part(r"\A[0-9]{40}\n[0-9]{40}\n[0-9]{40}\n[0-9]{40}\n[0-9]{34}\n\Z")
        screen.type("Enter")
        screen.expect_part("^exit 0$")
        # With what was typed, above the line that came meanwhile, and in the end.
        self.assertLessEqual(screen.history().count("ask ask name? 0"), 3)

    def test_a_question_in_the_live_display_does_not_keep_signals_away(self):
        self.ask("one")
        child, fd = pty.fork()
        if child == 0:
            os.execve(kit.PPCTL, [str(kit.PPCTL), "-C", str(self.ws.dir), "run", "ask", "one"],
                      {**self.ws.env, "TERM": "xterm"})
        try:
            kit.until(lambda: b"name?" in os.read(fd, 65536), "it asks")
            fill(child)
            os.kill(child, signal.SIGTERM)
            kit.until(lambda: self.ws.states("one")["one"] == "failed", "the run is canceled")
        finally:
            os.close(fd)
            os.waitpid(child, 0)

    def ask(self, *others, secret=False):
        """What asks, and procs that end at the gates of their names."""
        option = "--secret " if secret else ""
        self.ws.define({"ask": {"run": f"printf %s \"$(ppctl input {option}'name?')\" >got"},
                        **{name: {"run": self.ws.gate(f"gate-{name}")} for name in others}})

    def end(self, name):
        self.ws.open_gate(f"gate-{name}")
        self.ws.until_state(name, "succeeded")

    def above(self, words, frame):
        """What ends while somebody types is above the question, and what was typed is there."""
        self.ask("one", "two", "three")
        screen = self.screen(f"{words} ask one two three")
        screen.expect_part(r"^ask ask name\?$")
        self.end("one")
        screen.expect_part(rf"^ok one T\n{frame}ask ask name\?\n\Z")
        screen.type("Ann", "Space", "B東")
        screen.expect_part(rf"^ok one T\n{frame}ask ask name\? Ann B東\n\Z")
        self.end("two")
        screen.expect_part(rf"^ok one T\nok two T\n{frame}ask ask name\? Ann B東\n\Z")
        screen.type("BSpace", "BSpace", "C")
        screen.expect_part(rf"^ok two T\n{frame}ask ask name\? Ann C\n\Z")
        screen.type("Enter")
        screen.expect_part(r"^ok two T\nask ask name\? Ann C\nok ask T\n")
        self.assertEqual("Ann C", self.ws.read("got"))
        self.end("three")
        screen.expect_part(r"^ok ask T\nok three T\nexit 0\n\Z")

    def test_lines_come_above_a_question(self):
        self.above("run", FRAME)

    def test_plain_lines_come_above_a_question_too(self):
        self.above("run --plain", "")

    def test_a_secret_is_not_shown_when_lines_come_above_it(self):
        self.ask("one", secret=True)
        screen = self.screen("run ask one; stty -a")
        screen.expect_part(r"^ask ask name\?$")
        screen.type("hunter2")
        self.end("one")
        screen.expect_part(rf"^ok one T\n{FRAME}ask ask name\?\n\Z")
        screen.type("Enter")
        screen.expect_part(r"^ok one T\nask ask name\?\nok ask T\n")
        screen.expect_part(r"(?s) icanon .* echo ")
        self.assertEqual("hunter2", self.ws.read("got"))
        self.assertNotIn("hunter", screen.history())

    def test_an_interrupt_at_a_question_leaves_the_terminal_as_it_was(self):
        self.ask("one")
        screen = self.screen("run ask one; echo after $?; stty -a")
        screen.expect_part(r"^ask ask name\?$")
        screen.type("half")
        screen.expect_part(r"^ask ask name\? half$")
        screen.type("C-c")
        screen.expect_part(r"^ask ask name\? half\nppctl: Interrupt: canceling the run; once more to kill it$")
        screen.expect_part(r"^after 130$")
        screen.expect_part(r"(?s) icanon .* echo ")
        self.assertEqual("1", screen.value("cursor_flag"))

    def is_shown(self, screen, pattern):
        try:
            return kit.until(lambda: re.search(pattern, screen.mask(screen.history()), re.M), "", 3)
        except AssertionError:
            return False

    def test_a_question_fits_another_size(self):
        self.ws.define({"first": {"run": "true"}, "ask": {"run": "printf %s \"$(ppctl input 'name?')\" >got", "deps": ["first"]},
                        "two": {"run": self.ws.gate("gate-two"), "deps": ["first"]}})
        screen = self.screen(f"ping >/dev/null; while printf '\\033[H\\033[2J'; seq 12; do "
                             f"ppctl -C {self.ws.dir} run ask two && break; done")
        typed = "0123456789" * 4 + "東" * 10
        wanted = rf"\A1\n2\n(.*\n)*12\nok first T\n{FRAME}ask ask name\? {typed}\n\Z"
        for _ in range(5):  # a frame that was on its way when the size changed is broken otherwise
            screen.expect_part(r"^ok first T\n(.*\n)*ask ask name\?\n\Z")
            screen.tmux("clear-history")
            screen.type(typed)
            is_clean = True
            for columns in (31, 24, 80):
                screen.resize(columns, 24)
                self.pass_frames(screen, 4)  # tmux tells of another size a quarter of a second later
                is_clean = self.is_shown(screen, wanted) and is_clean
            shown = screen.history()
            if is_clean:
                break
            screen.type("C-c")
        self.assertTrue(is_clean, shown)
        self.end("two")
        screen.type("x", "Enter")
        screen.expect_part(r"^ok two T\nask ask name\? 0123456789")
        screen.expect_part("^exit 0$")
        self.assertEqual(typed + "x", self.ws.read("got"))

    def test_questions_come_in_turn(self):
        self.ws.define({"one": {"run": "ppctl input first?"}, "two": {"run": "ppctl input --secret second?", "deps": ["gone"]},
                        "gone": {"run": self.ws.gate("gate-gone")}})
        screen = self.screen("run one two")
        screen.expect_part(r"^ask one first\?$")
        screen.type("a")
        self.end("gone")
        kit.until(lambda: self.ws.ppctl("--json", "status", "two").views()["two"]["waits"] == "waits for input: second?",
                  "both ask")
        screen.expect_part(r"^ok gone T\n\* one T\n\* two T\nT · 1 more question · 2 running · 1 ok\nask one first\? a\n\Z")
        screen.type("b", "Enter")
        screen.expect_part(r"^ask one first\? ab\n(.*\n)*ask two second\?\n\Z")
        screen.type("c", "Enter")
        screen.expect_part("^exit 0$")

    def test_a_question_that_goes_away_leaves_its_line(self):
        self.ask("one")
        screen = self.screen("run ask one")
        screen.expect_part(r"^ask ask name\?$")
        screen.type("half")
        screen.expect_part(r"^ask ask name\? half$")
        self.ws.ppctl("cancel", "ask")
        screen.expect_part(r"^ask ask name\? half\nask ask is not asked any more\nFAIL ask T canceled")
        screen.expect_part(r"^\* one T\nT · 1 failed · 1 running\n\Z")
        self.end("one")
        screen.expect_part("^exit 1$")

    def test_stopped_at_a_question_it_is_put_again(self):
        self.ask("one")
        screen = Screen(self.ws, "ping >/dev/null; exec bash --norc", 80, 24)
        self.screens.append(screen)
        screen.enter("PS1='$ '")
        screen.type(f"ppctl -C {self.ws.dir} run ask one", "Enter")
        screen.expect_part(r"^ask ask name\?$")
        screen.type("half", "C-z")
        screen.expect_part("Stopped")
        screen.type("echo $((1 + 1)) in between", "Enter")
        screen.expect_part(r"^2 in between$")
        screen.type("fg", "Enter")
        screen.expect_part(r"^ask ask name\?\n\Z")
        self.end("one")
        screen.type("Ann", "Enter")
        screen.expect_part(r"^ok one T\nask ask name\? Ann\nok ask T\n")

    def fall_behind(self, words):
        """Holds a client back while more happens in its run than it may have unread."""
        names = [f"c::{'x' * 900}{n}" for n in range(700)]
        self.ws.define({"first": {"run": self.ws.gate("gate-first")}, "last": {"run": self.ws.gate("gate-last")}},
                       {"c::[n]": {"deps": ["first"]}})
        with kit.Connection(self.ws) as peer:
            run = peer.call("start", names=["first", "last", *names])["result"]["run"]
            self.ws.until_state("last", "running")
            screen = self.screen(words.format(run=run))
            screen.expect_part("^T · 2 running · 700 waiting$")
            os.kill(screen.child(), signal.SIGSTOP)
            self.ws.open_gate("gate-first")
            kit.until(lambda: peer.call("runs")["result"]["runs"][0]["complete"] == 701, "all have ended but the last")
            os.kill(screen.child(), signal.SIGCONT)
        return screen

    def test_who_fell_behind_sees_what_there_is(self):
        screen = self.fall_behind("--run {run} wait")
        screen.expect_part(r"^\* last T\nT · 1 running · 701 ok\n\Z")
        self.end("last")
        screen.expect_part(r"^ok last T\nexit 0\n\Z")

    def test_who_fell_behind_in_all_runs_sees_what_there_is(self):
        screen = self.fall_behind("wait")
        screen.expect_part(r"^\* last T\nT · 1 running · [0-9]+ ok\n\Z")
        self.assertNotIn("ok last", screen.history())
        self.end("last")
        screen.expect_part(r"^ok last T\nexit 0\n\Z")

    def test_who_fell_behind_is_not_told_of_what_was_before(self):
        self.ws.define({"before": {"run": "true"}})
        self.ws.ppctl("run", "before")
        screen = self.fall_behind("wait")
        screen.expect_part(r"^\* last T\nT · 1 running · [0-9]+ ok\n\Z")
        self.assertNotIn("ok before", screen.history())
        self.end("last")

    def test_more_than_a_page_of_what_waits(self):
        self.ws.define({"first": {"run": self.ws.gate("gate-first")}}, {"c::[n]": {"deps": ["first"]}})
        with kit.Connection(self.ws) as peer:
            peer.call("start", names=["first", *(f"c::{n}" for n in range(1500))])
        screen = self.screen("wait")
        screen.expect_part("^T · 1 running · 1500 waiting$")
        self.end("first")
        screen.expect_part("^exit 0$")

    def test_what_ran_before_has_a_bar(self):
        gate = self.ws.gate("gate")
        self.ws.define({"known": {"run": f"test -e fast || {gate}"}})
        self.ws.write("fast", "")
        self.ws.ppctl("run", "known")
        (self.ws.dir / "fast").unlink()
        kit.until(lambda: self.ws.ppctl("call", "durations", '{"names": ["known"]}').json["durations"], "it is stored")
        screen = self.screen("run known")
        screen.expect_part(r"^\* known T  ━{19}─$")
        screen.expect_part(r"^T, ~0s left · 1 running$")
        self.ws.open_gate("gate")
        screen.expect_part("^exit 0$")

    def test_wait_has_it_too(self):
        gate = self.ws.gate("gate")
        self.ws.define({"long": {"run": gate}})
        run = self.ws.ppctl("start", "long").out.strip()
        screen = self.screen(f"--run {run} wait")
        screen.expect("* long T\nT · 1 running\n")
        self.ws.open_gate("gate")
        screen.expect("ok long T\nexit 0\n")

    def plain(self, screen):
        screen.expect_part("^start long$")
        self.ws.open_gate("gate")
        screen.expect("start long\nok long T\nexit 0\n")

    def test_plain_it_is_lines(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}})
        self.plain(self.screen("run --plain long"))

    def test_the_workspace_may_want_it_never(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}}, options={"dynamic": "never"})
        self.plain(self.screen("run long"))

    def test_a_dumb_terminal_has_lines(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}})
        self.plain(self.screen("run long", term="dumb"))

    def test_the_workspace_may_want_it_always(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}}, options={"dynamic": "always"})
        child = self.ws.start(kit.PPCTL, "run", "long")
        out = ""
        while "1 running" not in out:
            out += os.read(child.stdout.fileno(), 65536).decode()
        self.ws.open_gate("gate")
        out += self.ws.finish(child).out
        self.assertIn("\033[J", out)
        self.assertRegex(out, r"ok long [0-9.]+s")

    def test_what_a_run_has_joined_is_shown(self):
        self.ws.define({"long": {"run": self.ws.gate("gate-long")}, "next": {"run": "true", "deps": ["long"]}})
        self.ws.ppctl("start", "next")
        self.ws.until_state("long", "running")
        screen = self.screen("run next")
        screen.expect_part(r"^\* long T\n· next waits for long\nT · 1 running · 1 waiting\n\Z")
        self.end("long")
        screen.expect("ok long T\nok next T\nexit 0\n")

    def test_two_watch_one_run(self):
        self.ws.define({"long": {"run": self.ws.gate("gate-long")}, "short": {"run": self.ws.gate("gate-short")}})
        screen = self.screen("run long short")
        screen.expect_part(r"^\* long T\n\* short T\nT · 2 running\n\Z")
        screen.tmux("split-window", "-v", "sh", "-c", f"{kit.PPCTL} -C {self.ws.dir} run short long; exec sleep 1000")
        screen.expect_part(r"^\* .* T\n\* .* T\nT · 2 running\n\Z")
        self.end("short")
        screen.expect_part(r"^ok short T\n\* long T\nT · 1 running · 1 ok\n\Z")
        screen.tmux("select-pane", "-t", "0")
        screen.expect_part(r"^ok short T\n\* long T\nT · 1 running · 1 ok\n\Z")
        self.end("long")
        screen.expect_part(r"^ok long T\nexit 0\n\Z")

    def test_what_is_idle_does_not_wait(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}, "idle": {"run": "true"}})
        self.ws.ppctl("start", "long")
        self.ws.until_state("long", "running")
        screen = self.screen("wait")
        screen.expect("* long T\nT · 1 running\n")
        self.ws.open_gate("gate")
        screen.expect_part("^exit 0$")

    def test_lines_of_any_width_leave_nothing_behind(self):
        self.ws.define({"❌" * 30: {"run": self.ws.gate("gate")}})
        screen = self.screen(f"run {'❌' * 30}", 40, 12)
        screen.expect_part("1 running")
        self.ws.open_gate("gate")
        screen.expect_part("^exit 0$")
        self.assertNotRegex(screen.text(), r"running|^\*")

    def test_a_frame_at_the_top_is_no_history(self):
        self.ws.define({"long": {"run": self.ws.gate("gate")}})
        screen = self.screen("run long")
        screen.expect("* long T\nT · 1 running\n")
        self.pass_frames(screen, 5)
        self.assertEqual("0", screen.tmux("display-message", "-p", "#{history_size}").strip())
        self.ws.open_gate("gate")
        screen.expect_part("^exit 0$")

    def test_a_terminal_that_is_stopped_does_not_keep_signals_away(self):
        names = [f"p{'x' * 60}{i}" for i in range(15)]
        self.ws.define({name: {"run": "sleep 1000"} for name in names})
        child, fd = pty.fork()
        if child == 0:
            os.execve(kit.PPCTL, [str(kit.PPCTL), "-C", str(self.ws.dir), "run", *names],
                      {**self.ws.env, "TERM": "xterm", "COLUMNS": "200"})
        try:
            self.ws.until_state(names[-1], "running")
            fill(child)
            os.kill(child, signal.SIGTERM)
            kit.until(lambda: self.ws.states(names[0])[names[0]] == "failed", "the run is canceled")
        finally:
            os.close(fd)  # which ends it, if nothing else has
            os.waitpid(child, 0)

    def test_a_terminal_that_is_stopped_can_be_left(self):
        names = [f"p{'x' * 60}{i}" for i in range(15)]
        self.ws.define({name: {"run": "trap '' TERM; sleep 1000"} for name in names})
        child, fd = pty.fork()
        if child == 0:
            os.execve(kit.PPCTL, [str(kit.PPCTL), "-C", str(self.ws.dir), "run", *names],
                      {**self.ws.env, "TERM": "xterm", "COLUMNS": "200"})
        self.addCleanup(os.close, fd)
        self.ws.until_state(names[-1], "running")
        fill(child)

        def ends():
            os.kill(child, signal.SIGTERM)
            return os.waitpid(child, os.WNOHANG)[0] == child

        def is_gone():
            try:
                kit.until(ends, "", 0.5)
            except AssertionError:
                return False
            return True

        kit.until(is_gone, "it ends")


if __name__ == "__main__":
    kit.main()
