"""What a process leaves, knows and may ask: results, context, nested requests, its environment."""

import json
import os

import kit
import semantics
from semantics import NOTE, proc


class Results(semantics.Case):
    def test_a_result_is_the_json_value_in_a_file_or_what_was_printed(self):
        self.serve({"file": proc(run='echo \'{"a": [1, 2.5, null, "\\u00e9"]}\' >$PP_RESULT'), "none": proc(run="true"),
                    "skip": proc(run="echo 1 >$PP_RESULT; exit 77"), "fail": proc(run="echo 2 >$PP_RESULT; exit 1"),
                    "bad": proc(run="echo '{' >$PP_RESULT"), "empty": proc(run=": >$PP_RESULT"),
                    "json": proc(run="echo '[1]'", result="stdout"), "text": proc(run="printf 'a\\n\\n'", result="stdout"),
                    "both": proc(run="echo out; echo 3 >$PP_RESULT", result="stdout"), "quiet": proc(run="true", result="stdout"),
                    "collector": {"deps": ["none"]}, "after": proc("fail"), "two": proc(run="echo '1 2' >$PP_RESULT")})
        views = self.run_procs("file", "none", "skip", "fail", "bad", "empty", "json", "text", "both", "quiet", "collector",
                               "after", "two")
        self.assertEqual({"file": {"a": [1, 2.5, None, "\u00e9"]}, "none": None, "skip": 1, "fail": 2, "bad": None,
                          "empty": None, "json": [1], "text": "a\n", "both": "out", "quiet": "", "collector": None,
                          "two": None}, self.call("results"))
        self.assertEqual({"bad": "bad_result", "two": "bad_result", "empty": "bad_result"},
                         {name: view["error"] for name, view in views.items() if view["error"] == "bad_result"})
        self.assertEqual([1], views["json"]["result"])
        self.assertIn("out", self.ws.ppctl("logs", "both").out)

    def test_of_a_run_or_of_each_procs_newest_execution(self):
        self.serve({"a": proc(run="echo $PP_RUN", result="stdout"), "b": proc(run="echo $PP_RUN", result="stdout"), "c": proc()})
        self.run_procs("a", "b")
        self.run_procs("a")
        self.assertEqual({"a": 2, "b": 1}, self.call("results"))
        self.assertEqual({"a": 1, "b": 1}, self.call("results", run=1))
        self.assertEqual({"a": 2}, self.ws.ppctl("--json", "--run", "2", "results").json)
        self.assertEqual("1\n", self.ws.ppctl("--run", "1", "result", "a").out)
        self.assertEqual(2, self.ws.ppctl("result", "c", status=None).status)
        self.ws.ppctl("result", "nobody", status=2)

    def test_the_limit_is_an_option(self):
        self.serve({"a": proc(run='printf \'"%098d"\' 0 >$PP_RESULT'), "b": proc(run="printf %0101d 0", result="stdout")},
                   options={"max_result": "100"})
        views = self.run_procs("a", "b")
        self.assertEqual((None, "bad_result"), (views["a"]["error"], views["b"]["error"]))
        self.call("options.set", values={"max_result": "1KiB"})
        self.assertTrue(self.call("run", "a", "b")["ok"])
        self.call("options.set", values={"max_result": 50})
        self.assertFalse(self.call("run", "a")["ok"])

    def test_return_message_skip_and_fail(self):
        self.serve({"r": proc(run="ppctl return '{\"x\": 1}'; ppctl message 'all well'"),
                    "s": proc(run="exec ppctl skip 'not today'"), "f": proc(run="exec ppctl fail 'no luck'"),
                    "s0": proc(run="exec ppctl skip"), "f0": proc(run="exec ppctl fail"),
                    "b": proc(run="ppctl return '{'; test $? = 2")})
        views = self.run_procs("r", "s", "f", "s0", "f0", "b")
        self.assertEqual({"r": ("succeeded", None, None), "s": ("skipped", None, 77), "f": ("failed", "exit", 1),
                          "s0": ("skipped", None, 77), "f0": ("failed", "exit", 1)},
                         {name: (views[name]["state"], views[name]["error"], views[name]["exit_code"] or None)
                          for name in ("r", "s", "f", "s0", "f0")})
        self.assertEqual(("all well", "not today", {"x": 1}), (views["r"]["info"], views["s"]["info"], views["r"]["result"]))
        self.assertIn("no luck", views["f"]["info"])
        self.assertEqual("succeeded", views["b"]["state"])
        for words in (("return", "1"), ("skip",), ("fail",), ("message", "x"), ("context",)):
            self.assertRegex(self.ws.ppctl(*words, status=2).err, "^ppctl: ")


