"""Peers that mean harm, or are broken: what they get is an error, what they cost is bounded, and others
are served meanwhile. How quickly that is, is measured by tests/soak."""

import contextlib
import json
import resource
import socket

import kit
import meter
from meter import MIB

CLOSED = (BrokenPipeError, ConnectionResetError)


def line(method, number=1, **params):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"


def error_of(message):
    return message["error"]["data"]["error"]


class Hostile(kit.Case):
    """A daemon with as many procs as are told of in one answer, whose memory is watched."""

    def setUp(self):
        super().setUp()
        procs = {f"p{i:03}": {"description": "x" * 50} for i in range(900)}
        self.ws.define({**procs, "a": {"run": "true"}, "all": {"deps": sorted(procs)}})
        self.ws.ppd("-d")
        self.pids = self.ws.pids()
        self.peers = []
        self.other = self.connect()
        self.other.call("list")  # whatever is made once is there
        self.meter = meter.Meter(self.pids)

    def tearDown(self):
        for peer in self.peers:
            peer.__exit__()
        if not self.has_failed():
            self.assertEqual(self.pids, self.ws.pids(), "the daemon is another one")
        super().tearDown()

    def connect(self):
        peer = kit.Connection(self.ws)
        self.peers.append(peer)
        return peer

    def press(self, peer, data):
        """Sends as much as is taken now, as who does not care."""
        peer.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError, *CLOSED):
            for at in range(0, len(data), MIB):
                sent = 0
                while sent < len(data[at:at + MIB]):
                    sent += peer.socket.send(data[at + sent:at + MIB])
        peer.socket.settimeout(kit.PATIENCE_S)

    def send(self, peer, data):
        """Sends all of it, or until the daemon has closed."""
        with contextlib.suppress(*CLOSED):
            peer.send(data)

    def assert_served(self):
        """Somebody else is, and so is who comes anew."""
        self.assertEqual({}, self.other.call("ping")["result"])
        self.assertLessEqual(900, len(self.other.call("list")["result"]["procs"]))
        with kit.Connection(self.ws) as peer:
            self.assertTrue(peer.call("run", names=["a"])["result"]["ok"])

    def assert_modest(self, limit_bytes=64 * MIB):
        peak = self.meter.peak()
        if not self.meter.is_sanitized:
            self.assertLessEqual(peak, limit_bytes, f"{peak / MIB:.1f} MiB above idle")

    def assert_forgotten(self):
        """When they have gone, so has what they took."""
        for peer in self.peers:
            if peer is not self.other:
                peer.__exit__()
        if not self.meter.is_sanitized:
            kit.until(lambda: self.meter.above() < 16 * MIB, "the memory is given back")


class Messages(Hostile):
    def test_half_messages(self):
        for _ in range(30):
            self.send(self.connect(), b'{"jsonrpc": "' + b"x" * (15 * MIB))
        self.assert_served()
        self.assert_modest(256 * MIB)
        self.assert_forgotten()

    def test_half_messages_while_a_large_one_is_read(self):
        for _ in range(4):
            self.send(self.connect(), b'{"jsonrpc": "' + b"x" * (15 * MIB))
        peer = self.connect()
        self.send(peer, line("wait", names=[{}] * 600_000))
        self.assertEqual("bad_params", error_of(peer.receive()))
        self.assert_served()
        self.assert_modest(256 * MIB)
        self.assert_forgotten()

    def test_half_messages_where_a_large_one_was(self):
        """They lie in what that has left free, below what is still in use."""
        for _ in range(2):
            peer = self.connect()
            self.send(peer, line("wait", names=[{}] * 600_000))
            self.assertEqual("bad_params", error_of(peer.receive()))
        for _ in range(30):
            self.send(self.connect(), b'{"jsonrpc": "' + b"x" * (12 * MIB))
        self.assert_served()
        self.assert_modest(256 * MIB)
        self.assert_forgotten()

    def test_a_message_that_is_small_only_as_text(self):
        peer = self.connect()
        self.send(peer, line("wait", names=[{}] * 950_000))
        self.assertEqual("limit", error_of(peer.receive()))
        self.assertEqual({}, peer.call("ping")["result"])
        self.send(peer, line("wait", names=[1] * 1_000_001))
        self.assertEqual("limit", error_of(peer.receive()))
        self.assert_served()
        self.assert_modest()

    def test_a_line_of_100_mib(self):
        peer = self.connect()
        self.send(peer, b"x" * (100 * MIB))
        with contextlib.suppress(*CLOSED):
            message = peer.receive()
            if message:
                self.assertEqual("limit", error_of(message))
                self.assertIsNone(peer.receive())
        self.assert_served()
        self.assert_modest()
        self.assert_forgotten()

    def test_what_is_not_json(self):
        deep = 100_000
        for data, error in (
                (b"[" * deep + b"]" * deep, "limit"), (b'{"a":' * deep + b"1" + b"}" * deep, "limit"),
                (b'{"jsonrpc": "2.0", "id": 1, "method": "ping\xff"}', "parse_error"),
                (b'{"jsonrpc": "2.0", "id": 1, "method": "\xc0\x80"}', "parse_error"),
                (b'{"jsonrpc": "2.0", "id": 1, "method": "\xed\xa0\x80"}', "parse_error"),
                (b'{"jsonrpc": "2.0", "id": "\\ud800", "method": "ping"}', "parse_error"),
                (b'{"jsonrpc": "2.0", "id": "\\u0000", "method": "ping"}', "parse_error"),
                (bytes(range(128, 256)) * 1000, "parse_error"), (b"\0" * 100_000, "parse_error")):
            with self.subTest(data=data[:40]):
                peer = self.connect()
                self.send(peer, data + b"\n")
                self.assertEqual(error, error_of(peer.receive()))
                self.assertEqual({}, peer.call("ping")["result"])
        self.assert_served()
        self.assert_modest()


