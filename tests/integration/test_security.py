"""What doc/SECURITY.md says of other users and of what is on the disk. As root, other users are tried."""

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import unittest

import kit

OWNER, OTHER = 4711, 4712  # nobody's numbers


def is_root():
    return os.geteuid() == 0


class Files(kit.Case):
    def test_all_that_the_daemon_makes_is_for_its_user_alone(self):
        gates = [self.ws.gate(f"gate{i}") for i in range(2)]
        self.ws.define({"a": {"run": f"ppctl message hello; ppctl return 1; {gates[0]}"},
                        "b": {"run": f"echo 1; {gates[1]}", "result": "stdout"}})
        # Whatever the starter's umask is.
        subprocess.run(["sh", "-c", 'umask 000; exec "$@"', "sh", kit.PPD, "-C", self.ws.dir, "-d"], env=self.ws.env,
                       check=True, timeout=kit.PATIENCE_S)
        self.ws.ppctl("start", "a", "b")
        kit.until(lambda: len(list(self.ws.dir.glob(".parproc/process/*"))) >= 3, "files of both are there")
        seen = set()
        for path in [self.ws.dir / ".parproc", *(self.ws.dir / ".parproc").rglob("*")]:
            status = path.lstat()
            kind = stat.S_IFMT(status.st_mode)
            # What ppctl makes for a process has the process's umask; the directory keeps others out.
            if path.suffix not in (".message", ".result"):
                self.assertEqual(0, status.st_mode & 0o077, f"{path}: {status.st_mode:o}")
            self.assertEqual(os.geteuid(), status.st_uid)
            self.assertIn(kind, (stat.S_IFDIR, stat.S_IFREG, stat.S_IFSOCK))
            seen.add(path.name)
        self.assertLessEqual({".parproc", "ppd.sock", "ppd.log", "lock", "logs", "process"}, seen)
        for i in range(2):
            self.ws.open_gate(f"gate{i}")
        self.ws.ppctl("wait")

    def test_a_prepared_state_directory_is_made_private_or_refused(self):
        self.ws.define({})
        state = self.ws.dir / ".parproc"
        state.mkdir(mode=0o755)
        self.ws.ppd("-d")
        self.assertEqual(0o700, state.stat().st_mode & 0o777)
        self.ws.ppctl("stop")
        for name in "logs", "process", "ppd.log", "ppd.log.1", "lock", "state.db":
            with self.subTest(name=name):
                target = self.root / "target"
                target.write_text("precious")
                link = state / name
                kept = self.root / "kept"
                if link.exists():
                    link.rename(kept)
                link.symlink_to(target)
                done = self.ws.ppd("-d", status=1)
                self.assertIn(f"{name} in it is a symbolic link", done.err)
                self.assertEqual("precious", target.read_text())
                link.unlink()
                if kept.exists():
                    kept.rename(link)


