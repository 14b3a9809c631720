"""What each method answers: that it is as protocol/openrpc.json says, and what it means."""

import json

import kit
import schema

PROCS = {
    "base": {"description": "What the rest stands on", "run": "true", "locks": ["l"], "timeout": 60},
    "top": {"deps": ["mid::x", {"special": "no_failures"}], "run": "echo '{\"n\": 1}' >\"$PP_RESULT\""},
    "bad": {"run": "exit 3"},
    "all": {"deps": ["top"]},
    "after": {"deps": ["bad"], "run": "true"},
}
PROTOS = {
    "mid::[a]": {"deps": ["base"], "args": {"a": {"choices": ["x", "y"]}}, "run": "true"},
    "num::[n]": {"args": {"n": {"type": "int"}}, "run": "true"},
    "dyn::[e]": {"args": {"e": {"choices": {"command": ["cat", "choices.json"]}}}, "run": "true"},
}


class Answers(kit.Case):
    document = schema.Document(kit.SOURCE / "protocol" / "openrpc.json")

    def setUp(self):
        super().setUp()
        self.ws.define(PROCS, PROTOS)
        self.ws.ppd("-d")
        self.peer = schema.Checked(self.ws, self.document)

    def tearDown(self):
        self.peer.__exit__()
        super().tearDown()

    def result(self, method, **params):
        answer = self.peer.call(method, **params)
        self.assertIn("result", answer, method)
        return answer["result"]

    def error(self, method, **params):
        answer = self.peer.call(method, **params)
        self.assertIn("error", answer, method)
        return answer["error"]["data"]["error"]

    def run_procs(self, *names, **params):
        result = self.result("run", names=list(names), **params)
        return result, {view["name"]: view for view in result["procs"]}

    def test_every_method_answers_as_the_document_says(self):
        self.assertEqual("succeeded", self.run_procs("all")[1]["all"]["state"])
        self.assertEqual("dep_failed", self.run_procs("after")[1]["after"]["error"])
        self.result("hello", client="test", protocol=1)
        self.result("ping")
        self.result("define", definitions={"procs": {"more": {"run": "true"}}})
        self.result("undefine", names=["more"])
        self.result("reload")
        self.result("create", names=["num::7"])
        held = self.result("open", run="held")["run"]
        self.result("start", names=["num::7"], run=held)
        self.result("close", run=held)
        self.result("wait", run=held)
        self.result("results", run=held)
        self.result("status")
        self.result("list")
        for name in ("top", "mid::[a]", "dyn::[e]", "num::7", str(held)):
            self.result("show", name=name)
        self.result("plan", names=["all"])
        self.result("graph")
        self.result("graph", names=["all"], run=held)
        for name in ("top", "after", "num::7"):
            self.result("why", name=name)
        self.result("log", name="top")
        kit.until(lambda: self.result("durations", names=["top", "nothing"])["durations"].keys() == {"top"},
                  "how long top took is stored")
        self.assertEqual("limit", self.error("durations", names=["top"] * 1001))
        self.result("cancel", all=True)
        self.assertEqual(self.result("runs"), self.result("runs", before=2 ** 63 - 1))
        self.result("clear", run=held)
        for what in ("params", "options"):
            self.result(f"{what}.get")
        self.result("params.set", values={"region": [1, {"a": None}]})
        self.result("options.set", values={"parallel": 3})
        self.result("subscribe")
        self.result("unsubscribe")
        self.result("restart")
        self.assertIsNone(self.peer.receive(), "the connection ends behind it")
        seen = self.peer.seen
        self.peer.__exit__()
        self.peer = schema.Checked(self.ws, self.document)
        self.result("shutdown")
        untested = self.document.methods.keys() - self.peer.seen - seen
        self.assertEqual({"context", "message", "input.ask", "input.answer"}, untested, "these are asked from inside a proc")

    def test_what_a_process_asks_about_itself(self):
        self.ws.define({"asks": {"run": "{ echo $PP_EXEC; " + self.ws.gate("go") + "; } >exec; true"}})
        run = self.result("start", names=["asks"], params={"p": 1})["run"]
        path = self.ws.dir / "exec"
        number = int(kit.until(lambda: path.exists() and path.read_text(), "it has written its number"))
        context = self.result("context", exec=number)
        self.assertEqual(("asks", run, {"p": 1}), (context["proc"], context["run"], context["params"]))
        self.result("message", exec=number, text="half way\nand more")
        self.ws.open_gate("go")
        view = self.result("wait", run=run, names=["asks"])["procs"][0]
        self.assertEqual(("succeeded", "half way"), (view["state"], view["info"]))
        self.assertEqual("not_allowed", self.error("context", exec=number))

    def test_events_can_be_few_and_brief(self):
        self.ws.define({"quick": {"run": "true"}, "fails": {"run": "exit 3"}})
        self.result("subscribe", kinds=["state"], brief=True, states=["succeeded", "failed"])
        run = self.result("start", names=["quick", "fails"])["run"]
        ended = {}
        while len(ended) < 2:
            event = self.peer.receive()["params"]
            self.assertEqual([], list(self.document.problems(event, self.document.resolve(
                "#/components/schemas/event"), "event")))
            ended[event["proc"]["name"]] = event["proc"]
        self.assertEqual({"name", "state", "run", "exec", "queued_at", "started_at", "ended_at", "log", "exit_code",
                          "user_time", "system_time", "max_rss"}, set(ended["quick"]))
        self.assertEqual((run, "exit", 3), tuple(ended["fails"][name] for name in ("run", "error", "exit_code")))

    def test_what_a_process_asks_people(self):
        self.ws.define({"base": PROCS["base"], "asks": {"run": "{ echo $PP_EXEC; " + self.ws.gate("go") + "; } >exec; true"}})
        run = self.result("start", names=["asks"])["run"]
        path = self.ws.dir / "exec"
        number = int(kit.until(lambda: path.exists() and path.read_text(), "it has written its number"))
        self.assertEqual([], self.result("subscribe", run=run)["inputs"])
        with schema.Checked(self.ws, self.document) as asker:
            asker.request("input.ask", exec=number, prompt="\tName,\n please: ", secret=True)
            event = self.peer.receive()["params"]
            self.assertEqual([], list(self.document.problems(event, self.document.resolve(
                "#/components/schemas/event"), "event")))
            asked = {"id": event["seq"], "prompt": "Name, please:", "secret": True}
            self.assertEqual(("input", "asked", asked), (event["kind"], event["state"], event["input"]))
            view = self.result("status", names=["asks"])["procs"][0]
            self.assertEqual("waits for input: Name, please:", view["waits"])
            self.assertEqual([{**asked, "proc": "asks", "run": run, "exec": number}],
                             self.result("subscribe", kinds=["input"], names=["asks"])["inputs"])
            self.assertEqual([], self.result("subscribe", kinds=["state"])["inputs"])
            self.assertEqual([], self.result("subscribe", names=["base"])["inputs"])
            self.assertEqual("bad_argument", self.error("input.answer", id=asked["id"], text="a\nb"))
            self.assertEqual("limit", self.error("input.answer", id=asked["id"], text="x" * 65537))
            self.result("subscribe", run=run)
            answered = self.peer.request("input.answer", id=asked["id"], text="Ann\tB.", request_id="a")
            self.assertEqual({"text": "Ann\tB."}, asker.receive()["result"])
            messages = [self.peer.receive(), self.peer.receive()]
            self.assertNotIn("Ann", json.dumps(messages))
            events = [message["params"] for message in messages if "params" in message]
            self.assertEqual([("input", "answered", asked)],
                             [(event["kind"], event["state"], event["input"]) for event in events])
            self.assertIn(answered, [message.get("id") for message in messages])
            self.assertEqual("not_found", self.error("input.answer", id=asked["id"], text="again"))
            self.assertEqual({}, self.result("input.answer", id=asked["id"], text="again", request_id="a"))
            self.assertEqual("limit", asker.call("input.ask", exec=number, prompt="x" * 1025)["error"]["data"]["error"])
            for _ in range(16):
                asker.request("input.ask", exec=number, prompt="?")
            kit.until(lambda: len(self.result("subscribe", run=run)["inputs"]) == 16, "all are open")
            self.assertEqual("limit", asker.call("input.ask", exec=number, prompt="?")["error"]["data"]["error"])
        kit.until(lambda: self.result("subscribe", run=run)["inputs"] == [], "they went with their asker")
        self.ws.open_gate("go")
        self.result("wait", run=run, names=["asks"])
        self.assertEqual("not_allowed", self.error("input.ask", exec=number, prompt="?"))

    def test_an_execution_that_a_run_joins_brings_what_it_asks(self):
        self.ws.define({"asks": {"run": "ppctl input 'Name?' >got"}})
        first = self.result("start", names=["asks"])["run"]
        kit.until(lambda: self.result("subscribe", run=first)["inputs"], "it asks")
        self.result("unsubscribe")
        held = self.result("open", run="late")["run"]
        with schema.Checked(self.ws, self.document) as late:
            self.assertEqual([], late.call("subscribe", run=held, kinds=["input"])["result"]["inputs"])
            wanted = self.peer.request("run", names=["asks"], run=held, subscribe=True)
            told = [*(self.peer.receive()["params"] for _ in range(3)), late.receive()["params"]]
            self.assertEqual(["run", "input", "state", "input"], [event["kind"] for event in told])
            self.assertEqual([held] * 4, [event["run"] for event in told])
            self.assertEqual("running", told[2]["proc"]["state"])
            late.request("input.answer", id=told[1]["input"]["id"], text="Ann")
            message = kit.until(lambda: (m := self.peer.receive()).get("id") == wanted and m, "it has ended")
        self.assertTrue(message["result"]["ok"])
        self.assertEqual("Ann\n", self.ws.read("got"))

    def test_errors_have_their_names_and_what_explains_them(self):
        self.assertEqual("unknown_name", self.error("run", names=["tpo"]))
        self.assertEqual("not_a_choice", self.error("create", names=["mid::z"]))
        self.assertEqual("bad_argument", self.error("create", names=["num::many"]))
        self.assertEqual("not_found", self.error("status", run=4711))
        self.assertEqual("not_found", self.error("log", name="base"))
        self.assertEqual("exists", self.error("define", definitions={"procs": {"base": {"run": "false"}}}))
        self.assertEqual("bad_definition", self.error("define", definitions={"procs": {"x": {"rnu": "y"}}}))
        self.assertEqual("bad_argument", self.error("options.set", values={"paralel": 3}))
        self.assertEqual("timeout", self.error("wait", names=["nobody"], timeout=0.01))
        self.assertEqual("unknown_name", self.error("show", name="nobody"))
        self.assertEqual("protocol_mismatch", self.error("hello", protocol=2))
        self.ws.write("parproc.yaml", "procs:\n  a:\n    rnu: x\n")
        answer = self.peer.call("run", names=["top"])["error"]
        self.assertEqual({"error": "bad_workspace", "file": "parproc.yaml", "line": 3, "column": 5,
                          "key": "procs.a.rnu"}, answer["data"])
        self.assertIn("parproc.yaml:3:5: ", self.result("status")["warning"])

    def test_run_with_subscribe_tells_all_of_its_run_and_then_answers(self):
        wanted = self.peer.request("run", names=["all"], subscribe=True)
        events, answer = [], None
        while answer is None:
            message = self.peer.receive()
            if message.get("id") == wanted:
                answer = message["result"]
            else:
                events.append(message["params"])
        self.assertTrue(answer["ok"])
        self.assertEqual(("run", answer["run"]), (events[0]["kind"], events[0]["run"]))
        states = {}
        for event in events:
            if event["kind"] == "state":
                states.setdefault(event["proc"]["name"], []).append(event["proc"]["state"])
        self.assertEqual(["wanted", "running", "succeeded"], states["top"])
        self.assertEqual({"all", "top", "mid::x", "base"}, states.keys())

    def test_a_run_that_is_asked_for_again_is_waited_for(self):
        self.ws.define({"slow": {"run": self.ws.gate("go")}})
        with kit.Connection(self.ws) as first:
            first.request("run", names=["slow"], request_id="r")
            kit.until(lambda: self.result("runs")["runs"], "the run has begun")
        again = self.peer.request("run", names=["slow"], request_id="r")
        self.ws.open_gate("go")
        answer = self.peer.receive()
        self.assertEqual(again, answer["id"])
        self.assertTrue(answer["result"]["ok"])
        self.assertEqual(answer["result"], self.result("run", names=["slow"], request_id="r"))
        self.assertEqual(1, len(self.result("runs")["runs"]))
        self.assertEqual("bad_argument", self.error("start", names=["slow"], request_id="r"))

    def test_requests_behind_one_that_asks_a_command_wait_for_it(self):
        self.ws.write("choices.json", json.dumps(["a", "b"]))
        ids = [self.peer.request("create", names=["dyn::*"]), self.peer.request("run", names=["dyn::a"])]
        answers = [self.peer.receive() for _ in ids]
        self.assertEqual(ids, [answer["id"] for answer in answers])
        self.assertEqual(["dyn::a", "dyn::b"], answers[0]["result"]["procs"])
        self.assertTrue(answers[1]["result"]["ok"])
        self.ws.write("choices.json", "no JSON")
        answer = self.peer.call("create", names=["dyn::c"])["error"]
        self.assertEqual("bad_argument", answer["data"]["error"])

    def dynamic(self, *command):
        self.ws.define({}, {"dyn::[e]": {"args": {"e": {"choices": {"command": list(command)}}}, "run": "true"}})

    def test_a_request_repeated_while_it_asks_a_command_takes_effect_once(self):
        self.dynamic("sh", "-c", self.ws.gate("go") + " && echo '[\"a\"]'")
        first = self.peer.request("start", names=["dyn::a"], request_id="s")
        with kit.Connection(self.ws) as other:
            again = other.request("start", names=["dyn::a"], request_id="s")
            last = other.request("ping")
            self.ws.open_gate("go")
            answer, repeated = self.peer.receive(), other.receive()
            self.assertEqual((first, again), (answer["id"], repeated["id"]))
            self.assertEqual(answer["result"], repeated["result"])
            self.assertEqual(last, other.receive()["id"])
        self.assertEqual(1, len(self.result("runs")["runs"]))

    def test_a_hold_for_a_connection_ends_with_it(self):
        with kit.Connection(self.ws) as other:
            run = other.call("open", **{"for": "connection"})["result"]["run"]
            self.assertEqual("active", self.result("runs")["runs"][0]["state"])
        kit.until(lambda: self.result("runs")["runs"][0]["state"] != "active", f"run {run} is over")

    def test_more_than_a_page_is_paged(self):
        names = [f"num::{n}" for n in range(1100)]
        self.assertEqual([names[:1000], names[1000:]], self.pages("create", names=names))
        page = self.result("status")
        self.assertTrue(page["truncated"])
        seen = [view["name"] for view in page["procs"]]
        self.assertEqual(1000, len(seen))
        page = self.result("status", cursor=page["cursor"])
        self.assertNotIn("truncated", page)
        seen += [view["name"] for view in page["procs"]]
        self.assertEqual(sorted([*names, *PROCS]), sorted(seen))
        three = self.result("status", limit=3)
        self.assertEqual(seen[:3], [view["name"] for view in three["procs"]])

    def pages(self, method, **params):
        """What is in each of the pages that an answer has."""
        pages, cursor = [], {}
        while True:
            page = self.result(method, **params, **cursor)
            pages.append([at if isinstance(at, str) else at["name"] for at in page["procs"]])
            self.assertEqual("cursor" in page, page.get("truncated", False))
            if "cursor" not in page:
                return pages
            cursor = {"cursor": page["cursor"]}

    def test_what_a_glob_stands_for_is_paged(self):
        choices = [str(n) for n in range(30)]
        self.result("define", definitions={"protos": {"grid::[x]::[y]": {
            "run": "true", "args": {"x": {"choices": choices}, "y": {"choices": choices}}}}})
        names = [f"grid::{x}::{y}" for x in choices for y in choices]
        pages = self.pages("create", names=["grid::*::*"], limit=250)
        self.assertEqual([250, 250, 250, 150], [len(page) for page in pages])
        self.assertEqual(names, sum(pages, []))
        self.assertEqual(names[:30] + ["num::1"],
                         sum(self.pages("create", names=["grid::0::*", "num::1"], limit=7), []))
        self.result("define", definitions={"protos": {"line::[n]": {
            "run": "true", "args": {"n": {"choices": [str(n) for n in range(1100)]}}}}})
        self.assertEqual([1000, 100], [len(page) for page in self.pages("create", names=["line::*"])])
        pages = self.pages("status", names=["grid::*::*"], limit=300)
        self.assertEqual([300, 300, 300], [len(page) for page in pages])
        self.assertEqual(names, sum(pages, []))
        self.assertEqual("unknown_name", self.peer.call("status", names=["none::*"])["error"]["data"]["error"])

    def test_an_answer_made_in_slices_comes_before_later_ones(self):
        deps = [f"num::{n}" for n in range(20000)]
        self.result("define", definitions={"procs": {"many": {"deps": deps}}})
        plan, ping = self.peer.request("plan", names=["many"]), self.peer.request("ping")
        answer = self.peer.receive()
        self.assertEqual(plan, answer["id"])
        self.assertEqual(deps + ["many"], [step["name"] for step in answer["result"]["steps"]])
        self.assertEqual(ping, self.peer.receive()["id"])
        with kit.Connection(self.ws) as other:  # one that does not wait for its answer
            other.request("plan", names=["many"])
        self.assertEqual([], self.result("runs")["runs"])

    def test_a_large_run_answers_counts_and_what_failed(self):
        self.ws.define({"bad": PROCS["bad"]}, {"c::[n]": {}})
        names = [f"c::{n}" for n in range(1200)]
        result, views = self.run_procs(*names, "bad")
        self.assertFalse(result["ok"])
        self.assertTrue(result["truncated"])
        self.assertEqual({"procs": 1201, "succeeded": 1200, "failed": 1}, result["counts"])
        self.assertEqual({"bad"}, views.keys())


if __name__ == "__main__":
    kit.main()
