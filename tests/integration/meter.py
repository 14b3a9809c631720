"""What a daemon costs: memory and descriptors of both its processes, and how quickly it answers."""

import contextlib
import os
import resource
import subprocess
import sys
from pathlib import Path

MIB = 1 << 20


def read_status(pid, key):
    """A number of /proc/PID/status; sizes are in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            number, _, unit = value.strip().partition(" ")
            return int(number) * (1024 if unit == "kB" else 1)
    raise KeyError(key)


def is_sanitized(pid):
    """A sanitizer's shadow takes terabytes of addresses, and its memory is no measure."""
    return read_status(pid, "VmSize") > 1 << 40


def count_fds(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def disk_bytes(directory):
    total = 0
    for path in Path(directory).rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_blocks * 512
    return total


def raise_file_limit(wanted):
    """Lets this process have so many descriptors, as far as it may. Returns how many it can have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft


class Meter:
    """Resident memory above what there was when this was made, over both processes."""

    def __init__(self, pids):
        self.pids = pids
        self.is_sanitized = is_sanitized(pids[0])
        for pid in pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
        self.idle = sum(read_status(pid, "VmRSS") for pid in pids)

    def above(self):
        return sum(read_status(pid, "VmRSS") for pid in self.pids) - self.idle

    def peak(self):
        """The most that there was since; the two processes' peaks may have been at different times."""
        return sum(read_status(pid, "VmHWM") for pid in self.pids) - self.idle


# Asks again and again, and prints the longest times and the number of answers when it is ended. The
# second is without what both processes have waited for a processor meanwhile: the machine may be busy.
PINGER = """
import signal, socket, sys, time
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
answers = peer.makefile("rb")
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
stats = [open(f"/proc/{pid}/schedstat") for pid in ("self", sys.argv[2])]
def delay_s():
    total = 0
    for stat in stats:
        stat.seek(0)
        total += int(stat.read().split()[1])
    return total / 1e9
print("asks", flush=True)
longest, longest_own, count = 0.0, 0.0, 0
while not ended:
    delayed, begun = delay_s(), time.monotonic()
    peer.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\\n')
    if not answers.readline():
        sys.exit("the connection has ended")
    took = time.monotonic() - begun
    longest, longest_own, count = max(longest, took), max(longest_own, took - (delay_s() - delayed)), count + 1
    time.sleep(0.005)
print(longest, longest_own, count)
"""


class Pinger:
    """Another client, in a process of its own: whether it is served meanwhile, and how quickly."""

    def __init__(self, socket_path, scheduler):
        self.child = subprocess.Popen([sys.executable, "-c", PINGER, socket_path, str(scheduler)],
                                      stdout=subprocess.PIPE, text=True)
        assert self.child.stdout.readline() == "asks\n"

    def end(self):
        """The longest that an answer took, in seconds; without waiting for a processor; how many there were."""
        self.child.terminate()
        out, _ = self.child.communicate(timeout=600)
        longest, longest_own, count = out.split()
        return float(longest), float(longest_own), int(count)
