"""What has failed is tried again: each attempt with its log, seen by people and programs, also over the
death of a scheduler."""

import os
import signal

import kit

# Counts how often it was executed, and succeeds from the third time on.
THIRD = 'echo x >>times; echo "attempt $(wc -l <times)"; [ "$(wc -l <times)" -ge 3 ]'


class Retries(kit.Case):
    def times(self):
        return self.ws.read("times").count("x")

    def has_failed_at(self, attempt):
        """Whether that attempt of a is over: it waits for the next one, or that has begun."""
        view = self.ws.ppctl("--json", "status", "a").views()["a"]
        return "retry_at" in view or view.get("attempt", 0) > attempt

    def test_it_succeeds_at_last_and_so_does_the_run(self):
        self.ws.define({"a": {"run": THIRD, "retries": {"times": 5, "delay": "10ms"}}, "b": {"deps": ["a"]}})
        views = self.ws.ppctl("--json", "run", "b").views()
        self.assertEqual(("succeeded", 3, 6), tuple(views["a"][key] for key in ("state", "attempt", "attempts")))
        self.assertEqual(3, self.times())
        shown = self.ws.ppctl("--json", "show", "a").json
        self.assertEqual([(1, "exit", 1), (2, "exit", 1)],
                         [(one["attempt"], one["error"], one["exit_code"]) for one in shown["attempts"]])
        self.assertLess(0, shown["attempts"][0]["max_rss"])
        self.assertEqual("attempt 3\n", self.ws.ppctl("logs", "a").out)
        self.assertEqual("attempt 2\n", self.ws.ppctl("logs", "--attempt", "2", "a").out)
        self.assertIn("--attempt 0: it has to be a whole number from 1\n", self.ws.ppctl("logs", "--attempt", "0", "a", status=2).err)
        self.assertIn("a has no attempt 4: there were 3", self.ws.ppctl("logs", "--attempt", "4", "a", status=2).err)
        for one in shown["attempts"]:
            with open(one["log"], encoding="utf-8") as log:
                self.assertEqual(f"attempt {one['attempt']}\n", log.read())

    def test_people_see_which_attempt_it_was(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": f"{THIRD} || exit 1; {gate}; exit 1", "retries": {"times": 2, "delay": 0}}})
        self.ws.ppctl("start", "a")
        kit.until(lambda: (self.ws.dir / "times").exists() and self.times() == 3, "the last attempt runs")
        self.assertRegex(self.ws.ppctl("status", "a").out, r"\na +running +\S+ +attempt 3 of 3\n")
        self.assertIn("a is running (attempt 3 of 3)\n", self.ws.ppctl("why", "a").out)
        self.ws.open_gate("gate")
        self.ws.until_state("a", "failed")
        self.assertRegex(self.ws.ppctl("status", "a").out, r"\na +failed +\S+ +exit 1 \(attempt 3 of 3\)\n")
        self.assertIn("a failed (exit): exit status 1 (attempt 3 of 3)\n", self.ws.ppctl("why", "a").out)
        self.assertRegex(self.ws.ppctl("show", "a").out, r"\n  attempt: 2, error: exit, info: exit status 1, "
                                                         r"started_at: \d{4}-\d\d-\d\d \S+, ended_at: ")

    def test_the_last_failure_is_the_one_that_is_told(self):
        self.ws.define({"a": {"run": "echo x >>times; exit $(wc -l <times)", "retries": {"times": 2, "delay": 0}}})
        done = self.ws.ppctl("--json", "run", "a", status=1)
        self.assertEqual(("exit", "exit status 3"), tuple(done.views()["a"][key] for key in ("error", "info")))

    def test_one_that_a_shell_defines(self):
        self.ws.ppctl("define", "a", "--retries", "4", "--executor", "local", "--", "true")
        self.assertEqual({"run": "true", "retries": 4, "executor": "local"},
                         self.ws.ppctl("--json", "show", "a").json["definition"])
        done = self.ws.ppctl("define", "b", "--retries", "x", "--", "true", status=2)
        self.assertIn("--retries x: it has to be a whole number", done.err)
        done = self.ws.ppctl("define", "b", "--retries", "1001", "--", "true", status=2)
        self.assertIn("procs.b.retries: must be an integer from 0 to 1000", done.err)
        done = self.ws.ppctl("define", "b", "--executor", "nowhere", "--", "true", status=2)
        self.assertIn("nowhere", done.err)

    def test_lines_tell_each_attempt(self):
        self.ws.define({"a": {"run": THIRD, "retries": {"times": 5, "delay": "10ms"}}})
        lines = self.ws.ppctl("run", "a").out.splitlines()
        self.assertEqual(["start a", "retry a exit 1 (attempt 2 of 6 in 0.0s)", "start a",
                          "retry a exit 1 (attempt 3 of 6 in 0.0s)", "start a"], lines[:-1])
        self.assertRegex(lines[-1], r"\Aok a \d+\.\ds \(attempt 3 of 6\)\Z")
        self.assertRegex(self.ws.ppctl("status", "a").out, r"a +succeeded +\d+\.\ds +attempt 3 of 6\n")
        self.assertRegex(self.ws.ppctl("why", "a").out, r"\Aa ran and succeeded in \d+\.\ds \(attempt 3 of 6\)\n")

    def test_what_is_canceled_between_attempts_is_not_told_to_start(self):
        self.ws.define({"a": {"run": "exit 7", "retries": {"delay": "1h"}}, "b": {"run": "true"}})
        self.ws.ppctl("run", "b")
        runner = self.ws.start(kit.PPCTL, "run", "a")
        kit.until(lambda: self.ws.ppctl("--json", "status", "a").views().get("a", {}).get("retry_at"), "a waits")
        self.ws.ppctl("cancel", "a")
        lines = self.ws.finish(runner).out.splitlines()
        self.assertEqual(["start a", "retry a", "FAIL a"], [" ".join(line.split()[:2]) for line in lines[:3]])

    def test_who_was_away_is_told_that_the_next_attempt_started(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": f"echo x >>times; {gate}; exit 1", "retries": {"times": 1, "delay": 0}}})
        with open(self.ws.dir / "out", "w", encoding="utf-8") as out:
            runner = self.ws.start(kit.PPCTL, "run", "a", stdout=out)
        kit.until(lambda: self.ws.read("out") == "start a\n", "it is shown to start")
        os.kill(runner.pid, signal.SIGSTOP)
        os.kill(self.ws.pids()[0], signal.SIGKILL)
        self.ws.open_gate("gate")
        kit.until(lambda: self.times() == 2, "the next attempt runs")
        os.kill(runner.pid, signal.SIGCONT)
        kit.until(lambda: self.ws.read("out") == "start a\n" * 2, "it is shown to start again")
        self.ws.open_gate("gate")
        self.assertEqual(1, self.ws.finish(runner).status)

    def test_no_attempt_is_missed_where_many_are_due_at_once(self):
        names = [f"p{i}" for i in range(100)]
        self.ws.define({**{name: {"run": "exit 1", "retries": {"times": 4, "delay": 0}} for name in names},
                        "all": {"deps": names}})
        for _ in range(3):
            lines = self.ws.ppctl("run", "all", status=1).out.splitlines()
            self.assertEqual({"start": 500, "retry": 400},
                             {word: sum(line.startswith(word + " ") for line in lines) for word in ("start", "retry")})

    def test_who_follows_a_log_sees_all_attempts(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": f"echo begun; {gate}; {THIRD}", "retries": {"times": 5, "delay": "10ms"}}})
        self.ws.ppctl("start", "a")
        follower = self.ws.start(kit.PPCTL, "logs", "-f", "a")
        self.assertEqual("begun\n", follower.stdout.readline())  # it is there before the first attempt ends
        for number in range(1, 4):
            self.ws.open_gate("gate")
            kit.until(lambda number=number: (self.ws.dir / "times").exists() and self.times() == number,
                      "the attempt has gone on")
        done = self.ws.finish(follower)
        self.assertEqual((0, "attempt 1\nbegun\nattempt 2\nbegun\nattempt 3\n"), (done.status, done.out))

    def test_who_follows_a_log_and_is_slow_sees_all_attempts_too(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": f"{THIRD} && exit 0; {gate}; exit 1", "retries": {"times": 5, "delay": 0}}})
        self.ws.ppctl("start", "a")
        with open(self.ws.dir / "out", "w", encoding="utf-8") as out:
            follower = self.ws.start(kit.PPCTL, "logs", "-f", "a", stdout=out)
        kit.until(lambda: self.ws.read("out") == "attempt 1\n", "it follows")
        os.kill(follower.pid, signal.SIGSTOP)
        for number in range(2, 4):
            self.ws.open_gate("gate")
            kit.until(lambda number=number: self.times() == number, "the next attempt has begun")
        self.ws.until_state("a", "succeeded")
        os.kill(follower.pid, signal.SIGCONT)
        self.ws.finish(follower)
        self.assertEqual("attempt 1\nattempt 2\nattempt 3\n", self.ws.read("out"))

    def test_a_result_of_an_attempt_that_failed_is_forgotten(self):
        self.ws.define({"a": {"run": 'if [ -e again ]; then exit 0; fi; touch again; echo 1 >"$PP_RESULT"; exit 1',
                              "retries": {"delay": 0}}})
        self.ws.ppctl("run", "a")
        self.assertEqual("null\n", self.ws.ppctl("result", "a").out)

    def test_a_result_of_an_attempt_that_was_lost_is_forgotten(self):
        self.ws.define({"a": {"run": 'if [ -e again ]; then exit 0; fi; echo 1 >"$PP_RESULT"; touch again; cat gate',
                              "retries": {"delay": 0}}})
        self.ws.gate("gate")
        run = self.ws.ppctl("start", "a").out.strip()
        kit.until(lambda: (self.ws.dir / "again").exists(), "there is a result")
        scheduler, supervisor = self.ws.pids()
        for pid in (supervisor, scheduler):
            os.kill(pid, signal.SIGKILL)
        for pid in (supervisor, scheduler):
            kit.until(lambda pid=pid: not kit.is_alive(pid), "it is dead")
        self.ws.ppctl("--run", run, "wait")
        self.assertEqual([(1, "lost")], [(one["attempt"], one["error"])
                                         for one in self.ws.ppctl("--json", "show", "a").json["attempts"]])
        self.assertEqual("null\n", self.ws.ppctl("result", "a").out)

    def test_what_waits_says_so_and_can_be_canceled(self):
        self.ws.define({"a": {"run": "exit 7", "retries": {"delay": "1h"}}})
        self.ws.ppctl("start", "a")
        kit.until(lambda: self.ws.ppctl("--json", "status", "a").views()["a"].get("retry_at"), "a waits")
        view = self.ws.ppctl("--json", "status", "a").views()["a"]
        self.assertEqual(("wanted", "waits before attempt 2 of 2: exit status 7"), (view["state"], view["waits"]))
        self.assertRegex(self.ws.ppctl("why", "a").out, r"waits \d+m\d\ds before attempt 2 of 2: exit status 7")
        self.ws.ppctl("cancel", "a")
        self.assertEqual({"a": "failed"}, self.ws.states("a"))

    def test_what_was_canceled_after_its_first_attempt_leaves_nothing_in_the_database(self):
        self.ws.define({"a": {"run": "exit 7", "retries": {"delay": "1h"}}, "b": {"run": "true"}})
        self.ws.ppctl("run", "b")
        run = self.ws.ppctl("start", "a").out.strip()
        kit.until(lambda: self.ws.ppctl("--json", "status", "a").views()["a"].get("retry_at"), "a waits")
        self.ws.ppctl("cancel", "a")
        self.ws.ppctl("clear", "--run", run)
        scheduler = self.ws.pids()[0]
        os.kill(scheduler, signal.SIGKILL)
        kit.until(lambda: not kit.is_alive(scheduler), "the scheduler is gone")
        self.assertEqual({"b": "succeeded"}, self.ws.states("b"))

    def test_a_scheduler_that_dies_meanwhile_forgets_nothing(self):
        gate = self.ws.gate("gate")
        self.ws.define({"a": {"run": f"{gate}; {THIRD}", "retries": {"times": 5, "delay": "200ms"}}})
        run = self.ws.ppctl("start", "a").out.strip()
        for attempt in (1, 2):
            self.ws.open_gate("gate")
            kit.until(lambda: self.has_failed_at(attempt), "it has failed")
            os.kill(self.ws.pids()[0], signal.SIGKILL)
        self.ws.open_gate("gate")
        self.ws.ppctl("--run", run, "wait")
        self.assertEqual(3, self.times())
        self.assertEqual([1, 2], [one["attempt"] for one in self.ws.ppctl("--json", "show", "a").json["attempts"]])

    def test_what_waits_when_both_processes_die_is_tried_when_it_was_to_be(self):
        self.ws.define({"a": {"run": THIRD, "retries": {"times": 5, "delay": "500ms"}}})
        run = self.ws.ppctl("start", "a").out.strip()
        kit.until(lambda: self.ws.ppctl("--json", "status", "a").views()["a"].get("retry_at"), "a waits")
        scheduler, supervisor = self.ws.pids()
        for pid in (supervisor, scheduler):
            os.kill(pid, signal.SIGKILL)
        for pid in (supervisor, scheduler):
            kit.until(lambda pid=pid: not kit.is_alive(pid), "it is dead")
        self.ws.ppctl("--run", run, "wait")
        self.assertEqual(3, self.times())


if __name__ == "__main__":
    kit.main()
