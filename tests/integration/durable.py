"""What the tests of a daemon share that dies, wholly or in part."""

import contextlib
import os
import signal
import sqlite3

import kit

NOTE = 'echo "$PP_PROC" >>trace'


class Case(kit.Case):
    def setUp(self):
        super().setUp()
        self.ws.write("trace", "")

    def serve(self, procs=None, protos=None, **more):
        self.ws.define(procs, protos, **more)
        self.ws.ppd("-d")

    def kill_scheduler(self):
        """Ends the scheduler; another one serves when this returns."""
        pid, _ = self.ws.pids()
        os.kill(pid, signal.SIGKILL)
        kit.until(lambda: self.scheduler() not in (None, pid), "another scheduler serves")

    def kill_daemon(self):
        pids = self.ws.pids()
        os.kill(pids[1], signal.SIGSTOP)  # so that it does not start another one
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            kit.until(lambda pid=pid: not kit.is_alive(pid), "the daemon is gone")

    @contextlib.contextmanager
    def no_scheduler(self):
        """Ends the scheduler, and lets no other one use the database until the block ends; gives its path."""
        state, parts = self.ws.dir / ".parproc", ("", "-wal", "-shm")
        scheduler, _ = self.ws.pids()
        for part in parts:
            (state / f"state.db{part}").rename(state / f"kept{part}")
        (state / "state.db").mkdir()
        os.kill(scheduler, signal.SIGKILL)
        kit.until(lambda: f"scheduler died pid={scheduler}" in self.ws.log(), "there is none")
        try:
            yield state / "kept"
        finally:
            # The database itself last: from then on one may be started.
            for part in reversed(parts):
                if part == "":
                    (state / "state.db").rmdir()
                if (state / f"kept{part}").exists():
                    (state / f"kept{part}").rename(state / f"state.db{part}")

    def scheduler(self):
        with contextlib.suppress(AssertionError, ValueError, KeyError):
            return self.ws.ppctl("call", "hello", "{}").json["pid"]
        return None

    def trace(self):
        return self.ws.read("trace").split()

    def start(self, *words):
        return int(self.ws.ppctl("start", *words).out)

    def view(self, name, run=None):
        return self.ws.ppctl("--json", *(["--run", str(run)] if run else []), "status", name).views()[name]

    def results(self, run):
        return self.ws.ppctl("--run", str(run), "results").json

    def sql(self, text):
        with contextlib.closing(sqlite3.connect(self.ws.dir / ".parproc" / "state.db")) as db:
            return db.execute(text).fetchall()
