"""Runs and sharing between them: names, numbers, holds, joining, what cancel and failure take, params."""

import kit
import semantics
from semantics import NOTE, proc


class Runs(semantics.Case):
    def test_within_a_run_a_proc_executes_at_most_once_whatever_its_state(self):
        gate = self.ws.gate("gate")
        self.serve({"good": proc(), "bad": proc(run=f"{NOTE}; exit 1"), "skip": proc(run=f"{NOTE}; exit 77"),
                    "after": proc("bad"), "hold": proc(run=gate), "user": proc("good", "skip")})
        run = self.start("hold", "after", "good", "skip", run="r")
        self.until("after", "dep_failed")
        self.wait("good", "skip", run="r")
        views = self.run_procs("good", "bad", "skip", "after", "user", run="r")
        self.assertEqual(["succeeded", "failed", "skipped", "failed", "succeeded"],
                         [views[name]["state"] for name in ("good", "bad", "skip", "after", "user")])
        self.assert_ran("good", "bad", "skip", "user")
        self.ws.open_gate("gate")
        self.assertFalse(self.call("wait", run=run)["ok"])

    def test_a_run_is_a_number_or_a_name_of_ones_own(self):
        """Names of digits only are refused; unknown ones are not found; the variable PP_RUN is the default."""
        gate = self.ws.gate("gate")
        self.serve({"a": proc(), "hold": proc(run=gate)})
        self.refused("not_found", ["4711"], "start", "a", run=4711)
        self.refused("not_found", ["4711"], "start", "a", run="4711")
        for method in ("wait", "results", "status", "cancel", "clear", "close", "open"):
            if method != "open":
                self.refused("not_found", ["nightly"], method, run="nightly")
            self.refused("not_found", ["4711"], method, run="4711")
        self.assertEqual(2, self.ws.ppctl("--run", "0", "start", "a", status=None).status)
        self.assertRegex(self.ws.ppctl("open", "12", status=2).err, "^ppctl: ")
        for name in ("", "x" * 1025, "a\nb", "a\u0085"):
            self.refused("bad_name", [], "start", "a", run=name)
        self.start("hold", run="1a")
        done = self.ws.ppctl("--json", "run", "a", env={"PP_RUN": "1a"})
        self.assertEqual(1, done.json["run"])
        self.assertEqual({"a", "hold"}, self.views(run=1).keys())
        self.assertIsInstance(self.views("a")["a"]["run"], int)
        self.ws.open_gate("gate")

    def test_a_name_of_a_run_that_is_over_begins_a_new_one_looking_sees_the_newest(self):
        self.serve({"a": proc(run="echo $PP_RUN", result="stdout"), "b": proc()})
        first, second = self.start("a", run="n"), None
        self.wait(run="n")
        self.assertEqual({"a": first}, self.call("results", run="n"))
        second = self.start("b", run="n")
        self.assertNotEqual(first, second)
        self.wait(run="n")
        self.assertEqual({"b": None}, self.call("results", run="n"))
        self.assertEqual(["b"], [view["name"] for view in self.call("wait", run="n")["procs"]])
        self.refused("not_found", [], "wait", run="m")
        self.assertEqual({"a": first, "b": None}, self.call("results"))

    def test_an_execution_outlives_the_run_that_it_was_first_in(self):
        gate = self.ws.gate("gate")
        self.serve({"slow": proc(run=gate), "next": proc("slow", run="echo $PP_RUN", result="stdout"),
                    "ask": proc("slow", run='ppctl return "$(ppctl context)"')})
        first = self.start("next", "ask")
        second = self.start("next", "ask")
        self.call("cancel", run=first)
        self.call("clear", run=first)
        self.ws.open_gate("gate")
        self.assertTrue(self.call("wait", run=second)["ok"])
        results = self.call("results", run=second)
        self.assertEqual(second, results["next"])
        self.assertEqual(second, results["ask"]["run"])
        self.assertIn(f"run {second}", self.ws.ppctl("why", "next").out)

    def test_a_numbered_run_that_is_over_takes_nothing_new(self):
        """Unless all that the request names is in it already."""
        self.serve({"a": proc(), "b": proc()}, {"f::[x]": proc()})
        run = self.start("a")
        self.wait(run=run)
        self.assertEqual(run, self.start("a", run=run))
        self.assertTrue(self.call("run", "a", run=run)["ok"])
        self.assertTrue(self.call("wait", "a", run=run)["ok"])
        self.assertTrue(self.call("wait", run=run)["ok"])
        for method in ("start", "run"):
            self.refused("not_allowed", [str(run)], method, "a", "b", run=run)
            self.refused("not_allowed", [str(run)], method, "f::1", run=run)
        self.refused("not_allowed", [str(run)], "wait", "a", "b", run=run)
        self.refused("not_allowed", [str(run)], "open", run=run)
        self.refused("not_allowed", [str(run)], "close", run=run)
        self.assertRegex(self.ws.ppctl("--run", str(run), "run", "b", status=2).err, "^ppctl: .*over")
        self.assert_ran("a")

    def test_open_holds_are_counted_and_close_or_a_whole_wait_takes_one_back(self):
        self.serve({"a": proc(), "lost": proc("ghost")})
        run = int(self.ws.ppctl("open", "scope").out)
        self.assertEqual(run, self.ws.ppctl("--json", "open", "scope").json["run"])
        self.start("a", "lost", run="scope")
        self.wait("a", run="scope")
        self.assertEqual(2, self.call("runs")["runs"][0]["holds"])
        self.assertEqual("wanted", self.state("lost"))
        self.ws.ppctl("close", "scope")
        self.assertEqual("wanted", self.state("lost"))
        self.assertEqual(run, self.start("a", run="scope"))
        self.assertEqual("dep_missing", self.wait(run="scope")["lost"]["error"])
        self.assertEqual("failed", self.call("runs")["runs"][0]["state"])
        self.refused("not_allowed", [], "close", run=run)

    def test_a_run_that_is_only_held_is_over_when_it_is_closed(self):
        self.serve({"a": proc()})
        run = self.call("open")["run"]
        self.refused("not_allowed", [], "clear", run=run)
        self.call("close", run=run)
        self.assertEqual(("succeeded", 0), tuple(self.call("runs")["runs"][0][key] for key in ("state", "procs")))
        self.call("clear", run=run)
        self.assertEqual([], self.call("runs")["runs"])

    def test_a_whole_wait_while_others_hold_waits_until_it_is_over(self):
        self.serve({"a": proc()})
        self.call("open", run="r")
        self.call("open", run="r")
        waiting = self.begin("wait", run="r")
        kit.until(lambda: self.call("runs")["runs"][0]["holds"] == 1, "the wait has taken one back")
        self.run_procs("a", run="r")
        self.assertEqual("active", self.call("runs")["runs"][0]["state"])
        self.call("close", run="r")
        self.assertEqual(["a"], [view["name"] for view in waiting()["procs"]])

    def test_what_is_waited_for_need_not_be_created_yet(self):
        self.serve(protos={"f::[x]": proc()})
        waiting = self.begin("wait", "f::1", "late")
        timed = self.ws.ppctl("wait", "--timeout", "0.05", "late", status=124)
        self.assertEqual("", timed.out)
        self.start("f::1")
        self.define({"late": proc(run="exit 3", now=True)})
        answer = waiting()
        self.assertEqual((False, {"f::1", "late"}), (answer["ok"], {view["name"] for view in answer["procs"]}))

    def test_a_wait_for_what_never_comes_into_a_run_ends_with_the_run(self):
        gate = self.ws.gate("gate")
        self.serve({"a": proc(run=gate), "b": proc()})
        run = self.start("a", run="r")
        peers = [self.connect() for _ in range(3)]
        for peer, params in zip(peers, ({"names": ["a", "b"], "run": run}, {"names": ["ghost"], "run": "r"}, {"names": ["b"]})):
            peer.request("wait", **params)
        self.until("a", "running")
        self.ws.open_gate("gate")
        for peer in peers[:2]:
            self.assertEqual("not_allowed", peer.receive()["error"]["data"]["error"])
        self.run_procs("b")
        self.assertTrue(peers[2].receive()["result"]["ok"])

    def test_clear_forgets_what_is_over_and_keep_runs_prunes_with_logs(self):
        gate = self.ws.gate("gate")
        self.serve({"a": proc(run="echo hello"), "hold": proc(run=gate)}, options={"keep_runs": 2})
        held = self.start("hold")
        runs = [self.call("run", "a")["run"] for _ in range(4)]
        kept = [run["run"] for run in self.call("runs")["runs"]]
        self.assertEqual([runs[3], runs[2], held], kept)
        logs = self.ws.dir / ".parproc" / "logs"
        kit.until(lambda: not (logs / str(runs[0])).exists() and not (logs / str(runs[1])).exists(), "logs are pruned")
        self.assertTrue((logs / str(runs[3])).exists())
        self.refused("not_found", [], "results", run=runs[0])
        self.refused("not_allowed", [str(held)], "clear", run=held)
        self.ws.ppctl("clear", "--run", str(runs[2]))
        self.call("options.set", values={"keep_runs": 1})
        self.ws.ppctl("clear")
        self.assertEqual([held], [run["run"] for run in self.call("runs")["runs"]])
        self.assertEqual("idle", self.state("a"))
        self.ws.open_gate("gate")
        self.wait(run=held)
        self.assertEqual([held], [run["run"] for run in self.call("runs")["runs"]])

    def test_waves_special_dependencies_and_results_are_per_run(self):
        gate = self.ws.gate("gate")
        self.serve({"low": proc(run=gate), "high": proc(wave=5), "bad": proc(run="exit 1"),
                    "gate-keeper": {"run": NOTE, "deps": [{"special": "no_failures"}]}})
        first = self.start("low")
        self.start("bad", run=first)
        self.run_procs("high", "gate-keeper")
        self.assert_ran("high", "gate-keeper")
        self.wait("bad", run=first)
        self.assertEqual("failures", self.run_procs("gate-keeper", run=first)["gate-keeper"]["error"])
        self.start("high", run=first)
        self.assertEqual("wanted", self.state("high", run=first))
        self.ws.open_gate("gate")
        self.wait(run=first)
        self.assertEqual({"low", "bad", "high"}, self.call("results", run=first).keys())

    def test_locks_and_the_limit_hold_over_all_runs(self):
        gates = [self.ws.gate(f"g{i}") for i in range(2)]
        self.serve({"a": proc(run=gates[0], locks=["l"]), "b": proc(locks=["l"]), "c": proc(run=gates[1]), "d": proc()},
                   options={"parallel": 2})
        self.start("a")
        self.until("a", "running")
        self.start("b")
        self.run_procs("d")
        self.assertEqual("wanted", self.state("b"))
        self.start("c")
        self.until("c", "running")
        last = self.start("d")
        self.assertEqual("wanted", self.state("d", run=last))
        self.ws.open_gate("g0")
        self.wait("b")
        self.ws.open_gate("g1")
        self.wait()


