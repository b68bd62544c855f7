#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds what safevma phys --json says against other counts of the same frames.

    phys.py words PHYS RECORDING        counts the recorded words anew: flags, classes, each cell
    phys.py types PHYS SAME             page-types --raw of the very words: flags, to the frame
    phys.py types PHYS BEFORE AFTER     page-types --raw before and after: flags, within what changes
    phys.py live PHYS BEFORE AFTER      the same with two outputs of phys.py count
    phys.py unpack RECORDING WORDS      the words of all frames, as kpageflags has them
    phys.py count                       frames by bit of /proc/kpageflags, as JSON
    phys.py selected PHYS PID           where the frames of a process lie, by its pagemap
    phys.py svg PHYS SVG [TEXT]         that the picture is sound and shows the cells; and the text

Shares no code with the tool. Exit status 0: all agree; 1: what does not is told."""
import array
import collections
import json
import os
import re
import struct
import sys
import xml.etree.ElementTree as ET

KPF = {name: 1 << bit for name, bit in (
    ("uptodate", 3), ("lru", 5), ("slab", 7), ("buddy", 10), ("mmap", 11), ("anon", 12),
    ("swapbacked", 14), ("head", 15), ("tail", 16), ("huge", 17), ("hwpoison", 19),
    ("nopage", 20), ("offline", 23), ("zero", 24), ("pgtable", 26), ("reserved", 32))}
CERTAIN = (("nopage", "nopage"), ("hwpoison", "hwpoison"), ("offline", "offline"),
           ("buddy", "free"), ("slab", "slab"), ("pgtable", "pgtable"), ("zero", "zero"),
           ("huge", "hugetlb"))
# What page-types shows in place of a bit; tools/mm/page-types.c expand_overloaded_flags().
OVERLOADED = {47: 34, 48: 9, 49: 35, 50: 6, 51: 1}
# Pages that two programs, which come and go between the readings, may have.
SLACK = 8192
USER = ("hugetlb", "anon", "file", "shmem")
STRONG = ("slab", "kernel-compound")

failed = []


def check(what, got, want):
    if got != want:
        failed.append(f"{what}: {got}, expected {want}")


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def class_of(word, head):
    both = word | (head if word & KPF["tail"] else 0)
    for flags in (word, both & ~KPF["hwpoison"]):
        for flag, name in CERTAIN:
            if flags & KPF[flag]:
                return name
    if both & KPF["anon"]:
        return "anon"
    if both & KPF["swapbacked"]:
        return "shmem"
    cached = KPF["mmap"] | KPF["uptodate"]
    if both & KPF["lru"] or both & (cached | KPF["reserved"]) == cached:
        return "file"
    if both & KPF["reserved"]:
        return "reserved"
    return "kernel-compound" if word & (KPF["head"] | KPF["tail"]) else "unclassified"


def recorded_words(directory):
    """(first frame, words) of the reading of all frames."""
    with open(os.path.join(directory, "recording.json"), encoding="utf-8") as f:
        for line in f:
            if '"/proc/kpageflags"' in line and '"tag":"all"' in line:
                op = json.loads(line.rstrip().rstrip(","))
                break
        else:
            sys.exit("phys.py: no reading of all frames is recorded")
    extents = [(int(str(at), 0) // 8, size // 8) for at, size in op["extents"]]
    base = min(at for at, _ in extents)
    words = array.array("Q", bytes(8 * (max(at + n for at, n in extents) - base)))
    with open(os.path.join(directory, op["file"]), "rb") as f:
        for at, n in extents:  # what was read twice is what it was the second time
            one = array.array("Q")
            one.frombytes(f.read(8 * n))
            words[at - base:at - base + n] = one
    return base, words


def by_bit(counts):
    bits = collections.Counter()
    for word, n in counts.items():
        for bit in range(64):
            if word >> bit & 1:
                bits[bit] += n
    return bits


def reported_flags(phys):
    return {f["bit"]: f["frames"] for f in phys["flags"] if f["frames"]}


def check_words(phys, directory):
    base, words = recorded_words(directory)
    first, last = (int(phys["raster"][k], 16) for k in ("first_pfn", "last_pfn"))
    cell_frames = phys["raster"]["cell_frames"]
    cells = collections.defaultdict(collections.Counter)
    mapped, head, flags = collections.Counter(), 0, collections.Counter()
    for i, word in enumerate(words):
        pfn = base + i
        if word & KPF["head"]:
            head = word
        if not first <= pfn <= last:
            continue
        name = class_of(word, head)
        flags[word] += 1
        cells[pfn // cell_frames][name] += 1
        if name in USER and word & KPF["mmap"]:
            mapped[pfn // cell_frames] += 1
    cells = {k: c for k, c in cells.items() if set(c) != {"nopage"}}
    check("flags", reported_flags(phys), dict(by_bit(flags)))
    check("frames looked at", phys["raster"]["looked_frames"], sum(flags.values()))
    check("cells", [int(c["first_pfn"], 16) // cell_frames for c in phys["cells"]], sorted(cells))
    for c in phys["cells"]:
        key = int(c["first_pfn"], 16) // cell_frames
        mine = cells.get(key, {})
        check(f"cell {c['first_pfn']}", {x["class"]: x["frames"] for x in c["classes"]}, dict(mine))
        check(f"cell {c['first_pfn']} mapped", c["mapped_frames"], mapped[key])
        strong = any(mine.get(s) for s in STRONG)
        check(f"cell {c['first_pfn']} mixed", c["mixed"], bool(mapped[key] and strong))
        most = max(n for name, n in mine.items() if name != "nopage")
        check(f"cell {c['first_pfn']} class", mine[c["class"]], most)
    check_sums(phys)
    print(f"{sum(flags.values())} frames, {len(cells)} cells, {len(by_bit(flags))} flags compared")


def check_sums(phys):
    total = collections.Counter()
    for c in phys["cells"]:
        check(f"cell {c['first_pfn']} adds up", sum(x["frames"] for x in c["classes"]), c["frames"])
        for x in c["classes"]:
            total[x["class"]] += x["frames"]
    for c in phys["classes"]:
        if c["class"] != "nopage":
            check(f"class {c['class']}", c["frames"], total[c["class"]])
    frames = sum(n for name, n in total.items() if name != "nopage")
    check("memory", phys["raster"]["frames"], frames)
    outside = phys["raster"]["outside_zones"]
    for level in ("nodes", "zones"):
        check(f"memory of {level}", sum(z["frames"] for z in phys[level]) + outside, frames)
        for z in phys[level]:
            check(f"{level} add up", sum(x["frames"] for x in z["classes"]), z["frames"])


def page_types(path):
    bits = collections.Counter()
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if not words or not words[0].startswith("0x"):
                continue
            for bit in range(64):
                if int(words[0], 16) >> bit & 1:
                    bits[OVERLOADED.get(bit, bit)] += int(words[1])
    if not bits:
        sys.exit(f"phys.py: {path} holds no flags")
    return dict(bits)


def check_between(mine, before, after):
    """What was counted in between lies between, but for the programs' own pages."""
    for bit in sorted(set(mine) | set(before) | set(after)):
        m, b, a = (x.get(bit, 0) for x in (mine, before, after))
        if not min(a, b) - SLACK <= m <= max(a, b) + SLACK:
            failed.append(f"flag {bit}: {m}, before {b}, after {a}")
    off = max(abs(mine.get(k, 0) - before.get(k, 0)) for k in set(mine) | set(before))
    print(f"{len(mine)} flags; the furthest from the look before is {off} frames off")


