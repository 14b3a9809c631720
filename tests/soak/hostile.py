"""Peers that mean harm, one kind after the other: what they cost at most, and how long others wait meanwhile.

tests/integration/test_hostile.py has what each of them is answered. Here the daemon's memory and the
longest time of an honest client's request are measured while each goes on, and after it all has to be
as it was: memory, descriptors, the processes.
"""

import contextlib
import json
import random

import kit
import meter
import soak

MIB = soak.MIB
SMALL, LARGE = 64 * MIB, 256 * MIB  # above idle; the latter while messages of the largest size are read
LEFT = 16 * MIB  # that may stay with the allocator
SERVED_S = 1.0
CLOSED = (BrokenPipeError, ConnectionResetError)


def line(method, number=1, **params):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"


class Crowd:
    """The hostile peers of one kind."""

    def __init__(self, ws, rng):
        self.ws, self.random, self.peers = ws, rng, []

    def connect(self):
        self.peers.append(kit.Connection(self.ws))
        return self.peers[-1]

    def send(self, data):
        """From a new peer, all of it, or until the daemon has closed."""
        peer = self.connect()
        with contextlib.suppress(*CLOSED):
            peer.send(data)
        return peer

    def press(self, data):
        """From a new peer that never reads: as much as is taken now."""
        peer = self.connect()
        peer.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError, *CLOSED):
            while data:
                data = data[peer.socket.send(data[:MIB]):]
        peer.socket.settimeout(kit.PATIENCE_S)

    def read(self, peer):
        """The answer, so that it is known to be done."""
        with contextlib.suppress(*CLOSED):
            peer.receive()

    def leave(self):
        for peer in self.peers:
            peer.__exit__()


def half_messages(crowd):
    for _ in range(30):
        crowd.send(b'{"jsonrpc": "' + b"x" * crowd.random.randrange(10 * MIB, 15 * MIB))


def large_messages(crowd):
    for _ in range(4):
        crowd.read(crowd.send(line("wait", names=[{}] * 600_000)))


def a_line_of_100_mib(crowd):
    crowd.read(crowd.send(b"x" * (100 * MIB)))


def deep_json(crowd):
    deep = 100_000
    for data in (b"[" * deep, b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep):
        crowd.read(crowd.send(data + b"\n"))


def noise(crowd):
    for _ in range(200):
        data = crowd.random.randbytes(crowd.random.randrange(1, 100_000)).replace(b"\n", b" ")
        crowd.read(crowd.send(data + b"\n"))


def broken_requests(crowd):
    """What is right but for a few bytes."""
    good = line("define", definitions={"procs": {"x": {"run": "true", "deps": ["a"]}}})
    for _ in range(500):
        data = bytearray(good)
        for _ in range(crowd.random.randrange(1, 6)):
            data[crowd.random.randrange(len(data) - 1)] = crowd.random.randrange(32, 256)
        # Without an id it gets no answer; what comes behind it does.
        crowd.read(crowd.send(bytes(data) + line("ping")))


def idle_connections(crowd):
    limit = meter.raise_file_limit(2200)
    for _ in range(min(2000, limit - 150)):
        peer = crowd.connect()
        with contextlib.suppress(*CLOSED):
            peer.send(b'{"jsonrpc": "2.0", ')


def stopped_readers(crowd):
    for _ in range(300):
        crowd.press(line("list") * 100)


def floods_that_wait(crowd):
    names = ["never"] * 40
    flood = b"".join(line("wait", number, names=names) for number in range(1024))
    for _ in range(32):
        crowd.send(flood)


def pipelined_floods(crowd):
    """Two hundred thousand requests, of which no answer is read."""
    for _ in range(20):
        crowd.press(line("ping") * 10_000)


def coming_and_going(crowd):
    for _ in range(3000):
        with kit.Connection(crowd.ws) as peer, contextlib.suppress(*CLOSED):
            peer.send(line("ping")[:crowd.random.randrange(1, 60)])


# Each with what it may cost.
ATTACKS = {half_messages: LARGE, large_messages: LARGE, a_line_of_100_mib: SMALL, deep_json: SMALL, noise: SMALL,
           broken_requests: SMALL, idle_connections: SMALL, stopped_readers: SMALL, floods_that_wait: SMALL,
           pipelined_floods: SMALL, coming_and_going: SMALL}


def attack(row, ws, pids, function, limit, seed):
    """One kind, with somebody honest beside it."""
    name = function.__name__
    measured = meter.Meter(pids)
    n_fds = meter.count_fds(pids[0])
    pinger = meter.Pinger(str(ws.dir / ".parproc" / "ppd.sock"), pids[0])
    crowd = Crowd(ws, random.Random(seed))
    try:
        function(crowd)
        with kit.Connection(ws) as peer:
            if not peer.call("run", names=["a"]).get("result", {}).get("ok"):
                row.problem(f"{name}: who comes anew is not served", seed)
    finally:
        longest_s, longest_own_s, count = pinger.end()
        crowd.leave()
    row.counts["pings"] += count
    peak = measured.peak()
    row.figures[f"{name}_mib"] = max(row.figures.get(f"{name}_mib", 0), round(peak / MIB, 1))
    for key, value in (("longest_ping_s", longest_s), ("without_waiting_for_a_processor_s", longest_own_s)):
        row.figures[key] = max(row.figures.get(key, 0), round(value, 3))
    if peak > limit and not measured.is_sanitized:
        row.problem(f"{name}: {peak / MIB:.1f} MiB above idle", seed)
    if longest_own_s > SERVED_S:
        row.problem(f"{name}: another one waited {longest_own_s:.2f} s, beside {longest_s - longest_own_s:.2f} s "
                    "for a processor", seed)
    kit.until(lambda: meter.count_fds(pids[0]) <= n_fds, f"{name}: the descriptors are given back")
    if not measured.is_sanitized:
        kit.until(lambda: measured.above() < LEFT, f"{name}: the memory is given back")
    if ws.pids() != pids:
        raise AssertionError(f"{name}: the daemon is another one: {ws.log()}")


def play(row):
    with soak.scratch(row) as root, soak.workspace(kit, root) as ws:
        procs = {f"p{i:03}": {"description": "x" * 50} for i in range(900)}
        ws.define({**procs, "a": {"run": "true"}, "all": {"deps": sorted(procs)}})
        ws.ppd("-d")
        pids = ws.pids()
        with kit.Connection(ws) as peer:
            peer.call("list")  # whatever is made once is there
        for seed in row.rounds():
            for function, limit in ATTACKS.items():
                attack(row, ws, pids, function, limit, seed)
