"""The daemon's life: starting, being started, who serves, ending."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import kit


def processes_in(directory):
    """Those of ppd whose working directory that is: detached daemons."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if path.joinpath("cwd").resolve() == Path(directory).resolve() and path.joinpath("exe").resolve().name == "ppd":
                found.add(path.name)
    return found


class Starting(kit.Case):
    def test_clients_that_start_at_once_end_with_one_daemon(self):
        """tests/soak has a hundred rounds of it."""
        self.ws.define({"a": {"run": "true"}})
        for _ in range(3):
            children = [self.ws.start(kit.PPCTL, "--json", "run", "a") for _ in range(20)]
            for child in children:
                done = self.ws.finish(child)
                self.assertEqual((0, ""), (done.status, done.err), done)
            pids = self.ws.pids()
            holder = (self.ws.dir / ".parproc" / "lock").read_text().split()[0]
            self.assertEqual(str(pids[1]), holder)
            # Those that came second may be ending still.
            kit.until(lambda: processes_in(self.ws.dir) == {str(pids[0]), holder}, "one daemon is left")
            self.ws.ppctl("stop")

    def test_verbs_that_look_start_nothing(self):
        self.ws.define({"a": {"run": "true"}})
        for words in (["ping"], ["status"], ["runs"], ["--no-start", "run", "a"]):
            done = self.ws.ppctl(*words, status=3)
            self.assertRegex(done.err, r"(?m)^ppctl: ")
            self.assertIn("ppd.sock", done.err)
        self.ws.ppctl("run", "a", env={"PP_AUTOSTART": "0"}, status=3)
        self.assertFalse((self.ws.dir / ".parproc" / "ppd.sock").exists())

    def test_it_is_found_from_a_directory_below(self):
        self.ws.define({"a": {"run": "pwd", "result": "stdout"}})
        below = self.ws.dir / "one" / "two"
        below.mkdir(parents=True)
        subprocess.run([kit.PPCTL, "run", "a"], cwd=below, env=self.ws.env, check=True,
                       stdout=subprocess.DEVNULL, timeout=kit.PATIENCE_S)
        self.assertEqual(str(self.ws.dir) + "\n", self.ws.ppctl("result", "-r", "a").out)

    def test_a_second_one_says_so(self):
        self.ws.define({})
        self.ws.ppd("-d")
        pids = self.ws.pids()
        self.ws.ppd("-d")
        self.assertNotEqual("", self.ws.ppd(status=1).err)
        self.assertEqual(pids, self.ws.pids())

    def test_detached_it_keeps_nothing_of_its_starter(self):
        self.ws.define({})
        reader, writer = os.pipe()
        child = self.ws.start(kit.PPD, "-d", stdout=writer, stderr=writer, pass_fds=[writer])
        os.close(writer)
        self.assertEqual(0, child.wait(kit.PATIENCE_S))
        # End of file: nobody has the other end any more.
        with os.fdopen(reader) as stream:
            stream.read()
        self.ws.ppctl("--no-start", "ping")

    def test_a_stale_socket_is_replaced(self):
        self.ws.define({})
        self.ws.ppd("-d")
        for pid in reversed(self.ws.pids()):
            os.kill(pid, signal.SIGKILL)
            kit.until(lambda pid=pid: not kit.is_alive(pid), f"{pid} is gone")
        self.assertTrue((self.ws.dir / ".parproc" / "ppd.sock").exists())
        self.ws.ppctl("ping", status=3)
        self.ws.ppd("-d")
        self.ws.ppctl("--no-start", "ping")

    def test_the_state_directory_is_private(self):
        self.ws.define({})
        self.ws.ppd("-d")
        self.assertEqual(0o700, (self.ws.dir / ".parproc").stat().st_mode & 0o777)

    def test_a_path_longer_than_a_sockets_works(self):
        deep = self.workspace("/".join(["d" * 60] * 5))
        deep.define({"a": {"run": "ppctl ping && ppctl context >/dev/null"}})
        deep.ppctl("run", "a")
        deep.ppctl("stop")

    def test_no_workspace_is_said(self):
        done = subprocess.run([kit.PPCTL, "run", "a"], cwd=self.root, env=self.ws.env, text=True,
                              capture_output=True, timeout=kit.PATIENCE_S, check=False)
        self.assertIn(done.returncode, (2, 3))
        self.assertRegex(done.stderr, r"(?m)^ppctl: ")