def check_types(phys, paths):
    mine, others = reported_flags(phys), [page_types(p) for p in paths]
    if len(others) == 2:
        check_between(mine, *others)
        return
    check("flags", mine, others[0])
    print(f"{len(mine)} flags are equal, {sum(mine.values())} bits in all")


def count():
    words = collections.Counter()
    with open("/proc/kpageflags", "rb", buffering=0) as f:
        while data := f.read(1 << 20):
            words.update(array.array("Q", data))
    print(json.dumps(by_bit(words)))


def frames_of(pid):
    found, page = set(), os.sysconf("SC_PAGE_SIZE")
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps, \
            open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for line in maps:
            start, end = (int(x, 16) // page for x in line.split()[0].split("-"))
            if start >= 1 << 47:
                continue
            data = os.pread(pagemap.fileno(), (end - start) * 8, start * 8)
            for (word,) in struct.iter_unpack("<Q", data):
                if word >> 63 and word & (1 << 55) - 1:
                    found.add(word & (1 << 55) - 1)
    return found


def check_selected(phys, pid):
    frames = frames_of(pid)
    cells, size = collections.Counter(), phys["raster"]["cell_frames"]
    for pfn in frames:
        cells[pfn // size] += 1
    mine = {int(c["first_pfn"], 16) // size: c["selected_frames"] for c in phys["cells"]}
    check("frames in cells", {k: n for k, n in mine.items() if n}, dict(cells))
    process = next(p for p in phys["processes"] if p["pid"] == pid)
    check("frames", process["frames"], len(frames))
    check("stretches", process["stretches"], sum(pfn - 1 not in frames for pfn in frames))
    check("cells", process["cells"], len(cells))
    check("selected cells", phys["raster"]["selected_cells"], len(cells))
    check("frames of places", sum(p["frames"] for p in process["places"]), len(frames))
    block = next(t["bytes"] // t["blocks"] for t in phys["block_types"] if t["blocks"]) // 4096
    check("blocks", process["blocks"], len({pfn // block for pfn in frames}))
    print(f"{len(frames)} frames in {len(cells)} cells compared")


def check_svg(phys, path, text):
    ns = "{http://www.w3.org/2000/svg}"
    root = ET.parse(path).getroot()
    check("root", root.tag, ns + "svg")
    check("role", root.get("role"), "img")
    for name in ("title", "desc"):
        check(name, bool((root.findtext(ns + name) or "").strip()), True)
    named = set((root.get("aria-labelledby") or "").split())
    check("names", named, {e.get("id") for e in (root.find(ns + "title"), root.find(ns + "desc"))})
    titles = [g.findtext(ns + "title") for g in root.iter(ns + "g")]
    check("cells", [t.split("-")[0] for t in titles], [c["first_pfn"] for c in phys["cells"]])
    for t, c in zip(titles, phys["cells"]):
        want = {x["class"]: x["frames"] for x in c["classes"] if x["class"] != "nopage"}
        got = dict(re.findall(r", ([a-z-]+) (\d+)", t.split(";")[0]))
        check(f"cell {c['first_pfn']}", {k: int(v) for k, v in got.items()}, want)
    bars = sum(g.find(ns + "path") is not None for g in root.iter(ns + "g"))
    check("bars", bars, sum(c["mixed"] for c in phys["cells"]))
    chosen = sum(g.find(ns + "rect").get("class") == "s" for g in root.iter(ns + "g"))
    check("frames", chosen, sum(bool(c["selected_frames"]) for c in phys["cells"]))
    letters = "".join(g.findtext(ns + "text") for g in root.iter(ns + "g"))
    if text:
        with open(text, encoding="utf-8") as f:
            lines = f.read().split("\n\n")[0].splitlines()
        drawn = "".join(line.split(" ", 1)[1] for line in lines if line.startswith("0x"))
        check("letters of the text", drawn.replace(" ", ""), letters)
        check("width", max(map(len, lines)) <= 80, True)
    print(f"{len(titles)} cells compared")


def main():
    what, words = sys.argv[1], sys.argv[2:]
    if what == "count":
        count()
        return 0
    if what == "unpack":
        with open(words[1], "wb") as f:
            recorded_words(words[0])[1].tofile(f)
        return 0
    phys = load(words[0])
    if what == "words":
        check_words(phys, words[1])
    elif what == "types":
        check_types(phys, words[1:])
    elif what == "live":
        check_between(reported_flags(phys),
                      *({int(k): v for k, v in load(p).items()} for p in words[1:]))
        check_sums(phys)
    elif what == "selected":
        check_selected(phys, int(words[1]))
    elif what == "svg":
        check_svg(phys, words[1], words[2] if len(words) > 2 else None)
    for line in failed[:30]:
        print(line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
