"""A Slurm of one's own for tests: munge, slurmctld and slurmd on loopback, in a temporary folder.

The programs are those that are installed, or those that scripts/slurm-test has unpacked from
Debian's packages (PARPROC_SLURM says where). Each has its own configuration, ports, key and socket,
runs as a child of the test and ends with it, however that ends.
"""

import ctypes
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import kit

PR_SET_PDEATHSIG = 1
CPUS = 1000  # of the one node, as it says: steps of tests sleep

CONFIGURATION = """\
ClusterName=parproc
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={dir}/munge.socket
CredType=cred/munge
PluginDir={plugins}
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd.pid
SlurmctldLogFile={dir}/slurmctld.log
SlurmdLogFile={dir}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/{gather}
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=2
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
MessageTimeout=30
KillWait={kill_wait}
OverTimeLimit=0
DefMemPerCPU=10
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=1000000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE PriorityTier=1 State=UP
PartitionName=urgent Nodes={host} MaxTime=INFINITE PriorityTier=10 State=UP
PartitionName=closed Nodes={host} MaxTime=INFINITE State=INACTIVE
"""


class Programs:
    """Where the programs of Slurm and munge are, and what they need in their environment."""

    def __init__(self, root):
        self.root = Path(root)
        library = next(iter(sorted(self.root.glob("usr/lib/*/slurm-wlm"))), None)
        self.plugins = library
        self.path = f"{self.root}/usr/bin:{self.root}/usr/sbin"
        self.libraries = f"{library.parent}:{library}" if library and root != "/" else ""

    def find(self, name):
        for place in ("usr/sbin", "usr/bin"):
            for form in (f"{name}-wlm", name):
                if os.access(self.root / place / form, os.X_OK):
                    return str(self.root / place / form)
        return None

    def are_there(self):
        return bool(self.plugins) and all(map(self.find, ("munged", "slurmctld", "slurmd", "slurmstepd", "srun")))


def find_programs():
    """The programs, or None where there are none."""
    for root in (os.environ.get("PARPROC_SLURM"), "/", kit.SOURCE / "build" / "slurm" / "root"):
        if root and Programs(root).are_there():
            return Programs(root)
    return None


WHY_NOT = "no Slurm: scripts/slurm-test gets it where Debian's packages can be had"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Instance:
    """One controller and one node. A context manager; start() and stop() by hand."""

    def __init__(self, gather="none", kill_wait=2):
        self.programs = find_programs()
        self.dir = Path(tempfile.mkdtemp(prefix="parproc-slurm-"))
        self.dir.chmod(0o755)
        self.host = socket.gethostname().partition(".")[0]
        self.conf = self.dir / "slurm.conf"
        self.children = {}
        self.gather, self.kill_wait = gather, kill_wait
        self.env = {"SLURM_CONF": str(self.conf), "PATH": f"{self.programs.path}:{os.environ['PATH']}"}
        if self.programs.libraries:
            self.env["LD_LIBRARY_PATH"] = self.programs.libraries

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # --- its programs ---

    def spawn(self, name, *words):
        with (self.dir / f"{name}.out").open("ab") as out:
            self.children[name] = subprocess.Popen(
                [self.programs.find(name), *words], env={**os.environ, **self.env}, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, preexec_fn=end_with_parent, cwd=self.dir)

    def end(self, name):
        child = self.children.pop(name, None)
        if not child:
            return
        child.terminate()
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def configure(self):
        self.conf.write_text(CONFIGURATION.format(
            dir=self.dir, host=self.host, user=getpass.getuser(), plugins=self.programs.plugins, cpus=CPUS,
            gather=self.gather, kill_wait=self.kill_wait, controller_port=free_port(), node_port=free_port()))
        for name in ("state", "spool", "munge"):
            (self.dir / name).mkdir(mode=0o755 if name != "munge" else 0o700)
        key = self.dir / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)

    def start(self):
        self.configure()
        munge = self.dir / "munge"
        self.spawn("munged", "--foreground", "--force", f"--key-file={munge}/key", f"--socket={self.dir}/munge.socket",
                   f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed", "--num-threads=4")
        kit.until((self.dir / "munge.socket").exists, "munged listens")
        self.start_controller(fresh=True)
        self.spawn("slurmd", "-D", "-f", str(self.conf), "-d", self.programs.find("slurmstepd"))
        kit.until(lambda: "idle" in self.command("sinfo", "--noheader", "--format=%T", check=False),
                  f"the node is idle: {self.logs}")

    def start_controller(self, fresh=False):
        self.spawn("slurmctld", "-D", *(["-c"] if fresh else []), "-f", str(self.conf))
        kit.until(lambda: "UP" in self.command("scontrol", "ping", check=False), "slurmctld answers")

    def stop_controller(self):
        self.end("slurmctld")

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
                         for path in sorted(self.dir.glob("*.log")) + sorted(self.dir.glob("*.out")))

    def stop(self):
        if "slurmctld" in self.children:
            self.command("scancel", "--signal=KILL", "--user", getpass.getuser(), check=False)
            self.command("scancel", "--user", getpass.getuser(), check=False)
        for name in ("slurmctld", "slurmd", "munged"):
            self.end(name)
        deadline = time.monotonic() + 10
        while self.leftovers() and time.monotonic() < deadline:
            for pid in self.leftovers():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        shutil.rmtree(self.dir, ignore_errors=True)

    def leftovers(self):
        """What still runs of the instance: steps, and what they have started. Its folder's name tells."""
        mark = f"SLURM_CONF={self.conf}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if int(process.name) != os.getpid() and mark in (process / "environ").read_bytes().split(b"\0") \
                        and kit.is_alive(int(process.name)):
                    found.append(int(process.name))
            except OSError:
                pass
        return found

    # --- its commands ---

    def command(self, *words, check=True):
        """Runs a command of Slurm's and returns what it printed."""
        done = subprocess.run([self.programs.find(words[0]), *words[1:]], env={**os.environ, **self.env}, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=kit.PATIENCE_S, check=False)
        if check and done.returncode:
            raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def jobs(self, state="all"):
        """{name: (id, state, reason)} of the jobs in the queue."""
        lines = self.command("squeue", "--noheader", "--format=%j|%i|%T|%r").splitlines()
        jobs = {line.split("|")[0]: tuple(line.split("|")[1:]) for line in lines}
        return {name: job for name, job in jobs.items() if state in ("all", job[1])}

    def node(self, **changes):
        """Changes the node: state="drain", reason="…"."""
        self.command("scontrol", "update", f"nodename={self.host}", *(f"{k}={v}" for k, v in changes.items()))
