#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tool against processes that know their own truth, and against an independent reader.

load helpers

@test "a victim's regions are as it made them" {
	need_root
	start_victim --spoof
	"$SAFEVMA" maps -J -p "$victim" >"$BATS_TEST_TMPDIR/maps.json"
	"$SAFEVMA" frames -J -p "$victim" >"$BATS_TEST_TMPDIR/frames.json"
	run python3 tests/live/truth.py "$truth" --tool "$BATS_TEST_TMPDIR/maps.json" \
		"$BATS_TEST_TMPDIR/frames.json"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "a victim's pages agree with the independent reader" {
	need_root
	start_victim
	agrees_with_reader "$victim"
}

@test "a shell's pages agree with the independent reader" {
	need_root
	start bash -c 'while :; do read -r -t 1000 _ <> <(:) || :; done'
	settle "$started"
	agrees_with_reader "$started"
}

@test "a running server's pages agree with the independent reader" {
	need_root
	start busybox httpd -f -p 127.0.0.1:18089 -h "$BATS_TEST_TMPDIR"
	settle "$started"
	agrees_with_reader "$started"
}

# The reader is an interpreter too: a second one keeps what all of them map from being exclusive to
# the first while the reader does not run.
@test "an interpreter's pages agree with the independent reader" {
	need_root
	code="import json, signal; keep = [bytes(n * 997) for n in range(300)]; signal.pause()"
	start python3 -c "$code"
	start python3 -c "$code"
	settle "$started"
	agrees_with_reader "$started"
}

@test "frames with the slab flag are never counted as anonymous or anything else" {
	need_root
	"$SAFEVMA" doctor --reconcile -J -p $$ >"$BATS_TEST_TMPDIR/doctor.json" || true
	run python3 - "$BATS_TEST_TMPDIR/doctor.json" <<-'END'
		import array, json, sys
		slab = anon = 0
		with open("/proc/kpageflags", "rb", buffering=0) as f:
		    while data := f.read(1 << 19):
		        for w in array.array("Q", data):
		            if w >> 7 & 1 and not w & (1 << 20 | 1 << 19 | 1 << 23 | 1 << 10):
		                slab += 1
		                anon += bool(w & (1 << 12 | 1 << 21))
		rows = {r["figure"]: r for r in json.load(open(sys.argv[1]))["reconciliation"]}
		tool = rows["Slab"]["counted_bytes"] // 4096
		print("tool", tool, "independent", slab, "of them with bogus ANON or KSM bits", anon)
		sys.exit(abs(tool - slab) > slab // 50 + 256)
	END
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "doctor's counts agree with meminfo, and pagemap with smaps" {
	need_root
	start_victim
	run -0 --separate-stderr "$SAFEVMA" doctor --reconcile -J -p "$victim"
	jq -e '[.reconciliation[].agrees] | all' <<<"$output"
	jq -e '[.residency[].agrees] | all' <<<"$output"
}

@test "what is written but the file says otherwise: a spoofed /secretmem is a file" {
	need_root
	start_victim --spoof --only secret,spoof
	run -0 --separate-stderr "$SAFEVMA" maps -J -p "$victim"
	at=$(jq -r 'select(.name == "spoof").start' "$truth")
	[ "$(jq -r --arg at "$at" '.processes[].vmas[] | select(.start == $at).kind' \
		<<<"$output")" = file ]
	[ "$(jq '[.processes[].vmas[] | select(.kind == "secretmem")] | length' \
		<<<"$output")" -eq "$(jq -s '[.[] | select(.name == "secret" and .start)] | length' "$truth")" ]
}

@test "60 000 mappings are all there" {
	need_root
	start_victim many 60000
	run -0 --separate-stderr "$SAFEVMA" maps -r -o START -n -p "$victim"
	[ "${#lines[@]}" -eq "$(wc -l <"/proc/$victim/maps")" ]
	[ "${#lines[@]}" -ge 60000 ]
}

@test "1000 pages of a 16 TiB reservation are found, and nothing near its size is read" {
	need_root
	start_victim sparse
	run -0 --separate-stderr "$SAFEVMA" maps -J -p "$victim"
	big=$(jq -c '[.processes[0].vmas[] | select(.size_bytes > 1000000000000)]' <<<"$output")
	[ "$(jq 'map(.resident_bytes) | add' <<<"$big")" -eq $((1000 * $(getconf PAGESIZE))) ]
	[ "$(jq .cost.bytes_read <<<"$output")" -lt 4000000 ]
}
