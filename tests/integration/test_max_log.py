"""max_log: logs that grow too large are cut, while they grow and when they have ended."""

import os
import re
import shutil
import subprocess

import kit

KIB = 1024
MAX = 256 * KIB
LIMIT = MAX + 64 * KIB  # whole units go
MARKER = re.compile(rb"^\[(\d+) bytes were cut here\]$", re.M)

# Prints numbered lines of 16 bytes, about so many KiB.
LINES = 'awk -v n=$((%d * 64)) "BEGIN { for (i = 1; i <= n; i++) printf \\"line %%09d \\\\n\\", i }"'


def lines(kib):
    return LINES % kib


class Case(kit.Case):
    def serve(self, **procs):
        self.ws.define({name: {"run": run} if isinstance(run, str) else run for name, run in procs.items()},
                       options={"max_log": "256KiB"})

    def path(self, name):
        return kit.Path(self.ws.ppctl("--json", "logs", name).json["path"])

    def used(self, path):
        return path.stat().st_blocks * 512

    def size(self, path):
        return path.stat().st_size if path and path.exists() else 0

    def capture(self):
        """The file in which a standard output is captured."""
        found = list((self.ws.dir / ".parproc" / "process").glob("*.out"))
        return found[0] if found else None

    def until_freed(self, path, size):
        kit.until(lambda: self.size(path) >= size and self.used(path) <= LIMIT, f"{path.name} is cut")

    def until_packed(self, path):
        kit.until(lambda: 0 < self.size(path) <= LIMIT + 100, f"{path.name} is packed")

    def check_text(self, text, first, last, markers=1):
        """The text begins and ends so and has only lines and a marker in between."""
        self.assertNotIn(b"\0", text)
        self.assertTrue(text.startswith(first), text[:80])
        self.assertTrue(text.endswith(last), text[-80:])
        self.assertEqual(markers, len(MARKER.findall(text)), text[:200])

    def logs(self, *words):
        return subprocess.run([kit.PPCTL, "-C", self.ws.dir, "logs", *words], env=self.ws.env, check=True,
                              stdout=subprocess.PIPE, timeout=kit.PATIENCE_S).stdout


