"""The graphs that bench/run has executed, and the files that tell each program of them.

A graph is a list of lists: the numbers of the nodes that node i depends on. Every node's command is
`true`, through sh -c in each program.
"""

import random


def flat(n):
    return [[] for _ in range(n)]


def layers(n_layers, width, n_edges, seed=1):
    """Each node on n_edges different ones of the layer before."""
    generator = random.Random(seed)
    graph = [[] for _ in range(width)]
    for layer in range(1, n_layers):
        before = range((layer - 1) * width, layer * width)
        graph += [sorted(generator.sample(before, n_edges)) for _ in range(width)]
    return graph


def chain(n):
    return [[]] + [[i] for i in range(n - 1)]


def parproc_yaml(graph, parallel):
    """`ppctl run all` executes it."""
    lines = ["options:", f"  parallel: {parallel}", "procs:"]
    for i, deps in enumerate(graph):
        wants = f", deps: [{', '.join(f'n{d}' for d in deps)}]" if deps else ""
        lines.append(f"  n{i}: {{run: 'true'{wants}}}")
    lines += ["  all:", "    deps:"] + [f"      - n{i}" for i in range(len(graph))]
    return "\n".join(lines) + "\n"


def ninja(graph):
    lines = ["rule r", "  command = true"]
    lines += [f"build n{i}: r {' '.join(f'n{d}' for d in deps)}" for i, deps in enumerate(graph)]
    lines += ["build all: phony " + " ".join(f"n{i}" for i in range(len(graph))), "default all"]
    return "\n".join(lines) + "\n"


def makefile(graph):
    """The semicolon has make use the shell, which it avoids for a simple command."""
    names = " ".join(f"n{i}" for i in range(len(graph)))
    lines = [f".PHONY: all {names}", f"all: {names}"]
    for i, deps in enumerate(graph):
        lines += [f"n{i}: {' '.join(f'n{d}' for d in deps)}", "\ttrue;"]
    return "\n".join(lines) + "\n"


PYTHON_PARPROC = """
import subprocess, sys
import parproc as pp

pp.set_options(parallel={parallel}, dynamic=False)

def work(context):
    subprocess.run(["sh", "-c", "true"], check=True)

if __name__ == "__main__":
    for i in range({n}):
        pp.Proc(name=f"n{{i}}", now=True)(work)
    pp.wait_for_all()
"""


def python_parproc(n, parallel):
    return PYTHON_PARPROC.format(n=n, parallel=parallel)
