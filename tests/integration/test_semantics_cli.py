"""The command line: each verb's answer with and without --json, options anywhere, exit statuses."""

import json
import select
import signal
import subprocess

import kit
import semantics
from semantics import proc

VIEW = {"name", "state", "error", "info", "run", "exec", "proto", "args", "deps", "locks", "wave", "log", "exit_code",
        "signal", "queued_at", "started_at", "ended_at", "result"}


class Shapes(semantics.Case):
    def test_json_documents(self):
        self.serve({"a": proc(), "b": proc("a", locks=["l"], wave=1)}, {"f::[x]": proc(args={"x": {"type": "int"}})})
        ppctl = self.ws.ppctl
        self.assertEqual({"procs": ["f::1", "a"]}, ppctl("--json", "create", "f::1", "a").json)
        ran = ppctl("run", "--json", "b").json
        self.assertEqual({"run", "ok", "procs"}, ran.keys())
        self.assertEqual({"a", "b"}, {view["name"] for view in ran["procs"]})
        waited = ppctl("--json", "--run", "1", "wait").json
        self.assertEqual((1, True), (waited["run"], waited["ok"]))
        self.assertEqual({"run": 2, "procs": ["f::1"]}, ppctl("--json", "start", "f::1").json)
        detached = ppctl("--json", "run", "--detach", "a", "b").json
        self.assertEqual({"run": 3, "procs": ["a", "b"]}, detached)
        self.assertEqual({"run": 4, "procs": []}, ppctl("--json", "open").json)
        self.assertEqual("5\n", ppctl("open", "mine").out)
        for run in ("4", "mine"):
            ppctl("close", run)
        ppctl("wait")
        views = ppctl("--json", "status").views()
        self.assertEqual({"procs"}, ppctl("--json", "status").json.keys())
        for view in views.values():
            self.assertLessEqual(VIEW, view.keys())
        one = views["f::1"]
        self.assertEqual(("succeeded", None, 2, "f::[x]", {"x": 1}, [], [], 0, 0, None),
                         tuple(one[key] for key in ("state", "error", "run", "proto", "args", "deps", "locks", "wave",
                                                    "exit_code", "signal")))
        self.assertTrue(one["queued_at"] <= one["started_at"] <= one["ended_at"])
        self.assertTrue(one["log"].startswith(str(self.ws.dir)))
        self.assertEqual((["a"], ["l"], 1), tuple(views["b"][key] for key in ("deps", "locks", "wave")))
        self.assertEqual({"a": None, "b": None, "f::1": None}, ppctl("results", "--json").json)
        ppctl("create", "f::2")
        idle = ppctl("--json", "status", "f::2").views()["f::2"]
        self.assertEqual(("idle",) + (None,) * 6, tuple(idle[key] for key in ("state", "run", "exec", "log", "queued_at",
                                                                             "started_at", "result")))

    def test_start_prints_the_runs_number_create_the_names(self):
        self.serve(protos={"f::[x]": proc(args={"x": {"choices": ["a", "b"]}})})
        names = self.ws.ppctl("create", "f::*").out
        self.assertEqual("f::a\nf::b\n", names)
        self.assertEqual("1\n", self.ws.ppctl("start", *names.split()).out)
        self.assertEqual("2\n", self.ws.ppctl("run", "--detach", "f::a").out)
        self.ws.ppctl("wait")

    def test_lines_of_a_run(self):
        self.serve({"good": proc(), "bad": proc(run="echo 'error: oh'; exit 2"), "maybe": proc(run="exit 77"), "after": proc("bad")})
        done = self.ws.ppctl("run", "good", "bad", "maybe", "after", status=1)
        for line in (r"start good", r"ok good \d+\.\ds", r"FAIL bad \d+\.\ds exit 2", r"skip maybe", r"FAIL after .*bad"):
            self.assertRegex(done.out, rf"(?m)^{line}")
        self.assertIn("error: oh", done.out)
        self.assertNotRegex(self.ws.ppctl("-q", "run", "good", "bad", status=1).out, r"(?m)^(start|ok) ")
        self.assertEqual("", self.ws.ppctl("run", "good", "-q").out)

    def test_result_and_results(self):
        self.serve({"t": proc(run="echo hello", result="stdout"), "n": proc(run="echo 5", result="stdout"), "never": proc()})
        self.ws.ppctl("run", "t", "n")
        self.assertEqual(("\"hello\"\n", "hello\n", "5\n"), tuple(self.ws.ppctl("result", *words).out for words in
                                                               (("t",), ("-r", "t"), ("-r", "n"))))
        self.assertEqual({"t": "hello", "n": 5}, json.loads(self.ws.ppctl("results").out))
        self.ws.ppctl("result", "never", status=2)
        self.ws.ppctl("result", status=2)

    def test_list_show_plan_why_run_nothing(self):
        self.serve({"a": proc(description="What a does"), "b": proc("a"), "w": proc("ghost"), "idle": proc()},
                   {"f::[x]": proc("a", args={"x": {"choices": ["p", "q"]}, "n": {"type": "int", "default": 2}},
                                   description="Makes f"), "pre": proc(rdeps=["b"])})
        listed = self.ws.ppctl("list").out
        for text in ("a", "What a does", "f::[x]", "Makes f", "p", "q"):
            self.assertIn(text, listed)
        self.assertRegex(self.ws.ppctl("plan", "b").out, r"(?s)a.*b|pre.*b")
        plan = [step["name"] for step in self.ws.ppctl("--json", "plan", "f::p", "b").json["steps"]]
        self.assertEqual({"a", "f::p", "pre", "b"}, set(plan))
        self.assertLess(plan.index("a"), plan.index("b"))
        self.assertLess(plan.index("pre"), plan.index("b"))
        self.assertNotIn("f::p", self.views())
        for name in ("a", "f::[x]"):
            self.ws.ppctl("show", name)
        self.ws.ppctl("why", "idle")
        self.assert_ran()
        self.assertEqual([], self.call("runs")["runs"])
        self.ws.ppctl("run", "w", status=1)
        self.assertIn("ghost", self.ws.ppctl("why", "w").out)
        self.assertIn("w", self.ws.ppctl("show", "1").out)

    def test_events_are_an_object_a_line(self):
        self.serve({"a": proc()})
        child = self.ws.start(kit.PPCTL, "events")
        lines = []

        def saw_the_end():
            lines.append(json.loads(child.stdout.readline()))
            return (lines[-1].get("proc") or {}).get("state") == "succeeded"

        kit.until(lambda: self.call("run", "a")["ok"] and self.has_output(child), "it listens")
        while not saw_the_end():
            pass
        child.send_signal(signal.SIGINT)
        self.assertEqual(130, self.ws.finish(child).status)
        numbers = [line["seq"] for line in lines if "seq" in line]
        self.assertEqual(numbers, sorted(set(numbers)))

    @staticmethod
    def has_output(child):
        return select.select([child.stdout], [], [], 0)[0]


