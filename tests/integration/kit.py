"""What the integration tests share: a private workspace, the real ppd and ppctl, and deadlines.

A test file is a unittest program whose cases derive from kit.Case. Nothing here sleeps for the sake
of an order of events: procs are held at gates (named pipes), and conditions are polled for with
a deadline. A failure prints the daemon's log.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

BUILD = Path(os.environ.get("top_builddir", ".")).resolve()
SOURCE = Path(os.environ.get("top_srcdir", Path(__file__).parents[2])).resolve()
PPD = BUILD / "ppd"
PPCTL = BUILD / "ppctl"

# Whether this build can be told to die (configure --enable-faults).
HAS_FAULTS = "define PP_FAULTS 1" in (BUILD / "config.h").read_text()

# Everything is given this long; a sanitized build on a busy machine is slow.
PATIENCE_S = float(os.environ.get("PARPROC_TEST_PATIENCE", "60"))


def until(condition, what, patience_s=PATIENCE_S):
    """Polls condition until it is true, and returns what it said; AssertionError at the deadline."""
    deadline = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience_s} s: {what}")
        time.sleep(0.01)


def is_alive(pid):
    """Whether a process of that number runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Done:
    """What a command left: its status and what it printed."""

    def __init__(self, words, status, out, err):
        self.words, self.status, self.out, self.err = words, status, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def views(self):
        """The proc views of a --json document, by name."""
        return {view["name"]: view for view in self.json["procs"]}

    def __str__(self):
        return f"{' '.join(map(str, self.words))}: {self.status}\n{self.out}{self.err}"


class Workspace:
    """A directory with a workspace file, and the commands to use it."""

    def __init__(self, root, name="ws"):
        self.dir = Path(root) / name
        self.dir.mkdir(parents=True)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("PP_")}
        self.env["PATH"] = f"{BUILD}:{self.env['PATH']}"
        self.children = []

    # --- files ---

    def define(self, procs=None, protos=None, **more):
        """Writes the workspace file (as JSON, which is YAML)."""
        self.write("parproc.yaml", json.dumps({"procs": procs or {}, "protos": protos or {}, **more}))

    def write(self, name, text, mode=0o644):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_text(text)
        new.chmod(mode)
        new.rename(path)

    def read(self, name):
        return (self.dir / name).read_text()

    # --- gates: a proc that runs `read -r x <gate` waits there until it is opened ---

    def gate(self, name):
        os.mkfifo(self.dir / name)
        return f"read -r opened <{name}"

    def open_gate(self, name):
        """Lets whoever waits at the gate go on; waits for it to come there."""
        path = self.dir / name

        def try_open():
            with contextlib.suppress(OSError):
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC) + 1
            return 0

        fd = until(try_open, f"somebody waits at the gate {name}") - 1
        os.write(fd, b"go\n")
        os.close(fd)

    # --- commands ---

    def start(self, program, *words, env=None, **popen):
        """Starts a command in the background; kept for the end of the test."""
        child = subprocess.Popen(
            [program, "-C", self.dir, *words], env={**self.env, **(env or {})}, text=True,
            stdin=popen.pop("stdin", subprocess.DEVNULL), stdout=popen.pop("stdout", subprocess.PIPE),
            stderr=popen.pop("stderr", subprocess.PIPE), **popen)
        self.children.append(child)
        return child

    def finish(self, child):
        try:
            out, err = child.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not ended within {PATIENCE_S} s: {child.args}") from None
        return Done(child.args, child.returncode, out, err)

    def run(self, program, *words, status=0, stdin=None, env=None):
        """Runs a command to its end; its exit status has to be this one (None: any)."""
        child = self.start(program, *words, env=env,
                           stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        try:
            out, err = child.communicate(stdin, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not ended within {PATIENCE_S} s: {child.args}") from None
        done = Done(child.args, child.returncode, out, err)
        if status is not None and done.status != status:
            raise AssertionError(f"exit status {done.status} instead of {status}: {done}")
        return done

    def ppd(self, *words, **more):
        return self.run(PPD, *words, **more)

    def ppctl(self, *words, **more):
        return self.run(PPCTL, *words, **more)

    def states(self, *names):
        views = self.ppctl("--json", "status", *names).views()
        return {name: view["state"] for name, view in views.items()}

    def until_state(self, name, state):
        until(lambda: self.states(name).get(name) == state, f"{name} is {state}")

    # --- the daemon ---

    def pids(self):
        """Of the daemon's two processes: scheduler, supervisor."""
        hello = self.ppctl("call", "hello", "{}").json
        return hello["pid"], hello["supervisor_pid"]

    def log(self):
        path = self.dir / ".parproc" / "ppd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def end(self):
        """Ends the daemon and every command that a test left behind."""
        pids = []
        with contextlib.suppress(Exception):
            pids = self.pids() if (self.dir / ".parproc" / "ppd.sock").exists() else []
        with contextlib.suppress(Exception):
            subprocess.run([PPCTL, "-C", self.dir, "stop"], env=self.env, timeout=PATIENCE_S,
                           capture_output=True, check=False)
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream:
                    stream.close()
        for pid in pids:
            until(lambda pid=pid: not is_alive(pid), f"process {pid} of the daemon has ended")


class Connection:
    """A raw connection to a workspace's daemon, for what ppctl would never send."""

    def __init__(self, workspace):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(workspace.dir / ".parproc" / "ppd.sock"))
        self.stream = self.socket.makefile("rb")
        self.last_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n")

    def receive(self):
        """The next message, or None at the connection's end."""
        try:
            line = self.stream.readline()
        except ConnectionResetError:
            return None
        return json.loads(line) if line else None

    def request(self, method, **params):
        self.last_id += 1
        self.send({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params})
        return self.last_id

    def call(self, method, **params):
        """The answer to one request; what else comes before it is dropped."""
        wanted = self.request(method, **params)
        while True:
            message = self.receive()
            if message is None:
                raise AssertionError(f"the connection ended before the answer to {method}")
            if message.get("id") == wanted and "method" not in message:
                return message


class Case(unittest.TestCase):
    """A test with a workspace of its own, self.ws; no daemon runs there yet."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="parproc-"))
        self.workspaces = []
        self.ws = self.workspace("ws")

    def workspace(self, name):
        made = Workspace(self.root, name)
        self.workspaces.append(made)
        return made

    def tearDown(self):
        try:
            for made in self.workspaces:
                made.end()
        finally:
            if self.has_failed():
                for made in self.workspaces:
                    print(f"--- log of the daemon of {made.dir}\n{made.log()}---", file=sys.stderr)
            shutil.rmtree(self.root, ignore_errors=True)

    def has_failed(self):
        result = self._outcome.result
        return any(test is self for test, _ in result.failures + result.errors)


def main():
    # Whoever runs the tests may ignore signals (a shell does so for what it starts with &), and an
    # ignored signal stays ignored in every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP, signal.SIGTTIN,
                   signal.SIGTTOU, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    unittest.main(verbosity=2)
