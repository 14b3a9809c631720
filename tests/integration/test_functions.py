"""Functions of a C program as tasks: tests/integration/functions.c, run by people and by the daemon."""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import kit

FUNCTIONS = kit.BUILD / "tests" / "integration" / "functions"


class Functions(kit.Case):
    def setUp(self):
        super().setUp()
        self.ws.define(params={"region": "north"})
        (self.ws.dir / "sub").mkdir()
        # One that can be replaced, of the same name.
        self.program = self.ws.dir / "functions"
        shutil.copy(FUNCTIONS, self.program)

    def start(self, *words, what="", **popen):
        return self.ws.start(self.program, *words, env={"FUNCTIONS": what}, **popen)

    def run_program(self, *words, status=0, what=""):
        child = self.start(*words, what=what)
        done = self.ws.finish(child)
        if done.status != status:
            raise AssertionError(f"exit status {done.status} instead of {status}: {done}")
        return done

    def view(self, name):
        return self.ws.ppctl("--json", "status", name).views()[name]

    def result(self, name):
        return self.ws.ppctl("result", name).json

    def assert_failed(self, name, error, info):
        view = self.view(name)
        self.assertEqual(("failed", error), (view["state"], view["error"]))
        self.assertRegex(view["info"] or "", info)

    # --- by a person ---

    def test_what_is_for_now_is_run(self):
        done = self.run_program()
        self.assertRegex(done.out, r"^start setup\nok setup [0-9.]+s\n$")
        self.assertEqual("setting up\n", self.ws.ppctl("logs", "setup").out)
        self.assertEqual("done", self.result("setup"))

    def test_what_is_named_is_run(self):
        done = self.run_program("build::[env]", "env=prod", "--param", "region=south")
        self.assertRegex(done.out, r"(?m)^ok build::prod ")
        self.assertEqual({"env": "prod", "n": 7, "ratio": 1.5, "fast": True, "setup": "done", "region": "south"},
                         self.result("build::prod"))
        self.run_program("skip")
        self.assertEqual("idle", self.ws.states("fail").get("fail", "idle"))

    def test_twice_is_as_good_as_once(self):
        for _ in range(2):
            self.assertRegex(self.run_program().out, r"(?m)^ok setup")

    def test_defining_alone_runs_nothing(self):
        self.assertEqual("", self.run_program("--define").out)
        self.assertIn("build::[env]", self.ws.ppctl("list").out)
        self.assertRegex(self.ws.ppctl("run", "all").out, r"(?m)^ok all")

    def test_choices_and_dependencies_come_from_functions(self):
        self.run_program("all")
        self.assertEqual({"dev", "prod"}, {self.result(f"build::{env}")["env"] for env in ("dev", "prod")})
        self.assertEqual(7, self.result("build::dev")["n"])
        self.assertIn("nor is this\n", self.ws.ppctl("logs", "build::dev").out)
        self.assertEqual("build::dev\nbuild::prod\n", self.ws.ppctl("create", "build::*").out)
        refused = self.ws.ppctl("create", "build::test", status=2)
        self.assertIn("env=test is not one of its choices: dev, prod", refused.err)

    def test_a_function_for_choices_that_fails_is_named(self):
        self.run_program("--define")
        refused = self.ws.ppctl("create", "lost::1", status=2)
        self.assertIn("the list is lost", refused.err)
        refused = self.run_program("--single", "lost::1", status=2)
        self.assertIn("the list is lost", refused.err)

    def test_outcomes_are_those_of_processes(self):
        done = self.run_program("skip", "fail", "seven", status=1)
        self.assertRegex(done.out, r"(?m)^skip skip not today$")
        self.assertRegex(done.out, r"(?m)^FAIL fail .* exit 1\n  no way$")
        self.assert_failed("seven", "exit", "it is seven")
        self.assertEqual(7, self.view("seven")["exit_code"])

    def test_a_function_runs_where_it_was_said(self):
        self.run_program("where")
        result = self.result("where")
        self.assertEqual((str(self.ws.dir / "sub"), "red"), (result["cwd"], result["env"]))

    def test_functions_run_others_and_wait(self):
        self.run_program("nest")
        self.assertEqual({"build::dev", "build::prod"},
                         {name for name in self.result("nest") if name.startswith("build")})

    def test_a_timeout_ends_it(self):
        self.run_program("short", status=1)
        self.assertEqual("timeout", self.view("short")["error"])

    def test_sigterm_cancels_as_it_does_in_ppctl(self):
        self.run_program("--define")
        child = self.start("long")
        self.ws.until_state("long", "running")
        child.send_signal(signal.SIGTERM)
        done = self.ws.finish(child)
        self.assertEqual(128 + signal.SIGTERM, done.status)
        self.assertEqual("canceled", self.view("long")["error"])

    def test_sigterm_to_all_its_processes_is_one(self):
        # The second one would kill it at once.
        self.ws.define({"slow": {"run": "trap 'sleep 0.3; touch ended; exit 1' TERM; touch begun; sleep 1000 & wait"}})
        child = self.start("slow", start_new_session=True)
        kit.until((self.ws.dir / "begun").exists, "it has begun")
        os.killpg(child.pid, signal.SIGTERM)
        self.assertEqual(128 + signal.SIGTERM, self.ws.finish(child).status)
        self.assertTrue((self.ws.dir / "ended").exists())

    def test_help_lists_what_there_is(self):
        done = self.run_program("--help")
        self.assertRegex(done.out, r"(?m)^  setup  \(now\)  Sets up$")
        self.assertRegex(done.out, r"(?m)^  build::\[env\]$")

    # --- mistakes on the way ---

    def test_mistakes_of_the_command_line(self):
        self.assertIn("nosuch: no proc or proto of that name", self.run_program("nosuch", status=2).err)
        self.assertIn("unknown option --nosuch", self.run_program("--nosuch", status=2).err)
        self.assertIn("no workspace: /nowhere", self.run_program("-C", "/nowhere", status=3).err)
        self.assertIn("Nothing is for now", self.run_program(status=2, what="empty").err)
        self.assertIn("is for parproc's daemon",
                      self.ws.finish(self.worker("task", "setup", "0")).err)

    def worker(self, *words):
        child = subprocess.Popen([self.program, "--pp-worker", *words], env=self.ws.env, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ws.children.append(child)
        return child

    def test_mistakes_of_the_program_are_named(self):
        self.assertEqual("functions: setup: the name is given twice\n", self.run_program(status=2, what="twice").err)
        refused = self.run_program(status=2, what="cycle")
        self.assertIn("x: deps: y::[z]: x has no argument z", refused.err)

    def test_another_program_of_the_name_is_somebody_else(self):
        self.run_program("--define")
        other = self.ws.dir / "other" / "functions"
        other.parent.mkdir()
        shutil.copy(FUNCTIONS, other)
        refused = self.ws.finish(self.ws.start(other, "--define"))
        self.assertEqual(2, refused.status)
        self.assertIn("the name is taken", refused.err)
        self.program.unlink()  # it was moved
        self.assertEqual(0, self.ws.finish(self.ws.start(other, "--define")).status)
        self.ws.ppctl("run", "setup")

    def test_what_somebody_else_has_defined_is_left_alone(self):
        self.ws.ppctl("define", "fail", "--", "true")
        self.assertIn("fail: the name is taken", self.run_program(status=2).err)
        self.ws.ppctl("run", "fail")
        self.ws.define({"fail": {"run": "true"}})
        self.ws.ppctl("undefine", "fail")
        self.assertIn("fail: the name is taken", self.run_program(status=2).err)

    def rebuild(self):
        """Another program under the same name: its build id is another one."""
        new = self.program.with_suffix(".new")
        data = self.program.read_bytes()
        at = re.search(rb"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0", data).end()
        new.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        new.chmod(0o755)
        new.rename(self.program)

    def test_a_program_that_was_rebuilt_is_noticed(self):
        self.run_program("--define")
        self.rebuild()
        done = self.ws.ppctl("run", "setup", status=1)
        self.assertIn("functions was rebuilt since setup was defined", done.out)
        refused = self.ws.ppctl("create", "build::*", status=2)
        self.assertIn("functions was rebuilt since build::[env] was defined", refused.err)
        self.run_program()
        self.run_program("all")

    def test_a_program_that_is_gone_is_named(self):
        self.run_program("--define")
        self.program.unlink()
        self.assertIn(f"{self.program}", self.ws.ppctl("run", "setup", status=1).out)
        self.assert_failed("setup", "spawn", "No such file")

    # --- functions that do what they should not ---

    def test_a_crash_is_its_own_failure_only(self):
        # A sanitizer would make a report of it, with which run-test fails.
        self.ws.env["ASAN_OPTIONS"] = f"{os.environ.get('ASAN_OPTIONS', '')}:handle_segv=0"
        done = self.run_program("crash", "setup", status=1)
        self.assertRegex(done.out, r"(?m)^ok setup")
        view = self.view("crash")
        self.assertEqual(("signal", signal.SIGSEGV), (view["error"], view["signal"]))

    def test_a_function_has_to_return(self):
        self.run_program("exit", "exit_77", "exit_now", "thousand", status=1)
        self.assert_failed("exit_77", "exit", r"the function called exit\(77\)")
        self.assert_failed("exit", "exit", r"the function called exit\(0\); it has to return")
        self.assert_failed("exit_now", "bad_result", "FunctionDidNotReturn")
        self.assert_failed("thousand", "exit", "the function returned 1000, which is no exit status")

    def test_a_function_for_dependencies_has_to_return_a_list(self):
        self.run_program("lazy", "vague", status=1)
        self.assert_failed("lazy", "resolve", "JSON")
        self.assert_failed("vague", "resolve", "exit 126")
        self.assertIn("the function returned no list of texts", self.ws.ppctl("logs", "vague").out)

    def test_a_function_may_clear_its_environment(self):
        self.run_program("clear")

    def test_bad_results_are_named(self):
        self.run_program("much", "garbage", "no_argument", status=1)
        self.assert_failed("much", "bad_result", "larger than max_result")
        self.assert_failed("garbage", "exit", "there is no result: a text is not UTF-8")
        self.assert_failed("no_argument", "exit", "no_argument has no argument nothing")

    def test_a_child_that_returns_leaves_nothing(self):
        self.run_program("child")
        self.assertEqual("parent", self.result("child"))
        log = self.ws.ppctl("logs", "child").out
        self.assertEqual(1, log.count("once\n"), log)

    def test_descriptors_that_a_function_closes_harm_nobody(self):
        self.run_program("close")
        self.assertEqual(True, self.result("close"))
        self.assertEqual("mine", self.ws.read("mine"))

    # --- a driver ---

    def test_a_driver_does_what_it_wants(self):
        done = self.run_program(status=5, what="drive")
        self.assertEqual("build::dev 3\n", done.out)

    def test_help_says_what_a_program_with_a_driver_does_not(self):
        done = self.run_program("--help", what="drive")
        self.assertRegex(done.out, r"\Ausage: functions \[OPTION\]\.\.\. \[WORD\]\.\.\.\n")
        self.assertNotIn("as of ppctl run", done.out)
        self.assertRegex(done.out, r"(?m)^  setup  Sets up$")  # nothing is for now

    # --- mode single ---

    def test_single_functions_run_in_the_program(self):
        child = self.start("--single", "where")
        done = self.ws.finish(child)
        self.assertEqual(0, done.status, done)
        self.assertEqual({"cwd": str(self.ws.dir / "sub"), "pid": child.pid, "env": "red"}, self.result("where"))

    def test_single_is_the_workspaces_mode_too(self):
        self.ws.ppctl("options", "mode=single")
        child = self.start("where")
        self.assertEqual(0, self.ws.finish(child).status)
        self.assertEqual(child.pid, self.result("where")["pid"])

    def test_single_has_everything_else_too(self):
        done = self.run_program("--single", "nest", "skip", "fail", "garbage", "thousand", "child", status=1)
        self.assertIn("building prod\n", done.out)
        self.assertEqual(7, self.result("nest")["build::prod"]["n"])
        self.assertEqual("parent", self.result("child"))
        self.assertEqual("skipped", self.view("skip")["state"])
        self.assert_failed("fail", "exit", "no way")
        self.assert_failed("garbage", "exit", "there is no result")
        self.assert_failed("thousand", "exit", "the function returned 1000")

    def test_single_a_driver_waits_and_functions_are_called(self):
        done = self.run_program("--single", status=5, what="drive")
        lines = [line for line in done.out.splitlines() if line.startswith("buil")]
        self.assertEqual(["building dev", "building prod"], sorted(lines[:2]))
        self.assertEqual(["build::dev 3"], lines[2:])

    def test_single_a_program_that_ends_is_missed(self):
        self.run_program("--define")
        child = self.start("--single", "long")
        self.ws.until_state("long", "running")
        kit.until(lambda: self.is_calling(child), "the function is called")
        child.kill()
        kit.until(lambda: self.view("long")["state"] == "failed", "it has failed")
        self.assert_failed("long", "exit", rf"the program that was to call it \({child.pid}\) has ended")

    def is_calling(self, child):
        """The function prints a line at once; its pipe is read as it comes."""
        os.set_blocking(child.stdout.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            self.seen = getattr(self, "seen", "") + os.read(child.stdout.fileno(), 65536).decode()
        return "ready\n" in getattr(self, "seen", "")

    def test_single_other_programs_do_their_own(self):
        other = self.ws.dir / "others"
        shutil.copy(FUNCTIONS, other)
        with open(other, "ab") as stream:
            stream.write(b"not the same")
        self.assertEqual(0, self.ws.finish(self.ws.start(other, "--define")).status)
        child = self.ws.start(self.ws.dir / "others", "--single", "where")
        self.assertEqual(0, self.ws.finish(child).status)
        self.assertEqual(child.pid, self.result("where")["pid"])
        self.ws.define({"first": {"run": "true"}})
        self.program.rename(self.ws.dir / "mine")
        mine = self.ws.start(self.ws.dir / "mine", "--single", "where")
        done = self.ws.finish(mine)
        self.assertEqual(0, done.status, done)
        self.assertNotEqual(mine.pid, self.result("where")["pid"])

    def test_single_a_function_that_exits_ends_all(self):
        done = self.run_program("--single", "exit", status=1)
        self.assertIn("a function called exit(0); it has to return", done.err)
        kit.until(lambda: self.view("exit")["state"] == "failed", "it has failed")

    def test_single_descriptors_that_a_function_closes(self):
        self.run_program("--single", "close", status=1)
        self.assert_failed("close", "exit", "closed its connection")

    def test_single_asks_where_it_is(self):
        child = self.start("--single", "ask", stdin=subprocess.PIPE)
        out, err = child.communicate("world\n", timeout=kit.PATIENCE_S)
        self.assertEqual((0, "name? "), (child.returncode, err), out)
        self.assertEqual("world", self.result("ask"))

    def address(self, child):
        """Where workers find a program, as it has told ppctl."""
        ppctl = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()[0]
        variables = Path(f"/proc/{ppctl}/environ").read_text().split("\0")
        return next(entry.partition("=")[2] for entry in variables if entry.startswith("PARPROC_FUNCTIONS="))

    def test_single_what_no_worker_says_is_let_be(self):
        self.ws.define({"hold": {"run": self.ws.gate("gate")}})
        self.run_program("--define")
        child = self.start("--single", "ask", "hold", stdin=subprocess.PIPE)
        kit.until(lambda: select.select([child.stderr], [], [], 0)[0], "it asks")  # and its function waits
        address = self.address(child)
        name = b"\0" + address.partition(":")[2].encode()
        peers = []
        for said in (b"", b"no JSON\n", b"[]\n", b'{"call": "task"}\n', b"{\"call\": \"task\", \"half",
                     json.dumps({"call": "task", "name": "setup", "program": "/other", "build": "0",
                                 "directory": "/", "variables": {}}).encode() + b"\n"):
            peer = socket.socket(socket.AF_UNIX)
            self.addCleanup(peer.close)
            peer.settimeout(kit.PATIENCE_S)
            peer.connect(name)
            peer.sendall(said)
            peer.shutdown(socket.SHUT_WR)
            peers.append(peer)
        # One that is a worker's comes behind them.
        self.ws.run(kit.PPCTL, "start", "where", env={"PARPROC_FUNCTIONS": address})
        self.ws.until_state("where", "running")
        child.stdin.write("world\n")
        child.stdin.flush()
        self.ws.until_state("where", "succeeded")
        self.ws.open_gate("gate")
        self.assertEqual(0, self.ws.finish(child).status)
        self.assertEqual("world", self.result("ask"))
        self.assertEqual(child.pid, self.result("where")["pid"])
        for peer in peers:
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(b"", peer.recv(1), "nothing is begun")

    def test_single_what_is_canceled_is_not_called(self):
        self.ws.define()
        self.run_program("--define")
        child = self.start("--single", "long")
        kit.until(lambda: self.is_calling(child), "the function is called")
        # Another call comes while the first goes on.
        self.ws.run(kit.PPCTL, "start", "setup", env={"PARPROC_FUNCTIONS": self.address(child)})
        self.ws.until_state("setup", "running")
        self.ws.ppctl("cancel", "setup")
        kit.until(lambda: self.view("setup")["state"] == "failed", "it is canceled")
        child.kill()
        child.wait()
        self.assertNotIn("setting up", self.seen)

    def test_single_without_the_program_a_process_does_it(self):
        child = self.start("--single", "where")
        self.ws.finish(child)
        self.ws.ppctl("run", "where")
        self.assertNotEqual(child.pid, self.result("where")["pid"])


if __name__ == "__main__":
    kit.main()
