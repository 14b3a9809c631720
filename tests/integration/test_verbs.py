"""What the verbs of ppctl do and print, the display of run and wait, and two shells at once."""

import json
import select
import signal
import subprocess

import kit


class Display(kit.Case):
    def test_a_line_per_change(self):
        self.ws.define({"build": {"run": "true"}, "test": {"deps": ["build"], "run": "true"},
                        "maybe": {"run": "exec ppctl skip 'nothing to do'"}, "all": {"deps": ["test", "maybe"]}})
        done = self.ws.ppctl("run", "all")
        for line in (r"start build", r"ok build [0-9.]+s", r"start test", r"ok test [0-9.]+s", r"start maybe",
                     r"skip maybe nothing to do", r"ok all( [0-9.]+s)?"):
            self.assertRegex(done.out, rf"(?m)^{line}$")
        self.assertNotIn("\033", done.out)
        self.assertEqual("", done.err)

    def test_what_is_near_is_said_once(self):
        self.ws.define({"setup": {}, "setips": {}})
        self.ws.ppd("-d")
        for verb in ("show", "status", "run"):
            done = self.ws.ppctl(verb, "setop", status=2)
            self.assertEqual(1, done.err.count("did you mean"), done.err)
            self.assertIn("setup", done.err)

    def test_what_is_said_where_a_proc_is_wanted(self):
        choices = {"choices": ["linux", "macos", "windows", "bsd", "aix"]}
        self.ws.define({"idle": {"run": "true"}},
                       {"build::[on]": {"run": "true", "args": {"on": choices}},
                        "two::[a]::[on]": {"run": "true", "args": {"a": {"choices": ["x", "y"]}, "on": choices}},
                        "free::[x]::[y]": {"run": "true"}})
        self.ws.ppd("-d")
        said = {
            "build::[on]": "build::[on] is a proto, name one of its procs: build::linux, build::macos, build::windows"
                           " and 2 more",
            "two::[a]::[on]": "two::[a]::[on] is a proto, name one of its procs: two::x::linux, two::x::macos,"
                              " two::x::windows and 7 more",
            "free::[x]::[y]": "free::[x]::[y] is a proto, name one of its procs, with values in place of [x], [y]",
            "build::linx": "there is no proc build::linx (did you mean build::linux?)",
            "two::y::macso": "there is no proc two::y::macso (did you mean two::y::macos?)",
            "build::bsd": "there is no proc build::bsd yet: build::[on] makes it when it is asked for",
            "free::1::2": "there is no proc free::1::2 yet: free::[x]::[y] makes it when it is asked for",
            "idel": "there is no proc idel (did you mean idle?)",
            "nothing": "there is no proc nothing",
        }
        for verb in ("why", "logs", "status", "result", "cancel"):
            for name, text in said.items():
                self.assertEqual(f"ppctl: {text}\n", self.ws.ppctl(verb, name, status=2).err, verb)
        self.ws.ppctl("create", "build::aix", "free::1::2")
        self.assertEqual("ppctl: build::[on] is a proto, name one of its procs: build::aix\n",
                         self.ws.ppctl("why", "build::[on]", status=2).err)
        self.assertEqual("ppctl: free::[x]::[y] is a proto, name one of its procs: free::1::2\n",
                         self.ws.ppctl("why", "free::[x]::[y]", status=2).err)
        self.assertIn("there is no proc or proto build::linx (did you mean build::[on]?)",
                      self.ws.ppctl("show", "build::linx", status=2).err)

    def test_runs_that_are_not_there(self):
        self.ws.define({"a": {"run": "true"}})
        self.ws.ppd("-d")
        for run in ("7", "0", "999999999999999999999", "nightly"):
            for words in (("status",), ("report",), ("close",), ("cancel",), ("show", "a")):
                self.assertEqual(f"ppctl: there is no run {run}\n",
                                 self.ws.ppctl("--run", run, *words, status=2).err, words)
        self.assertIn("there is no run 999999999999999999999",
                      self.ws.ppctl("report", "999999999999999999999", status=2).err)
        self.assertIn("there is no run 0\n", self.ws.ppctl("--run", "0", "start", "a", status=2).err)
        self.assertIn("give its number or name", self.ws.ppctl("--run", "", "status", status=2).err)

    def test_whoever_looks_is_warned_of_a_broken_file(self):
        self.ws.define({"a": {"run": "true"}})
        self.ws.ppctl("run", "a")
        self.ws.write("parproc.yaml", 'procs: {a: {runn: "true"}}\n')
        for words in (("status",), ("list",), ("options",), ("params",), ("results",), ("result", "a"), ("wait", "a")):
            self.assertRegex(self.ws.ppctl(*words).err,
                             r"^ppctl: warning: .*parproc\.yaml:1:\d+: .*runn.*\n(  hint: .*\n)?$", words)

    def test_no_result_is_explained(self):
        self.ws.define({"bad": {"run": "false"}, "after": {"run": "true", "deps": ["bad"]},
                        "held": {"run": self.ws.gate("gate")}})
        self.ws.ppctl("run", "after", status=1)
        self.ws.ppctl("start", "held")
        self.assertEqual("ppctl: after has no result: it failed before it was started\n",
                         self.ws.ppctl("result", "after", status=2).err)
        self.assertEqual("ppctl: held has no result yet\n", self.ws.ppctl("result", "held", status=2).err)

    def test_a_cancel_of_nothing_says_so(self):
        self.ws.define({"a": {"run": "true"}, "b": {"run": "true"}, "held": {"run": self.ws.gate("gate")}})
        run = self.ws.ppctl("start", "held").out.strip()
        for words, said in ((["a"], "there is nothing of a to cancel"),
                            (["a", "b"], "there is nothing of these to cancel")):
            done = self.ws.ppctl("cancel", *words)
            self.assertEqual(("", f"ppctl: {said}\n"), (done.out, done.err))
            self.assertEqual("", self.ws.ppctl("-q", "cancel", *words).err)
        done = self.ws.ppctl("cancel", "--run", run)
        self.assertEqual(("canceled held\n", ""), (done.out, done.err))
        self.ws.ppctl("wait", "held", status=1)
        self.assertEqual("ppctl: there is nothing to cancel\n", self.ws.ppctl("cancel", "--all").err)
        self.assertEqual([], self.ws.ppctl("--json", "cancel", "--all").json["canceled"])

    def test_a_glob_that_matches_no_proto_says_what_globs_are(self):
        self.ws.define({"one-b": {"run": "true"}})
        self.assertEqual("ppctl: o*: no proc or proto of that name; a glob stands for choices of a proto's arguments\n",
                         self.ws.ppctl("run", "o*", status=2).err)

    def test_logs_that_are_not_there(self):
        self.ws.define({"a": {"run": "true"}, "b": {"run": "true"},
                        "c": {"run": "false", "retries": 1}, "skipped": {"run": "true", "deps": ["c"]}})
        self.ws.ppctl("run", "a")
        self.assertIn("ppctl: b is not in run 1\n", self.ws.ppctl("--run", "1", "logs", "b", status=2).err)
        self.assertIn("ppctl: b has not been executed yet\n", self.ws.ppctl("logs", "b", status=2).err)
        self.ws.ppctl("run", "skipped", status=1)
        for name, there in (("a", "there was 1"), ("c", "there were 2"), ("skipped", "it has not been started")):
            self.assertIn(f"ppctl: {name} has no attempt 3: {there}\n",
                          self.ws.ppctl("logs", "--attempt", "3", name, status=2).err)

    def test_failures_and_why(self):
        self.ws.define({
            "bad": {"run": "seq 100; echo 'main.c:3: error: broken'; seq 200 300; exit 4"},
            "killed": {"run": "kill -KILL $$"},
            "said": {"run": "echo the disk is full >$PP_MESSAGE; exit 1"},
            "after": {"deps": ["bad"], "run": "true"},
        })
        out = self.ws.ppctl("run", "bad", "killed", "said", "after", status=1).out
        self.assertRegex(out, r"(?m)^FAIL bad [0-9.]+s exit 4$")
        self.assertIn("\n  99\n  100\n  main.c:3: error: broken\n  200\n  201\n", out)
        self.assertNotIn("  98\n", out)
        self.assertNotIn("  202\n", out)
        self.assertRegex(out, r"(?m)^FAIL killed [0-9.]+s signal 9 \(KILL\)$")
        self.assertRegex(out, r"(?m)^FAIL said [0-9.]+s exit 1\n  the disk is full$")
        self.assertRegex(out, r"(?m)^FAIL after dep_failed: .*bad")
        self.assertEqual(1, out.count("FAIL after"))

    def test_warnings_of_what_succeeded(self):
        self.ws.define({"a": {"run": "seq 5; echo 'x.c:1: warning: unused'; seq 6 9"},
                        "b": {"run": "seq 9"},
                        "c": {"run": "for i in $(seq 40); do echo notice $i; done"}})
        out = self.ws.ppctl("run", "a", "b").out
        self.assertRegex(out, r"(?m)^ok a [0-9.]+s\n  4\n  5\n  x.c:1: warning: unused\n  6\n  7\n(?!  )")
        self.assertRegex(out, r"(?m)^ok b [0-9.]+s\n(?!  )")
        out = self.ws.ppctl("run", "c").out
        self.assertRegex(out, r"(?m)^ok c [0-9.]+s\n  notice 1\n")
        self.assertTrue(out.endswith("\n  notice 16\n  … 24 more: ppctl logs c\n"), out)
        self.assertEqual("", self.ws.ppctl("-q", "run", "a").out)

    def test_of_a_large_log_only_the_ends_are_looked_at(self):
        self.ws.define({"big": {"run": "echo warning: first; yes | head -c 3000000; echo warning: last"}})
        out = self.ws.ppctl("run", "big").out
        self.assertIn("\n  warning: first\n  y\n  y\n  --\n  y\n  y\n  warning: last\n", out)
        self.assertRegex(out, r"\n  … 0 more, and [0-9]+ bytes in the middle that were not looked at: ppctl logs big\n")

    def test_lines_that_tell_nothing(self):
        either = ["old$", {"pattern": "^notice", "when": "succeeded"}]
        run = "echo error: old; echo notice: x; seq 5; echo warning: new; exit $code"
        self.ws.define({"good": {"run": run, "env": {"code": 0}, "log_ignore": either}},
                       {"bad::[code]": {"run": run, "log_ignore": either}})
        out = self.ws.ppctl("run", "good").out
        self.assertTrue(out.endswith("s\n  4\n  5\n  warning: new\n"), out)
        out = self.ws.ppctl("run", "bad::3", status=1).out
        self.assertTrue(out.endswith("exit 3\n  error: old\n  notice: x\n  1\n  2\n  --\n  4\n  5\n  warning: new\n"), out)

    def test_another_shell_and_a_restart_know_the_patterns(self):
        gate = self.ws.gate("gate")
        definition = {"run": f"{gate}; echo warning: old; exit 0", "log_ignore": [{"pattern": "old", "when": "succeeded"}]}
        self.ws.define()
        self.ws.ppctl("define", "-f", "-", stdin=json.dumps({"procs": {"a": definition}}))
        self.ws.ppctl("start", "a")
        self.ws.ppctl("restart")
        self.assertNotIn("log_ignore", self.ws.ppctl("--json", "status", "a").views()["a"])
        child = self.ws.start(kit.PPCTL, "wait", "a")
        self.ws.open_gate("gate")
        self.assertRegex(self.ws.finish(child).out, r"\A(start a\n)?ok a [0-9.]+s\n\Z")
        view = self.ws.ppctl("--json", "status", "a").views()["a"]
        self.assertEqual(definition["log_ignore"], view["log_ignore"])
        shown = self.ws.ppctl("--json", "show", "a").json
        self.assertEqual(definition["log_ignore"], shown["definition"]["log_ignore"])

    def test_a_bad_pattern_is_refused_where_it_stands(self):
        self.ws.write("parproc.yaml", "procs:\n  a:\n    log_ignore:\n      - '['\n")
        done = self.ws.ppctl("run", "a", status=2)
        self.assertIn("parproc.yaml:4:9: procs.a.log_ignore[0]: not a regular expression: ", done.err)

    def test_names_are_links_where_that_is_asked_for(self):
        self.ws.define({"a b": {"run": "true"}, "c": {}})
        out = self.ws.ppctl("run", "a b", "c", env={"FORCE_HYPERLINK": "1"}).out
        self.assertRegex(out, r"(?m)^ok \033\]8;;file://[^/]*/[^ ]*\.log\033\\a b\033\]8;;\033\\ [0-9.]+s$")
        self.assertNotIn("\033", self.ws.ppctl("run", "a b").out)

    def test_foreign_text_cannot_move_the_cursor(self):
        self.ws.define({"a": {"run": "printf 'error: \\033[2J\\a \\033[31mred\\033[0m\\n'; exit 1"},
                        "b": {"run": "printf 'x\\033]0;title\\a' >$PP_MESSAGE; exit 1"}})
        out = self.ws.ppctl("run", "a", "b", status=1).out + self.ws.ppctl("status").out
        self.assertNotIn("\033", out)
        self.assertNotIn("\a", out)
        self.assertIn("error: ", out)

    def test_the_last_lines_of_a_large_log(self):
        self.ws.define({"big": {"run": "seq 1000000; echo last; exit 1"}})
        out = self.ws.ppctl("run", "big", status=1).out
        self.assertTrue(out.endswith("  999999\n  1000000\n  last\n"), out[-200:])
        self.assertLess(out.count("\n"), 20)

    def test_of_many_telling_lines_of_a_failure_the_last_are_shown(self):
        self.ws.define({"many": {"run": "for i in $(seq 150); do echo error $i; done; exit 1"}})
        out = self.ws.ppctl("run", "many", status=1).out
        self.assertRegex(out, r"\nFAIL many [0-9.]+s exit 1\n  … more: ppctl logs many\n  error 51\n")
        self.assertTrue(out.endswith("  error 150\n"), out)

    def test_of_a_large_log_of_a_failure_only_the_ends_are_looked_at(self):
        self.ws.define({"big": {"run": "echo error: first; yes | head -c 2000000; echo error: middle;"
                                       " yes | head -c 4000000; echo error: last; exit 1"}})
        out = self.ws.ppctl("run", "big", status=1).out
        self.assertIn("\n  … more: ppctl logs big\n  error: first\n  y\n  y\n  --\n  y\n  y\n  error: last\n", out)

    def test_the_whole_log_where_that_is_asked_for(self):
        self.ws.define({"a": {"run": "seq 30; echo error; seq 30; exit 1"}}, options={"full_log_on_failure": True})
        self.assertEqual(61, self.ws.ppctl("run", "a", status=1).out.count("\n  "))

    def test_quiet_says_only_what_failed(self):
        self.ws.define({"good": {"run": "true"}, "bad": {"run": "exit 2"}})
        self.assertEqual("", self.ws.ppctl("-q", "run", "good").out)
        self.assertRegex(self.ws.ppctl("run", "-q", "good", "bad", status=1).out, r"\AFAIL bad .*\n\Z")

    def test_nothing_is_lost_of_a_large_run(self):
        # More changes at once than the daemon keeps for a client: it drops events and says so.
        names = [f"p{i}" for i in range(6000)]
        self.ws.define({"all": {"deps": names}, "last": {"deps": ["all"], "run": "exit 1"}, **{name: {} for name in names}})
        out = self.ws.ppctl("run", "last", status=1).out
        self.assertEqual({*names, "all"}, {line.split()[1] for line in out.splitlines() if line.startswith("ok ")})
        self.assertRegex(out, r"(?m)^FAIL last .*exit 1$")
        self.assertRegex(out, r"(?m)^6002 procs, 6001 succeeded, 1 failed$")

    def test_wait_tells_of_a_name_that_nothing_defines(self):
        self.ws.define({"there": {}}, {"build::[p]": {"args": {"p": {"choices": ["linux", "macos"]}}, "run": "true"},
                                       "num::[n]": {"args": {"n": {"type": "int"}}, "run": "true"}})
        self.ws.ppd("-d")
        done = self.ws.ppctl("wait", "-t", "0", "build::linx", status=124)
        self.assertIn("waits for build::linx: there is no proc build::linx (did you mean build::linux?)\n", done.err)
        self.assertIn("waits for build::linux: there is no proc build::linux yet: build::[p] makes it when it is asked for\n",
                      self.ws.ppctl("wait", "-t", "0", "build::linux", status=124).err)
        self.assertIn("waits for num::x: there is no proc num::x\n", self.ws.ppctl("wait", "-t", "0", "num::x", status=124).err)
        self.assertNotIn("waits for", self.ws.ppctl("-q", "wait", "-t", "0", "biuld", status=124).err)
        for word in ("build::*", "there"):
            self.assertNotIn("waits for", self.ws.ppctl("wait", "-t", "0", word, status=None).err)

    def test_wait_shows_what_it_waits_for(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": gate}, "b": {"deps": ["a"], "run": "exit 3"}})
        self.ws.ppctl("start", "b")
        child = self.ws.start(kit.PPCTL, "wait", "b")
        self.ws.open_gate("gate")
        done = self.ws.finish(child)
        self.assertEqual(1, done.status)
        self.assertRegex(done.out, r"(?m)^FAIL b [0-9.]+s exit 3$")


class Signals(kit.Case):
    def start_stubborn(self, *words):
        self.ws.define({"stubborn": {"run": "trap '' TERM; echo >ready; while :; do sleep 0.1; done"}},
                       options={"kill_after": "1h"})
        self.ws.ppd("-d")
        child = self.ws.start(*words, kit.PPCTL, "run", "stubborn") if words else \
            self.ws.start(kit.PPCTL, "run", "stubborn")
        kit.until(lambda: (self.ws.dir / "ready").exists(), "it runs")
        return child

    def test_a_second_one_kills(self):
        child = self.start_stubborn()
        child.send_signal(signal.SIGINT)
        self.assertIn("canceling", child.stderr.readline())
        child.send_signal(signal.SIGTERM)
        done = self.ws.finish(child)
        self.assertEqual(130, done.status)
        self.assertRegex(done.out, "(?m)^FAIL stubborn ")
        self.assertEqual({"stubborn": "failed"}, self.ws.states("stubborn"))

    def test_a_hangup_cancels_too(self):
        self.ws.define({"long": {"run": "echo >ready; exec sleep 600"}})
        child = self.ws.start(kit.PPCTL, "run", "long")
        kit.until(lambda: (self.ws.dir / "ready").exists(), "it runs")
        child.send_signal(signal.SIGHUP)
        self.assertEqual(129, self.ws.finish(child).status)
        self.assertEqual({"long": "failed"}, self.ws.states("long"))

    def test_an_ignored_one_stays_ignored(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": gate}})
        child = self.ws.start(kit.PPCTL, "run", "a",
                              preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        child.send_signal(signal.SIGHUP)
        self.ws.open_gate("gate")
        self.assertEqual(0, self.ws.finish(child).status)

    def test_wait_cancels_nothing(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": gate}})
        self.ws.ppctl("start", "a")
        child = self.ws.start(kit.PPCTL, "wait", "a")
        kit.until(lambda: self.blocks_signals(child.pid), "it listens to signals")
        child.send_signal(signal.SIGINT)
        self.assertEqual(130, self.ws.finish(child).status)
        self.assertEqual({"a": "running"}, self.ws.states("a"))
        self.ws.open_gate("gate")

    @staticmethod
    def blocks_signals(pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            blocked = next(line for line in status if line.startswith("SigBlk:"))
        return int(blocked.split()[1], 16) & (1 << (signal.SIGINT - 1))


class Looking(kit.Case):
    def test_status_is_a_table(self):
        self.ws.define({"good": {"run": "true"}, "bad": {"run": "echo because >$PP_MESSAGE; exit 3"}, "idle": {}})
        self.ws.ppctl("run", "good", "bad", status=1)
        out = self.ws.ppctl("status").out
        self.assertRegex(out, r"\ANAME +STATE +TIME +REASON\n")
        self.assertRegex(out, r"(?m)^good +succeeded +[0-9.]+s$")
        self.assertRegex(out, r"(?m)^bad +failed +[0-9.]+s +exit 3: because$")
        self.assertRegex(out, r"(?m)^idle +idle$")
        narrow = self.ws.ppctl("status", env={"COLUMNS": "40"}).out
        self.assertTrue(all(len(line) <= 60 for line in narrow.splitlines()), narrow)

    def test_status_says_why_something_waits(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": gate}, "b": {"deps": ["a"], "run": "true"}})
        self.ws.ppctl("start", "b")
        self.assertRegex(self.ws.ppctl("status", "b").out, r"(?m)^b +wanted .*\ba\b")
        self.assertRegex(self.ws.ppctl("why", "b").out, r"\bb\b.*\ba\b")
        self.ws.open_gate("gate")
        self.ws.ppctl("wait", "b")

    def test_a_glob_stands_for_what_is_there(self):
        one, two = self.ws.gate("one"), self.ws.gate("two")
        self.ws.define({"a-one": {"run": one}, "a-two": {"run": two}, "b": {"run": "true"}, "a*b": {"run": "true"}},
                       {"a::[x]": {"run": "true", "args": {"x": {"choices": ["p", "q"]}}}})
        run = self.ws.ppctl("start", "a-one", "b").out.strip()
        self.ws.ppctl("start", "a-two")
        status = lambda *words: self.ws.ppctl("--json", "status", *words).views().keys()
        self.assertEqual({"a-one", "a-two"}, status("a-*"))
        self.assertEqual({"b", "a-two"}, status("?", "*-two"))
        self.assertEqual({"a*b"}, status("a*b"), "a name comes first")
        self.assertEqual({"a-one"}, self.ws.ppctl("--json", "--run", run, "status", "a-*").views().keys())
        self.ws.ppctl("create", "a::*")
        self.assertEqual({"a::p", "a::q"}, status("a::*"))
        self.assertEqual(["a::p", "a::q", "b"],
                         [view["name"] for view in self.ws.ppctl("--json", "status", "a::*", "b", "*::*", "b").json["procs"]])
        self.assertIn("more than 100 globs", self.ws.ppctl("status", *["*"] * 101, status=2).err)
        for words in (("status",), ("wait",), ("cancel",), ("events",)):
            self.assertIn("there is no proc c-*", self.ws.ppctl(*words, "c-*", status=2).err)
        self.assertEqual("canceled a-one\n", self.ws.ppctl("cancel", "--run", run, "a-*").out)
        self.assertEqual({"a-one"}, self.ws.ppctl("--json", "--run", run, "wait", "a-*", status=1).views().keys())
        self.ws.open_gate("two")
        views = self.ws.ppctl("--json", "wait", "a-*", status=1).views()
        self.assertEqual({"a-one": "failed", "a-two": "succeeded"}, {name: view["state"] for name, view in views.items()})

    def test_list_show_plan_why(self):
        self.ws.define({"base": {"description": "What the rest stands on", "run": "exit 1"},
                        "top": {"deps": ["mid::x"], "run": "true"}},
                       {"mid::[a]::[n]": {"args": {"a": {"choices": ["x", "y"]}, "n": {"type": "int", "default": 4}}},
                        "mid::[a]": {"deps": ["base"], "args": {"a": {"choices": ["x", "y"]}}}})
        out = self.ws.ppctl("list").out
        self.assertRegex(out, r"(?m)^base +What the rest stands on$")
        self.assertRegex(out, r"(?m)^mid::\[a\]::\[n\] +a: x\|y, n: int = 4$")
        self.assertRegex(self.ws.ppctl("plan", "top").out, r"(?s)base.*mid::x.*base \(dep\).*top.*mid::x \(dep\)")
        self.assertRegex(self.ws.ppctl("show", "top").out, r"(?s)\Aname: top\nkind: proc\n.*deps: mid::x\n")
        self.assertEqual({"base": "idle", "top": "idle"}, self.ws.states("base", "top"))
        run = str(self.ws.ppctl("--json", "run", "top", status=1).json["run"])
        self.assertIn("base", self.ws.ppctl("why", "top").out)
        self.assertRegex(self.ws.ppctl("show", run).out, r"(?s)kind: run.*NAME +STATE.*base +failed")
        self.assertRegex(self.ws.ppctl("runs").out, rf"(?m)^{run} +failed +3 +3 ")
        for words in (("show",), ("why",), ("plan",), ("logs",), ("status",), ("wait", "--timeout", "0")):
            self.ws.ppctl(*words, "tpo", status=124 if words[0] == "wait" else 2)

    def test_events(self):
        self.ws.define({"a": {"run": "true"}})
        self.ws.ppd("-d")
        watcher = self.ws.start(kit.PPCTL, "events", "--kind", "state", "a")

        def has_told_of_a_run():
            self.ws.ppctl("run", "a")
            return select.select([watcher.stdout], [], [], 0)[0]

        kit.until(has_told_of_a_run, "it has subscribed")
        seen = []
        while "succeeded" not in seen:
            event = kit.json.loads(watcher.stdout.readline())
            seen.append(event["proc"]["state"])
        watcher.terminate()
        self.ws.finish(watcher)


class Changing(kit.Case):
    def test_cancel(self):
        self.ws.define({"long": {"run": "echo >ready; exec sleep 600"}, "after": {"deps": ["long"], "run": "true"}})
        run = self.ws.ppctl("start", "after").out.strip()
        kit.until(lambda: (self.ws.dir / "ready").exists(), "it runs")
        self.ws.ppctl("cancel", "lnog", status=2)
        self.assertIn("canceled long\n", self.ws.ppctl("cancel", "long").out)
        views = self.ws.ppctl("--json", "--run", run, "wait", status=1).views()
        self.assertEqual(("canceled", "dep_failed"), (views["long"]["error"], views["after"]["error"]))

    def test_define_with_all_options(self):
        self.ws.define({"t": {"run": "true"}})
        ppctl = self.ws.ppctl
        ppctl("define", "load::[n]", "--arg", "n:int=4", "--dep", "t", "--lock", "l", "--wave", "1", "--timeout", "5m",
              "--env", "TARGET=x=y", "--param", "size=[1, 2]", "--cwd", ".", "--result", "stdout",
              "--description", "Loads", "--", "echo $n $TARGET")
        self.assertEqual(["load::4"], ppctl("create", "load::[n]").out.split())
        view = ppctl("--json", "run", "load::7").views()["load::7"]
        self.assertEqual(({"n": 7}, ["t"], ["l"], 1, "7 x=y"),
                         (view["args"], view["deps"], view["locks"], view["wave"], view["result"]))
        self.assertEqual("7 x=y\n", ppctl("result", "-r", "load::7").out)
        self.assertEqual('"7 x=y"\n', ppctl("result", "load::7").out)
        ppctl("define", "bad::[n]", "--arg", "n:number", "--", "true", status=2)
        ppctl("undefine", "nothing", status=2)
        self.assertIn("cleared", ppctl("clear", "--definitions").out)
        ppctl("run", "load::7", status=2)

    def test_define_from_a_file(self):
        self.ws.define({})
        self.ws.write("more.yaml", "procs:\n  a: {run: 'true'}  # a comment\nprotos:\n  'b::[x]':\n    deps: [a]\n")
        path = str(self.ws.dir / "more.yaml")
        self.ws.ppctl("define", "-f", path)
        self.assertIn("same 2", self.ws.ppctl("define", "-f", path).out)
        self.ws.ppctl("run", "b::1")
        self.ws.write("more.yaml", "procs:\n  a:\n    ruun: 'true'\n")
        done = self.ws.ppctl("define", "-f", path, status=2)
        self.assertIn(f"ppctl: {path}:3:5: procs.a.ruun: unknown key (did you mean run?)", done.err)
        done = self.ws.ppctl("define", "-f", "-", stdin="{", status=2)
        self.assertRegex(done.err, r"ppctl: standard input:\d+:\d+: ")
        self.ws.ppctl("define", "-f", "-", stdin="")
        self.ws.ppctl("define", "-f", "-", stdin='{"options": {}}', status=2)

    def test_settings(self):
        self.ws.define({}, params={"region": "north"})
        self.assertEqual("region=north\n", self.ws.ppctl("params").out)
        self.assertIn("n=2\n", self.ws.ppctl("params", "n=2", "text=a b").out)
        self.assertEqual({"region": "north", "n": 2, "text": "a b"}, self.ws.ppctl("--json", "params").json)
        self.assertIn("parallel=3\n", self.ws.ppctl("options", "parallel=3").out)
        self.assertIn("parallel", self.ws.ppctl("options", "paralel=3", status=2).err)

    def test_results_are_exact(self):
        self.ws.define({"a": {"run": "echo '[0.1, 1.0, 1e300, \"\\u0000\\u00fc\", {}]' >$PP_RESULT".replace("\\u0000", "")},
                        "b": {"run": "true"}})
        self.ws.ppctl("run", "a", "b")
        self.assertEqual('[0.1, 1.0, 1e+300, "ü", {}]\n', self.ws.ppctl("result", "a").out)
        self.assertEqual({"a": [0.1, 1.0, 1e300, "ü", {}], "b": None}, self.ws.ppctl("results").json)
        self.ws.ppctl("result", "c", status=2)

    def test_call(self):
        self.ws.define({"a": {}})
        self.assertEqual("a", self.ws.ppctl("call", "status", '{"names": ["a"]}').json["procs"][0]["name"])
        self.assertIn("no_such", self.ws.ppctl("call", "no_such", status=2).err)
        self.assertEqual("pong\n", self.ws.ppctl("ping").out)
        self.assertRegex(self.ws.ppctl("version").out, r"\Appctl .*\nparproc .* serves /")


class Inside(kit.Case):
    def test_what_a_process_leaves(self):
        self.ws.define({"a": {"run": "ppctl message half way && ppctl return '{\"n\": 1}'"},
                        "b": {"run": "ppctl return '{' || ppctl fail it was no JSON; echo not here"},
                        "c": {"run": "ppctl fail broken; exit $?"},
                        "d": {"run": "exec ppctl skip"}})
        views = self.ws.ppctl("--json", "run", "a", "b", "c", "d", status=1).views()
        self.assertEqual(("half way", {"n": 1}), (views["a"]["info"], views["a"]["result"]))
        self.assertEqual(("succeeded", "it was no JSON"), (views["b"]["state"], views["b"]["info"]))
        self.assertEqual(("exit", 1, "broken"), (views["c"]["error"], views["c"]["exit_code"], views["c"]["info"]))
        self.assertEqual("skipped", views["d"]["state"])

    def test_another_workspace_gets_nothing_of_this_run(self):
        other = self.workspace("other")
        other.define({"b": {"run": "true"}})
        self.ws.define({"a": {"run": f"ppctl -C {other.dir} --json run b >answer"}})
        for _ in range(3):
            self.ws.ppctl("run", "a")
        self.assertEqual(3, kit.json.loads(self.ws.read("answer"))["run"])


class TwoShells(kit.Case):
    def test_they_share_a_named_run(self):
        gate = self.ws.gate("gate")
        self.ws.define({"setup": {"run": f"echo setup >>trace; {gate}"}, "a": {"deps": ["setup"]},
                        "b": {"deps": ["setup"]}})
        run = self.ws.ppctl("open", "nightly").out.strip()
        first = self.ws.start(kit.PPCTL, "--json", "--run", "nightly", "run", "a")
        second = self.ws.start(kit.PPCTL, "--json", "--run", "nightly", "run", "b")
        kit.until(lambda: set(self.ws.states("a", "b").values()) == {"wanted"}, "both wait")
        self.ws.open_gate("gate")
        done = [self.ws.finish(child) for child in (first, second)]
        self.assertEqual([0, 0], [one.status for one in done])
        self.assertEqual([int(run)] * 2, [one.json["run"] for one in done])
        self.ws.ppctl("close", "nightly")
        self.assertEqual("setup\n", self.ws.read("trace"))
        self.assertIn("succeeded", self.ws.ppctl("runs").out)
        self.assertIn("cleared 1", self.ws.ppctl("clear", "--run", "nightly").out)

    def test_names_may_look_like_options_and_arguments(self):
        self.ws.define({"--json": {"run": "true"}, "x=1": {"run": "true"}, "x::y=1": {"run": "true"}})
        self.ws.ppctl("run", "x::y=1", "--", "--json", "x=1")
        self.assertEqual({"succeeded"}, set(self.ws.states("--", "--json", "x=1", "x::y=1").values()))

    def test_a_pipe_that_closes_ends_the_client_only(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": gate}, "b": {"deps": ["a"], "run": "true"}})
        child = self.ws.start(kit.PPCTL, "run", "b", restore_signals=True, stderr=subprocess.DEVNULL)
        self.assertEqual("start a\n", child.stdout.readline())
        child.stdout.close()
        self.ws.open_gate("gate")
        child.wait(kit.PATIENCE_S)
        self.ws.ppctl("wait", "b")
        self.assertEqual({"b": "succeeded"}, self.ws.states("b"))


if __name__ == "__main__":
    kit.main()
