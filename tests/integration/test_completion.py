"""Completion: what `ppctl completion words` offers, and the Tab key in real shells."""

import shutil
import subprocess
import unittest

import kit
from test_display import Screen


class Words(kit.Case):
    def setUp(self):
        super().setUp()
        self.screens = []
        self.ws.define(
            {"setup": {"run": "true", "description": "Sets up"}, "stop-all": {"run": "true"}},
            {"deploy::[env]::[region]": {"run": "true", "args": {"env": {"choices": ["dev", "prod"]},
                                                                 "region": {"choices": ["eu", "us"]}}},
             "free::[x]": {"run": "true"},
             "ch::[x]": {"run": "true", "args": {"x": {"choices": ["new york", "new orleans", "rome"]}}},
             "odd name::[x]": {"run": "true"}})

    def tearDown(self):
        for screen in self.screens:
            screen.end()
        super().tearDown()

    def offered(self, line):
        return [word.split("\t")[0] for word in self.described(line)]

    def described(self, line):
        return self.ws.run(kit.PPCTL, "completion", "words", line).out.splitlines()

    def here(self, line):
        """A line of ppctl in this workspace; its words after the directory."""
        return self.offered(f"ppctl -C {self.ws.dir} {line}")

    def test_verbs_and_their_options(self):
        self.assertEqual(["results", "result", "restart"], self.offered("ppctl res"))
        self.assertEqual(["--fail-fast"], self.offered("ppctl run --fai"))
        self.assertEqual([], self.offered("ppctl list --fai"))
        self.assertIn("--json", self.offered("ppctl -"))
        self.assertEqual(["bash", "zsh", "fish"], self.offered("ppctl completion "))
        self.assertEqual(["why"], self.offered("ppctl help w")[1:])
        self.assertRegex(self.described("ppctl ru")[0], "^run\tRun procs")

    def test_without_a_daemon_there_are_no_names(self):
        self.assertEqual([], self.here("run "))
        self.assertFalse((self.ws.dir / ".parproc" / "ppd.sock").exists())

    def test_names_and_choices(self):
        self.ws.ppd("-d")
        self.assertEqual(["setup", "stop-all"], self.here("run s"))
        self.assertEqual(["deploy::dev::", "deploy::prod::"], self.here("run de"))
        self.assertEqual(["deploy::prod::"], self.here("run setup deploy::p"))
        self.assertEqual(["deploy::prod::eu", "deploy::prod::us"], self.here("run deploy::prod::"))
        self.assertEqual(["deploy::prod::us"], self.here("run 'deploy::prod::u"))
        self.assertEqual([], self.here("run deploy::test::x"))
        self.assertEqual(["free::"], self.here("run fr"))
        self.assertEqual([], self.here("run free::x"))
        self.assertIn("setup\tSets up", self.described(f"ppctl -C {self.ws.dir} status "))
        self.ws.ppctl("create", "free::1", "deploy::dev::eu")
        self.assertEqual(["free::", "free::1"], self.here("run fr"))
        self.assertEqual(["deploy::dev::eu"], self.here("run deploy::dev::e"))
        self.assertEqual([], self.here("run --param "))

    def test_runs_and_settings(self):
        self.ws.ppctl("run", "--run", "nightly", "setup")
        self.assertEqual(["1", "nightly"], self.here("--run "))
        self.assertEqual(["nightly"], self.here("open n"))
        self.assertEqual(["parallel="], self.here("options par"))
        self.assertEqual(["local", "slurm"], self.here("run --executor "))

    def test_arguments_of_protos(self):
        self.ws.ppd("-d")
        pattern = "'deploy::[env]::[region]'"
        self.assertEqual(["env=", "region="], self.here(f"run {pattern} ")[-2:])
        self.assertEqual(["env="], self.here(f"run {pattern} e"))
        self.assertEqual(["env=dev", "env=prod"], self.here(f"plan {pattern} env="))
        self.assertEqual(["region=us"], self.here(f"start {pattern} env=dev region=u"))
        self.assertEqual([], self.here(f"run {pattern} env=dev en"))
        self.assertEqual(["x="], self.here("create --as y 'free::[x]' x"))
        self.assertEqual([], self.here("run 'free::[x]' x="))
        self.assertEqual([], self.here("run setup en"))
        self.assertEqual([], self.here(f"status {pattern} en"))

    def test_names_and_runs(self):
        self.ws.ppctl("run", "--run", "setter", "setup")
        self.assertEqual(["setup", "setter"], self.here("show set"))
        self.assertEqual(["1"], self.here("show 1"))
        self.assertEqual(["--run=1", "--run=setter"], self.here("--run="))
        self.assertEqual(["--run=setter"], self.here("status --run=s"))
        self.assertEqual(["--executor=local"], self.here("run --executor=l"))
        self.assertEqual(["setup"], self.here("events se"))

    def test_closed_sets(self):
        self.assertEqual(["state", "run", "input", "define"], self.offered("ppctl events --kind "))
        self.assertEqual(["--kind=state"], self.offered("ppctl events --kind=s"))
        self.assertEqual(["file", "stdout"], self.offered("ppctl define --result "))
        self.assertEqual(["params.get", "params.set", "ping", "plan"], self.offered("ppctl call p"))
        self.assertEqual(["subscribe"], self.offered("ppctl call sub"))
        self.assertEqual([], self.offered("ppctl call ping p"))
        self.assertEqual(["when_scheduled:", "when_target_scheduled:"], self.here("define --rdep when"))
        self.assertEqual(["special:no_failures", "command:"], self.here("define --dep "))
        self.ws.ppd("-d")
        self.assertEqual(["setup"], self.here("define --dep se"))
        self.assertEqual(["when_scheduled:setup"], self.here("define --rdep when_scheduled:se"))
        self.assertEqual(["--rdep=setup"], self.here("define --rdep=se"))

    def test_mistakes(self):
        self.assertIn("bash, zsh or fish", self.ws.ppctl("completion", "tcsh", status=2).err)
        self.ws.ppctl("completion", "bash", "line", status=2)
        self.ws.ppctl("completion", status=2)
        self.assertEqual([], self.offered("ppctl -C /nowhere run "))

    @unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
    def shell(self, *command, ready):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        self.ws.ppd("-d")
        screen = Screen(self.ws, f"ping >/dev/null; cd {self.ws.dir}; HOME={self.ws.dir} exec {' '.join(command)}",
                        100, 30)
        self.screens.append(screen)
        for line in ready:
            screen.enter(line)
        return screen

    def complete(self, screen, typed, wanted):
        """Types, with spaces as they are; then Tab has the line be what is wanted."""
        screen.tmux("send-keys", "-l", typed)
        screen.type("Tab")
        screen.expect_part(wanted)
        screen.type("C-u")

    def complete_on(self, screen, *steps):
        """Types and completes on one line, step by step: each is what is typed and the line then."""
        for typed, wanted in steps:
            screen.tmux("send-keys", "-l", typed)
            screen.type("Tab")
            screen.expect_part(wanted)
        screen.type("C-u")

    def complete_all(self, screen):
        self.complete(screen, "ppctl resu", r"ppctl result")
        self.complete(screen, "ppctl run stop-", r"ppctl run stop-all")
        self.complete(screen, "ppctl run setup deploy::p", r"setup deploy::prod::")
        self.complete(screen, "ppctl run --fail", r"ppctl run --fail-fast")
        self.complete(screen, "ppctl run ch::new\\ y", r"ppctl run ch::new\\ york\s*$")
        self.complete(screen, "ppctl run odd", r"ppctl run odd\\ name::\s*$")
        self.complete(screen, "ppctl run 'free::[x]' x", r"'free::\[x\]' x=\s*$")
        self.complete(screen, "ppctl run 'deploy::[env]::[region]' env=p", r"'deploy::\[env\]::\[region\]' env=prod\s*$")

    def write_script(self, shell, name):
        self.ws.write(name, self.ws.run(kit.PPCTL, "completion", shell).out)

    def test_in_bash(self):
        self.write_script("bash", "ppctl.bash")
        screen = self.shell("bash", "--norc", "--noprofile", ready=["source ./ppctl.bash; PS1='$ '"])
        self.complete_all(screen)
        self.ws.ppctl("define", "evil $(touch it)", "--", "true")
        self.complete_on(screen, ("ppctl run ch::n", r"^\$ ppctl run ch::new\\\s*$"),
                         ("y", r"^\$ ppctl run ch::new\\ york$"))
        self.complete_on(screen, ("ppctl run odd", r"^\$ ppctl run odd\\ name::$"),
                         ("", r"^\$ ppctl run odd\\ name::$"))
        self.complete_on(screen, ("ppctl run 'odd", r"^\$ ppctl run 'odd name::$"),
                         ("", r"^\$ ppctl run 'odd name::$"))
        self.complete_on(screen, ("ppctl run fr", r"^\$ ppctl run free::$"),
                         ("", r"^\$ ppctl run free::$"), ("x", r"^\$ ppctl run free::x$"))
        self.complete(screen, "ppctl run 'ch::new y", r"^\$ ppctl run 'ch::new york'$")
        self.complete(screen, 'ppctl run "ch::r', r'^\$ ppctl run "ch::rome"$')
        self.complete(screen, "ppctl run 'ch'::r", r"^\$ ppctl run 'ch'::rome$")
        self.complete(screen, "ppctl run --executor=l", r"^\$ ppctl run --executor=local$")
        self.complete(screen, "ppctl run evi", r"ppctl run evil\\ \\\$\\\(touch\\ it\\\)")

    def test_in_zsh(self):
        self.write_script("zsh", "_ppctl")
        screen = self.shell("zsh", "-f", ready=["fpath+=$PWD && autoload -U compinit && compinit -u",
                                               "PS1='$ '"])
        self.complete_all(screen)

    def test_in_fish(self):
        self.write_script("fish", ".config/fish/completions/ppctl.fish")
        screen = self.shell("fish", ready=["true"])
        self.complete_all(screen)

    def test_the_scripts_are_what_the_shells_take(self):
        for shell, words in (("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])):
            if shutil.which(shell):
                script = self.ws.run(kit.PPCTL, "completion", shell).out
                subprocess.run([shell, *words], input=script, text=True, check=True, timeout=kit.PATIENCE_S)


if __name__ == "__main__":
    kit.main()
