"""Very short processes that depend on each other: each follows the one before without a way through the scheduler."""

import os
import random
import signal

import kit
from storm import ASK, N, SHORT, StormCase


def chain(n=N, run=SHORT, **keys):
    return {f"p{i}": {"run": run, "deps": [f"p{i - 1}"] if i else [], **keys} for i in range(n)}


class Chain(StormCase):
    def serve_chain(self, procs):
        self.ws.define(procs, options={"parallel": 2, "kill_after": "1s"})
        self.ws.ppd("-d", "-v")

    def names(self, n):
        return [f"p{i}" for i in range(n)]

    def check_prefix(self, error, n_failed=1):
        """Some have succeeded, one after the other; then come what has failed, and what that has kept from beginning."""
        begun, views = self.begun(), self.views()
        self.assertEqual(self.names(len(begun)), begun)
        states = [views[name]["error"] for name in self.names(len(views))]
        n = states.index(error)
        self.assertEqual({None}, set(states[:n]) or {None})
        self.assertEqual({error}, set(states[n:n + n_failed]))
        self.assertLessEqual(len(begun), n + n_failed)
        for name in self.names(len(views))[n + n_failed:]:
            self.assertIsNone(views[name]["started_at"], name)
        return states[n + n_failed:]

    def test_one_after_the_other(self):
        self.serve_chain(chain())
        self.ws.ppctl("run", f"p{N - 1}")
        self.check_whole(parallel=1)
        self.assertEqual(self.names(N), self.begun())
        self.check_promoted()

    def play_replacing(self, replace):
        self.serve_chain(chain())
        self.ws.ppctl("start", f"p{N - 1}")
        for n in range(40, N - 40, 60):
            self.until_begun(n)
            replace()
        self.ws.ppctl("--run", "1", "wait")
        self.check_whole(parallel=1)
        self.assertEqual(self.names(N), self.begun())

    def test_the_scheduler_dies(self):
        self.play_replacing(self.kill_scheduler)

    def test_the_scheduler_makes_way(self):
        self.play_replacing(lambda: self.ws.ppctl("restart"))

    def test_the_daemon_dies(self):
        self.serve_chain(chain())
        self.ws.ppctl("start", f"p{N - 1}")
        self.until_begun(N // 2)
        self.kill_daemon()
        begun = self.begun()
        self.ws.ppd("-d", "-v")
        self.ws.ppctl("--run", "1", "wait", status=1)
        self.assertEqual(begun, self.begun())
        # What was next may have begun, for all that is known.
        views = self.views()
        n_lost = sum(view["error"] == "lost" for view in views.values())
        self.assertTrue(1 <= n_lost <= 1 + 16, n_lost)
        self.assertEqual(["dep_failed"], sorted(set(self.check_prefix("lost", n_lost))))

    def test_the_supervisor_dies(self):
        self.serve_chain(chain())
        self.ws.ppctl("start", f"p{N - 1}")
        self.until_begun(N // 2)
        scheduler, supervisor = self.ws.pids()
        os.kill(supervisor, signal.SIGKILL)
        kit.until(lambda: not kit.is_alive(scheduler), "the scheduler has given up")
        begun = self.begun()
        self.ws.ppd("-d", "-v")
        self.ws.ppctl("--run", "1", "wait", status=1)
        self.assertEqual(begun, self.begun())
        n_lost = sum(view["error"] == "lost" for view in self.views().values())
        self.assertTrue(1 <= n_lost <= 1 + 16, n_lost)
        self.check_prefix("lost", n_lost)

    def play_failure(self, run, error, *more, **keys):
        procs = chain()
        procs["p150"] = {"run": run, "deps": ["p149"], **keys}
        self.serve_chain(procs)
        self.ws.ppctl("run", f"p{N - 1}", status=1)
        rest = self.check_prefix(error)
        self.assertEqual(["dep_failed"] * (N - 151), rest)
        self.assertEqual(self.names(151), self.begun(), *more)

    def test_nothing_begins_after_a_failure(self):
        self.play_failure(f"{SHORT}; exit 3", "exit")

    def test_nothing_begins_after_a_bad_result(self):
        self.play_failure(f"{SHORT}; echo '[' >$PP_RESULT", "bad_result")

    def test_nothing_begins_after_a_link_as_the_result(self):
        self.play_failure(f"{SHORT}; ln -s /nowhere/at/all $PP_RESULT", "bad_result")

    def play_generator(self, **keys):
        """Some of the chain start something that has to come before the next one, of its own run."""
        procs = chain()
        for i in range(100, 200, 10):
            procs[f"p{i}"]["run"] = f"{SHORT}; ppctl start extra{i + 1} >>said || echo failed >>said"
            procs[f"extra{i + 1}"] = {"run": SHORT, **{k: v(i + 1) if callable(v) else v for k, v in keys.items()}}
        self.serve_chain(procs)
        self.ws.ppctl("run", f"p{N - 1}")
        self.assertNotIn("failed", self.ws.read("said"))
        begun = self.begun()
        self.assertEqual(self.names(N), [name for name in begun if name[0] == "p"])
        at = {line: i for i, line in enumerate(self.ws.read("trace").split())}
        for i in range(101, 201, 10):
            self.assertLess(at[f"-extra{i}"], at[f"+p{i}"])

    def test_what_is_scheduled_meanwhile_comes_before_it(self):
        self.play_generator(rdeps=lambda i: [{"when_scheduled": f"p{i}"}])

    def test_a_lower_wave_that_comes_up_meanwhile_comes_before_it(self):
        self.play_generator(wave=-1)

    def test_nothing_begins_after_a_timeout(self):
        self.play_failure(f"trap 'exit 0' TERM; {SHORT}; sleep 1000 & wait", "timeout", timeout="50ms")

    def test_nothing_begins_after_what_was_killed(self):
        self.play_failure(f"{SHORT}; kill -9 $$", "signal")

    def test_nothing_begins_after_what_was_not_started(self):
        procs = chain()
        procs["p150"] = {"run": ["/nowhere/at/all"], "deps": ["p149"]}
        self.serve_chain(procs)
        self.ws.ppctl("run", f"p{N - 1}", status=1)
        views = self.views()
        self.assertEqual(self.names(150), self.begun())
        self.assertEqual("spawn", views["p150"]["error"])
        self.assertEqual({"dep_failed"}, {views[f"p{i}"]["error"] for i in range(151, N)})

    def test_what_is_skipped_is_a_success(self):
        procs = chain()
        procs["p150"]["run"] = f"{SHORT}; exit 77"
        self.serve_chain(procs)
        self.ws.ppctl("run", f"p{N - 1}")
        self.assertEqual(self.names(N), self.begun())
        self.assertEqual("skipped", self.views()["p150"]["state"])

    def test_what_is_tried_again_has_to_succeed_first(self):
        procs = chain()
        procs["p150"] = {"run": f"{SHORT}; test -e again || {{ : >again; exit 1; }}", "deps": ["p149"],
                         "retries": {"times": 2, "delay": "1ms"}}
        self.serve_chain(procs)
        self.ws.ppctl("run", f"p{N - 1}")
        self.assertEqual(self.names(151) + self.names(N)[150:], self.begun())
        self.assertEqual(2, self.views()["p150"]["attempt"])

    def test_what_is_left_of_a_group_ends_first(self):
        procs = chain()
        procs["p150"]["run"] = f"{SHORT}; sleep 1000 & echo $! >left"
        self.serve_chain(procs)
        self.ws.ppctl("run", f"p{N - 1}")
        self.assertEqual(self.names(N), self.begun())
        pid = int(self.ws.read("left"))
        kit.until(lambda: not kit.is_alive(pid), "what was left is ended")

    def test_what_is_canceled_does_not_begin(self):
        self.serve_chain(chain())
        self.ws.ppctl("start", f"p{N - 1}")
        self.until_begun(N // 3)
        self.ws.ppctl("--run", "1", "cancel")
        self.ws.ppctl("--run", "1", "wait", status=1)
        begun = self.begun()
        self.assertEqual(self.names(len(begun)), begun)
        views = self.views()
        self.assertEqual({None, "canceled"}, {view["error"] for view in views.values()})
        self.ws.ppctl("run", "after", "--", "true", status=None)
        self.assertEqual(begun, self.begun())

    def test_the_daemon_is_stopped(self):
        self.serve_chain(chain())
        self.ws.ppctl("start", f"p{N - 1}")
        self.until_begun(N // 3)
        self.ws.ppctl("stop")
        begun = self.begun()
        self.ws.ppd("-d")
        self.ws.ppctl("--run", "1", "wait", status=1)
        self.assertEqual(begun, self.begun())
        self.assertEqual(self.names(len(begun)), begun)

    def test_what_asks_early_is_told_of_the_end_before_it(self):
        procs = chain()
        for i in range(1, N, 2):
            procs[f"p{i}"]["run"] = f"{SHORT}; {ASK} said{i} && {ASK} --succeeded p{i - 1}"
        procs["p250"]["run"] = f"ppctl run leaf && {SHORT}"
        self.serve_chain({**procs, "leaf": {"run": "true"}})
        self.ws.ppctl("run", f"p{N - 1}")
        self.assertEqual(self.names(N), self.begun())
        views = self.views()
        self.assertEqual("succeeded", views["leaf"]["state"])
        for i in range(1, N, 2):
            self.assertEqual(f"said{i}", views[f"p{i}"]["info"])
        self.check_promoted()

    def test_results_go_from_one_to_the_next(self):
        procs = chain(60)
        for i in range(1, 60):
            procs[f"p{i}"]["run"] = f"{SHORT}; echo $(($(ppctl result p{i - 1}) + 1)) >$PP_RESULT"
        procs["p0"]["run"] = f"{SHORT}; echo 0 >$PP_RESULT"
        self.serve_chain(procs)
        self.ws.ppctl("run", "p59")
        self.assertEqual("59", self.ws.ppctl("result", "p59").out.strip())

    def test_any_graph_with_failures(self):
        """Nothing begins before all that it depends on has succeeded, and all the rest does."""
        numbers = random.Random(7)
        procs, status = {}, {}
        for i in range(N):
            name = f"p{i}"
            status[name] = numbers.choice([0] * 30 + [77, 1])
            deps = {f"p{numbers.randrange(max(0, i - 12), i)}" for _ in range(numbers.randrange(4))} if i else set()
            procs[name] = {"run": f"{SHORT}; exit {status[name]}", "deps": sorted(deps)}
        self.serve_all(procs)
        self.ws.ppctl("run", "all", status=1)
        self.check_trace()
        at = {line: i for i, line in enumerate(self.ws.read("trace").split())}
        is_good = {}
        for name, keys in procs.items():
            may_begin = all(is_good[dep] for dep in keys["deps"])
            is_good[name] = may_begin and status[name] != 1
            self.assertEqual(may_begin, f"+{name}" in at, name)
            for dep in keys["deps"] if may_begin else []:
                self.assertLess(at[f"-{dep}"], at[f"+{name}"])
        self.check_promoted()


if __name__ == "__main__":
    kit.main()
