"""Executors: what is put before the words of a process, limits of their own, and what is refused.

Slurm is played by little scripts here; test_slurm.py has the real one.
"""

import os
import signal
import unittest

import kit

SRUN = """#!/bin/sh
# Does what Slurm does with one task, at once; or says what the file of that name has, and fails.
printf '%s\\n' "$@" >>{dir}/words
[ ! -e {dir}/refusal ] || {{ cat {dir}/refusal >&2; exit 1; }}
for word; do
	case $word in
	/bin/sh) break ;;
	*) shift ;;
	esac
done
export SLURM_JOB_ID=7 SLURMD_NODENAME=node1
exec "$@"
"""


# The same of one that has a queue, as the three programs know it: a file with a line. What an asker's
# environment may choose, and a hidden partition, keep the job from squeue and scancel.
QUEUE = {
    "srun": """#!/bin/sh
[ ! -s {dir}/queue ] || echo "two at a time" >>{dir}/told
for word; do
	case $word in
	--comment=*) echo "7|RUNNING|None|${{word#--comment=}}" >{dir}/queue ;;
	esac
	case $word in
	/bin/sh) break ;;
	*) shift ;;
	esac
done
[ -z "$SLURM_CLUSTERS" ] || echo "in another cluster" >>{dir}/told
export SLURM_JOB_ID=7 SLURMD_NODENAME=node1
exec "$@"
""",
    "squeue": """#!/bin/sh
! env | grep -E '^(SQUEUE_|SLURM_CLUSTERS)' >/dev/null || exit 0
case " $* " in
*" --all "*) cat {dir}/queue ;;
esac
""",
    "scancel": """#!/bin/sh
! env | grep -E '^(SCANCEL_|SLURM_CLUSTERS)' >/dev/null || exit 0
case $* in
"--quiet 7") echo canceled >>{dir}/told; : >{dir}/queue ;;
esac
"""}


def nothing_is_left(ws):
    """Of the files that are made for a process elsewhere."""
    work = ws.dir / ".parproc" / "process"
    kit.until(lambda: not [*work.glob("*.context"), *work.glob("*.slurm")], f"no file is left in {work}")


