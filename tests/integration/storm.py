"""What the tests of very many very short processes share."""

import kit
from durable import Case

N = 300
ASK = kit.BUILD / "tests" / "integration" / "ask"
# One line each, written by one write(2): in the order in which it happened.
SHORT = 'echo "+$PP_PROC" >>trace; echo "-$PP_PROC" >>trace'


class StormCase(Case):
    def serve_storm(self, n=N, parallel=2, **keys):
        procs = {f"p{i}": {"run": SHORT, **keys} for i in range(n)}
        self.serve_all(procs, parallel)

    def serve_all(self, procs, parallel=2):
        self.ws.define({**procs, "all": {"deps": list(procs)}}, options={"parallel": parallel})
        self.ws.ppd("-d", "-v")

    def begun(self):
        return [line[1:] for line in self.ws.read("trace").split() if line[0] == "+"]

    def check_trace(self, parallel=2):
        """Nothing began twice, and no more at once than may; gives what has begun and ended."""
        running, ended = set(), set()
        for line in self.ws.read("trace").split():
            name = line[1:]
            if line[0] == "+":
                self.assertNotIn(name, running | ended, "nothing is executed twice")
                running.add(name)
                self.assertLessEqual(len(running), parallel)
            else:
                running.remove(name)
                ended.add(name)
        return running, ended

    def check_whole(self, n=N, parallel=2):
        self.assertEqual((set(), {f"p{i}" for i in range(n)}), self.check_trace(parallel))
        self.assertEqual({"succeeded"}, {view["state"] for view in self.views().values()})

    def views(self):
        return self.ws.ppctl("--json", "--run", "1", "status").views()

    def check_promoted(self):
        """Last in a test: whether what it is about has happened."""
        if "worker promoted" not in self.ws.log():
            self.skipTest("nothing stood by: processes are not short on this machine")

    def until_begun(self, n):
        kit.until(lambda: len(self.begun()) >= n, f"{n} have begun")
