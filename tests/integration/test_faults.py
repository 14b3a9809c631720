"""Death at each point between intent and acknowledgement."""

import json
import unittest

import kit
from durable import NOTE, Case


@unittest.skipUnless(kit.HAS_FAULTS, "this build was configured without --enable-faults")
class Faults(Case):
    """The daemon's processes die at each point between intent and acknowledgement, at each pass."""

    GRAPH = {"a": {"run": f"{NOTE}; ppctl return 1"}, "b": {"deps": ["a"], "run": f"{NOTE}; ppctl return 2"},
             "c": {"deps": ["a"], "run": f"{NOTE}; exit 77"}, "d": {"deps": ["b", "c"]},
             "e": {"deps": ["d"], "run": f"{NOTE}; ppctl return 5"}, "f": {"deps": ["e", "x"], "run": NOTE},
             "x": {"run": f"{NOTE}; exit 3"}}
    OPTIONS = {}

    def play(self, fault, n):
        ws = self.workspace(f"{fault.replace('!', '')}-{n}")
        ws.write("trace", "")
        ws.define(self.GRAPH, options=self.OPTIONS)
        done = ws.run(kit.PPD, "-d", env={"PP_FAULT": f"{fault}:{n}"}, status=None)
        if done.status != 0:  # it died before it served, and said so
            self.assertIn("ppd: could not start", done.err)
            ws.ppd("-d")
        request = json.dumps({"names": ["f"], "request_id": "the start"})
        kit.until(lambda: ws.ppctl("call", "start", request, status=None).status == 0, "it is answered")
        kit.until(lambda: ws.ppctl("--json", "--run", "1", "wait", status=None).status in (0, 1), "it ends")
        return ws

    def check(self, ws, is_lost_allowed=False):
        trace = ws.read("trace").split()
        views = ws.ppctl("--json", "--run", "1", "status").views()
        outcome = {name: view["error"] or view["state"] for name, view in views.items()}
        self.assertEqual(sorted(set(trace)), sorted(trace), "nothing is executed twice")
        if is_lost_allowed and "lost" in outcome.values():
            return True
        self.assertEqual({"a": "succeeded", "b": "succeeded", "c": "skipped", "d": "succeeded", "e": "succeeded",
                          "f": "dep_failed", "x": "exit"}, outcome)
        self.assertEqual(["a", "b", "c", "e", "x"], sorted(trace))
        results = ws.ppctl("--run", "1", "results").json
        self.assertEqual((1, 2, 5), (results["a"], results["b"], results["e"]))
        return "fault injected" in ws.log()

    def walk(self, fault, is_lost_allowed=False, count=6):
        n_injected = 0
        for n in range(1, count + 1):
            with self.subTest(fault=fault, n=n):
                ws = self.play(fault, n)
                n_injected += self.check(ws, is_lost_allowed)
                ws.end()
        self.assertGreater(n_injected, 1)

    def test_exit(self):
        self.walk("exit")

    def test_advanced(self):
        self.walk("advanced", count=10)

    def test_commit(self):
        self.walk("commit", count=10)

    def test_stored(self):
        self.walk("stored", count=10)

    def test_sent(self):
        self.walk("sent", count=10)

    def test_answered(self):
        self.walk("answered", count=10)

    def test_a_commit_that_fails(self):
        self.walk("!commit", count=8)

    def test_supervisor_spawn(self):
        self.walk("spawn", is_lost_allowed=True, count=4)

    def test_supervisor_spawned(self):
        self.walk("spawned", is_lost_allowed=True, count=4)

    def test_supervisor_reaped(self):
        self.walk("reaped", is_lost_allowed=True, count=4)


class FaultsWithTokens(Faults):
    """The same where each waits for the job token of the one before: none is lost, none is doubled."""

    GRAPH = {name: {**keys, "jobserver": True} if "run" in keys else keys for name, keys in Faults.GRAPH.items()}
    OPTIONS = {"jobserver": 1}

    def check(self, ws, is_lost_allowed=False):
        is_injected = super().check(ws, is_lost_allowed)
        all_free = {"limit": 1, "free": 1}
        kit.until(lambda: ws.ppctl("call", "options.get", "{}").json["job_tokens"] == all_free, "its token is free")
        return is_injected


class FaultsInAStorm(Faults):
    """The same where what is next stands by: at a moment when it does, by then."""

    NAMES = [f"p{i}" for i in range(80)]
    GRAPH = {**{name: {"run": NOTE} for name in NAMES}, "f": {"deps": NAMES}}
    OPTIONS = {"parallel": 2}
    FIRST = {"spawn": 20, "spawned": 20, "reaped": 20, "exit": 20}

    def check(self, ws, is_lost_allowed=False):
        trace = ws.read("trace").split()
        views = ws.ppctl("--json", "--run", "1", "status").views()
        outcome = {name: view["error"] or view["state"] for name, view in views.items()}
        self.assertEqual(sorted(set(trace)), sorted(trace), "nothing is executed twice")
        for name in self.NAMES:
            if is_lost_allowed and outcome[name] == "lost":
                continue
            self.assertEqual("succeeded", outcome[name])
            self.assertIn(name, trace)
        return "fault injected" in ws.log()

    def walk(self, fault, is_lost_allowed=False, count=6):
        n_injected = 0
        for n in range(self.FIRST.get(fault, 10), self.FIRST.get(fault, 10) + 12, 3):
            with self.subTest(fault=fault, n=n):
                ws = self.play(fault, n)
                n_injected += self.check(ws, is_lost_allowed)
                ws.end()
        self.assertGreater(n_injected, 1)


class FaultsInAChain(FaultsInAStorm):
    """The same where what is next follows what runs."""

    NAMES = [f"p{i}" for i in range(80)]
    GRAPH = {**{f"p{i}": {"run": NOTE, "deps": [f"p{i - 1}"] if i else []} for i in range(80)}, "f": {"deps": NAMES}}

    def check(self, ws, is_lost_allowed=False):
        trace = ws.read("trace").split()
        views = ws.ppctl("--json", "--run", "1", "status").views()
        outcomes = [views[name]["error"] or views[name]["state"] for name in self.NAMES]
        self.assertEqual(self.NAMES[:len(trace)], trace, "one after the other, each once")
        n = outcomes.index("lost") if is_lost_allowed and "lost" in outcomes else len(outcomes)
        n_lost = outcomes.count("lost")
        self.assertEqual(["succeeded"] * n, outcomes[:n])
        self.assertEqual(["lost"] * n_lost, outcomes[n:n + n_lost])
        self.assertEqual(["dep_failed"] * (len(outcomes) - n - n_lost), outcomes[n + n_lost:])
        self.assertTrue(n <= len(trace) <= n + n_lost)
        return "fault injected" in ws.log()


if __name__ == "__main__":
    kit.main()