class Many(Hostile):
    def test_thousands_of_idle_connections(self):
        can_have = meter.raise_file_limit(2200)
        _, daemon_limit = resource.prlimit(self.pids[0], resource.RLIMIT_NOFILE)
        for _ in range(min(2000, can_have - 150, daemon_limit - 300)):
            self.connect().send(b'{"jsonrpc": "2.0", ')  # and no more
        self.assert_served()
        self.assert_modest()
        self.assert_forgotten()

    def test_more_in_flight_than_allowed(self):
        peer = self.connect()
        for number in range(1100):
            peer.send(line("wait", number, names=["never"]))
        refused = set()
        while len(refused) < 1100 - 1024:
            message = peer.receive()
            self.assertEqual("limit", error_of(message))
            refused.add(message["id"])
        self.assertEqual(set(range(1024, 1100)), refused)
        self.assert_served()
        self.assert_modest()

    def test_floods_of_short_requests_that_wait(self):
        names = ["never"] * 40
        flood = b"".join(line("wait", number, names=names) for number in range(1024))
        for _ in range(32):
            self.send(self.connect(), flood)
        self.assertEqual("limit", error_of(self.peers[-1].receive()))
        self.assert_served()
        self.assert_modest()
        self.assert_forgotten()

    def test_names_that_nothing_has(self):
        peer = self.connect()
        answer = peer.call("wait", names=[f"never{number}" for number in range(10_001)])
        self.assertEqual("limit", error_of(answer))
        answer = peer.call("wait", names=[f"never{number}" for number in range(10_000)], timeout=0)
        self.assertEqual("timeout", error_of(answer))
        self.assert_served()

    def test_a_batch_of_what_has_long_answers(self):
        peer = self.connect()
        peer.send(b"[" + b",".join(line("list", number).strip() for number in range(1024)) + b"]\n")
        self.assert_served()
        answers = peer.stream.readline()
        self.assertLessEqual(len(answers), 16 * MIB)
        answers = json.loads(answers)
        self.assertEqual(set(range(1024)), {answer["id"] for answer in answers})
        self.assertEqual({"limit"}, {error_of(answer) for answer in answers if "error" in answer})
        self.assert_modest()


class Readers(Hostile):
    def test_who_does_not_read(self):
        """Forty bytes each, and 130 KiB of answer."""
        for _ in range(300):
            self.press(self.connect(), line("list") * 100)
        self.assert_served()
        self.assert_modest()
        self.assert_forgotten()

    def test_who_does_not_read_what_is_long(self):
        value = {"x": "y" * 900_000}
        self.assertEqual(value, self.other.call("params.set", values=value)["result"]["values"])
        for _ in range(100):
            self.press(self.connect(), line("params.get") * 20)
        self.assertEqual({}, self.other.call("ping")["result"])
        # Until somebody makes way there may be no room for one that long; those are refused.
        kit.until(lambda: "result" in self.other.call("params.get"), "who reads gets long answers too")
        self.assert_modest()
        self.assert_forgotten()

    def test_many_that_wait_for_a_large_run(self):
        gate = self.ws.gate("gate")
        self.other.call("define", definitions={"procs": {"first": {"run": gate}, "last": {"deps": ["first", "all"]}}})
        run = self.other.call("start", names=["last"])["result"]["run"]
        waiting = [self.connect() for _ in range(6)]
        for peer in waiting:
            for number in range(80):
                peer.send(line("wait", number, run=run))
            self.assertEqual({}, peer.call("ping")["result"])
        self.ws.open_gate("gate")
        self.assertTrue(self.other.call("wait", run=run)["result"]["ok"])
        self.assert_served()
        # Each gets all that it has waited for, when it reads.
        for peer in waiting:
            for _ in range(80):
                self.assertGreater(len(peer.stream.readline()), 100_000)
        self.assert_modest()
        self.assert_forgotten()

    def test_a_subscriber_that_falls_behind(self):
        peer = self.connect()
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        seq = peer.call("subscribe")["result"]["seq"]
        for _ in range(4):
            self.assertTrue(self.other.call("run", names=["all"])["result"]["ok"])
        self.assert_served()
        newest = self.other.call("subscribe", kinds=["input"])["result"]["seq"]
        while (event := peer.receive()["params"])["kind"] != "resync":
            seq += 1
            self.assertEqual(seq, event["seq"])
        self.assertGreater(newest, seq + 1)
        self.assertGreaterEqual(event["seq"], newest)
        # One resync, and from there on without a gap again.
        seq = event["seq"]
        run = self.other.call("start", names=["a"])["result"]["run"]
        while not (event["kind"] == "run" and event["state"] != "active"):
            event = peer.receive()["params"]
            seq += 1
            self.assertEqual((seq, run), (event["seq"], event["run"]))
        self.assert_modest()

    def test_many_subscribers_that_do_not_read(self):
        for _ in range(200):
            peer = self.connect()
            peer.send(line("subscribe", kinds=["state"]))
        for _ in range(4):
            self.assertTrue(self.other.call("run", names=["all"])["result"]["ok"])
        self.assert_served()
        self.assert_modest()
        self.assert_forgotten()


