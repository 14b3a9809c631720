"""Processes as jobs of a real Slurm (slurm.py): all that a workspace has works there as it does here."""

import contextlib
import os
import shutil
import signal
import unittest
from pathlib import Path

import kit
import slurm

CLUSTER = None


def setUpModule():
    global CLUSTER
    if not slurm.find_programs():
        raise unittest.SkipTest(slurm.WHY_NOT)
    CLUSTER = slurm.Instance()
    try:
        CLUSTER.start()
    except BaseException:
        CLUSTER.stop()
        raise


def tearDownModule():
    if CLUSTER:
        CLUSTER.stop()


class SlurmCase(kit.Case):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.ws.env.update(CLUSTER.env, PATH=f"{kit.BUILD}:{CLUSTER.env['PATH']}")

    def tearDown(self):
        if self.has_failed():
            print(CLUSTER.logs())
        super().tearDown()
        kit.until(lambda: not CLUSTER.jobs(), f"no job is left: {CLUSTER.jobs()}")

    def define(self, procs, **more):
        self.ws.define(procs, **{"options": {"executor": "slurm"}, **more})

    def view(self, name):
        return self.ws.ppctl("--json", "status", name).views()[name]

    def find_srun(self):
        """The srun of this workspace's one job that runs."""
        mark = f"PP_WORKSPACE={self.ws.dir}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (process / "environ").read_bytes() and (process / "comm").read_text() == "srun\n":
                    # It has a child of its name, that outlives it for a moment.
                    status = (process / "stat").read_text().rpartition(")")[2].split()
                    if status[2] == process.name:
                        return int(process.name)
        raise AssertionError("no srun")

    def until_begun(self, name):
        """Waits until its process runs on the node, and answers the job's number."""
        kit.until(lambda: self.view(name)["state"] == "running" and not self.view(name)["waits"], f"{name} has begun")
        return CLUSTER.jobs()[name][0]

    def fails(self, name, error, *words, status=1):
        """Runs name, which has to fail so, with these words in its info."""
        view = self.ws.ppctl("--json", "run", name, status=status).views()[name]
        self.assertEqual(view["error"], error, view)
        for word in words:
            self.assertIn(word, view["info"])
        return view


class Works(SlurmCase):
    def test_a_process_has_its_variables_directory_log_and_result(self):
        self.ws.write("sub/there", "")
        self.define({
            "a": {"run": "ls there; echo out; echo err >&2; echo \"$X $SLURM_JOB_ID\"; "
                         "echo '{\"answer\": 42}' >$PP_RESULT; ppctl message well",
                  "cwd": "sub", "env": {"X": "eks"}},
            "b": {"deps": ["a"], "run": "echo apart >&2; echo '[1, 2]'", "result": "stdout"}})
        done = self.ws.ppctl("--json", "run", "b").views()
        self.assertEqual(done["b"]["state"], "succeeded")
        results = self.ws.ppctl("results").json
        self.assertEqual(results, {"a": {"answer": 42}, "b": [1, 2]})
        lines = self.ws.ppctl("logs", "a").out.splitlines()
        self.assertEqual(lines[:3], ["there", "out", "err"])
        self.assertRegex(lines[3], r"^eks \d+$")
        self.assertEqual(self.view("a")["info"], "well")
        self.assertEqual(self.ws.ppctl("logs", "b").out.splitlines(), ["apart", "[1, 2]"])

    def test_exit_status_skip_and_signals_come_through(self):
        self.define({"exit": {"run": "exit 3"}, "skip": {"run": "exit 77"}, "high": {"run": "exit 143"},
                     "segv": {"run": "kill -SEGV $$"}, "kill": {"run": "kill -KILL $$"}})
        views = self.ws.ppctl("--json", "run", "exit", "skip", "high", "segv", "kill", status=1).views()
        self.assertEqual((views["exit"]["error"], views["exit"]["exit_code"]), ("exit", 3))
        self.assertEqual(views["skip"]["state"], "skipped")
        self.assertEqual((views["high"]["error"], views["high"]["exit_code"]), ("exit", 143))
        self.assertEqual((views["segv"]["error"], views["segv"]["signal"]), ("signal", signal.SIGSEGV))
        self.assertEqual((views["kill"]["error"], views["kill"]["signal"]), ("signal", signal.SIGKILL))

    def test_one_run_may_be_of_both(self):
        self.ws.define({"here": {"run": "echo ${SLURM_JOB_ID-none}", "executor": "local"},
                        "there": {"run": "echo ${SLURM_JOB_ID-none}", "deps": ["here"]}})
        self.ws.ppctl("run", "--executor", "slurm", "there")
        self.assertEqual(self.ws.ppctl("logs", "here").out, "none\n")
        self.assertRegex(self.ws.ppctl("logs", "there").out, r"^\d+\n$")

    def test_resources_reach_slurm(self):
        self.ws.define({"a": {"run": "squeue --noheader --job=$SLURM_JOB_ID --format='%C %m %l %P %k'",
                              "executor": "slurm",
                              "resources": {"cpus": 3, "memory": "64MiB", "time": "90m", "partition": "urgent"}}},
                       executors={"slurm": {"parallel": 5, "resources": {"cpus": 7, "extra": ["--nice=0"]}}})
        self.ws.ppctl("run", "a")
        self.assertRegex(self.ws.ppctl("logs", "a").out, r"^3 64M 1:30:00 urgent parproc:[0-9a-f]{16}:1\.1\n$")

    def test_options_that_would_hide_it_do_not_hold(self):
        self.define({"a": {"run": "echo out", "resources": {
            "extra": ["--output=/dev/null", "--error=/dev/null", "--ntasks=3", "--comment=mine", "--job-name=named"]}}})
        self.ws.ppctl("run", "a")
        self.assertEqual(self.ws.ppctl("logs", "a").out, "out\n")

    def test_what_the_asker_has_of_a_job_is_not_passed_on(self):
        self.define({"a": {"run": "echo $SLURM_JOB_ID"}})
        self.ws.ppctl("run", "a", env={
            "SLURM_JOB_ID": "99999", "SLURM_NTASKS": "7", "SLURM_NTASKS_PER_NODE": "7", "SLURM_GPUS_PER_NODE": "3",
            "SLURM_CPU_BIND": "quiet,mask_cpu:0x8000000000", "SLURM_LABELIO": "1", "SLURM_STDOUTMODE": "none",
            "SLURM_DEBUG": "5", "SRUN_CPUS_PER_TASK": "100000"})
        self.assertRegex(self.ws.ppctl("logs", "a").out, r"^\d+\n$")
        self.assertNotEqual(self.ws.ppctl("logs", "a").out, "99999\n")

    def test_a_directory_or_program_that_is_not_there(self):
        self.define({"a": {"run": ["./nothing"]}, "b": {"run": "true", "cwd": "nowhere"}})
        self.fails("a", "spawn", "not found", "./nothing")
        self.fails("b", "spawn", "nowhere")


