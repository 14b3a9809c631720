#!/usr/bin/env python3
"""Python functions as procs: run by a person it defines them and runs one; the daemon runs the same
file again for each execution, which then calls the one function.
"""

import json
import os
import sys

import rpc

procs, protos, functions = {}, {}, {}


def proc(name, **definition):
    """Makes a function a proc, or a proto where the name has placeholders."""
    def add(function):
        run = [sys.executable, os.path.abspath(__file__), "--call", name.replace("[", "{").replace("]", "}")]
        (protos if "[" in name else procs)[name] = {"run": run, **definition}
        functions[run[-1]] = function
        return function
    return add


@proc("setup")
def setup(_):
    return "ready"


@proc("build::[env]", deps=["setup"], args={"env": {"choices": ["dev", "prod"]}})
def build(context):
    return {"built": context["args"]["env"], "setup": context["results"]["setup"]}


@proc("release")
def release(_):
    """Decides what to run when it runs; that belongs to the same run."""
    outcome = rpc.Daemon().call("run", names=["build::*"])
    return [proc["result"]["built"] for proc in outcome["procs"] if proc["name"].startswith("build")]


def call(name):
    """In a process of the daemon: the function's value is the result, an exception a failure."""
    value = functions[name](rpc.Daemon().call("context"))
    with open(os.environ["PP_RESULT"], "w", encoding="utf-8") as file:
        json.dump(value, file)


def main():
    daemon = rpc.Daemon()
    daemon.call("define", definitions={"procs": procs, "protos": protos}, replace=True)
    outcome = daemon.call("run", names=["release"])
    for name, value in sorted(daemon.call("results", run=outcome["run"]).items()):
        print(f"{name}: {json.dumps(value)}")
    return 0 if outcome["ok"] else 1


if __name__ == "__main__":
    sys.exit(call(sys.argv[2]) if sys.argv[1:2] == ["--call"] else main())
