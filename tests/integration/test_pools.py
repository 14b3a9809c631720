"""Pools and priorities with the real programs: what is shown of them, bad input, reloads, and a scheduler
that dies."""

import os
import signal

import kit


class Pools(kit.Case):
    def define(self, pools, **procs):
        self.ws.write("parproc.yaml", kit.json.dumps({"pools": pools, "procs": procs}))

    def refused(self, *words):
        return self.ws.ppctl(*words, status=2).err

    def test_no_more_is_held_than_there_is_and_all_see_who_holds_it(self):
        self.ws.gate("g")
        self.define({"db": 2, "mem": "48GiB"},
                    a={"run": "cat g", "use": {"mem": "40GiB", "db": 1}},
                    b={"run": "true", "use": {"mem": "16GiB"}})
        self.ws.ppctl("start", "a", "b")
        self.ws.until_state("a", "running")
        view = self.ws.ppctl("--json", "status", "b").views()["b"]
        self.assertEqual(("wanted", {"mem": 16 << 30}), (view["state"], view["use"]))
        self.assertEqual("waits for 16GiB of the pool mem: 40GiB of 48GiB held by a", view["waits"])
        self.assertRegex(self.ws.ppctl("why", "b").out, r"held by a \(40GiB since \d\d:\d\d:\d\d \(.* ago\)\)\n")
        shown = self.ws.ppctl("options").out
        self.assertIn("# pool db: 1 of 2 used\n", shown)
        self.assertIn("# pool mem: 40GiB of 48GiB used, 1 in line\n", shown)
        self.assertEqual({"capacity": 2, "used": 1, "waiting": 0},
                         self.ws.ppctl("call", "options.get", "{}").json["pools"]["db"])
        self.ws.open_gate("g")
        self.ws.ppctl("wait", "b")
        self.assertIn("# pool mem: 0 of 48GiB used\n", self.ws.ppctl("options").out)

    def test_who_asks_for_too_much_or_for_nothing_that_there_is_is_told_so(self):
        self.define({"db": 2}, a={"run": "true", "use": {"db": 3}})
        self.assertIn("procs.a: a: it is to use 3 of the pool db, which has 2", self.refused("run", "a"))
        self.define({"db": 2}, a={"run": "true", "use": {"dbb": 1}})
        self.assertIn("it is to use the pool dbb, which is not among pools", self.refused("run", "a"))
        self.define({"db": 0}, a={"run": "true"})
        self.assertIn("pools.db: must be a number from 1 to 2^53, or a size", self.refused("run", "a"))
        self.define({"db": "much"}, a={"run": "true"})
        self.assertIn("pools.db: must be a number from 1 to 2^53, or a size", self.refused("run", "a"))
        self.define({"db": 2}, a={"run": "true", "use": {"db": -1}})
        self.assertIn("procs.a.use.db: must be a number from 1 to 2^53, or a size", self.refused("run", "a"))
        self.define({"db": 2}, a={"run": "true", "priority": 1001})
        self.assertIn("procs.a.priority: must be an integer from -1000 to 1000", self.refused("run", "a"))
        self.define({"db": 2})
        self.assertIn("which has 2", self.refused("define", "c", "--use", "db=3", "--", "true"))
        self.ws.ppctl("define", "c", "--use", "db=2", "--priority", "7", "--", "true")
        self.assertEqual(7, self.ws.ppctl("--json", "run", "c").views()["c"]["priority"])

    def test_what_is_filled_in_is_looked_at_when_it_starts(self):
        self.ws.write("parproc.yaml", kit.json.dumps({"pools": {"db-a": 1}, "protos": {
            "p::[x]": {"run": "true", "use": {"db-[x]": 1}}}}))
        self.ws.ppctl("run", "p::a")
        views = self.ws.ppctl("--json", "run", "p::b", status=1).views()
        self.assertEqual(("spawn", "it is to use the pool db-b, which is not among pools in the workspace file"),
                         (views["p::b"]["error"], views["p::b"]["info"]))

    def test_a_pool_that_shrinks_leaves_what_runs_and_fails_what_can_never_be(self):
        self.ws.gate("g")
        self.define({"db": 4}, a={"run": "cat g", "use": {"db": 3}}, b={"run": "true", "use": {"db": 1}})
        self.ws.ppctl("define", "c", "--use", "db=4", "--", "true")
        self.ws.ppctl("start", "a", "c")
        self.ws.until_state("a", "running")
        self.define({"db": 2}, a={"run": "cat g", "use": {"db": 2}}, b={"run": "true", "use": {"db": 1}})
        self.ws.ppctl("reload")
        self.ws.until_state("c", "failed")
        view = self.ws.ppctl("--json", "status", "c").views()["c"]
        self.assertEqual("it is to use 4 of the pool db, which has 2", view["info"])
        self.ws.ppctl("start", "b")
        self.assertEqual({"a": "running", "b": "wanted"}, self.ws.states("a", "b"))
        self.ws.open_gate("g")
        self.ws.ppctl("wait", "a", "b")

    def test_a_scheduler_that_dies_gives_nothing_twice(self):
        self.ws.gate("g")
        self.define({"db": 1}, a={"run": "cat g", "use": {"db": 1}},
                    b={"run": "cat g", "use": {"db": 1}, "priority": 3})
        self.ws.ppctl("start", "a")
        self.ws.until_state("a", "running")
        self.ws.ppctl("start", "b")
        scheduler = self.ws.ppctl("call", "hello", "{}").json["pid"]
        os.kill(scheduler, signal.SIGKILL)
        kit.until(lambda: not kit.is_alive(scheduler), "the scheduler is gone")
        self.assertEqual({"a": "running", "b": "wanted"}, self.ws.states("a", "b"))
        self.assertEqual(3, self.ws.ppctl("--json", "status", "b").views()["b"]["priority"])
        self.assertIn("# pool db: 1 of 1 used, 1 in line\n", self.ws.ppctl("options").out)
        self.ws.open_gate("g")
        self.ws.until_state("b", "running")
        self.ws.open_gate("g")
        self.ws.ppctl("wait", "a", "b")

    def test_what_is_urgent_starts_first_with_what_it_needs(self):
        self.ws.gate("g")
        self.ws.write("parproc.yaml", kit.json.dumps({"options": {"parallel": 1}, "procs": {
            "hold": {"run": "cat g"}, "low": {"run": "echo low >>order"}, "need": {"run": "echo need >>order"},
            "high": {"run": "echo high >>order", "deps": ["need"], "priority": 10}}}))
        self.ws.ppctl("start", "hold", "low")
        self.ws.until_state("hold", "running")
        self.ws.ppctl("start", "high")
        self.assertEqual(10, self.ws.ppctl("--json", "status", "need").views()["need"]["priority"])
        self.ws.open_gate("g")
        self.ws.ppctl("wait")
        self.assertEqual("need\nhigh\nlow\n", self.ws.read("order"))


if __name__ == "__main__":
    kit.main()