class Options(semantics.Case):
    def test_before_or_after_the_verb(self):
        self.serve({"a": proc()})
        for words in (("--json", "--run", "r", "run", "a"), ("run", "--json", "a", "--run", "r"), ("run", "a", "--json", "--run=r")):
            self.assertTrue(self.ws.ppctl(*words).json["ok"])

    def test_what_is_wrong_is_2_with_a_hint(self):
        self.serve({"a": proc()})
        for words in (("rnu", "a"), ("run",), ("run", "--nonsense", "a"), ("start",), ("create",), ("logs",), ("logs", "a"),
                      ("wait", "--timeout", "soon", "a"), ("run", "a", "--param", "novalue"), ("undefine",), ("define",),
                      ("define", "x", "--wave", "high", "--", "true"), ("cancel",), ("call", "no.such", "{}"),
                      ("call", "status", "{"), ("options", "nonsense=1"), ("options", "parallel=none"), ("why", "ghost"),
                      ("close",), ("clear", "--run", "77"), ("show", "77"), ("runs", "extra"), ("-C",), ("--run",)):
            with self.subTest(words=words):
                before = self.everything()
                done = self.ws.ppctl(*words, status=2)
                self.assertRegex(done.err, r"(?m)\A(ppctl: |usage)", done)
                self.assertEqual(before, self.everything())
        self.assertIn("run", self.ws.ppctl("rnu", "a", status=2).err)

    def test_without_a_daemon(self):
        """Verbs that only look exit 3; so do all with --no-start or PP_AUTOSTART=0; others start one."""
        self.ws.define({"a": proc()})
        for verb in (("ping",), ("status",), ("logs", "a"), ("runs",)):
            self.assertRegex(self.ws.ppctl(*verb, status=3).err, "^ppctl: ")
        self.ws.ppctl("--no-start", "run", "a", status=3)
        self.ws.ppctl("run", "a", status=3, env={"PP_AUTOSTART": "0"})
        self.assertFalse((self.ws.dir / ".parproc" / "ppd.sock").exists())
        self.ws.ppctl("run", "a")
        self.ws.ppctl("ping")

    def test_exit_statuses(self):
        gate = self.ws.gate("gate")
        self.serve({"ok": proc(), "skip": proc(run="exit 77"), "bad": proc(run="exit 3"), "hold": proc(run=gate)})
        self.ws.ppctl("run", "ok", "skip", status=0)
        self.ws.ppctl("run", "ok", "bad", status=1)
        run = self.ws.ppctl("start", "bad", status=0).out.strip()
        self.ws.ppctl("--run", run, "wait", status=1)
        self.ws.ppctl("wait", "bad", status=1)
        run = self.ws.ppctl("start", "hold").out.strip()
        self.ws.ppctl("--run", run, "wait", "--timeout", "50ms", status=124)
        child = self.ws.start(kit.PPCTL, "run", "hold", "bad")
        kit.until(lambda: len(self.call("runs")["runs"]) == 5, "the run has begun")
        self.until("hold", "running")
        child.send_signal(signal.SIGTERM)
        self.assertIn(self.ws.finish(child).status, (128 + 15, 1))
        self.assertEqual("running", self.state("hold", run=run))
        self.ws.ppctl("--run", run, "cancel")
        self.ws.ppctl("--run", run, "wait", status=1)

    def test_wait_with_no_name_is_for_the_run_or_for_all_that_are_active(self):
        gate = self.ws.gate("gate")
        self.serve({"a": proc(run=gate), "bad": proc(run="exit 1")})
        self.ws.ppctl("wait")
        self.ws.ppctl("run", "bad", status=1)
        self.ws.ppctl("wait")
        self.ws.ppctl("start", "a")
        self.ws.ppctl("wait", "--timeout", "0.05", status=124)
        child = self.ws.start(kit.PPCTL, "--json", "wait")
        self.ws.open_gate("gate")
        self.assertEqual(0, self.ws.finish(child).status)
        self.ws.ppctl("wait", status=1, env={"PP_RUN": "1"})

    def test_colours_and_the_width(self):
        self.serve({"a": proc(run="exit 1")})
        for env in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"COLUMNS": "20"}):
            self.assertNotIn("\033", self.ws.ppctl("run", "a", status=1, env=env).out)

    def test_options_and_params_are_shown_and_set(self):
        self.serve({"a": proc()}, params={"p": 1})
        shown = self.ws.ppctl("--json", "options").json
        self.assertEqual({"parallel": 100, "mode": "mp", "dynamic": "auto", "separator": "::", "allow_missing_deps": True,
                          "full_log_on_failure": False, "env": "client", "max_log": "1GiB", "keep_runs": 50, "executor": "local", "jobserver": "off"},
                         {key: value for key, value in shown.items() if key not in ("kill_after", "max_result")})
        self.ws.ppctl("options", "parallel=3", "kill_after=1m", "max_result=2KiB", "allow_missing_deps=false")
        self.assertEqual((3, False), tuple(self.ws.ppctl("--json", "options").json[key] for key in
                                           ("parallel", "allow_missing_deps")))
        self.refused("bad_argument", ["nope"], "options.set", values={"parallel": 4, "nope": 1})
        self.ws.ppctl("params", "p=2", "q=a b")
        self.assertEqual({"p": 2, "q": "a b"}, self.ws.ppctl("--json", "params").json)

    def test_the_workspace_is_found_upward_and_by_the_environment(self):
        """-C and -S win over the environment, which wins over the search."""
        self.serve({"a": proc()})
        other = self.workspace("other")
        other.define({"b": proc()})
        other.ppd("-d")
        (self.ws.dir / "deep/er").mkdir(parents=True)

        def names(*words, cwd, **env):
            child = subprocess.run([kit.PPCTL, *words, "--json", "status"], cwd=cwd, env={**self.ws.env, **env},
                                       capture_output=True, text=True, timeout=kit.PATIENCE_S, check=True)
            return [view["name"] for view in json.loads(child.stdout)["procs"]]

        deep, socket = self.ws.dir / "deep/er", str(other.dir / ".parproc/ppd.sock")
        self.assertEqual(["a"], names(cwd=deep))
        self.assertEqual(["b"], names(cwd=deep, PP_WORKSPACE=str(other.dir)))
        self.assertEqual(["a"], names(cwd=other.dir, PP_WORKSPACE=str(deep)))
        self.assertEqual(["b"], names(cwd=deep, PP_SOCKET=socket))
        self.assertEqual(["a"], names("-C", str(deep), cwd=other.dir, PP_SOCKET=socket, PP_WORKSPACE=str(other.dir)))
        self.assertEqual(["b"], names("-S", socket, cwd=deep))


if __name__ == "__main__":
    kit.main()
