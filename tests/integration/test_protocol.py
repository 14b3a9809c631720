"""The protocol at the socket: what a peer may send, and that nothing it sends ends the daemon."""

import json

import kit


class Peer(kit.Case):
    def setUp(self):
        super().setUp()
        self.ws.define({"a": {"run": "true"}, "b": {"deps": ["a"], "run": "true"}})
        self.ws.ppd("-d")
        self.server = self.ws.pids()

    def tearDown(self):
        if not self.has_failed():
            self.assertEqual(self.server, self.ws.pids(), "the daemon is another one")
        super().tearDown()

    def refused(self, data):
        """Sends bytes that are no message; returns the name of the error, None for the end."""
        with kit.Connection(self.ws) as peer:
            try:
                peer.send(data)
            except BrokenPipeError:
                return None
            answer = peer.receive()
            return answer and (answer["error"].get("data") or {}).get("error", answer["error"]["code"])

    def test_hello(self):
        with kit.Connection(self.ws) as peer:
            hello = peer.call("hello", client="test", protocol=1)["result"]
            self.assertEqual(1, hello["protocol"])
            self.assertEqual(str(self.ws.dir), hello["workspace"])
            other = peer.call("hello", client="test", protocol=99)
            self.assertRegex(other["error"]["message"], "99|upgrade")

    def test_pipelined_requests_take_effect_in_their_order(self):
        with kit.Connection(self.ws) as peer:
            define = {"procs": {"fresh": {"run": "true"}}}
            ids = [peer.request("define", definitions=define), peer.request("run", names=["fresh"]),
                   *[peer.request("ping") for _ in range(100)]]
            answers = {}
            while len(answers) < len(ids):
                message = peer.receive()
                answers[message["id"]] = message
            self.assertTrue(answers[ids[1]]["result"]["ok"])

    def test_batches_and_notifications(self):
        with kit.Connection(self.ws) as peer:
            peer.send([{"jsonrpc": "2.0", "id": "x", "method": "ping"}, {"jsonrpc": "2.0", "method": "ping"},
                       {"jsonrpc": "2.0", "id": "y", "method": "no_such"}, 1])
            answers = {answer["id"]: answer for answer in peer.receive()}
            self.assertEqual({}, answers["x"]["result"])
            self.assertEqual(-32601, answers["y"]["error"]["code"])
            self.assertEqual(-32600, answers[None]["error"]["code"])
            peer.send({"jsonrpc": "2.0", "method": "ping"})
            self.assertEqual({}, peer.call("ping")["result"])

    def test_what_is_no_message_is_an_error_and_no_more(self):
        for data in (b"{\n", b"\xff\xfe\n", b'{"a":1,"a":2}\n', b'"\\ud800"\n', b"[]\n", b"1\n",
                     b"[" * 100_000 + b"]" * 100_000 + b"\n", b"x" * 100_000 + b"\n"):
            with self.subTest(data=data[:20]):
                self.assertIsNotNone(self.refused(data))

    def test_a_line_without_end_ends_its_connection(self):
        with kit.Connection(self.ws) as peer:
            error = None
            try:
                for _ in range(64):
                    peer.send(b"x" * (1 << 20))
            except (BrokenPipeError, ConnectionResetError) as broken:
                error = broken
            if error is None:
                peer.receive()
                self.assertIsNone(peer.receive())

    def test_half_a_message_harms_nobody(self):
        with kit.Connection(self.ws) as half, kit.Connection(self.ws) as other:
            half.send(b'{"jsonrpc":"2.0","id":1,"meth')
            self.assertEqual({}, other.call("ping")["result"])

    def test_unknown_members_and_wrong_types_are_named(self):
        with kit.Connection(self.ws) as peer:
            for method, params, named in (("start", {"naems": ["a"]}, "naems"), ("start", {"names": 1}, "names"),
                                          ("wait", {"timeout": "soon"}, "timeout")):
                with self.subTest(params=params):
                    error = peer.call(method, **params)["error"]
                    self.assertEqual(-32602, error["code"])
                    self.assertIn(named, error["message"])

    def test_events_have_no_gap(self):
        with kit.Connection(self.ws) as watcher, kit.Connection(self.ws) as peer:
            snapshot = watcher.call("subscribe")["result"]
            for _ in range(5):
                self.assertTrue(peer.call("run", names=["b"])["result"]["ok"])
            expected, succeeded = snapshot["seq"], []
            while len(succeeded) < 10:
                event = watcher.receive()["params"]
                expected += 1
                self.assertEqual(expected, event["seq"])
                if event["kind"] == "state" and event["proc"]["state"] == "succeeded":
                    succeeded.append(event["proc"]["name"])
            self.assertEqual(["a", "b"] * 5, succeeded)

    def test_a_reader_that_stops_costs_others_nothing(self):
        with kit.Connection(self.ws) as silent, kit.Connection(self.ws) as peer:
            silent.socket.setblocking(False)
            request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "list"}).encode() + b"\n"
            try:
                for _ in range(100_000):
                    silent.socket.send(request)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                pass
            self.assertTrue(peer.call("run", names=["b"])["result"]["ok"])

    def test_a_request_id_is_served_once(self):
        with kit.Connection(self.ws) as peer:
            first = peer.call("start", names=["a"], request_id="once")["result"]
            self.assertEqual(first, peer.call("start", names=["a"], request_id="once")["result"])
            self.assertNotEqual(first, peer.call("start", names=["a"], request_id="twice")["result"])


if __name__ == "__main__":
    kit.main()
