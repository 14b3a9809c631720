"""keep_runs: what is left of runs that are over, and that nothing else is left in .parproc."""

import contextlib
import os
import sqlite3

import kit
import meter
import semantics
from semantics import proc


class Case(semantics.Case):
    def state_files(self, *below):
        """What there is in .parproc, or below it."""
        return sorted(os.listdir(self.ws.dir.joinpath(".parproc", *below)))

    def logs(self):
        """The logs there are, by run: sets of procs' names."""
        found = {}
        for run in (self.ws.dir / ".parproc" / "logs").iterdir():
            found[int(run.name)] = {path.name.partition("-")[2].removesuffix(".log") for path in run.iterdir()}
        return found

    def until_logs(self, expected):
        kit.until(lambda: self.logs() == expected, f"logs are {expected}; they are {self.logs()}")

    def runs(self):
        return [run["run"] for run in self.call("runs")["runs"]]

    def run_once(self, *names):
        return self.call("run", *names)["run"]


class Runs(Case):
    def test_the_oldest_goes_first_with_its_logs(self):
        self.serve({"a": proc(run="echo hello"), "b": proc("a", run="exit 1"), "all": {"deps": ["a"]}},
                   options={"keep_runs": 3})
        runs = [self.run_once("b") for _ in range(3)]
        self.until_logs({run: {"a", "b"} for run in runs})
        for _ in range(4):
            runs.append(self.run_once("b"))
            self.assertEqual(runs[:-4:-1], self.runs())
            self.until_logs({run: {"a", "b"} for run in runs[-3:]})
        for run in runs[:-3]:
            self.refused("not_found", [], "results", run=run)
        # A run of collectors has no logs, and takes a place.
        self.run_once("all")
        self.until_logs({runs[-2]: {"a", "b"}, runs[-1]: {"a", "b"}} | {self.runs()[0]: {"a"}})

    def test_it_is_the_end_of_a_run_that_counts(self):
        """A run that took long is not the oldest because it began first, and an active one never goes."""
        gate = self.ws.gate("gate")
        self.serve({"long": proc(run=f"echo x; {gate}"), "a": proc(run="echo x")}, options={"keep_runs": 2})
        long = self.start("long")
        self.until("long", "running")
        first, second, third = (self.run_once("a") for _ in range(3))
        self.assertEqual([third, second, long], self.runs())
        self.ws.open_gate("gate")
        self.wait(run=long)
        self.assertEqual([third, long], self.runs())
        self.until_logs({third: {"a"}, long: {"long"}})
        self.run_once("a")
        self.assertIn(long, self.runs())
        self.assertNotIn(third, self.runs())

    def test_fewer_to_keep_takes_effect_at_once(self):
        self.serve({"a": proc(run="echo x")}, options={"keep_runs": 5})
        runs = [self.run_once("a") for _ in range(5)]
        self.call("options.set", values={"keep_runs": 2})
        self.assertEqual(runs[:2:-1], self.runs())
        self.until_logs({run: {"a"} for run in runs[3:]})

    def test_a_run_that_is_held_is_not_over(self):
        self.serve({"a": proc(run="echo x")}, options={"keep_runs": 1})
        held = self.call("open", run="held")["run"]
        self.run_once_in("a", held)
        others = [self.run_once("a") for _ in range(3)]
        self.assertEqual([others[-1], held], self.runs())
        self.until_logs({held: {"a"}, others[-1]: {"a"}})
        self.call("close", run=held)
        self.assertEqual([held], self.runs())
        self.until_logs({held: {"a"}})

    def run_once_in(self, name, run):
        self.call("run", name, run=run)


class Joined(Case):
    def join(self, keep_runs):
        """Two runs that share an execution, `shared`, which belongs to the first; both are over then."""
        gate = self.ws.gate("gate")
        self.serve({"shared": proc(run=f"echo x; {gate}"), "first": proc("shared", run="echo x"),
                    "second": proc("shared", run="echo x"), "a": proc(run="echo x")}, options={"keep_runs": keep_runs})
        first = self.start("first")
        self.until("shared", "running")
        second = self.start("second")
        self.ws.open_gate("gate")
        self.wait(run=first)
        self.wait(run=second)
        return first, second

    def log_of_shared(self, run):
        return kit.Path(self.views("shared", run=run)["shared"]["log"])

    def test_its_log_lives_as_long_as_a_run_has_it(self):
        first, second = self.join(keep_runs=2)
        self.until_logs({first: {"shared", "first"}, second: {"second"}})
        # Which of the two was over first is not said; either may be the older one.
        last = self.run_once("a")
        older, newer = (first, second) if self.runs() == [last, second] else (second, first)
        self.assertEqual([last, newer], self.runs())
        expected = {first: {"shared"}, second: {"second"}} if older == first else {first: {"shared", "first"}}
        self.until_logs(expected | {last: {"a"}})
        self.assertEqual("x\n", self.log_of_shared(newer).read_text())
        again = self.run_once("a")
        self.until_logs({last: {"a"}, again: {"a"}})

    def test_clearing_the_first_run_leaves_the_log_to_the_second(self):
        first, second = self.join(keep_runs=10)
        self.call("clear", run=first)
        self.until_logs({first: {"shared"}, second: {"second"}})
        self.assertEqual("x\n", self.ws.ppctl("--run", str(second), "logs", "shared").out)
        self.call("clear", run=second)
        self.until_logs({})

    def test_clearing_the_second_run_leaves_the_first(self):
        first, second = self.join(keep_runs=10)
        self.call("clear", run=second)
        self.until_logs({first: {"shared", "first"}})
        self.call("clear")
        self.until_logs({})