class Kept(Hostile):
    """What stays when the request is done."""

    def setUp(self):
        super().setUp()
        self.ws.open = [self.other.call("open", run=f"r{number}")["result"]["run"] for number in range(60)]

    def refused(self, method, **params):
        answer = self.other.call(method, **params)
        self.assertIn("error", answer, str(answer)[:200])
        self.assertEqual("limit", error_of(answer))
        return answer["error"]["message"]

    def test_params_of_a_run(self):
        self.assertRegex(self.refused("start", names=["a"], params={"x": "y" * MIB}), "1 MiB")
        self.assertRegex(self.refused("start", names=["a"], params={"x": [{}] * 10_000}), "1 MiB")
        self.assertRegex(self.refused("params.set", values={"x": "y" * MIB}), "1 MiB")
        half = "y" * (MIB // 2 + 1000)
        self.assertIn("result", self.other.call("start", names=["a"], run="r0", params={"x": half}))
        self.assertRegex(self.refused("start", names=["a"], run="r0", params={"z": half}), "1 MiB")
        self.assertIn("result", self.other.call("start", names=["a"], run="r0", params={"x": 1}))

    def test_params_of_all_runs(self):
        answers = [self.other.call("start", names=["a"], run=f"r{number}", params={"x": "y" * 900_000, "n": number})
                   for number in range(60)]
        refused = {answer["error"]["message"] for answer in answers if "error" in answer}
        self.assertRegex(refused.pop(), "all runs.*32 MiB")
        self.assertEqual(set(), refused)
        # Those of runs that are over and forgotten are given back.
        for number in range(60):
            self.other.call("close", run=f"r{number}")
        for number in range(60):
            self.other.call("wait", run=f"r{number}")
        self.assertIn("result", self.other.call("clear"))
        kit.until(lambda: "result" in self.other.call("start", names=["a"], params={"x": "y" * 900_000}),
                  "there is room again")
        self.assert_modest(80 * MIB)

    def test_environments(self):
        self.assertRegex(self.refused("start", names=["a"], env={f"V{i}": "" for i in range(40_000)}), "32768")
        self.assertRegex(self.refused("start", names=["a"], env={f"V{i}": "y" * 99_999 for i in range(11)}), "1 MiB")
        self.assertRegex(self.refused("start", names=["a"], env={"LONG": "y" * 131_072}), "LONG.*128 KiB")
        gate = self.ws.gate("gate")
        self.other.call("define", definitions={"protos": {"hold::[n]": {"run": gate}}})
        answers = [self.other.call("start", names=[f"hold::{i}"], env={f"V{j}": f"{i}" * 20_000 for j in range(20)})
                   for i in range(60)]
        messages = {answer["error"]["message"] for answer in answers if "error" in answer}
        self.assertRegex(messages.pop(), "16 MiB")
        self.assertEqual(set(), messages)
        self.other.call("cancel", all=True, kill=True)
        self.assert_served()

    def test_subscriptions(self):
        names = [f"never{number}" for number in range(50_000)]
        answers = [self.connect().call("subscribe", names=names, after=0) for _ in range(4)]
        self.assertIn("result", answers[0])
        self.assertEqual("limit", error_of(answers[-1]))
        self.peers[-4].call("unsubscribe")
        self.assertIn("result", self.peers[-1].call("subscribe", names=names, after=0))

    def test_runs_that_one_connection_holds(self):
        for _ in range(1024):
            self.assertIn("result", self.other.call("open", **{"run": "r0", "for": "connection"}))
        self.assertIn("connection", self.refused("open", **{"run": "r0", "for": "connection"}))
        self.other.call("close", run="r0")
        self.assertIn("result", self.other.call("open", **{"run": "r0", "for": "connection"}))


if __name__ == "__main__":
    kit.main()
