"""Ratios of an earlier bench/run, and whether those of this one are worse. Times are not compared:
they are another machine's."""

import json

# What the same program measures twice on one machine differs by less, mostly.
TOLERANCE = 1.25

# Of these the ratio says how little the others wait or take, so that more is better.
MORE_IS_BETTER = ("ping pipelined_per_s",)


def ratios_of(rows):
    """The ratios of all rows: {row: {contestant: ratio}}."""
    found = {}
    for row, kept in rows.items():
        ratios = {name: round(one["ratio"], 3)
                  for name, one in kept.get("contestants", {}).items() if "ratio" in one}
        if ratios:
            found[row] = ratios
    return found


def save(path, machine, rows):
    path.write_text(json.dumps({"machine": machine, "ratios": ratios_of(rows)}, indent=1) + "\n",
                    encoding="utf-8")


def compare(path, rows):
    """Prints what is worse than it was. True: nothing is."""
    before = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    now = ratios_of(rows)
    n_compared, n_worse = 0, 0
    print(f"\nbeside {path} (worse: by more than {TOLERANCE:.2f})")
    for row, ratios in before.items():
        for name, ratio in ratios.items():
            seen = now.get(row, {}).get(name)
            if seen is None or ratio <= 0 or seen <= 0:
                continue
            change = ratio / seen if row in MORE_IS_BETTER else seen / ratio
            n_compared += 1
            if change > TOLERANCE:
                n_worse += 1
                print(f"  WORSE {row}, over {name}: {seen:.2f}, was {ratio:.2f}")
    print(f"  {n_compared} ratios compared, {n_worse} worse")
    return n_worse == 0 and n_compared > 0
