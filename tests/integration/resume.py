"""What the tests of coming back share: two ways to end connections of clients, and what is shown.

ByProxy puts itself between clients and the daemon, which goes on meanwhile. ByKill kills the
scheduler, so it needs a daemon whose state survives that; whether it does, the daemon says in hello
(the capability "durable"). The tests are the same for both.
"""

import array
import contextlib
import fcntl
import os
import re
import select
import signal
import socket
import termios
import threading
import unittest

import kit


class Proxy:
    """A socket that passes on what comes to the daemon's and back, descriptors too."""

    def __init__(self, ws):
        self.path = ws.dir / "proxy.sock"
        self.target = str(ws.dir / ".parproc" / "ppd.sock")
        self.pairs = []
        self.lock = threading.Lock()
        self.moving = threading.Lock()  # held while something is on its way
        self.is_open = threading.Event()
        self.is_open.set()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(self.path))
        self.listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            self.is_open.wait()
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.is_open.wait()
            daemon = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with self.lock:
                daemon.connect(self.target)
                self.pairs.append((client, daemon))
            threading.Thread(target=self._serve, args=(client, daemon), daemon=True).start()

    def _serve(self, client, daemon):
        with client, daemon:
            back = threading.Thread(target=self._pump, args=(daemon, client), daemon=True)
            back.start()
            self._pump(client, daemon)
            back.join()
            with self.lock:
                self.pairs.remove((client, daemon))

    @staticmethod
    def _pass_on(source, sink):
        """What is there; false at the end."""
        data, control, _, _ = source.recvmsg(65536, socket.CMSG_SPACE(3 * array.array("i").itemsize))
        if not data:
            return False
        sent = sink.sendmsg([data], control)
        for _, _, numbers in control:
            for fd in array.array("i", numbers):
                os.close(fd)
        sink.sendall(data[sent:])
        return True

    def _pump(self, source, sink):
        """Until one of them ends; then both do."""
        with contextlib.suppress(OSError):
            is_going = True
            while is_going:
                select.select([source], [], [])
                with self.moving:
                    is_going = self._pass_on(source, sink)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def settle(self):
        """Returns when all that was sent, either way, is passed on."""
        def is_quiet():
            with self.moving, self.lock:
                waiting = [fcntl.ioctl(end, termios.FIONREAD, bytes(4)) for pair in self.pairs for end in pair]
            return not any(map(any, waiting))

        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as last:
            last.settimeout(kit.PATIENCE_S)
            last.connect(str(self.path))  # those who came before are accepted before
            last.sendall(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
            last.recv(100)
        kit.until(is_quiet, "what was sent is passed on")

    def cut(self):
        """Ends all connections, at both ends."""
        with self.lock:
            for client, _ in self.pairs:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
        kit.until(lambda: not self.pairs, "all connections are closed")

    def close(self):
        self.is_open.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()


def ping(ws):
    """Returns when the daemon has seen all that others have sent, or closed, before."""
    with kit.Connection(ws) as peer:
        peer.call("ping")


class ByProxy(kit.Case):
    """Connections end, the daemon does not."""

    def begin(self):
        """Has a daemon serve the workspace file; call it once that is written."""
        self.ws.ppd("-d")
        self.proxy = Proxy(self.ws)
        self.addCleanup(self.proxy.close)

    def way(self):
        """The words by which ppctl gets to the daemon."""
        return ["-S", str(self.ws.dir / "proxy.sock")]

    def lose(self):
        """All connections end, and can be made again."""
        self.leave()
        self.come_back()

    def leave(self):
        """The same, but from now on nobody answers."""
        self.proxy.is_open.clear()
        self.proxy.cut()
        ping(self.ws)

    def come_back(self):
        self.proxy.is_open.set()

    def settle(self):
        """Returns when what clients have sent was handled, and what they get for it is on its way."""
        self.proxy.settle()
        ping(self.ws)
        self.proxy.settle()


class Durable(kit.Case):
    """Cases that need a daemon whose state survives the death of its scheduler."""

    def begin(self):
        self.ws.ppd("-d")
        if "durable" not in self.ws.ppctl("call", "hello").json["capabilities"]:
            raise unittest.SkipTest("the daemon's state does not survive a restart yet")
        self.scheduler, self.supervisor = self.ws.pids()

    def way(self):
        return []

    def kill_scheduler(self):
        """Returns when it is dead."""
        pid = self.ws.pids()[0]
        os.kill(pid, signal.SIGKILL)
        kit.until(lambda: not kit.is_alive(pid), "the scheduler is dead")


class ByKill(Durable):
    """The scheduler dies, and another one goes on."""

    def lose(self):
        self.kill_scheduler()

    def leave(self):
        self.kill_later = self.ws.pids()[0]
        os.kill(self.supervisor, signal.SIGSTOP)
        self.addCleanup(os.kill, self.supervisor, signal.SIGCONT)
        os.kill(self.kill_later, signal.SIGKILL)

    def come_back(self):
        os.kill(self.supervisor, signal.SIGCONT)

    def settle(self):
        ping(self.ws)


class Client:
    """A ppctl in the background, whose output is looked at while it runs."""

    def __init__(self, case, *words, **popen):
        self.ws = case.ws
        self.path = case.ws.dir / f"out-{len(case.ws.children)}"
        with self.path.open("w") as stream:
            self.child = case.ws.start(kit.PPCTL, *case.way(), *words, stdout=stream, **popen)

    def lines(self):
        """What it has printed, without the times."""
        return [re.sub(r" [0-9.]+s", "", line) for line in self.path.read_text().splitlines()]

    def until(self, line):
        kit.until(lambda: line in self.lines(), f"{line!r} is in {self.lines()!r}")

    def until_waiting(self, is_watching=True):
        """Until it has sent what it asks; is_watching: it is one that listens to signals."""
        def waits():
            with open(f"/proc/{self.child.pid}/status", encoding="utf-8") as stream:
                status = dict(line.split(":", 1) for line in stream)
            blocked = int(status["SigBlk"], 16) & 1 << signal.SIGTERM - 1
            return status["State"].split()[0] == "S" and (blocked or not is_watching)

        kit.until(waits, "it waits")

    def until_heard(self):
        """Until the daemon has got what it asks; of one that connects to it directly."""
        self.until_waiting(is_watching=False)
        ping(self.ws)

    def end(self, case, status=0):
        """Waits for its end, with that status; its lines."""
        done = self.ws.finish(self.child)
        case.assertEqual(status, done.status, f"{done}{self.lines()}")
        self.err = done.err
        return self.lines()
