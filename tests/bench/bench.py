#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench.py BUILD: what safevma costs, against what the same readings cost without it.

Every figure is a ratio within this run. Conditions take turns, round by round, and a ratio is made
of two measurements of one round; its median and an interval of it (95 %) are shown. Programs run
where the scheduler puts them, for on a machine with other work one that is tied to a CPU just waits.
The part about disturbance alone ties the victim and the observers to CPUs of their own: what the
victim waits for is then the kernel's locks and not a CPU.

  BENCH=PARTS       a frames of 2 GiB      s the same, frames scattered    b adjacency of all
                    c 16 TiB reserved      d 60000 mappings                e disturbance
                    m memory against the size of the machine    w watch    (all of them)
  BENCH_REPEAT=N    rounds (11)            BENCH_BLOCKS=N   blocks of each condition of e (20)
  BENCH_MS=N        length of a block (1000)
  BENCH_GUEST=0     e without the guest that has an older kernel
  BENCH_OUT=F       all that was measured (BUILD/bench/bench.json)
  BENCH_HISTORY=F   figures of earlier runs (~/.cache/safevma-bench/history.ndjson)

Targets are met or not; only what fails to run makes this fail."""
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile

import stats

HERE = os.path.dirname(os.path.realpath(__file__))
BUDGET_BYTES = 16 << 20
BUDGET_FRAME_BYTES = 32
BUDGET_RASTER = 24 << 20
TIB_FRAMES = 1 << 28
RECENT = 5
KEPT = ("median", "low", "high", "n")


class Bench:
    """Settings, results, and what was skipped and why."""

    def __init__(self, build):
        self.build = build
        self.dir = os.path.join(build, "bench")
        self.tool = os.path.join(build, "safevma")
        self.parts = os.environ.get("BENCH", "").split() or list("asbcdem")
        self.out = os.environ.get("BENCH_OUT") or os.path.join(self.dir, "bench.json")
        self.repeat = int(os.environ.get("BENCH_REPEAT", "11"))
        self.blocks = int(os.environ.get("BENCH_BLOCKS", "20"))
        self.ms = int(os.environ.get("BENCH_MS", "1000"))
        self.guest = os.environ.get("BENCH_GUEST", "1") != "0"
        self.results = []
        self.raw = {}
        self.skipped = []
        self.failed = []

    def program(self, name):
        return os.path.join(self.dir, name)

    def add(self, key, what, summary, target=None, unit="ratio"):
        """target: (sign, bound), or None where there is none."""
        met = None
        if target and summary:
            value = summary["median"]
            met = value <= target[1] if target[0] == "<=" else value >= target[1]
        self.results.append(
            {
                "key": key,
                "what": what,
                "unit": unit,
                "value": summary,
                "target": " ".join(map(str, target)) if target else None,
                "met": met,
            }
        )

    def skip(self, what, why):
        self.skipped.append({"what": what, "why": why})

    def measure(self, command, output="/dev/null", look=False):
        """One run; a dictionary as measure.c prints it."""
        words = [self.program("measure")] + ["-m"] * look + [output] + command
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        said = json.loads(done.stdout)
        if said["status"] not in (0, 3):
            why = done.stderr.decode(errors="replace").strip().splitlines()
            self.failed.append(f"{' '.join(command)}: status {said['status']}: {why[-1:]}")
        return said

    def rounds(self, part, commands, repeat=None):
        """{name: [measurement, ...]}; a round before the first is not counted."""
        names = list(commands)
        ret = {name: [] for name in names}
        for number in range((repeat or self.repeat) + 1):
            for k in range(len(names)):
                name = names[(k + number) % len(names)]
                said = self.measure(commands[name])
                if number:
                    ret[name].append(said)
            progress(f"{part}: round {number}")
        self.raw[part] = ret
        return ret

    def compare(self, part, rounds, name, other, target=None):
        """Two conditions: times, and CPU times, which other work disturbs less."""

        def of(which, what):
            return [m[what] for m in rounds[which]]

        wall = stats.ratios(of(name, "wall_ns"), of(other, "wall_ns"))
        cpu = stats.ratios(of(name, "cpu_us"), of(other, "cpu_us"))
        self.add(f"{part}:{name}/{other}", f"{name} / {other}", stats.summary(wall), target)
        self.results[-1]["cpu"] = stats.summary(cpu)

    def peak(self, part, name, command, frames, output="/dev/null"):
        """Peak memory of the command and its opener in a run of its own, against the budget."""
        said = self.measure(command, output, look=True)
        peak = (said["max_rss_kb"] + said["helper_rss_kb"]) * 1024
        budget = BUDGET_BYTES + BUDGET_FRAME_BYTES * frames
        one = {"median": peak / budget, "low": None, "high": None, "coverage": None, "n": 1}
        self.add(
            f"{part}:peak {name}",
            f"peak memory of {name}, {mib(peak)} / {mib(budget)}",
            one,
            ("<=", 1),
        )
        self.results[-1]["peak_bytes"] = peak
        self.results[-1]["budget_bytes"] = budget
        self.results[-1]["helper_bytes"] = said["helper_rss_kb"] * 1024
        return peak

    def floor(self, *words):
        """What the floor read, as numbers."""
        done = subprocess.run(
            [self.program("floor"), *words], stdout=subprocess.PIPE, check=True, text=True
        )
        return {key: int(value) for key, value in (s.split() for s in done.stdout.splitlines())}


class Holder:
    """Memory that is held while this is entered."""

    def __init__(self, bench, *words):
        self.words = [bench.program("holder"), *words]

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline().split()
        if not said:
            raise RuntimeError(f"{' '.join(self.words)} failed")
        return said[1]

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def mib(size):
    return f"{size / (1 << 20):.1f} MiB"


# ---- the parts -----------------------------------------------------------------------------------


def frames_commands(bench, pid):
    ret = {
        "floor": [bench.program("floor"), "frames", pid],
        "floor again": [bench.program("floor"), "frames", pid, "again"],
        "text": [bench.tool, "frames", "-p", pid],
        "json": [bench.tool, "frames", "-p", pid, "--json"],
        "ndjson": [bench.tool, "frames", "-p", pid, "--ndjson"],
        "no tables": [bench.tool, "frames", "-p", pid, "--ndjson", "--page-tables=none"],
    }
    types = bench.program("page-types")
    if os.path.exists(types):
        ret["page-types"] = [types, "-p", pid]
        ret["page-types -lCM"] = [types, "-p", pid, "-l", "-C", "-M", "-N"]
        ret["page-types -LCM"] = [types, "-p", pid, "-L", "-C", "-M", "-N"]
    else:
        bench.skip("frames against page-types", bench.why_no_page_types)
    return ret


def part_a(bench):
    """2 GiB in base pages. page-types -p reads no kpagecount and no kpagecgroup; with -C and -M it
    reads the words that safevma reads."""
    with Holder(bench, "resident", "2048") as pid:
        commands = frames_commands(bench, pid)
        rounds = bench.rounds("a", commands)
        frames = bench.floor("frames", pid)["pages"]
        for name in ("text", "json", "ndjson", "no tables"):
            target = None if name == "no tables" else ("<=", 1.3)
            bench.compare("a", rounds, name, "floor again", target)
            bench.compare("a", rounds, name, "floor")
        for name in ("text", "ndjson"):
            for types in ("page-types -lCM", "page-types -LCM", "page-types"):
                if types in rounds:
                    bench.compare("a", rounds, types, name, (">=", 1.5))
        if "page-types" in rounds:
            bench.compare("a", rounds, "page-types", "floor again")
        for name in ("text", "ndjson"):
            bench.peak("a", f"frames {name}", commands[name], frames)


def part_s(bench):
    """Hardly two pages that follow each other: a row of output a page, and so few rounds."""
    with Holder(bench, "resident", "2048", "shuffled") as pid:
        commands = frames_commands(bench, pid)
        few = {name: commands[name] for name in ("floor again", "text", "ndjson")}
        rounds = bench.rounds("s", few, min(bench.repeat, 3))
        frames = bench.floor("frames", pid)["pages"]
        for name in ("text", "ndjson"):
            bench.compare("s", rounds, name, "floor again")
            bench.peak("s", f"frames {name}, scattered", few[name], frames)


def part_b(bench):
    with Holder(bench, "resident", "512"):
        commands = {
            "floor": [bench.program("floor"), "adjacency"],
            "text": [bench.tool, "adjacency", "--all"],
            "ndjson": [bench.tool, "adjacency", "--all", "--ndjson"],
        }
        rounds = bench.rounds("b", commands)
        frames = bench.floor("adjacency")["pages"]
        for name in ("text", "ndjson"):
            bench.compare("b", rounds, name, "floor", ("<=", 1.3))
            bench.peak("b", f"adjacency {name}", commands[name], frames)


def part_c(bench):
    with Holder(bench, "sparse", "16", "1000") as pid:
        commands = {
            "floor": [bench.program("floor"), "pagemap", pid],
            "frames": [bench.tool, "frames", "-p", pid],
        }
        rounds = bench.rounds("c", commands)
        bench.compare("c", rounds, "frames", "floor", ("<=", 3))
        bench.peak("c", "frames", commands["frames"], bench.floor("pagemap", pid)["pages"])


def starts(lines):
    return [int(line.split("-", 1)[0], 16) for line in lines]


def shown_in_text(path):
    with open(path, encoding="utf-8") as f:
        return [int(w, 16) for w in (s.split()[0] for s in f if s.strip()) if w.startswith("0x")]


def shown_in_json(path):
    with open(path, encoding="utf-8") as f:
        return [int(v["start"], 16) for p in json.load(f)["processes"] for v in p["vmas"]]


def every_mapping(bench, pid, commands):
    """Each mapping once and in order, in both outputs."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as f:
        true = starts(f)
    for name, shown in (("text", shown_in_text), ("json", shown_in_json)):
        with tempfile.NamedTemporaryFile() as f:
            bench.measure(commands[name], f.name)
            got = shown(f.name)
            size = os.path.getsize(f.name)
        share = len(set(got) & set(true)) / len(true) if got == sorted(set(got)) else 0
        one = {"median": share, "low": None, "high": None, "coverage": None, "n": 1}
        bench.add(f"d:every {name}", f"part of {len(true)} mappings in {name}", one, (">=", 1))
        bench.results[-1]["output_bytes"] = size