class Pending(SlurmCase):
    def test_pending_is_told_and_does_not_count(self):
        self.define({"big": {"run": self.ws.gate("gate"), "resources": {"cpus": slurm.CPUS}},
                     "small": {"run": "true", "timeout": "10s"}})
        self.ws.ppctl("start", "big")
        self.until_begun("big")
        self.ws.ppctl("start", "small")
        kit.until(lambda: self.view("small")["waits"] == "pending in Slurm: Resources", "small is pending")
        self.assertIn("pending in Slurm: Resources", self.ws.ppctl("why", "small").out)
        self.assertEqual(self.view("small")["pending"], "pending in Slurm: Resources")
        self.assertEqual(self.view("small")["executor"], "slurm")
        # However long it is pending, its timeout does not run.
        begun = self.view("small")["started_at"]
        kit.until(lambda: kit.time.time() - begun > 11, "longer than its timeout")
        self.ws.open_gate("gate")
        self.ws.ppctl("wait")
        view = self.view("small")
        self.assertEqual(view["state"], "succeeded")
        self.assertGreater(view["pending_time"], 10)

    def test_what_is_pending_can_be_canceled(self):
        self.define({"big": {"run": self.ws.gate("gate"), "resources": {"cpus": slurm.CPUS}}, "small": {"run": "true"},
                     "late": {"run": "true"}})
        self.ws.ppctl("start", "big")
        self.until_begun("big")
        self.ws.ppctl("start", "small", "late")
        kit.until(lambda: len(CLUSTER.jobs("PENDING")) == 2, "two are pending")
        self.ws.ppctl("cancel", "small")
        self.ws.until_state("small", "failed")
        self.assertEqual(self.view("small")["error"], "canceled")
        self.ws.ppctl("cancel", "--kill", "late")
        self.ws.until_state("late", "failed")
        kit.until(lambda: list(CLUSTER.jobs()) == ["big"], "only big is in the queue")
        self.ws.open_gate("gate")
        self.ws.ppctl("wait", status=None)

    def test_a_drained_node_is_why(self):
        self.define({"a": {"run": "true"}})
        CLUSTER.node(state="drain", reason="test")
        try:
            self.ws.ppctl("start", "a")
            kit.until(lambda: "DRAINED" in (self.view("a")["waits"] or ""), "the reason is told")
        finally:
            CLUSTER.node(state="resume")
        kit.until(lambda: self.view("a")["state"] == "succeeded", "it has run")


