#!/usr/bin/env python3
"""Counts the lines of files, a process for each, and adds them up in one more.

usage: lines.py FILE...        in a directory that is a workspace, or becomes one
"""

import os
import sys

import rpc

DEFINITIONS = {
    "procs": {
        "total": {"run": [sys.executable, os.path.abspath(__file__), "--total"], "result": "stdout"},
    },
    "protos": {
        "lines::[file]": {
            "description": "Count the lines of a file",
            "run": 'wc -l <"$file"',
            "result": "stdout",  # what it prints is its result: JSON if it can be
        },
    },
}


def print_event(event):
    if event["kind"] == "state" and event["proc"]["state"] != "wanted":
        print(event["proc"]["state"], event["proc"]["name"])


def total():
    """In the daemon's process: a result for each file has come from what it depends on."""
    print(sum(rpc.Daemon().call("context")["results"].values()))


def main():
    names = [f"lines::{file}" for file in sys.argv[1:]]
    DEFINITIONS["procs"]["total"]["deps"] = names
    daemon = rpc.Daemon(print_event)
    daemon.call("define", definitions=DEFINITIONS, replace=True)
    outcome = daemon.call("run", names=["total"], subscribe=True)
    results = daemon.call("results", run=outcome["run"])
    for name in [*names, "total"]:
        print(f"{results[name]} {name}")
    return 0 if outcome["ok"] else 1


if __name__ == "__main__":
    sys.exit(total() if sys.argv[1:] == ["--total"] else main())