class Prefix(kit.Case):
    def test_words_are_put_before_those_of_the_process(self):
        self.ws.define(
            {"a": {"run": ["./show", "x y", "*"], "executor": "far", "cwd": "/",
                   "resources": {"cpus": 2, "memory": "1MiB", "time": "1m", "partition": "p", "extra": ["e f", "g"]}},
             "b": {"run": "echo there", "executor": "far"}},
            executors={"far": {"command": [f"{self.ws.dir}/show", "-c[cpus]", "-m=[memory]", "[time]", "[gpus]",
                                           "[partition]", "[extra]", "[proc]-[run]-[exec]-[attempt]", "[workspace]",
                                           "[cwd]", "[argv]", "end"]}})
        self.ws.write("show", "#!/bin/sh\nprintf '%s\\n' \"$@\"\n", 0o755)
        self.ws.ppctl("run", "a")
        self.assertEqual(self.ws.ppctl("logs", "a").out.splitlines(),
                         ["-c2", "-m=1048576", "60", "p", "e f", "g", "a-1-1-1", str(self.ws.dir), "/",
                          "./show", "x y", "*", "end"])
        self.ws.ppctl("run", "b")  # nothing is said of resources
        self.assertEqual(self.ws.ppctl("logs", "b").out.splitlines()[:2], ["b-2-2-1", str(self.ws.dir)])

    def test_a_shell_elsewhere_gets_it_all_in_one_line(self):
        self.ws.define({}, {"a::[x]": {"run": "pwd; echo \"$x $Y $PP_PROC\"; echo '1' >$PP_RESULT", "cwd": "/tmp",
                                       "env": {"Y": "it's $HOME"}, "executor": "shell"}},
                       executors={"shell": {"command": ["env", "-i", "PATH=/usr/bin:/bin", "sh", "-c", "[shell]"]}})
        self.ws.ppctl("run", "a::1 2;")
        self.assertEqual(self.ws.ppctl("logs", "a::1 2;").out.splitlines(), ["/tmp", "1 2; it's $HOME a::1 2;"])
        self.assertEqual(self.ws.ppctl("results").json, {"a::1 2;": 1})

    def test_each_has_a_limit_of_its_own(self):
        procs = {f"far{i}": {"run": self.ws.gate(f"far-gate{i}"), "executor": "far"} for i in range(3)}
        procs.update({f"here{i}": {"run": self.ws.gate(f"here-gate{i}")} for i in range(2)})
        self.ws.define(procs, executors={"far": {"command": ["env"], "parallel": 2}}, options={"parallel": 1})
        self.ws.ppctl("start", *procs)
        for name in ("far0", "far1", "here0"):
            self.ws.until_state(name, "running")
        self.assertEqual(self.ws.states("far2", "here1"), {"far2": "wanted", "here1": "wanted"})
        self.assertEqual(self.ws.ppctl("--json", "status", "far2").views()["far2"]["waits"], "waits for a free slot of far")
        self.assertRegex(self.ws.ppctl("why", "far2").out.splitlines()[0],
                         r"^far2 waits for a free slot of far: 2 may run there at once \(executors\.far\.parallel\), "
                         r"now (far0 and far1|far1 and far0)$")
        self.assertIn("here1 waits for a free slot: 1 may run at once (parallel), now here0",
                      self.ws.ppctl("why", "here1").out)
        for gate in ("far-gate0", "here-gate0", "far-gate1", "far-gate2", "here-gate1"):
            self.ws.open_gate(gate)
        self.ws.ppctl("wait")

    def test_a_process_on_another_machine(self):
        self.ws.define({"up": {"run": "ppctl return 5"},
                        "a": {"deps": ["up"], "run": "ppctl context >context; ppctl status; echo $?; ppctl start up",
                              "executor": "far", "params": {"k": "v"}}},
                       executors={"far": {"command": ["env", "PP_HOST=elsewhere", "PP_SOCKET=/nowhere/ppd.sock"]}})
        self.ws.ppctl("run", "a", status=1)
        self.assertIn("\"k\": \"v\"", self.ws.read("context").replace('":"', '": "'))
        self.assertIn('"results"', self.ws.read("context"))
        log = self.ws.ppctl("logs", "a").out
        self.assertIn("this process runs on ", log)
        self.assertIn("and its daemon on elsewhere", log)
        self.assertIn("\n3\n", log)

    def test_a_program_that_cannot_be_started_is_named(self):
        self.ws.write("text", "no program")
        self.ws.define({"a": {"run": "true", "executor": "gone"}, "b": {"run": ["true"], "executor": "text"},
                        "c": {"run": "true", "cwd": "nowhere", "executor": "gone"}},
                       executors={"gone": {"command": ["[workspace]/no-such", "-x"]}, "text": {"command": ["./text"]}})
        views = self.ws.ppctl("--json", "run", "a", "b", "c", status=1).views()
        self.assertEqual({view["error"] for view in views.values()}, {"spawn"})
        self.assertEqual(views["a"]["info"],
                         f"executor gone: exec: No such file or directory: {self.ws.dir}/no-such")
        self.assertEqual(views["b"]["info"], "executor text: exec: Permission denied: ./text")
        self.assertIn("chdir: No such file or directory:", views["c"]["info"])
        nothing_is_left(self.ws)

    def test_one_at_a_time_wherever_it_runs(self):
        self.ws.define({"here": {"run": self.ws.gate("gate")}, "there": {"run": "true", "executor": "far"}},
                       executors={"far": {"command": ["env"]}}, options={"mode": "single"})
        self.ws.ppctl("start", "here")
        self.ws.until_state("here", "running")
        self.ws.ppctl("start", "there")
        self.assertIn("there waits for its turn: one runs at a time (mode: single), now here",
                      self.ws.ppctl("why", "there").out)
        self.ws.open_gate("gate")
        self.ws.ppctl("wait")

    def test_of_what_is_lost_no_file_is_left(self):
        self.ws.define({"a": {"run": self.ws.gate("gate"), "executor": "far"}}, executors={"far": {"command": ["env"]}})
        self.ws.ppctl("start", "a")
        self.ws.until_state("a", "running")
        for pid in reversed(self.ws.pids()):
            os.kill(pid, signal.SIGKILL)
            kit.until(lambda pid=pid: not kit.is_alive(pid), "it is dead")
        self.ws.ppd("-d")
        self.ws.until_state("a", "failed")
        nothing_is_left(self.ws)

    def test_one_that_is_gone_is_no_local_one(self):
        self.ws.define({"a": {"run": "echo ran"}}, executors={"far": {"command": ["env"]}})
        run = str(self.ws.ppctl("--json", "open").json["run"])
        self.ws.ppctl("--run", run, "start", "--executor", "far", "a")
        self.ws.ppctl("--run", run, "wait", "a")
        self.ws.define({"a": {"run": "echo ran"}, "b": {"run": "echo ran"}})
        view = self.ws.ppctl("--run", run, "--json", "run", "b", status=1).views()["b"]
        self.assertEqual(view["error"], "spawn")
        self.assertIn("there is no executor far", view["info"])

    def test_what_was_set_names_one_that_is_gone(self):
        self.ws.define({"a": {"run": "echo ran"}}, executors={"far": {"command": ["env"]}})
        self.ws.ppctl("options", "executor=far")
        self.ws.define({"a": {"run": "echo ran again"}})
        err = self.ws.ppctl("run", "a", status=2).err
        self.assertIn("there is no executor far", err)
        self.assertIn("it was set with ppctl options executor=far", err)
        self.ws.ppctl("options", "executor=local")
        self.ws.ppctl("run", "a")
        self.assertEqual(self.ws.ppctl("logs", "a").out, "ran again\n")


