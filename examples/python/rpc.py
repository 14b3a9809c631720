"""A client of parproc's daemon: JSON-RPC 2.0 over a Unix socket, a message a line."""

import json
import os
import socket
import subprocess


class Error(Exception):
    """What the daemon has refused: its text for people, and data for programs (data["error"])."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.data = error.get("data", {})


class Daemon:
    """A connection. Whoever is given to it as on_event is told what happens while it waits."""

    def __init__(self, on_event=lambda event: None):
        path = os.environ.get("PP_SOCKET")  # set in every process that the daemon has started
        if not path:
            subprocess.run(["ppd", "-d"], check=True)  # returns when it serves, also if it did before
            path = ".parproc/ppd.sock"
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rw", encoding="utf-8", newline="\n")
        self.on_event = on_event
        self.last_id = 0

    def call(self, method, **params):
        """The answer to a request. What a process asks belongs to its own execution and run."""
        if "PP_EXEC" in os.environ and method in ("run", "start", "wait", "results", "context"):
            params = {"exec": int(os.environ["PP_EXEC"]), **params}
            if method != "context":
                params = {"run": os.environ["PP_RUN"], **params}
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.stream.write(json.dumps(request) + "\n")
        self.stream.flush()
        for line in self.stream:
            message = json.loads(line)
            if message.get("method") == "event":
                self.on_event(message["params"])
            elif message.get("id") == self.last_id:
                if "error" in message:
                    raise Error(message["error"])
                return message["result"]
        raise ConnectionError("the daemon has ended")
