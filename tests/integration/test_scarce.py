"""What the machine refuses: descriptors, memory, processes, room for logs. Each is an error that says so,
nothing ends for it, and work goes on when it is there again."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import kit
import meter

MIB = meter.MIB
OTHER = 4713  # nobody's number


def first_free(pid):
    """The number of the next descriptor that a process will get."""
    taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    return min(set(range(len(taken) + 1)) - taken)


def set_soft(pid, which, soft):
    """Sets a soft limit of a process, as its user, who may."""
    uid = os.stat(f"/proc/{pid}").st_uid
    child = os.fork()
    if child == 0:
        with contextlib.suppress(ProcessLookupError):
            if uid != os.geteuid():
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
            resource.prlimit(pid, which, (soft, resource.prlimit(pid, which)[1]))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@contextlib.contextmanager
def limited(pid, which, soft):
    """Gives a process that limit for a while; what it had is set again by set_soft(), or was no limit."""
    row = {resource.RLIMIT_NOFILE: "Max open files", resource.RLIMIT_AS: "Max address space",
           resource.RLIMIT_NPROC: "Max processes"}[which]
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith(row):
            before = line[len("Max realtime timeout      "):].split()[0]
    set_soft(pid, which, soft)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            set_soft(pid, which, resource.RLIM_INFINITY if before == "unlimited" else int(before))


class Scarce(kit.Case):
    def serve(self, **definitions):
        self.ws.define({"a": {"run": "true"}, "result": {"run": "echo 7 >$PP_RESULT"},
                        "output": {"run": "echo 7", "result": "stdout"}, **definitions})
        self.ws.ppd("-d")
        self.scheduler, self.supervisor = self.ws.pids()

    def run_one(self, name, peer=None):
        """The view of a proc that was run, over that connection or a new one."""
        with contextlib.ExitStack() as stack:
            peer = peer or stack.enter_context(kit.Connection(self.ws))
            return peer.call("run", names=[name])["result"]["procs"][0]

    def assert_failed(self, view, error, info):
        self.assertEqual(("failed", error), (view["state"], view["error"]), view)
        self.assertRegex(view["info"], info)

    def assert_works(self):
        for name in ("a", "result", "output"):
            self.assertEqual("succeeded", self.run_one(name)["state"])
        self.assertEqual((self.scheduler, self.supervisor), self.ws.pids())


class Descriptors(Scarce):
    def test_connections_beyond_the_limit_of_files(self):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.ws.define({})
        child = self.ws.start(kit.PPD, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400)))
        kit.until(lambda: self.ws.ppctl("ping", status=None).status == 0, "it serves")
        meter.raise_file_limit(1000)
        peers = []
        try:
            while len(peers) < 400:
                peers.append(kit.Connection(self.ws))
                with contextlib.suppress(BrokenPipeError):  # it was refused already
                    peers[-1].request("ping")
                answer = peers[-1].receive()
                if "error" in answer:
                    break
            self.assertEqual("limit", answer["error"]["data"]["error"])
            self.assertEqual("too many connections", answer["error"]["message"])
            self.assertGreater(len(peers), 20)
            # Who is there goes on, and processes are started.
            define = {"procs": {"a": {"run": "true"}}}
            self.assertIn("result", peers[0].call("define", definitions=define))
            self.assertTrue(peers[0].call("run", names=["a"])["result"]["ok"])
            for peer in peers[1:20]:
                peer.__exit__()
            kit.until(lambda: self.ws.ppctl("ping", status=None).status == 0, "new ones are served again")
        finally:
            for peer in peers:
                peer.__exit__()
            child.send_signal(signal.SIGTERM)
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    def test_none_is_left_for_a_connection(self):
        self.serve()
        with kit.Connection(self.ws) as old:
            old.call("ping")
            with limited(self.scheduler, resource.RLIMIT_NOFILE, first_free(self.scheduler)):
                for _ in range(3):
                    with kit.Connection(self.ws) as new:
                        answer = new.receive()
                        self.assertEqual("limit", answer["error"]["data"]["error"])
                        self.assertEqual("too many open files", answer["error"]["message"])
                self.assertEqual({}, old.call("ping")["result"])
            self.assertIn("no descriptors for connections", self.ws.log())
        self.assert_works()

    def test_not_even_one_to_say_so(self):
        self.serve()
        with kit.Connection(self.ws) as old:
            old.call("ping")
            with limited(self.scheduler, resource.RLIMIT_NOFILE, 3):
                new = kit.Connection(self.ws)
                kit.until(lambda: "no descriptors for connections" in self.ws.log(), "it has noticed")
                self.assertEqual({}, old.call("ping")["result"])
            with new:
                self.assertEqual({}, new.call("ping")["result"])  # it has waited in the line
        self.assert_works()

    def test_none_is_left_for_a_result(self):
        gate = self.ws.gate("gate")
        self.serve(late={"run": f"{gate}; echo 7 >$PP_RESULT"},
                   printed={"run": f"{gate}; echo 7", "result": "stdout"})
        for name in ("late", "printed"):
            with self.subTest(name=name), kit.Connection(self.ws) as peer:
                peer.call("start", names=[name])
                kit.until(lambda: peer.call("status", names=[name])["result"]["procs"][0]["state"] == "running",
                          "it runs")
                peer.request("wait", names=[name])
                peer.call("ping")
                with limited(self.scheduler, resource.RLIMIT_NOFILE, first_free(self.scheduler)):
                    self.ws.open_gate("gate")
                    self.assert_failed(peer.receive()["result"]["procs"][0], "bad_result", "[Tt]oo many open files")
        self.assert_works()

    def test_none_is_left_for_the_workspace_file(self):
        self.serve()
        with kit.Connection(self.ws) as peer:
            peer.call("ping")
            with limited(self.scheduler, resource.RLIMIT_NOFILE, first_free(self.scheduler)):
                answer = peer.call("run", names=["a"])
                self.assertEqual("bad_workspace", answer["error"]["data"]["error"])
                self.assertRegex(answer["error"]["message"], "[Tt]oo many open files")
        self.assert_works()

    def test_none_is_left_for_a_process(self):
        self.serve()
        with limited(self.supervisor, resource.RLIMIT_NOFILE, first_free(self.supervisor)):
            self.assert_failed(self.run_one("a"), "spawn", "log: Too many open files")
        self.assert_works()


class Memory(Scarce):
    def serve(self, **definitions):
        super().serve(**definitions)
        if meter.is_sanitized(self.scheduler):
            self.skipTest("a sanitizer's memory cannot be limited")

    def limit(self, pid, more):
        return limited(pid, resource.RLIMIT_AS, meter.read_status(pid, "VmSize") + more)

    def test_none_for_a_message(self):
        self.serve()
        with kit.Connection(self.ws) as old, kit.Connection(self.ws) as peer:
            old.call("ping")
            with self.limit(self.scheduler, 2 * MIB):
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    peer.send(b'{"jsonrpc": "' + b"x" * (12 * MIB))
                answer = peer.receive()
                if answer:  # what is not read may end the connection before it is told
                    self.assertRegex(answer["error"]["message"], "no memory for the message")
                self.assertIn("message dropped", self.ws.log())
                self.assertEqual({}, old.call("ping")["result"])
        self.assert_works()

    def test_none_for_what_a_message_says(self):
        self.serve()
        with kit.Connection(self.ws) as peer:
            peer.call("ping")
            with self.limit(self.scheduler, 12 * MIB):
                peer.request("wait", names=[1] * 900_000)
                answer = peer.receive()
                self.assertEqual("internal", answer["error"]["data"]["error"])
                self.assertRegex(answer["error"]["message"], "no memory")
                self.assertEqual({}, peer.call("ping")["result"])
            peer.request("wait", names=[1] * 900_000)
            self.assertEqual("bad_params", peer.receive()["error"]["data"]["error"])
        self.assert_works()

    def test_none_for_an_answer(self):
        self.serve()
        with kit.Connection(self.ws) as peer:
            value = {"x": "y" * 900_000}
            peer.call("params.set", values=value)
            with self.limit(self.scheduler, MIB // 4):
                answer = peer.call("params.get")
                self.assertEqual("internal", answer["error"]["data"]["error"])
                self.assertRegex(answer["error"]["message"], "no memory")
                self.assertEqual({}, peer.call("ping")["result"])
            self.assertEqual(value, peer.call("params.get")["result"]["values"])
        self.assert_works()

    def test_none_for_the_core_ends_a_scheduler_and_no_more(self):
        """Or it is the database that gets none: then all is held back until it has some."""
        gate = self.ws.gate("gate")
        self.serve(held={"run": gate})

        def is_over():
            return not kit.is_alive(self.scheduler) or "state not stored" in self.ws.log()

        with kit.Connection(self.ws) as peer:
            run = peer.call("start", names=["held"])["result"]["run"]
            with self.limit(self.scheduler, 8 * MIB):
                first = 0
                peer.socket.settimeout(0.1)  # who is held back is not read
                while not is_over():
                    procs = {f"p{number}": {"deps": ["a"]} for number in range(first, first + 100)}
                    try:
                        peer.request("define", definitions={"procs": procs})
                    # Held back, an answer had no memory (what ends then still waits to be read), or it is over.
                    except (TimeoutError, BrokenPipeError, ConnectionResetError):
                        peer.__exit__()
                        peer.__init__(self.ws)
                        peer.socket.settimeout(0.1)
                    first += 100
        kit.until(lambda: self.ws.ppctl("ping", status=None).status == 0, "it serves")
        scheduler, supervisor = self.ws.pids()
        self.assertEqual(self.supervisor, supervisor)
        if scheduler != self.scheduler:
            self.assertIn("out of memory", self.ws.log())
        else:
            self.assertRegex(self.ws.log(), "state not stored.*memory(.*\n)*.*state is stored again")
        self.scheduler = scheduler
        self.ws.open_gate("gate")
        with kit.Connection(self.ws) as peer:
            self.assertTrue(peer.call("wait", run=run)["result"]["ok"])
            self.assertIn("result", peer.call("define", definitions={"procs": procs}))
        self.assert_works()

    def test_none_for_the_supervisor(self):
        self.serve()
        with kit.Connection(self.ws) as peer:
            peer.call("ping")
            with self.limit(self.supervisor, 0):
                env = {f"V{number}": "y" * 90_000 for number in range(10)}
                with contextlib.suppress(AssertionError):  # it may have the scheduler begin anew
                    peer.call("run", names=["a"], env={**env, "PATH": self.ws.env["PATH"]})
                kit.until(lambda: "Cannot allocate memory" in self.ws.log(), "it says so")
        kit.until(lambda: self.ws.ppctl("ping", status=None).status == 0, "it serves")
        self.scheduler, supervisor = self.ws.pids()
        self.assertEqual(self.supervisor, supervisor)
        self.assert_works()


def as_other(case):
    """What makes a daemon another user's, where this is root: some limits do not hold for root."""
    if os.geteuid() != 0:
        return {}
    case.root.chmod(0o755)
    os.chown(case.ws.dir, OTHER, OTHER)
    for path in case.ws.dir.iterdir():
        os.chown(path, OTHER, OTHER)
    try:
        subprocess.run([kit.PPCTL, "--help"], user=OTHER, group=OTHER, extra_groups=[], check=True,
                       capture_output=True, timeout=kit.PATIENCE_S, cwd="/")
    except (OSError, subprocess.CalledProcessError) as error:
        case.skipTest(f"another user cannot execute the programs: {error}")
    return {"user": OTHER, "group": OTHER, "extra_groups": []}


