#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who shares memory, against victims that know it and a count by another reader. Where process 1
# cannot be read, descriptors of others are not known in full, and the exit status is 3.

load helpers

teardown()
{
	end_started
	[ -z "${huge_before:-}" ] || echo "$huge_before" >/proc/sys/vm/nr_hugepages
}

# share ARG...: the report in $report
share()
{
	report=$BATS_TEST_TMPDIR/share.json
	status=0
	"$SAFEVMA" share -J "$@" >"$report" 2>"$BATS_TEST_TMPDIR/share.err" || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
}

# Numbers of the victim's child and twin, in $child and $twin.
of_victim()
{
	child=$(jq -r 'select(.child).child' "$truth")
	twin=$(jq -r 'select(.child).twin' "$truth")
	to_end="$to_end $child $twin"
}

# The report of a pair against a count; again where something moved between the two.
agrees() # PID OTHER [VICTIM]
{
	for _ in 1 2 3; do
		share -p "$1" --each
		! python3 tests/live/share.py "$report" "$@" || return 0
	done
	return 1
}

# rows FILTER: how many rows of the first process match
rows()
{
	jq ".processes[0].pairs | map(select($1)) | length" "$report"
}

@test "each page of each sort of sharing is told as it was made" {
	need_root
	start_victim --pages 16 share
	of_victim
	agrees "$victim" "$child" "$truth"
	agrees "$child" "$victim"
}

@test "huge pages are counted page by page" {
	need_root
	[ -w /proc/sys/vm/nr_hugepages ] || skip "no huge pages here"
	[ "$(awk '/^HugePages_Free/ { print $2 }' /proc/meminfo)" -eq 0 ] ||
		skip "the pool of huge pages is someone else's"
	huge_before=$(cat /proc/sys/vm/nr_hugepages)
	echo $((huge_before + 2)) >/proc/sys/vm/nr_hugepages
	[ "$(cat /proc/sys/vm/nr_hugepages)" -ge $((huge_before + 2)) ] ||
		skip "no huge pages are to be had now"
	start_victim share
	of_victim
	run ! jq -e 'select(.name == "hugetlb" and .skipped)' "$truth"
	agrees "$victim" "$child" "$truth"
	at=$(jq -r 'select(.name == "hugetlb").start' "$truth")
	jq -e --arg at "$at" '[.processes[0].pairs[] | select(.vma == $at)] |
		(map(.pages) | add == 512) and all(.verdict == "expected")' "$report"
	at=$(jq -r 'select(.name == "hugetlb_shared").start' "$truth")
	jq -e --arg at "$at" '[.processes[0].pairs[] | select(.vma == $at)] |
		(map(.pages) | add == 512) and all(.verdict == "bleeding-outside")' "$report"
	end_started
}

@test "a page of a transparent huge page that one wrote is no more shared, and the others are" {
	need_root
	start_victim share
	of_victim
	at=$(jq -r 'select(.name == "thp").start' "$truth")
	[ "$(awk -v at="${at#0x}" 'index($0, at "-") == 1 { found = 1 }
		found && /^AnonHugePages/ { print $2; exit }' "/proc/$victim/smaps")" -gt 0 ] ||
		skip "the kernel gave no huge page"
	share -p "$victim"
	jq -e --arg at "$at" --argjson child "$child" '[.processes[0].pairs[] |
		select(.vma == $at and .other.pid == $child)] |
		length == 1 and .[0].pages == 511 and .[0].kind == "cow"' "$report"
}

@test "threads and a process with the same memory share nothing, and the twin is named" {
	need_root
	start_victim --threads 3 share
	of_victim
	share -p "$victim"
	[ "$(rows ".other.pid == $twin")" -eq 0 ]
	[ "$(rows ".other.pid == $victim")" -eq 0 ]
	[ "$(rows ".other.pid == $child")" -gt 0 ]
	jq -e --arg twin "$twin" '.processes[0].same_memory == [$twin]' "$report"
	# Both selected: the same, and neither is the other's neighbour.
	share -p "$victim,$twin"
	jq -e --argjson a "$victim" --argjson b "$twin" '.processes | length == 2 and
		all(.pairs | all(.other.pid != $a and .other.pid != $b))' "$report"
	jq -e '.processes | .[0].shared_seen_pages == .[1].shared_seen_pages and
		.[0].beyond_frames == .[1].beyond_frames' "$report"
}

@test "a child of vfork that did not execute yet shares nothing with its parent" {
	need_root
	[ "$(uname -m)" = x86_64 ] || skip "the system call has another number here"
	start python3 -c 'import ctypes, signal
ctypes.CDLL(None).syscall(56, 0x4100 | 17, 0, 0, 0, 0)
signal.pause()'
	for _ in $(seq 50); do
		! grep -q ' (python3) D ' "/proc/$started/stat" || break
		sleep 0.1
	done
	twin=$(pgrep -P "$started")
	to_end="$twin $to_end"
	settle "$twin"
	share -p "$started"
	[ "$(rows ".other.pid == $twin")" -eq 0 ]
	jq -e --arg twin "$twin" '.processes[0].same_memory == [$twin] and
		.processes[0].alone_pages > 0' "$report"
}

@test "who may share is declared with --group, and others are outside" {
	need_root
	start_victim share
	of_victim
	share -p "$victim"
	jq -e --argjson child "$child" '.processes[0].pairs |
		(map(select(.kind == "writable")) | length > 0 and
			all(.verdict == "bleeding-outside" and .other.in_group == false)) and
		all((.kind == "writable") == (.verdict | startswith("bleeding")))' "$report"
	jq -e '.processes[0] | .bleeding_seen_pages > 0 and
		.outside_seen_pages == .bleeding_seen_pages' "$report"
	share -p "$victim" --group "1,$child"
	jq -e '.processes[0] | .bleeding_seen_pages > 0 and .outside_seen_pages == 0 and
		(.pairs | all(.verdict != "bleeding-outside"))' "$report"
	share -p "$victim,$child"
	jq -e '.processes | length == 2 and all(.bleeding_seen_pages > 0 and
		.outside_seen_pages == 0)' "$report"
}