class Context(semantics.Case):
    def test_arguments_and_variables(self):
        self.serve(protos={"p::[a]::[n]": {"run": "env -0 >env; ppctl --json context >ctx; cp $PP_LOG log; echo $PP_RESULT",
                                           "args": {"n": {"type": "int"}, "k": {"type": "bool", "default": "yes"}},
                                           "deps": ["dep::[a]"], "params": {"own": [1]}},
                           "dep::[a]": {"run": "echo '\"from '$a'\"' >$PP_RESULT"}}, params={"region": "north"})
        view = self.run_procs("p::x y::007")["p::x y::007"]
        env = dict(line.split("=", 1) for line in self.ws.read("env").split("\0") if line)
        self.assertEqual(("x y", "007"), (env["a"], env["n"]))
        self.assertIn(env["k"].lower(), ("yes", "true"))
        self.assertEqual(("p::x y::007", str(view["run"]), str(view["exec"]), str(self.ws.dir), view["log"]),
                         tuple(env[name] for name in ("PP_PROC", "PP_RUN", "PP_EXEC", "PP_WORKSPACE", "PP_LOG")))
        self.assertTrue(os.path.isabs(env["PP_SOCKET"]) and os.path.isabs(env["PP_RESULT"]))
        context = json.loads(self.ws.read("ctx"))
        self.assertEqual(("p::x y::007", view["run"], {"a": "x y", "n": 7, "k": True}, {"region": "north", "own": [1]},
                          {"dep::x y": "from x y"}),
                         tuple(context[key] for key in ("proc", "run", "args", "params", "results")))
        self.assertLessEqual({"deps_changed", "changed_deps"}, context.keys())

    def test_placeholders_are_filled_where_the_page_says(self):
        """locks, cwd, env, list commands; what is no argument stays as it is; a string run: is not touched."""
        self.ws.dir.joinpath("d/x").mkdir(parents=True)
        self.serve(protos={"l::[a]": {"run": ["sh", "-c", "echo $0 $1 $V $(pwd)", "<[a]>", "[b]"], "cwd": "d/[a]",
                                      "env": {"V": "[a]-[a]"}, "locks": ["lock-[a]"], "result": "stdout"},
                           "s::[a]": {"run": "echo '[a]'", "result": "stdout"}})
        views = self.run_procs("l::x", "s::x")
        self.assertEqual(f"<x> [b] x-x {self.ws.dir}/d/x", views["l::x"]["result"])
        self.assertEqual(["lock-x"], views["l::x"]["locks"])
        self.assertEqual("[a]", views["s::x"]["result"])

    def test_no_value_is_shell_code(self):
        self.serve(protos={"s::[a]": {"run": 'printf %s "$a"', "result": "stdout"}})
        name = "s::$(touch pwned)`touch pwned`'\"; touch pwned #"
        self.run_procs(name)
        self.assertEqual(name[3:], self.call("results")[name])
        self.assertFalse((self.ws.dir / "pwned").exists())


