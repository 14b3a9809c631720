"""The examples that are programs: each is run where nothing has run before, and prints what is in
the file beside it whose name ends with .expected.
"""

import json
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree

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


class Demo(kit.Case):
    OUTCOME = {
        "fetch": "succeeded", "licenses": "exit", "approve": "succeeded", "announce": "succeeded", "release": "dep_failed",
        "publish::beta": "succeeded", "publish::stable": "dep_failed", "test::unit": "succeeded",
        "test::browser": "skipped", "test::load": "timeout",
        **{f"{verb}::{platform}": "succeeded" for verb in ("build", "sign") for platform in ("linux", "macos", "windows")},
        **{f"docs::{language}": "succeeded" for language in ("english", "日本語", "한국어")},
    }

    def test_it_shows_what_it_is_to_show(self):
        for path in (EXAMPLES / "demo").iterdir():
            if path.is_file():
                shutil.copy(path, self.ws.dir)
        tree = self.ws.ppctl("plan", "--tree", "release", env={"LC_ALL": "C"}).out
        self.assertIn("what the command ./needs prints", tree)
        views = self.ws.ppctl("--json", "run", "release", status=1).views()
        self.assertEqual(self.OUTCOME, {name: view["error"] or view["state"] for name, view in views.items()})
        for name, info in (("test::browser", "no browser is installed here"), ("docs::日本語", "62 pages"),
                           ("approve", "approved"), ("publish::stable", "its dependency licenses failed")):
            self.assertEqual(info, views[name]["info"])
        self.assertEqual("https://lumen.example/beta/2.4.0", views["publish::beta"]["result"])
        self.assertIn("warning:", self.ws.ppctl("logs", "build::macos").out)
        signed = sorted((view["started_at"], view["ended_at"]) for name, view in views.items() if name.startswith("sign::"))
        for (_, ended), (started, _) in zip(signed, signed[1:]):
            self.assertLessEqual(ended, started, "there is one key")
        self.assertLessEqual(max(view["ended_at"] for view in views.values() if view["wave"] == 0),
                             views["publish::beta"]["started_at"])
        self.assertLessEqual(views["publish::beta"]["ended_at"], views["announce"]["started_at"])
        self.assertRegex(self.ws.ppctl("why", "release").out, r"(?m)^licenses failed \(exit\)")


@unittest.skipUnless(shutil.which("make"), "needs make")
class Jobserver(kit.Case):
    def test_no_more_than_there_are_to_be(self):
        for path in (EXAMPLES / "jobserver").iterdir():
            shutil.copy(path, self.ws.dir)
        self.ws.ppd("-d")
        self.ws.ppctl("options", "jobserver=2")
        self.ws.ppctl("run", "install")
        logs = "".join(self.ws.ppctl("logs", f"build::{part}").out for part in ("engine", "tools", "manual"))
        counts = re.findall(r"^build/\S+\.o: (\d+) at once$", logs, re.MULTILINE)
        self.assertEqual(36, len(counts), logs)
        self.assertLessEqual(set(counts), {"1", "2"})
        self.assertIn("36 total", self.ws.ppctl("logs", "install").out)


class Pools(kit.Case):
    def test_two_imports_at_once_and_what_is_urgent_first(self):
        shutil.copy(EXAMPLES / "pools" / "parproc.yaml", self.ws.dir)
        views = self.ws.ppctl("--json", "run", "all", "check").views()
        self.assertEqual({"succeeded"}, {view["state"] for view in views.values()})
        self.assertEqual(2, views["fetch::logs"]["attempt"])
        imports = [view for name, view in views.items() if name.startswith("import::")]
        for view in imports:
            at_once = [one for one in imports
                       if one["started_at"] <= view["started_at"] < one["ended_at"]]
            self.assertLessEqual(len(at_once), 2)
        self.assertEqual(10, views["fetch::users"]["priority"])


class Recording(kit.Case):
    """What scripts/record has made."""

    def test_the_cast_is_one(self):
        """https://docs.asciinema.org/manual/asciicast/v2/"""
        header, *events = map(json.loads, (kit.SOURCE / "doc" / "demo.cast").read_text().splitlines())
        self.assertEqual((2, 100, 28), (header["version"], header["width"], header["height"]))
        self.assertEqual({"o"}, {kind for _, kind, _ in events})
        times = [at for at, _, _ in events]
        self.assertEqual(sorted(times), times)
        text = "".join(text for _, _, text in events)
        for part in ("FAIL", "docs::日本語", "waits for", "[Y/n]", "publish::stable failed, because licenses has failed"):
            self.assertIn(part, text)

    def test_its_picture_is_one(self):
        text = (kit.SOURCE / "doc" / "display.svg").read_text()
        shown = "".join(xml.etree.ElementTree.fromstring(text).itertext())
        self.assertIn("no license is known", shown)
        self.assertIn("waits for the lock signing-key, held by", shown)
        self.assertIn("Publish Lumen 2.4.0? [Y/n]", (kit.SOURCE / "doc" / "demo.txt").read_text())

    def test_they_say_nothing_of_the_machine(self):
        for name in ("demo.cast", "demo.txt", "display.svg"):
            places = set(re.findall(r"/(?:home|root|usr|work|build|tmp)(?:/[\w.]+)?", (kit.SOURCE / "doc" / name).read_text()))
            self.assertLessEqual(places, {"/tmp/demo"}, name)


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