def growth(bench, name, peaks, sizes):
    """Bytes of peak memory for each further byte of output."""
    more = (peaks[1] - peaks[0]) / (sizes[1] - sizes[0])
    one = {"median": more, "low": None, "high": None, "coverage": None, "n": 1}
    bench.add(f"d:growth {name}", f"memory for each byte of {name} output", one)


def output_size(bench, command):
    with tempfile.NamedTemporaryFile() as f:
        bench.measure(command, f.name)
        return os.path.getsize(f.name)


def maps_commands(bench, pid):
    return {
        "smaps": [bench.program("floor"), "read", f"/proc/{pid}/smaps"],
        "text": [bench.tool, "maps", "-p", pid],
        "json": [bench.tool, "maps", "-p", pid, "--json"],
    }


def part_d(bench):
    peaks, sizes = {"text": [], "json": []}, {"text": [], "json": []}
    for count in ("6000", "60000"):
        with Holder(bench, "vmas", count) as pid:
            commands = maps_commands(bench, pid)
            if count == "60000":
                rounds = bench.rounds("d", commands)
                every_mapping(bench, pid, commands)
            frames = bench.floor("pagemap", pid)["pages"]
            for name in ("text", "json"):
                if count == "60000":
                    bench.compare("d", rounds, name, "smaps", ("<=", 3))
                what = f"maps {name} of {count}"
                peaks[name].append(bench.peak("d", what, commands[name], frames))
                sizes[name].append(output_size(bench, commands[name]))
    for name in ("text", "json"):
        growth(bench, name, peaks[name], sizes[name])