class Left(Case):
    """Things that processes leave in the state directory, on purpose or not."""

    PROCS = {
        "result": proc(run="ppctl return 1"),
        "bad-result": proc(run='echo no >"$PP_RESULT"; exit 3'),
        "no-result": proc(run=': >"$PP_RESULT"'),
        "message": proc(run="ppctl message hello"),
        "no-message": proc(run=': >"$PP_MESSAGE"'),
        "printed": proc(run="echo 1", result="stdout"),
        "printed-nothing": proc(run=":", result="stdout"),
        "printed-both": proc(run='echo 1; echo 2 >"$PP_RESULT"', result="stdout"),
        "no-such-place": proc(run="echo 1", result="stdout", cwd="no/where"),
        "no-such-program": proc(run=["no-such-program"], result="stdout"),
        "timeout": proc(run='echo 1 >"$PP_RESULT"; sleep 600', timeout=0.05, result="stdout"),
        "names": proc({"command": ["sh", "-c", "echo x >&2; echo result"]}),
        "no-names": proc({"command": ["no-such-program"]}),
        "signal": proc(run='echo 1 >"$PP_RESULT"; kill -9 $$'),
    }

    def test_nothing_is_left_of_what_processes_leave(self):
        self.serve(self.PROCS)
        for name in self.PROCS:
            with self.subTest(proc=name):
                self.run_procs(name)
                kit.until(lambda: self.state_files("process") == [], f"nothing is left after {name}: {self.state_files('process')}")

    def test_flat_after_many_runs(self):
        """The state directory is after 600 runs what it was after 300."""
        self.serve({**self.PROCS, "setup": proc(run="echo setup")},
                   {"build::[n]": proc("setup", run='echo "$n"; ppctl return "$n"')}, options={"keep_runs": 5})
        self.forget_trace()
        sizes = []
        for _ in range(2):
            for i in range(20):
                self.run_procs(*self.PROCS)
                for j in range(14):
                    self.run_procs(f"build::{i * 14 + j}")
            self.run_procs(*self.PROCS)
            for i in range(5):
                self.run_procs("build::1", "build::2")
            kit.until(lambda: len(self.state_files("logs")) == 5, "the runs before are gone")
            self.until_logs({run: {"setup", "build%3A%3A1", "build%3A%3A2"} for run in self.runs()})
            kit.until(lambda: self.state_files("process") == [], "nothing is left")
            sizes.append(self.state_files())
        self.assertEqual(*sizes)

    def test_descriptors_and_rows_are_flat_too(self):
        """tests/soak has a million executions of it, and the memory."""
        self.serve({"result": proc(run="ppctl return 1"), "printed": proc("result", run="echo 1", result="stdout"),
                    "bad": proc(run="exit 3")}, options={"keep_runs": 3})
        gate = self.ws.gate("gate")
        self.ws.ppctl("define", "long", "--", "sh", "-c", gate)
        self.ws.ppctl("start", "long")
        self.ws.open_gate("gate")  # one that is seen to run: what watches its log is there from now on
        self.ws.ppctl("wait", "long")
        held = []
        for _ in range(2):
            for _ in range(20):
                self.call("run", "printed", "bad")
            kit.until(lambda: len(self.state_files("logs")) == 3, "the runs before are gone")
            held.append(([meter.count_fds(pid) for pid in self.ws.pids()], self.count_rows()))
        self.assertEqual(*held)

    def count_rows(self):
        """Of each table of the state database but the one of requests, which keeps the newest 10,000."""
        with contextlib.closing(sqlite3.connect(self.ws.dir / ".parproc" / "state.db")) as db:
            tables = {name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            return {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables - {"request"}}


if __name__ == "__main__":
    kit.main()