class Ends(SlurmCase):
    def test_cancel_is_a_sigterm_to_the_process(self):
        self.define({"a": {"run": f"trap 'echo told; exit 5' TERM; {self.ws.gate('gate')} & wait"}})
        self.ws.ppctl("start", "a")
        self.until_begun("a")
        self.ws.ppctl("cancel", "a")
        self.ws.until_state("a", "failed")
        view = self.view("a")
        self.assertEqual((view["error"], view["exit_code"]), ("canceled", 5))
        self.assertIn("told", self.ws.ppctl("logs", "a").out)

    def test_who_ignores_it_is_killed(self):
        self.define({"a": {"run": "trap '' TERM; while :; do sleep 1; done", "timeout": "1s"}},
                    options={"executor": "slurm", "kill_after": "500ms"})
        self.fails("a", "timeout")

    def test_scancel_and_limits_are_told_apart(self):
        wait = "while :; do sleep 1; done"
        self.define({"a": {"run": wait}, "b": {"run": wait, "resources": {"time": "1s", "extra": ["--time-min=1"]}}})
        self.ws.ppctl("start", "a")
        CLUSTER.command("scancel", self.until_begun("a"))
        self.ws.until_state("a", "failed")
        view = self.view("a")
        self.assertEqual((view["error"], view["info"]), ("signal", "canceled in Slurm"))
        self.assertIn("CANCELLED", self.ws.ppctl("logs", "a").out)

    def test_refused(self):
        self.define({"a": {"run": "true", "resources": {"partition": "nope"}},
                     "b": {"run": "true", "resources": {"memory": "9TiB"}},
                     "c": {"run": "true", "resources": {"gpus": 4}},
                     "d": {"run": "true", "resources": {"extra": ["--bogus"]}}})
        self.fails("a", "spawn", "Slurm refuses it", "invalid partition specified: nope")
        self.fails("b", "spawn", "Slurm refuses it", "configuration is not available")
        self.fails("c", "spawn", "srun does not understand an option", "gres")
        self.fails("d", "spawn", "srun does not know an option", "--bogus")
        self.assertIn("invalid partition", self.ws.ppctl("logs", "a").out)

    def test_canceled_while_pending(self):
        self.define({"big": {"run": self.ws.gate("gate"), "resources": {"cpus": slurm.CPUS}}, "small": {"run": "true"}})
        self.ws.ppctl("start", "big")
        self.until_begun("big")
        self.ws.ppctl("start", "small")
        kit.until(lambda: "small" in CLUSTER.jobs(), "small is in the queue")
        CLUSTER.command("scancel", CLUSTER.jobs()["small"][0])
        self.ws.until_state("small", "failed")
        self.assertIn("canceled in Slurm while it was pending", self.view("small")["info"])
        self.ws.open_gate("gate")
        self.ws.ppctl("wait", status=None)

    def test_preempted_it_is_tried_again(self):
        self.define({"low": {"run": f"echo begun >>begun; [ -e done ] || {self.ws.gate('gate')}",
                             "resources": {"cpus": slurm.CPUS}},
                     "high": {"run": "touch done", "resources": {"cpus": slurm.CPUS, "partition": "urgent"}}})
        self.ws.ppctl("start", "low")
        self.until_begun("low")
        self.ws.ppctl("run", "high")
        self.ws.ppctl("wait")
        self.assertEqual(self.view("low")["state"], "succeeded")
        self.assertEqual(self.ws.read("begun"), "begun\nbegun\n")

    def test_a_closed_partition_is_tried_again(self):
        self.define({"a": {"run": "true", "resources": {"partition": "closed"}}})
        self.ws.ppctl("start", "a")
        kit.until(lambda: "drained or inactive" in (self.view("a")["waits"] or ""), "it is refused for now")
        self.ws.ppctl("cancel", "a")
        self.ws.until_state("a", "failed")

    def test_slurm_away_for_a_while(self):
        self.define({"a": {"run": "true"}})
        CLUSTER.stop_controller()
        try:
            self.ws.ppctl("start", "a")
            # srun itself goes on trying for a while, as Slurm's MessageTimeout says.
            kit.until(lambda: self.view("a")["state"] == "running", "it is asked for")
        finally:
            CLUSTER.start_controller()
        self.ws.ppctl("wait")
        self.assertEqual(self.view("a")["state"], "succeeded")

    def test_no_srun(self):
        self.define({"a": {"run": "true"}})
        self.ws.env["PATH"] = f"{kit.BUILD}:/bin:/usr/bin"
        if any(os.access(f"{place}/srun", os.X_OK) for place in ("/bin", "/usr/bin")):
            self.skipTest("srun is installed")
        self.fails("a", "spawn", "srun: not found: is Slurm installed here")


