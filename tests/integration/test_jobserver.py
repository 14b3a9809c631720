"""The jobserver: make trees of several procs, and what else speaks the protocol, share N tokens.

The compiler of these trees writes down how many of it run, and ends when the test lets it.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import unittest

import kit

WAITS = "waits for a job token"

# A file for each that runs, with the make that has started it; then how many there are.
COMPILER = """#!/bin/sh
echo $PPID >on/$$
ls on | wc -l >>counts
until [ -e go ]; do sleep 0.02; done
rm on/$$
echo "$1" >>done
"""

# Three makes below the first, with four files each.
MAKEFILE = """
all: $(addprefix sub-,1 2 3)
sub-%:
\t@$(MAKE) leaves N=$*
leaves: $(addprefix object-$(N)-,1 2 3 4)
object-%:
\t@./compile $(PP_PROC)-$*
"""

# A client of the form that GNU make has from 4.4 on: one at a time with its own token, and as many
# beside that as it gets others.
FIFO_CLIENT = """
import contextlib, os, re, subprocess, threading
path = re.search(r"--jobserver-auth=fifo:(\\S+)", os.environ["MAKEFLAGS"]).group(1)
fifo = os.open(path, os.O_RDWR)
left = [f"{os.environ['PP_PROC']}-{i}-{j}" for i in (1, 2, 3) for j in (1, 2, 3, 4)]

def work(is_own):
    while left:
        token = None if is_own else os.read(fifo, 1)
        with contextlib.suppress(IndexError):
            subprocess.call(["./compile", left.pop()])
        if token:
            os.write(fifo, token)

