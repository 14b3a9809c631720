"""States and errors, when an execution starts, dependencies of every kind, dynamic values."""

import kit
import semantics
from semantics import NOTE, proc


class States(semantics.Case):
    def test_every_failure_has_an_error_and_an_info_of_one_line(self):
        self.serve({
            "exit": proc(run="exit 7"), "signal": proc(run="kill -USR1 $$"), "timeout": proc(run="sleep 600", timeout=0.1),
            "dep": proc("mid"), "mid": proc("exit"), "missing": proc("ghost"),
            "failures": {"run": "true", "deps": [{"special": "no_failures"}], "wave": 1},
            "canceled": proc(run="sleep 600"), "bad_result": proc(run="echo nonsense >$PP_RESULT"),
            "large": proc(run='printf \'"%0200d"\' 0 >$PP_RESULT'), "spawn": {"run": ["./nothing"]},
            "denied": {"run": ["./denied"]}, "resolve": {"deps": [{"command": "exit 3"}], "run": "true"},
            "cwd": proc(cwd="no/where")}, options={"max_result": 100})
        self.ws.write("denied", "x", mode=0o644)
        names = ("exit", "signal", "timeout", "dep", "missing", "canceled", "bad_result", "large", "spawn", "denied",
                 "resolve", "cwd")
        run = self.start(*names)
        self.until("canceled", "running")
        self.call("cancel", "canceled")
        views = self.wait(run=run)
        failures = self.call("run", "exit", "failures")["procs"]
        views |= {view["name"]: view for view in failures if view["name"] == "failures"}
        expected = {"exit": "exit", "signal": "signal", "timeout": "timeout", "dep": "dep_failed", "mid": "dep_failed",
                    "missing": "dep_missing", "failures": "failures", "canceled": "canceled", "bad_result": "bad_result",
                    "large": "bad_result", "spawn": "spawn", "denied": "spawn", "resolve": "resolve", "cwd": "spawn"}
        self.assertEqual(expected, {name: views[name]["error"] for name in expected})
        for name in expected:
            self.assertTrue(views[name]["info"] and "\n" not in views[name]["info"], views[name])
        self.assertEqual((7, None, None), (views["exit"]["exit_code"], views["exit"]["signal"], views["dep"]["exit_code"]))
        self.assertEqual((None, 10), (views["signal"]["exit_code"], views["signal"]["signal"]))
        self.assertIn("mid", views["dep"]["info"])
        self.assertIn("ghost", views["missing"]["info"])
        self.assertRegex(views["denied"]["info"].lower(), "permission")
        for name in ("dep", "missing", "resolve"):
            self.assertIsNone(views[name]["started_at"])

    def test_the_nearest_failed_dependency_is_named(self):
        self.serve({"a": proc(run="exit 1"), "b": proc("a"), "c": proc("b")})
        info = self.run_procs("c")["c"]["info"]
        self.assertIn("b", info)

    def test_77_is_skipped_a_success_also_for_no_failures(self):
        self.serve({"s": proc(run="echo not today >$PP_MESSAGE; exit 77"),
                    "after": {"run": NOTE, "deps": ["s", {"special": "no_failures"}]}})
        answer = self.call("run", "after")
        self.assertTrue(answer["ok"])
        views = {view["name"]: view for view in answer["procs"]}
        self.assertEqual(("skipped", None, "not today", 77),
                         tuple(views["s"][key] for key in ("state", "error", "info", "exit_code")))
        self.ws.ppctl("run", "s")

    def test_a_message_is_its_first_line(self):
        self.serve({"m": proc(run="printf 'one\\ntwo\\n' >$PP_MESSAGE"), "e": proc(run=": >$PP_MESSAGE; exit 2"),
                    "f": proc(run="echo gone wrong >$PP_MESSAGE; exit 2")})
        views = self.run_procs("m", "e", "f")
        self.assertEqual("one", views["m"]["info"])
        self.assertIn("2", views["e"]["info"])
        self.assertIn("gone wrong", views["f"]["info"])

    def test_children_left_in_the_group_are_ended_after_a_normal_end(self):
        self.serve({"a": proc(run="trap '' TERM; sh -c 'trap \"\" TERM; sleep 600 & echo $! >pid; wait' & "
                                  "until test -s pid; do sleep 0.02; done")}, options={"kill_after": "0.1s"})
        self.assertEqual("succeeded", self.run_procs("a")["a"]["state"])
        pid = int(self.ws.read("pid"))
        kit.until(lambda: not kit.is_alive(pid), "the child has been ended")

    def test_a_timeout_is_not_outlived_by_ignoring_it(self):
        self.serve({"a": proc(run="trap '' TERM; echo $$ >pid; while :; do sleep 0.05; done", timeout="0.2s"),
                    "b": proc(run="trap 'exit 0' TERM; while :; do sleep 0.05; done", timeout="0.2s")},
                   options={"kill_after": "0.2s"})
        views = self.run_procs("a", "b")
        self.assertEqual({"a": "timeout", "b": "timeout"}, {name: view["error"] for name, view in views.items()})
        self.assertFalse(kit.is_alive(int(self.ws.read("pid"))))