class Survives(SlurmCase):
    def test_the_demo_runs_there_and_the_scheduler_dies_in_it(self):
        """examples/demo, of which three things fail on purpose, as it does on one machine."""
        shutil.copytree(kit.SOURCE / "examples" / "demo", self.ws.dir, dirs_exist_ok=True)
        for path in self.ws.dir.rglob("*"):
            path.chmod(0o755)
        self.ws.ppctl("run", "release", "licenses", "test::load", status=1)
        here = self.ws.ppctl("--json", "--run", "1", "status").views()
        words = ["--json", "run", "--executor", "slurm", "release", "licenses", "test::load"]
        run = self.ws.start(kit.PPCTL, *words)
        kit.until(lambda: CLUSTER.jobs("RUNNING"), "something runs on the node")
        kit.until(lambda: any(name.startswith("build") for name in CLUSTER.jobs("RUNNING")), "something is built")
        scheduler, _ = self.ws.pids()
        os.kill(scheduler, signal.SIGKILL)
        done = self.ws.finish(run)
        self.assertEqual(done.status, 1, done)
        there = self.ws.ppctl("--json", "--run", "2", "status").views()
        self.assertEqual({name: (view["state"], view["error"]) for name, view in there.items()},
                         {name: (view["state"], view["error"]) for name, view in here.items()})
        ran = [view for view in there.values() if view["started_at"]]
        self.assertEqual({view["executor"] for view in ran}, {"slurm"})
        self.assertEqual({view.get("attempt", 1) for view in ran}, {1})

    def test_the_scheduler_dies_in_the_middle(self):
        self.define({"big": {"run": self.ws.gate("gate"), "resources": {"cpus": slurm.CPUS}},
                     "small": {"run": "echo once >>log"}, "last": {"deps": ["big", "small"], "run": "echo last >>log"}})
        number = str(self.ws.ppctl("--json", "start", "big").json["run"])
        self.until_begun("big")
        run = self.ws.start(kit.PPCTL, "--run", number, "--json", "run", "last")
        kit.until(lambda: CLUSTER.jobs("PENDING"), "small is pending")
        scheduler, _ = self.ws.pids()
        os.kill(scheduler, signal.SIGKILL)
        kit.until(lambda: self.ws.pids()[0] != scheduler, "another scheduler")
        kit.until(lambda: self.view("small")["waits"] == "pending in Slurm: Resources", "small is pending still")
        self.ws.open_gate("gate")
        done = self.ws.finish(run)
        self.assertEqual(done.status, 0, done)
        self.assertEqual(self.ws.read("log"), "once\nlast\n")

    def test_a_killed_srun_leaves_no_job(self):
        self.define({"a": {"run": "while :; do sleep 1; done"}})
        self.ws.ppctl("start", "a")
        self.until_begun("a")
        os.kill(self.find_srun(), signal.SIGKILL)
        self.ws.until_state("a", "failed")
        self.assertNotIn("a", CLUSTER.jobs("RUNNING"))
        self.assertIn("srun was killed", self.view("a")["info"])

    def test_both_processes_die_and_nothing_runs_twice(self):
        """Whatever jobs the asker wants to see."""
        self.ws.env.update(SQUEUE_STATES="PENDING", SQUEUE_FORMAT="%i", SCANCEL_STATE="PENDING", SLURM_CLUSTERS="other")
        self.define({"a": {"run": "echo $$ >pid; while :; do sleep 1; done"}})
        self.ws.ppctl("start", "a")
        self.until_begun("a")
        on_node = int(kit.until(lambda: (self.ws.dir / "pid").exists() and self.ws.read("pid").strip(), "its number"))
        for pid in reversed(self.ws.pids()):
            os.kill(pid, signal.SIGKILL)
            kit.until(lambda pid=pid: not kit.is_alive(pid), "it is dead")
        self.ws.ppd("-d")
        self.ws.until_state("a", "failed")
        self.assertFalse(kit.is_alive(on_node))
        self.assertEqual(self.view("a")["error"], "lost")
        self.assertIn("its job was canceled", self.view("a")["info"])

    def test_what_is_lost_is_canceled_in_slurm_however_soon_it_is_killed(self):
        self.define({"a": {"run": "while :; do sleep 1; done"}})
        self.ws.ppctl("start", "a")
        self.until_begun("a")
        for pid in reversed(self.ws.pids()):
            os.kill(pid, signal.SIGKILL)
            kit.until(lambda pid=pid: not kit.is_alive(pid), "it is dead")
        self.ws.ppd("-d")
        self.ws.ppctl("cancel", "--kill", "a")
        self.ws.until_state("a", "failed")
        self.assertNotIn("a", CLUSTER.jobs("RUNNING"))


if __name__ == "__main__":
    kit.main()
