"""What trace and report make of a run: the record of its executions, and what a browser shows of it."""

import collections
import html.parser
import json
import os
import re
import subprocess

import browser
import kit

EVIL = "<script>alert(1)</script>"
QUOTES = "a & b \"c\" 'd'"


class Case(kit.Case):
    def serve(self, **procs):
        self.ws.define(procs)

    def run_everything(self):
        """A run with one of each: what succeeds, is skipped, fails, times out, waits for a lock."""
        gate = self.ws.gate("gate")
        self.ws.define({
            "base": {"run": "echo fine"},
            "skipped": {"run": "exec ppctl skip 'nothing to do'"},
            "bad": {"deps": ["base"], "run": r"echo before; printf '\033[31mmain.c:3: error: <b>broken</b> "
                                             r"& \377 \033[0m\n'; exit 4"},
            "after": {"deps": ["bad"], "run": "true"},
            "slow": {"run": "sleep 1000", "timeout": "200ms"},
            "holder": {"run": gate, "locks": ["door"]},
            "waiter": {"run": "true", "locks": ["door"]},
            EVIL: {"deps": ["base"], "run": "true"},
            QUOTES: {"deps": [EVIL, "skipped"], "run": "true"},
            "group": {"deps": ["base", EVIL]},
            "behind": {"deps": ["group"], "run": "true"},
        }, options={"parallel": 8})
        self.ws.ppctl("--run", "nightly <1>", "start", "after", "slow", "holder", "waiter", QUOTES, "behind")
        kit.until(lambda: "lock" in (self.ws.ppctl("--json", "status", "waiter").views()["waiter"]["waits"] or ""),
                  "it waits for the lock")
        self.ws.open_gate("gate")
        self.ws.ppctl("--run", "nightly <1>", "wait", status=1)


class Views(Case):
    def test_what_a_process_took(self):
        self.serve(work={"run": "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"}, all={"deps": ["work"]})
        self.ws.ppctl("run", "all")
        views = self.ws.ppctl("--json", "status").views()
        work = views["work"]
        self.assertGreater(work["user_time"] + work["system_time"], 0)
        self.assertGreater(work["max_rss"], 100000)
        self.assertEqual((None, None, None), tuple(views["all"][key] for key in ("user_time", "system_time", "max_rss")))
        shown = self.ws.ppctl("show", "work").out
        self.assertRegex(shown, r"(?m)^  user_time: \d+\.\d{3}s$")
        self.assertRegex(shown, r"(?m)^  max_rss: \d+(\.\d)? [KM]iB$")
        self.ws.ppctl("stop")
        self.ws.ppd("-d")
        again = self.ws.ppctl("--json", "status", "work").views()["work"]
        self.assertEqual([work[key] for key in ("user_time", "system_time", "max_rss")],
                         [again[key] for key in ("user_time", "system_time", "max_rss")])

    def test_status_of_a_run_says_which(self):
        self.serve(a={"run": "true"}, b={"run": "true"})
        self.ws.ppctl("--run", "mine", "run", "a", "b")
        answer = self.ws.ppctl("--json", "--run", "mine", "status").json
        self.assertEqual((1, "mine", "succeeded", 2), tuple(answer["run"][key] for key in ("run", "name", "state", "procs")))
        with kit.Connection(self.ws) as daemon:
            page = daemon.call("status", run="mine", limit=1)["result"]
            self.assertEqual(("a", "b"), (page["procs"][0]["name"], page["cursor"]))
            page = daemon.call("status", run="mine", limit=1, cursor="b")["result"]
            self.assertEqual((1, ["b"]), (page["run"]["run"], [view["name"] for view in page["procs"]]))
            self.assertNotIn("run", daemon.call("status")["result"])


