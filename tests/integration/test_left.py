"""What processes leave behind is read, however it got there and whoever was the scheduler then."""

import durable
import kit

QUICK = 200


class Left(durable.Case):
    def check(self, expected, run):
        """expected: of each proc its result and its message."""
        results = self.results(run)
        views = self.ws.ppctl("--json", "--run", str(run), "status", *expected).views()
        self.assertEqual(expected, {name: (results[name], views[name].get("info")) for name in expected})

    def run_all(self, *names):
        run = self.start(*names)
        self.ws.ppctl("--run", str(run), "wait")
        return run

    def test_it_gets_there_in_any_way(self):
        self.serve({
            "written": {"run": 'echo 1 >"$PP_RESULT"; echo one >"$PP_MESSAGE"'},
            "moved": {"run": 'echo 2 >draft; mv draft "$PP_RESULT"; echo two >note; mv note "$PP_MESSAGE"'},
            "beside": {"run": 'echo 3 >"$PP_RESULT.new"; mv "$PP_RESULT.new" "$PP_RESULT"'},
            "linked": {"run": 'echo 4 >kept; ln kept "$PP_RESULT"'},
            "again": {"run": 'echo 0 >"$PP_RESULT"; rm "$PP_RESULT"; echo 5 >"$PP_RESULT"'},
            "child": {"run": '(echo 6 >"$PP_RESULT")'},
            "returned": {"run": "ppctl return 7; ppctl message seven"},
            "removed": {"run": 'echo 8 >"$PP_RESULT"; rm "$PP_RESULT"'},
            "printed": {"run": 'echo 9; echo nine >"$PP_MESSAGE"', "result": "stdout"},
            "none": {"run": "true"},
        })
        run = self.run_all("written", "moved", "beside", "linked", "again", "child", "returned", "removed", "printed", "none")
        self.check({"written": (1, "one"), "moved": (2, "two"), "beside": (3, None), "linked": (4, None),
                    "again": (5, None), "child": (6, None), "returned": (7, "seven"), "removed": (None, None),
                    "printed": (9, "nine"), "none": (None, None)}, run)
        self.assertNotIn("looked for at each end", self.ws.log())

    def test_what_is_no_file_is_refused(self):
        self.serve({"link": {"run": 'echo 1 >kept; ln -s "$PWD/kept" "$PP_RESULT"'},
                    "folder": {"run": 'mkdir "$PP_RESULT"'}, "fifo": {"run": 'mkfifo "$PP_RESULT"'}})
        views = self.ws.ppctl("--json", "run", "link", "folder", "fifo", status=1).views()
        self.assertEqual({"bad_result"}, {view["error"] for view in views.values()})

    def test_where_another_execution_made_the_file_before(self):
        """The first one makes a file for all that come later; these write to it, and make none."""
        later = 'echo "$PP_EXEC" >"$PP_RESULT"'
        self.serve({"first": {"run": 'd="${PP_RESULT%/*}"; for i in $(seq 20); do : >"$d/$((PP_EXEC + i)).result"; done'},
                    "second": {"run": later}})
        self.run_all("first")
        run = self.run_all("second")
        self.check({"second": (self.view("second")["exec"], None)}, run)

    def test_each_attempt_leaves_its_own(self):
        self.serve({"a": {"run": 'if [ -e again ]; then exit 0; fi; touch again; echo 1 >"$PP_RESULT"; exit 1', "retries": 1},
                    "b": {"run": 'if [ -e more ]; then echo 2 >"$PP_RESULT"; exit 0; fi; touch more; exit 1', "retries": 1}})
        self.check({"a": (None, None), "b": (2, None)}, self.run_all("a", "b"))

    def test_who_runs_while_the_scheduler_changes(self):
        gates = [self.ws.gate(name) for name in ("before", "after")]
        self.serve({"early": {"run": f'echo 1 >"$PP_RESULT"; {gates[0]}'},
                    "late": {"run": f'{gates[1]}; echo 2 >"$PP_RESULT"; echo two >"$PP_MESSAGE"'}})
        run = self.start("early", "late")
        self.ws.until_state("late", "running")
        self.ws.until_state("early", "running")
        self.kill_scheduler()
        self.ws.open_gate("before")
        self.ws.open_gate("after")
        self.ws.ppctl("--run", str(run), "wait")
        self.check({"early": (1, None), "late": (2, "two")}, run)

    def test_the_folder_is_replaced(self):
        gate = self.ws.gate("gate")
        self.serve({"before": {"run": f'{gate}; echo 1 >"$PP_RESULT"'}, "after": {"run": 'echo 2 >"$PP_RESULT"'}})
        run = self.start("before")
        self.ws.until_state("before", "running")
        folder = self.ws.dir / ".parproc" / "process"
        folder.rename(self.ws.dir / "elsewhere")
        folder.mkdir()
        self.ws.open_gate("gate")
        self.ws.ppctl("--run", str(run), "wait")
        self.check({"before": (1, None)}, run)
        self.check({"after": (2, None)}, self.run_all("after"))

    def check_quick(self, interrupt):
        """A quarter begins only under the last of three schedulers."""
        names = [f"p{i}" for i in range(QUICK)]
        quick = {name: {"run": f'echo {i} >"$PP_RESULT.new"; mv "$PP_RESULT.new" "$PP_RESULT"; echo of {i} >"$PP_MESSAGE"; '
                               f"echo {i} >>trace", "deps": ["held"] if i >= QUICK * 3 // 4 else []}
                 for i, name in enumerate(names)}
        self.serve({**quick, "held": {"run": self.ws.gate("gate")}})
        run = self.start(*names)
        for n_ended in (QUICK // 4, QUICK // 2):
            kit.until(lambda n=n_ended: len(self.trace()) >= n, "some have ended")
            interrupt()
        self.ws.open_gate("gate")
        self.ws.ppctl("--run", str(run), "wait")
        self.check({name: (i, f"of {i}") for i, name in enumerate(names)}, run)

    def test_many_while_schedulers_make_way(self):
        self.check_quick(lambda: self.ws.ppctl("restart"))

    def test_many_while_schedulers_are_killed(self):
        self.check_quick(self.kill_scheduler)


if __name__ == "__main__":
    kit.main()
