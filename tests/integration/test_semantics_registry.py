"""The registry: define, replace, undefine, create, now, the file and the clients."""

import kit
import semantics
from semantics import NOTE, proc


class Define(semantics.Case):
    def test_the_same_again_is_a_no_op_something_else_an_error_unless_it_replaces(self):
        self.serve({"filed": proc()}, {"f::[x]": proc()})
        self.assertEqual(1, self.define({"a": proc()})["added"])
        answer = self.define({"a": proc()}, {"f::[x]": proc()})
        self.assertEqual((0, 0, 2), (answer["added"], answer["replaced"], answer["same"]))
        for procs, protos in (({"a": proc(run="false"), "b": proc()}, {}), ({"filed": proc(run="false")}, {}),
                              ({}, {"f::[x]": proc(run="false")}), ({"b": proc()}, {"a": proc()})):
            data = self.refused("exists", [], "define", definitions={"procs": procs, "protos": protos})
            self.assertEqual(1, len(data["names"]))
        self.assertEqual(1, self.define({"a": proc(run="exit 3")}, replace=True)["replaced"])
        self.assertEqual("exit", self.run_procs("a")["a"]["error"])

    def test_a_request_is_whole_or_not_at_all(self):
        self.serve({"t": proc()})
        for bad in ({"rn": "x"}, {"run": 3}, {"deps": "t"}, {"wave": "1"}, {"wave": 1.5}, {"timeout": "soon"},
                    {"timeout": -1}, {"locks": [""]}, {"deps": [{"special": "luck"}]}, {"deps": [{"comand": "x"}]},
                    {"rdeps": [{"when": "t"}]}, {"result": "pipe"}, {"now": "yes"}, {"env": {"A": [1]}},
                    {"env": {"A=B": "1"}}, {"cwd": 1}, {"args": {"x": {}}}, {"deps": ["x::[y]"]}, {"run": []}, []):
            for replace in (False, True):
                self.refused("bad_definition", ["bad"], "define", replace=replace,
                             definitions={"procs": {"good": proc(now=True), "bad": bad, "t": proc(run="true")}})
        for bad in ({"prcs": {}}, {"procs": []}, "procs: {a: 1}", "- a", "procs: ["):
            self.refused("bad_definition", [], "define", definitions=bad)

    def test_from_shell_words(self):
        self.serve({"t": proc()})
        ppctl = self.ws.ppctl
        ppctl("define", "d::[a]::[b]", "--arg", "a:int=4", "--arg", "b", "--dep", "x", "--dep", "y", "--rdep", "t", "--rdep",
              "when_scheduled:u::[a]", "--rdep", "when_target_scheduled:v", "--lock", "l1", "--lock", "l2", "--wave", "2",
              "--timeout", "5m", "--", "echo", "[a]", "a b")
        shown = ppctl("--json", "show", "d::[a]::[b]").json["definition"]
        self.assertEqual({"args": {"a": {"type": "int", "default": "4"}, "b": {}}, "deps": ["x", "y"],
                          "rdeps": ["t", {"when_scheduled": "u::[a]"}, {"when_target_scheduled": "v"}],
                          "locks": ["l1", "l2"], "wave": 2, "run": ["echo", "[a]", "a b"]},
                         {key: value for key, value in shown.items() if key != "timeout"})
        ppctl("define", "t2", "--now", "--", "sh", "-c", NOTE)
        kit.until(lambda: self.trace() == ["t2"], "it has run")
        ppctl("define", "collector", "--dep", "t2")
        ppctl("run", "collector")
        self.assertEqual(2, ppctl("define", "t", "--", "false", status=2).status)
        ppctl("define", "--replace", "t", "--", "false")
        ppctl("run", "t", status=1)
        ppctl("define", "-f", self.ws.dir / "defs.yaml", status=2)
        self.ws.write("defs.yaml", "procs:\n  y1: {run: 'true'}\nprotos:\n  'p::[x]': {run: 'true'}\n")
        ppctl("define", "-f", self.ws.dir / "defs.yaml")
        ppctl("run", "y1", "p::1")
        self.ws.write("defs.yaml", "procs:\n  y1: {run: 'true'}\n  y2:\n    runn: x\n")
        self.assertRegex(ppctl("define", "-f", self.ws.dir / "defs.yaml", status=2).err, r"runn.*did you mean run")

    def test_now_starts_after_everything_else_of_the_request(self):
        self.serve({"late": proc("early", now=True), "early": proc()})
        self.call("wait")
        kit.until(lambda: self.trace() == ["early", "late"], "the file's now has run")
        answer = self.define({"a": proc("z", now=True), "b": proc("a", now=True), "z": proc()})
        self.assertEqual({"a", "b"}, set(answer["started"]))
        self.assertTrue(self.call("wait", run=answer["run"])["ok"])
        self.assert_ran("early", "late", "z", "a", "b")
        self.refused("cycle", ["c", "d"], "define", definitions={"procs": {
            "c": proc("d", now=True), "d": proc("c")}})
        self.assertEqual([], self.define({"a": proc("z", now=True)}).get("started", []))
        self.define(protos={"n::[x]": proc(now=True)})
        self.call("create", "n::1")
        kit.until(lambda: "n::1" in self.trace(), "a proc of a proto with now has run")

    def test_a_collector_succeeds_when_its_dependencies_have(self):
        self.serve({"a": proc(), "b": proc(run="exit 77"), "c": {"deps": ["a", "b"]}, "bad": proc(run="exit 1"),
                    "d": {"deps": ["c", "bad"]}, "empty": {}})
        views = self.run_procs("c", "d", "empty")
        self.assertEqual(("succeeded", "dep_failed", "succeeded"),
                         (views["c"]["state"], views["d"]["error"], views["empty"]["state"]))
        self.assertIn("bad", views["d"]["info"])