@test "the figures of a process are those of its rows, page by page" {
	need_root
	start_victim share
	of_victim
	share -p "$victim" --each
	jq -e '(.host.page_size) as $size | .processes[0] |
		(.pairs | all(.bytes == .pages * $size)) and
		.shared_seen_pages + .alone_pages + .zero_pages + .kernel_pages <= .present_pages and
		(.pairs | map(.other.pid) | unique | length) == .other_processes' "$report"
	# Each page once, by the worst that it has with any other.
	python3 - "$report" <<-'END'
	import json, sys
	report = json.load(open(sys.argv[1]))
	size, p = report["host"]["page_size"], report["processes"][0]
	rank = {"read-only": 0, "cow": 1, "ksm": 2, "outgoing": 3, "writable": 4}
	worst = {}
	for row in p["pairs"]:
	    for i in range(row["pages"]):
	        at = int(row["vaddr"], 16) + i * size
	        worst[at] = max(worst.get(at, 0), rank[row["kind"]])
	assert len(worst) == p["shared_seen_pages"], (len(worst), p["shared_seen_pages"])
	assert sum(w == 4 for w in worst.values()) == p["bleeding_seen_pages"]
	if p["outgoing_pages"] is not None:
	    assert sum(w == 3 for w in worst.values()) == p["outgoing_pages"]
	    assert sum(w < 3 for w in worst.values()) == p["expected_pages"]
	END
}

@test "frames that are mapped as often as was found are explained, whoever could not be read" {
	need_root
	start_victim share
	of_victim
	for _ in 1 2 3; do
		share -p "$victim"
		if jq -e '.processes[0] | .beyond_frames == 0 and .changed_pages == 0' "$report"; then
			break
		fi
	done
	jq -e '.processes[0] | .unexplained_frames == 0 and .shared_pages == .shared_seen_pages and
		.bleeding_pages == .bleeding_seen_pages' "$report"
}

@test "a secretmem descriptor left open across exec is reported, and one that exec closes is not" {
	need_root
	[ "$(uname -m)" = x86_64 ] || skip "the system call has another number here"
	python3 -c 'import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(447, 0) < 0)' || skip "memfd_secret is not to be had here"
	start python3 -c 'import ctypes, os
libc = ctypes.CDLL(None)
kept, closed = libc.syscall(447, 0), libc.syscall(447, 0o2000000)
os.ftruncate(kept, 4096)
os.execvp("sleep", ["sleep", "1000"])'
	for _ in $(seq 50); do
		! grep -q sleep "/proc/$started/comm" || break
		sleep 0.1
	done
	share -p "$started"
	jq -e --argjson pid "$started" '[.descriptors[] | select(.pid == $pid)] | length == 1 and
		(.[0] | .kind == "secretmem" and .genuine and .survives_exec and
			.close_on_exec == false and .selected)' "$report"
	start python3 -c 'import ctypes, signal
ctypes.CDLL(None).syscall(447, 0o2000000)
signal.pause()'
	settle "$started"
	share -p "$started"
	jq -e --argjson pid "$started" '[.descriptors[] | select(.pid == $pid)] | length == 1 and
		(.[0] | .kind == "secretmem" and .close_on_exec and .survives_exec == false)' "$report"
}

