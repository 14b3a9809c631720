"""Clients that start the daemon, all at once: there is one, and no client hears of it."""

import contextlib
import json
import random
import time

import kit
import soak

CLIENTS = 20


def play_round(row, ws, seed):
    rng = random.Random(seed)
    ws.define({f"p{i}": {"run": "echo $PP_EXEC >>trace; sleep 0.01"} for i in range(3)})
    ws.write("trace", "")
    if rng.random() < 0.3:  # as after a crash: a socket that nobody listens at
        (ws.dir / ".parproc").mkdir(mode=0o700, exist_ok=True)
        with contextlib.closing(kit.socket.socket(kit.socket.AF_UNIX)) as stale:
            stale.bind(str(ws.dir / ".parproc" / "ppd.sock"))
    begun = time.monotonic()
    clients = [ws.start(kit.PPCTL, "--json", "run", f"p{rng.randrange(3)}") for _ in range(CLIENTS)]
    for client in clients:
        done = ws.finish(client)
        row.counts["clients"] += 1
        if (done.status, done.err) != (0, "") or not json.loads(done.out)["ok"]:
            row.problem(str(done), seed)
    row.figures["slowest_round_s"] = max(row.figures.get("slowest_round_s", 0), round(time.monotonic() - begun, 2))
    pids = set(ws.pids())
    daemons = soak.find_daemons(kit, ws.dir)
    if daemons != pids:
        row.problem(f"processes of daemons are {daemons}, one daemon says {pids}", seed)
    if (ws.dir / ".parproc" / "lock").read_text().split()[0] not in map(str, pids):
        row.problem("the lock is another one's", seed)
    if "scheduler died" in ws.log():
        row.problem(f"a scheduler died: {ws.log()}", seed)
    execs = ws.read("trace").split()
    if len(execs) != len(set(execs)):
        row.problem(f"executed twice: {execs}", seed)
    ws.ppctl("stop")
    kit.until(lambda: not soak.find_daemons(kit, ws.dir), "the daemon has ended")


def play(row):
    for seed in row.rounds():
        with soak.scratch(row) as root, soak.workspace(kit, root) as ws:
            play_round(row, ws, seed)