class Starting(semantics.Case):
    def test_a_request_takes_effect_whole_or_not_at_all(self):
        """Cycles print whole, waves name both with their numbers; the registry and the runs stay as they were."""
        gate = self.ws.gate("gate")
        self.serve({"a": proc("b"), "b": proc("c"), "c": proc("a"), "self": proc("self"),
                    "low": proc("f::1", "high", wave=1), "high": proc(wave=5), "fine": proc(), "hold": proc(run=gate),
                    "via": proc("low", wave=1), "r": proc(rdeps=["t"], wave=-1), "t": proc(wave=-2), "neg": proc("fine", wave=-1),
                    "x": proc("y"), "y": proc(rdeps=["z"]), "z": proc(rdeps=["x", "y"])},
                   {"f::[x]": proc(), "l::[x]": proc("l::[x]"), "p::[x]": proc("q::[x]"), "q::[x]": proc("p::[x]")})
        self.start("hold", run="r")
        for run in ({}, {"run": "r"}, {"run": "new"}):
            data = self.refused("cycle", ["a -> b -> c -> a"], "start", "fine", "f::9", "a", **run)
            self.assertEqual(["a", "b", "c", "a"], data["cycle"])
            self.refused("cycle", ["self -> self"], "start", "self", **run)
            self.refused("cycle", ["l::1 -> l::1"], "start", "l::1", **run)
            self.refused("cycle", ["p::1 -> q::1 -> p::1"], "start", "p::1", **run)
            self.refused("cycle", ["y", "z"], "start", "x", **run)
            data = self.refused("wave_order", ["low", "1", "high", "5"], "start", "fine", "via", **run)
            self.assertEqual((["low", "high"], [1, 5]), (data["names"], data["waves"]))
            data = self.refused("wave_order", ["-2", "-1"], "run", "t", **run)
            self.assertEqual((["t", "r"], [-2, -1]), (data["names"], data["waves"]))
            self.refused("wave_order", ["neg", "fine"], "plan", "neg", **run)
        self.refused("unknown_name", ["nobody"], "start", "fine", "f::9", "nobody")
        self.assertRegex(self.ws.ppctl("run", "a", status=2).err, r"^ppctl: .*\ba\b.*\bb\b.*\bc\b.*\ba\b")
        self.assertRegex(self.ws.ppctl("run", "low", status=2).err, r"^ppctl: .*low.*1.*high.*5")
        self.ws.open_gate("gate")

    def test_a_lower_wave_holds_back_higher_ones_also_one_that_comes_later(self):
        gates = [self.ws.gate(f"g{i}") for i in range(2)]
        self.serve({"m1": proc(wave=-1, run=f"{gates[0]}; {NOTE}"), "z": proc(), "p1": proc(wave=1),
                    "late": proc(wave=-5, run=f"{gates[1]}; {NOTE}")})
        run = self.start("p1", "z", "m1")
        self.until("m1", "running")
        self.start("late", run=run)
        self.ws.open_gate("g0")
        self.wait("m1", run=run)
        self.assertEqual(("wanted", "wanted"), (self.state("z"), self.state("p1")))
        self.ws.open_gate("g1")
        self.wait(run=run)
        self.assert_order("m1", "late", "z", "p1")

    def test_a_lower_wave_that_fails_holds_nothing_back(self):
        self.serve({"low": proc(run="exit 1"), "high": proc(wave=1), "skipped": proc(run="exit 77"), "need": proc("low")})
        self.run_procs("low", "high", "skipped", "need")
        self.assert_ran("high")

    def test_locks_are_taken_all_or_none_and_nobody_is_overtaken(self):
        gates = {name: self.ws.gate(name) for name in ("ga", "gb")}
        self.serve({"a": proc(locks=["x"], run=gates["ga"]), "b": proc(locks=["y"], run=gates["gb"]),
                    "both": proc(locks=["x", "y"]), "later": proc(locks=["x"]), "other": proc(locks=["z"])})
        run = self.start("a", "b", "both", "later", "other")
        self.wait("other", run=run)
        self.ws.open_gate("ga")
        self.wait("a", run=run)
        self.assertEqual(("wanted", "wanted"), (self.state("both"), self.state("later")))
        self.ws.open_gate("gb")
        self.wait(run=run)
        self.assert_order("other", "both", "later")

    def test_parallel_1_runs_all_in_the_order_of_the_request(self):
        self.serve({"c": proc("a"), **{name: proc() for name in "abd"}}, options={"parallel": 1})
        self.call("run", "d", "b", "c")
        self.assert_order("d", "b", "a", "c")

    def test_the_limit_can_be_changed_at_run_time(self):
        gates = [self.ws.gate(f"g{i}") for i in range(2)]
        self.serve({"a": proc(run=gates[0]), "b": proc(run=gates[1])}, options={"parallel": 1})
        self.start("a", "b")
        self.until("a", "running")
        self.assertEqual("wanted", self.state("b"))
        self.ws.ppctl("options", "parallel=2*ncpu")
        self.until("b", "running")
        for bad in (0, -1, "many", 1.5, "0*ncpu", True):
            self.refused("bad_argument", ["parallel"], "options.set", values={"parallel": bad, "keep_runs": 7})
        self.ws.open_gate("g0")
        self.ws.open_gate("g1")
        self.wait()

    def test_no_failures_waits_for_nobody_by_itself(self):
        gate = self.ws.gate("gate")
        self.serve({"slow": proc(run=f"{gate}; exit 1"), "g": {"run": NOTE, "deps": [{"special": "no_failures"}]}})
        run = self.start("slow", "g")
        self.wait("g", run=run)
        self.ws.open_gate("gate")
        self.wait("slow", run=run)
        self.assert_order("g")