@test "who has the same memory open or mapped is named, by its inode and not by its name" {
	need_root
	start python3 -c 'import mmap, os, signal
f = os.memfd_create("x", 0); os.ftruncate(f, 8192)
if os.fork() == 0:
    m = mmap.mmap(f, 8192); os.close(f); signal.pause()
signal.pause()'
	one=$started
	settle "$one"
	mapper=$(pgrep -P "$one")
	to_end="$mapper $to_end"
	start python3 -c 'import os, signal
f = os.memfd_create("x", 0); os.ftruncate(f, 8192); signal.pause()'
	settle "$started"
	inode=$(awk '/^ino:/ { print $2 }' "/proc/$one/fdinfo/3")
	[ -n "$inode" ] || skip "fdinfo has no inode here (5.14)"
	share -p "$one"
	jq -e --argjson pid "$one" --arg mapper "$mapper" --argjson inode "$inode" '
		[.descriptors[] | select(.pid == $pid)] | length == 1 and (.[0] |
			.inode == $inode and (.mapped_in | index($mapper)) and
			.target == "/memfd:x (deleted)")' "$report"
	jq -e --argjson other "$started" '.descriptors | all(.pid != $other)' "$report"
}

@test "a file that is only called like a memfd is told from one" {
	need_root
	mkdir -p "$BATS_TEST_TMPDIR/d"
	name="/memfd:x"
	[ ! -e "$name" ] && (: >"$name") 2>/dev/null || skip "no file can be made in /"
	start python3 -c 'import os, signal
f = open("/memfd:x"); os.unlink("/memfd:x"); signal.pause()'
	settle "$started"
	rm -f "$name"
	share -p "$started"
	jq -e --argjson pid "$started" '[.descriptors[] | select(.pid == $pid)] |
		length == 1 and (.[0] | .kind == "memfd" and .genuine == false)' "$report"
}

@test "who has the memory of a process open, and who traces it" {
	need_root
	start sleep 1000
	victim=$started
	start python3 -c "import os, signal
f = os.open('/proc/$victim/mem', os.O_RDWR); signal.pause()"
	settle "$started"
	share -p "$victim"
	jq -e --argjson holder "$started" --argjson pid "$victim" '[.ways[] |
		select(.pid == $holder)] | length == 1 and (.[0] | .way == "proc-mem" and
		.whose == $pid and .reaches_selected and .writable)' "$report"
	start python3 -c "import ctypes, signal
assert ctypes.CDLL(None).ptrace(0x4206, $victim, 0, 0) == 0; signal.pause()"
	to_end="$started $to_end" # what is traced ends when its tracer has
	settle "$started"
	[ "$(awk '/^TracerPid/ { print $2 }' "/proc/$victim/status")" -eq "$started" ] ||
		skip "tracing is not to be had here"
	share -p "$victim"
	jq -e --argjson tracer "$started" --argjson pid "$victim" '
		.processes[0].tracer == $tracer and ([.ways[] | select(.way == "traces" and
		.whose == $pid)] | length == 1 and .[0].pid == $tracer)' "$report"
}

@test "who may trace and what devices reach is as the kernel says" {
	need_root
	start sleep 1000
	share -p "$started"
	if [ -r /proc/sys/kernel/yama/ptrace_scope ]; then
		jq -e --argjson scope "$(cat /proc/sys/kernel/yama/ptrace_scope)" '
			.access.yama and .access.ptrace_scope == $scope' "$report"
	else
		jq -e '.access.yama == false and .access.ptrace_scope == null and
			(.access.may_trace | startswith("processes of the same user"))' "$report"
	fi
	groups=$(find /sys/kernel/iommu_groups -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)
	jq -e --argjson groups "$groups" '.access.iommu_groups == $groups and
		(.access.hypervisor == "none" or .access.dma_reaches == null)' "$report"
	jq -e '.access.processes >= .access.processes_read and .access.processes_read > 0' "$report"
}