class Growing(Case):
    def test_the_middle_is_freed_while_it_runs_and_gone_when_it_has_ended(self):
        gate = self.ws.gate("gate")
        self.serve(big=f"{lines(4096)}; {gate}; echo the end")
        self.ws.ppctl("start", "big")
        path = self.path("big")
        self.until_freed(path, 4096 * KIB)
        self.assertEqual(4096 * KIB, path.stat().st_size)
        text = self.logs("big")
        self.check_text(text, b"line 000000001 \n", b"line 000262144 \n")
        cut = int(MARKER.search(text)[1])
        self.assertEqual(4096 * KIB - cut + len(f"[{cut} bytes were cut here]\n"), len(text))
        self.assertEqual(b"line 000262143 \nline 000262144 \n", self.logs("--tail", "2", "big"))
        self.assertTrue(MARKER.match(self.logs("--tail", "1000000", "big")))
        self.ws.open_gate("gate")
        self.ws.ppctl("wait", "big")
        self.until_packed(path)
        text = path.read_bytes()
        self.check_text(text, b"line 000000001 \n", b"line 000262144 \nthe end\n")
        self.assertFalse(re.search(rb"^(?!line \d{9} $|\[|the end$|$)", text, re.M), "only whole lines")
        self.assertEqual(text, self.logs("big"))
        self.assertEqual(0o600, path.stat().st_mode & 0o777)
        self.assertEqual([], os.listdir(self.ws.dir / ".parproc" / "process"))

    def test_what_is_added_behind_a_hole_is_cut_again(self):
        gates = [self.ws.gate(f"gate{i}") for i in range(2)]
        self.serve(big=f"{lines(1024)}; {gates[0]}; {lines(1024)}; {gates[1]}")
        self.ws.ppctl("start", "big")
        path = self.path("big")
        self.until_freed(path, 1024 * KIB)
        self.ws.open_gate("gate0")
        self.until_freed(path, 2048 * KIB)
        self.check_text(self.logs("big"), b"line 000000001 \n", b"line 000065536 \n")
        self.ws.open_gate("gate1")
        self.ws.ppctl("wait", "big")

    def follow(self, name, to):
        with open(self.root / to, "wb") as stream:
            return self.ws.start(kit.PPCTL, "logs", "-f", name, stdout=stream)

    def until_seen(self, to, text):
        kit.until(lambda: text in (self.root / to).read_bytes()[-4096:], f"{to} has {text}")

    def test_who_follows_gets_the_end(self):
        """One who was there from the beginning, and one who comes when there is a hole already."""
        gates = [self.ws.gate(f"gate{i}") for i in range(2)]
        self.serve(big=f"echo the beginning; {gates[0]}; {lines(4096)}; {gates[1]}; echo the end")
        self.ws.ppctl("start", "big")
        early = self.follow("big", "early")
        self.until_seen("early", b"the beginning\n")
        self.ws.open_gate("gate0")
        self.until_freed(self.path("big"), 4096 * KIB)
        late = self.follow("big", "late")
        self.until_seen("late", b"line 000262144 \n")
        self.ws.open_gate("gate1")
        for child in early, late:
            done = self.ws.finish(child)
            self.assertEqual(0, done.status, done)
        text = (self.root / "late").read_bytes()
        self.check_text(text, b"the beginning\nline 000000001 \n", b"line 000262144 \nthe end\n")
        # How much of it was cut before this one came to it is a matter of luck.
        text = (self.root / "early").read_bytes()
        self.check_text(text, b"the beginning\nline 000000001 \n", b"line 000262144 \nthe end\n",
                        len(MARKER.findall(text)))

    def test_the_limit_can_be_set_while_it_runs(self):
        gate = self.ws.gate("gate")
        self.serve(big=f"{lines(2048)}; {gate}")
        self.ws.ppctl("options", "max_log=unlimited")
        self.ws.ppctl("start", "big")
        path = self.path("big")
        kit.until(lambda: self.size(path) == 2048 * KIB, "all is printed")
        self.ws.ppctl("options", "max_log=512KiB")
        kit.until(lambda: self.used(path) <= 576 * KIB, "it is cut")
        self.ws.ppctl("options", "max_log=256KiB")
        self.until_freed(path, 2048 * KIB)
        self.ws.open_gate("gate")
        self.ws.ppctl("wait", "big")
        self.until_packed(path)

    def test_a_command_that_prints_names_is_limited_too(self):
        gate = self.ws.gate("gate")
        self.ws.define({"big": {"run": "true", "deps": [{"command": [
            "sh", "-c", f"{{ {lines(2048)}; echo in time; }} >&2; {gate}; echo leaf"]}]},
            "leaf": {"run": "true"}}, options={"max_log": "256KiB"})
        self.ws.ppctl("start", "big")
        path = self.path("big")
        self.until_freed(path, 2048 * KIB)
        self.ws.open_gate("gate")
        self.ws.ppctl("wait", "big")
        self.check_text(self.logs("big"), b"line 000000001 \n", b"in time\n")


class Ended(Case):
    def test_what_ends_at_once_is_cut_too(self):
        self.serve(big=lines(2048))
        self.ws.ppctl("run", "big")
        path = self.path("big")
        self.until_packed(path)
        self.check_text(path.read_bytes(), b"line 000000001 \n", b"line 000131072 \n")

    def test_what_is_small_enough_is_left_alone(self):
        self.serve(small=lines(256))
        self.ws.ppctl("run", "small")
        self.assertEqual(MAX, self.path("small").stat().st_size)
        self.ws.ppctl("options", "max_log=unlimited")
        self.ws.define({"big": {"run": lines(2048)}}, options={"max_log": "unlimited"})
        self.ws.ppctl("run", "big")
        self.ws.ppctl("stop")
        self.assertEqual([2048 * KIB], [path.stat().st_size for path in self.ws.dir.glob(".parproc/logs/*/*-big.log")])

    def test_the_telling_lines_are_those_at_the_end(self):
        self.serve(big=f"{lines(2048)}; echo 'error: it is broken'; exit 3")
        done = self.ws.ppctl("run", "big", status=1)
        self.assertIn("error: it is broken", done.out)
        self.assertNotIn("\\0", done.out)
        self.assertLess(len(done.out), 4000)

    def test_what_a_task_leaves_running_may_finish_its_log(self):
        """A process that has left the group has the log open still: it is packed when that has ended."""
        gate = self.ws.gate("gate")
        self.serve(big=f"setsid sh -c '{gate}; echo the last word' & {lines(2048)}")
        self.ws.ppctl("run", "big")
        path = self.path("big")
        self.until_freed(path, 2048 * KIB)
        self.assertEqual(2048 * KIB, path.stat().st_size)
        self.ws.open_gate("gate")
        self.until_packed(path)
        self.check_text(path.read_bytes(), b"line 000000001 \n", b"the last word\n")

    def test_a_log_that_is_something_else_is_not_touched(self):
        self.ws.write("precious", "x" * 2 * MAX)
        gate = self.ws.gate("gate")
        self.serve(evil=f'ln -sf "$PP_WORKSPACE/precious" "$PP_LOG"; {gate}')
        self.ws.ppctl("start", "evil")
        self.ws.until_state("evil", "running")
        self.ws.open_gate("gate")
        self.ws.ppctl("wait", "evil")
        self.ws.ppctl("stop")
        self.assertEqual("x" * 2 * MAX, self.ws.read("precious"))