class Dependencies(semantics.Case):
    def test_names_patterns_and_globs(self):
        self.serve({"top": proc("setup", "b::1", "g::*"), "setup": proc()},
                   {"b::[x]": proc("c::[x]::fixed"), "c::[x]::[y]": proc(),
                    "g::[x]": proc("setup", args={"x": {"choices": ["p", "q"]}})})
        views = self.run_procs("top")
        self.assertEqual(["setup", "b::1", "g::p", "g::q"], views["top"]["deps"])
        self.assert_ran("top", "setup", "b::1", "c::1::fixed", "g::p", "g::q")
        self.assert_order("c::1::fixed", "b::1", "top")

    def test_keywords_of_the_dependent_are_no_part_of_a_pattern_that_lacks_them(self):
        self.serve()
        self.refused("bad_definition", ["y", "a::[x]"], "define",
                     definitions={"protos": {"a::[x]": proc("b::[y]")}})
        self.define(protos={"a::[x]": proc("b::[k]", args={"k": {"default": "const"}}), "b::[z]": proc()})
        self.run_procs("a::1")
        self.assert_ran("b::const", "a::1")

    def test_a_strict_missing_dependency_is_an_error_of_the_request(self):
        self.serve({"a": proc("b"), "b": proc("ghost"), "c": proc()}, options={"allow_missing_deps": False})
        data = self.refused("missing_dep", ["b", "ghost"], "start", "c", "a")
        self.assertEqual(["b", "ghost"], data["names"])
        self.assertRegex(self.ws.ppctl("run", "a", status=2).err, "^ppctl: .*b.*ghost")
        self.call("options.set", values={"allow_missing_deps": True})
        self.assertEqual("dep_missing", self.run_procs("a")["b"]["error"])

    def test_a_missing_dependency_waits_as_long_as_something_could_define_it(self):
        gate = self.ws.gate("gate")
        self.serve({"a": proc("ghost"), "b": proc("never"), "hold": proc(run=gate), "c": proc("b")},
                   {"x::[x]": proc()})
        run = self.start("a", "c", "hold")
        self.until("hold", "running")
        self.assertEqual({"a": "wanted", "b": "wanted", "c": "wanted", "hold": "running"},
                         {name: view["state"] for name, view in self.views(run=run).items()})
        self.define({"ghost": proc("x::1")})
        self.wait("a", run=run)
        self.assert_order("x::1", "ghost", "a")
        self.assertIn("never", self.views("b")["b"]["waits"])
        self.ws.open_gate("gate")
        views = self.wait(run=run)
        self.assertEqual(["dep_missing", "dep_failed"], [views[name]["error"] for name in "bc"])

    def test_a_running_proc_defines_what_another_waits_for(self):
        self.serve({"a": proc("made"), "maker": proc(run="ppctl define made -- sh -c 'echo made >>trace'")})
        self.assertTrue(self.call("run", "a", "maker")["ok"])
        self.assert_order("made", "a")

    def test_a_definition_that_comes_late_and_cannot_be_is_a_failure_of_its_dependent(self):
        gate = self.ws.gate("gate")
        self.serve({"a": proc("ghost"), "w": proc("high"), "hold": proc(run=gate), "ok": proc("fine")})
        run = self.start("a", "w", "ok", "hold")
        self.until("hold", "running")
        self.define({"ghost": proc("a"), "high": proc(wave=9), "fine": proc()})
        self.wait("ok", run=run)
        self.ws.open_gate("gate")
        views = self.wait(run=run)
        self.assertEqual((None, True, True), (views["ok"]["error"], views["a"]["error"] is not None,
                                              views["w"]["error"] is not None))


