"""Very many very short processes: what is next stands by at the supervisor, and nobody can tell."""

import contextlib
import os
import signal

import kit
from storm import ASK, N, SHORT, StormCase


class Storm(StormCase):
    def test_each_once_and_no_more_at_once(self):
        self.serve_storm()
        self.ws.ppctl("run", "all")
        self.check_whole()
        times = sorted((view["started_at"], view["ended_at"]) for view in self.views().values() if view["exec"])
        self.assertTrue(all(begun <= ended for begun, ended in times))
        self.check_promoted()

    def test_one_at_a_time(self):
        self.serve_storm(parallel=1)
        self.ws.ppctl("run", "all")
        self.check_whole(parallel=1)
        # In the order in which they were named.
        self.assertEqual([f"p{i}" for i in range(N)], self.begun())
        self.check_promoted()

    def play_replacing(self, replace):
        """Has the scheduler replaced again and again."""
        self.serve_storm()
        self.ws.ppctl("start", "all")
        for n in range(40, N - 40, 60):
            self.until_begun(n)
            replace()
        self.ws.ppctl("--run", "1", "wait")
        self.check_whole()
        self.check_promoted()

    def test_the_scheduler_dies(self):
        self.play_replacing(self.kill_scheduler)

    def test_the_scheduler_makes_way(self):
        self.play_replacing(lambda: self.ws.ppctl("restart"))

    def test_the_daemon_dies(self):
        self.serve_storm()
        self.ws.ppctl("start", "all")
        self.until_begun(N // 2)
        self.kill_daemon()
        self.ws.ppd("-d", "-v")
        self.ws.ppctl("--run", "1", "wait", status=None)
        begun = self.begun()
        self.assertEqual(sorted(set(begun)), sorted(begun), "nothing is executed twice")
        views = {name: view for name, view in self.views().items() if name != "all"}
        errors = {view["error"] for view in views.values()}
        self.assertLessEqual(errors, {None, "lost"})
        # What was next may have begun, for all that is known.
        self.assertLessEqual(sum(view["error"] == "lost" for view in views.values()), 2 + 16)
        for name, view in views.items():
            if view["error"] is None:
                self.assertIn(name, begun)

    def begin_unheard(self, command):
        """Has p40 begin with command without the scheduler's knowing, which is stopped; gives its pid and theirs."""
        procs = {f"p{i}": {"run": SHORT if i < 40 else f"echo $$ >pid.$PP_PROC; {command}"} for i in range(60)}
        self.ws.define({**procs, "all": {"deps": list(procs)}}, options={"parallel": 1, "kill_after": "1s"})
        self.ws.ppd("-d", "-v")
        self.ws.ppctl("start", "all")
        self.until_begun(36)
        pids = self.ws.pids()
        os.kill(pids[0], signal.SIGSTOP)
        path = self.ws.dir / "pid.p40"
        with contextlib.suppress(AssertionError):
            kit.until(lambda: path.exists() and path.read_text().strip(), "it begins", patience_s=2)
        if not path.exists():
            os.kill(pids[0], signal.SIGCONT)
            self.skipTest("p40 did not stand by when the scheduler was stopped")
        return int(path.read_text()), pids

    def test_what_nobody_has_heard_of_ends_with_the_daemon(self):
        pid, (scheduler, supervisor) = self.begin_unheard("exec sleep 1000")
        os.kill(supervisor, signal.SIGSTOP)  # so that it does not start another one
        for each in (scheduler, supervisor):
            os.kill(each, signal.SIGKILL)
        for each in (scheduler, supervisor):
            kit.until(lambda each=each: not kit.is_alive(each), "it is gone")
        self.ws.ppd("-d")
        kit.until(lambda: not kit.is_alive(pid), "it was ended")
        view = kit.until(lambda: self.views()["p40"]["ended_at"] and self.views()["p40"], "it is over")
        self.assertEqual(("failed", "lost"), (view["state"], view["error"]))
        self.ws.ppctl("cancel", "--all")

    def test_what_nobody_has_heard_of_goes_on_with_the_next_scheduler(self):
        pid, (scheduler, _) = self.begin_unheard("exec sleep 1000")
        os.kill(scheduler, signal.SIGKILL)
        kit.until(lambda: self.scheduler(), "another scheduler serves")
        view = kit.until(lambda: self.views()["p40"]["state"] == "running" and self.views()["p40"], "it is known")
        self.assertTrue(kit.is_alive(pid))
        self.assertGreater(view["started_at"], view["queued_at"])
        self.ws.ppctl("--run", "1", "cancel")
        self.ws.ppctl("--run", "1", "wait", status=1)
        self.assertFalse(kit.is_alive(pid))
        views = self.views()
        self.assertEqual({"canceled"}, {views[f"p{i}"]["error"] for i in range(40, 60)})

    def test_what_is_canceled_does_not_begin(self):
        self.serve_storm()
        self.ws.ppctl("start", "all")
        self.until_begun(N // 3)
        self.ws.ppctl("--run", "1", "cancel")
        self.ws.ppctl("--run", "1", "wait", status=1)
        begun = self.begun()
        views = {name: view for name, view in self.views().items() if name != "all"}
        self.assertLessEqual({view["error"] for view in views.values()}, {None, "canceled"})
        self.assertEqual(len(begun), len(set(begun)))
        for name, view in views.items():
            if view["error"] is None:
                self.assertIn(name, begun)
            elif view["started_at"] is None:
                self.assertNotIn(name, begun)
        # Nor later.
        self.ws.ppctl("run", "after", "--", "true", status=None)
        self.assertEqual(begun, self.begun())

    def test_the_daemon_is_stopped(self):
        self.serve_storm()
        self.ws.ppctl("start", "all")
        self.until_begun(N // 3)
        self.ws.ppctl("stop")
        begun = self.begun()
        self.ws.ppd("-d")
        self.ws.ppctl("--run", "1", "wait", status=1)
        self.assertEqual(begun, self.begun())
        self.assertEqual(len(begun), len(set(begun)))

    def test_nothing_begins_after_what_fails_fast(self):
        procs = {f"p{i}": {"run": SHORT} for i in range(N)}
        procs["p200"]["run"] = f"{SHORT}; exit 1"
        self.serve_all(procs, parallel=1)
        self.ws.ppctl("run", "--fail-fast", "all", status=1)
        self.assertEqual([f"p{i}" for i in range(201)], self.begun())

    def test_what_depends_follows(self):
        """Layers: each on two of the one before."""
        procs = {f"p{i}": {"run": SHORT, "deps": [] if i < 50 else [f"p{i - 50}", f"p{i - 50 + (-1 if i % 50 else 1)}"]}
                 for i in range(N)}
        self.serve_all(procs)
        self.ws.ppctl("run", "all")
        self.check_whole()
        at = {line: i for i, line in enumerate(self.ws.read("trace").split())}
        for name, keys in procs.items():
            for dep in keys["deps"]:
                self.assertLess(at[f"-{dep}"], at[f"+{name}"])

    def test_what_is_long_keeps_nothing_from_what_is_urgent(self):
        """What stood by when something lasted is in line again: more urgent requests come first."""
        procs = {f"p{i}": {"run": SHORT} for i in range(100)}
        procs["p60"]["run"] = f"{SHORT}; {self.ws.gate('go')}"
        procs["urgent"] = {"run": SHORT, "priority": 5}
        self.ws.define({**procs, "all": {"deps": [name for name in procs if name != "urgent"]}},
                       options={"parallel": 1})
        self.ws.ppd("-d", "-v")
        self.ws.ppctl("start", "all")
        self.until_begun(61)
        kit.until(lambda: self.ws.ppctl("--json", "why", "p61", status=None).status == 0, "it is looked at")
        kit.until(lambda: self.view("p60")["state"] == "running", "it runs")
        self.assertEqual("wanted", self.view("p61")["state"])
        kit.until(lambda: self.sql("SELECT count(*) FROM execution WHERE pending = 2") == [(0,)], "none stands by")
        self.ws.ppctl("start", "urgent")
        self.ws.open_gate("go")
        self.ws.ppctl("--run", "1", "wait")
        self.assertEqual("urgent", self.begun()[61])

    def test_results_and_failures_are_told(self):
        procs = {f"p{i}": {"run": f"{SHORT}; echo {i} >$PP_RESULT; exit {1 if i % 10 == 3 else 0}"} for i in range(N)}
        self.serve_all(procs)
        self.ws.ppctl("run", "all", status=1)
        views = self.views()
        for i in range(N):
            self.assertEqual("failed" if i % 10 == 3 else "succeeded", views[f"p{i}"]["state"], i)
        results = self.ws.ppctl("--run", "1", "results").json
        self.assertEqual({f"p{i}": i for i in range(N)}, {name: result for name, result in results.items()
                                                       if name != "all"})

    def test_what_was_started_asks_before_that_is_known(self):
        """Its start may be told later than its first request comes."""
        procs = {f"p{i}": {"run": f"{SHORT}; {ASK} said{i}" if i % 2 else SHORT} for i in range(N)}
        procs["p250"]["run"] = f"ppctl run leaf && {SHORT}"
        self.ws.define({**procs, "leaf": {"run": "true"}, "all": {"deps": list(procs)}}, options={"parallel": 2})
        self.ws.ppd("-d", "-v")
        self.ws.ppctl("run", "all")
        self.check_whole()
        views = self.views()
        for i in range(1, N, 2):
            self.assertEqual(f"said{i}", views[f"p{i}"]["info"])
        self.assertEqual("succeeded", views["leaf"]["state"])
        self.check_promoted()

    def test_a_killed_worker_is_followed_too(self):
        self.serve_all({f"p{i}": {"run": f"{SHORT}; kill -9 $$"} for i in range(60)})
        self.ws.ppctl("run", "all", status=1)
        views = self.views()
        self.assertEqual({"signal"}, {views[f"p{i}"]["error"] for i in range(60)})
        self.assertEqual({signal.SIGKILL}, {views[f"p{i}"]["signal"] for i in range(60)})


if __name__ == "__main__":
    kit.main()
