#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The arithmetic of the benchmark, on data whose answers are known."""
import json
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import bench  # pylint: disable=wrong-import-position
import recording  # pylint: disable=wrong-import-position
import stats  # pylint: disable=wrong-import-position


class Statistics(unittest.TestCase):
    def test_median(self):
        self.assertEqual(stats.median([3, 1, 2]), 2)
        self.assertEqual(stats.median([4, 1, 3, 2]), 2.5)
        self.assertEqual(stats.median([7]), 7)

    def test_interval_is_of_the_ranks_in_the_tables(self):
        """Ranks and coverage as tables of the sign test have them."""
        for n, low, high, coverage in (
            (6, 1, 6, 0.9688),
            (8, 1, 8, 0.9922),
            (9, 2, 8, 0.9609),
            (11, 2, 10, 0.9883),
            (20, 6, 15, 0.9586),
            (25, 8, 18, 0.9567),
        ):
            got = stats.interval(list(range(n, 0, -1)))
            self.assertEqual(got[:2], (low, high))
            self.assertAlmostEqual(got[2], coverage, 4)

    def test_few_values_say_what_they_cover(self):
        self.assertEqual(stats.interval([5, 1, 3, 2, 4]), (1, 5, 0.9375))
        self.assertEqual(stats.interval([2, 1]), (1, 2, 0.5))
        self.assertEqual(stats.interval([1]), (1, 1, 0))

    def test_interval_holds_the_median_as_often_as_it_says(self):
        source = random.Random(1)
        held = 0
        for _ in range(2000):
            low, high, _ = stats.interval([source.expovariate(1) for _ in range(15)])
            held += low <= 0.6931 <= high
        self.assertGreater(held / 2000, 0.94)
        self.assertLess(held / 2000, 0.99)

    def test_ratios_are_of_pairs(self):
        self.assertEqual(stats.ratios([2, 9, 5], [1, 3, 0]), [2, 3])

    def test_summary(self):
        self.assertIsNone(stats.summary([]))
        said = stats.summary([1, 2, 3])
        self.assertEqual((said["median"], said["low"], said["high"], said["n"]), (2, 1, 3, 3))

    def test_quantile(self):
        buckets = {10: 989, 20: 10, 500: 1}
        self.assertEqual(stats.quantile(buckets, 0.5), 10)
        self.assertEqual(stats.quantile(buckets, 0.99), 20)
        self.assertEqual(stats.quantile(buckets, 0.999), 20)
        self.assertEqual(stats.quantile(buckets, 1), 500)
        self.assertIsNone(stats.quantile({}, 0.5))

    def test_pooled_ratio_sees_bursts(self):
        """In one block of four a tenth of all is slow: medians over blocks do not show it."""
        calm, burst = {10: 1000}, {10: 900, 400: 100}
        said = stats.pooled_ratio([calm, burst, calm, calm], [calm] * 4, 0.999)
        self.assertEqual(said["median"], 40)
        self.assertEqual((said["low"], said["high"]), (1, 40))
        self.assertEqual(said, stats.pooled_ratio([calm, burst, calm, calm], [calm] * 4, 0.999))
        self.assertEqual(stats.pooled_ratio([calm] * 4, [calm] * 4, 0.999)["high"], 1)

    def test_change(self):
        self.assertAlmostEqual(stats.change(1.5, 1.2), 0.25)
        self.assertIsNone(stats.change(1, 0))


TIMES = {"wall_ns": 1000, "cpu_ns": 900, "delay_ns": 0}


def one(value):
    return {"median": value, "low": value, "high": value, "coverage": 0, "n": 1}