class Refused(kit.Case):
    def refuses(self, document, *words):
        self.ws.define(**document)
        done = self.ws.ppctl("run", "a", status=2)
        for word in words:
            self.assertIn(word, done.err)

    def test_what_the_file_says_wrong(self):
        a = {"run": "true"}
        self.refuses({"procs": {"a": {**a, "executor": "slrum"}}}, "procs.a.executor: there is no executor slrum",
                     "did you mean slurm?")
        self.refuses({"procs": {"a": a}, "options": {"executor": "x"}}, "options.executor: there is no executor x")
        self.refuses({"procs": {"a": a}, "executors": {"far": {}}}, "executors.far: command is missing")
        self.refuses({"procs": {"a": a}, "executors": {"slurm": {"command": ["x"]}}}, "slurm is built in")
        self.refuses({"procs": {"a": a}, "executors": {"local": {"parallel": 4}}}, "options.parallel says it")
        self.refuses({"procs": {"a": a}, "executors": {"far": {"command": []}}}, "must have a program")
        self.refuses({"procs": {"a": a}, "executors": {"far": {"command": ["x", "[what]"]}}}, "no placeholder: [what]")
        self.refuses({"procs": {"a": a}, "executors": {"far": {"command": ["x", "-[argv]"]}}}, "word of its own")
        self.refuses({"procs": {"a": a}, "executors": {"a b": {"command": ["x"]}}}, "a name has up to 64 letters")
        for word in ("[partition]", "[extra]", "[argv]", "[shell]", "[workspace]/[cpus]"):
            self.refuses({"procs": {"a": a}, "executors": {"far": {"command": [word, "x"]}}},
                         "executors.far.command[0]: is the program, of which nothing may be left open")
        executors = {f"x{i}": {"command": ["env"]} for i in range(256)}
        self.refuses({"procs": {"a": a}, "executors": executors}, "executors: more than 255")
        executors.popitem()
        self.ws.define({"a": {**a, "executor": "x254"}}, executors=executors)
        self.ws.ppctl("run", "a")
        self.refuses({"procs": {"a": {**a, "resources": {"cpu": 1}}}}, "unknown key (did you mean cpus?)")
        self.refuses({"procs": {"a": {**a, "resources": {"cpus": 0}}}}, "must be a number from 1 to 1000000")
        self.refuses({"procs": {"a": {**a, "resources": {"memory": "8 bananas"}}}}, "not a size like")
        self.refuses({"procs": {"a": {**a, "resources": {"time": "soon"}}}}, "not a duration like")

    def test_what_requests_say_wrong(self):
        self.ws.define({"a": {"run": "true"}})
        self.assertIn("there is no executor nope", self.ws.ppctl("run", "--executor", "nope", "a", status=2).err)
        self.assertIn("there is no executor nope", self.ws.ppctl("start", "--executor", "nope", "a", status=2).err)
        self.assertIn("there is no executor nope", self.ws.ppctl("options", "executor=nope", status=2).err)
        self.ws.write("more", '{"procs": {"b": {"run": "true", "executor": "nope"}}}')
        self.assertIn("there is no executor nope", self.ws.ppctl("define", "-f", self.ws.dir / "more", status=2).err)