class Dynamic(semantics.Case):
    def test_a_command_prints_names_lines_or_a_list(self):
        """With the environment of the proc; standard error goes to the log; placeholders in a list are filled."""
        self.serve({"lines": {"run": NOTE, "deps": [{"command": "echo one; echo; echo '  f::2  '; echo seen $PP_PROC >&2"}]},
                    "none": {"run": NOTE, "deps": [{"command": "true"}]}, "one": proc()},
                   {"f::[x]": proc(), "list::[n]": {"run": NOTE, "deps": [{"command": ["printf", '["f::%s", "one"]', "[n]"]}]},
                    "sh::[n]": {"run": NOTE, "deps": [{"command": 'echo "f::$n-$TARGET"'}], "env": {"TARGET": "[n]"}}})
        views = self.run_procs("lines", "none", "list::7", "sh::a")
        self.assertEqual(["one", "f::2"], views["lines"]["deps"])
        self.assertEqual(["f::7", "one"], views["list::7"]["deps"])
        self.assertIn("f::a-a", views)
        self.assertIn("seen lines", self.ws.ppctl("logs", "lines").out)
        self.assert_ran("lines", "none", "one", "f::2", "f::7", "f::a-a", "list::7", "sh::a")

    def test_what_only_an_answer_reveals_fails_that_execution_with_resolve(self):
        """A cycle, a wave, ambiguity, a strict missing name, a bad name or value; others are unharmed."""
        def asks(*lines):
            return {"run": NOTE, "deps": [{"command": ["printf", "%s\\n", *lines]}]}
        self.serve({"cycle": asks("mid"), "mid": proc("cycle"), "self": asks("self"), "wave": asks("high"),
                    "high": proc(wave=3), "amb": asks("q::q"), "missing": asks("ghost"), "name": asks("a[b"),
                    "value": asks("n::x"), "glob": asks("n::*"), "status": {"run": NOTE, "deps": [{"command": "exit 4"}]},
                    "json": asks("[1]"), "fine": proc(), "after": proc("status"),
                    "nofile": {"run": NOTE, "deps": [{"command": ["./nothing"]}]}},
                   {"q::[x]": proc(), "[x]::q": proc(), "n::[n]": proc(args={"n": {"type": "int"}})},
                   options={"allow_missing_deps": False})
        bad = ("cycle", "self", "wave", "amb", "missing", "name", "value", "glob", "status", "json", "nofile")
        views = self.run_procs(*bad, "fine", "after")
        self.assertEqual({name: "resolve" for name in bad}, {name: views[name]["error"] for name in bad})
        self.assertEqual("dep_failed", views["after"]["error"])
        self.assertIn("ghost", views["missing"]["info"])
        self.assertIn("4", views["status"]["info"])
        self.assert_ran("fine")
        self.call("options.set", values={"allow_missing_deps": True})
        self.assertEqual("dep_missing", self.run_procs("missing")["missing"]["error"])

    def test_what_no_proc_can_be_called_is_not_waited_for(self):
        """Nor stored, as what is read back has to be a name."""
        gate = self.ws.gate("gate")
        self.serve({"asks": proc({"command": "echo '[env]::x'"}), "hold": proc(run=gate)},
                   {"long::[a]": proc("[a]::[a]::[a]")})
        run = self.start("hold", "asks")
        self.until("asks", "resolve", run=run)
        self.refused("bad_name", ["long::"], "start", f"long::{'a' * 400}")
        self.ws.open_gate("gate")
        self.wait(run=run)

    def test_what_is_missing_is_named_once_and_not_without_end(self):
        self.serve({"twice": proc("zz", "zz", "yy", "zz"), "many": proc(*(f"m{i}" for i in range(8))),
                    "asks": proc({"command": "yes x | head -n 5000"})})
        views = self.run_procs("twice", "many", "asks")
        self.assertEqual({"twice": "zz, yy", "many": "m0, m1, m2, m3, m4 and 3 more", "asks": "x"},
                         {name: view["info"].removeprefix("nothing defines its dependency ")
                          for name, view in views.items()})

    def test_an_answer_brings_rdeps_with_it(self):
        self.serve({"a": {"run": NOTE, "deps": [{"command": "echo t::1"}]}, "top": proc("a")},
                   {"t::[x]": proc(), "pre::[y]": proc(rdeps=["t::[y]"])})
        self.assertTrue(self.call("run", "top")["ok"])
        self.assert_order("pre::1", "t::1", "a", "top")

    def test_start_answers_before_the_command_and_the_daemon_does_not_wait(self):
        self.serve({"a": {"run": NOTE, "deps": [{"command": "until test -e go; do sleep 0.02; done; echo b"}]}, "b": proc(), "c": proc()})
        run = self.start("a")
        self.run_procs("c")
        self.assertEqual("wanted", self.state("a", run=run))
        self.call("cancel", "a")
        self.assertEqual("canceled", self.wait(run=run)["a"]["error"])
        second = self.start("a")
        self.ws.write("go", "")
        self.assertTrue(self.call("wait", run=second)["ok"])
        self.assert_order("c", "b", "a")

    def test_once_per_run_and_proc(self):
        self.serve({"a": {"deps": [{"command": "echo x >>asked; echo b"}]}, "b": proc(), "c": proc("a"), "d": proc("a")})
        self.run_procs("c", "d", "a", run="r")
        self.assertEqual("x\n", self.ws.read("asked"))
        self.run_procs("c")
        self.assertEqual("x\nx\n", self.ws.read("asked"))


if __name__ == "__main__":
    kit.main()