threads = [threading.Thread(target=work, args=(i == 0,)) for i in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""

# One that knows the newer form answers so to the question for it.
MAKE_44 = """#!/bin/sh
echo '["jobserver-fifo"]'
"""


class Case(kit.Case):
    def setUp(self):
        super().setUp()
        for name in ("MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS", "MAKELEVEL"):
            self.ws.env.pop(name, None)
        self.ws.write("Makefile", MAKEFILE)
        self.ws.write("compile", COMPILER, 0o755)
        self.ws.write("client.py", FIFO_CLIENT)
        for name in ("counts", "done"):
            self.ws.write(name, "")
        (self.ws.dir / "on").mkdir()

    def serve(self, tokens, procs, **more):
        self.ws.define(procs, options={"jobserver": tokens, "kill_after": "2s", **more})
        self.ws.ppd("-d")

    def compilers(self):
        """The make of each that runs."""
        makes = []
        for path in (self.ws.dir / "on").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if kit.is_alive(int(path.name)):
                    makes.append(int(path.read_text()))
        return makes

    def until_busy(self, count):
        kit.until(lambda: len(self.compilers()) == count, f"{count} compilers run")

    def let_go(self):
        self.ws.write("go", "")

    def begin_anew(self):
        """After some were killed, or have ended. A make that is killed may be replaced, while its
        compilers go on: for that time there may be more than there are tokens."""
        for path in (self.ws.dir / "on").iterdir():
            if not kit.is_alive(int(path.name)):
                path.unlink()
        (self.ws.dir / "go").unlink(missing_ok=True)
        self.ws.write("done", "")
        self.ws.write("counts", "")

    def most(self):
        return max(int(line) for line in self.ws.read("counts").split())

    def check_all_built(self, *procs):
        objects = [f"{proc}-{i}-{j}" for proc in procs for i in (1, 2, 3) for j in (1, 2, 3, 4)]
        self.assertEqual(sorted(objects), sorted(self.ws.read("done").split()))

    def view(self, name):
        return self.ws.ppctl("--json", "status", name).views()[name]

    def until_waiting(self, name):
        kit.until(lambda: self.view(name)["waits"] == WAITS, f"{name} is pending")

    def tokens(self):
        return self.ws.ppctl("call", "options.get", "{}").json["job_tokens"]

    def until_all_free(self, count):
        kit.until(lambda: self.tokens() == {"limit": count, "free": count}, "all tokens are free")

    def start_with_the_token(self, name, waiting):
        """Starts the one, which takes the last token, then the other, which waits for it."""
        self.ws.ppctl("start", name)
        kit.until(lambda: self.tokens()["free"] == 0, f"{name} has the token")
        self.ws.ppctl("start", waiting)
        self.until_waiting(waiting)

    def print_flags(self, name, env=None):
        """What the proc of that name, which prints MAKEFLAGS, has there."""
        self.ws.ppctl("run", name, env=env)
        return self.ws.ppctl("logs", name).out.rstrip("\n")


MAKE = {"run": "make --no-print-directory", "jobserver": True}


@unittest.skipUnless(shutil.which("make"), "needs make")
class Trees(Case):
    def test_two_procs_share(self):
        self.serve(3, {"a": MAKE, "b": MAKE, "all": {"deps": ["a", "b"]}})
        run = self.ws.start(kit.PPCTL, "run", "all")
        self.until_busy(3)
        self.let_go()
        self.assertEqual(0, self.ws.finish(run).status)
        self.assertLessEqual(self.most(), 3)
        self.check_all_built("a", "b")
        self.until_all_free(3)

    def test_more_procs_than_tokens(self):
        self.serve(2, {**{f"p{i}": MAKE for i in range(5)}, "all": {"deps": [f"p{i}" for i in range(5)]}})
        run = self.ws.start(kit.PPCTL, "run", "all")
        self.until_busy(2)
        kit.until(lambda: sum(view["waits"] == WAITS for view in
                              self.ws.ppctl("--json", "status").views().values()) == 3, "three are pending")
        self.let_go()
        self.assertEqual(0, self.ws.finish(run).status)
        self.assertLessEqual(self.most(), 2)
        self.check_all_built(*[f"p{i}" for i in range(5)])
        self.until_all_free(2)

    def test_more_tokens_come_at_once(self):
        self.serve(1, {"a": MAKE})
        run = self.ws.start(kit.PPCTL, "run", "a")
        self.until_busy(1)
        self.ws.ppctl("options", "jobserver=4")
        self.until_busy(4)
        self.let_go()
        self.assertEqual(0, self.ws.finish(run).status)
        self.assertLessEqual(self.most(), 4)
        self.ws.ppctl("options", "jobserver=2")
        self.until_all_free(2)

    def test_what_is_free_is_not_told_before_it_is_known(self):
        self.serve(3, {})
        self.until_all_free(3)
        for count in (1, 9, 2):
            answer = self.ws.ppctl("call", "options.set", json.dumps({"values": {"jobserver": count}})).json
            self.assertEqual({"limit": count, "free": None}, answer["job_tokens"])
            self.until_all_free(count)
        self.assertNotIn("#", self.ws.ppctl("options", "jobserver=3").out)
        self.until_all_free(3)
        self.assertIn("# 3 of 3 job tokens are free\n", self.ws.ppctl("options", "jobserver=3").out)
        # Not one too many, whoever has put something there.
        with (self.ws.dir / ".parproc/jobserver").open("wb", buffering=0) as fifo:
            fifo.write(b"++")
        self.assertEqual({"limit": 3, "free": 3}, self.tokens())

    def test_killed_with_its_group(self):
        self.serve(3, {"a": MAKE, "b": MAKE})
        self.ws.ppctl("start", "a")
        self.until_busy(3)
        self.ws.ppctl("cancel", "--kill", "a")
        self.ws.until_state("a", "failed")
        self.until_all_free(3)
        self.begin_anew()
        self.ws.ppctl("start", "b")
        self.until_busy(3)
        self.let_go()
        self.ws.ppctl("wait", "b")
        self.assertLessEqual(self.most(), 3)

    def test_what_the_killed_had_is_there_for_who_waits(self):
        """The next one does not begin before it is known that those are lost."""
        self.serve(3, {"a": MAKE, "b": MAKE, "c": MAKE})
        self.ws.ppctl("start", "a")
        self.until_busy(3)
        self.ws.ppctl("start", "b")
        self.until_waiting("b")
        self.ws.ppctl("cancel", "--kill", "a")
        self.ws.until_state("a", "failed")
        self.begin_anew()
        self.until_busy(3)
        self.let_go()
        self.ws.ppctl("wait", "b")

    def test_killed_makes_leave_compilers_behind(self):
        self.serve(3, {"a": MAKE, "b": MAKE})
        self.ws.ppctl("start", "a")
        self.until_busy(3)
        worker = self.pid_of("a")
        # The topmost first: it would begin another in place of one below it that was killed.
        for make in [worker, *(set(self.compilers()) - {worker})]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(make, signal.SIGKILL)
        self.ws.until_state("a", "failed")
        self.until_all_free(3)
        self.begin_anew()
        self.ws.ppctl("start", "b")
        self.until_busy(3)
        self.let_go()
        self.ws.ppctl("wait", "b")
        self.assertLessEqual(self.most(), 3)

    def pid_of(self, name):
        exec_ = self.view(name)["exec"]
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError):
                if os.getpgid(int(entry)) == int(entry):
                    with open(f"/proc/{entry}/environ", "rb") as stream:
                        variables = stream.read().split(b"\0")
                    if {f"PP_EXEC={exec_}".encode(), f"PP_WORKSPACE={self.ws.dir}".encode()} <= set(variables):
                        return int(entry)
        raise AssertionError(f"{name} has no process")

    def kill_scheduler(self):
        pid, _ = self.ws.pids()
        os.kill(pid, signal.SIGKILL)
        kit.until(lambda: self.ws.pids()[0] != pid, "another scheduler serves")

    def test_scheduler_dies_in_the_middle(self):
        self.serve(2, {name: MAKE for name in ("a", "b", "c", "d")})
        run = int(self.ws.ppctl("start", "a", "b").out)
        self.until_busy(2)
        self.ws.ppctl("--run", str(run), "start", "c")
        self.until_waiting("c")
        self.kill_scheduler()
        self.until_waiting("c")
        self.kill_scheduler()
        self.assertEqual(2, len(self.compilers()))
        self.let_go()
        self.ws.ppctl("--run", str(run), "wait")
        self.check_all_built("a", "b", "c")
        self.assertLessEqual(self.most(), 2)
        # None was lost, and none doubled.
        self.until_all_free(2)
        self.begin_anew()
        self.ws.ppctl("start", "d")
        self.until_busy(2)
        self.let_go()
        self.ws.ppctl("wait", "d")
        self.assertLessEqual(self.most(), 2)

    def test_whole_daemon_dies(self):
        self.serve(2, {"a": MAKE, "b": MAKE})
        self.ws.ppctl("start", "a")
        self.until_busy(2)
        pids = self.ws.pids()
        os.kill(pids[1], signal.SIGSTOP)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            kit.until(lambda pid=pid: not kit.is_alive(pid), "the daemon is gone")
        self.ws.ppd("-d")
        self.ws.until_state("a", "failed")
        self.until_all_free(2)
        self.begin_anew()
        self.ws.ppctl("start", "b")
        self.until_busy(2)
        self.let_go()
        self.ws.ppctl("wait", "b")
        self.assertLessEqual(self.most(), 2)

    def test_inside_another_make(self):
        """The client's own jobserver is no worker's: make would say so."""
        self.serve(2, {"plain": {"run": "make --no-print-directory 2>&1"}, "shared": MAKE})
        self.let_go()
        env = {"MAKEFLAGS": "k -j8 --jobserver-auth=27,28 -- PLACE=here", "MFLAGS": "-k -j8 --jobserver-fds=27,28"}
        self.ws.ppctl("run", "plain", "shared", env=env)
        self.assertEqual("", self.ws.ppctl("logs", "plain").out)
        self.assertEqual("", self.ws.ppctl("logs", "shared").out)


