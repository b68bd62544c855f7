#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Processes that change, end, hide, or give themselves names that would steer a terminal.

load helpers

@test "control characters and bad UTF-8 in names never reach the terminal" {
	need_root
	start_victim hostile
	for c in ps maps frames adjacency; do
		"$SAFEVMA" $c -p "$victim" >"$BATS_TEST_TMPDIR/text" 2>&1
		no_control_bytes "$BATS_TEST_TMPDIR/text"
		iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/text" >/dev/null
		"$SAFEVMA" $c -r -p "$victim" >"$BATS_TEST_TMPDIR/raw" 2>&1
		no_control_bytes "$BATS_TEST_TMPDIR/raw"
	done
}

@test "names of any bytes give valid JSON" {
	need_root
	start_victim hostile
	for c in ps maps frames adjacency; do
		"$SAFEVMA" $c -J -p "$victim" >"$BATS_TEST_TMPDIR/json"
		iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/json" >/dev/null
		jq -e . "$BATS_TEST_TMPDIR/json" >/dev/null
		python3 -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' \
			"$BATS_TEST_TMPDIR/json"
	done
}

@test "a hostile process's pages agree with the independent reader" {
	need_root
	start_victim hostile
	agrees_with_reader "$victim"
}

@test "processes that fork, exec, map and end while they are read" {
	need_root
	start "$VICTIM" churn 6
	for _ in 1 2 3 4 5; do
		run --separate-stderr "$SAFEVMA" maps -a -J
		echo "$stderr" | head -5
		[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
		jq -e '.processes | length > 0' <<<"$output" >/dev/null
		# What is claimed adds up, whatever happened.
		jq -e '[.processes[].vmas[] | select(.resident_bytes != null and .absent_bytes != null
			and .swapped_bytes != null)
			| .resident_bytes + .absent_bytes + .swapped_bytes == .size_bytes] | all' \
			<<<"$output" >/dev/null
	done
}

@test "a process that changes all the time is said to have changed" {
	need_root
	start python3 -c '
import mmap
while True:
    m = [mmap.mmap(-1, 4096 * (1 + n % 7)) for n in range(40)]
    for x in m: x[0] = 1
    for x in m: x.close()
'
	sleep 0.5
	seen=0
	for _ in $(seq 12); do
		run --separate-stderr "$SAFEVMA" frames -J -p "$started"
		[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
		if jq -e '.coverage.changed > 0 or ([.gaps[].kind] | index("changed")
			or index("vanished"))' <<<"$output" >/dev/null; then
			[ "$status" -eq 3 ]
			seen=1
		fi
	done
	[ "$seen" -eq 1 ]
}

@test "a process in another PID namespace" {
	need_root
	start_victim pidns
	run -0 --separate-stderr "$SAFEVMA" maps -J -p "$victim"
	jq -e '.processes[0].vmas | length > 3' <<<"$output"
	inner=$(pgrep -P "$victim" | head -1)
	[ -z "$inner" ] || agrees_with_reader "$inner"
}

@test "hidepid: another user's processes are not there, and that is said" {
	need_root
	unshare -m --propagation private true 2>/dev/null ||
		skip "no mount namespace of our own can be had here (a chroot has none)"
	cp "$SAFEVMA" /tmp/safevma-hidepid.$$
	run unshare -m --propagation private sh -c "mount -t proc -o hidepid=2 proc /proc &&
		setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/safevma-hidepid.$$ maps -p 1;
		setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/safevma-hidepid.$$ ps"
	rm -f /tmp/safevma-hidepid.$$
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"gap: stat of process 1"* ]]
	[[ $output == *"hidepid hides the processes of others"* ]]
}
