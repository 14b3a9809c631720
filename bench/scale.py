"""The rows of bench/run that say what happens with very many: procs, protos, nodes, clients; and
whether others are answered meanwhile."""

import subprocess
import time

import graphs
import kit
import wire

PARALLEL = 2


def yaml_of(lines):
    return "\n".join(lines) + "\n"


def peak_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(status.read().partition("VmHWM:")[2].split()[0]) * 1024


def row_glob(bench):
    """Procs that one glob creates, over two arguments: `ppctl create 'p::*::*'`, its output to
    nowhere."""
    side = max(int((1_000_000 * bench.args.scale) ** 0.5), 3)

    def create(n):
        choices = ", ".join(f"v{i}" for i in range(n))
        text = yaml_of(["protos:", "  \"p::[a]::[b]\":", "    run: 'true'", "    args:",
                        f"      a: {{choices: [{choices}]}}", f"      b: {{choices: [{choices}]}}"])
        with kit.daemon(bench.build, bench.scratch / f"glob{n}", text) as daemon:
            pid, before_s = daemon.pids[1], daemon.cpu_s()
            wall_s, _ = kit.run([*daemon.ppctl, "create", "p::*::*"], daemon.directory)
            return {"s": wall_s, "us": wall_s / n**2 * 1e6, "cpu_us":
                    (daemon.cpu_s() - before_s) / n**2 * 1e6, "bytes": peak_bytes(pid) / n**2}
    tenth = max(int(side / 10**0.5), 2)
    figures = {name: [create(n)] for name, n in ((f"{side**2}", side), (f"{tenth**2}", tenth))}
    bench.report("glob", "procs created by one glob", "s, whole time", figures, "s")
    for key, unit in (("us", "us a proc, whole time"), ("cpu_us", "us a proc, the daemon's CPU"),
                      ("bytes", "bytes a proc, the scheduler's peak")):
        bench.report(f"glob {key}", "the same", unit, figures, key)


