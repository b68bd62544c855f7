#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts exposure anew, frame by frame, from the words that a recording holds, and compares.

    exposure.py RECORDING < JSON       of safevma adjacency --json, made from or with the recording
    exposure.py --figures < JSON       "lift mixed_block_frames over_share" of the machine
    exposure.py --sums < JSON          that what must add up within the report does

Shares no code with the tool. Exit status 0: all figures agree; 1: those that do not are told.
"""
import json
import os
import struct
import sys

SLAB, BUDDY, MMAP, ANON, SWAPBACKED = 1 << 7, 1 << 10, 1 << 11, 1 << 12, 1 << 14
UPTODATE, LRU, HEAD, TAIL, HUGE = 1 << 3, 1 << 5, 1 << 15, 1 << 16, 1 << 17
HWPOISON, NOPAGE, OFFLINE, ZERO, PGTABLE = 1 << 19, 1 << 20, 1 << 23, 1 << 24, 1 << 26
RESERVED = 1 << 32
PRESENT, PFN = 1 << 63, (1 << 55) - 1


class Frame:
    """What a word of kpageflags says, with that of the compound head for a tail."""

    def __init__(self, word, head):
        both = word | (head if word & TAIL else 0)
        self.hole = bool(word & NOPAGE)
        self.poison = not self.hole and bool(word & HWPOISON)
        self.free = self.strong = self.maybe = self.user = self.table = False
        self.zero = self.reserved = False
        both &= ~HWPOISON
        for flag, name in ((NOPAGE, None), (OFFLINE, None), (BUDDY, "free"), (SLAB, "strong"),
                           (PGTABLE, "table"), (ZERO, "zero"), (HUGE, "user")):
            if self.poison or both & flag:
                if name and not self.poison:
                    setattr(self, name, True)
                break
        else:
            cached = both & LRU or both & (MMAP | UPTODATE | RESERVED) == MMAP | UPTODATE
            if both & (ANON | SWAPBACKED) or cached:
                self.user = True
            elif both & RESERVED:
                self.maybe = self.reserved = True
            elif word & (HEAD | TAIL):
                self.strong = True
            else:
                self.maybe = True
        self.mapped = self.user and bool(word & MMAP)
        self.stops = self.hole or self.poison
        self.interest = not (self.hole or self.zero or self.reserved)


def operations(recording):
    with open(os.path.join(recording, "recording.json"), encoding="utf-8") as f:
        for line in f:
            if line.startswith('{"op":"open"') and '"file"' in line:
                yield json.loads(line.rstrip().rstrip(","))


def member(recording, path, tag):
    for op in operations(recording):
        if op["path"] == path and op["tag"] == tag:
            with open(os.path.join(recording, op["file"]), "rb") as f:
                return op, f.read()
    sys.exit(f"exposure.py: {recording} has no reading '{tag}' of {path}")


def text(recording, path):
    for op in operations(recording):
        if op["path"] == path:
            with open(os.path.join(recording, op["file"]), encoding="utf-8") as f:
                return f.read()
    sys.exit(f"exposure.py: {recording} has no {path}")


def zones(recording):
    found = []
    for line in text(recording, "/proc/zoneinfo").splitlines():
        words = line.split()
        if line.startswith("Node"):
            found.append({"node": int(words[1].rstrip(",")), "zone": words[3]})
        elif words and words[0] == "spanned":
            found[-1]["spanned"] = int(words[1])
        elif words and words[0] == "start_pfn:":
            found[-1]["start"] = int(words[1])
    found = [z for z in found if z.get("spanned") and "start" in z]
    for z in found:
        z["end"] = z["start"] + z["spanned"]
    return found


def block_pages(recording):
    for line in text(recording, "/proc/pagetypeinfo").splitlines():
        if line.startswith("Pages per block:"):
            return int(line.split(":")[1])
    sys.exit("exposure.py: no size of a block in /proc/pagetypeinfo")


def machine(recording):
    """Frames of the machine in order, with those beside them as they were at the same reading."""
    op, data = member(recording, "/proc/kpageflags", "all")
    frames, below, above, kinds, head, at = [], [], [], {}, 0, 0
    for start, length in op["extents"]:
        words = struct.unpack_from(f"<{length // 8}Q", data, at)
        at += length
        first = start // 8
        piece = []
        for word in words:
            if word & HEAD:
                head = word
            key = (word, head if word & TAIL else 0)
            if key not in kinds:
                kinds[key] = Frame(*key)
            piece.append(kinds[key])
        skip = len(frames) - first  # frames of the piece before, read again for context
        if skip < 0:
            sys.exit("exposure.py: the reading of all frames has a hole")
        for i in range(skip, len(piece)):
            frames.append(piece[i])
            below.append(piece[i - 1] if i else None)
            above.append(piece[i + 1] if i + 1 < len(piece) else None)
        # The last one was read for context alone, but where there are no more.
        if len(frames) * 8 < op_end(op):
            frames.pop(), below.pop(), above.pop()
    return frames, below, above


def op_end(op):
    return max(start + length for start, length in op["extents"])


class Expected:
    def __init__(self):
        self.wrong = []

    def within(self, name, got, want, most):
        if not want - most <= got <= want + most:
            self.wrong.append(f"{name}: {got}, expected {want} within {most}")

    def same(self, name, got, want):
        close = isinstance(want, float) and isinstance(got, (int, float))
        if close and abs(got - want) <= 1e-4 * max(1e-9, abs(want)):
            return
        if got != want:
            self.wrong.append(f"{name}: {got}, expected {want}")


def distances(frames, most):
    last, result = None, []
    for i, f in enumerate(frames):
        result.append(i - last if last is not None and i - last <= most else 0)
        if f.strong:
            last = i
        elif f.stops:
            last = None
    return result


def curve(values, block):
    points, k = [], 1
    while k <= block:
        points.append({"within": k, "frames": sum(1 for v in values if 0 < v <= k)})
        k *= 2
    return points


def mixing(frames, zone, orders):
    """A row an order, up to the highest; each block is what its two halves are together."""
    base = zone["start"] >> orders << orders
    front = [(False, 0, False)] * (zone["start"] - base)
    blocks = front + [(not f.hole, int(f.mapped), f.strong)
                      for f in frames[zone["start"]:zone["end"]]]
    for order in range(orders + 1):
        both = [user for _, user, source in blocks if user and source]
        yield {
            "blocks": sum(1 for b in blocks if b[0]),
            "user_blocks": sum(1 for b in blocks if b[1]),
            "source_blocks": sum(1 for b in blocks if b[2]),
            "mixed_blocks": len(both),
            "mixed_user_frames": sum(both),
        }
        if len(blocks) % 2:
            blocks.append((False, 0, False))
        blocks = [(a[0] or b[0], a[1] + b[1], a[2] or b[2])
                  for a, b in zip(blocks[::2], blocks[1::2])]


def edges(indices, below, above):
    counts = {"over_strong": 0, "over_maybe": 0, "under_strong": 0, "under_maybe": 0}
    for i in indices:
        if below[i]:
            counts["over_strong"] += below[i].strong
            counts["over_maybe"] += below[i].maybe
        if above[i]:
            counts["under_strong"] += above[i].strong
            counts["under_maybe"] += above[i].maybe
    return counts


def compare_edges(check, name, got, want):
    for way in ("over", "under"):
        check.same(f"{name}.{way}.strong", got[way]["strong"], want[f"{way}_strong"])
        check.same(f"{name}.{way}.unclassified", got[way]["unclassified"], want[f"{way}_maybe"])


def compare_machine(check, report, recording):
    frames, below, above = machine(recording)
    block, spans = block_pages(recording), zones(recording)
    near = distances(frames, block)
    mixed = [False] * len(frames)
    for first in range(0, len(frames), block):
        if any(f.strong for f in frames[first:first + block]):
            mixed[first:first + block] = [True] * len(frames[first:first + block])
    inside = [i for z in spans for i in range(z["start"], min(z["end"], len(frames)))]
    system, tables = report["system"], report["page_tables"]
    share = {}
    expected = {"user": 0.0, "table": 0.0}
    for z, row in zip(sorted(spans, key=lambda z: z["start"]), report["zones"]):
        part = frames[z["start"]:z["end"]]
        name = f"zone {z['node']} {z['zone']}"
        there = sum(1 for f in part if not f.hole)
        strong = sum(1 for f in part if f.strong)
        user = sum(1 for f in part if f.mapped)
        pgtable = sum(1 for f in part if f.table)
        check.same(f"{name}.frames", row["frames"], there)
        check.same(f"{name}.strong", row["strong_sources"], strong)
        check.same(f"{name}.unclassified", row["unclassified_sources"],
                   sum(1 for f in part if f.maybe))
        check.same(f"{name}.free", row["free_frames"], sum(1 for f in part if f.free))
        check.same(f"{name}.user", row["user_frames"], user)
        check.same(f"{name}.tables", row["page_table_frames"], pgtable)
        share[z["start"]] = strong / there if there else 0.0
        expected["user"] += share[z["start"]] * user
        expected["table"] += share[z["start"]] * pgtable
        rows = [m for m in report["mixing"] if (m["node"], m["zone"]) == (z["node"], z["zone"])]
        check.same(f"{name}, orders", [m["order"] for m in rows],
                   list(range(block.bit_length())))
        for m, want in zip(rows, mixing(frames, z, block.bit_length() - 1)):
            check.same(f"{name} order {m['order']}", {k: m[k] for k in want}, want)
    for name, got, key in (("system", system, "user"), ("page_tables", tables, "table")):
        which = [i for i in inside if (frames[i].mapped if key == "user" else frames[i].table)]
        counts = edges(which, below, above)
        compare_edges(check, name, got["edges"], counts)
        check.same(f"{name}.expected", got["expected_random"], expected[key])
        if expected[key]:
            check.same(f"{name}.lift", got["lift"], counts["over_strong"] / expected[key])
        check.same(f"{name}.mixed", got["mixed_block_frames"], sum(mixed[i] for i in which))
        if key == "user":
            check.same("system.user_frames", got["user_frames"], len(which))
            check.same("system.distance", got["distance"],
                       curve([near[i] for i in which], block))
        else:
            check.same("page_tables.frames", got["frames"], len(which))
    for p in report["processes"]:
        compare_process(check, p, recording, (frames, below, above, near, mixed, block), spans,
                        share)


def compare_process(check, process, recording, known, spans, share):
    if process["frames"] is None or process["coverage"]["changed"]:
        return
    frames, below, above, near, mixed, block = known
    # A page that changed was looked up once more, after the pass.
    if again(recording, process["pid"], "1") != again(recording, process["pid"], "1-second"):
        return
    data = again(recording, process["pid"], "1")
    words = struct.unpack(f"<{len(data) // 8}Q", data)
    pfns = sorted({w & PFN for w in words if w & PRESENT and w & PFN})
    pfns = [i for i in pfns if i < len(frames) and frames[i].interest]
    name = f"process {process['pid']}"
    counts = edges(pfns, below, above)
    check.same(f"{name}.frames", process["frames"], len(pfns))
    moved = changed_beside(recording, process["pid"], pfns)
    for way in ("over", "under"):
        check.within(f"{name}.{way}", process["edges"][way]["strong"], counts[f"{way}_strong"], moved)
    check.same(f"{name}.mixed", process["mixed_block_frames"], sum(mixed[i] for i in pfns))
    check.same(f"{name}.distance", process["distance"], curve([near[i] for i in pfns], block))
    want = sum(share[z["start"]] for i in pfns for z in spans if z["start"] <= i < z["end"])
    check.same(f"{name}.expected", process["expected_random"], float(want))


def changed_beside(recording, pid, pfns):
    """How many of its frames may have met another source in its own look than in that at all."""
    everything, own = words_of(recording, "all"), words_of(recording, f"{pid}.1")
    changed = {i for i, word in own.items()
               if (word ^ everything.get(i, 0)) & (SLAB | HEAD | TAIL)}
    return sum(any(i in changed for i in (pfn - 1, pfn, pfn + 1)) for pfn in pfns)


def words_of(recording, tag):
    """Words of kpageflags by their frame; none where there is no such reading."""
    found = {}
    for op in operations(recording):
        if op["path"] != "/proc/kpageflags" or op["tag"] != tag:
            continue
        with open(os.path.join(recording, op["file"]), "rb") as f:
            data = f.read()
        at = 0
        for start, length in op["extents"]:
            found.update(enumerate(struct.unpack_from(f"<{length // 8}Q", data, at), start // 8))
            at += length
    return found


def again(recording, pid, tag):
    op, data = member(recording, f"/proc/{pid}/pagemap", tag)
    return data


def compare_sums(check, report):
    total = {}
    for row in report["zones"]:
        for key in ("frames", "free_frames", "strong_sources", "unclassified_sources",
                    "user_frames"):
            total[key] = total.get(key, 0) + row[key]
    for key, want in total.items():
        check.same(f"sum of zones, {key}", report["system"][key], want)
    tables = sum(row["page_table_frames"] for row in report["zones"])
    check.same("sum of zones, page tables", report["page_tables"]["frames"], tables)
    near = report["system"]["distance"]
    check.same("nearest is an edge", near[0]["frames"], report["system"]["edges"]["over"]["strong"])
    for a, b in zip(near, near[1:]):
        if a["frames"] > b["frames"]:
            check.wrong.append(f"the curve falls from {a} to {b}")


def main():
    report = json.load(sys.stdin)
    check = Expected()
    if sys.argv[1:] == ["--figures"]:
        s = report["system"]
        print(s["lift"], s["mixed_block_frames"], s["over_share"])
        return
    compare_sums(check, report)
    if sys.argv[1:] != ["--sums"]:
        compare_machine(check, report, sys.argv[1])
    for line in check.wrong:
        print(line)
    sys.exit(bool(check.wrong))


if __name__ == "__main__":
    main()