class Lifetime(semantics.Case):
    def test_what_the_file_defined_is_replaced_when_it_changes_what_clients_defined_stays(self):
        self.serve({"a": proc(run="echo 1", result="stdout"), "gone": proc()}, {"f::[x]": proc()})
        self.define({"mine": proc()}, {"m::[x]": proc()})
        self.call("create", "f::1", "m::1")
        self.ws.define({"a": proc(run="echo 2", result="stdout"), "new": proc()})
        self.run_procs("a", "new", "mine", "m::1")
        self.assertEqual(2, self.call("results")["a"])
        for name in ("gone", "f::1", "f::2"):
            self.refused("unknown_name", [name], "start", name)
        self.assertEqual({"a", "new", "mine", "m::1"}, self.views().keys())
        answer = self.call("reload")
        self.assertEqual((0, 0, 0), (answer["added"], answer["replaced"], answer["removed"]))

    def test_what_runs_keeps_the_definition_that_it_started_with(self):
        gate = self.ws.gate("gate")
        self.serve({"a": proc(run=f"{gate}; echo one", result="stdout"), "b": proc("a", run="echo $WHO", result="stdout",
                                                                                      env={"WHO": "old"})})
        run = self.start("b")
        self.until("a", "running")
        self.define({"a": proc(run="echo two", result="stdout")}, replace=True)
        self.ws.open_gate("gate")
        self.wait(run=run)
        self.assertEqual({"a": "one", "b": "old"}, {**self.call("results", run=run)})
        self.run_procs("a")
        self.assertEqual("two", self.call("results")["a"])

    def test_a_definition_that_runs_can_be_removed(self):
        gate = self.ws.gate("gate")
        self.serve({"a": proc(run=gate), "b": proc("a")})
        run = self.start("b")
        self.until("a", "running")
        self.ws.define({"c": proc()})
        self.call("reload")
        self.refused("unknown_name", ["a"], "start", "a")
        self.ws.open_gate("gate")
        self.assertTrue(self.call("wait", run=run)["ok"])
        self.assert_ran("b")

    def test_created_procs_follow_their_proto_and_go_with_it(self):
        """Also under another name, with its rdeps."""
        self.serve({"t": proc()})
        self.define(protos={"p::[x]": proc(), "q::[x]": proc(rdeps=["t"])})
        self.call("create", "p::1")
        self.call("create", "p::2", **{"as": "mine"})
        self.call("create", "q::1")
        self.run_procs("t")
        self.assert_ran("q::1", "t")
        self.define(protos={"p::[x]": proc(run="echo new-$x", result="stdout"), "q::[x]": proc()}, replace=True)
        self.run_procs("p::1", "mine")
        self.assertEqual(("new-1", "new-2"), tuple(self.call("results")[name] for name in ("p::1", "mine")))
        self.forget_trace()
        self.run_procs("t")
        self.assert_ran("t")
        self.call("undefine", "p::[x]")
        self.refused("unknown_name", ["p::1"], "start", "p::1")
        self.refused("unknown_name", ["mine"], "start", "mine")

    def test_undefine_is_whole_or_not_at_all(self):
        self.serve({"filed": proc()}, {"f::[x]": proc()})
        self.define({"a": proc(), "b": proc()})
        self.call("create", "f::1")
        self.refused("unknown_name", ["nobody"], "undefine", "a", "nobody")
        self.refused("not_allowed", ["filed"], "undefine", "a", "filed")
        self.call("undefine", "a", "f::1")
        self.assertEqual({"b", "filed"}, self.views().keys())
        self.ws.ppctl("clear", "--definitions")
        self.assertEqual({"filed"}, self.views().keys())
        self.assertEqual(["f::[x]"], [proto["name"] for proto in self.call("list")["protos"]])

    def test_a_name_of_a_client_and_of_the_file_is_an_error_of_the_file(self):
        self.serve({"a": proc()})
        self.define({"mine": proc()})
        self.ws.define({"a": proc(), "b": proc(), "mine": proc()})
        self.refused("bad_workspace", ["mine"], "start", "a")
        self.assertRegex(self.ws.ppctl("run", "a", status=2).err, r"^ppctl: parproc.yaml:\d+:\d+: .*mine")
        self.call("undefine", "mine")
        self.run_procs("b", "mine")

    def test_create_is_idempotent_answers_names_and_starts_nothing(self):
        self.serve({"p": proc()}, {"f::[x]": proc(args={"x": {"choices": ["a", "b"]}})})
        for _ in range(2):
            self.assertEqual("f::a\nf::b\np\n", self.ws.ppctl("create", "f::*", "p").out)
        self.assert_ran()
        self.assertEqual([], self.call("runs")["runs"])
        self.refused("not_a_choice", [], "create", "f::a", "f::z")

    def test_a_fresh_daemon_knows_nothing_of_before(self):
        self.serve({"a": proc()})
        self.define({"mine": proc()})
        self.run_procs("a")
        self.ws.ppctl("stop")
        self.ws.ppd("-d", "--fresh")
        self.peer = self.connect()
        self.assertEqual({"a"}, self.views().keys())
        self.assertEqual([], self.call("runs")["runs"])


