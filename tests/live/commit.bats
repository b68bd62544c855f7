#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What was promised, against /proc read by other means. Where process 1 cannot be read, the sums over
# all processes are unknown, and the exit status is 3.

load helpers

teardown()
{
	end_started
	[ -z "${twin:-}" ] || kill -9 "$twin" 2>/dev/null || true
	[ -z "${huge_before:-}" ] || echo "$huge_before" >/proc/sys/vm/nr_hugepages
}

# commit ARG...: the report in $report
commit()
{
	report=$BATS_TEST_TMPDIR/commit.json
	status=0
	"$SAFEVMA" commit -J "$@" >"$report" 2>"$BATS_TEST_TMPDIR/commit.err" || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
}

# Once more where someone else took or gave back memory meanwhile.
agrees() # PID
{
	for _ in 1 2 3; do
		commit -p "$1"
		! python3 tests/live/commit.py "$report" "$1" || return 0
	done
	return 1
}

@test "a victim's promise is the sum of its accounted mappings, and the limit follows its formula" {
	need_root
	start_victim
	agrees "$victim"
}

@test "so it is with a shell and with an interpreter" {
	need_root
	start bash -c 'while :; do read -r -t 1000 _ <> <(:) || :; done'
	settle "$started"
	agrees "$started"
	start python3 -c 'import signal; keep = bytearray(20 << 20); signal.pause()'
	settle "$started"
	agrees "$started"
}

@test "complete means that every process was read, and else no sum is given" {
	need_root
	start sleep 1000
	commit -p "$started"
	jq -e '.coverage.total > 1 and
		(.complete == (.coverage.examined == .coverage.total)) and
		(.complete == (.budget.promised_bytes != null)) and
		(.complete == (.budget.secretmem_bytes != null)) and
		(.complete == (.budget.worst_case_bytes != null))' "$report"
	jq -e '.complete or ([.gaps[] | select(.incomplete)] | length > 0)' "$report"
	[ "$(jq .complete "$report")" = "$([ "$status" -eq 0 ] && echo true || echo false)" ]
}

@test "secretmem is in no promise, and the budget has it beside Committed_AS" {
	need_root
	start_victim --only secret --pages 64
	size=$((64 * $(getconf PAGESIZE)))
	grep -q '"skipped"' "$truth" && skip "$(jq -r 'select(.skipped).skipped' "$truth")"
	commit -p "$victim"
	jq -e --argjson size "$size" '.processes[0] |
		[.vmas[] | select(.accounting == "secretmem")] |
		length == 1 and .[0].size_bytes == $size and .[0].promised_bytes == 0 and
		.[0].backed_bytes > 0 and .[0].backed_bytes + .[0].unbacked_bytes == $size' "$report"
	jq -e --argjson size "$size" '.processes[0].secretmem_bytes == $size and
		.budget.secretmem_seen_bytes >= $size' "$report"
	python3 tests/live/commit.py "$report" "$victim"
}

@test "a deleted file that is called /secretmem is none" {
	need_root
	start_victim --spoof --only spoof
	commit -p "$victim"
	jq -e '.processes[0].secretmem_bytes == 0' "$report"
}

@test "huge pages are in no promise, and the pool is beside Committed_AS" {
	need_root
	[ -w /proc/sys/vm/nr_hugepages ] || skip "no huge pages here"
	[ "$(awk '/^HugePages_Free/ { print $2 }' /proc/meminfo)" -eq 0 ] ||
		skip "the pool of huge pages is someone else's"
	huge_before=$(cat /proc/sys/vm/nr_hugepages)
	echo $((huge_before + 1)) >/proc/sys/vm/nr_hugepages
	[ "$(cat /proc/sys/vm/nr_hugepages)" -gt "$huge_before" ] ||
		skip "no huge page is to be had now"
	start_victim --only hugetlb
	grep -q '"skipped"' "$truth" && skip "$(jq -r 'select(.skipped).skipped' "$truth")"
	commit -p "$victim"
	jq -e '.processes[0] | .hugetlb_bytes > 0 and ([.vmas[] |
		select(.accounting == "hugetlb")] | length == 1 and .[0].promised_bytes == 0 and
		.[0].backed_bytes == .[0].size_bytes)' "$report"
	jq -e '.budget.hugetlb_bytes >= .processes[0].hugetlb_bytes' "$report"
	python3 tests/live/commit.py "$report" "$victim"
	end_started
}

