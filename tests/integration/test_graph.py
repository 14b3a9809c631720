"""ppctl graph, and ppctl plan as a tree."""

import os
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

import kit

PROCS = {
    "setup": {"run": "true", "locks": ["disk"]},
    "docs": {"run": "true", "deps": [{"command": ["./list-pages"]}, "ghost"]},
    "notify": {"run": "true", "rdeps": [{"when_scheduled": "release"}], "wave": -1},
    "audit": {"run": "true", "rdeps": [{"when_target_scheduled": "package::[env]"}]},
    "release": {"deps": ["package::*"]},
    "announce": {"run": "true", "deps": ["release"], "wave": 1},
}
PROTOS = {
    "build::[env]": {"args": {"env": {"choices": ["dev", "prod"]}}, "deps": ["setup"], "run": "true"},
    "package::[env]": {"args": {"env": {"choices": ["dev", "prod"]}}, "deps": ["build::[env]"], "run": "true",
                       "locks": ["store-[env]"]},
    "lint::[env]": {"run": "true", "rdeps": ["build::[env]"]},
}
# What the names of nodes and locks could break: quotes, entities, comments, directions, wide characters.
NASTY = ['q"uote', "back\\slash\\", "\\N\\G", "&lt;b&gt;", "<script>alert(1)</script>", "#quot;", "`*x*`", "%%{init}%%",
         "1. list", "end", "a;b", "-->", "$$x$$", "組立", "\u202eabc", "x" * 1024, "{{a}}", "a|b", "node"]


