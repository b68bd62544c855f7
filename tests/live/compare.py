#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what safevma says of a process with what the independent reader says.

    safevma maps -J -p PID >maps.json; safevma frames -J -p PID >frames.json
    reader.py PID >reader.json
    compare.py [OPTION...] maps.json frames.json reader.json [later.json]

later.json is the reader's word from after the tool had run, when reader.json is from before it: what
differs between the two is left out, and little else can then differ on a busy machine.

    --tolerance PERCENT   pages that may have changed between the readings (2)
    --neighbours PERCENT  neighbours that may differ: others allocate and free all the time (5);
                          five times that where a frame was free for one of the two
    --show N              differences to print of each kind (10)

Page by page: the runs of the tool are expanded. VMA by VMA: the totals, and smaps' Rss. Pages that
the reader saw change are left out, and with them the totals of their VMAs. More of them, or more that
the tool reports as changed, than the tolerance is a failure of its own: little was compared then.
How often a page of a file is mapped is not compared: other processes come
and go.
Prints TAP; exit status 0 when all agree, 1 when not, 2 when an input is not what it should be.
"""
import argparse
import json
import sys


def number(text):
    return None if text is None else text if isinstance(text, int) else int(text, 16)


class Tap:
    def __init__(self, show):
        self.count, self.failed, self.show = 0, 0, show

    def point(self, name, differences, total):
        """One test point: it holds when there is no difference."""
        self.count += 1
        self.failed += bool(differences)
        print(f"{'not ok' if differences else 'ok'} {self.count} - {name} ({total} compared)")
        for line in differences[:self.show]:
            print(f"#   {line}")
        if len(differences) > self.show:
            print(f"#   ... and {len(differences) - self.show} more")

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def process_of(report, pid, name):
    for process in report.get("processes", []):
        if process.get("pid") == pid:
            return process
    sys.exit(f"compare.py: {name}: no process {pid}")


def expand_runs(runs, page_size):
    """Page by page; neighbours only at the ends of a run, where they are its own."""
    pages = {}
    for run in runs:
        vaddr, pfn, count = number(run["vaddr"]), number(run.get("pfn")), run["pages"]
        for i in range(count):
            page = {key: run.get(key) for key in ("class", "exclusive", "mapcount")}
            page["locked"] = run.get("mlocked")  # the flag of the frame, as the reader has it
            page["pfn"] = None if pfn is None else pfn + i
            if i == 0:
                page["below"] = (run.get("below") or {}).get("class")
            if i == count - 1:
                page["above"] = (run.get("above") or {}).get("class")
            if vaddr + i * page_size in pages:
                page["twice"] = True
            pages[vaddr + i * page_size] = page
    return pages


def note_later(reader, later):
    """Flags what a second reading saw otherwise."""
    pages = reader_pages(later)
    for v in reader["vmas"]:
        for p in v["pages"]:
            q = pages.get(number(p["vaddr"]))
            keys = ("present", "pfn", "exclusive", "swapped", "class")
            if q is None or any(p.get(k) != q.get(k) for k in keys):
                p["changed"] = True
                v["changed"] += 1
            elif any(p.get(k) != q.get(k) for k in ("below", "above")):
                p["frame_changed"] = True


def reader_pages(reader):
    return {number(p["vaddr"]): p for v in reader["vmas"] for p in v["pages"]}


def differing(key, ours, theirs, pages):
    """Values of a key that both know and that differ."""
    result, total = [], 0
    for vaddr in pages:
        a, b = ours[vaddr].get(key), theirs[vaddr].get(key)
        if a is None or b is None:
            continue
        total += 1
        if key == "pfn":
            b = number(b)
        if a != b:
            show = hex if key == "pfn" else repr
            result.append(f"{vaddr:#x}: tool {show(a)}, reader {show(b)}")
    return result, total


def steady_count(page):
    return page.get("class") in ("anon", "shmem")


def compare_pages(tap, tool, reader, changed):
    present = {a for a, p in reader.items() if p["present"]} - changed
    ours = {a for a, p in tool.items() if p["class"] is not None or p["pfn"] is not None}
    both = sorted(present & ours)
    twice = [hex(a) for a in tool if tool[a].get("twice")]
    tap.point("no page is in two runs", twice, len(tool))
    tap.point("every present page is in a run",
              [f"{a:#x}: missing, reader {reader[a].get('class')}" for a in sorted(present - ours)],
              len(present))
    stray = [a for a in sorted(ours - present - changed) if tool[a]["pfn"] is not None]
    tap.point("no run holds a page that is not present", [f"{a:#x}: {tool[a]}" for a in stray],
              len(ours))
    for key in ("pfn", "class", "exclusive", "locked", "mapcount"):
        pages = [a for a in both if steady_count(reader[a])] if key == "mapcount" else both
        if key == "exclusive":  # of files only when as many mapped the page for both of us
            pages = [a for a in both if tool[a]["class"] != "file"
                     or tool[a]["mapcount"] == reader[a].get("mapcount")]
        differences, total = differing(key, tool, reader, pages)
        if total:
            tap.point(f"{key} of each page", differences, total)
        else:
            tap.skip(f"{key} of each page", "one side does not know it")
    return both


def compare_neighbours(tap, tool, reader, pages, percent):
    """Frames that were free for one of the two are in use by the other, likely as its own memory."""
    strict, moving, total = [], [], 0
    pages = [a for a in pages if not reader[a].get("frame_changed")]
    for key in ("below", "above"):
        found, count = differing(key, tool, reader, pages)
        total += count
        for line in found:
            free = "'free'" in line or "'unclassified'" in line
            (moving if free else strict).append(f"{key} {line}")
    for name, lines, limit in (("classes of neighbours in use", strict, percent),
                               ("classes of neighbours that were free", moving, percent * 5)):
        if len(lines) * 100 <= total * limit:
            for line in lines[:tap.show]:
                print(f"#   (within the tolerance) {line}")
            lines = []
        tap.point(name, lines, total)


# Member of the tool's VMA, and the reader's number of bytes.
TOTALS = (
    ("size_bytes", lambda v, page: number(v["end"]) - number(v["start"])),
    ("resident_bytes", lambda v, page: v["present"] * page),
    ("swapped_bytes", lambda v, page: v["swapped"] * page),
    ("zero_bytes", lambda v, page: v["zero"] * page),
    ("exclusive_bytes", lambda v, page: v["exclusive"] * page),
    ("absent_bytes", lambda v, page: number(v["end"]) - number(v["start"])
     - (v["present"] + v["swapped"]) * page),
)


def compare_totals(tap, vmas, reader, page):
    for member, total_of in TOTALS:
        differences, total = [], 0
        for v in reader:
            ours = vmas.get(number(v["start"]), {}).get(member)
            if ours is None or not v["readable"] and member != "size_bytes":
                continue
            if member == "exclusive_bytes" and v.get("path", "").startswith("/"):
                continue  # whoever maps the file changes it: compared page by page
            total += 1
            if ours != total_of(v, page):
                differences.append(f"{v['start']} {v['path']}: tool {ours}, reader "
                                   f"{total_of(v, page)}")
        if total:
            tap.point(f"{member} of each VMA", differences, total)
        else:
            tap.skip(f"{member} of each VMA", "the tool does not say")


def rss_of(v, page):
    """smaps leaves out the zero page, huge pages of the pool and what is no page of a file."""
    pages = [p for p in v["pages"] if p["present"] and p.get("class") not in ("zero", "hugetlb")]
    return len(pages) * page


def compare_rss(tap, vmas, reader, page):
    differences, total = [], 0
    for v in reader:
        rss = v["smaps"].get("Rss")
        ours = vmas.get(number(v["start"]), {})
        if rss is None or not v["readable"] or ours.get("resident_bytes") is None:
            continue
        total += 1
        expected = ours["resident_bytes"] - (ours.get("zero_bytes") or 0)
        hugetlb = any(p.get("class") == "hugetlb" for p in v["pages"])
        if not hugetlb and expected != rss:
            differences.append(f"{v['start']} {v['path']}: tool {expected}, smaps {rss}, reader "
                               f"{rss_of(v, page)}")
    tap.point("resident less zero pages is the Rss of smaps", differences, total)


def compare_vmas(tap, tool, reader):
    ours = {(number(v["start"]), number(v["end"]), v["perms"]) for v in tool}
    theirs = {(number(v["start"]), number(v["end"]), v["perms"]) for v in reader}
    lines = [f"tool alone: {a:#x}-{b:#x} {p}" for a, b, p in sorted(ours - theirs)]
    lines += [f"reader alone: {a:#x}-{b:#x} {p}" for a, b, p in sorted(theirs - ours)]
    tap.point("the same VMAs", lines, len(theirs))


def compare_secretmem(tap, vmas, reader):
    """Told by its file system: a deleted file can bear the name."""
    lines, total = [], 0
    for v in reader:
        kind = vmas.get(number(v["start"]), {}).get("kind")
        if kind is None or v.get("secretmem") is None:
            continue
        total += 1
        if (kind == "secretmem") != v["secretmem"]:
            lines.append(f"{v['start']} {v['path']}: tool {kind}, reader {v['secretmem']}")
    tap.point("secretmem told by its file system", lines, total)


def compare(args, maps, frames, reader):
    tap, page = Tap(args.show), reader["page_size"]
    vmas = process_of(maps, reader["pid"], args.maps)["vmas"]
    tool = expand_runs(process_of(frames, reader["pid"], args.frames).get("runs", []), page)
    theirs = reader_pages(reader)
    changed = {a for a, p in theirs.items() if p["changed"]}
    total = max(1, len(theirs))
    reported = max((r.get("coverage") or {}).get("changed") or 0 for r in (maps, frames))
    print("TAP version 13")
    unsteady = max(len(changed), reported, reader["vmas_changed"])
    tap.point("the process held still",
              [f"{len(changed)} pages changed, the tool says {reported}, "
               f"{reader['vmas_changed']} VMAs"] if unsteady * 100 > total * args.tolerance else [],
              total)
    steady = [v for v in reader["vmas"] if not v["changed"]]
    compare_vmas(tap, vmas, reader["vmas"])
    by_start = {number(v["start"]): v for v in vmas}
    compare_totals(tap, by_start, steady, page)
    compare_rss(tap, by_start, steady, page)
    compare_secretmem(tap, by_start, reader["vmas"])
    both = compare_pages(tap, tool, theirs, changed)
    compare_neighbours(tap, tool, theirs, both, args.neighbours)
    return tap.end()


def load(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError) as e:
        print(f"compare.py: {path}: {e}", file=sys.stderr)
        sys.exit(2)


def main():
    parser = argparse.ArgumentParser(description="compares safevma with the independent reader")
    parser.add_argument("--tolerance", type=float, default=2, metavar="PERCENT")
    parser.add_argument("--neighbours", type=float, default=5, metavar="PERCENT")
    parser.add_argument("--show", type=int, default=10, metavar="N")
    parser.add_argument("maps")
    parser.add_argument("frames")
    parser.add_argument("reader")
    parser.add_argument("later", nargs="?")
    args = parser.parse_args()
    reader = load(args.reader)
    if args.later:
        note_later(reader, load(args.later))
    sys.exit(compare(args, load(args.maps), load(args.frames), reader))


if __name__ == "__main__":
    main()