class Processes(Scarce):
    def serve(self, **definitions):
        self.ws.define({"a": {"run": "true"}, "result": {"run": "echo 7 >$PP_RESULT"},
                        "output": {"run": "echo 7", "result": "stdout"}, **definitions})
        self.daemon = self.ws.start(kit.PPD, cwd="/", **as_other(self))
        kit.until(lambda: self.ws.ppctl("ping", status=None).status == 0, "it serves")
        self.scheduler, self.supervisor = self.ws.pids()

    def tearDown(self):
        self.daemon.send_signal(signal.SIGTERM)
        super().tearDown()

    def test_none_for_a_proc(self):
        self.serve()
        with limited(self.supervisor, resource.RLIMIT_NPROC, 1):
            self.assert_failed(self.run_one("a"), "spawn", "fork: Resource temporarily unavailable")
        self.assert_works()

    def test_none_for_a_command_that_is_asked(self):
        self.serve(asks={"deps": [{"command": ["echo", "a"]}]})
        with limited(self.supervisor, resource.RLIMIT_NPROC, 1):
            with kit.Connection(self.ws) as peer:
                views = {view["name"]: view for view in peer.call("run", names=["asks"])["result"]["procs"]}
            self.assert_failed(views["asks"], "resolve", "fork: Resource temporarily unavailable")
        self.assertEqual("succeeded", self.run_one("asks")["state"])
        self.assert_works()

    def test_none_for_a_scheduler(self):
        gate = self.ws.gate("gate")
        self.serve(held={"run": f"echo >there; {gate}"})
        with kit.Connection(self.ws) as peer:
            run = peer.call("start", names=["held"])["result"]["run"]
        kit.until(lambda: (self.ws.dir / "there").exists(), "its process is there")
        said = []
        with limited(self.supervisor, resource.RLIMIT_NPROC, 1):
            os.kill(self.scheduler, signal.SIGKILL)

            def is_said():
                said.append(os.read(self.daemon.stderr.fileno(), 65536).decode())
                return "scheduler not started" in "".join(said)

            kit.until(is_said, "it says so")
        kit.until(lambda: self.ws.ppctl("ping", status=None).status == 0, "it serves again")
        self.scheduler, supervisor = self.ws.pids()
        self.assertEqual(self.supervisor, supervisor)
        self.ws.open_gate("gate")
        with kit.Connection(self.ws) as peer:
            self.assertTrue(peer.call("wait", run=run)["result"]["ok"])
        self.assert_works()

    def test_a_directory_of_logs_that_cannot_be_written(self):
        self.serve()
        for name, info in (("logs", "log: Permission denied"), ("process", "output: Permission denied")):
            with self.subTest(name=name):
                self.run_one("output")
                path = self.ws.dir / ".parproc" / name
                path.chmod(0o500)
                self.assert_failed(self.run_one("output"), "spawn", info)
                path.chmod(0o700)
                self.assert_works()