class Sharing(semantics.Case):
    def test_a_second_run_joins_and_adopts_what_the_execution_depends_on(self):
        gate = self.ws.gate("gate")
        self.serve({"base": proc(), "mid": proc("base", run=f"{NOTE}; {gate}"), "top": proc("mid"),
                    "other": proc("base", "mid")})
        first = self.start("top")
        self.until("mid", "running")
        second = self.start("other")
        self.assertEqual({"base", "mid", "other"}, self.views(run=second).keys())
        self.ws.open_gate("gate")
        self.assertTrue(self.call("wait", run=second)["ok"])
        self.assertTrue(self.call("wait", run=first)["ok"])
        self.assert_ran("base", "mid", "top", "other")
        self.assertEqual({"base", "mid", "other"}, self.call("results", run=second).keys())
        self.run_procs("base")
        self.assertEqual(2, self.trace().count("base"))

    def test_other_params_are_not_joined(self):
        gate = self.ws.gate("gate")
        self.serve({"p": proc(run=f"ppctl context | grep -c north >>count || :; {NOTE}; {gate}")},
                   params={"region": "south"})
        first = self.start("p")
        self.until("p", "running")
        same = self.start("p")
        third = self.start("p", params={"region": "north"})
        self.assertEqual(("running", "wanted"), (self.state("p", run=same), self.state("p", run=third)))
        self.ws.open_gate("gate")
        self.wait(run=first)
        self.wait(run=same)
        self.until("p", "running", run=third)
        self.ws.open_gate("gate")
        self.wait(run=third)
        self.assert_ran("p", "p")

    def test_a_joined_execution_that_fails_fails_both(self):
        gate = self.ws.gate("gate")
        self.serve({"base": proc(run=f"{gate}; exit 1"), "one": proc("base"), "two": proc("base")})
        runs = [self.start("one"), self.start("two")]
        self.ws.open_gate("gate")
        for run, name in zip(runs, ("one", "two")):
            answer = self.call("wait", run=run)
            self.assertFalse(answer["ok"])
            self.assertEqual("dep_failed", self.state(name))

    def test_cancel_of_one_run_takes_only_what_no_other_is_in(self):
        """It counts there as failed, canceled; with --force the other loses it too."""
        gate = self.ws.gate("gate")
        self.serve({"base": proc(run=gate), "own": proc(run="sleep 600"), "one": proc("base", "own"), "two": proc("base")})
        first, second = self.start("one"), self.start("two")
        self.until("own", "running")
        self.until("base", "running")
        self.ws.ppctl("--run", str(first), "cancel")
        answer = self.call("wait", run=first)
        self.assertFalse(answer["ok"])
        self.assertEqual(("canceled", "canceled"), (self.state("own"), self.state("base", run=first)))
        self.assertEqual("running", self.state("base", run=second))
        self.ws.open_gate("gate")
        self.assertTrue(self.call("wait", run=second)["ok"])
        self.assertEqual(("canceled", "succeeded"), (self.state("base", run=first), self.state("base", run=second)))
        third, fourth = self.start("two"), self.start("two")
        self.until("base", "running")
        self.ws.ppctl("--run", str(third), "cancel", "--force", "base")
        for run in (third, fourth):
            self.assertEqual("dep_failed", self.wait(run=run)["two"]["error"])

    def test_who_names_no_run_sees_what_goes_on(self):
        """Not that it was canceled in the run that it was first scheduled in."""
        gate = self.ws.gate("gate")
        self.serve({"base": proc(run=gate)})
        events = self.connect()
        events.call("subscribe", kinds=["state"])
        first, second = self.start("base"), self.start("base")
        self.until("base", "running")
        waiters = [self.connect(), self.connect()]
        for waiter in waiters:
            waiter.request("wait", names=["base"])
            waiter.call("ping")  # whose answer is the first
            self.call("cancel", run=first)
        self.assertEqual("canceled", self.state("base", run=first))
        self.ws.open_gate("gate")
        answers = [waiter.receive()["result"] for waiter in waiters]
        self.assertEqual([(True, "succeeded")] * 2,
                         [(answer["ok"], answer["procs"][0]["state"]) for answer in answers])
        self.assertEqual((True, "succeeded"), (self.call("wait", "base")["ok"], self.state("base")))
        seen = [events.receive()["params"] for _ in range(4)]
        self.assertEqual([("wanted", first), ("running", first), ("failed", first), ("succeeded", second)],
                         [(event["proc"]["state"], event["proc"]["run"]) for event in seen])

    def test_what_is_joined_starts_in_the_run_that_is_left(self):
        """When the one that it was first scheduled in was canceled and forgotten."""
        gate = self.ws.gate("gate")
        self.serve({"base": proc(run=gate), "top": proc("base", run="echo $PP_RUN; ppctl start more", result="stdout"),
                    "more": proc()})
        first, second = self.start("top"), self.start("top")
        self.until("base", "running")
        self.ws.ppctl("--run", str(first), "cancel")
        self.assertFalse(self.call("wait", run=first)["ok"])
        self.call("clear", run=first)
        self.ws.open_gate("gate")
        self.assertTrue(self.call("wait", run=second)["ok"])
        self.assertEqual(f"{second}", str(self.call("results", run=second)["top"]).split("\n")[0])
        self.assertIn("more", self.views(run=second))

    def test_cancel_of_a_joined_proc_without_a_run_means_all_runs(self):
        self.serve({"base": proc(run="sleep 600"), "one": proc("base"), "two": proc("base")})
        runs = [self.start("one"), self.start("two")]
        self.until("base", "running")
        self.ws.ppctl("cancel", "base")
        for run in runs:
            self.assertFalse(self.call("wait", run=run)["ok"])
        self.assertEqual(["canceled", "dep_failed", "dep_failed"], [self.state(name) for name in ("base", "one", "two")])

    def test_fail_fast_cancels_the_rest_but_what_others_share(self):
        gate = self.ws.gate("gate")
        self.serve({"bad": proc(run="exit 1"), "own": proc(run="sleep 600"), "shared": proc(run=gate), "top": proc("own")})
        other = self.start("shared")
        answer = self.call("run", "top", "shared", "bad", fail_fast=True)
        errors = {view["name"]: view["error"] for view in answer["procs"]}
        self.assertFalse(answer["ok"])
        self.assertEqual({"bad": "exit", "own": "canceled", "shared": "canceled"},
                         {name: errors[name] for name in ("bad", "own", "shared")})
        self.assertIn(errors["top"], ("canceled", "dep_failed"))
        self.ws.open_gate("gate")
        self.assertTrue(self.call("wait", run=other)["ok"])

    def test_cancel_spares_nobody_else(self):
        gate = self.ws.gate("gate")
        self.serve({"a": proc(run="sleep 600"), "b": proc("a"), "c": proc(run=gate)})
        run = self.start("b", "c")
        self.until("a", "running")
        self.assertRegex(self.ws.ppctl("cancel", "nobody", status=2).err, "nobody")
        self.ws.ppctl("cancel", "a")
        self.ws.open_gate("gate")
        views = self.wait(run=run)
        self.assertEqual(["canceled", "dep_failed", None], [views[name]["error"] for name in "abc"])
        self.assertIn("a", views["b"]["info"])
        self.start("a")
        self.ws.ppctl("cancel", "--all")
        self.assertEqual("canceled", self.wait("a")["a"]["error"])