@test "two processes with one memory count once, two that forked twice" {
	need_root
	[ "$(uname -m)" = x86_64 ] || skip "the system call has another number here"
	# CLONE_VM | CLONE_VFORK: the parent waits, the child has its memory.
	start python3 -c 'import ctypes, signal
ctypes.CDLL(None).syscall(56, 0x4100 | 17, 0, 0, 0, 0)
signal.pause()'
	for _ in $(seq 50); do
		! grep -q ' (python3) D ' "/proc/$started/stat" || break
		sleep 0.1
	done
	twin=$(pgrep -P "$started")
	settle "$twin"
	commit -p "$started,$twin"
	jq -e --argjson a "$started" --argjson b "$twin" '
		(.processes | map(select(.pid == $a))[0]) as $one |
		(.processes | map(select(.pid == $b))[0]) as $two |
		$one.memory_of == 0 and $two.memory_of == $a and
		$two.memory_of_basis == "observed" and
		$one.promised_bytes == $two.promised_bytes' "$report"
	jq -e '.budget.duplicate_processes >= 1' "$report"
	kill -9 "$started" "$twin"
	start python3 -c 'import os, signal
for _ in range(2): os.fork() or signal.pause()
signal.pause()'
	settle "$started"
	commit -p "$(pgrep -d , -P "$started"),$started"
	jq -e '.processes | length == 3 and all(.memory_of == 0 and .memory_of_basis == "none")' \
		"$report"
	pkill -9 -P "$started"
}

@test "raw text is the mappings alone" {
	need_root
	start_victim --only locked,unlocked,secret
	run --separate-stderr "$SAFEVMA" commit -r -o UNBACKED,START --sort -UNBACKED -p "$victim"
	[ "${lines[0]}" = "UNBACKED START" ]
	commit -p "$victim"
	[ "${#lines[@]}" -eq $(($(jq '.processes[0].vmas | length' "$report") + 1)) ]
	sort -c -n -r <(printf '%s\n' "${lines[@]:1}" | cut -d ' ' -f 1)
}

@test "a recording of it replays to the byte, and every recording holds it" {
	need_root
	start_victim
	for f in '' -J --ndjson; do
		rec=$BATS_TEST_TMPDIR/rec
		rm -rf "$rec"
		"$SAFEVMA" commit $f -p "$victim" --record "$rec" >"$BATS_TEST_TMPDIR/live" 2>/dev/null || true
		"$SAFEVMA" commit $f -p "$victim" --root "$rec" >"$BATS_TEST_TMPDIR/again" 2>/dev/null || true
		[ -s "$BATS_TEST_TMPDIR/live" ]
		cmp "$BATS_TEST_TMPDIR/live" "$BATS_TEST_TMPDIR/again"
	done
	"$SAFEVMA" record -p "$victim" "$BATS_TEST_TMPDIR/all" 2>/dev/null || true
	commit -p "$victim" --root "$BATS_TEST_TMPDIR/all"
	python3 tests/live/commit.py "$report" "$victim"
	! jq -e '[.gaps[] | select(.kind == "not-recorded")] | length > 0' "$report"
}

@test "names of any bytes give valid JSON, and no control character reaches the terminal" {
	need_root
	start_victim hostile
	commit -p "$victim"
	iconv -f UTF-8 -t UTF-8 "$report" >/dev/null
	python3 tests/live/commit.py "$report" "$victim"
	"$SAFEVMA" commit -p "$victim" >"$BATS_TEST_TMPDIR/text" 2>&1 || [ $? -eq 3 ]
	no_control_bytes "$BATS_TEST_TMPDIR/text"
	"$SAFEVMA" commit -r -p "$victim" >"$BATS_TEST_TMPDIR/raw" 2>&1 || [ $? -eq 3 ]
	no_control_bytes "$BATS_TEST_TMPDIR/raw"
}

@test "as nobody the sums are unknown, and none of them is zero" {
	need_root
	private_copy
	start setpriv --reuid=65534 --regid=65534 --clear-groups sleep 600
	settle "$started"
	run -3 --separate-stderr as_nobody "$tool" commit -J -p "$started"
	jq -e '.budget | .promised_bytes == null and .secretmem_bytes == null and
		.accounted_sum_bytes == null and .unaccounted_bytes == null and
		.worst_case_bytes == null and .committed_as_bytes > 0 and
		.promised_seen_bytes > 0' <<<"$output"
	jq -e '.processes[0].promised_bytes > 0' <<<"$output"
	run -3 --separate-stderr as_nobody "$tool" commit -J -p $$
	jq -e '.processes[0] | .promised_bytes == null and .unbacked_bytes == null and
		.memory_of == null' <<<"$output"
}

@test "what cannot be meant is refused" {
	for words in '--no-smaps' 'word' '-p 0' '-p x' '--sort NOPE' '-o NOPE'; do
		# shellcheck disable=SC2086
		run --separate-stderr "$SAFEVMA" commit $words
		echo "$words: $status $stderr"
		[ "$status" -eq 64 ]
		[ -n "$stderr" ]
	done
	run -3 --separate-stderr "$SAFEVMA" commit -p 2147483647
	[[ $stderr == *2147483647* ]]
	run -1 --separate-stderr "$SAFEVMA" commit --root /nonexistent
}
