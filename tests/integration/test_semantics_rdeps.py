"""Reverse dependencies: the three forms, alone and with globs, runs, replaced protos, strictness and each other."""

import kit
import semantics
from semantics import NOTE, proc


def when(target):
    return {"when_scheduled": target}


def when_target(target):
    return {"when_target_scheduled": target}


class Forms(semantics.Case):
    def test_who_brings_whom_in(self):
        """Plain and when_target_scheduled: the target brings its declarer; when_scheduled: the other way round."""
        for form, brings_target, brings_declarer in ((str, False, True), (when, True, False), (when_target, False, True)):
            with self.subTest(form=form.__name__):
                self.ws = self.workspace(form.__name__)
                self.serve({"D": proc(rdeps=[form("T")]), "T": proc(), "after-T": proc("T"), "after-D": proc("D")})
                for asked, others in ((("T",), brings_declarer * ["D"]), (("D",), brings_target * ["T"]),
                                      (("T", "D"), []), (("D", "T"), []), (("after-T",), ["T"] + brings_declarer * ["D"]),
                                      (("after-D",), ["D"] + brings_target * ["T"]), (("after-T", "after-D"), ["T", "D"])):
                    self.forget_trace()
                    self.assertTrue(self.call("run", *asked)["ok"])
                    self.assert_ran(*asked, *others)
                    if {"T", "D"} <= set(self.trace()):
                        self.assert_order("D", "T")

    def test_too_late_for_the_conditional_forms_only(self):
        """T runs or is complete in that run: nothing of the request happens; for the plain form nothing is injected."""
        gate = self.ws.gate("gate")
        self.serve({"T": proc(run=f"{NOTE}; {gate}"), "done": proc(), "hold": proc(run=self.ws.gate("hold")),
                    "fine": proc(), "F": proc(run="exit 1")}, {"new::[x]": proc()})
        run = self.start("T", "done", "hold", "F")
        self.until("T", "running")
        self.wait("done", "F", run=run)
        self.define({"W": proc(rdeps=[when("T")]), "X": proc(rdeps=[when_target("T")]), "P": proc(rdeps=["T"]),
                     "V": proc(rdeps=[when("done")]), "U": proc(rdeps=[when_target("done")]), "G": proc(rdeps=[when("F")]),
                     "via": proc("fine", "new::2", "W")})
        for name, target in (("W", "T"), ("X", "T"), ("V", "done"), ("U", "done"), ("G", "F")):
            data = self.refused("too_late", [name, target], "start", "fine", "new::1", name, run=run)
            self.assertEqual([name, target], data["names"])
        self.refused("too_late", ["W", "T"], "start", "via", run=run)
        self.assertRegex(self.ws.ppctl("--run", str(run), "run", "W", status=2).err, r"^ppctl: .*\bW\b.*\bT\b")
        self.run_procs("P", run=run)
        self.ws.open_gate("gate")
        self.ws.open_gate("hold")
        self.wait(run=run)
        self.assertEqual(1, self.trace().count("T"))

    def test_what_is_next_in_line_is_joined_where_what_runs_cannot_be(self):
        """It is too late for T as it runs to come after D; that is no reason for a third one."""
        gate = self.ws.gate("gate")
        self.serve({"T": proc(run=f"{NOTE}; {gate}")})
        runs = [self.start("T")]
        self.until("T", "running")
        self.define({"D": proc(rdeps=[when_target("T")])})
        runs += [self.start("T") for _ in range(3)]
        self.ws.open_gate("gate")
        self.wait(run=runs[0])
        self.until("T", "running", run=runs[3])
        self.ws.open_gate("gate")
        for run in runs:
            self.assertTrue(self.call("wait", run=run)["ok"])
        self.assert_ran("T", "D", "T")

    def test_choices_of_a_command_decide_about_injection(self):
        """A declaring proto, a target, or what a dependency command names may have choices that a command tells."""
        asked = {"command": "echo '[\"prod\"]'"}
        lint = proc(rdeps=["deploy::[env]"]) | {"args": {"env": {"choices": asked}}}
        self.serve({"late": proc({"command": "echo lint::prod"}), "wrong": proc({"command": "echo lint::qa"}),
                    "late-deploy": proc({"command": "echo deploy::prod"})},
                   {"lint::[env]": lint, "deploy::[env]": proc(), "push::[env]": proc(rdeps=[when("lint::[env]")])})
        for asked_for, ran in (("deploy::prod", ["lint::prod", "deploy::prod"]), ("deploy::dev", ["deploy::dev"]),
                               ("push::prod", ["push::prod"]), ("late", ["lint::prod", "late"]),
                               ("late-deploy", ["lint::prod", "deploy::prod", "late-deploy"])):
            with self.subTest(asked_for=asked_for):
                self.forget_trace()
                run = self.start(asked_for)
                self.wait(run=run)
                self.assert_ran(*ran, *(["lint::prod"] if asked_for == "push::prod" else []))
        self.assertEqual("resolve", self.run_procs("wrong")["wrong"]["error"])

    def test_a_target_that_still_waits_gets_the_new_dependency(self):
        slow = self.ws.gate("slow")
        for name, form in (("w", when), ("t", when_target), ("p", str)):
            self.ws.gate(name)
        self.serve({"slow": proc(run=slow), "T": proc("slow")})
        run = self.start("T")
        self.define({"w": proc(rdeps=[when("T")], run=f"read -r x <w; {NOTE}"),
                     "t": proc(rdeps=[when_target("T")], run=f"read -r x <t; {NOTE}"),
                     "p": proc(rdeps=["T"], run=f"read -r x <p; {NOTE}")})
        self.start("w", "t", "p", run=run)
        self.ws.open_gate("slow")
        for name in "wtp":
            self.assertEqual("wanted", self.state("T"))
            self.ws.open_gate(name)
        self.wait(run=run)
        self.assertEqual("T", self.trace()[-1])

    def test_a_target_that_fails_or_is_canceled_leaves_its_declarer_alone(self):
        self.serve({"D": proc(rdeps=[when("T")]), "T": proc(run="exit 1"), "E": proc(rdeps=["S"], run="exit 1"), "S": proc()})
        views = self.run_procs("D", "S")
        self.assertEqual((None, "exit", "exit", "dep_failed"), tuple(views[name]["error"] for name in "DTES"))

    def test_all_forms_mix_in_one_list(self):
        self.serve({"D": proc("base", rdeps=["P", when("W"), when_target("X"), when("V::1")]), "P": proc(), "W": proc(),
                    "X": proc(), "base": proc()}, {"V::[n]": proc()})
        self.run_procs("P")
        self.assert_ran("base", "D", "P", "W", "V::1")
        self.forget_trace()
        self.run_procs("X")
        self.assert_ran("base", "D", "X", "W", "V::1")
        for target in ("P", "W", "V::1", "X"):
            self.forget_trace()
            self.run_procs("D", target)
            self.assert_order("base", "D", target)

    def test_recursively(self):
        """A declarer is itself a target; a pulled target pulls more in."""
        self.serve({"a": proc(rdeps=["b"]), "b": proc(rdeps=[when_target("c")]), "c": proc(), "d": proc(rdeps=[when("e")]),
                    "e": proc(rdeps=[when("f")]), "f": proc("g"), "g": proc(), "h": proc(rdeps=["g"])})
        self.run_procs("c")
        self.assert_order("a", "b", "c")
        self.forget_trace()
        self.run_procs("d")
        self.assert_ran("d", "e", "f", "g", "h")
        self.assert_order("h", "g", "f")
        self.assertLess(self.trace().index("d"), self.trace().index("e"))

    def test_a_cycle_or_a_wave_that_one_brings_in(self):
        self.serve({"a": proc("b", rdeps=["b"]), "b": proc(), "c": proc("d"), "d": proc(rdeps=[when("x")]), "x": proc("y"),
                    "y": proc(rdeps=[when_target("c")]), "k": proc("l", rdeps=[when("l")]), "l": proc(),
                    "hi": proc(wave=2, rdeps=["lo", when("lo2"), when_target("lo3")]), "lo": proc(), "lo2": proc(),
                    "lo3": proc(wave=1), "top": proc("lo", wave=3)})
        for name in "bak":
            self.refused("cycle", [name], "start", name)
        for name in ("lo", "hi", "lo3", "top"):
            data = self.refused("wave_order", ["hi", "2"], "start", name)
            self.assertEqual("hi", data["names"][1])
        self.run_procs("c")


