"""The units for systemd --user, and the daemon as such a service: readiness, socket activation, its end.

No systemd is needed for the most part: the tests do what it does (descriptor 3, LISTEN_FDS, NOTIFY_SOCKET).
"""

import os
import shutil
import signal
import socket
import subprocess

import kit

UNITS = kit.SOURCE / "daemon" / "systemd"


class Units(kit.Case):
    def make_units(self, workspace, change=lambda text: text):
        """The units of a workspace, with this build's ppd; returns their paths."""
        escaped = subprocess.run(["systemd-escape", "--path", workspace], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout.strip()
        service = (UNITS / "ppd@.service.in").read_text().replace("@bindir@", str(kit.BUILD))
        paths = [self.root / f"ppd@{escaped}.{kind}" for kind in ("service", "socket")]
        paths[0].write_text(change(service))
        paths[1].write_text((UNITS / "ppd@.socket").read_text())
        return paths

    def verify(self, paths):
        """What systemd-analyze has to say against them."""
        (self.root / "run").mkdir(exist_ok=True)
        done = subprocess.run(["systemd-analyze", "verify", "--user", "--man=no", *paths], text=True, check=False,
                              capture_output=True, timeout=kit.PATIENCE_S,
                              env={**self.ws.env, "XDG_RUNTIME_DIR": str(self.root / "run"), "HOME": str(self.root)})
        if "unrecognized option" in done.stderr or "Failed to initialize manager" in done.stderr:
            self.skipTest(f"systemd-analyze does not do that: {done.stderr}")
        return done.stdout + done.stderr + (f"exit status {done.returncode}" if done.returncode else "")

    def test_systemd_has_nothing_against_them(self):
        if not shutil.which("systemd-analyze") or not shutil.which("systemd-escape"):
            self.skipTest("systemd-analyze is missing")
        for directory in self.ws.dir, self.workspace("with blanks and - é").dir:
            self.assertEqual("", self.verify(self.make_units(directory)))
        bad = self.make_units(self.ws.dir, lambda text: text.replace("KillMode=mixed", "KillMode=mixd"))
        self.assertIn("mixd", self.verify(bad))
        bad = self.make_units(self.ws.dir, lambda text: text.replace("/ppd -C", "/no-such-ppd -C"))
        self.assertIn("no-such-ppd", self.verify(bad))

    def test_what_is_built_names_the_installed_program(self):
        built = kit.BUILD / "daemon" / "systemd" / "ppd@.service"
        if not built.exists():
            self.skipTest("configured without units")
        self.assertNotIn("@bindir@", built.read_text())
        self.assertRegex(built.read_text(), r"(?m)^ExecStart=/\S*/ppd -C %f$")


class Service(kit.Case):
    """A workspace whose socket and readiness are systemd's, which is this test."""

    def setUp(self):
        super().setUp()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.root / "notify"))
        self.notify.settimeout(kit.PATIENCE_S)
        self.listener = None

    def tearDown(self):
        super().tearDown()
        self.notify.close()
        if self.listener:
            self.listener.close()

    def listen(self):
        """What ppd@.socket does."""
        state = self.ws.dir / ".parproc"
        state.mkdir(mode=0o700)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(state / "ppd.sock"))
        self.listener.listen(128)

    def serve(self, notify=None):
        """What ppd@.service does; ready when this returns."""
        script = 'LISTEN_PID=$$ exec "$@"'
        env = {"NOTIFY_SOCKET": notify or str(self.root / "notify"), "NO_COLOR": "1"}
        options = {}
        if self.listener:
            # Descriptor 3 is the socket; a low one is needed, so the shell moves it there.
            number = self.listener.fileno()
            script = f"exec 3<&{number}; {script}" if number != 3 else script
            env |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "ppd"}
            options = {"pass_fds": [number]}
        child = subprocess.Popen(["sh", "-c", script, "sh", kit.PPD, "-C", self.ws.dir], env={**self.ws.env, **env},
                                 text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 **options)
        self.ws.children.append(child)
        return child

    def told(self):
        return self.notify.recv(4096).decode().split("\n")

    def test_readiness_is_told_and_so_is_the_end(self):
        self.ws.define({"a": {"run": "true"}})
        daemon = self.serve()
        self.assertEqual(["READY=1", f"MAINPID={daemon.pid}"], self.told())
        self.ws.ppctl("--no-start", "run", "a")
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(["STOPPING=1"], self.told())
        self.assertEqual(0, self.ws.finish(daemon).status)

    def test_readiness_over_an_abstract_socket(self):
        self.ws.define({})
        name = f"parproc-test-{os.getpid()}-{self.root.name}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind("\0" + name)
            notify.settimeout(kit.PATIENCE_S)
            daemon = self.serve(notify="@" + name)
            self.assertEqual("READY=1", notify.recv(4096).decode().split("\n")[0])
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(0, self.ws.finish(daemon).status)

    def test_nobody_listening_is_no_reason_not_to_serve(self):
        self.ws.define({"a": {"run": "true"}})
        self.serve(notify=str(self.root / "nobody"))
        kit.until(lambda: self.ws.ppctl("--no-start", "run", "a", status=None).status == 0, "it serves")

    def test_a_client_before_the_daemon_waits_in_the_socket(self):
        self.listen()
        self.ws.define({"a": {"run": "echo 1", "result": "stdout"}})
        early = self.ws.start(kit.PPCTL, "--no-start", "--json", "run", "a")
        self.serve()
        done = self.ws.finish(early)
        self.assertEqual(0, done.status, done)
        self.assertEqual(1, self.ws.ppctl("result", "a").json)

    def test_a_restart_keeps_the_socket_and_cancels_what_runs(self):
        """As the unit says it: SIGTERM to the main process, which has the tasks canceled, not killed."""
        self.listen()
        gate = self.ws.gate("gate")
        self.ws.define({"long": {"run": f"trap 'echo asked >asked; exit 1' TERM; {gate} & echo ready >ready; wait"}, "a": {"run": "true"}})
        daemon = self.serve()
        self.assertIn("READY=1", self.told())
        self.ws.ppctl("start", "long")
        kit.until((self.ws.dir / "ready").exists, "long runs")
        inode = (self.ws.dir / ".parproc" / "ppd.sock").stat().st_ino
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(["STOPPING=1"], self.told())
        done = self.ws.finish(daemon)
        self.assertEqual(0, done.status, done)
        self.assertIn('canceled="long"', done.err)
        self.assertEqual("asked\n", self.ws.read("asked"))
        self.assertEqual(inode, (self.ws.dir / ".parproc" / "ppd.sock").stat().st_ino)
        between = self.ws.start(kit.PPCTL, "--no-start", "run", "a")
        self.serve()
        self.assertIn("READY=1", self.told())
        self.assertEqual(0, self.ws.finish(between).status)

    def test_tasks_hear_nothing_of_it(self):
        self.listen()
        self.ws.define({"a": {"run": "env >env; ls -l /proc/self/fd >fds"}}, options={"env": "daemon"})
        self.serve()
        self.ws.ppctl("--no-start", "run", "a")
        names = {line.partition("=")[0] for line in self.ws.read("env").splitlines()}
        self.assertEqual(set(), names & {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET"})
        self.assertNotIn("socket:", self.ws.read("fds"))

    def test_descriptors_for_another_process_are_not_taken(self):
        """LISTEN_PID is not this one's: an environment that was inherited."""
        self.ws.define({"a": {"run": "true"}})
        daemon = self.ws.start(kit.PPD, env={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
        kit.until(lambda: self.ws.ppctl("--no-start", "run", "a", status=None).status == 0, "it serves")
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(0, self.ws.finish(daemon).status)
        self.assertFalse((self.ws.dir / ".parproc" / "ppd.sock").exists())

    def test_what_is_no_listening_socket_is_not_taken(self):
        self.ws.define({"a": {"run": "true"}})
        reader, writer = os.pipe()
        child = subprocess.Popen(["sh", "-c", f'exec 3<&{reader}; LISTEN_PID=$$ exec "$@"', "sh", kit.PPD, "-C", self.ws.dir],
                                 env={**self.ws.env, "LISTEN_FDS": "1"}, pass_fds=[reader], text=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ws.children.append(child)
        os.close(reader)
        os.close(writer)
        kit.until(lambda: self.ws.ppctl("--no-start", "run", "a", status=None).status == 0, "it serves")
        self.assertTrue((self.ws.dir / ".parproc" / "ppd.sock").is_socket())


if __name__ == "__main__":
    kit.main()