class Nested(semantics.Case):
    def test_what_a_process_asks_for_belongs_to_its_run_and_lends_its_slot(self):
        self.serve({"outer": proc(run="ppctl run inner b::1 && test $(ppctl result b::1) = $PP_RUN && ppctl start b::2 && "
                                      f"ppctl wait b::2 && ppctl wait && {NOTE}"),
                    "inner": proc(run=f"ppctl run deep && {NOTE}"), "deep": proc(locks=["l"])},
                   {"b::[n]": proc(run=f"{NOTE}; echo $PP_RUN", result="stdout", locks=["l"])}, options={"parallel": 1})
        answer = self.call("run", "outer")
        self.assertTrue(answer["ok"], answer)
        self.assertEqual(1, len(self.call("runs")["runs"]))
        self.assert_order("deep", "inner", "outer")
        self.assert_ran("deep", "inner", "b::1", "b::2", "outer")

    def test_a_nested_wait_starts_an_idle_proc_that_it_names(self):
        self.serve({"outer": proc(run="ppctl wait idle bad; echo $? >status"), "idle": proc(), "bad": proc(run="exit 1")})
        answer = self.call("run", "outer")
        self.assertEqual("1\n", self.ws.read("status"))
        self.assert_ran("idle")
        self.assertEqual(["outer"], [view["name"] for view in answer["procs"]])
        self.assertEqual("failed", self.call("runs")["runs"][0]["state"])

    def test_what_it_starts_may_need_choices_of_a_command(self):
        """An rdep of a proto whose choices are a command's brings something in before it, or not."""
        self.serve({"outer": proc(run=f"ppctl wait idle::1 idle::2 && {NOTE}"), "idle::1": proc(), "idle::2": proc(),
                    "other": proc(run="ppctl wait idle::1 2>err; echo $? >status")},
                   {"first::[n]": proc(args={"n": {"choices": {"command": ["cat", "choices"]}}}, rdeps=["idle::[n]"])})
        self.ws.write("choices", '["1"]')
        answer = self.call("run", "outer")
        self.assertTrue(answer["ok"], answer)
        self.assert_order("first::1", "idle::1", "outer")
        self.assert_ran("first::1", "idle::1", "idle::2", "outer")
        self.ws.write("choices", "no list")
        self.assertTrue(self.call("run", "other")["ok"])
        self.assertEqual("2\n", self.ws.read("status"))
        self.assertIn("first::[n]", self.ws.read("err"))

    def test_a_wait_that_can_never_end_is_an_error_to_the_waiter(self):
        """For itself, its dependents, its locks, a higher wave; the circle is named; exit status 2."""
        def waits(for_what, **more):
            return proc(run=f"ppctl wait {for_what} 2>err.$PP_PROC; test $? = 2", **more)
        self.serve({"self": waits("self"), "dep": waits("top"), "top": proc("dep"), "holder": waits("locked", locks=["l"]),
                    "locked": proc(locks=["l"]), "low": waits("high"), "high": proc(wave=1),
                    "one": proc(run="ppctl run two"), "two": waits("one"),
                    "nobody": proc(run="ppctl wait nobody-at-all; test $? != 0")}, options={"parallel": 3})
        run = self.start("dep", "top", "self", "holder", "low", "high")
        views = self.wait(run=run)
        self.assertEqual({"succeeded"}, {view["state"] for view in views.values()}, views)
        for name, circle in (("self", ["self"]), ("dep", ["dep", "top"]), ("holder", ["holder", "locked"]),
                             ("low", ["low", "high"])):
            for part in circle:
                self.assertIn(part, self.ws.read(f"err.{name}"))
        self.assertEqual(["succeeded"], [view["state"] for view in self.call("run", "one")["procs"]])
        self.assertEqual(["succeeded"], [view["state"] for view in self.call("run", "nobody")["procs"]])

    def test_a_wait_or_run_that_is_refused_starts_nothing(self):
        self.serve({"holder": proc(run=f"ppctl wait fine locked; test $? = 2 && ppctl run fine locked; test $? = 2 && {NOTE}",
                                   locks=["l"]),
                    "fine": proc(), "locked": proc(locks=["l"])})
        answer = self.call("run", "holder")
        self.assertTrue(answer["ok"], answer)
        self.assertEqual({"holder"}, self.views(run=answer["run"]).keys())
        self.assert_ran("holder")

    def test_a_timeout_goes_on_inside_a_nested_wait(self):
        self.serve({"outer": proc(run="ppctl run inner", timeout="0.5s"), "inner": proc(run="sleep 600"),
                    "catcher": proc(run=f"ppctl run slow; test $? = 1 && {NOTE}"), "slow": proc(run="sleep 600", timeout="0.2s")},
                   options={"parallel": 2, "kill_after": "1s"})
        run = self.start("outer", "catcher")
        self.wait("outer", "catcher", run=run)
        self.assertEqual("timeout", self.state("outer"))
        self.call("cancel", "inner")
        self.wait(run=run)
        self.assertEqual(("succeeded", "timeout"), (self.state("catcher"), self.state("slow")))

    def test_missing_dependencies_under_a_blocked_waiter_fail(self):
        """A run whose only running executions wait inside counts as having nothing running."""
        self.serve({"outer": proc(run="ppctl wait needs; test $? = 1"), "needs": proc("ghost")})
        views = {view["name"]: view for view in self.call("run", "outer", "needs")["procs"]}
        self.assertEqual(("succeeded", "dep_missing"), (views["outer"]["state"], views["needs"]["error"]))

    def test_it_may_define_create_and_look(self):
        self.serve({"outer": proc(run="ppctl define made --now -- true; ppctl create f::1 >names; ppctl --json status made "
                                      ">status; ppctl run f::1; ppctl results >results")},
                   {"f::[x]": proc(run="echo 5", result="stdout")})
        run = self.call("run", "outer")["run"]
        self.wait(run=run)
        self.assertEqual("f::1\n", self.ws.read("names"))
        self.assertEqual(5, json.loads(self.ws.read("results"))["f::1"])
        self.assertEqual({"outer", "made", "f::1"}, self.views(run=run).keys())