class File(semantics.Case):
    def broken(self, text, *says):
        self.ws.write("parproc.yaml", text)
        done = self.ws.ppctl("reload", status=2)
        self.assertRegex(done.err, r"^ppctl: parproc.yaml:\d+:\d+: ")
        for part in says:
            self.assertIn(part, done.err)

    def test_errors_name_line_column_and_key(self):
        self.serve({"a": proc()})
        for text, *says in (
                ("procs:\n  a: {run: x}\n  a: {run: y}\n", ":3:3:", "procs.a", "uplicate"),
                ("procs:\n  a:\n    wave: high\n", ":3:", "procs.a.wave"),
                ("procs:\n  a:\n    wave: 1.5\n", ":3:", "procs.a.wave"),
                ("procs:\n  a:\n    timeout: 3 parsecs\n", ":3:", "procs.a.timeout"),
                ("procs:\n  a:\n    deps: b\n", ":3:", "procs.a.deps"),
                ("procs:\n  a:\n    depz: [b]\n", ":3:5:", "procs.a.depz", "did you mean deps?"),
                ("proc:\n  a: {}\n", ":1:1:", "proc", "did you mean procs?"),
                ("options: {paralel: 3}\n", ":1:11:", "options.paralel", "did you mean parallel?"),
                ("options: {parallel: 0}\n", "options.parallel"),
                ("options: {parallel: many}\n", "options.parallel"),
                ("options: {kill_after: -1s}\n", "options.kill_after"),
                ("options: {max_result: 1 ZB}\n", "options.max_result"),
                ("options: {separator: ''}\n", "options.separator"),
                ("options: {mode: threads}\n", "options.mode"),
                ("options: {env: mine}\n", "options.env"),
                ("options: {keep_runs: -1}\n", "options.keep_runs"),
                ("procs: [a]\n", "procs"), ("- a\n", ":1:"), ("procs: {a: [\n", ":"),
                ("procs:\n  a:\n    deps: ['b::[x]']\n", "procs.a", "x"),
                ("protos:\n  'a-[x]-[y]': {}\n", "a-[x]-[y]", "::"),
                ("protos:\n  'a::[x]':\n    args: {y: {}}\n", "a::[x]", "y"),
                ("protos:\n  'a::[x]':\n    args: {x: {type: integer}}\n", "args.x.type")):
            with self.subTest(text=text):
                self.broken(text, *says)
        self.assertEqual("idle", self.state("a"))

    def test_a_cycle_or_a_wave_error_harms_only_what_needs_it(self):
        self.serve({"a": proc("b"), "b": proc("a"), "low": proc("high"), "high": proc(wave=1), "fine": proc()})
        self.run_procs("fine", "high")
        self.refused("cycle", ["a -> b -> a"], "start", "a")
        self.refused("wave_order", ["low", "high"], "start", "low")

    def test_aliases_anchors_and_long_keys(self):
        name = "n" * 1024
        self.ws.write("parproc.yaml", "procs:\n  a: &a\n    run: &r 'true'\n  b: *a\n  c: {run: *r}\n  ? " + name +
                      "\n  : {run: 'true'}\n")
        self.ws.ppctl("run", "a", "b", "c", name)


if __name__ == "__main__":
    kit.main()