class Captured(Case):
    def test_what_would_be_a_result_is_not_cut(self):
        gate = self.ws.gate("gate")
        self.serve(printer={"run": f"{lines(512)}; {gate}", "result": "stdout"})
        self.ws.ppctl("start", "printer")
        kit.until(lambda: self.size(self.capture()) == 512 * KIB, "all is printed")
        self.ws.open_gate("gate")
        self.ws.ppctl("wait", "printer")
        result = self.ws.ppctl("result", "-r", "printer").out
        self.assertEqual((512 * KIB, "line 000000001 "), (len(result), result.split("\n")[0]))
        self.until_packed(self.path("printer"))
        self.check_text(self.path("printer").read_bytes(), b"line 000000001 \n", b"line 000032768 \n")

    def test_what_is_too_large_for_one_is(self):
        gate = self.ws.gate("gate")
        self.ws.define({"printer": {"run": f"{lines(4096)}; {gate}", "result": "stdout"}},
                       options={"max_log": "256KiB", "max_result": "512KiB"})
        self.ws.ppctl("start", "printer")
        kit.until(lambda: self.size(self.capture()) == 4096 * KIB, "all is printed")
        kit.until(lambda: self.used(self.capture()) <= 576 * KIB, "it is cut")
        self.ws.open_gate("gate")
        done = self.ws.ppctl("--json", "wait", "printer", status=1)
        self.assertEqual("bad_result", done.views()["printer"]["error"])
        self.until_packed(self.path("printer"))
        self.check_text(self.path("printer").read_bytes(), b"line 000000001 \n", b"line 000262144 \n")
        self.assertIsNone(self.capture())


class WithoutHoles(Case):
    """ramfs cannot free the middle of a file."""

    SCRIPT = """
        set -e
        mount -t ramfs none "$1"
        chmod 700 "$1"
        cd "$1"
        mv "$2" parproc.yaml
        mkfifo gate
        ppctl start big >run
        until grep -q 'cut at their end only' .parproc/ppd.log; do sleep 0.05; done
        size=$(stat -c %s .parproc/logs/*/*-big.log)
        echo "live $size"
        echo go >gate
        ppctl wait big >wait
        until size=$(stat -c %s .parproc/logs/*/*-big.log); [ "$size" -le 400000 ]; do sleep 0.05; done
        ppctl logs big
        ppctl stop
    """

    def test_logs_are_cut_at_their_end(self):
        unshare = shutil.which("unshare")
        try:
            subprocess.run([unshare or "unshare", "-rm", "mount", "-t", "ramfs", "none", self.ws.dir], check=True,
                           capture_output=True, timeout=kit.PATIENCE_S)
        except (OSError, subprocess.CalledProcessError) as error:
            self.skipTest(f"no file system of one's own: {error}")
        file = self.root / "file"
        file.write_text(kit.json.dumps({"options": {"max_log": "256KiB"}, "procs": {"big": {
            "run": f"{lines(2048)}; read -r opened <gate"}}}))
        child = subprocess.run(["unshare", "-rm", "sh", "-c", self.SCRIPT, "sh", self.ws.dir, file], env=self.ws.env,
                               capture_output=True, timeout=kit.PATIENCE_S, check=False)
        self.assertEqual(0, child.returncode, child)
        live, _, text = child.stdout.partition(b"\n")
        self.assertEqual(f"live {2048 * KIB}".encode(), live)
        self.check_text(text, b"line 000000001 \n", b"line 000131072 \n")


if __name__ == "__main__":
    kit.main()
