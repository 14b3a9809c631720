"""Names, patterns and arguments: what the manual says of them, a test for each rule."""

import kit
import semantics
from semantics import proc

# Everything that may be a name.
NAMES = ["a", "build::prod", "x" * 1024, "\u00e9" * 512, "\u540d::\u524d", "-rf", "a b", "a=b", "*?", "..", "::", "7",
         "\u00a0", "\U0001f600"]
# Nothing of this may.
NO_NAMES = ["", "x" * 1025, "\u00e9" * 513, "\u540d" * 400, "a\tb", "a\nb", "a\u001bb", "a\u007fb", "a\u0080b", "a\u009fb", "a[b", "a]b",
            "a::[b]"]


class Names(semantics.Case):
    def test_a_name_has_1_to_1024_bytes_of_utf8_and_no_control_characters(self):
        self.serve()
        self.define({name: proc() for name in NAMES})
        self.assertEqual(set(NAMES), self.views().keys())
        self.run_procs(*NAMES)
        self.assert_ran(*NAMES)
        for name in NO_NAMES:
            self.refused("bad_name", [], "define", definitions={"procs": {name: proc(), "other": proc()}})

    def test_names_of_protos(self):
        """What follows a placeholder begins with the separator; none twice; an identifier in the brackets."""
        self.serve()
        for name in ("a::[x]::b", "v[x]::[y]", "[x]", "p-[_1]", "q::[A9]"):
            self.define(protos={name: proc()})
        for name in ("a-[x]-[y]", "[x]y", "a::[x]:b", "[x][y]", "a::[x]b::[y]"):
            self.refused("bad_name", ["::", "[x]"], "define", definitions={"protos": {name: proc()}})
        self.refused("bad_name", ["[x]"], "define", definitions={"protos": {"a::[x]::[x]": proc()}})
        for name in ("b::[1a]", "b::[]", "b::[a-b]", "b::[a", "b::a]", "b::[[a]]", "b::[\u00e9]", "[a]\n", ""):
            self.refused("bad_name", [], "define", definitions={"protos": {name: proc()}})

    def test_a_value_is_not_empty_and_has_no_separator_but_anything_else(self):
        self.serve(protos={"v::[x]": proc(), "two::[x]::[y]": proc()})
        for value in ("a-b", "a.b", "a/b", "a:b", ":", "a b", "a=b", "$(x)", "\u00e9"):
            self.assertEqual([f"v::{value}"], self.call("create", f"v::{value}")["procs"])
            self.assertEqual({"x": value}, self.views(f"v::{value}")[f"v::{value}"]["args"])
        for name in ("v::", "v::a::b", "two::a", "two::a::", "two::::b", "V::a"):
            self.refused("unknown_name", [name], "create", name)
        self.refused("bad_argument", ["x"], "create", "v::[x]", args={"x": ""})
        self.refused("bad_argument", ["x"], "create", "v::[x]", args={"x": "a::b"})

    def test_exactly_that_name_wins_then_the_one_pattern_that_matches(self):
        """Also as a dependency and for what was created before; more than one match lists them all."""
        self.serve({"b::exact": proc(), "top": proc("b::exact")},
                   {"b::[x]": proc(), "[y]::exact": proc(), "[y]::two": proc(), "c::[x]::[y]": proc(), "plain": proc()})
        self.run_procs("b::exact", "top", "plain")
        self.assert_ran("b::exact", "top", "plain")
        self.assertIsNone(self.views("b::exact")["b::exact"]["proto"])
        data = self.refused("ambiguous_name", ["b::two", "b::[x]", "[y]::two"], "create", "b::two")
        self.assertEqual({"b::[x]", "[y]::two"}, set(data["matches"]))
        self.refused("ambiguous_name", ["b::[x]", "[y]::two"], "start", "top", "b::two")

    def test_a_created_proc_wins_over_patterns_that_come_later(self):
        self.serve(protos={"b::[x]": proc()})
        self.call("create", "b::two")
        self.define(protos={"[y]::two": proc()})
        self.assertEqual("b::[x]", self.run_procs("b::two")["b::two"]["proto"])
        self.refused("ambiguous_name", [], "define", definitions={
            "procs": {"now": {"now": True, "deps": ["b::two", "c::two"]}}, "protos": {"c::[z]": proc()}})

    def test_an_unknown_name_suggests_the_nearest(self):
        self.serve({"setup": proc(), "release": proc()}, {"build::[env]": proc()})
        data = self.refused("unknown_name", ["setpu"], "start", "release", "setpu")
        self.assertEqual("setup", data["suggestions"][0])
        self.assertEqual("setpu", data["name"])
        done = self.ws.ppctl("run", "release", "setpu", status=2)
        self.assertRegex(done.err, r"(?s)^ppctl: .*setpu.*setup")
        self.assertRegex(self.ws.ppctl("create", "biuld::prod", status=2).err, r"build::")
        for verb in ("plan", "show", "why", "logs", "cancel", "result", "status"):
            with self.subTest(verb=verb):
                self.assertRegex(self.ws.ppctl(verb, "setpu", status=2).err, r"^ppctl: .*setpu")
        self.assert_ran()

    def test_the_separator_is_an_option(self):
        self.serve(protos={"b/[x]/[y]": proc()}, options={"separator": "/"})
        self.assertEqual({"x": "a::b", "y": "c"}, self.run_procs("b/a::b/c")["b/a::b/c"]["args"])
        self.refused("bad_name", ["/", "[x]"], "define", definitions={"protos": {"b::[x]::[y]": proc()}})
        self.refused("unknown_name", [], "create", "b/a/b/c")

    def test_one_of_many_protos_is_found(self):
        self.serve(protos={f"p{n}::[x]::end": proc() for n in range(3000)})
        self.assertEqual("p2718::[x]::end", self.run_procs("p2718::a::end")["p2718::a::end"]["proto"])


