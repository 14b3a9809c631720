"""What ppctl why says: for each way to wait, to end and to come into a run, the lines, in words."""

import re
import signal

import kit

TIME = r"since \d\d:\d\d:\d\d \([0-9.hms]+ ago\)"


class Why(kit.Case):
    def assert_says(self, table, *words):
        """Of each name the lines that are told, as patterns, none less and none more."""
        for name, lines in table.items():
            with self.subTest(name):
                out = self.ws.ppctl(*words, "why", name).out
                self.assertRegex(out, r"\A" + "".join(f"{line}\n" for line in lines) + r"\Z")

    def start(self, *names, run="r"):
        return self.ws.ppctl("--run", run, "start", *names).out.strip()

    def test_what_it_waits_for(self):
        gate = self.ws.gate("gate")
        self.ws.define(
            {"holder": {"run": gate, "locks": ["disk", "net"]},
             "locked": {"run": "true", "locks": ["tape", "disk"]},
             "second": {"run": "true", "locks": ["tape"]},
             "asks": {"run": "ppctl input 'Which one?'"},
             "needs": {"run": "true", "deps": ["asks"]}, "top": {"deps": ["needs"]},
             "later": {"run": "true", "wave": 1},
             "slot": {"run": "true"},
             "lost": {"run": "true", "deps": ["ghost"]}},
            options={"parallel": 2})
        run = self.start("holder", "asks")
        for name in ("holder", "asks"):
            self.ws.until_state(name, "running")
        self.start("locked", "second", "top", "lost", "slot", "later")
        kit.until(lambda: "Which one?" in self.ws.ppctl("why", "asks").out, "asks asks")
        held = rf"holder is running\nholder was asked for in run {run} \(r\)"
        asked = [r"asks waits for input: Which one\?", r"asks was scheduled as a dependency of needs"]
        self.assert_says({
            "locked": [rf"locked waits for the lock disk, held by holder {TIME}", held],
            "second": [r"second waits for the lock tape, for which locked comes first",
                       rf"locked waits for the lock disk, held by holder {TIME}", held],
            "top": [r"top waits for needs", r"needs waits for asks", *asked],
            "asks": asked,
            "later": [r"later waits for the waves below 1: .*", held],
            "slot": [r"slot waits for a free slot: 2 may run at once \(parallel\), now (holder and asks|asks and holder)",
                     rf"slot was asked for in run {run} \(r\)"],
            "lost": [rf"lost waits for ghost, which nothing defines yet \(something of run {run} goes on\)", rf"lost was asked for in run {run} \(r\)"],
        })
        self.ws.ppctl("cancel", "asks", "lost")
        self.ws.open_gate("gate")
        self.ws.ppctl("--run", "r", "wait", status=1)

    def test_a_run_that_is_held_open_and_one_in_another(self):
        gate = self.ws.gate("gate")
        self.ws.define({"lost": {"run": "true", "deps": ["ghost"]}, "twice": {"run": gate}})
        held = self.ws.ppctl("open", "held").out.strip()
        self.start("lost", run="held")
        first = self.start("twice", run="one")
        self.ws.until_state("twice", "running")
        second = self.ws.ppctl("--run", "two", "start", "--param", "k=1", "twice").out.strip()
        self.assert_says({"lost": [rf"lost waits for ghost, which nothing defines yet \(run {held} is held open\)", rf"lost was asked for in run {held} \(held\)"]})
        self.assert_says({"twice": [rf"twice waits for the end of its execution in run {first}",
                                    rf"twice was asked for in run {second} \(two\)"]}, "--run", second)
        self.ws.ppctl("cancel", "lost")
        self.ws.ppctl("cancel", "--all", "--kill")

    def test_who_holds_it_up_was_asked_for_in_its_own_run(self):
        self.ws.define({"holder": {"run": self.ws.gate("gate"), "locks": ["l"]},
                        "locked": {"run": "true", "locks": ["l"]}})
        self.ws.ppctl("--run", "one", "start", "holder")
        self.ws.until_state("holder", "running")
        self.ws.ppctl("--run", "two", "start", "locked")
        self.assertRegex(self.ws.ppctl("why", "locked").out, r"\nholder was asked for in run \d+ \(one\)\n$")

    def test_one_at_a_time(self):
        self.ws.define({"a": {"run": self.ws.gate("gate")}, "b": {"run": "true"}}, options={"mode": "single"})
        run = self.start("a", "b")
        self.ws.until_state("a", "running")
        self.assert_says({"b": [r"b waits for its turn: one runs at a time \(mode: single\), now a",
                                rf"b was asked for in run {run} \(r\)"]})
        self.ws.open_gate("gate")
        self.ws.ppctl("--run", "r", "wait")

    def test_how_it_ended(self):
        self.ws.define({
            "fails": {"run": "echo first; printf 'ld: no \\033[31mspace\\033[0m left\\n\\n'; exit 2"},
            "middle": {"run": "true", "deps": ["fails"]}, "top": {"deps": ["middle"]},
            "draws": {"run": r"printf 'old\nstep 1\rstep 2\r'; exit 1"},
            "long": {"run": "head -c 5000000 /dev/zero | tr '\\0' x; exit 1"},
            "silent": {"run": "exit 3"}, "killed": {"run": "kill -USR1 $$"},
            "slow": {"run": "exec sleep 600", "timeout": 0.1},
            "skips": {"run": "exec ppctl skip 'nothing to do'"},
            "works": {"run": "ppctl message '3 built'"}, "all": {"deps": ["works"]},
            "missing": {"run": "true", "deps": ["ghost"]},
            "says": {"run": "ppctl message 'no disk'; exit 5"},
            "errs": {"run": "echo begin; echo 'an ERROR here'; seq 30; exit 3"},
        })
        names = ("top", "draws", "long", "silent", "killed", "slow", "skips", "all", "missing", "says", "errs")
        self.ws.ppctl("--run", "r", "run", *names, status=1)
        run = self.ws.ppctl("--json", "runs").json["runs"][0]["run"]
        asked = rf"was asked for in run {run} \(r\)"
        log = rf"log: {re.escape(str(self.ws.dir))}/.parproc/logs/\S*"
        cause = [r"fails failed \(exit\): exit status 2"]
        told = [f"{log}", "  ld: no space left"]
        self.assert_says({
            "top": [r"top failed, because middle has failed, on which it depends",
                    r"middle failed, because fails has failed, on which it depends", *cause, *told],
            "fails": [*cause, r"fails was scheduled as a dependency of middle", *told],
            "draws": [r"draws failed .*", f"draws {asked}", log, "  step 2"],
            "long": [r"long failed .*", f"long {asked}", log, "  x{500}…"],
            "silent": [r"silent failed \(exit\): exit status 3", f"silent {asked}", log],
            "killed": [r"killed failed \(signal\): .*", f"killed {asked}", log],
            "slow": [r"slow failed \(timeout\): it ran past its timeout of 0.1 s", f"slow {asked}", log],
            "skips": [r"skips was skipped: nothing to do", f"skips {asked}"],
            "works": [r"works ran and succeeded in [0-9.]+s: 3 built", r"works was scheduled as a dependency of all"],
            "all": [r"all ran and succeeded in [0-9.]+s|all succeeded, as all that it depends on has", f"all {asked}"],
            "missing": [r"missing failed \(dep_missing\): nothing defines its dependency ghost", f"missing {asked}"],
            "says": [r"says failed \(exit\): no disk \(exit status 5\)", f"says {asked}", log],
            "errs": [r"errs failed \(exit\): exit status 3", f"errs {asked}", log, "  begin", "  an ERROR here", "  1", "  2"],
        })
        self.assertIsNone(self.ws.ppctl("--json", "why", "works").json["log"])
        self.assertEqual(["top", "middle", "fails"], self.ws.ppctl("--json", "why", "top").json["causes"])

    def test_what_runs_only_without_failures_names_the_first(self):
        self.ws.define({"bad": {"run": "exit 4"}, "wary": {"run": "true", "deps": [{"special": "no_failures"}], "wave": 1}})
        self.start("wary", "bad")  # in this order they are read back
        self.ws.until_state("wary", "failed")
        for _ in range(2):
            self.assert_says({"wary": [r"wary failed \(failures\): bad in its run has failed \(no_failures\)",
                                       r"bad failed \(exit\): exit status 4", r"log: .*"]})
            self.ws.ppctl("restart")

    def test_a_command_that_fails_is_shown_as_it_was_written(self):
        command = "echo 'no such thing' >&2; exit 3"
        self.ws.define({"asks": {"run": "true", "deps": [{"command": command}]},
                        "long": {"run": "true", "deps": [{"command": ": " + "\u00e9" * 300 + "; exit 3"}]},
                        "words": {"run": "true", "deps": [{"command": ["false", "x"]}]}})
        run = self.start("asks", "long", "words")
        for name in ("asks", "long", "words"):
            self.ws.until_state(name, "failed")
        asked = rf"was asked for in run {run} \(r\)"
        self.assert_says({
            "asks": [rf"asks failed \(resolve\): command {re.escape(command)}: exit 3", f"asks {asked}", "log: .*", "  no such thing"],
            "long": ["long failed \\(resolve\\): command : \u00e9{39}…: exit 3", f"long {asked}", "log: .*"],
            "words": [r"words failed \(resolve\): command false: exit 1", f"words {asked}", "log: .*"]})

    def test_what_waits_for_what_its_process_asked_for(self):
        gate = self.ws.gate("gate")
        self.ws.define({"outer": {"run": "exec ppctl run inner"}, "inner": {"run": gate}})
        self.start("outer")
        self.ws.until_state("inner", "running")
        wait = "waits for inner, which its process asked for"
        kit.until(lambda: self.ws.ppctl("--json", "status", "outer").views()["outer"]["waits"] == wait, "outer waits")
        self.assert_says({"outer": [f"outer {wait}", "inner is running", "inner was asked for .*"]})
        self.ws.open_gate("gate")
        self.ws.ppctl("--run", "r", "wait")

    def test_who_canceled_it(self):
        self.ws.define({name: {"run": "exec sleep 600"} for name in ("a", "b", "c", "d")} |
                       {"e": {"run": self.ws.gate("gate") + "; exit 1"}})
        run = {name: self.start(name, run=name) for name in "abc"}
        run["d"] = self.ws.ppctl("--run", "d", "start", "--fail-fast", "d", "e").out.strip()
        self.ws.open_gate("gate")
        self.ws.until_state("d", "failed")
        for name in "abc":
            self.ws.until_state(name, "running")
        self.ws.ppctl("cancel", "a")
        self.ws.ppctl("--run", "b", "cancel")
        self.ws.until_state("b", "failed")
        self.ws.ppctl("cancel", "--all")
        words = {"a": "by name", "b": "with its run", "c": "with all runs"}
        for name in "abc":
            self.ws.until_state(name, "failed")
            self.assert_says({name: [rf"{name} failed \(canceled\): it was canceled {words[name]}",
                                     rf"{name} was asked for in run {run[name]} \({name}\)", r"log: .*"]})
        self.assert_says({"d": [r"d failed \(canceled\): it was canceled, as e failed \(fail_fast\)",
                                rf"d was asked for in run {run['d']} \(d\)", r"log: .*"]})

    def test_an_interrupt_cancels_the_run(self):
        self.ws.define({"a": {"run": "exec sleep 600"}})
        self.ws.ppd("-d")
        client = self.ws.start(kit.PPCTL, "run", "a")
        self.ws.until_state("a", "running")
        client.send_signal(signal.SIGINT)
        self.assertEqual(130, self.ws.finish(client).status)
        self.assert_says({"a": [r"a failed \(canceled\): it was canceled with its run", r"a was asked for in run \d+",
                                r"log: .*"]})

    def test_how_it_came_into_the_run(self):
        self.ws.define(
            {"top": {"run": "true", "deps": ["build::*", {"command": "echo listed"}]}, "listed": {"run": "true"},
             "plain": {"run": "true", "rdeps": ["top"]},
             "with": {"run": "true", "rdeps": [{"when_target_scheduled": "top"}]},
             "brings": {"run": "true", "rdeps": [{"when_scheduled": "report"}]}, "report": {"run": "true"}},
            {"build::[env]": {"args": {"env": {"choices": ["dev"]}}, "run": "true", "deps": ["base::[env]"]},
             "base::[env]": {"run": "true"}, "lint::[env]": {"run": "true", "rdeps": ["build::[env]"]}})
        self.ws.ppctl("--run", "r", "run", "top", "brings")
        run = self.ws.ppctl("--json", "runs").json["runs"][0]["run"]
        self.assert_says({name: [rf"{name} ran and succeeded in [0-9.]+s", line] for name, line in {
            "top": rf"top was asked for in run {run} \(r\)",
            "build::dev": r"build::dev was scheduled as a dependency of top",
            "base::dev": r"base::dev was scheduled as a dependency of build::dev",
            "lint::dev": r"lint::dev was scheduled for build::dev, by its rdep",
            "listed": r"listed was scheduled for top, whose command echo listed named it",
            "plain": r"plain was scheduled for top, by its rdep",
            "with": r"with was scheduled for top, by its rdep \(when_target_scheduled\)",
            "brings": rf"brings was asked for in run {run} \(r\)",
            "report": r"report comes with brings, by the rdep of that \(when_scheduled\)"}.items()})
        reasons = {"plain": "rdep", "with": "when_target_scheduled", "listed": "command"}
        for _ in range(2):
            views = self.ws.ppctl("--json", "--run", "r", "status").views()
            self.assertEqual({"top": reasons, "report": {"brings": "when_scheduled"}, "build::dev": {"lint::dev": "rdep"}},
                             {name: view["dep_reasons"] for name, view in views.items() if "dep_reasons" in view})
            self.assertEqual(reasons, self.ws.ppctl("--json", "status", "top").views()["top"]["dep_reasons"])
            self.ws.ppctl("stop")
            self.ws.ppd("-d")
        self.ws.ppctl("create", "base::x")
        self.assert_says({"base::x": [r"base::x has not been asked for yet, nor needed by anything"]})
        self.assert_says({"base::x": [rf"base::x is not in run {run}"]}, "--run", str(run))

    def test_what_brought_in_what_it_waits_for(self):
        names = ("base", "both", "plain", "listed", "early")
        gates = {name: self.ws.gate(name) for name in names}
        self.ws.define({"top": {"run": "true", "deps": ["base", "both", {"command": "echo listed"}]},
                        "base": {"run": gates["base"]}, "both": {"run": gates["both"], "rdeps": ["top"]},
                        "plain": {"run": f"{gates['plain']}; exit 1", "rdeps": ["top"]}, "listed": {"run": gates["listed"]},
                        "early": {"run": gates["early"], "rdeps": [{"when_scheduled": "top"}]}}, options={"parallel": 8})
        self.start("top", "early")
        for name in names:
            self.ws.until_state(name, "running")
        line = self.ws.ppctl("why", "top").out.splitlines()[0]
        for words in ("base", "both", r"plain \(by its rdep\)", r"early \(by its rdep, when_scheduled\)",
                      r"listed \(named by the command echo listed\)"):
            self.assertRegex(line, rf"\Atop waits for (.* )?{words}(,| and|\Z)")
        for name in names:
            self.ws.open_gate(name)
        self.ws.ppctl("--run", "r", "wait", status=1)
        self.assertIn("top failed, because plain has failed, on which it depends (by its rdep)\n",
                      self.ws.ppctl("why", "top").out)


if __name__ == "__main__":
    kit.main()
