"""`ppctl run` and what belongs to it: outcomes, exit statuses, output, results, logs."""

import re
from pathlib import Path

import kit


class Run(kit.Case):
    def test_dependencies_run_first_and_in_parallel(self):
        ws = self.ws
        # Each of the two waits for the other: only together can they end.
        left, right = ws.gate("left"), ws.gate("right")
        ws.define({
            "a": {"run": f"echo >right; {left}"},
            "b": {"run": f"{right}; echo >left"},
            "top": {"deps": ["a", "b"]},
        })
        done = ws.ppctl("--json", "run", "top")
        self.assertTrue(done.json["ok"])
        self.assertEqual({"a": "succeeded", "b": "succeeded", "top": "succeeded"},
                         {name: view["state"] for name, view in done.views().items()})

    def test_failure_is_told_and_takes_its_dependents_only(self):
        ws = self.ws
        ws.define({
            "bad": {"run": "echo all is well; echo 'error: no such thing' >&2; exit 2"},
            "after": {"deps": ["bad"], "run": "touch ran"},
            "other": {"run": "true"},
        })
        done = ws.ppctl("run", "after", "other", status=1)
        self.assertRegex(done.out, r"(?m)^FAIL bad [0-9.]+s exit 2$")
        self.assertRegex(done.out, r"(?m)^ok other [0-9.]+s$")
        self.assertIn("error: no such thing", done.out)
        view = ws.ppctl("--json", "status", "after").views()["after"]
        self.assertEqual(("failed", "dep_failed"), (view["state"], view["error"]))
        self.assertIn("bad", view["info"])
        self.assertFalse((ws.dir / "ran").exists())

    def test_skip_counts_as_success(self):
        self.ws.define({"maybe": {"run": "echo not today >$PP_MESSAGE; exit 77"},
                        "after": {"deps": ["maybe"], "run": "true"}})
        views = self.ws.ppctl("--json", "run", "after").views()
        self.assertEqual(("skipped", "not today"), (views["maybe"]["state"], views["maybe"]["info"]))
        self.assertEqual("succeeded", views["after"]["state"])

    def test_what_cannot_be_started_says_why(self):
        self.ws.define({"missing": {"run": ["./there-is-no-such-file"]},
                        "nowhere": {"run": "true", "cwd": "no/such/directory"}})
        views = self.ws.ppctl("--json", "run", "missing", "nowhere", status=1).views()
        for view in views.values():
            self.assertEqual("spawn", view["error"])
            self.assertRegex(view["info"].lower(), "no such file")

    def test_a_name_that_nobody_knows_starts_nothing(self):
        self.ws.define({"setup": {"run": "touch ran"}})
        done = self.ws.ppctl("run", "setup", "stup", status=2)
        self.assertRegex(done.err, r"(?m)^ppctl: .*stup")
        self.assertIn("setup", done.err.replace("stup", ""))
        self.assertFalse((self.ws.dir / "ran").exists())

    def test_arguments_are_never_shell_code(self):
        text = "$(touch pwned); `touch pwned` ' \" & é"
        self.ws.define(protos={
            "shell::[x]": {"run": 'printf %s "$x"', "result": "stdout"},
            "list::[x]": {"run": ["printf", "%s", "<[x]>"], "result": "stdout"},
        })
        self.ws.ppctl("run", "--", f"shell::{text}", f"list::{text}")
        results = self.ws.ppctl("--json", "results").json
        self.assertEqual({f"shell::{text}": text, f"list::{text}": f"<{text}>"}, results)
        self.assertFalse((self.ws.dir / "pwned").exists())

    def test_results_of_a_run(self):
        self.ws.define({
            "value": {"run": 'echo \'{"n": 1, "of": [true, null]}\' >"$PP_RESULT"'},
            "text": {"run": "printf 'two\\nlines\\n'", "result": "stdout"},
            "none": {"run": "true"},
            "bad": {"run": "echo '{' >\"$PP_RESULT\""},
        })
        done = self.ws.ppctl("--json", "run", "value", "text", "none", "bad", status=1)
        self.assertEqual("bad_result", done.views()["bad"]["error"])
        results = self.ws.ppctl("--json", "results", "--run", str(done.json["run"])).json
        self.assertEqual({"value": {"n": 1, "of": [True, None]}, "text": "two\nlines",
                          "none": None, "bad": None}, results)
        self.assertEqual("two\nlines\n", self.ws.ppctl("result", "-r", "text").out)

    def test_detached_run_is_waited_for_by_number(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": gate}})
        run = self.ws.ppctl("--json", "run", "--detach", "a").json["run"]
        self.ws.until_state("a", "running")
        self.ws.ppctl("wait", "--timeout", "0.1", "a", status=124)
        self.ws.open_gate("gate")
        self.assertTrue(self.ws.ppctl("--json", "--run", str(run), "wait").json["ok"])

    def test_a_glob_makes_one_proc_for_each_choice(self):
        self.ws.define(protos={"b::[x]::[y]": {
            "args": {"x": {"choices": ["1", "2"]}, "y": {"choices": ["p", "q"]}}, "run": "true"}})
        done = self.ws.ppctl("create", "b::*::*")
        self.assertEqual(["b::1::p", "b::1::q", "b::2::p", "b::2::q"], done.out.split())
        done = self.ws.ppctl("run", "b::3::p", status=2)
        self.assertRegex(done.err, "1.*2")

    def test_no_more_than_parallel_at_once(self):
        count = 'n=$(ls held | wc -l); test "$n" -le 2 || exit 9'
        self.ws.define(
            {f"p{i}": {"run": f"mkdir -p held; touch held/{i}; {count}; rm held/{i}"} for i in range(20)},
            options={"parallel": 2})
        self.ws.ppctl("run", *[f"p{i}" for i in range(20)])

    def test_locks_keep_procs_apart(self):
        alone = "mkdir busy && rmdir busy"
        self.ws.define({f"p{i}": {"run": alone, "locks": ["l"]} for i in range(12)})
        self.ws.ppctl("run", *[f"p{i}" for i in range(12)])

    def test_waves_follow_each_other(self):
        self.ws.define({f"p{i}": {"run": f"echo {i // 2} >>order", "wave": i // 2} for i in range(6)})
        self.ws.ppctl("run", *[f"p{i}" for i in reversed(range(6))])
        self.assertEqual(["0", "0", "1", "1", "2", "2"], self.ws.read("order").split())

    def test_a_cycle_is_shown_whole(self):
        self.ws.define({"a": {"deps": ["b"]}, "b": {"deps": ["c"]}, "c": {"deps": ["a"]}, "d": {}})
        done = self.ws.ppctl("run", "a", status=2)
        self.assertRegex(done.err, r"\ba\b.*\bb\b.*\bc\b.*\ba\b")
        self.ws.ppctl("run", "d")


class Logs(kit.Case):
    def test_logs_are_printed_cut_and_followed(self):
        gate = self.ws.gate("gate")
        self.ws.define({"talker": {"run": f"echo one; echo two >&2; {gate}; echo three"}})
        self.ws.ppctl("start", "talker")
        follower = self.ws.start(kit.PPCTL, "logs", "-f", "talker")
        self.assertEqual(["one\n", "two\n"], [follower.stdout.readline() for _ in range(2)])
        self.ws.open_gate("gate")
        done = self.ws.finish(follower)
        self.assertEqual((0, "three\n"), (done.status, done.out))
        self.assertEqual("one\ntwo\nthree\n", self.ws.ppctl("logs", "talker").out)
        self.assertEqual("two\nthree\n", self.ws.ppctl("logs", "--tail", "2", "talker").out)

    def test_any_name_has_a_harmless_log(self):
        names = ["../../x", "a/b", ".", "..", "-rf", "a b\u00e9", "x" * 1024, "x" * 1023 + "y", "/etc/passwd", "%2e%2e",
                 "a\\b", "~", "$(id)", "`id`", "*?", "\u202egnp.exe", "\u200b", "\U0001f600" * 256, "e\u0301", "CON", "\ufeff"]
        self.ws.define({name: {"run": "echo $PP_EXEC"} for name in names})
        views = self.ws.ppctl("--json", "run", "--", *names).views()
        logs = {view["log"] for view in views.values()}
        self.assertEqual(len(names), len(logs))
        for view in views.values():
            self.assertRegex(view["log"], "^" + re.escape(str(self.ws.dir)) + r"/\.parproc/logs/\d+/\d+-[\w%.-]*\.log$")
            self.assertTrue(view["log"].isascii())
            self.assertEqual(f"{view['exec']}\n", Path(view["log"]).read_text())


if __name__ == "__main__":
    kit.main()