class Graph(kit.Case):
    def setUp(self):
        super().setUp()
        self.ws.define(PROCS, PROTOS)

    def graph(self, *words):
        graph = self.ws.ppctl("--json", *words).json
        names = [node["name"] for node in graph["nodes"]]
        self.assertEqual(sorted(set(names)), sorted(names))
        return ({node["name"]: node for node in graph["nodes"]},
                sorted((edge["from"] or edge["command"], edge["to"], edge["reason"]) for edge in graph["edges"]))

    def test_what_a_run_would_do(self):
        nodes, edges = self.graph("graph", "announce")
        self.assertEqual({"announce": "proc", "release": "proc", "setup": "proc", "audit": "proc", "build::dev": "proc",
                          "build::prod": "proc", "package::dev": "proc", "package::prod": "proc", "lint::dev": "proc",
                          "lint::prod": "proc"}, {name: node["kind"] for name, node in nodes.items()})
        self.assertEqual(sorted(
            [("release", "announce", "dep")] + [edge for env in ("dev", "prod") for edge in (
                (f"package::{env}", "release", "dep"), (f"build::{env}", f"package::{env}", "dep"),
                ("setup", f"build::{env}", "dep"), (f"lint::{env}", f"build::{env}", "rdep"),
                ("audit", f"package::{env}", "when_target_scheduled"))]), edges)
        self.assertEqual(["store-prod"], nodes["package::prod"]["locks"])
        self.assertEqual((1, 0), (nodes["announce"]["wave"], nodes["setup"]["wave"]))
        self.assertTrue(nodes["release"]["collector"])
        self.assertIn(("notify", "release", "when_scheduled"), self.graph("graph", "notify")[1])
        self.assertEqual([("./list-pages", "docs", "command"), ("ghost", "docs", "dep")], self.graph("graph", "docs")[1])
        self.assertEqual([], self.ws.ppctl("--json", "runs").json["runs"], "nothing runs")
        self.assertEqual({"setup", "docs", "notify", "audit", "release", "announce"},
                         {proc["name"] for proc in self.ws.ppctl("--json", "list").json["procs"]})

    def test_what_is_defined(self):
        nodes, edges = self.graph("graph")
        self.assertEqual({name: "proc" for name in PROCS} | {name: "proto" for name in PROTOS} | {"ghost": "missing"},
                         {name: node["kind"] for name, node in nodes.items()})
        self.assertEqual(sorted([
            ("./list-pages", "docs", "command"), ("audit", "package::[env]", "when_target_scheduled"),
            ("build::[env]", "package::[env]", "dep"), ("ghost", "docs", "dep"),
            ("lint::[env]", "build::[env]", "rdep"), ("notify", "release", "when_scheduled"),
            ("package::[env]", "release", "dep"), ("release", "announce", "dep"), ("setup", "build::[env]", "dep")]), edges)
        self.ws.ppctl("create", "build::prod")
        self.ws.ppctl("define", "one", "--rdep", "build::prod", "--dep", "build::dev", "--", "true")
        self.assertEqual([("build::[env]", "build::prod", "proto"), ("one", "build::prod", "rdep")],
                         [edge for edge in self.graph("graph")[1] if edge[1] == "build::prod"], "the proto says the rest")
        self.assertIn(("build::[env]", "one", "dep"), self.graph("graph")[1])

    def test_the_states_of_a_run(self):
        gate = self.ws.gate("gate")
        self.ws.define({**PROCS, "setup": {"run": f"{gate}; exit 1"}}, PROTOS)
        self.ws.ppctl("--run", "r", "start", "release")
        self.ws.until_state("setup", "running")
        nodes, edges = self.graph("--run", "r", "graph", "announce")
        self.assertEqual(("running", "wanted", None), tuple(nodes[name]["state"] for name in ("setup", "release", "announce")))
        self.assertEqual(self.graph("graph", "announce")[1], edges, "what is in flight is not joined")
        self.ws.open_gate("gate")
        self.ws.ppctl("--run", "r", "wait", status=1)
        nodes, _ = self.graph("--run", "r", "graph")
        self.assertEqual(("failed", "failed", None),
                         tuple(nodes[name]["state"] for name in ("setup", "release", "announce")))
        self.assertRegex(self.ws.ppctl("--run", "r", "graph").out, r'\[label="release",[^\n]*fillcolor="#ffcdd2"\]')
        self.assertRegex(self.ws.ppctl("--run", "r", "graph", "--mermaid").out, r'\(\["release"\]\):::failed')

    def test_what_commands_have_named_in_the_run(self):
        self.ws.define({"top": {"deps": ["base", {"command": "echo listed base"}]}, "base": {"run": "true"},
                        "listed": {"run": "true", "deps": ["below"], "wave": -1}, "below": {"run": "true", "wave": -1}})
        command = ("echo listed base", "top", "command")
        self.assertEqual([("base", "top", "dep"), command], self.graph("graph", "top")[1])
        self.ws.define({"top": {"deps": ["base", {"command": "echo listed; echo base"}]}, "base": {"run": "true"},
                        "listed": {"run": "true", "deps": ["below"]}, "below": {"run": "exit 1"}})
        self.ws.ppctl("--run", "r", "run", "top", status=1)
        nodes, edges = self.graph("--run", "r", "graph", "top")
        self.assertEqual([("base", "top", "dep"), ("below", "listed", "dep"), ("listed", "top", "command")], edges)
        self.assertEqual({"top": "failed", "base": "succeeded", "listed": "failed", "below": "failed"},
                         {name: node["state"] for name, node in nodes.items()})

    def test_text_is_written_where_it_is_wanted(self):
        text = self.ws.ppctl("graph", "release").out
        self.assertTrue(text.startswith("digraph parproc {\n") and text.endswith("}\n"), text)
        self.assertEqual(text, self.ws.ppctl("graph", "--dot", "release").out)
        self.assertEqual(text, self.ws.ppctl("graph", "-o", "-", "release").out)
        path = self.ws.dir / "out.dot"
        self.assertEqual("", self.ws.ppctl("graph", "-o", path, "release").out)
        self.assertEqual(text, path.read_text())
        self.ws.ppctl("--json", "graph", "-o", path, "release")
        self.assertEqual(self.ws.ppctl("--json", "graph", "release").json, kit.json.loads(path.read_text()))
        self.assertTrue(self.ws.ppctl("graph", "--mermaid").out.startswith("flowchart LR\n"))
        self.assertIn('"build::prod"', self.ws.ppctl("graph", "build::[env]", "env=prod").out)

    def test_what_is_wrong_is_said(self):
        for words, said in ((("--svg", "--dot"), "only one of"), (("--json", "--mermaid"), "only one of"),
                            (("nothing",), "nothing: no proc or proto"), (("env=prod",), "no name is given"),
                            (("-o", "no/such/file"), "-o no/such/file: No such file"),
                            (("--run", "nightly", "release"), "no run nightly")):
            done = self.ws.ppctl("graph", *words, status=2)
            self.assertEqual("", done.out)
            self.assertIn(said, done.err)
        full = self.ws.ppctl("graph", "-o", "/dev/full", status=2)
        self.assertIn("-o /dev/full: No space left", full.err)

    def fake_dot(self, script):
        self.ws.write("bin/dot", f"#!/bin/sh\n{script}\n", mode=0o755)
        return {"PATH": f"{self.ws.dir}/bin:{self.ws.env['PATH']}"}

    def test_a_picture_needs_graphviz(self):
        path = self.ws.dir / "picture.svg"
        env = self.fake_dot('[ "$*" = -Tsvg ] && echo "<svg>" && cat && echo "</svg>"')
        self.assertEqual(f"<svg>\n{self.ws.ppctl('graph').out}</svg>\n", self.ws.ppctl("graph", "--svg", env=env).out)
        self.ws.ppctl("graph", "--svg", "-o", path, env=env)
        before = path.read_text()
        done = self.ws.ppctl("graph", "--svg", "-o", path, env={"PATH": str(kit.BUILD)}, status=2)
        self.assertIn("Debian package graphviz", done.err)
        for script, said in (("echo half; exit 3", "exit status 3"), ("kill -9 $$", "signal 9")):
            done = self.ws.ppctl("graph", "--svg", "-o", path, env=self.fake_dot(script), status=2)
            self.assertIn(said, done.err)
        self.assertEqual(before, path.read_text(), "what fails leaves the file alone")

    def define_nasty(self):
        self.ws.define({name: {"run": "true", "locks": [name[:100]]} for name in NASTY} | {"all": {"deps": NASTY}})

    @unittest.skipUnless(shutil.which("dot"), "Graphviz is not installed")
    def test_graphviz_draws_any_name(self):
        self.define_nasty()
        svg = xml.etree.ElementTree.fromstring(self.ws.ppctl("graph", "--svg", "all").out)
        drawn = {element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")}
        for name in NASTY:
            self.assertIn(name.replace("\u202e", "\\u202e"), drawn)
        names = self.ws.ppctl("graph", "all").out
        plain = subprocess.run(["dot", "-Tplain"], input=names, capture_output=True, text=True, check=True,
                               timeout=kit.PATIENCE_S).stdout
        self.assertEqual(len(NASTY) + 1, len(re.findall("(?m)^node n", plain)))
        self.assertEqual(len(NASTY), len(re.findall("(?m)^edge n", plain)))

    def test_in_mermaid_names_are_within_quotes(self):
        self.define_nasty()
        lines = self.ws.ppctl("graph", "--mermaid", "all").out.splitlines()
        nodes = [line for line in lines if re.fullmatch(r'\tn\d+(\["[^"`$%<>&{}|\\*]*(<br>[^"`$%<>&{}|\\*]*)?"\]|\(\["all"\]\))', line)]
        self.assertEqual(len(NASTY) + 1, len(nodes), lines)

    def test_a_graph_of_ten_thousand(self):
        self.ws.define({f"p{i}": {"deps": sorted({f"p{max(0, i - j)}" for j in (1, 7, 31)} - {f"p{i}"})} for i in range(10000)})
        nodes, edges = self.graph("graph", "p9999")
        self.assertEqual(10000, len(nodes))
        self.assertEqual(edges, self.graph("graph")[1])

    def test_what_is_too_large_is_cut_and_said(self):
        self.ws.define({f"{i:01020}": {"deps": [f"{i - 1:01020}"] if i else []} for i in range(5000)})
        done = self.ws.ppctl("--json", "graph", f"{4999:01020}")
        self.assertIn("there is more than fits", done.err)
        self.assertTrue(done.json["truncated"])
        self.assertEqual(5000, len(done.json["nodes"]))
        done = self.ws.ppctl("--json", "graph")
        self.assertEqual("", done.err)
        self.assertEqual((5000, 4999), (len(done.json["nodes"]), len(done.json["edges"])), "this comes in pages")

    def test_what_is_defined_comes_in_pages(self):
        self.ws.define({f"p{i:04}": {"deps": ["ghost"] + [f"p{i - 1:04}"] * (i > 0)} for i in range(2500)},
                       {f"q{i:04}::[x]": {"deps": [f"p{i:04}"]} for i in range(1500)})
        self.ws.ppctl("create", "q0007::1")
        with kit.Connection(self.ws) as daemon:
            pages, params = [], {}
            while not pages or "cursor" in pages[-1]:
                pages.append(daemon.call("graph", **params)["result"])
                self.assertNotIn("truncated", pages[-1])
                params = {"cursor": pages[-1].get("cursor")}
            self.assertEqual(5, len(pages))
            for page in pages:
                self.assertLessEqual(len(page["nodes"]), 1001)
            page = daemon.call("graph", limit=2, cursor="p2497")["result"]
            self.assertEqual((["p2497", "ghost", "p2498"], "p2499"), ([node["name"] for node in page["nodes"]], page["cursor"]))
            for cursor in ("nothing", ""):
                self.assertEqual("bad_argument", daemon.call("graph", cursor=cursor)["error"]["data"]["error"])
            self.assertEqual("bad_argument", daemon.call("graph", names=["p0001"], cursor="p0001")["error"]["data"]["error"])
            self.ws.define({"p0000": {}})
            self.assertEqual("bad_argument", daemon.call("graph", cursor=pages[2]["cursor"])["error"]["data"]["error"])
        told = [edge for page in pages for edge in page["edges"]]
        self.assertEqual(len(told), len({(edge["from"], edge["to"], edge["reason"]) for edge in told}), "each once")
        self.assertEqual(2500 + 2499 + 1500 + 1, len(told))

    def test_pages_are_one_graph(self):
        self.ws.define({f"p{i:04}": {"deps": ["ghost"] + [f"p{i - 1:04}"] * (i > 0)} for i in range(2500)})
        nodes, edges = self.graph("graph")
        self.assertEqual((2501, 4999), (len(nodes), len(edges)))
        self.assertEqual("missing", nodes["ghost"]["kind"])


class Tree(kit.Case):
    UTF8 = {"LC_ALL": "C.UTF-8"}

    def setUp(self):
        super().setUp()
        self.ws.define(PROCS, PROTOS)

    def plan(self, *words, env=None):
        return self.ws.ppctl("plan", *words, env=env or self.UTF8).out

    def test_what_comes_before_is_below(self):
        tree = self.plan("--tree", "announce", "notify")
        numbers = dict(re.findall(r"\[(\d+)\] ([\w:]+)", tree))
        self.assertEqual([step["name"] for step in self.ws.ppctl("--json", "plan", "announce", "notify").json["steps"]],
                         [numbers[str(i + 1)] for i in range(len(numbers))], "the numbers are the order")
        self.assertEqual(
            "announce, wave 1\n"
            "└── release\n"
            "    ├── package::dev\n"
            "    │   ├── build::dev\n"
            "    │   │   ├── setup\n"
            "    │   │   └── lint::dev, by its rdep\n"
            "    │   └── audit, by its rdep (when_target_scheduled)\n"
            "    ├── package::prod\n"
            "    │   ├── build::prod\n"
            "    │   │   ├── setup\n"
            "    │   │   └── lint::prod, by its rdep\n"
            "    │   └── audit, by its rdep (when_target_scheduled)\n"
            "    └── notify, by its rdep (when_scheduled), wave -1\n", re.sub(r"\[\d+\] ", "", tree))

    def test_its_lines_are_as_the_locale_is_and_it_ends_where_it_is_told(self):
        self.assertEqual("[3] build::dev\n|-- [1] setup\n`-- [2] lint::dev, by its rdep\n",
                         self.plan("--tree", "build::dev", env={"LC_ALL": "C"}))
        self.assertEqual("[5] package::dev\n├── [3] build::dev …\n└── [4] audit, by its rdep (when_target_scheduled)\n",
                         self.plan("--depth", "1", "package::dev"))
        self.assertEqual("[1] docs\n├── ghost, which nothing defines yet\n└── what the command ./list-pages prints\n",
                         self.plan("--tree", "docs"))

    def test_what_was_shown_is_not_repeated(self):
        self.ws.define({"a": {}, "b": {"deps": ["a"]}, "c": {"deps": ["b"]}, "d": {"deps": ["b", "c"]}})
        self.assertEqual("[4] d\n├── [2] b\n│   └── [1] a\n└── [3] c\n    └── [2] b (*)\n", self.plan("--tree", "d"))

    def test_the_depth_is_a_number(self):
        for depth in ("0", "-1", "x", "1001"):
            self.assertIn("--depth", self.ws.ppctl("plan", "--depth", depth, "release", status=2).err)

    def test_a_deep_one_is_bounded(self):
        self.ws.define({f"p{i}": {"deps": [f"p{i - 1}"] if i else []} for i in range(5000)})
        self.assertEqual(101, len(self.plan("--tree", "p4999").splitlines()))
        self.assertEqual(1001, len(self.plan("--depth", "1000", "p4999").splitlines()))


if __name__ == "__main__":
    os.environ.pop("COLUMNS", None)
    kit.main()