class Place(Scarce):
    def test_a_workspace_that_cannot_be_written(self):
        """Nobody can serve it; who may write it again can."""
        self.ws.define({"a": {"run": "true"}, "result": {"run": "echo 7 >$PP_RESULT"},
                        "output": {"run": "echo 7", "result": "stdout"}})
        user = as_other(self)
        self.ws.dir.chmod(0o555)
        for program, words, status in ((kit.PPD, [], 1), (kit.PPD, ["-d"], 1), (kit.PPCTL, ["run", "a"], 3)):
            with self.subTest(program=program.name, words=words):
                done = self.ws.finish(self.ws.start(program, *words, cwd="/", **user))
                self.assertEqual(status, done.status, done)
                self.assertRegex(done.err, r"\.parproc: cannot be made: Permission denied")
        self.ws.dir.chmod(0o755)
        daemon = self.ws.start(kit.PPD, cwd="/", **user)
        kit.until(lambda: self.ws.ppctl("ping", status=None).status == 0, "it serves")
        self.scheduler, self.supervisor = self.ws.pids()
        self.assert_works()
        daemon.send_signal(signal.SIGTERM)


class Room(Scarce):
    def test_something_else_in_the_place_of_the_logs(self):
        self.serve()
        logs = self.ws.dir / ".parproc" / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        logs.write_text("mine")
        self.assert_failed(self.run_one("a"), "spawn", "log: Not a directory")
        self.assertEqual("mine", logs.read_text())
        logs.unlink()
        self.assert_works()

    def test_a_full_disk(self):
        """A file system of sixteen files and 128 KiB for the logs."""
        self.ws.define({"a": {"run": "true"}, "result": {"run": "echo 7 >$PP_RESULT"},
                        "output": {"run": "echo 7", "result": "stdout"},
                        "long": {"run": "head -c 1000000 /dev/zero"},
                        "captured": {"run": "head -c 1000000 /dev/zero | tr '\\0' x", "result": "stdout"}},
                       options={"keep_runs": 1000})
        logs = self.ws.dir / ".parproc" / "logs"
        logs.mkdir(parents=True, mode=0o700)
        (self.ws.dir / ".parproc").chmod(0o700)
        mount = "mount -t tmpfs -o size=128k,nr_inodes=16,mode=700 none \"$1\""
        flags = "-m" if os.geteuid() == 0 else "-rm"
        try:
            subprocess.run(["unshare", flags, "sh", "-c", mount, "sh", logs], check=True, capture_output=True,
                           timeout=kit.PATIENCE_S)
        except (OSError, subprocess.CalledProcessError) as error:
            self.skipTest(f"no file system of one's own: {error}")
        subprocess.run(["unshare", flags, "sh", "-c", f"{mount} && exec ppd -C \"$2\" -d", "sh", logs, self.ws.dir],
                       env=self.ws.env, check=True, timeout=kit.PATIENCE_S)
        self.scheduler, self.supervisor = self.ws.pids()
        self.assert_works()
        # No file more: until runs are forgotten, and their logs with them.
        views = [self.run_one("a") for _ in range(16)]
        self.assert_failed(views[-1], "spawn", "log: No space left on device")
        self.ws.ppctl("clear")
        self.assert_works()
        # No byte more: what a process does about that is its own, but the result is there.
        self.assertEqual("failed", self.run_one("long")["state"])
        view = self.run_one("captured")
        self.assertEqual(("succeeded", 1_000_000), (view["state"], len(view["result"])))
        self.assertRegex(self.ws.log(), "output not logged .*No space left on device")
        self.ws.ppctl("clear")
        self.assert_works()


if __name__ == "__main__":
    kit.main()