class Environment(semantics.Case):
    def test_what_a_process_finds(self):
        """Its own session and group, no input, one log in order, the workspace or cwd, TERM=dumb, NO_COLOR=1."""
        (self.ws.dir / "sub").mkdir()
        self.serve({"a": {"run": "echo one; echo two >&2; echo three; readlink /proc/self/fd/0; pwd; echo $TERM $NO_COLOR; "
                                 "cut -d' ' -f1,5,6 /proc/$$/stat"}, "b": {"run": "pwd", "cwd": "sub", "result": "stdout"}})
        self.run_procs("a", "b")
        lines = self.ws.ppctl("logs", "a").out.splitlines()
        self.assertEqual(["one", "two", "three", "/dev/null", str(self.ws.dir), "dumb 1"], lines[:6])
        pid, group, session = lines[6].split()
        self.assertEqual((pid, pid), (group, session))
        self.assertEqual(f"{self.ws.dir}/sub", self.call("results")["b"])

    def test_the_clients_environment_or_the_daemons(self):
        """A joined execution keeps the first one's; env: of the definition is over both."""
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": "echo $COLOUR $OWN", "result": "stdout", "env": {"OWN": "x"}},
                        "held": {"run": f"{gate}; echo $COLOUR", "result": "stdout"}})
        self.ws.ppd("-d", env={"COLOUR": "daemon", "OWN": "no"})
        self.peer = self.connect()
        self.ws.ppctl("run", "a", env={"COLOUR": "client", "OWN": "no"})
        self.assertEqual("client x", self.call("results")["a"])
        self.ws.ppctl("run", "a")
        self.assertEqual("x", self.call("results")["a"].strip())
        first = self.ws.ppctl("start", "held", env={"COLOUR": "first"}).out.strip()
        second = self.ws.ppctl("start", "held", env={"COLOUR": "second"}).out.strip()
        self.ws.open_gate("gate")
        for run in (first, second):
            self.wait(run=run)
            self.assertEqual("first", self.call("results", run=run)["held"])
        self.ws.ppctl("options", "env=daemon")
        self.ws.ppctl("run", "a", env={"COLOUR": "client"})
        self.assertEqual("daemon x", self.call("results")["a"])

    def test_a_list_is_executed_directly_and_found_through_path(self):
        self.ws.write("bin/tool", "#!/bin/sh\necho found \"$1\"\n", mode=0o755)
        self.ws.write("here", "#!/bin/sh\necho here\n", mode=0o755)
        self.ws.define({"a": {"run": ["tool", "$HOME *"], "result": "stdout"}, "b": {"run": ["./here"], "result": "stdout"},
                        "c": {"run": ["here"]}})
        self.ws.ppd("-d")
        self.peer = self.connect()
        self.ws.ppctl("run", "a", "b", env={"PATH": f"{self.ws.dir}/bin:{self.ws.env['PATH']}"})
        self.assertEqual({"a": "found $HOME *", "b": "here"}, self.call("results"))
        self.assertEqual("spawn", self.run_procs("c")["c"]["error"])

    def test_captured_environments_are_never_written_to_disk(self):
        self.serve({"a": proc()})
        self.ws.ppctl("run", "a", env={"SECRET_TOKEN": "hush-hush-4711"})
        self.ws.ppctl("start", "a", env={"SECRET_TOKEN": "hush-hush-4711"})
        self.wait()
        for path in (self.ws.dir / ".parproc").rglob("*"):
            if path.is_file():
                self.assertNotIn(b"hush-hush-4711", path.read_bytes(), path)


if __name__ == "__main__":
    kit.main()