def blocks_of(lines):
    """{condition: [block, ...]}, in order."""
    ret = {}
    for line in lines:
        block = json.loads(line)
        ret.setdefault(block["condition"], []).append(block)
    return ret


CALLS = (("mmap", "p50"), ("mmap", "p99"), ("mmap", "p999"), ("munmap", "p999"), ("fault", "p999"))
NAMES = {"mmap": "mmap()", "munmap": "munmap()", "fault": "first touch"}


def blocked_ns(block):
    """How long the victim slept, which it does for locks alone. That it got no CPU is not counted:
    what else runs on this machine lands beside the victim while an observer has the other CPU."""
    return max(block["wall_ns"] - block["cpu_ns"] - block["delay_ns"], 0)


def judge_blocked(bench, where, blocks, condition):
    """Of the time, and for each run of the observer: one that is done sooner may hurt more while it
    lasts, and less in all."""
    parts = [blocked_ns(b) / b["wall_ns"] for b in blocks[condition]]
    key = f"{where}:blocked {condition}"
    bench.add(key, f"part of its time that {condition} blocks the victim", stats.summary(parts))
    runs = sum(b["runs"] for b in blocks[condition])
    if runs:
        each = sum(map(blocked_ns, blocks[condition])) / runs / 1e6
        one = {"median": each, "low": None, "high": None, "coverage": None, "n": 1}
        key = f"{where}:blocked by a run of {condition}"
        bench.add(key, f"ms that one run of {condition} blocks the victim", one, unit="ms")