class Pending(Case):
    def test_waits_and_goes_on(self):
        gate = self.ws.gate("go-a")
        self.serve(1, {"a": {"run": gate, "jobserver": True},
                       "b": {"run": "true", "jobserver": True, "timeout": "100ms"},
                       "free": {"run": "true"}})
        self.start_with_the_token("a", waiting="b")
        self.assertIn(f"b {WAITS}", self.ws.ppctl("why", "b").out)
        self.assertEqual("running", self.view("b")["state"])
        # Others do not need one. Its timeout does not run, either, though more than that passes.
        since_s = self.view("b")["started_at"]
        kit.until(lambda: self.ws.ppctl("run", "free") and
                  self.view("free")["ended_at"] > since_s + 0.2, "time passes")
        self.until_waiting("b")
        self.ws.open_gate("go-a")
        self.ws.ppctl("wait", "b")
        self.assertGreater(self.view("b")["pending_time"], 0.2)
        self.until_all_free(1)

    def test_canceled_before_it_has_begun(self):
        self.serve(1, {"a": {"run": self.ws.gate("go-a"), "jobserver": True},
                       "b": {"run": "echo ran >>done", "jobserver": True},
                       "c": {"run": "true", "jobserver": True}})
        self.ws.ppctl("start", "a")
        kit.until(lambda: self.tokens()["free"] == 0, "a has the token")
        self.ws.ppctl("start", "b", "c")
        self.until_waiting("b")
        self.ws.ppctl("cancel", "b")
        self.ws.until_state("b", "failed")
        self.assertEqual("canceled", self.view("b")["error"])
        self.ws.open_gate("go-a")
        self.ws.ppctl("wait", "c")
        self.assertEqual("", self.ws.read("done"))
        self.until_all_free(1)

    def test_the_last_that_waits_is_canceled(self):
        """The token that is kept for it is given back."""
        self.serve(1, {"a": {"run": self.ws.gate("go-a"), "jobserver": True},
                       "b": {"run": "true", "jobserver": True}})
        self.start_with_the_token("a", waiting="b")
        self.ws.ppctl("cancel", "b")
        self.ws.open_gate("go-a")
        self.ws.ppctl("wait", "a")
        self.until_all_free(1)

    def test_switched_off_meanwhile(self):
        self.serve(1, {"a": {"run": self.ws.gate("go-a"), "jobserver": True},
                       "b": {"run": 'echo "flags=$MAKEFLAGS"', "jobserver": True}})
        self.start_with_the_token("a", waiting="b")
        self.ws.ppctl("options", "jobserver=off")
        self.ws.ppctl("wait", "b")
        self.assertEqual("flags=\n", self.ws.ppctl("logs", "b").out)
        self.ws.open_gate("go-a")
        self.ws.ppctl("wait", "a")
        kit.until(lambda: not (self.ws.dir / ".parproc/jobserver").exists(), "the FIFO is gone")
        self.ws.ppctl("options", "jobserver=2")
        self.assertIn("--jobserver-auth", self.print_flags("b"))
        self.until_all_free(2)

    def test_nested_wait_lends_the_token(self):
        self.serve(1, {"outer": {"run": "ppctl run inner && echo outer >>done", "jobserver": True},
                       "inner": {"run": "echo inner >>done", "jobserver": True}})
        self.ws.ppctl("run", "outer")
        self.assertEqual("inner\nouter\n", self.ws.read("done"))
        self.until_all_free(1)

    def test_what_cannot_start_has_no_token(self):
        self.serve(1, {"bad": {"run": "true", "cwd": "nowhere", "jobserver": True},
                       "good": {"run": "true", "jobserver": True}})
        for _ in range(3):
            self.ws.ppctl("run", "bad", status=1)
        self.ws.ppctl("run", "good")
        self.until_all_free(1)

    def replace_fifo(self, what):
        path = self.ws.dir / ".parproc/jobserver"
        path.unlink()
        if what == "fifo":
            os.mkfifo(path)
        elif what == "file":
            path.write_text("++++")
        elif what == "link":
            path.symlink_to("../Makefile")

    def test_its_fifo_is_gone_or_another(self):
        """As long as somebody uses the old one there is none for others; then a new one is made."""
        words = {"none": "No such file or directory", "fifo": "Stale file handle", "file": "Stale file handle",
                 "link": "Stale file handle"}
        self.serve(2, {"a": {"run": f"echo >there; {self.ws.gate('go-a')}", "jobserver": True},
                       "pipe": {"run": "true", "jobserver": "pipe"}, "fifo": {"run": "true", "jobserver": "fifo"}})
        there = self.ws.dir / "there"
        for what, said in words.items():
            there.unlink(missing_ok=True)
            self.ws.ppctl("start", "a")
            kit.until(there.exists, "a runs, so it has a token")
            self.assertEqual(1, self.tokens()["free"])
            self.replace_fifo(what)
            for name in ("pipe", "fifo"):
                self.ws.ppctl("run", name, status=1)
                self.assertEqual(f"jobserver: {said}", self.view(name)["info"])
            if what != "fifo":
                self.assertIsNone(self.tokens()["free"])
            self.ws.open_gate("go-a")
            self.ws.ppctl("wait", "a")
            for name in ("pipe", "fifo"):
                self.ws.ppctl("run", name)
            self.until_all_free(2)

    def test_what_stands_in_the_place_of_its_fifo(self):
        path = self.ws.dir / ".parproc/jobserver"
        path.mkdir(parents=True)
        self.serve(1, {"a": {"run": "true", "jobserver": True}})
        self.ws.ppctl("run", "a", status=1)
        self.assertEqual("jobserver: Is a directory", self.view("a")["info"])
        path.rmdir()
        self.ws.ppctl("run", "a")
        self.until_all_free(1)