@unittest.skipUnless(is_root(), "only root can be others")
class Users(kit.Case):
    """A daemon of OWNER's, which others try to reach by a socket that is open to all."""

    def setUp(self):
        super().setUp()
        self.root.chmod(0o755)
        os.chown(self.ws.dir, OWNER, OWNER)

    def demote(self, uid, *words, **popen):
        """Runs a command as that user."""
        try:
            return subprocess.run(words, user=uid, group=uid, extra_groups=[], text=True, capture_output=True,
                                  env={**self.ws.env, **popen.pop("env", {})}, timeout=kit.PATIENCE_S,
                                  check=False, **popen)
        except PermissionError as error:
            self.skipTest(f"other users cannot execute the programs: {error}")

    def serve(self):
        done = self.demote(OWNER, kit.PPD, "-C", self.ws.dir, "-d", "--idle-exit", "10m", cwd=self.ws.dir)
        self.assertEqual(0, done.returncode, done)

    def expose(self):
        """What the owner would have to do so that others can connect at all."""
        (self.ws.dir / ".parproc").chmod(0o755)
        (self.ws.dir / ".parproc" / "ppd.sock").chmod(0o666)
        return self.ws.dir / ".parproc" / "ppd.sock"

    def as_user(self, uid, function):
        """Calls the function with a stream in a process of that user's: the process, and what is printed there."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            with contextlib.suppress(BaseException), os.fdopen(writer, "w") as out:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
                function(out)
                out.flush()
                status = 0
            os._exit(status)
        os.close(writer)
        return pid, os.fdopen(reader)

    def ask(self, uid, path):
        """What the daemon says to a raw request of that user's."""

        def ask(out):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(kit.PATIENCE_S)
                try:
                    peer.connect(str(path))
                except OSError as error:
                    out.write(type(error).__name__)
                    return
                with contextlib.suppress(BrokenPipeError):
                    peer.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
                out.write(peer.makefile().readline())

        pid, answer = self.as_user(uid, ask)
        with answer:
            text = answer.read()
        os.waitpid(pid, 0)
        return text

    def test_the_socket_is_out_of_reach(self):
        self.serve()
        self.assertEqual("PermissionError", self.ask(OTHER, self.ws.dir / ".parproc" / "ppd.sock"))

    def test_another_user_is_refused_even_where_the_socket_is_open_to_all(self):
        self.serve()
        path = self.expose()
        answer = json.loads(self.ask(OTHER, path))
        self.assertEqual("not_allowed", answer["error"]["data"]["error"])
        self.assertIn("connection refused", self.ws.log())
        self.assertIn(f"uid={OTHER}", self.ws.log())
        for uid in OWNER, 0:
            self.assertIn("result", json.loads(self.ask(uid, path)))

    def test_a_client_sends_nothing_to_another_users_daemon(self):
        self.serve()
        path = self.expose()
        done = self.demote(OTHER, kit.PPCTL, "-S", path, "run", "a", cwd="/")
        self.assertEqual(3, done.returncode, done)
        self.assertIn(f"another user's (uid {OWNER})", done.stderr)

    def test_a_trap_above_is_not_sprung(self):
        """OTHER has made the directory above a workspace; OWNER works in one below it."""
        os.chown(self.ws.dir, OTHER, OTHER)
        self.ws.define({"a": {"run": "touch sprung", "now": True}})
        os.chown(self.ws.dir / "parproc.yaml", OTHER, OTHER)
        below = self.ws.dir / "below"
        below.mkdir()
        os.chown(below, OWNER, OWNER)
        done = self.demote(OWNER, kit.PPCTL, "run", "a", cwd=below)
        self.assertEqual(3, done.returncode, done)
        self.assertIn("another user owns it", done.stderr)
        self.assertFalse((self.ws.dir / "sprung").exists())
        # A daemon of OTHER's own, waiting for who comes.
        (self.ws.dir / ".parproc").mkdir(mode=0o755)
        os.chown(self.ws.dir / ".parproc", OTHER, OTHER)
        path = self.ws.dir / ".parproc" / "ppd.sock"

        def trap(out):
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
                path.chmod(0o666)
                listener.listen()
                print("set", file=out, flush=True)
                with listener.accept()[0] as peer:
                    out.write(f"got {peer.recv(1 << 20)}")

        pid, said = self.as_user(OTHER, trap)
        try:
            self.assertEqual("set\n", said.readline())
            done = self.demote(OWNER, kit.PPCTL, "run", "a", cwd=below, env={"SECRET": "hush"})
            self.assertEqual(3, done.returncode, done)
            self.assertIn(f"another user's (uid {OTHER})", done.stderr)
            self.assertEqual("got b''", said.read())
        finally:
            said.close()
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def test_what_others_own_or_may_write_is_refused(self):
        self.ws.define({})
        file = self.ws.dir / "parproc.yaml"
        cases = {
            "the directory is another user's": (self.ws.dir, OTHER, OTHER, 0o755, "another user owns it"),
            "all may write the directory": (self.ws.dir, OWNER, OWNER, 0o777, "all users may write it"),
            "the file is another user's": (file, OTHER, OTHER, 0o644, "another user owns it"),
            "all may write the file": (file, OWNER, OWNER, 0o666, "all users may write it"),
            "a group may write the file": (file, 0, OTHER, 0o664, "a group of users may write it"),
        }
        os.chown(file, OWNER, OWNER)
        for what, (path, uid, gid, mode, says) in cases.items():
            with self.subTest(what):
                before = path.stat()
                os.chown(path, uid, gid)
                path.chmod(mode)
                done = self.demote(OWNER, kit.PPD, "-C", self.ws.dir, cwd="/")
                self.assertEqual(1, done.returncode, done)
                self.assertIn(says, done.stderr)
                os.chown(path, before.st_uid, before.st_gid)
                path.chmod(before.st_mode & 0o777)
        (self.ws.dir / ".parproc").mkdir(exist_ok=True)
        os.chown(self.ws.dir / ".parproc", OTHER, OTHER)
        done = self.demote(OWNER, kit.PPD, "-C", self.ws.dir, cwd="/")
        self.assertIn("another user", done.stderr)


if __name__ == "__main__":
    kit.main()
