"""Terminals for tests: ppctl in tmux, whose screens are compared as text."""

import contextlib
import fcntl
import os
import re
import select
import shutil
import struct
import subprocess
import termios
import unittest
from pathlib import Path

import kit

SPINNERS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Screen:
    """A terminal of some size in which ppctl runs; what came after it says its exit status."""

    def __init__(self, ws, words, columns, rows, term=None, links=False):
        self.is_narrow = columns <= 40  # how much of the totals is there depends on the time's length
        self.socket = str(ws.dir / "tmux")
        variables = f"export PATH={ws.env['PATH']} {'TERM=' + term if term else ''} {'FORCE_HYPERLINK=1' if links else ''}"
        command = f"{variables}; trap : INT; ppctl -C {ws.dir} {words}; echo exit $?; exec sleep 1000"
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", "-c", command, config=True)

    def tmux(self, *words, config=False):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *(["-f", "/dev/null"] if config else []), *words],
                              env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/"},
                              capture_output=True, text=True, timeout=kit.PATIENCE_S, check=False)
        if done.returncode:
            raise AssertionError(f"tmux {words}: {done.stderr}")
        return done.stdout

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)

    def text(self):
        """The lines that are there, with times as T and what spins as *."""
        return self.mask(self.tmux("capture-pane", "-p").rstrip("\n") + "\n")

    def mask(self, screen):
        screen = re.sub(f"(?m)^[{SPINNERS}]", "*", screen)
        screen = re.sub(r"(?m)( · 1 running).*$", r"\1…", screen) if self.is_narrow else screen
        screen = re.sub(r" +[0-9]+\.[0-9]s", " T", screen)
        return re.sub(r"(?m)^[0-9]+\.[0-9]s", "T", screen)

    def history(self):
        """All lines, also those that have scrolled away; broken ones as one."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-").rstrip("\n") + "\n"

    def expect(self, wanted):
        """Waits until the screen is this text."""
        try:
            kit.until(lambda: self.text() == wanted, "the screen")
        except AssertionError:
            raise AssertionError(f"the screen is\n{self.text()}instead of\n{wanted}") from None

    def expect_part(self, pattern):
        try:
            kit.until(lambda: re.search(pattern, self.text(), re.M), pattern)
        except AssertionError:
            raise AssertionError(f"{pattern!r} is not in\n{self.text()}") from None

    def resize(self, columns, rows):
        """Gives it another size; returns when its programs can know."""
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))
        terminal = os.open(self.value("pane_tty"), os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)

        def get_size():
            return struct.unpack("4H", fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8)))[:2]

        try:
            kit.until(lambda: get_size() == (rows, columns), "the terminal has its size")
        finally:
            os.close(terminal)

    def value(self, name):
        """What tmux says about the terminal, as cursor_flag."""
        return self.tmux("display-message", "-p", f"#{{{name}}}").strip()

    def child(self):
        """The process that the terminal's shell waits for."""
        pid = self.value("pane_pid")
        return int(kit.until(lambda: Path(f"/proc/{pid}/task/{pid}/children").read_text().split(), "a child")[0])

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def enter(self, line):
        """Types a line until the shell has taken it: one that is just starting may drop what it gets."""
        def is_taken(line=line):
            self.type("C-u")
            self.tmux("send-keys", "-l", f"{line}; expr taken : taken")
            self.type("Enter")
            with contextlib.suppress(AssertionError):
                return kit.until(lambda: re.search("(?m)^5$", self.text()), "", 2)

        kit.until(is_taken, f"the shell takes {line}")
        self.type("C-l")
        kit.until(lambda: not re.search("(?m)^5$", self.text()), "the screen is clear")


def fill(child):
    """Writes to the terminal of that process, which nobody reads, until it takes no more."""
    kit.until(lambda: os.readlink(f"/proc/{child}/fd/1").startswith("/dev/pts/"), "it has its terminal")
    terminal = os.open(os.readlink(f"/proc/{child}/fd/1"), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)

    def is_full():
        try:
            os.write(terminal, b"x" * 1024)
        except BlockingIOError:
            return True
        return False

    # What it has taken may yet move on from one of its buffers to the next.
    kit.until(lambda: is_full() and not select.select([], [terminal], [], 0.1)[1], "the terminal takes no more")
    os.close(terminal)


@unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
class ScreenCase(kit.Case):
    """A test with a daemon, and with terminals that end with it."""

    def setUp(self):
        super().setUp()
        self.screens = []
        self.ws.define()
        self.ws.ppd("-d")

    def tearDown(self):
        for screen in self.screens:
            screen.end()
        super().tearDown()

    def screen(self, words, columns=80, rows=24, kind=Screen, **more):
        screen = kind(self.ws, words, columns, rows, **more)
        self.screens.append(screen)
        return screen

    def define_release(self, **more):
        """One of everything: what has ended in each way, what runs, and what waits for what."""
        gate, other = self.ws.gate("gate"), self.ws.gate("other")
        self.ws.define({
            "setup": {"run": "true"},
            "unneeded": {"run": "echo nothing to do >$PP_MESSAGE; exit 77", "deps": ["setup"]},
            "broken": {"run": "echo 'error: no such file'; exit 2", "deps": ["unneeded"]},
            "report": {"run": "true", "deps": ["broken"]},
            "compile": {"run": gate, "deps": [{"command": ["sh", "-c", "echo"]}, "setup"], "locks": ["cc"]},
            "東京": {"run": other, "deps": ["compile"]},
            "link": {"run": "true", "deps": ["setup", "compile"], "locks": ["cc"]},
            "test": {"run": "true", "deps": ["link", "東京"]},
        }, **more)