class Params(semantics.Case):
    def test_a_runs_override_beats_a_procs_which_beats_the_workspaces(self):
        """k=v is JSON if it parses, else text; set ones hold until the daemon ends."""
        show = "ppctl context >out.$PP_PROC"
        self.serve({"own": {"run": show, "params": {"b": "proc", "c": "proc"}}, "plain": {"run": show}},
                   params={"a": "ws", "b": "ws", "c": "ws"})
        self.ws.ppctl("params", "a=set", "n=[1, 2]", "t=tr ue", "z=")
        self.ws.ppctl("run", "own", "plain", "--param", "c=run", "--param", "n={\"x\": null}")
        own, plain = (kit.json.loads(self.ws.read(f"out.{name}"))["params"] for name in ("own", "plain"))
        self.assertEqual({"a": "set", "b": "proc", "c": "run", "n": {"x": None}, "t": "tr ue", "z": ""}, own)
        self.assertEqual({"a": "set", "b": "ws", "c": "run", "n": {"x": None}, "t": "tr ue", "z": ""}, plain)
        self.assertEqual([1, 2], self.ws.ppctl("--json", "params").json["n"])

    def test_a_runs_override_holds_for_all_that_is_started_in_it(self):
        """Also by processes of the run, and by later requests, which may override more."""
        show = "ppctl context >out.$PP_PROC"
        self.serve({"outer": {"run": f"{show}; ppctl run inner"}, "inner": {"run": show}, "later": {"run": show},
                    "more": {"run": show}, "other": {"run": show}}, params={"a": 0, "b": 0})
        self.call("open", run="r")
        self.run_procs("outer", run="r", params={"a": 1})
        self.run_procs("later", run="r")
        self.run_procs("more", run="r", params={"b": 2})
        self.run_procs("other")
        params = {name: kit.json.loads(self.ws.read(f"out.{name}"))["params"] for name in
                  ("outer", "inner", "later", "more", "other")}
        for name in ("outer", "inner", "later"):
            self.assertEqual({"a": 1, "b": 0}, params[name], name)
        self.assertEqual(({"a": 1, "b": 2}, {"a": 0, "b": 0}), (params["more"], params["other"]))


if __name__ == "__main__":
    kit.main()