def judge_pooled(bench, where, blocks, condition, other, target=None):
    """Of all blocks together: a block of a second holds few of the thousandth part that is looked
    at, and a disturbance that comes in bursts lies in some blocks and not in others."""

    def of(which):
        return [dict(b["mmap"]["buckets"]) for b in blocks[which]]

    ratio = stats.pooled_ratio(of(condition), of(other), 0.999)
    key = f"{where}:mmap p999 of all {condition}/{other}"
    bench.add(key, f"mmap() p999 of all blocks, {condition} / {other}", ratio, target)


def judge_disturbance(bench, where, blocks):
    def of(condition, call, figure):
        return [b[call][figure] for b in blocks[condition]]

    for condition in [c for c in blocks if c != "alone"]:
        judge_blocked(bench, where, blocks, condition)
        for call, figure in CALLS:
            pairs = stats.ratios(of(condition, call, figure), of("alone", call, figure))
            bench.add(
                f"{where}:{call} {figure} {condition}/alone",
                f"{NAMES[call]} {figure} under {condition} / alone",
                stats.summary(pairs),
            )
        judge_pooled(bench, where, blocks, condition, "alone")
    if "page-types" in blocks:
        judge_pooled(bench, where, blocks, "frames", "page-types", ("<=", 0.25))
        pairs = stats.ratios(of("frames", "mmap", "p999"), of("page-types", "mmap", "p999"))
        key = f"{where}:mmap p999 frames/page-types"
        what = "mmap() p999 block by block, frames / page-types"
        bench.add(key, what, stats.summary(pairs), ("<=", 0.25))
    bench.raw[where] = blocks


def part_e(bench):
    types = bench.program("page-types")
    command = [bench.program("disturb"), "--blocks", str(bench.blocks), "--ms", str(bench.ms)]
    if (os.cpu_count() or 1) > 1:
        command += ["--victim", "1", "--reader", "0"]
    command += ["--", "alone", "--", "frames", bench.tool, "frames", "-p", "@", "--", "smaps"]
    if os.path.exists(types):
        command += ["--", "page-types", types, "-p", "@"]
    else:
        bench.skip("disturbance by page-types", bench.why_no_page_types)
    progress(f"e: {bench.blocks} blocks of each condition")
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    judge_disturbance(bench, "e", blocks_of(done.stdout.splitlines()))
    part_e_guest(bench)