class Forms(Case):
    PRINT = 'echo "$MAKEFLAGS"'

    def test_off_by_default(self):
        self.ws.define({"a": {"run": self.PRINT, "jobserver": True}})
        self.ws.ppd("-d")
        self.assertEqual("", self.print_flags("a"))
        self.assertEqual("-j7", self.print_flags("a", env={"MAKEFLAGS": "-j7"}))
        self.assertNotIn("job_tokens", self.ws.ppctl("call", "options.get", "{}").json)
        self.assertFalse((self.ws.dir / ".parproc/jobserver").exists())

    def test_asks_make(self):
        self.serve(5, {"a": {"run": self.PRINT, "jobserver": True}})
        pipe = " -j5 --jobserver-fds=3,4 --jobserver-auth=3,4"
        fifo = f" -j5 --jobserver-auth=fifo:{self.ws.dir}/.parproc/jobserver"
        if shutil.which("make"):
            newer = subprocess.run(["make", "-f-"], input="$(info $(.FEATURES))\nall:;", text=True,
                                   capture_output=True, check=True).stdout
            self.assertEqual(fifo if "jobserver-fifo" in newer else pipe, self.print_flags("a"))
        self.ws.write("bin/make", MAKE_44, 0o755)
        path = self.ws.env["PATH"]
        self.assertEqual(fifo, self.print_flags("a", env={"PATH": f"{self.ws.dir}/bin:{path}"}))
        self.ws.write("old/make", "#!/bin/sh\nexit 2\n", 0o755)
        self.assertEqual(pipe, self.print_flags("a", env={"PATH": f"{self.ws.dir}/old:{path}"}))

    def test_keeps_what_else_there_is(self):
        self.serve(5, {"pipe": {"run": self.PRINT, "jobserver": "pipe"},
                       "own": {"run": self.PRINT, "jobserver": "pipe", "env": {"MAKEFLAGS": "-s"}},
                       "none": {"run": self.PRINT}})
        env = {"MAKEFLAGS": "kw -j8 --jobserver-auth=fifo:/outer -l4 -- A=b\\ c"}
        ours = "-j5 --jobserver-fds=3,4 --jobserver-auth=3,4"
        self.assertEqual(f"kw -l4 {ours} -- A=b\\ c", self.print_flags("pipe", env=env))
        self.assertEqual("kw -l4 -- A=b\\ c", self.print_flags("none", env=env))
        self.assertEqual(f"-s {ours}", self.print_flags("own", env=env))

    def test_descriptors(self):
        self.serve(5, {"pipe": {"run": "ls -l /proc/self/fd", "jobserver": "pipe"},
                       "fifo": {"run": "ls -l /proc/self/fd", "jobserver": "fifo"},
                       "none": {"run": "ls -l /proc/self/fd"}})
        counts = {}
        for name in ("pipe", "fifo", "none"):
            self.ws.ppctl("run", name)
            lines = self.ws.ppctl("logs", name).out.splitlines()
            counts[name] = sum("jobserver" in line for line in lines)
            self.assertEqual(5 + counts[name], len(lines), lines)  # total, 0, 1, 2, the directory
        self.assertEqual({"pipe": 2, "fifo": 0, "none": 0}, counts)

    def test_path_that_make_reads_otherwise(self):
        ws = self.workspace("with blank")
        ws.env.pop("MAKEFLAGS", None)
        ws.define({"auto": {"run": self.PRINT, "jobserver": True}, "fifo": {"run": "true", "jobserver": "fifo"}},
                  options={"jobserver": 2})
        ws.ppctl("run", "auto")
        self.assertIn("--jobserver-auth=3,4", ws.ppctl("logs", "auto").out)
        ws.ppctl("run", "fifo", status=1)
        self.assertIn("use jobserver: pipe", ws.ppctl("why", "fifo").out)

    def test_attempts_without_a_process(self):
        """Each is told of, like those of a command that is not there."""
        ws = self.workspace("with blank")
        ws.define({"a": {"run": "true", "jobserver": "fifo", "retries": {"times": 2, "delay": "1ms"}}},
                  options={"jobserver": 2})
        ws.ppctl("run", "a", status=1)
        shown = ws.ppctl("--json", "show", "a").json
        self.assertEqual([(1, "spawn"), (2, "spawn")],
                         [(one["attempt"], one["error"]) for one in shown["attempts"]])

    def test_fifo_clients_share_with_make(self):
        client = {"run": "python3 client.py", "jobserver": "fifo"}
        procs = {"a": client, "b": MAKE if shutil.which("make") else client}
        self.serve(4, {**procs, "all": {"deps": ["a", "b"]}})
        run = self.ws.start(kit.PPCTL, "run", "all")
        self.until_busy(4)
        self.let_go()
        self.assertEqual(0, self.ws.finish(run).status)
        self.assertLessEqual(self.most(), 4)
        self.check_all_built("a", "b")
        self.until_all_free(4)

    def test_gcc(self):
        if not shutil.which("gcc"):
            self.skipTest("gcc is not installed")
        self.ws.write("a.c", "int main(void) { return 0; }\n")
        self.serve(2, {"a": {"run": "gcc -Wall -flto=jobserver -o program a.c && ./program", "jobserver": True}})
        self.ws.ppctl("run", "a")
        self.assertEqual("", self.ws.ppctl("logs", "a").out)  # no word of one that is not there
        self.until_all_free(2)

    def test_cargo(self):
        if not shutil.which("cargo") or subprocess.run(["cargo", "--version"], capture_output=True).returncode:
            self.skipTest("cargo is not installed")
        self.ws.write("Cargo.toml", '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n')
        self.ws.write("src/main.rs", "fn main() {}\n")
        self.serve(2, {"a": {"run": "cargo build --offline", "jobserver": True}})
        self.ws.ppctl("run", "a")
        self.assertNotIn("jobserver", self.ws.ppctl("logs", "a").out)
        self.until_all_free(2)

    def test_refusals(self):
        self.ws.define({"a": {"run": "true", "jobserver": "socket"}})
        done = self.ws.ppctl("run", "a", status=2)
        self.assertIn("jobserver: must be pipe or fifo, not socket", done.err)
        self.ws.define({"a": {"run": "true"}})
        for value in ("0", "4097", "many", "-1"):
            done = self.ws.ppctl("options", f"jobserver={value}", status=2)
            self.assertIn("jobserver: must be", done.err)
        self.ws.ppctl("options", "jobserver=ncpu")
        self.assertGreaterEqual(self.tokens()["limit"], 1)
        self.assertIn("jobserver=ncpu\n", self.ws.ppctl("options").out)


if __name__ == "__main__":
    kit.main()