class Ending(kit.Case):
    def test_stop_returns_when_all_is_gone(self):
        gate = self.ws.gate("gate")
        self.ws.define({"long": {"run": f"echo $$ >pid; {gate}"}})
        waiter = self.ws.start(kit.PPCTL, "run", "long")
        worker = kit.until(lambda: (self.ws.dir / "pid").exists() and self.ws.read("pid").strip(),
                           "the proc runs")
        pids = self.ws.pids()
        self.ws.ppctl("stop")
        self.assertFalse(any(kit.is_alive(pid) for pid in pids))
        self.assertFalse(kit.is_alive(worker))
        self.assertIn(self.ws.finish(waiter).status, (1, 3))
        self.ws.ppctl("ping", status=3)
        self.ws.ppctl("stop", status=None)

    def test_stops_at_once_all_find_it_gone(self):
        """Who comes while it ends is told nothing of a connection that broke."""
        self.ws.define({"a": {"run": "true"}})
        for _ in range(8):
            self.ws.ppd("-d")
            pids = self.ws.pids()
            stops = [self.ws.start(kit.PPCTL, "stop") for _ in range(3)]
            for done in [self.ws.finish(stop) for stop in stops]:
                self.assertIn((done.status, "no daemon serves" in done.err),
                              ((0, False), (3, True)), done.err)
            self.assertFalse(any(kit.is_alive(pid) for pid in pids))

    def test_stop_gives_up_on_what_is_no_daemon(self):
        path = str(self.ws.dir / "other.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(200)

            def refuse():
                while True:
                    try:
                        listener.accept()[0].close()
                    except OSError:
                        return
            server = threading.Thread(target=refuse)
            server.start()
            done = self.ws.ppctl("-S", path, "stop", status=3)
            listener.shutdown(socket.SHUT_RDWR)
            server.join()
        self.assertRegex(done.err, "^ppctl: .*\n$")

    def test_sigterm_ends_it_in_order(self):
        gate = self.ws.gate("gate")
        self.ws.define({"long": {"run": gate}})
        daemon = self.ws.start(kit.PPD)
        kit.until(lambda: self.ws.ppctl("--no-start", "ping", status=None).status == 0, "it serves")
        self.ws.ppctl("start", "long")
        self.ws.until_state("long", "running")
        daemon.send_signal(signal.SIGTERM)
        done = self.ws.finish(daemon)
        self.assertEqual(0, done.status, done)
        self.assertIn("long", done.err)

    def test_without_its_supervisor_nothing_goes_on(self):
        self.ws.define({"long": {"run": "echo $$ >pid; sleep 600 & wait"}})
        self.ws.ppd("-d", "-v")
        self.ws.ppctl("start", "long")
        kit.until(lambda: (self.ws.dir / "pid").exists() and self.ws.read("pid").strip(),
                  "the proc runs")
        kit.until(lambda: "worker started" in self.ws.log(), "the scheduler knows its number")
        scheduler, supervisor = self.ws.pids()
        os.kill(supervisor, signal.SIGKILL)
        kit.until(lambda: not kit.is_alive(scheduler), "the scheduler has ended")
        kit.until(lambda: not kit.is_alive(int(self.ws.read("pid"))), "so has the worker")

    def test_an_idle_one_ends(self):
        self.ws.define({})
        self.ws.ppd("-d", "--idle-exit", "0.2")
        kit.until(lambda: not (self.ws.dir / ".parproc" / "ppd.sock").exists(), "it has ended")
        self.ws.ppctl("ping", status=3)


class Log(kit.Case):
    """ppd.log, which both processes write to."""

    def test_a_full_one_is_put_aside_while_both_write_to_it(self):
        self.ws.define({"a": {"run": "true"}})
        self.ws.ppd("-d")
        scheduler, supervisor = self.ws.pids()
        path, old = (self.ws.dir / ".parproc" / name for name in ("ppd.log", "ppd.log.1"))
        junk = ("x" * 1023 + "\n") * 4096
        for round in range(2):
            with path.open("a") as stream:
                stream.write(f"junk {round}\n{junk}")
            self.ws.define({"a": {"run": f"echo {round}"}})
            self.ws.ppctl("reload")
            kit.until(lambda: "workspace loaded" in path.read_text() and path.stat().st_size < 4096, "there is a new one")
            self.assertIn(f"junk {round}\n", old.read_text())
        # The supervisor has said nothing meanwhile.
        os.kill(scheduler, signal.SIGKILL)
        kit.until(lambda: "scheduler died" in path.read_text(), "the supervisor writes to the new one")
        kit.until(lambda: self.ws.ppctl("--no-start", "ping", status=None).status == 0, "another scheduler serves")
        kit.until(lambda: path.read_text().count("serving workspace") == 1, "and it too")
        for pid in self.ws.pids():
            for number in 1, 2:
                self.assertEqual(str(path), os.readlink(f"/proc/{pid}/fd/{number}"))
        self.assertNotEqual(scheduler, self.ws.pids()[0])
        self.assertEqual(supervisor, self.ws.pids()[1])
        self.assertEqual(["lock", "logs", "ppd.log", "ppd.log.1", "ppd.sock", "process", "state.db", "state.db-shm",
                          "state.db-wal"],
                         sorted({"logs", *os.listdir(path.parent)}))

    def test_a_full_one_is_put_aside_at_the_start(self):
        """So the reason of a start that fails can be found."""
        self.ws.define({})
        self.ws.ppd("-d")
        self.ws.ppctl("stop")
        path = self.ws.dir / ".parproc" / "ppd.log"
        with path.open("a") as stream:
            stream.write("junk\n" * (1 << 20))
        self.ws.ppd("-d")
        self.assertNotIn("junk", path.read_text())
        self.assertIn("junk", path.with_name("ppd.log.1").read_text())

    def test_in_the_foreground_standard_error_is_left_alone(self):
        self.ws.define({})
        with open(self.root / "err", "w+") as stream:
            stream.write("junk\n" * (1 << 20))
            stream.flush()
            daemon = self.ws.start(kit.PPD, stderr=stream)
            kit.until(lambda: self.ws.ppctl("--no-start", "ping", status=None).status == 0, "it serves")
            self.ws.ppctl("stop")
            self.ws.finish(daemon)
        self.assertEqual(["err", "ws"], sorted(os.listdir(self.root)))
        self.assertIn("ended", (self.root / "err").read_text())


class Signals(kit.Case):
    def test_an_interrupted_run_is_canceled(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number.name):
                self.ws.define({"long": {"run": "echo $$ >pid; exec sleep 600"}})
                child = self.ws.start(kit.PPCTL, "run", "long")
                self.ws.ppctl("--json", "options")  # a daemon is there, whoever started it
                kit.until(lambda: self.ws.states("long").get("long") == "running", "long runs")
                child.send_signal(number)
                self.assertEqual(status, self.ws.finish(child).status)
                view = self.ws.ppctl("--json", "status", "long").views()["long"]
                self.assertEqual(("failed", "canceled"), (view["state"], view["error"]))

    def test_losing_a_client_cancels_nothing(self):
        gate = self.ws.gate("gate")
        self.ws.define({"kept": {"run": gate}})
        child = self.ws.start(kit.PPCTL, "run", "kept")
        kit.until(lambda: (self.ws.dir / ".parproc" / "ppd.sock").exists(), "the daemon serves")
        self.ws.until_state("kept", "running")
        child.kill()
        child.wait()
        self.ws.open_gate("gate")
        self.assertTrue(self.ws.ppctl("--json", "wait", "kept").json["ok"])

    def test_a_timeout_ends_the_whole_group(self):
        self.ws.define({"stubborn": {
            "run": "trap '' TERM; sh -c 'echo $$ >pid; while :; do sleep 600; done' & wait; wait",
            "timeout": 0.3}}, options={"kill_after": "0.2"})
        done = self.ws.ppctl("--json", "run", "stubborn", status=1)
        self.assertEqual("timeout", done.views()["stubborn"]["error"])
        pid = self.ws.read("pid").strip()
        kit.until(lambda: not kit.is_alive(pid), "its child has ended")


if __name__ == "__main__":
    kit.main()
