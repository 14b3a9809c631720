"""The command line of ppctl: what is wrong with it, what helps, exit statuses, where output goes."""

import re
import subprocess
import tempfile

import kit

VERBS = """run create start wait open close results result status list show plan graph why logs cancel define
    undefine clear reload params options runs events context message return skip fail input ping
    version stop call""".split()

LOOKING = ["ping", "status", "logs a", "runs", "stop"]


class CommandLine(kit.Case):
    """Nothing here gets as far as a daemon: none is there in the end."""

    def setUp(self):
        super().setUp()
        self.ws.define({"build": {"run": "touch ran"}})

    def tearDown(self):
        started = (self.ws.dir / ".parproc" / "ppd.sock").exists()
        super().tearDown()
        self.assertFalse(started, "a daemon was started")

    def refuse(self, words, *patterns, status=2):
        done = self.ws.ppctl(*words.split(" "), status=status)
        self.assertRegex(done.err, "^ppctl: ")
        for pattern in patterns:
            self.assertRegex(done.err, pattern)
        self.assertEqual("", done.out)

    def test_unknown_words_get_the_nearest(self):
        self.refuse("rnu build", "unknown verb rnu", "did you mean run")
        self.refuse("statsu", "did you mean status")
        self.refuse("xyzzy", "unknown verb xyzzy", "ppctl help")
        self.refuse("run --detahc build", "--detahc", "did you mean --detach")
        self.refuse("--jsno run build", "did you mean --json")
        self.refuse("run -Z build", "-Z")
        self.refuse("--detach run build", "belongs after the verb")
        self.refuse("help rnu", "did you mean run")

    def test_what_is_missing_or_too_much(self):
        self.refuse("run", "NAME")
        self.refuse("run --", "NAME")
        self.refuse("run a=1", "no name")
        self.refuse("result a b", "unexpected b")
        self.refuse("ping build", "unexpected build")
        self.refuse("runs 3", "unexpected 3", r"hint: usage: ppctl runs \[-n N\]")
        self.refuse("run build --as", "--as needs a value")
        self.refuse("run build --detach=yes", "takes no value")
        self.refuse("define", "what")
        self.refuse("define x -f y", "exclude each other")
        self.refuse("define -f y --dep x", "--dep")
        self.refuse("cancel", "hint: .*--all")
        self.refuse("cancel --all build", "exclude each other")
        self.refuse("call status [", "JSON")

    def test_values_that_make_no_sense(self):
        self.refuse("wait --timeout soon", "soon", "30s")
        self.refuse("wait --timeout -1", "-1")
        self.refuse("logs --tail x build", "whole number")
        self.refuse("runs --limit 0", "whole number")
        self.refuse("define x --wave high -- true", "high")
        self.refuse("define x --arg :int -- true", "NAME")
        self.refuse("define x --env NOVALUE -- true", "NAME=VALUE")
        self.refuse("run build --param region", "NAME=VALUE")
        self.refuse("run build env=1 env=2", "env.*twice")
        self.refuse("define -f no/such/file", "no/such/file", "No such file")

    def test_text_that_is_no_utf8(self):
        done = self.ws.ppctl("define", b"\xff\xfe", status=2)
        self.assertRegex(done.err, r"ppctl: .*UTF-8")

    def test_verbs_for_inside_a_proc(self):
        for words in ("context", "message x", "return 1", "skip", "fail x", "input x"):
            self.refuse(words, "inside a proc")

    def test_no_daemon(self):
        for words in LOOKING:
            self.refuse(words, re.escape(str(self.ws.dir / ".parproc" / "ppd.sock")), status=3)
        self.refuse("run build --no-start", "ppd.sock", status=3)
        done = self.ws.ppctl("run", "build", env={"PP_AUTOSTART": "0"}, status=3)
        self.assertIn("ppd.sock", done.err)
        self.refuse("-S /no/such/socket list --no-start", "/no/such/socket", status=3)

    def test_help_for_every_verb(self):
        every = self.ws.ppctl("help").out
        for verb in VERBS:
            self.assertRegex(every, rf"(?m)^  {verb} ")
            told = self.ws.ppctl(verb, "--help").out
            self.assertEqual(told, self.ws.ppctl("help", verb).out)
            self.assertRegex(told, rf"\Ausage: ppctl {verb}\b")
            self.assertRegex(told, rf"examples:\n  .*{verb}")

    def test_the_manual_has_all_verbs_and_options(self):
        manual = (kit.SOURCE / "doc" / "ppctl.1").read_text()
        for verb in [*VERBS, "help"]:
            self.assertRegex(manual, rf"(?m)^\.It Ic {verb}\b")
            for option in re.findall(r"--([a-z-]+)", self.ws.ppctl("help", verb).out):
                self.assertRegex(manual, rf"[FI][lt] .*-{option}\b", f"--{option} of {verb}")

    def test_version(self):
        self.assertRegex(self.ws.ppctl("--version").out, r"\Appctl [0-9.]+\n\Z")
        self.assertRegex(self.ws.ppctl("version").out, r"\Appctl [0-9.]+\n\Z")
        self.assertIsNone(self.ws.ppctl("--json", "version").json["server"])

    def test_output_that_cannot_be_written_is_no_success(self):
        with open("/dev/full", "wb") as full:
            done = self.ws.finish(self.ws.start(kit.PPCTL, "help", stdout=full))
        self.assertEqual(1, done.status)
        self.assertIn("ppctl: standard output: ", done.err)


class Hints(kit.Case):
    def test_no_workspace(self):
        with tempfile.TemporaryDirectory() as nowhere:
            done = subprocess.run([kit.PPCTL, "list"], cwd=nowhere, env=self.ws.env, text=True,
                                  capture_output=True, check=False)
        self.assertEqual(3, done.returncode)
        self.assertIn("hint: touch parproc.yaml makes", done.stderr)

    def test_stop_without_a_daemon(self):
        self.assertNotIn("hint:", self.ws.ppctl("stop", status=3).err)

    def test_a_name_that_is_taken(self):
        self.ws.ppctl("define", "a", "--", "true")
        done = self.ws.ppctl("define", "a", "--", "false", status=2)
        self.assertIn("hint: ppctl define --replace", done.err)


class Descriptors(kit.Case):
    def setUp(self):
        super().setUp()
        self.ws.define({"a": {"run": "true"}})

    def shell(self, words, redirections):
        command = f'exec "$0" -C "$1" {words} {redirections}'
        return subprocess.run(["sh", "-c", command, kit.PPCTL, self.ws.dir], env=self.ws.env, text=True,
                              capture_output=True, check=False, timeout=kit.PATIENCE_S)

    def test_closed_standard_descriptors_harm_nothing(self):
        self.assertEqual(0, self.shell("--quiet run a", "<&- >&- 2>&-").returncode)
        self.assertEqual({"a": "succeeded"}, self.ws.states("a"))

    def test_what_a_closed_standard_output_does_not_take_is_an_error(self):
        for words in ("run a", "report", "--json status"):
            done = self.shell(words, ">&-")
            self.assertEqual(1, done.returncode, words)
            self.assertRegex(done.stderr, r"\Appctl: standard output: .*\n\Z")
        self.assertEqual({"a": "succeeded"}, self.ws.states("a"))

    def test_a_run_that_cannot_be_shown_is_no_wrong_request(self):
        done = self.shell("run a", ">/dev/full")
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stderr, r"\Appctl: standard output: .*\n\Z")
        self.assertEqual({"a": "succeeded"}, self.ws.states("a"))


if __name__ == "__main__":
    kit.main()