def part_w(bench):
    """Watching once a second: looks fall into the blocks as they come."""
    watch = [bench.tool, "watch"]
    command = [bench.program("disturb"), "--blocks", str(bench.blocks), "--ms", str(bench.ms)]
    if (os.cpu_count() or 1) > 1:
        command += ["--victim", "1", "--reader", "0"]
    command += ["--", "alone", "--", "watch", *watch, "-p", "@", "--json"]
    progress(f"w: {bench.blocks} blocks of each condition")
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    blocks = blocks_of(done.stdout.splitlines())
    judge_blocked(bench, "w", blocks, "watch")
    judge_pooled(bench, "w", blocks, "watch", "alone")
    for call, figure in CALLS:
        of = {c: [b[call][figure] for b in blocks[c]] for c in ("watch", "alone")}
        bench.add(
            f"w:{call} {figure} watch/alone",
            f"{NAMES[call]} {figure} under watch / alone",
            stats.summary(stats.ratios(of["watch"], of["alone"])),
            ("<=", 1.1) if (call, figure) == ("mmap", "p999") else None,
        )
    bench.raw["w"] = blocks
    with Holder(bench, "vmas", "2000") as pid:
        done = subprocess.run(
            [*watch, "-p", str(pid), "--json", "--duration", "4"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    looks = json.loads(done.stdout)["looks"]
    for member, what, unit in (
        ("lock_reads", "reads with a lock of one look", "reads"),
        ("pages", "entries of page tables of one look", "pages"),
        ("longest_read_us", "longest read with a lock of one look", "us"),
    ):
        values = stats.summary([look["cost"][member] for look in looks])
        bench.add(f"w:{member}", f"{what} at 2000 mappings", values, unit=unit)


def part_e_guest(bench):
    if not bench.guest:
        bench.skip("disturbance in a guest", "BENCH_GUEST=0")
        return
    progress("e: the guest")
    done = subprocess.run(
        [os.path.join(HERE, "guest.sh"), bench.build, str(bench.blocks), str(bench.ms)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["?"])[-1]
        bench.skip("disturbance in a guest", why)
        if done.returncode != 77:
            bench.failed.append(f"guest.sh: {why}")
        return
    judge_disturbance(bench, "e-guest", blocks_of(done.stdout.splitlines()))


def part_m(bench):
    """The same recording of a small machine and of one with 1 TiB."""
    with tempfile.TemporaryDirectory(dir=bench.dir) as work:
        small, large = os.path.join(work, "small"), os.path.join(work, "large")
        command = [bench.tool, "adjacency", "--all"]
        bench.measure(command + ["--record", small])
        words = [sys.executable, os.path.join(HERE, "recording.py"), small, large, str(TIB_FRAMES)]
        subprocess.run(words, check=True)
        frames = bench.floor("adjacency")["pages"]
        of_small = bench.peak("m", "adjacency, as recorded", command + ["--root", small], frames)
        of_large = bench.peak("m", "adjacency, 1 TiB", command + ["--root", large], frames)
        part_m_phys(bench, small, large)
    one = {"median": of_large / of_small, "low": None, "high": None, "coverage": None, "n": 1}
    bench.add("m:1 TiB/as recorded", "peak memory, 1 TiB / as recorded", one, ("<=", 1.1))


def part_m_phys(bench, small, large):
    """The raster: a fixed budget on either machine, and what a machine of 1 TiB takes of time."""
    for what, root in (("as recorded", small), ("1 TiB", large)):
        for name, words in (("phys", []), ("phys --json", ["--json"])):
            said = bench.measure([bench.tool, "phys", *words, "--root", root], look=True)
            peak = (said["max_rss_kb"] + said["helper_rss_kb"]) * 1024
            one = {"low": None, "high": None, "coverage": None, "n": 1}
            bench.add(
                f"m:peak {name}, {what}",
                f"peak memory of {name}, {what}, {mib(peak)} / {mib(BUDGET_RASTER)}",
                {"median": peak / BUDGET_RASTER, **one},
                ("<=", 1),
            )
            key = f"m:time {name}, {what}"
            wall = {"median": said["wall_ns"] / 1e9, **one}
            bench.add(key, f"seconds of {name}, {what}", wall, unit="s")
            bench.results[-1]["cpu"] = {"median": said["cpu_us"] / 1e6, **one}


PARTS = {
    "a": ("frames of 2 GiB in base pages", part_a),
    "s": ("the same, frames scattered", part_s),
    "b": ("adjacency of all processes", part_b),
    "c": ("16 TiB reserved, 1000 pages touched", part_c),
    "d": ("60000 mappings", part_d),
    "e": ("disturbance of a process with 512 MiB and 2000 mappings", part_e),
    "w": ("watching a process with 512 MiB and 2000 mappings once a second", part_w),
    "m": ("memory against the size of the machine", part_m),
}


# ---- what comes of it ----------------------------------------------------------------------------


def history_path():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.environ.get("BENCH_HISTORY") or os.path.join(cache, "safevma-bench", "history.ndjson")


def processor():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return names[0] if names else platform.machine()


def host():
    return {
        "release": platform.release(),
        "machine": platform.machine(),
        "processor": processor(),
        "processors": os.cpu_count(),
    }


def earlier(path):
    """Runs on the same machine with the same kernel, the last one last."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        runs = [json.loads(line) for line in f if line.strip()]
    return [run for run in runs if run["host"] == host()]


def before(runs, key):
    return [run["results"][key]["median"] for run in runs if run["results"].get(key)]


def add_changes(results, runs):
    """Against the last run, and the median of the last few, that had the figure."""
    for r in results:
        past = before(runs, r["key"])
        now = r["value"]["median"] if r["value"] else None
        r["change_last"] = stats.change(now, past[-1]) if past and now is not None else None
        recent = stats.median(past[-RECENT:]) if past else None
        r["change_recent"] = stats.change(now, recent) if past and now is not None else None


def append_history(path, record):
    line = {key: record[key] for key in ("utc", "host", "commit")}
    line["results"] = {
        r["key"]: r["value"] and {k: r["value"][k] for k in KEPT} for r in record["results"]
    }
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "a", encoding="utf-8") as f:
        f.write(json.dumps(line) + "\n")


def commit():
    done = subprocess.run(
        ["git", "-C", HERE, "describe", "--always", "--dirty"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return done.stdout.strip() or None


def figure(value):
    return "-" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def percent(part):
    return "-" if part is None else f"{100 * part:+.0f} %"


def row(r):
    value = r["value"] or {"median": None, "low": None, "high": None}
    span = "-" if value["low"] is None else f"{figure(value['low'])} .. {figure(value['high'])}"
    met = {None: "", True: "met", False: "NOT MET"}[r["met"]]
    cpu = figure(r["cpu"]["median"]) if r.get("cpu") else "-"
    changes = percent(r["change_last"]), percent(r["change_recent"])
    return [r["what"], figure(value["median"]), span, cpu, r["target"] or "", met, *changes]


def print_table(record):
    """A table a part, the columns alike in all of them."""
    head = ["", "MEDIAN", "INTERVAL", "CPU", "TARGET", "", "LAST", f"LAST {RECENT}"]
    rows = [row(r) for r in record["results"]]
    widths = [max(len(cells[i]) for cells in [head, *rows]) for i in range(len(head))]

    def show(cells):
        right = (1, 2, 3)
        padded = [
            cell.rjust(widths[i]) if i in right else cell.ljust(widths[i])
            for i, cell in enumerate(cells)
        ]
        print(" ".join(padded).rstrip())

    part = None
    for r, cells in zip(record["results"], rows):
        here = r["key"].split(":")[0]
        if here != part:
            part = here
            print()
            title = PARTS[here[0]][0] + (", in a guest with 6.1" if "-" in here else "")
            print(f"{here}  {title}")
            show(head)
        show(cells)
    print()
    for s in record["skipped"]:
        print(f"skipped: {s['what']}: {s['why']}")
    for f in record["failed"]:
        print(f"failed: {f}")
    judged = [r["met"] for r in record["results"] if r["met"] is not None]
    print(f"{sum(judged)} of {len(judged)} targets met; all ratios are of this run")


def build_page_types(bench):
    done = subprocess.run(
        [os.path.join(HERE, "page-types.sh"), bench.program("page-types")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    bench.why_no_page_types = (done.stderr.strip().splitlines() or ["it cannot be built"])[-1]
    if done.returncode and os.path.exists(bench.program("page-types")):
        os.remove(bench.program("page-types"))
    return done.stdout.strip() or None


def run_parts(bench):
    for name in bench.parts:
        try:
            PARTS[name][1](bench)
        except (subprocess.CalledProcessError, RuntimeError, OSError) as e:
            bench.failed.append(f"part {name}: {e}")
        progress("")


def main():
    if len(sys.argv) != 2:
        print("usage: bench.py BUILD", file=sys.stderr)
        return 64
    if os.geteuid() != 0 or not os.access("/proc/kpageflags", os.R_OK):
        print("bench: skipped: needs root, and a kernel with /proc/kpageflags")
        return 0
    bench = Bench(sys.argv[1])
    unknown = [p for p in bench.parts if p not in PARTS]
    if unknown:
        print(f"bench: no part {unknown[0]}; there are {' '.join(PARTS)}", file=sys.stderr)
        return 64
    os.makedirs(bench.dir, exist_ok=True)
    types = build_page_types(bench) if {"a", "e"} & set(bench.parts) else None
    runs = earlier(history_path())
    run_parts(bench)
    add_changes(bench.results, runs)
    record = {
        "schema": "safevma.bench/1",
        "utc": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "host": host(),
        "commit": commit(),
        "page_types": types,
        "settings": {"repeat": bench.repeat, "blocks": bench.blocks, "ms": bench.ms},
        "earlier_runs": len(runs),
        "results": bench.results,
        "skipped": bench.skipped,
        "failed": bench.failed,
        "raw": bench.raw,
    }
    with open(bench.out, "w", encoding="utf-8") as f:
        json.dump(record, f, indent=1)
        f.write("\n")
    append_history(history_path(), record)
    print_table(record)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