@test "a recording replays to the byte, and every recording holds what share needs" {
	need_root
	start_victim share
	of_victim
	for f in '' -J --ndjson '--each -J'; do
		rec=$BATS_TEST_TMPDIR/rec
		rm -rf "$rec"
		# shellcheck disable=SC2086
		"$SAFEVMA" share $f -p "$victim" --record "$rec" >"$BATS_TEST_TMPDIR/live" 2>/dev/null || true
		# shellcheck disable=SC2086
		"$SAFEVMA" share $f -p "$victim" --root "$rec" >"$BATS_TEST_TMPDIR/again" 2>/dev/null || true
		[ -s "$BATS_TEST_TMPDIR/live" ]
		cmp "$BATS_TEST_TMPDIR/live" "$BATS_TEST_TMPDIR/again"
	done
	"$SAFEVMA" record -p "$victim" "$BATS_TEST_TMPDIR/all" 2>/dev/null || true
	share -p "$victim" --each --root "$BATS_TEST_TMPDIR/all"
	python3 tests/live/share.py "$report" "$victim" "$child" "$truth"
	jq -e '[.gaps[] | select(.kind == "not-recorded")] | length == 0' "$report"
}

@test "as nobody what shares is unknown, none of it is zero, and the exit status says so" {
	need_root
	private_copy
	start setpriv --reuid=65534 --regid=65534 --clear-groups sleep 600
	settle "$started"
	run -3 --separate-stderr as_nobody "$tool" share -J -p "$started"
	jq -e '.processes[0] | .shared_pages == null and .bleeding_pages == null and
		.outside_pages == null and .unexplained_frames == null and .alone_pages == null and
		.bleeding_seen_pages == null' <<<"$output"
	jq -e '.access.processes_read < .access.processes' <<<"$output"
	run -3 --separate-stderr as_nobody "$tool" share -J -p $$
	jq -e '.processes[0] | .present_pages == null and .bleeding_pages == null' <<<"$output"
}

@test "names of any bytes give valid JSON, and no control character reaches the terminal" {
	need_root
	start_victim hostile
	share -p "$victim"
	iconv -f UTF-8 -t UTF-8 "$report" >/dev/null
	jq -e '.processes[0].pairs | length > 0' "$report"
	start sleep 1000
	"$SAFEVMA" share -p "$started" >"$BATS_TEST_TMPDIR/text" 2>&1 || [ $? -eq 3 ]
	no_control_bytes "$BATS_TEST_TMPDIR/text"
	"$SAFEVMA" share -r -p "$victim" >"$BATS_TEST_TMPDIR/raw" 2>&1 || [ $? -eq 3 ]
	no_control_bytes "$BATS_TEST_TMPDIR/raw"
}

@test "processes that come and go meanwhile cost the claim at most, and nothing else" {
	need_root
	start_victim share
	of_victim
	start_churn=$("$VICTIM" --stay churn 60 >/dev/null 2>&1 3>&- & echo $!)
	to_end="$to_end $start_churn"
	for _ in 1 2 3; do
		share -p "$victim" --each
		jq -e '.processes[0].reading == "stable"' "$report"
		python3 - "$report" "$child" "$truth" <<-'END'
		import json, sys
		report, child = json.load(open(sys.argv[1])), int(sys.argv[2])
		rows = [r for r in report["processes"][0]["pairs"] if r["other"]["pid"] == child]
		for line in open(sys.argv[3]):
		    region = json.loads(line)
		    if region.get("kind") != "writable":
		        continue
		    start, end = int(region["start"], 16), int(region["end"], 16)
		    n = sum(r["pages"] for r in rows if start <= int(r["vaddr"], 16) < end)
		    assert n == len(region["shared"]), (region["name"], n)
		END
		jq -e '.processes[0].unexplained_frames as $n | $n == null or $n == 0' "$report"
	done
	kill -9 "$child"
	share -p "$victim"
	[ "$(rows ".other.pid == $child")" -eq 0 ]
}

@test "a process that ended is a gap, and what cannot be meant is refused" {
	for words in 'word' '-p 0' '--group x' '--group 0' '--group 1,' '--sort NOPE' '-o NOPE' \
		'--no-smaps'; do
		# shellcheck disable=SC2086
		run --separate-stderr "$SAFEVMA" share $words
		echo "$words: $status $stderr"
		[ "$status" -eq 64 ]
		[ -n "$stderr" ]
	done
	run -3 --separate-stderr "$SAFEVMA" share -p 2147483647
	[[ $stderr == *2147483647* ]]
	run -1 --separate-stderr "$SAFEVMA" share --root /nonexistent
}

@test "raw text is the pairs alone" {
	need_root
	start_victim share
	of_victim
	run --separate-stderr "$SAFEVMA" share -r -o PAGES,VMA,OTHER --sort -PAGES -p "$victim"
	[ "${lines[0]}" = "PAGES VMA OTHER" ]
	[ "${#lines[@]}" -gt 5 ]
	sort -c -n -r <(printf '%s\n' "${lines[@]:1}" | cut -d ' ' -f 1)
}