class Trace(Case):
    def trace(self, *words):
        return json.loads(self.ws.ppctl("trace", *words).out)

    def of_phase(self, trace, phase):
        return [event for event in trace["traceEvents"] if event["ph"] == phase]

    # Members of events by their phase: those that have to be there, then those that may be.
    MEMBERS = {
        "M": ({"name", "ph", "pid", "tid", "args"}, set()),
        "X": ({"name", "cat", "ph", "pid", "tid", "ts", "dur", "args"}, {"cname"}),
        "i": ({"name", "cat", "ph", "s", "pid", "tid", "ts", "args"}, set()),
        "b": ({"name", "cat", "ph", "id", "pid", "tid", "ts", "args"}, set()),
        "e": ({"name", "cat", "ph", "id", "pid", "tid", "ts", "args"}, set()),
        "s": ({"name", "cat", "ph", "id", "pid", "tid", "ts"}, set()),
        "f": ({"name", "cat", "ph", "id", "pid", "tid", "ts", "bp"}, set()),
    }

    def check_form(self, trace):
        """What the format says of each event by itself."""
        for event in trace["traceEvents"]:
            needed, allowed = self.MEMBERS[event["ph"]]
            self.assertLessEqual(needed, event.keys())
            self.assertLessEqual(event.keys(), needed | allowed)
            self.assertIs(str, type(event["name"]))
            for key in ("pid", "tid", "ts", "dur"):
                self.assertIs(int, type(event.get(key, 0)), "no fractions, no text")
            self.assertGreater(event["tid"], 0, "the thread 0 is the one that idles")
            self.assertEqual("t", event.get("s", "t"))
            self.assertEqual("e", event.get("bp", "e"))
        threads = [event["tid"] for event in self.of_phase(trace, "M") if event["name"] == "thread_name"]
        self.assertEqual(len(set(threads)), len(threads), "each has one name")

    def check(self, trace):
        """What has to be so in each trace, for those who read it event after event."""
        self.check_form(trace)
        lanes, threads = collections.defaultdict(list), {}
        for event in self.of_phase(trace, "M"):
            if event["name"] == "thread_name":
                threads[event["tid"]] = event["args"]["name"]
        for event in trace["traceEvents"]:
            self.assertEqual(1, event["pid"])
            self.assertGreaterEqual(event.get("ts", 0), 0)
            self.assertIn(event["tid"], threads)
        for event in self.of_phase(trace, "X"):
            self.assertGreaterEqual(event["dur"], 0)
            lanes[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
        for spans in lanes.values():
            spans.sort()
            for one, other in zip(spans, spans[1:]):
                self.assertLessEqual(one[1], other[0])
        for begin, end in (("b", "e"), ("s", "f")):
            begun = {event["id"]: event for event in self.of_phase(trace, begin)}
            ended = {event["id"]: event for event in self.of_phase(trace, end)}
            self.assertEqual(len(self.of_phase(trace, begin)), len(begun), "each has an id of its own")
            self.assertEqual(begun.keys(), ended.keys())
            for key, event in begun.items():
                self.assertLessEqual(event["ts"], ended[key]["ts"])
                self.assertEqual([event[same] for same in ("name", "cat", "pid")],
                                 [ended[key][same] for same in ("name", "cat", "pid")])
        # A flow is bound to the slice that is open then: one that ends at this moment is not, and one that
        # begins then has to be read before.
        read = set()
        for event in trace["traceEvents"]:
            if event["ph"] == "X":
                read.add((event["tid"], event["ts"], event["ts"] + event["dur"]))
            elif event["ph"] in "sf":
                self.assertTrue(any(tid == event["tid"] and begin <= event["ts"] < end for tid, begin, end in read), event)
        return {event["name"]: event for event in self.of_phase(trace, "X")}

    def flows(self, trace):
        """Pairs of names: what each flow goes from and to."""
        slices = self.of_phase(trace, "X")

        def name_at(event):
            return next(one["name"] for one in slices
                        if one["tid"] == event["tid"] and one["ts"] <= event["ts"] < one["ts"] + one["dur"])

        ends = {event["id"]: event for event in self.of_phase(trace, "f")}
        return {(name_at(event), name_at(ends[event["id"]])): event["name"] for event in self.of_phase(trace, "s")}

    def test_a_run_with_one_of_each(self):
        self.run_everything()
        trace = self.trace("nightly <1>")
        slices = self.check(trace)
        self.assertEqual({"base", "skipped", "bad", "slow", "holder", "waiter", EVIL, QUOTES, "behind"}, slices.keys())
        self.assertEqual({"after", "group"}, {event["name"] for event in self.of_phase(trace, "i")})
        bad = slices["bad"]["args"]
        self.assertEqual(("failed", "exit", 4), (bad["state"], bad["error"], bad["exit_code"]))
        self.assertTrue(kit.Path(bad["log"]).exists())
        self.assertGreater(bad["max_rss"], 0)
        self.assertEqual("timeout", slices["slow"]["args"]["error"])
        self.assertEqual("skipped", slices["skipped"]["args"]["state"])
        self.assertEqual("door", slices["waiter"]["args"]["locks"])
        self.assertLessEqual(slices["holder"]["ts"] + slices["holder"]["dur"], slices["waiter"]["ts"])
        waits = {event["name"]: event for event in self.of_phase(trace, "b") if event["cat"] == "wait"}
        self.assertIn("waiter", waits)
        self.assertIn("after", waits)
        self.assertEqual({("base", "bad"), ("base", EVIL), (EVIL, QUOTES), ("skipped", QUOTES)},
                         self.flows(trace).keys() - {(EVIL, "behind"), ("base", "behind")})
        self.assertIn((EVIL, "behind"), self.flows(trace), "through the collector, from what ended last")
        self.assertEqual(("nightly <1>", 1, "failed"),
                         tuple(trace["otherData"][key] for key in ("name", "run", "state")))

    def serve_reasons(self):
        """A run with each reason for one to come after another."""
        self.serve(top={"run": "true", "deps": ["base", {"command": "echo listed"}]}, base={"run": "true"},
                   listed={"run": "true"}, plain={"run": "true", "rdeps": ["top"]},
                   beside={"run": "true", "rdeps": [{"when_target_scheduled": "top"}]},
                   brings={"run": "true", "rdeps": [{"when_scheduled": "top"}]})
        self.ws.ppctl("run", "brings")

    def test_edges_say_why(self):
        self.serve_reasons()
        trace = self.trace()
        self.check(trace)
        self.assertEqual({("base", "top"): "dep", ("listed", "top"): "command", ("plain", "top"): "rdep",
                          ("beside", "top"): "when_target_scheduled", ("brings", "top"): "when_scheduled"},
                         self.flows(trace))
        text = self.ws.ppctl("report").out
        for reason, kind in (("command", "by"), ("rdep", "rd"), ("when_target_scheduled", "rd"), ("when_scheduled", "rd")):
            self.assertRegex(text, rf'<path class="e {kind}( c)?"[^>]*><title>{reason}</title></path>')
        self.assertEqual(5, len(re.findall('<path class="e', text)))
        self.assertIn("by an rdep</span>", text)
        self.assertIn("named by a command</span>", text)

    def test_which_run(self):
        self.serve(a={"run": "true"}, show={"run": "ppctl trace >trace.json"})
        self.assertIn("starts no daemon", self.ws.ppctl("trace", status=3).err)
        self.ws.ppd("-d")
        self.assertIn("no run yet", self.ws.ppctl("trace", status=2).err)
        for _ in range(2):
            self.ws.ppctl("run", "a")
        for words, run in (((), 2), (("1",), 1), (("--run", "1"), 1), (("--run", "1", "2"), 2)):
            self.assertEqual(run, self.trace(*words)["otherData"]["run"], words)
        self.assertEqual(1, json.loads(self.ws.ppctl("trace", env={"PP_RUN": "1"}).out)["otherData"]["run"])
        self.ws.ppctl("run", "show")
        self.assertEqual(3, json.loads(self.ws.read("trace.json"))["otherData"]["run"])
        for verb in ("trace", "report"):
            self.assertIn("there is no run 99", self.ws.ppctl(verb, "99", status=2).err)
            self.ws.ppctl(verb, "1", "2", status=2)

    def test_a_run_that_goes_on(self):
        gate = self.ws.gate("gate")
        self.serve(first={"run": "true"}, now={"deps": ["first"], "run": gate}, later={"deps": ["now"], "run": "true"})
        self.ws.ppctl("start", "later")
        self.ws.until_state("now", "running")
        trace = self.trace()
        slices = self.check(trace)
        self.assertEqual({"first", "now"}, slices.keys())
        self.assertTrue(slices["now"]["args"]["still_running"])
        self.assertNotIn("still_running", slices["first"]["args"])
        self.assertIn("later", {event["name"] for event in self.of_phase(trace, "b")})
        self.assertIn("Time so far", self.ws.ppctl("report").out)
        self.ws.open_gate("gate")
        self.ws.ppctl("wait")
        self.assertEqual({"first", "now", "later"}, self.check(self.trace()).keys())

    def test_more_than_a_page(self):
        self.ws.define({f"p{i}": {} for i in range(2500)})
        self.ws.ppctl("--quiet", "run", *(f"p{i}" for i in range(2500)))
        self.assertEqual(2500, len(self.of_phase(self.trace(), "i")))
        self.assertIn("The first 2000 of 2500", self.ws.ppctl("report").out)

    def test_the_file(self):
        self.serve(a={"run": "true"})
        self.ws.ppctl("run", "a")
        self.assertEqual("", self.ws.ppctl("trace", "-o", self.root / "t.json").out)
        self.assertEqual(1, json.loads((self.root / "t.json").read_text())["otherData"]["run"])
        self.assertTrue(self.ws.ppctl("report", "-o", "-").out.startswith("<!DOCTYPE html>"))
        self.assertIn("No such file", self.ws.ppctl("report", "-o", self.root / "no" / "r.html", status=2).err)
        self.assertIn("No space left", self.ws.ppctl("trace", "-o", "/dev/full", status=2).err)
        self.ws.ppctl("trace", "-o", self.root / "t.json", "99", status=2)
        self.assertTrue((self.root / "t.json").read_text(), "what was refused leaves the file alone")

    def shell(self, script, *words):
        return subprocess.run(["sh", "-c", script, "sh", *words], cwd=self.ws.dir, env=self.ws.env, check=True,
                              timeout=kit.PATIENCE_S)

    def out_dir(self):
        """A place that has only what is written there."""
        path = self.root / "out"
        path.mkdir()
        return path

    def test_the_file_is_replaced_as_it_was(self):
        self.serve(a={"run": "true"})
        self.ws.ppctl("run", "a")
        out = self.out_dir()
        new, old, link, other = (out / name for name in ("new", "old", "link", "other"))
        old.write_text("before")
        old.chmod(0o640)
        link.symlink_to("old")
        with old.open() as reader:
            for path in (new, link):
                self.shell("umask 027; exec ppctl trace -o \"$1\"", path)
            self.assertEqual("before", reader.read(), "who reads the old one reads it to its end")
        self.assertEqual([0o640, 0o640], [path.stat().st_mode & 0o777 for path in (new, old)])
        self.assertTrue(link.is_symlink())
        self.assertEqual(new.read_text(), old.read_text())
        inode = old.stat().st_ino
        os.link(old, other)
        self.ws.ppctl("report", "-o", old)
        self.assertEqual((inode, inode), (old.stat().st_ino, other.stat().st_ino), "it is that under both names")
        self.assertTrue(other.read_text().startswith("<!DOCTYPE html>"))
        link.unlink()
        link.symlink_to("later")
        self.ws.ppctl("trace", "-o", link)
        self.assertEqual(new.read_text(), (out / "later").read_text())
        self.assertEqual(["later", "link", "new", "old", "other"], sorted(path.name for path in out.iterdir()))

    def test_what_is_no_file_is_written_where_it_is(self):
        self.serve(a={"run": "true"})
        self.ws.ppctl("run", "a")
        self.assertEqual(1, json.loads(self.ws.ppctl("trace", "-o", "/dev/stdout").out)["otherData"]["run"])
        fifo = self.root / "fifo"
        os.mkfifo(fifo)
        child = self.ws.start(kit.PPCTL, "trace", "-o", fifo)
        self.assertEqual(1, json.loads(fifo.read_text())["otherData"]["run"])
        self.assertEqual(0, child.wait(kit.PATIENCE_S))
        path = self.root / "redirected"
        self.shell("{ ppctl graph -o /dev/stdout; echo last; } >>\"$1\"", path)
        lines = path.read_text().splitlines()
        self.assertIn("digraph parproc {", lines)
        self.assertEqual("last", lines[-1])

    def test_a_full_disk_leaves_the_file_alone(self):
        self.serve(**{f"p{i}": {"run": "true"} for i in range(600)})
        self.ws.ppctl("-q", "run", *(f"p{i}" for i in range(600)))
        out = self.out_dir()
        flags = "-m" if os.geteuid() == 0 else "-rm"
        script = ("mount -t tmpfs -o size=16k none \"$1\" || exit 77; cd \"$1\" && echo before >it\n"
                  "for verb in graph report trace; do ppctl -C \"$2\" $verb -o it; echo $?; done; cat it; ls -A")
        try:
            done = subprocess.run(["unshare", flags, "sh", "-c", script, "sh", out, self.ws.dir], env=self.ws.env,
                                  capture_output=True, text=True, timeout=kit.PATIENCE_S, check=False)
        except OSError as error:
            self.skipTest(f"no file system of one's own: {error}")
        if done.returncode in (1, 77):
            self.skipTest(f"no file system of one's own: {done.stderr}")
        self.assertEqual("2\n2\n2\nbefore\nit\n", done.stdout, done.stderr)
        self.assertEqual(3, done.stderr.count("-o it: No space left on device"), done.stderr)


class Page(html.parser.HTMLParser):
    """Elements, balanced, and their text."""

    VOID = {"meta", "br", "hr", "link", "img"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], collections.defaultdict(str)
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.text[self.open[-1] if self.open else ""] += data


class Report(Case):
    def page(self, *words):
        text = self.ws.ppctl("report", *words).out
        return text, Page(text)

    def test_a_run_with_one_of_each(self):
        self.run_everything()
        text, page = self.page()
        self.assertTrue(text.startswith("<!DOCTYPE html>\n"))
        self.assertNotRegex(text, "https?:")
        self.assertIn(("content", "default-src 'none'; style-src 'unsafe-inline'"), page.attributes)
        self.assertNotIn("url(", text)
        self.assertNotIn("@import", text)
        for tag in ("script", "link", "img", "iframe", "b>broken"):
            self.assertNotIn(tag, page.tags)
        self.assertFalse([name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href")])
        self.assertEqual("Run 1: nightly <1>", page.text["h1"])
        self.assertIn(EVIL, page.text["td"])
        self.assertIn(QUOTES, page.text["td"])
        self.assertIn(r"before" "\n" r"main.c:3: error: <b>broken</b> & \xff ", page.text["pre"])
        self.assertNotIn("\x1b", text)
        for word in ("bad", "exit 4", "slow", "timeout"):
            self.assertIn(word, text[text.index("<h2>Failures"):text.index("<h2>Timeline")])
        self.assertIn("1 more failed because of others, or was canceled: after", text)
        rows = re.findall(r'<tr><td class="name">(.*?)</td>', text)
        self.assertEqual(11, len(rows))
        self.assertEqual({"bad", "slow"}, set(rows[:2]), "failures come first")
        self.assertEqual("after", rows[2])
        self.assertEqual(2, page.tags.count("svg"))
        summary = self.ws.ppctl("--json", "report").json
        self.assertEqual((1, "failed", 11, 3), (summary["run"], summary["state"], summary["procs"], summary["states"]["failed"]))
        self.assertGreaterEqual(summary["time"], summary["critical_time"])
        self.assertTrue(summary["critical_path"])

    def test_logs_of_many_megabytes(self):
        self.serve(big={"run": "echo error: first; head -c 40000000 /dev/zero | tr '\\0' 'x'; echo; echo error: last; "
                               "exit 1"})
        self.ws.ppctl("run", "--quiet", "big", status=1)
        text, page = self.page()
        self.assertIn("error: last", page.text["pre"])
        self.assertIn("error: first", page.text["pre"])
        self.assertLess(len(text), 50000)

    def test_what_is_to_be_ignored_tells_nothing_here_either(self):
        self.serve(bad={"run": "echo error: noise; seq 20; echo error: real; exit 1", "log_ignore": ["noise"]})
        self.ws.ppctl("run", "bad", status=1)
        _, page = self.page()
        self.assertIn("error: real", page.text["pre"])
        self.assertNotIn("noise", page.text["pre"])

    def test_a_log_that_has_gone(self):
        self.serve(bad={"run": "echo error: here; exit 1"})
        self.ws.ppctl("run", "bad", status=1)
        kit.Path(self.ws.ppctl("--json", "logs", "bad").json["path"]).unlink()
        _, page = self.page()
        self.assertEqual("", page.text["pre"])
        self.assertIn("bad", page.text["h3"])

    def colors_near(self, lines, wanted):
        """In how many lines of a picture there is such a color."""
        return sum(any(all(abs(a - b) <= 8 for a, b in zip(color, wanted)) for color in line) for line in lines)

    def test_in_a_browser(self):
        self.run_everything()
        self.ws.ppctl("report", "-o", self.root / "report.html")
        try:
            browser.take_screenshot(self.root / "report.html", self.root / "report.png", height=1400)
        except browser.NoBrowser as reason:
            self.skipTest(f"not looked at in a browser: {reason}")
        width, lines = browser.read_png(self.root / "report.png")
        self.assertEqual((1200, 1400), (width, len(lines)))
        self.assertGreater(len(set().union(*lines)), 60, "more colors than a page without anything has")
        self.assertGreater(self.colors_near(lines, (0x3f, 0x8f, 0x6c)), 20, "lines with something that succeeded")
        self.assertGreater(self.colors_near(lines, (0xc8, 0x48, 0x3f)), 20, "lines with something that failed")


if __name__ == "__main__":
    kit.main()