class Arguments(semantics.Case):
    def test_placeholders_carried_over_from_the_target(self):
        """Those not given: not injected, defaults do not count; nor where types or choices refuse the value."""
        self.serve({"any": proc(rdeps=["t::[a]::[b]"]), "fixed": proc(rdeps=["t::[a]::x"]),
                    "twice": proc(rdeps=["t::[a]::[a]"])},
                   {"t::[p]::[q]": proc(), "one::[b]": proc(rdeps=["t::[a]::[b]"]), "both::[b]::[a]": proc(rdeps=["t::[a]::[b]"]),
                    "dflt::[z]": proc(rdeps=["t::[a]::[b]"], args={"z": {"default": "1"}}),
                    "int::[a]": proc(rdeps=["t::[a]::[b]"], args={"a": {"type": "int"}}),
                    "pick::[a]": proc(rdeps=["t::[a]::[b]"], args={"a": {"choices": ["5", "6"]}}),
                    "more::[a]::[c]": proc(rdeps=["t::[a]::[b]"])})
        self.run_procs("t::y::x")
        self.assert_ran("t::y::x", "any", "fixed", "one::x", "both::x::y")
        self.forget_trace()
        self.run_procs("t::5::5")
        self.assert_ran("t::5::5", "any", "twice", "one::5", "both::5::5", "int::5", "pick::5")

    def test_a_created_proc_keeps_its_protos_rdeps_with_its_own_arguments(self):
        """Others match anything; also under another name, and none twice where the proto matches too."""
        self.serve(protos={"t::[p]::[q]": proc(), "d::[a]::[c]": proc(rdeps=["t::[a]::[b]"]), "e::[a]": proc(rdeps=["t::[a]::z"])})
        self.call("create", "d::1::k")
        self.call("create", "e::1", **{"as": "mine"})
        self.run_procs("t::1::z")
        self.assert_ran("t::1::z", "d::1::k", "mine", "e::1")
        self.forget_trace()
        self.run_procs("t::2::y")
        self.assert_ran("t::2::y")
        self.run_procs("t::2::z")
        self.assert_ran("t::2::y", "t::2::z", "e::2")

    def test_when_scheduled_fills_the_target_from_the_declarers_arguments(self):
        self.serve(protos={"t::[p]::[q]": proc(), "d::[a]::[b]": proc(rdeps=[when("t::[b]::[a]"), when("t::x::[a]")]),
                           "int::[n]": proc(args={"n": {"type": "int"}}), "e::[a]": proc(rdeps=[when("int::[a]")])})
        self.run_procs("d::1::2", "e::7")
        self.assert_ran("d::1::2", "t::2::1", "t::x::1", "e::7", "int::7")
        self.assert_order("d::1::2", "t::2::1")

    def test_a_when_scheduled_target_that_nothing_defines_or_that_cannot_be_filled(self):
        """Is a missing dependency: ignored, or an error of the request with allow_missing_deps: false.

        A value that the target's type refuses does not fill it."""
        self.serve({"d": proc(rdeps=[when("ghost")]), "e": proc(rdeps=[when("t::[x]")]), "f": proc(rdeps=[when("n::z")]),
                    "via": proc("d")}, {"t::[x]": proc(), "n::[n]": proc(args={"n": {"type": "int"}})})
        self.assertTrue(self.call("run", "d", "e", "f")["ok"])
        self.assert_ran("d", "e", "f")
        self.call("options.set", values={"allow_missing_deps": False})
        self.refused("missing_dep", ["d", "ghost"], "start", "d")
        self.refused("missing_dep", ["d", "ghost"], "start", "via")
        self.refused("missing_dep", ["e", "t::[x]"], "start", "e")
        self.refused("missing_dep", ["f", "n::z"], "start", "f")

    def test_globs_choices_and_rdeps(self):
        self.serve({"all": {"deps": ["t::*"]}},
                   {"t::[x]": proc(args={"x": {"choices": ["a", "b"]}}), "pre::[y]": proc(rdeps=["t::[y]"]),
                    "w::[x]": proc(args={"x": {"choices": ["b"]}}, rdeps=[when_target("t::[x]")])})
        self.run_procs("all")
        self.assert_ran("t::a", "t::b", "pre::a", "pre::b", "w::b")

    def test_a_replaced_proto_has_its_new_rdeps(self):
        self.serve({"t": proc(), "u": proc()})
        self.define(protos={"d::[x]": proc(rdeps=["t"])})
        self.call("create", "d::1")
        self.run_procs("t")
        self.assert_ran("d::1", "t")
        self.define(protos={"d::[x]": proc(rdeps=["u"])}, replace=True)
        self.forget_trace()
        self.run_procs("t")
        self.run_procs("u")
        self.assert_ran("t", "d::1", "u")
        self.call("undefine", "d::[x]")
        self.forget_trace()
        self.run_procs("u")
        self.assert_ran("u")


