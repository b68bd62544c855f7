#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the benchmark measures with. Nothing here is about time.

load ../live/helpers

: "${BENCH_DIR:=build/bench}"

# hold ARG...: the holder, in the background; its pid in $held.
hold()
{
	start "$BENCH_DIR/holder" "$@"
	for _ in $(seq 300); do
		grep -q '^ready' "$BATS_TEST_TMPDIR/started.out" && break
		sleep 0.1
	done
	held=$(sed -n 's/^ready //p' "$BATS_TEST_TMPDIR/started.out")
	[ -n "$held" ] || { cat "$BATS_TEST_TMPDIR/started.err"; return 1; }
}

# The floor against the tool; what others share with the holder may change in between.
reads_the_same()
{
	same_once || same_once || same_once
}

same_once()
{
	local d=$BATS_TEST_TMPDIR

	"$BENCH_DIR/floor" frames "$held" >"$d/floor"
	"$SAFEVMA" frames -p "$held" --each --ndjson >"$d/frames.ndjson"
	python3 -B tests/bench/compare.py "$d/floor" "$d/frames.ndjson"
}

@test "the arithmetic is right on known data" {
	run python3 -B tests/bench/test_bench.py
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the floor reads the same words as frames, of a mapping read whole" {
	need_root
	hold resident 4
	reads_the_same
	grep -q '^anon 10[2-9][0-9]$' "$BATS_TEST_TMPDIR/floor"
}

@test "the floor reads the same words as frames, of scattered pages" {
	need_root
	hold resident 32 shuffled
	reads_the_same
	grep -q '^anon 82[0-9][0-9]$' "$BATS_TEST_TMPDIR/floor"
}

@test "the floor reads the same words as frames, of a large reservation" {
	need_root
	hold sparse 1 1000
	reads_the_same
}

@test "a second look adds the words of pagemap alone" {
	need_root
	hold resident 4
	once=$("$BENCH_DIR/floor" frames "$held" | sed -n 's/^words //p')
	twice=$("$BENCH_DIR/floor" frames "$held" again | sed -n 's/^words //p')
	pagemap=$("$BENCH_DIR/floor" pagemap "$held" | sed -n 's/^words //p')
	[ "$twice" -eq $((once + pagemap)) ]
}

@test "the floor of adjacency reads every frame and the pages of others" {
	need_root
	hold resident 4
	"$BENCH_DIR/floor" adjacency >"$BATS_TEST_TMPDIR/floor"
	[ "$(sed -n 's/^frames //p' "$BATS_TEST_TMPDIR/floor")" -gt 1024 ]
	[ "$(sed -n 's/^pages //p' "$BATS_TEST_TMPDIR/floor")" -gt 1024 ]
}

@test "mappings of the holder do not merge" {
	hold vmas 1000
	[ "$(wc -l <"/proc/$held/maps")" -ge 1000 ]
}

@test "measure says status and peak memory of the command, not of itself" {
	d=$BATS_TEST_TMPDIR
	"$BENCH_DIR/measure" /dev/null sh -c 'exit 3' >"$d/small"
	"$BENCH_DIR/measure" "$d/out" python3 -c 'print(len(bytearray(64 << 20)))' >"$d/large"
	jq -e '.status == 3 and .max_rss_kb < 8192' "$d/small"
	jq -e '.status == 0 and .max_rss_kb > 65536 and .wall_ns > 0' "$d/large"
	[ "$(cat "$d/out")" = 67108864 ]
}

@test "measure sees what safevma's opener holds" {
	need_root
	hold resident 64 shuffled
	"$BENCH_DIR/measure" -m /dev/null "$SAFEVMA" frames -p "$held" >"$BATS_TEST_TMPDIR/said"
	jq -e '.status == 0 and .helper_rss_kb > 100' "$BATS_TEST_TMPDIR/said"
}

@test "disturb takes turns, and its observers run" {
	"$BENCH_DIR/disturb" --mib 4 --vmas 100 --blocks 3 --ms 100 -- alone -- smaps -- \
		command "$(type -P true)" @ >"$BATS_TEST_TMPDIR/blocks"
	cat "$BATS_TEST_TMPDIR/blocks"
	run -0 jq -r .condition "$BATS_TEST_TMPDIR/blocks"
	[ "$(echo "$output" | tr '\n' ' ')" = \
		"alone smaps command smaps command alone command alone smaps " ]
	jq -e -s 'all(.[]; (.runs > 0) == (.condition != "alone"))' "$BATS_TEST_TMPDIR/blocks"
	jq -e -s 'all(.[] | .mmap, .fault, .munmap; .n > 0 and .p50 <= .p99 and .p99 <= .p999 and
		.p999 <= .max)' "$BATS_TEST_TMPDIR/blocks"
}

@test "disturb says when an observer cannot be run" {
	run "$BENCH_DIR/disturb" --mib 1 --vmas 1 --blocks 20 --ms 50 -- none /nowhere
	[ "$status" -eq 1 ]
}

@test "a recording of a machine made larger says the same" {
	need_root
	hold resident 4
	d=$BATS_TEST_TMPDIR
	"$SAFEVMA" frames -J -p "$held" --record "$d/small" >/dev/null
	python3 -B tests/bench/recording.py "$d/small" "$d/large" 67108864
	"$SAFEVMA" frames -J -p "$held" --root "$d/small" >"$d/small.json"
	"$SAFEVMA" frames -J -p "$held" --root "$d/large" >"$d/large.json"
	cmp "$d/small.json" "$d/large.json"
	[ "$(stat -c %s "$d/large/proc/kpageflags@$held.1")" -eq 536870912 ]
}

@test "the driver leaves a table, figures and a history, and compares with it" {
	need_root
	d=$BATS_TEST_TMPDIR
	export BENCH=c BENCH_REPEAT=2 BENCH_HISTORY=$d/history BENCH_OUT=$d/bench.json
	run -0 python3 -B tests/bench/bench.py "$(dirname "$BENCH_DIR")"
	echo "$output"
	[[ $output == *"frames / floor"* ]]
	jq -e '.schema == "safevma.bench/1" and .failed == [] and (.results | length) == 2 and
		all(.results[]; .change_last == null and .value.median > 0)' "$d/bench.json"
	run -0 python3 -B tests/bench/bench.py "$(dirname "$BENCH_DIR")"
	jq -e 'all(.results[]; .change_last != null and .change_recent != null)' "$d/bench.json"
	[ "$(wc -l <"$d/history")" -eq 2 ]
}

@test "the driver skips without root, and knows its parts" {
	need_root
	as_nobody test -r "$PWD/tests/bench/bench.py" || skip "others cannot read this tree"
	run -0 as_nobody /usr/bin/python3 -B tests/bench/bench.py build
	[[ $output == *skipped*root* ]]
	BENCH=x run -64 python3 -B tests/bench/bench.py build
}
