#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks a report against what the victim knows of its own memory.

    victim >victim.jsonl &
    truth.py victim.jsonl --reader reader.json
    truth.py victim.jsonl --tool maps.json frames.json

The tool's reports may be those of a replayed recording (tests/vm). For each region of the victim:
the pages that it touched are there with the class that their making implies, those that it never
touched are not, guard pages are not taken for memory, and exclusive and locked pages are as made.
PFNs are compared where the victim could see its own; a locked page may migrate, which is reported
and no failure. Prints TAP; exit status 0 or 1.
"""
import argparse
import json
import sys

from compare import Tap, expand_runs, load, number, reader_pages


def read_lines(path):
    """Regions, and the number of the process."""
    regions, pid = [], None
    with open(path, encoding="utf-8") as f:
        for line in f:
            if not line.startswith("{"):
                continue
            item = json.loads(line)
            pid = item.get("pid", pid)
            if "name" in item:
                regions.append(item)
    return regions, pid


def from_tool(maps, frames, pid):
    """Pages as the tool sees them; a recording made elsewhere holds the same number."""
    page = maps["host"]["page_size"]
    runs = [p for p in frames["processes"] if p["pid"] == pid][0].get("runs", [])
    vmas = [p for p in maps["processes"] if p["pid"] == pid][0]["vmas"]
    pages = expand_runs(runs, page)
    return {a: p for a, p in pages.items() if p["pfn"] is not None or p["class"] is not None}, vmas


def from_reader(reader):
    pages = {a: p for a, p in reader_pages(reader).items() if p["present"]}
    return {a: dict(p, pfn=number(p["pfn"])) for a, p in pages.items()}, reader["vmas"]


def vma_lines(region, vmas):
    """A region is one VMA, unless it says of how many it is made."""
    start, end = number(region["start"]), number(region["end"])
    inside = [v for v in vmas if number(v["start"]) >= start and number(v["end"]) <= end]
    covered = sum(number(v["end"]) - number(v["start"]) for v in inside)
    if len(inside) == region.get("vmas", 1) and covered == end - start:
        return []
    return [f"{len(inside)} VMAs with {covered} bytes, made as {region.get('vmas', 1)}"]


def secret_lines(region, vmas):
    """Secretmem is called so, and what only bears its name is not."""
    made = region["kind"] == "secretmem"
    for v in vmas:
        said = v["kind"] == "secretmem" if "kind" in v else v.get("secretmem")
        if number(v["start"]) == number(region["start"]) and said not in (None, made):
            return [f"made as {region['kind']}, reported as {'' if said else 'no '}secretmem"]
    return []


def touched_pages(region):
    """Numbers of the pages, counted from the start; None when the victim does not say."""
    if "touched" in region:
        start = number(region["start"])
        return {(number(a) - start) // region["page_size"] for a in region["touched"]}
    return set(region["touched_pages"]) if "touched_pages" in region else None


def check_presence(region, mine):
    lines, touched = [], touched_pages(region)
    if touched is None:
        return []
    for i in sorted(touched - mine.keys()):
        lines.append(f"page {i}: touched, and not in the report")
    # The kernel may give a whole huge page for one byte, and huge folios of files around a fault.
    if region["kind"] != "file" and not region.get("huge_bytes"):
        for i in sorted(mine.keys() - touched):
            lines.append(f"page {i}: never touched, and in the report")
    for i in sorted(set(region.get("guard_pages", [])) & mine.keys()):
        lines.append(f"page {i}: a guard page, and in the report")
    return lines


def check_pages(region, mine):
    lines, own = [], region.get("present_pages")
    for i, page in sorted(mine.items()):
        if page.get("class") not in (None, region.get("class", page.get("class"))):
            lines.append(f"page {i}: made {region['class']}, reported {page['class']}")
        if own and page.get("exclusive") is not None and region.get("class") != "file":
            if page["exclusive"] != (i in region["exclusive_pages"]):
                lines.append(f"page {i}: reported exclusive={page['exclusive']}")
        if page.get("locked") is False and region["mlocked"] and region.get("class") != "zero":
            lines.append(f"page {i}: locked, and reported unlocked")
        if page.get("locked") and not region["mlocked"] and region.get("class") == "anon":
            lines.append(f"page {i}: never locked, and reported locked")
    return lines


def moved(region, mine):
    if not region.get("pfns"):
        return 0
    own = dict(zip(region["present_pages"], region["pfns"]))
    return sum(p["pfn"] != number(own[i]) for i, p in mine.items()
               if i in own and p["pfn"] is not None)


def check_region(tap, region, pages, vmas):
    name = region["name"]
    if "skipped" in region:
        tap.skip(name, region["skipped"])
        return
    if "start" not in region:
        return
    start, end, size = number(region["start"]), number(region["end"]), region["page_size"]
    mine = {(a - start) // size: p for a, p in pages.items() if start <= a < end}
    lines = vma_lines(region, vmas) + secret_lines(region, vmas)
    lines += check_presence(region, mine) + check_pages(region, mine)
    if moved(region, mine):
        print(f"# {name}: {moved(region, mine)} pages moved to other frames")
    tap.point(name, lines, (end - start) // size)


def main():
    parser = argparse.ArgumentParser(description="checks a report against the victim's knowledge")
    parser.add_argument("victim")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--reader", metavar="READER")
    source.add_argument("--tool", nargs=2, metavar=("MAPS", "FRAMES"))
    args = parser.parse_args()
    regions, pid = read_lines(args.victim)
    if args.reader:
        pages, vmas = from_reader(load(args.reader))
    else:
        pages, vmas = from_tool(load(args.tool[0]), load(args.tool[1]), pid)
    print("TAP version 13")
    tap = Tap(10)
    for region in regions:
        check_region(tap, region, pages, vmas)
    sys.exit(tap.end())


if __name__ == "__main__":
    main()