class Arguments(semantics.Case):
    def test_types(self):
        """str is the default; each has its words; the name and the environment keep the text that was given."""
        self.serve(protos={"t::[s]::[i]::[f]::[b]": {
            "args": {"i": {"type": "int"}, "f": {"type": "float"}, "b": {"type": "bool"}},
            "run": 'echo "$s $i $f $b"; ppctl --json context >ctx.json', "result": "stdout"}})
        self.run_procs("t::007::007::1e2::Yes")
        self.assertEqual({"t::007::007::1e2::Yes": "007 007 1e2 Yes"}, self.call("results"))
        self.assertEqual({"s": "007", "i": 7, "f": 100.0, "b": True}, kit.json.loads(self.ws.read("ctx.json"))["args"])
        for word, value in (("TRUE", True), ("False", False), ("1", True), ("0", False), ("yes", True), ("nO", False),
                            ("on", True), ("OFF", False)):
            name = f"t::x::-3::.5::{word}"
            self.call("create", name)
            self.assertEqual({"s": "x", "i": -3, "f": 0.5, "b": value}, self.views(name)[name]["args"])

    def test_a_value_that_does_not_fit_is_an_error_with_proto_argument_value_and_type(self):
        self.serve({"top": proc("n::x::1::on")},
                   {"n::[i]::[f]::[b]": proc(args={"i": {"type": "int"}, "f": {"type": "float"}, "b": {"type": "bool"}})})
        for name, arg, value, kind in (("n::ten::1::on", "i", "ten", "int"), ("n::1.0::1::on", "i", "1.0", "int"),
                                       ("n:: 1::1::on", "i", " 1", "int"), ("n::1::x::on", "f", "x", "float"),
                                       ("n::99999999999999999999::1::on", "i", "99999999999999999999", "int"),
                                       ("n::1::1::2", "b", "2", "bool"), ("n::1::1::truee", "b", "truee", "bool")):
            for method in ("create", "start", "plan"):
                data = self.refused("bad_argument", ["n::[i]::[f]::[b]", f"{arg}={value}", kind], method, name)
                self.assertEqual(("n::[i]::[f]::[b]", arg, value, kind),
                                 tuple(data[key] for key in ("proto", "argument", "value", "type")))
        self.refused("bad_argument", ["top", "i=x", "int"], "start", "top")
        self.assertRegex(self.ws.ppctl("create", "n::ten::1::on", status=2).err, r"^ppctl: .*n::.*i=ten.*int")

    def test_keywords_and_defaults_fill_a_pattern(self):
        """A default counts where a proto is created by its pattern; constants are arguments too."""
        self.serve(protos={"b::[e]::[n]": {
            "args": {"n": {"type": "int", "default": 4}, "k": {"default": "const"}}, "run": 'echo "$e $n $k"',
            "result": "stdout"}})
        create = self.ws.ppctl
        self.assertEqual("b::prod::4\n", create("create", "b::[e]::[n]", "e=prod").out)
        self.assertEqual("b::prod::5\n", create("create", "b::[e]::[n]", "e=prod", "n=5").out)
        self.assertEqual("b::x=y::4\n", create("create", "b::[e]::[n]", "e=x=y").out)
        self.run_procs("b::prod::4")
        self.assertEqual({"b::prod::4": "prod 4 const"}, self.call("results"))
        self.assertEqual({"e": "prod", "n": 4, "k": "const"}, self.views("b::prod::4")["b::prod::4"]["args"])
        self.refused("unknown_name", ["b::prod"], "create", "b::prod")
        self.refused("bad_argument", ["b::[e]::[n]", "e"], "create", "b::[e]::[n]", args={"n": "1"})
        self.refused("bad_argument", ["b::[e]::[n]", "z"], "create", "b::[e]::[n]", args={"e": "a", "z": "1"})
        self.refused("bad_argument", ["b::[e]::[n]", "z"], "create", "b::a::1", args={"z": "1"})
        self.assertRegex(create("run", "b::[e]::[n]", "e=a", "z=1", status=2).err, r"^ppctl: .*\bz\b")

    def test_after_two_dashes_all_are_names(self):
        self.serve({"a=b": proc()}, {"x::[v]": proc()})
        self.ws.ppctl("run", "--", "a=b")
        self.ws.ppctl("run", "x::a=b")
        self.assert_ran("a=b", "x::a=b")

    def test_an_argument_that_is_no_placeholder_needs_a_default(self):
        self.serve()
        self.refused("bad_definition", ["k"], "define", definitions={"protos": {"b::[e]": proc(args={"k": {}})}})
        self.define(protos={"b::[e]": proc(args={"k": {"type": "int", "default": 3}})})

    def test_choices(self):
        """A literal value must be among them, compared as text; a default too."""
        self.serve(protos={"c::[x]": proc(args={"x": {"choices": ["a", "b"]}}),
                           "n::[n]": proc(args={"n": {"type": "int", "choices": [1, 2]}})})
        for name, choices in (("c::z", ["a", "b"]), ("n::3", ["1", "2"]), ("n::01", ["1", "2"])):
            data = self.refused("not_a_choice", [*choices, name.split("::")[1]], "create", name)
            self.assertEqual(choices, data["choices"])
            self.refused("not_a_choice", choices, "start", "c::a", name)
        self.assertRegex(self.ws.ppctl("run", "c::z", status=2).err, r"^ppctl: .*z.*a, b")
        self.refused("bad_definition", ["z"], "define",
                     definitions={"protos": {"d::[x]": proc(args={"x": {"choices": ["a"], "default": "z"}})}})

    def test_globs_expand_in_the_order_of_the_choices_first_placeholder_slowest(self):
        self.serve({"all": {"deps": ["g::*::p*"]}},
                   {"g::[x]::[y]": proc(args={"x": {"choices": ["2", "1"]}, "y": {"choices": ["q", "pa", "pb"]}}),
                    "h::[x]::[y]": proc(args={"x": {"choices": ["c"]}}),
                    "k::[x]::[n]": proc(args={"x": {"choices": ["b", "ab"]}, "n": {"default": "1"}})})
        self.assertEqual(["g::2::q", "g::2::pa", "g::2::pb", "g::1::q", "g::1::pa", "g::1::pb"],
                         self.call("create", "g::*::*")["procs"])
        self.assertEqual(["g::1::pa", "g::1::pb"], self.call("create", "g::1::p?")["procs"])
        self.assertEqual(["h::c::z"], self.call("create", "h::?::z")["procs"])
        self.assertEqual(["g::2::q", "g::1::q"], self.call("create", "g::[x]::[y]", args={"x": "*", "y": "q"})["procs"])
        self.assertEqual(["k::ab::1"], self.call("create", "k::[x]::[n]", args={"x": "a*"})["procs"])
        self.refused("bad_argument", ["h::[x]::[y]", "y"], "create", "h::c::*")
        self.refused("not_a_choice", ["2", "1"], "create", "g::3*::*")
        self.run_procs("all")
        self.assert_ran("g::2::pa", "g::2::pb", "g::1::pa", "g::1::pb")

    def test_globs_with_rdeps(self):
        """Each proc that a glob stands for brings in what its rdeps ask for."""
        self.serve(protos={"g::[x]": proc(args={"x": {"choices": ["a", "b"]}}), "pre::[e]": proc(rdeps=["g::[e]"]),
                           "d::[x]": proc(args={"x": {"choices": ["a"]}}, rdeps=["g::[x]"])})
        self.run_procs("g::*")
        self.assert_ran("g::a", "g::b", "pre::a", "pre::b", "d::a")
        self.assert_order("pre::b", "g::b")

    def test_choices_of_a_command(self):
        """Asked at each creation, in dependencies too; what is no list of them refuses the request."""
        self.serve({"all": {"deps": ["d::*"]}},
                   {"d::[x]": proc(args={"x": {"choices": {"command": ["cat", "choices"]}}}),
                    "slow::[x]": proc(args={"x": {"choices": {"command": "exit 3"}}})})
        self.ws.write("choices", '["a", "b"]')
        self.assertEqual(["d::a", "d::b"], self.call("create", "d::*")["procs"])
        self.ws.write("choices", '["c"]')
        self.assertEqual(["d::c"], self.call("create", "d::*")["procs"])
        self.run_procs("all")
        self.assert_ran("d::c")
        self.refused("not_a_choice", ["c"], "create", "d::zz")
        for bad in ("no list", '{"a": 1}', '["a", ["b"]]', ""):
            self.ws.write("choices", bad)
            self.refused("bad_argument", ["d::[x]", "x"], "create", "d::new")
            self.assertEqual("resolve", self.run_procs("all")["all"]["error"], bad)
        self.refused("bad_argument", ["slow::[x]", "3"], "create", "slow::a")
        for bad in ('["a::b"]', '[""]', '["a\\nb"]'):
            self.ws.write("choices", bad)
            self.refused("bad_argument", ["d::[x]", "x"], "create", "d::*")

    def test_names_that_would_shadow_the_environment_are_refused(self):
        self.serve()
        for name in ("PATH", "HOME", "SHELL", "USER", "IFS", "LD_PRELOAD", "LD_", "PP_RUN", "PP_X"):
            self.refused("bad_definition", [name], "define", definitions={"protos": {f"x::[{name}]": proc()}})
            self.refused("bad_definition", [name], "define",
                         definitions={"protos": {"x::[a]": proc(args={name: {"default": "1"}})}})
        for name in ("path", "PP", "LD", "MY_PATH", "USERS"):
            self.define(protos={f"{name}::[{name}]": proc()})

    def test_another_name(self):
        """--as: taken is `exists`, unless it is the same proto and arguments; for one proc only."""
        self.serve({"taken": proc()}, {"b::[x]": proc(args={"x": {"choices": ["1", "2", "3"]}}), "c::[x]": proc()})
        create = self.ws.ppctl
        self.assertEqual("mine\n", create("create", "b::1", "--as", "mine").out)
        self.assertEqual("mine\n", create("create", "b::1", "--as", "mine").out)
        view = self.views("mine")["mine"]
        self.assertEqual(("b::[x]", {"x": "1"}), (view["proto"], view["args"]))
        for name, other in (("b::2", "mine"), ("c::1", "mine"), ("b::1", "taken")):
            self.refused("exists", [other], "create", name, **{"as": other})
        self.assertRegex(create("create", "b::2", "--as", "mine", status=2).err, "^ppctl: .*mine")
        self.refused("bad_argument", [], "create", "b::*", **{"as": "many"})
        for bad in NO_NAMES:
            self.refused("bad_name", [], "create", "b::3", **{"as": bad})
        create("run", "b::[x]", "x=3", "--as", "third")
        self.assert_ran("third")


if __name__ == "__main__":
    kit.main()