class Sharing(semantics.Case):
    def test_a_target_that_runs_elsewhere_is_executed_anew_after_its_declarer(self):
        """Only for the conditional forms; a plain one joins, since nothing was promised."""
        gate = self.ws.gate("gate")
        self.serve({"T": proc(run=f"{NOTE}; {gate}")})
        first = self.start("T")
        kit.until(lambda: self.trace() == ["T"], "it has begun")
        self.define({"D": proc(rdeps=[when_target("T")])})
        second = self.start("D", "T")
        self.wait("D", run=second)
        self.assertEqual("wanted", self.state("T", run=second))
        self.ws.open_gate("gate")
        self.wait(run=first)
        self.until("T", "running", run=second)
        self.ws.open_gate("gate")
        self.assertTrue(self.call("wait", run=second)["ok"])
        self.assertEqual(["T", "D", "T"], self.trace())

    def test_a_declarer_of_a_target_that_waits_elsewhere_comes_into_both_runs(self):
        slow = self.ws.gate("slow")
        self.serve({"slow": proc(run=slow), "T": proc("slow"), "D": proc(rdeps=[when("T")])})
        first = self.start("T")
        second = self.start("D")
        self.ws.open_gate("slow")
        self.wait(run=first)
        self.wait(run=second)
        self.assert_ran("D", "T")
        self.assert_order("D", "T")
        self.assertIn("D", self.views(run=first))


if __name__ == "__main__":
    kit.main()