def row_protos(bench):
    """Protos with a pattern and a reverse dependency, defined by one request; then what it takes to
    find names among them."""
    def define(n):
        protos = {f"check{i}::[env]": {"run": "true", "rdeps": [f"build{i}::[env]"]}
                  for i in range(n)}
        with kit.daemon(bench.build, bench.scratch / f"protos{n}", "procs: {}\n") as daemon:
            one = wire.Connection(daemon.socket)
            define_s = one.timed("define", {"definitions": {"protos": protos}})
            plan_s = sorted(one.timed("plan", {"names": [f"check{i * 7 % n}::x{i}"]})
                            for i in range(500))
            one.close()
            return {"s": define_s, "us": define_s / n * 1e6, "plan_us": plan_s[250] * 1e6}
    n = bench.scaled(10_000)
    figures = kit.rounds(bench.args.rounds, {f"{n} protos": lambda: define(n),
                                             f"{n // 10} protos": lambda: define(n // 10)})
    bench.report("protos", "protos defined by one request", "s, until it is answered", figures, "s")
    bench.report("protos us", "the same", "us a proto", figures, "us")
    bench.report("protos plan", "plan of one proc among them", "us, median of 500", figures,
                 "plan_us")


def collectors_yaml(n, n_layers=50, n_deps=3):
    """Procs without commands; each on three of the layer before."""
    width = n // n_layers
    lines = ["procs:"] + [f"  n0.{i}: {{}}" for i in range(width)]
    for layer in range(1, n_layers):
        for i in range(width):
            deps = ", ".join(f"n{layer - 1}.{(i + k) % width}" for k in range(n_deps))
            lines.append(f"  n{layer}.{i}: {{deps: [{deps}]}}")
    lines += ["  all:", "    deps:"] + [f"      - n{n_layers - 1}.{i}" for i in range(width)]
    return yaml_of(lines)


def row_collectors(bench):
    """A graph without commands through the daemon: what the daemon alone costs for each node. And a
    chain."""
    def play(name, text, n):
        with kit.daemon(bench.build, bench.scratch / name, text) as daemon:
            kit.run([*daemon.ppctl, "plan", "first"], daemon.directory)  # it has read the file
            before_s = daemon.cpu_s()
            wall_s, _ = kit.run([*daemon.ppctl, "-q", "run", "all"], daemon.directory)
            return {"s": wall_s, "cpu_us": (daemon.cpu_s() - before_s) / n * 1e6,
                    "bytes": peak_bytes(daemon.pids[1]) / n}
    n = bench.scaled(100_000)
    first = "  first: {}\n"

    def chain(count):
        lines = ["procs:", "  all: {deps: [c0]}"]
        lines += [f"  c{i}: {{deps: [c{i + 1}]}}" for i in range(count - 1)]
        return yaml_of(lines + [f"  c{count - 1}: {{}}"])
    contestants = {}
    for count in (n, n // 10):
        contestants[f"{count} in layers"] = \
            lambda count=count: play(f"layers{count}", collectors_yaml(count) + first, count)
        contestants[f"{count} in a chain"] = \
            lambda count=count: play(f"chain{count}", chain(count) + first, count)
    figures = kit.rounds(bench.args.rounds, contestants)
    bench.report("collectors", "procs without commands, through the daemon, stored",
                 "us of the daemon's CPU for each", figures, "cpu_us")
    bench.report("collectors s", "the same", "s, whole time of ppctl", figures, "s")
    bench.report("collectors bytes", "the same", "bytes for each, the scheduler's peak", figures,
                 "bytes")


def row_clients(bench):
    """The graph of `flat`, with and without 1,000 clients that wait and 100 that are subscribed to
    the events of runs."""
    n, n_waiting, n_subscribed = bench.scaled(5000), bench.scaled(1000), bench.scaled(100)
    text = graphs.parproc_yaml(graphs.flat(n), PARALLEL)
    with kit.daemon(bench.build, bench.scratch / "clients", text) as daemon:
        def play():
            before_s = daemon.cpu_s()
            wall_s, _ = kit.run([*daemon.ppctl, "-q", "run", "all"], daemon.directory)
            return {"us": wall_s / n * 1e6, "cpu_us": (daemon.cpu_s() - before_s) / n * 1e6}

        def crowded():
            with wire.Crowd() as crowd:
                for _ in range(n_waiting):
                    crowd.add(daemon.socket, "wait", {"names": ["nobody defines this"]})
                for _ in range(n_subscribed):
                    crowd.add(daemon.socket, "subscribe", {"kinds": ["run"]})
                return play()
        figures = kit.rounds(bench.args.rounds, {
            f"{n_waiting} waiting, {n_subscribed} subscribed": crowded, "nobody else": play})
    bench.report("clients", f"{n} executions with other clients", "us an execution, whole time",
                 figures, "us")
    bench.report("clients cpu", "the same", "us an execution, the daemon's CPU", figures, "cpu_us")


def latencies(daemon, until, requests):
    """Asks one after the other until the process ends; milliseconds by request. A moment between
    them, so that asking is not the load."""
    one = wire.Connection(daemon.socket)
    seen = {name: [] for name in requests}
    while until() is None:
        for name, (method, params) in requests.items():
            seen[name].append(one.timed(method, params) * 1e3)
        time.sleep(0.001)
    one.close()
    return seen


def report_latencies(bench, row, what, contestants):
    """contestants: name -> {request -> milliseconds}"""
    figures = {f"{request}, {name}": [{"p50": kit.quantile(ms, 0.5), "p99": kit.quantile(ms, 0.99),
                                       "max": max(ms)}]
               for name, seen in contestants.items() for request, ms in seen.items() if ms}
    for key, unit in (("p50", "ms, median"), ("p99", "ms, 99 % are faster"), ("max", "ms, slowest")):
        bench.report(f"{row} {key}", what, unit, figures, key)


def row_latency(bench):
    """How long others wait while 5,000 commands run, and while one large request is worked on."""
    n = bench.scaled(5000)
    text = graphs.parproc_yaml(graphs.flat(n), PARALLEL)
    requests = {"ping": ("ping", None), "status": ("status", {"names": ["n7"]})}
    with kit.daemon(bench.build, bench.scratch / "latency", text) as daemon:
        kit.run([*daemon.ppctl, "plan", "n0"], daemon.directory)

        def during(argv):
            process = subprocess.Popen(argv, env=kit.clean_environment(), cwd=daemon.directory,
                                       stdout=subprocess.DEVNULL)
            seen = latencies(daemon, process.poll, requests)
            if process.returncode != 0:
                raise SystemExit(f"bench/run: {argv}: exit {process.returncode}")
            return seen
        seen = {f"{n} running": during([*daemon.ppctl, "-q", "run", "all"]),
                "idle": during(["sleep", "2"])}
    report_latencies(bench, "latency", "a request over an open connection", seen)
    n = bench.scaled(100_000)
    side = max(int(n**0.5), 3)
    choices = ", ".join(f"v{i}" for i in range(side))
    text = collectors_yaml(n) + yaml_of([
        "protos:", "  \"p::[a]::[b]\":", "    run: 'true'", "    args:",
        f"      a: {{choices: [{choices}]}}", f"      b: {{choices: [{choices}]}}"])
    requests = {"ping": ("ping", None)}
    with kit.daemon(bench.build, bench.scratch / "latency-large", text) as daemon:
        kit.run([*daemon.ppctl, "plan", "n0.0"], daemon.directory)
        seen = {}
        for verb in (["create", "p::*::*"], ["plan", "all"], ["-q", "run", "all"],
                     ["status"], ["results"], ["clear"]):
            seen[" ".join(verb)] = during([*daemon.ppctl, *verb])
    report_latencies(bench, "large", f"a ping while another client asks for {n} at once", seen)


ROWS = {"glob": row_glob, "protos": row_protos, "collectors": row_collectors,
        "clients": row_clients, "latency": row_latency}
