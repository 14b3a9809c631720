"""The workspace file and definitions: errors with their place, changes, what clients define."""

import subprocess

import kit


class File(kit.Case):
    def test_errors_name_place_key_and_what_was_meant(self):
        self.ws.write("parproc.yaml", "procs:\n  a:\n    runn: echo\n")
        done = self.ws.ppctl("run", "a", status=2)
        self.assertIn("parproc.yaml:3:5: procs.a.runn: unknown key (did you mean run?)", done.err)

    def test_a_broken_file_takes_nothing_away(self):
        self.ws.define({"a": {"run": "true"}})
        self.ws.ppctl("run", "a")
        self.ws.write("parproc.yaml", "procs: {a: [\n")
        for verb in ("run", "start", "create"):
            self.assertIn("parproc.yaml:", self.ws.ppctl(verb, "a", status=2).err)
        self.ws.ppctl("reload", status=2)
        done = self.ws.ppctl("--json", "status")
        self.assertEqual("succeeded", done.views()["a"]["state"])
        self.assertIn("parproc.yaml:", done.err + done.out)
        self.ws.define({"b": {"run": "true"}})
        self.ws.ppctl("run", "b")
        self.ws.ppctl("run", "a", status=2)

    def test_a_change_is_seen_by_the_next_request(self):
        for text in ("one", "two", "three"):
            self.ws.define({"a": {"run": f"echo {text}", "result": "stdout"}})
            self.ws.ppctl("run", "a")
            self.assertEqual(text + "\n", self.ws.ppctl("result", "-r", "a").out)

    def test_yaml_and_json_under_each_name(self):
        for name, text in (("parproc.yml", "procs: {a: {run: 'true'}}"),
                           ("parproc.json", '{"procs": {"a": {"run": "true"}}}')):
            with self.subTest(name=name):
                ws = self.workspace(name.replace(".", "-"))
                ws.write(name, text)
                ws.ppctl("run", "a")

    def test_an_empty_file_is_an_empty_workspace(self):
        self.ws.write("parproc.yaml", "")
        self.assertEqual({"procs": [], "protos": [], "executors": ["local", "slurm"]},
                         self.ws.ppctl("--json", "list").json)

    def test_a_billion_laughs_are_refused(self):
        lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
        for one, other in zip("bcdefghi", "abcdefgh"):
            lines.append(f"{one}: &{one} [{', '.join(['*' + other] * 9)}]")
        self.ws.write("parproc.yaml", "\n".join(lines) + "\n")
        self.ws.ppctl("list", status=None)
        self.ws.ppctl("reload", status=2)

    def test_the_examples_are_right(self):
        for example in sorted((kit.SOURCE / "examples").glob("*/parproc.yaml")):
            with self.subTest(example=example.parent.name):
                ws = self.workspace(f"example-{example.parent.name}")
                ws.write("parproc.yaml", example.read_text())
                ws.ppctl("reload")
                listed = ws.ppctl("--json", "list").json
                self.assertTrue(listed["procs"] or listed["protos"])


class Define(kit.Case):
    def test_from_a_shell(self):
        self.ws.define({})
        ppctl = self.ws.ppctl
        ppctl("define", "setup", "--", "sh", "-c", "echo setup >>trace")
        ppctl("define", "build::[env]", "--dep", "setup", "--lock", "cc", "--arg", "env:str=dev", "--",
              "sh", "-c", 'echo "build $env" >>trace')
        ppctl("run", "build::prod")
        self.assertEqual("setup\nbuild prod\n", self.ws.read("trace"))
        ppctl("define", "setup", "--", "true", status=2)
        ppctl("define", "--replace", "setup", "--", "true")
        ppctl("undefine", "setup")
        ppctl("run", "setup", status=2)

    def test_from_standard_input(self):
        self.ws.define({})
        self.ws.ppctl("define", "-f", "-", stdin='{"procs": {"a": {"run": "true"}}}')
        self.ws.ppctl("run", "a")
        done = self.ws.ppctl("define", "-f", "-", stdin='{"procs": {"a": {"ruun": "true"}}}', status=2)
        self.assertIn("ruun", done.err)

    def test_params_reach_a_process(self):
        self.ws.define({"a": {"run": "ppctl --json context >context.json"}}, params={"region": "north", "n": 1})
        self.ws.ppctl("params", "n=2")
        self.ws.ppctl("run", "a", "--param", "region=south")
        context = kit.json.loads(self.ws.read("context.json"))
        self.assertEqual({"region": "south", "n": 2}, context["params"])


class Process(kit.Case):
    def test_its_environment_is_the_clients(self):
        self.ws.define({"a": {"run": "env -0 >env", "env": {"TARGET": "x"}}})
        self.ws.ppd("-d")
        self.ws.ppctl("run", "a", env={"COLOUR": "blue", "PP_EVIL": "1"})
        env = dict(line.split("=", 1) for line in self.ws.read("env").split("\0") if line)
        self.assertEqual(("blue", "x", "dumb", "1"),
                         (env["COLOUR"], env["TARGET"], env["TERM"], env["NO_COLOR"]))
        self.assertEqual(("a", str(self.ws.dir)), (env["PP_PROC"], env["PP_WORKSPACE"]))
        self.assertNotIn("PP_EVIL", env)

    def test_it_inherits_no_descriptor(self):
        self.ws.define({"a": {"run": "ls -l /proc/self/fd >fds"}})
        self.ws.ppctl("run", "a")
        kept = [line.split() for line in self.ws.read("fds").splitlines() if " -> " in line]
        numbers = {int(words[-3]) for words in kept if "/proc/" not in words[-1]}
        self.assertEqual({0, 1, 2}, numbers)

    def test_a_nested_run_belongs_to_its_run(self):
        self.ws.define({"outer": {"run": "ppctl run inner && ppctl result -r inner >answer"},
                        "inner": {"run": "echo $PP_RUN", "result": "stdout"}}, options={"parallel": 1})
        run = self.ws.ppctl("--json", "run", "outer").json["run"]
        self.assertEqual(run, int(self.ws.read("answer")))


class Rights(kit.Case):
    def test_others_may_not_write_the_workspace(self):
        self.ws.define({})
        self.ws.dir.chmod(0o777)
        try:
            done = subprocess.run([kit.PPD, "-C", self.ws.dir], env=self.ws.env, text=True, check=False,
                                  capture_output=True, timeout=kit.PATIENCE_S)
        finally:
            self.ws.dir.chmod(0o755)
        self.assertNotEqual(0, done.returncode)
        self.assertRegex(done.stderr, "writ")


if __name__ == "__main__":
    kit.main()
