"""The examples that are programs: each is run where nothing has run before, and prints what is in
the file beside it whose name ends with .expected.
"""

import re
import shutil
import subprocess
import sys

import kit

EXAMPLES = kit.SOURCE / "examples"
# As in README.md and examples/c/README.md, and with whatever compiler somebody may have.
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-xc"]


def mask_times(text):
    return re.sub(r"(?m) (\d+[hm])*\d+(\.\d+)?s$", " 0.0s", text)


class Example(kit.Case):
    def setUp(self):
        super().setUp()
        self.ws.define()

    def run_example(self, command, stdin="", status=0):
        """What it prints, as lines; times are 0.0s, as they are in the expected text."""
        child = subprocess.Popen(command, cwd=self.ws.dir, env=self.ws.env, text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ws.children.append(child)
        try:
            out, err = child.communicate(stdin, timeout=kit.PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not ended within {kit.PATIENCE_S} s: {command}") from None
        self.assertEqual((status, ""), (child.returncode, err), out)
        return mask_times(out).splitlines()

    def expected(self, name):
        return (EXAMPLES / name).with_suffix(".expected").read_text().splitlines()

    def assert_prints(self, name, lines):
        self.assertEqual(self.expected(name), lines)

    def assert_prints_lines(self, name, lines, *orders):
        """Lines of what runs at the same time come in any order, but for these ones."""
        self.assertEqual(sorted(self.expected(name)), sorted(lines))
        for order in orders:
            self.assertEqual(list(order), [line for line in lines if line in order])


class C(Example):
    def run_example(self, name, **more):
        return super().run_example([kit.BUILD / "examples" / "c" / name], **more)

    def test_now(self):
        lines = self.run_example("now")
        self.assert_prints_lines("c/now", lines, ["start func0", "ok func0 0.0s", "start func2", "ok func2 0.0s"],
                                 ["start func1", "ok func1 0.0s", "start func2", "ok func2 0.0s"])
        self.assertEqual("func2 comes when both have succeeded\n", self.ws.ppctl("logs", "func2").out)

    def test_waves(self):
        self.assert_prints("c/waves", self.run_example("waves"))
        self.assertEqual("dev begins\ndev ends\nprod begins\nprod ends\n", self.ws.ppctl("logs", "report").out)

    def test_the_others_print_the_same_each_time(self):
        for name in ("choices", "dynamic", "outcomes", "rdeps", "results"):
            self.ws = self.workspace(name)  # some of them use the same names
            self.ws.define()
            for again in ("", ", again"):
                with self.subTest(name + again):
                    self.assert_prints(f"c/{name}", self.run_example(name))

    def test_poll_loop(self):
        lines = self.run_example("poll_loop", stdin="test::dev\ntest::prod\nbuild::x\n", status=1)
        self.assert_prints_lines("c/poll_loop", lines, *[
            [f"running build::{env}", f"succeeded build::{env}", f"running test::{env}", f"succeeded test::{env}"]
            for env in ("dev", "prod")])


class Python(Example):
    def run_example(self, name, *words):
        return super().run_example([sys.executable, EXAMPLES / "python" / name, *words])

    def test_lines(self):
        self.ws.write("one.txt", "1\n")
        self.ws.write("three.txt", "1\n2\n3\n")
        lines = self.run_example("lines.py", "three.txt", "one.txt")
        self.assert_prints_lines("python/lines", lines, *[
            [f"running lines::{name}.txt", f"succeeded lines::{name}.txt", "running total", "succeeded total"]
            for name in ("one", "three")], self.expected("python/lines")[-3:])

    def test_functions(self):
        self.assert_prints("python/functions", self.run_example("functions.py"))


class Shell(Example):
    def run_example(self, name, *words):
        return super().run_example(["sh", EXAMPLES / "shell" / name, *words])

    def test_lines(self):
        self.ws.write("one.txt", "1\n")
        self.ws.write("three.txt", "1\n2\n3\n")
        lines = self.run_example("lines.sh", "three.txt", "one.txt")
        self.assert_prints_lines("shell/lines", lines, *[
            [f"start lines::{name}.txt", f"ok lines::{name}.txt 0.0s", "start total", "ok total 0.0s", "total: 4"]
            for name in ("one", "three")])

    def test_gather(self):
        self.assert_prints("shell/gather", self.run_example("gather.sh"))


class Source(kit.Case):
    """What somebody does who copies them."""

    def assert_compiles(self, what, source):
        jansson = subprocess.run(["pkg-config", "--cflags", "jansson"], check=True, capture_output=True, text=True)
        for compiler in filter(shutil.which, ("gcc", "clang")):
            done = subprocess.run([compiler, *FLAGS, f"-I{kit.SOURCE}/lib", *jansson.stdout.split(), "-"],
                                  input=source, capture_output=True, text=True)
            self.assertEqual((0, ""), (done.returncode, done.stderr), f"{what}, {compiler}")

    def test_they_compile_with_warnings_as_errors(self):
        files = sorted((EXAMPLES / "c").glob("*.c"))
        self.assertGreater(len(files), 7)
        for path in files:
            self.assert_compiles(path.name, path.read_text())

    def test_the_programs_in_documents_compile(self):
        for path in (kit.SOURCE / "README.md", EXAMPLES / "c" / "README.md"):
            programs = re.findall(r"(?ms)^```c\n(.*?)^```$", path.read_text())
            self.assertTrue(programs, path)
            for source in programs:
                self.assert_compiles(path.name, source)

    def test_the_client_in_the_readme_works(self):
        (source,) = re.findall(r"(?ms)^```python\n(.*?)^```$", (kit.SOURCE / "README.md").read_text())
        self.ws.define({"all": {}})
        self.ws.ppd("-d")
        done = subprocess.run([sys.executable, "-c", source], cwd=self.ws.dir, env=self.ws.env, text=True,
                              capture_output=True, timeout=kit.PATIENCE_S, check=False)
        self.assertEqual(("True\n", ""), (done.stdout, done.stderr))

    def test_all_are_listed_and_have_what_they_print(self):
        for folder, suffix in (("c", ".c"), ("python", ".py"), ("shell", ".sh")):
            listed = (EXAMPLES / folder / "README.md").read_text()
            for path in (EXAMPLES / folder).glob(f"*{suffix}"):
                self.assertIn(f"({path.name})", listed)
                if path.name != "rpc.py":  # a module
                    self.assertIn(f"({path.stem}.expected)", listed)
                    self.assertTrue(path.with_suffix(".expected").read_text())


if __name__ == "__main__":
    kit.main()
