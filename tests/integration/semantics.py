"""What the tests of the semantics share: a served workspace, procs that leave a trace, refusals.

Most of these tests speak the protocol, since that is quicker than a ppctl each time; what belongs to
the command line is tested through ppctl. A proc notes its name in the file `trace`; the order of
events comes from gates, never from time.
"""

import kit

# What a proc runs to be seen.
NOTE = 'echo "$PP_PROC" >>"$PP_WORKSPACE/trace"'


def proc(*deps, run=NOTE, **more):
    return {"run": run, **({"deps": list(deps)} if deps else {}), **more}


class Case(kit.Case):
    def setUp(self):
        super().setUp()
        self.peers = []

    def tearDown(self):
        for peer in self.peers:
            peer.__exit__()
        super().tearDown()

    def serve(self, procs=None, protos=None, **more):
        """Writes the workspace file and starts the daemon."""
        self.ws.define(procs, protos, **more)
        self.ws.ppd("-d")
        self.peer = self.connect()

    def connect(self):
        peer = kit.Connection(self.ws)
        self.peers.append(peer)
        return peer

    # --- requests ---

    def call(self, method, *names, **params):
        answer = self.peer.call(method, **({"names": list(names)} if names else {}), **params)
        self.assertIn("result", answer, f"{method} {names} {params}: {answer}")
        return answer["result"]

    def begin(self, method, *names, **params):
        """Sends a request whose answer comes later; returns what waits for it."""
        peer = self.connect()
        peer.request(method, names=list(names), **params)

        def answer():
            message = peer.receive()
            self.assertIn("result", message, f"{method} {names} {params}: {message}")
            return message["result"]

        return answer

    def run_procs(self, *names, **params):
        """A run of these, waited for: the views of its procs by name."""
        result = self.call("run", *names, **params)
        return {view["name"]: view for view in result["procs"]}

    def start(self, *names, **params):
        return self.call("start", *names, **params)["run"]

    def wait(self, *names, **params):
        result = self.call("wait", *names, **params)
        return {view["name"]: view for view in result["procs"]}

    def define(self, procs=None, protos=None, **params):
        return self.call("define", definitions={"procs": procs or {}, "protos": protos or {}}, **params)

    def views(self, *names, **params):
        return {view["name"]: view for view in self.call("status", *names, **params)["procs"]}

    def state(self, name, **params):
        """The state of a proc, or its error if it has failed."""
        view = self.views(name, **params)[name]
        return view["error"] or view["state"]

    def until(self, name, state, **params):
        kit.until(lambda: self.state(name, **params) == state, f"{name} is {state}")

    # --- refusals ---

    def everything(self):
        """What may not change when a request is refused: the registry, the runs, the states, the trace."""
        return [self.call("list"), self.views(), self.call("runs"), self.call("params.get"),
                self.call("options.get"), self.trace()]

    def refused(self, error, says, method, *names, **params):
        """The request is refused with that error, its text says all of these, and nothing has changed."""
        before = self.everything()
        answer = self.peer.call(method, **({"names": list(names)} if names else {}), **params)
        self.assertIn("error", answer, f"{method} {names} {params}: {answer}")
        problem = answer["error"]
        self.assertEqual(error, problem["data"]["error"], problem)
        for text in says:
            self.assertIn(text, problem["message"])
        self.assertEqual(before, self.everything(), f"{method} {names} {params} changed something")
        return problem["data"]

    # --- traces ---

    def trace(self):
        path = self.ws.dir / "trace"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def assert_ran(self, *names):
        """Exactly these ran, each as often as it is named, in whatever order."""
        self.assertEqual(sorted(names), sorted(self.trace()))

    def assert_order(self, *names):
        """These ran once each and in this order, among others."""
        self.assertEqual(list(names), [name for name in self.trace() if name in names])

    def forget_trace(self):
        (self.ws.dir / "trace").unlink(missing_ok=True)