class Driver(unittest.TestCase):
    def test_targets(self):
        b = bench.Bench("build")
        b.add("x:1", "below", one(1.3), ("<=", 1.3))
        b.add("x:2", "above", one(1.31), ("<=", 1.3))
        b.add("x:3", "at least", one(1.4), (">=", 1.5))
        b.add("x:4", "not judged", one(9))
        b.add("x:5", "not known", None, ("<=", 1))
        self.assertEqual([r["met"] for r in b.results], [True, False, False, None, None])

    def test_changes_are_against_runs_with_the_same_figure(self):
        runs = [{"results": {"k": one(v)}} for v in (8, 8, 1, 2, 3, 4)] + [{"results": {}}]
        runs.append({"results": {"k": None}})
        results = [{"key": "k", "value": one(3)}, {"key": "new", "value": one(3)}]
        bench.add_changes(results, runs)
        self.assertEqual(results[0]["change_last"], -0.25)
        self.assertEqual(results[0]["change_recent"], 0)
        self.assertIsNone(results[1]["change_last"])

    def test_history_is_of_the_same_machine(self):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "new", "history.ndjson")
            self.assertEqual(bench.earlier(path), [])
            results = [{"key": "k", "value": one(2)}, {"key": "none", "value": None}]
            record = {"utc": "t", "host": bench.host(), "commit": None, "results": results}
            bench.append_history(path, record)
            bench.append_history(path, dict(record, host={"release": "another"}))
            runs = bench.earlier(path)
        self.assertEqual(len(runs), 1)
        self.assertEqual(bench.before(runs, "k"), [2])
        self.assertEqual(bench.before(runs, "none"), [])

    def test_disturbance_is_judged_block_by_block(self):
        def block(condition, p999):
            figures = {"n": 1, "p50": 1, "p99": 1, "p999": p999, "max": 1, "buckets": [[p999, 9]]}
            calls = {call: figures for call in ("mmap", "fault", "munmap")}
            return json.dumps(dict(calls, condition=condition, runs=0, **TIMES))

        lines = []
        for alone, frames, types in ((1, 2, 8), (10, 10, 100), (1, 4, 40)):
            lines += [block("alone", alone), block("frames", frames), block("page-types", types)]
        b = bench.Bench("build")
        bench.judge_disturbance(b, "e", bench.blocks_of(lines))
        found = {r["key"]: r for r in b.results}
        self.assertEqual(found["e:mmap p999 frames/alone"]["value"]["median"], 2)
        self.assertEqual(found["e:mmap p999 frames/page-types"]["value"]["median"], 0.1)
        self.assertTrue(found["e:mmap p999 frames/page-types"]["met"])
        self.assertEqual(found["e:mmap p999 of all frames/page-types"]["value"]["median"], 0.1)

    def test_waiting_for_a_cpu_is_not_being_blocked(self):
        def block(runs, wall, cpu, delay):
            times = {"wall_ns": wall * 10**6, "cpu_ns": cpu * 10**6, "delay_ns": delay * 10**6}
            return dict(times, runs=runs)

        b = bench.Bench("build")
        blocks = {"x": [block(1, 1000, 600, 300), block(4, 1000, 600, 0), block(0, 100, 90, 20)]}
        bench.judge_blocked(b, "e", blocks, "x")
        self.assertAlmostEqual(b.results[0]["value"]["median"], 0.1)
        self.assertAlmostEqual(b.results[1]["value"]["median"], 100)
        bench.judge_blocked(b, "e", {"x": [block(0, 1000, 600, 300)]}, "x")
        self.assertEqual(len(b.results), 3)

    def test_mappings_are_found_in_text(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("PID 1  COMM x 0x99\n START PERMS\n0x1000 rw-p\n\n0x3000 r--p\n")
            f.flush()
            self.assertEqual(bench.shown_in_text(f.name), [0x1000, 0x3000])


class Recording(unittest.TestCase):
    def test_flags_lie_where_they_belong(self):
        with tempfile.TemporaryDirectory() as d:
            with open(os.path.join(d, "flags"), "wb") as f:
                f.write(bytes(range(1, 25)))
            op = {"file": "flags", "extents": [[16, 16], ["0x50", 8]], "ends": []}
            recording.extend_flags(d, op, 100)
            with open(os.path.join(d, "flags"), "rb") as f:
                data = f.read()
        self.assertEqual(len(data), 800)
        self.assertEqual(data[16:32], bytes(range(1, 17)))
        self.assertEqual(data[0x50:0x58], bytes(range(17, 25)))
        self.assertEqual(data.count(0), 800 - 24)
        self.assertEqual(op["extents"], [[0, 800]])
        self.assertEqual(op["ends"], [[800, 0]])


if __name__ == "__main__":
    unittest.main()
