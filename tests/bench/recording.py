#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""recording.py FROM TO FRAMES: a copy of a recording whose machine has that many frames.

The longest reading of kpageflags becomes one of all frames from 0 on, in a sparse file: what was
recorded lies where it belongs, and all else is 0, a frame without flags. zoneinfo says the same.
For tests of what a tool keeps in memory: 268435456 frames of 4 KiB are 1 TiB."""
import json
import os
import re
import shutil
import sys

HEAD_LINES = 1
PATH = "/proc/kpageflags"


def read_journal(directory):
    with open(os.path.join(directory, "recording.json"), encoding="utf-8") as f:
        lines = f.read().splitlines()
    ops = [json.loads(line.rstrip(",")) for line in lines[HEAD_LINES:-1]]
    return lines[:HEAD_LINES], ops, lines[-1]


def write_journal(directory, head, ops, end):
    with open(os.path.join(directory, "recording.json"), "w", encoding="utf-8") as f:
        for line in head:
            f.write(line + "\n")
        for op in ops:
            f.write(json.dumps(op, separators=(",", ":")) + ",\n")
        f.write(end + "\n")


def number(value):
    return int(value, 16) if isinstance(value, str) else value


def recorded_bytes(op):
    return sum(length for _, length in op["extents"])


def extend_flags(directory, op, frames):
    """What a later extent says of a place that was read twice holds."""
    path = os.path.join(directory, op["file"])
    with open(path, "rb") as f:
        data = f.read()
    at = 0
    with open(path, "wb") as f:
        for offset, length in op["extents"]:
            f.seek(number(offset))
            f.write(data[at : at + length])
            at += length
        size = max(frames * 8, f.seek(0, os.SEEK_END))
        f.truncate(size)
    op["extents"] = [[0, size]]
    op["ends"] = [[size, 0]]


def extend_zones(directory, op, frames):
    """The last zone with frames reaches up to the last one."""
    path = os.path.join(directory, op["file"])
    with open(path, encoding="utf-8") as f:
        text = f.read()
    zones = re.split(r"(?m)^(?=Node )", text)
    for i in reversed(range(len(zones))):
        spanned = re.search(r"\bspanned +(\d+)", zones[i])
        start = re.search(r"\bstart_pfn: +(\d+)", zones[i])
        if spanned and start and int(spanned.group(1)):
            more = str(max(frames - int(start.group(1)), int(spanned.group(1))))
            zones[i] = re.sub(r"\b((?:spanned|present|managed) +)\d+", r"\g<1>" + more, zones[i])
            break
    data = "".join(zones).encode()
    with open(path, "wb") as f:
        f.write(data)
    op["extents"] = [[0, len(data)]]
    op["ends"] = [[len(data), 0]]


def extend(source, target, frames):
    shutil.copytree(source, target)
    head, ops, end = read_journal(target)
    flags = [op for op in ops if op["op"] == "open" and op["path"] == PATH and op.get("extents")]
    if not flags:
        sys.exit(f"recording.py: {source} holds no reading of kpageflags")
    extend_flags(target, max(flags, key=recorded_bytes), frames)
    for op in ops:
        if op["op"] == "open" and op["path"] == "/proc/zoneinfo" and not op["errno"]:
            extend_zones(target, op, frames)
    write_journal(target, head, ops, end)


def main():
    if len(sys.argv) != 4:
        print("usage: recording.py FROM TO FRAMES", file=sys.stderr)
        return 64
    extend(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
