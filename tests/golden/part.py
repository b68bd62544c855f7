#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""part.py FROM TO FRAMES PID: the part of a recording that safevma phys -p PID --range 0-FRAMES reads.

Made of what `make check-vm VM=stock-6.1-phys` leaves in build/vm: all frames would be megabytes."""
import json
import os
import re
import shutil
import sys

KEPT = re.compile(
    r"/(?!proc/\d)(?!proc/k)(?!proc/vmallocinfo|sys/kernel/debug|proc/slabinfo).*|/proc|"
    r"/proc/kpageflags|"
    r"/proc/PID/(?!smaps|fd).*"
)


def words_of(path, extents):
    """What was read twice is what it was the second time."""
    words = bytearray()
    with open(path, "rb") as f:
        for at, size in ((int(str(a), 0), b) for a, b in extents):
            words.extend(bytes(max(0, at + size - len(words))))
            words[at : at + size] = f.read(size)
    return words


def main():
    source, target, frames, pid = sys.argv[1], sys.argv[2], int(sys.argv[3], 0), sys.argv[4]
    kept = re.compile(KEPT.pattern.replace("PID", pid))
    with open(os.path.join(source, "recording.json"), encoding="utf-8") as f:
        lines = f.read().splitlines()
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    with open(os.path.join(target, "recording.json"), "w", encoding="utf-8") as out:
        out.write(lines[0] + "\n")
        for line in lines[1:-1]:
            op = json.loads(line.rstrip(","))
            path = op.get("path", "")
            everywhere = path == "/proc/kpageflags" and op.get("tag") == "all"
            if not kept.fullmatch(path) or (path == "/proc/kpageflags" and not everywhere):
                continue
            name = op.get("file")
            if name:
                os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
            if everywhere:
                words = words_of(os.path.join(source, name), op["extents"])[: (frames + 1) * 8]
                with open(os.path.join(target, name), "wb") as f:
                    f.write(words)
                op["extents"], op["ends"] = [[0, len(words)]], []
                line = json.dumps(op, separators=(",", ":")) + ","
            elif name:
                shutil.copyfile(os.path.join(source, name), os.path.join(target, name))
            out.write(line + "\n")
        out.write(lines[-1] + "\n")


main()
