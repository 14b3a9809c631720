"""Many connections to a daemon at once, for the rows of bench/run that need other clients beside
the one that is measured: JSON-RPC, a message a line, over sockets that one thread reads."""

import json
import selectors
import socket
import threading
import time

ANSWER_S = 60


class Connection:
    """One request after the other, each with its answer."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(ANSWER_S)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.id = 0

    def send(self, method, params=None):
        self.id += 1
        message = {"jsonrpc": "2.0", "id": self.id, "method": method}
        if params is not None:
            message["params"] = params
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def call(self, method, params=None):
        """The result; an error ends the measuring. What comes meanwhile is not for anybody."""
        self.send(method, params)
        while True:
            line = self.file.readline()
            if not line:
                raise SystemExit(f"bench/run: the daemon hung up on {method}")
            answer = json.loads(line)
            if answer.get("id") == self.id:
                if "error" in answer:
                    raise SystemExit(f"bench/run: {method}: {answer['error']}")
                return answer["result"]

    def timed(self, method, params=None):
        begun_s = time.perf_counter()
        self.call(method, params)
        return time.perf_counter() - begun_s

    def close(self):
        self.file.close()
        self.socket.close()


class Crowd:
    """Connections whose answers a thread reads and drops, so that none is one that stops reading."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.connections, self.bytes = [], 0
        self.ends = socket.socketpair()
        self.selector.register(self.ends[0], selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.read)

    def add(self, path, method, params):
        """A connection whose request has been taken, so that this is not what is measured."""
        one = Connection(path)
        if method == "subscribe":
            one.call(method, params)
        else:
            one.send(method, params)
            one.call("ping")
        self.connections.append(one)
        self.selector.register(one.socket, selectors.EVENT_READ)

    def read(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.ends[0]:
                    return
                data = key.fileobj.recv(65536)
                self.bytes += len(data)
                if not data:
                    self.selector.unregister(key.fileobj)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends[1].send(b"x")
        self.thread.join()
        for one in self.connections:
            one.close()
        self.selector.close()
        for end in self.ends:
            end.close()
