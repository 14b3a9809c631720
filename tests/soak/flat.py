"""Descriptors, memory and disk of a daemon that has executed very many procs, with retention on."""

import sys
import time

import kit
import meter
import soak

RUN = 1000  # executions in each run
REQUESTS = 10_000  # of so many the daemon remembers what they did
WAL_KIB = 24 << 10  # it is written back at 16 MiB, and by a transaction more
SHARE = 0.1  # of the whole: what may still grow then is filled


def define(ws):
    """Procs that are as short as a process can be; each hundredth of them prints and leaves something."""
    procs = {}
    for i in range(RUN - 1):
        procs[f"p{i:03}"] = {"run": ["true"]}
        if i % 100 == 0:
            procs[f"p{i:03}"] = {"run": f"echo {i}", "result": "stdout"}
        elif i % 100 == 50:
            procs[f"p{i:03}"] = {"run": f"echo {i}; echo {i} >$PP_RESULT; exit {i // 50 % 2 * 77}"}
    ws.define({**procs, "all": {"deps": sorted(procs)}}, options={"keep_runs": 5, "parallel": 4})


def fill(peer):
    """As many requests as are remembered, so that this is not what grows."""
    for first in range(0, REQUESTS, 500):
        for number in range(first, first + 500):
            peer.request("params.set", values={"x": number}, request_id=f"fill{number}")
        for _ in range(500):
            assert "result" in peer.receive()


def take(ws, pids):
    """A sample, taken between two runs."""
    wal = ws.dir / ".parproc" / "state.db-wal"
    return {"fds": sum(meter.count_fds(pid) for pid in pids),
            "rss_kib": sum(meter.read_status(pid, "VmRSS") for pid in pids) >> 10,
            "disk_kib": (meter.disk_bytes(ws.dir / ".parproc") - wal.stat().st_blocks * 512) >> 10,
            "wal_kib": wal.stat().st_size >> 10}


def most(samples, key):
    return max(sample[key] for sample in samples)


def judge(row, samples):
    """The last tenth beside the second one; the first is for what fills up."""
    tenth = max(1, int(len(samples) * SHARE))
    early, late = samples[tenth:2 * tenth], samples[-tenth:]
    if len(samples) < 20:
        row.problem("too few samples to say anything; more executions are needed")
        return
    for key, slack in (("fds", 0), ("rss_kib", 1024), ("disk_kib", 1024)):
        row.figures[key] = most(late, key)
        row.judge(f"{key}_grown", most(late, key) - most(early, key), slack)
    row.judge("wal_kib", most(samples, "wal_kib"), WAL_KIB)


def play(row):
    begun, samples, done = time.monotonic(), [], 0
    with soak.scratch(row) as root, soak.workspace(kit, root) as ws:
        define(ws)
        ws.ppd("-d")
        pids = ws.pids()
        with kit.Connection(ws) as peer:
            fill(peer)
            while row.goes_on(done):
                # Each request has an id, as those of libparproc have.
                answer = peer.call("run", names=["all"], request_id=f"run{done}")
                if not answer.get("result", {}).get("ok"):
                    row.problem(f"after {done} executions: {str(answer)[:500]}")
                    break
                done += RUN
                samples.append(take(ws, pids))
                if done % (50 * RUN) == 0:
                    print(f"  flat: {done} executions, {samples[-1]}", file=sys.stderr, flush=True)
        if pids != ws.pids():
            row.problem("the daemon is another one")
    row.counts["executions"] = done
    row.figures["per_s"] = round(done / (time.monotonic() - begun))
    judge(row, samples)
