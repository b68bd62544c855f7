#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What commit --would-fit says of recordings of a guest, against what then happened there.

    fit.py SAFEVMA DIR        DIR holds answers.jsonl (tests/victims/ask.c) and the recordings

Prints TAP lines without a plan, the numbers left to the caller: "ok NAME" or "not ok NAME - WHY".
"""
import json
import os
import subprocess
import sys

REFUSED = ("ENOMEM", "EAGAIN")
MARKS = {"future-asked": "future"}


def predict(safevma, root, size):
    """The report of the one process called asker."""
    out = subprocess.run(
        [safevma, "commit", "-J", "--comm", "asker", "--root", root, "--would-fit", str(size)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    report = json.loads(out.stdout)
    fits = report["would_fit"]
    if len(fits) != 1:
        raise ValueError(f"{root}: {len(fits)} processes called asker")
    return fits[0], report["would_fit_limits"], report


def map_verdict(rows):
    """What the limits say that are met when memory is mapped."""
    said = {r["verdict"] for r in rows if r["stage"] == "map"}
    for verdict in ("refused", "unknown"):
        if verdict in said:
            return verdict
    return "mapped"


def agrees(ask, fit, rows, outcome):
    """None, or what is wrong. What is said to be unknown agrees with everything."""
    mapped = map_verdict(rows)
    if mapped == "refused":
        return None if outcome in REFUSED else "refused was said"
    if mapped == "unknown":
        return None
    if outcome in REFUSED:
        return "it was said to be mapped"
    if ask == "map":
        return None
    said = fit["verdict"]
    want = {"fits": "touched", "likely": "touched", "throttled": "touched", "killed": "killed"}
    if said in want and outcome != want[said]:
        return f"{said} was said"
    return None


class Checker:
    """Counts, and says what is wrong."""

    def __init__(self, safevma, where):
        self.safevma, self.where = safevma, where
        self.said = {}
        self.section, self.page = None, 4096

    def line(self, good, name, why=""):
        print(f"ok {name}" if good else f"not ok {name} - {why}")

    def attempt(self, a):
        fit, rows, _ = predict(self.safevma, self.section, a["bytes"])
        name = f"{os.path.basename(self.section)}: {a['ask']} {a['bytes'] >> 20}M: " \
               f"{a['outcome']}, said {map_verdict(rows)}/{fit['verdict']}"
        if fit["limit"]:
            name += f" by {fit['limit']}"
        wrong = agrees(a["ask"], fit, rows, a["outcome"])
        self.line(not wrong, name, wrong)
        self.said.setdefault(os.path.basename(self.section), []).append((a, fit, rows))

    def edge(self, a):
        """The most that could be mapped lies where it cannot be told, and nowhere else."""
        most, where = a["bytes"], os.path.basename(self.section)
        verdicts = {}
        for name, size in (("half", most // 2), ("most", most), ("one more", most + self.page),
                           ("double", most * 2)):
            verdicts[name] = map_verdict(predict(self.safevma, self.section, size)[1])
        good = verdicts["half"] == "mapped" and verdicts["most"] != "refused" and \
            verdicts["one more"] != "mapped" and verdicts["double"] == "refused"
        self.line(good, f"{where}: the most that could be mapped was {most}", str(verdicts))

    def answer(self, a):
        mark = MARKS.get(a["ask"], a["ask"])
        if a["outcome"] == "nothing" and os.path.isdir(f"{self.where}/{mark}"):
            self.section = f"{self.where}/{mark}"
        elif a["ask"] in ("map", "touch"):
            self.attempt(a)
        elif a["ask"] == "most":
            self.edge(a)

    def far(self):
        """Far from every limit the answer is never unknown: else nothing would be tested."""
        for where, said in self.said.items():
            for a, fit, rows in (min(said, key=lambda s: s[0]["bytes"]),
                                 max(said, key=lambda s: s[0]["bytes"])):
                v = map_verdict(rows) if a["ask"] == "map" else fit["verdict"]
                self.line(v != "unknown", f"{where}: {a['bytes'] >> 20}M is told", fit["reason"])

    def group(self):
        """It is the group above whose limit holds."""
        for where, which in (("max", "/outer"), ("high", "/outer")):
            for a, fit, _ in self.said.get(where, []):
                if fit["verdict"] in ("killed", "throttled"):
                    self.line(fit["cgroup"] == which,
                              f"{where}: {a['bytes'] >> 20}M: {which} is named", str(fit))


def events(path):
    with open(path, encoding="ascii") as f:
        return dict((k, int(v)) for k, v in (line.split() for line in f))


def throttled(checker, where):
    """Only what was said to be throttled was."""
    if "high" not in checker.said:
        return
    before, below, after = (events(f"{where}/{n}-events") for n in ("before", "below", "after"))
    checker.line(before["high"] == below["high"], "high: below it nothing is slowed down",
                 f"{before} {below}")
    checker.line(after["high"] > below["high"], "high: above it the group is slowed down",
                 f"{below} {after}")


def stalled(checker, where):
    if not os.path.isdir(f"{where}/oom-off"):
        return
    fit, _, report = predict(checker.safevma, f"{where}/oom-off", 300 << 20)
    checker.line(fit["verdict"] == "throttled" and fit["cgroup"] == "/outer",
                 "oom-off: without an OOM killer the process would wait", str(fit))
    checker.line([g["oom_kill_disable"] for g in report["cgroups"] if g["path"] == "/outer"]
                 == [True], "oom-off: the group says so", str(report["cgroups"]))


def main():
    checker = Checker(sys.argv[1], sys.argv[2])
    with open(f"{sys.argv[2]}/answers.jsonl", encoding="utf-8") as f:
        for line in f:
            checker.answer(json.loads(line))
    checker.far()
    checker.group()
    throttled(checker, sys.argv[2])
    stalled(checker, sys.argv[2])


if __name__ == "__main__":
    main()
