"""Which of what is ready starts first: as requested, until it is known how long procs take."""

import time

import kit

NOTE = 'echo "$PP_PROC" >>trace'


class Order(kit.Case):
    def setUp(self):
        super().setUp()
        self.ws.write("trace", "")
        self.ws.define({"short": {"run": NOTE},
                        "first": {"run": f"{NOTE}; test -e known || {{ {self.ws.gate('go')}; }}"},
                        "last": {"deps": ["first"], "run": NOTE}}, options={"parallel": 1})
        self.ws.ppd("-d")

    def trace(self):
        return self.ws.read("trace").split()

    def view(self, name):
        return self.ws.ppctl("--json", "status", name).views()[name]

    def learn(self):
        """A run in which first takes longer than short."""
        self.ws.ppctl("start", "short", "last")
        kit.until(lambda: "first" in self.trace(), "first runs")
        begin_s = time.monotonic()
        short = self.view("short")
        least_s = 2 * (short["ended_at"] - short["started_at"])
        kit.until(lambda: time.monotonic() - begin_s > least_s, "first has run for longer")
        self.ws.write("known", "")
        self.ws.open_gate("go")
        self.ws.until_state("last", "succeeded")

    def run_again(self):
        self.ws.write("trace", "")
        self.ws.ppctl("run", "short", "last")
        return self.trace()

    def test_critical_path_first_once_durations_are_known(self):
        self.learn()
        self.assertEqual(["short", "first", "last"], self.trace())
        self.assertEqual("first", self.run_again()[0])

    def test_they_are_known_to_the_next_daemon(self):
        self.learn()
        self.ws.ppctl("stop")
        self.ws.ppd("-d")
        self.assertEqual("first", self.run_again()[0])


if __name__ == "__main__":
    kit.main()