class PlayedSlurm(kit.Case):
    def setUp(self):
        super().setUp()
        self.ws.write("bin/srun", SRUN.format(dir=self.ws.dir), 0o755)
        for name in ("squeue", "scancel"):
            self.ws.write(f"bin/{name}", "#!/bin/sh\n", 0o755)
        self.ws.env["PATH"] = f"{self.ws.dir}/bin:{self.ws.env['PATH']}"

    def test_the_words_of_srun(self):
        self.ws.define({}, {"a::[x]": {"run": ["echo", "[x]"], "resources": {
            "cpus": 4, "memory": "8GiB", "time": "2h", "gpus": 1, "partition": "part-[x]", "extra": ["--nice=[x]"]}}})
        self.ws.ppctl("run", "--executor", "slurm", "a::9")
        words = self.ws.read("words").splitlines()
        for word in ("--cpus-per-task=4", "--mem=8388608K", "--time=2:00:00", "--gpus=1", "--partition=part-9",
                     "--nice=9", "--job-name=a::9", "--ntasks=1", "--quiet"):
            self.assertIn(word, words)
        self.assertEqual(self.ws.ppctl("logs", "a::9").out, "9\n")

    def test_what_is_transient_is_tried_again(self):
        self.ws.write("refusal", "srun: error: Unable to allocate resources: Unable to contact slurm controller "
                                 "(connect failure)\n")
        self.ws.define({"a": {"run": "true"}})
        self.ws.ppctl("start", "--executor", "slurm", "a")
        kit.until(lambda: "before attempt 2" in (self.waits("a") or ""), "it waits for another attempt")
        self.assertIn("Slurm cannot be reached: Unable to allocate resources", self.waits("a"))
        self.assertIn("retry_at", self.ws.ppctl("--json", "status", "a").views()["a"])
        (self.ws.dir / "refusal").unlink()
        self.ws.until_state("a", "succeeded")

    def waits(self, name):
        return self.ws.ppctl("--json", "status", name).views()[name]["waits"]

    def test_an_attempt_right_after_another_has_its_files(self):
        self.ws.define({"a": {"run": "ppctl context >/dev/null && test -s $PP_CONTEXT && test -e tried || "
                                     "{ touch tried; exit 1; }", "retries": {"times": 1, "delay": 0}}})
        self.ws.ppctl("run", "--executor", "slurm", "a")

    def test_a_verbose_srun(self):
        """More than is read of what it says: the begin of it is enough."""
        script = SRUN.format(dir=self.ws.dir).replace(
            'exec "$@"', '"$@" || exit; yes "srun: debug: words" | head -n 20000 >&2')
        self.ws.write("bin/srun", script, 0o755)
        self.ws.define({"a": {"run": "true"}})
        self.ws.ppctl("run", "--executor", "slurm", "a")

    def test_what_never_was_a_job_leaves_nothing(self):
        self.ws.define({"a": {"run": "true", "cwd": "nowhere"}})
        view = self.ws.ppctl("--json", "run", "--executor", "slurm", "a", status=1).views()["a"]
        self.assertIn("chdir: No such file or directory", view["info"])
        nothing_is_left(self.ws)

    def test_what_the_asker_wants_to_see_hides_no_job(self):
        for name, text in QUEUE.items():
            self.ws.write(f"bin/{name}", text.format(dir=self.ws.dir), 0o755)
        self.ws.env.update(SQUEUE_STATES="PENDING", SQUEUE_NEW_ONE="x\ny$(z)\nexport SQUEUE_&=1", SCANCEL_STATE="PENDING",
                           SLURM_CLUSTERS="other")
        self.ws.define({"a": {"run": f"[ ! -e begun ] || exit 0; echo >begun; {self.ws.gate('gate')}", "executor": "slurm",
                              "retries": {"times": 1, "delay": 0, "on": ["lost"]}}})
        self.ws.ppctl("start", "a")
        kit.until((self.ws.dir / "begun").exists, "it runs")
        for pid in reversed(self.ws.pids()):
            os.kill(pid, signal.SIGKILL)
            kit.until(lambda pid=pid: not kit.is_alive(pid), "it is dead")
        self.ws.ppd("-d")
        self.ws.until_state("a", "succeeded")
        self.assertEqual(self.ws.read("told"), "canceled\n")

    def test_why_the_queue_cannot_be_asked(self):
        self.ws.write("bin/squeue", "#!/bin/sh\necho 'slurm_load_jobs error: no' >&2\nexit 1\n", 0o755)
        self.ws.write("bin/srun", f"#!/bin/sh\n{self.ws.gate('gate')}\n", 0o755)
        self.ws.define({"a": {"run": "true", "executor": "slurm"}})
        self.ws.ppctl("start", "a")
        kit.until(lambda: 'asked error="exit 1: slurm_load_jobs error: no"' in self.ws.log(), "the log says why")
        (self.ws.dir / "bin" / "squeue").unlink()
        kit.until(lambda: 'asked error="exit 127: squeue: not found"' in self.ws.log(), "the log says why")
        self.ws.open_gate("gate")
        self.ws.ppctl("wait", status=None)

    def test_as_much_memory_as_a_number_holds(self):
        self.ws.define({"a": {"run": "true", "resources": {"memory": 2**63 - 1}}})
        self.ws.ppctl("run", "--executor", "slurm", "a")
        self.assertIn("--mem=9007199254740992K", self.ws.read("words").splitlines())

    def test_no_success_without_a_beginning(self):
        self.ws.write("bin/srun", "#!/bin/sh\nexit 0\n", 0o755)
        self.ws.define({"a": {"run": "true"}})
        view = self.ws.ppctl("--json", "run", "--executor", "slurm", "a", status=1).views()["a"]
        self.assertEqual((view["error"], view["info"]), ("spawn", "Slurm did not start it"))


if __name__ == "__main__":
    kit.main()
