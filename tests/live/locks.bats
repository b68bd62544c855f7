#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What can still fault, against what the victim did to its memory and the faults that it then met.

load helpers

states=cow,alone,locked,unlocked,reserved,onfault,locked_none,zero,locked_zero,guard,secret,huge
states=$states,huge_locked,hugetlb,shmem,file,file_written,lock_failed,huge_half,file_shared
states=$states,file_private,ring

# locks ARG...: the reports in $report and $each, the status of the first in $status
locks()
{
	report=$BATS_TEST_TMPDIR/locks.json each=$BATS_TEST_TMPDIR/each.json
	status=0
	"$SAFEVMA" locks -J "$@" >"$report" 2>"$BATS_TEST_TMPDIR/locks.err" || status=$?
	"$SAFEVMA" locks -J --each "$@" >"$each" 2>"$BATS_TEST_TMPDIR/each.err" || [ $? -eq 3 ]
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
}

# The kernel's own sums, as they are before the victim touches anything.
keep_proc()
{
	mkdir -p "$BATS_TEST_TMPDIR/proc"
	cat "/proc/$victim/status" >"$BATS_TEST_TMPDIR/proc/status"
	cat "/proc/$victim/smaps" >"$BATS_TEST_TMPDIR/proc/smaps"
}

touch_victim()
{
	kill -USR1 "$victim"
	for _ in $(seq 100); do
		! grep -q '"touched"' "$truth" || return 0
		sleep 0.1
	done
	return 1
}

region() # NAME: its first address
{
	jq -r --arg name "$1" 'select(.name == $name) | .start // empty' "$truth"
}

@test "each page is in the state that it was put in, and faults come where they are expected" {
	need_root
	start_victim --threads 4 --stacks --only "$states"
	locks -p "$victim"
	keep_proc
	touch_victim
	python3 tests/live/locks.py "$report" "$each" "$truth" --faults \
		--proc "$BATS_TEST_TMPDIR/proc"
}

@test "so it is on a tmpfs, and in regions of other sizes" {
	need_root
	mountpoint -q /dev/shm || skip "no tmpfs at /dev/shm"
	start_victim --pages 67 --dir /dev/shm --only "$states"
	locks -p "$victim"
	keep_proc
	touch_victim
	python3 tests/live/locks.py "$report" "$each" "$truth" --faults \
		--proc "$BATS_TEST_TMPDIR/proc"
}

@test "faults that were taken are expected no more" {
	need_root
	start_victim --only onfault,locked_zero,lock_failed
	touch_victim
	locks -p "$victim"
	for name in onfault locked_zero lock_failed; do
		jq -e --arg start "$(region "$name")" '.processes[0].vmas[] |
			select(.start == $start) | .write_faults == 0 and .pages.absent == 0 and
			.pages.resident == .pages.mlocked and
			(.reasons - ["compaction", "numa", "khugepaged", "ksm"] | length == 0)' \
			"$report"
	done
}

@test "without MCL_FUTURE what is new is not locked, with it it is" {
	need_root
	start_victim --lockall current --only reserved,unlocked
	locks -p "$victim"
	jq -e '.processes[0].future | .state == "partly" and .unflagged >= 2 and
		.unflagged < .lockable' "$report"
	jq -e --arg start "$(region reserved)" '.processes[0].vmas[] | select(.start == $start) |
		.lock == "unlocked" and .reasons == ["first-touch"]' "$report"
	kill "$victim"
	start_victim --lockall future --only reserved,unlocked
	locks -p "$victim"
	jq -e '.processes[0].future | .state == "covered" and .unflagged == 0' "$report"
	jq -e --arg start "$(region reserved)" '.processes[0].vmas[] | select(.start == $start) |
		.lock == "locked" and .pages.absent == 0 and .write_faults == 0' "$report"
	jq -e '.processes[0] | .flagged_bytes == .vm_locked_bytes' "$report"
	kill "$victim"
	start_victim --only reserved
	locks -p "$victim"
	jq -e '.processes[0].future | .state == "none" and .unflagged == .lockable' "$report"
}

@test "the part of a huge page that is locked is told from the other" {
	need_root
	start_victim --only huge_half
	grep -q '"skipped"' "$truth" && skip "$(jq -r 'select(.skipped).skipped' "$truth")"
	locks -p "$victim"
	half=$(jq -r 'select(.name == "huge_half") | .touched_pages | length / 2' "$truth")
	jq -e --arg start "$(region huge_half)" --argjson half "$half" '.processes[0].vmas |
		(map(.start) | index($start)) as $i | .[$i].lock == "locked" and
		.[$i + 1].lock == "unlocked" and .[$i].start < .[$i + 1].start and
		.[$i].end == .[$i + 1].start and .[$i].pages.resident == $half and
		.[$i].pages.mlocked + .[$i].pages.unmarked == $half and
		.[$i].pages.flag_only == .[$i].pages.unmarked' "$report"
}

@test "where no bit of pagemap shows a guard, the marker does, and to those who see it alone" {
	need_root
	start_victim --only guard
	grep -q '"skipped"' "$truth" && skip "$(jq -r 'select(.skipped).skipped' "$truth")"
	rec=$BATS_TEST_TMPDIR/rec
	"$SAFEVMA" locks -p "$victim" --record "$rec" >/dev/null
	# As 6.13 and 6.14 have it: the same marker without bit 58.
	python3 - "$rec" <<'EOF'
import array, glob, sys
changed = 0
for name in glob.glob(f"{sys.argv[1]}/proc/*/pagemap*"):
    with open(name, "r+b") as f:
        words = array.array("Q", f.read())
        for i, word in enumerate(words):
            if word >> 58 & 1 and word >> 62 & 1 and not word >> 63:
                words[i] = word & ~(1 << 58)
                changed += 1
        f.seek(0)
        f.write(words.tobytes())
assert changed
EOF
	locks -p "$victim" --root "$rec"
	[ "$status" -eq 0 ]
	python3 tests/live/locks.py "$report" "$each" "$truth"
	guards=$(jq 'select(.name == "guard") | .guard_pages | length' "$truth")
	jq -e --argjson n "$guards" '.processes[0] | .pages.guard == $n and .pages.swapped == 0 and
		.pages.marker == 0' "$report"
	# Where the marker's type is hidden too, it is neither swap nor guard for certain.
	python3 - "$rec" <<'EOF'
import array, glob, sys
changed = 0
for name in glob.glob(f"{sys.argv[1]}/proc/*/pagemap*"):
    with open(name, "r+b") as f:
        words = array.array("Q", f.read())
        for i, word in enumerate(words):
            if word >> 62 & 1 and not word >> 63:
                words[i] = 1 << 62
                changed += 1
        f.seek(0)
        f.write(words.tobytes())
assert changed
EOF
	locks -p "$victim" --root "$rec"
	jq -e '.processes[0] | .pages.guard == 0 and .pages.resident > 0 and
		(.reasons | index("guard") == null)' "$report"
}

@test "stacks of threads, with guards and without" {
	need_root
	start_victim --threads 2 --stacks --only reserved
	locks -p "$victim"
	jq -e '[.stacks[] | .guard] | sort == ["gap", "none", "vma"] or
		sort == ["gap", "none", "region"]' "$report"
	jq -e '[.stacks[] | select(.guard != "gap")] | all(.to_fault_bytes > 0 and
		.to_fault_bytes <= .room_bytes)' "$report"
	jq -e '.processes[0].stack | .room_bytes > 0 and .room_bytes <= .limit_bytes - .size_bytes' \
		"$report"
}

@test "of a thread that runs the stack is unknown, and no stack is made up" {
	need_root
	start bash -c 'while :; do :; done'
	locks -p "$started"
	jq -e '.stacks | length == 1' "$report"
	if jq -e '.stacks[0].sp == null' "$report"; then
		[ "$status" -eq 3 ]
		jq -e '.stacks[0] | .guard == null and .room_bytes == null and .start == null' "$report"
		jq -e '[.gaps[] | select(.interface == "task/syscall" and .incomplete)] |
			length == 1' "$report"
	fi
}

@test "settings that move memory are those of /proc and /sys" {
	need_root
	locks -p $$
	for pair in compact_unevictable_allowed:/proc/sys/vm/compact_unevictable_allowed \
		numa_balancing:/proc/sys/kernel/numa_balancing ksm_run:/sys/kernel/mm/ksm/run \
		khugepaged_defrag:/sys/kernel/mm/transparent_hugepage/khugepaged/defrag \
		thp_bytes:/sys/kernel/mm/transparent_hugepage/hpage_pmd_size; do
		want=0
		[ ! -r "${pair#*:}" ] || want=$(cat "${pair#*:}")
		[ "$(jq ".movers.${pair%%:*}" "$report")" = "$want" ]
	done
	[ "$(jq .movers.swap_areas "$report")" -eq $(($(wc -l </proc/swaps) - 1)) ]
}

@test "limits are those of the process" {
	need_root
	start prlimit --memlock=1048576 --stack=4194304 sleep 1000
	settle "$started"
	locks -p "$started"
	jq -e '.processes[0] | .memlock.limit_bytes == 1048576 and .memlock.left_bytes == 1048576 and
		.memlock.unlimited == false and .stack.limit_bytes == 4194304' "$report"
	kill "$started"
	prlimit --stack=unlimited true || skip "the stack cannot be without limit here"
	start prlimit --stack=unlimited sleep 1000
	settle "$started"
	locks -p "$started"
	jq -e '.processes[0].stack | .limit_bytes == null and .unlimited == true and
		.room_bytes > 0' "$report"
}

@test "a recording of it replays to the byte, and every recording holds it" {
	need_root
	start_victim --threads 2 --stacks
	for f in '' -J --ndjson '--each' '--each -J'; do
		rec=$BATS_TEST_TMPDIR/rec
		rm -rf "$rec"
		# shellcheck disable=SC2086
		"$SAFEVMA" locks $f -p "$victim" --record "$rec" >"$BATS_TEST_TMPDIR/live" 2>/dev/null
		# shellcheck disable=SC2086
		"$SAFEVMA" locks $f -p "$victim" --root "$rec" >"$BATS_TEST_TMPDIR/again" 2>/dev/null
		[ -s "$BATS_TEST_TMPDIR/live" ]
		cmp "$BATS_TEST_TMPDIR/live" "$BATS_TEST_TMPDIR/again"
	done
	"$SAFEVMA" record -p "$victim" "$BATS_TEST_TMPDIR/all" 2>/dev/null || true
	locks -p "$victim" --root "$BATS_TEST_TMPDIR/all"
	[ "$status" -eq 0 ]
	python3 tests/live/locks.py "$report" "$each" "$truth"
	! jq -e '[.gaps[] | select(.kind == "not-recorded")] | length > 0' "$report"
}

@test "without smaps no lock is known, and nothing is said to be safe" {
	need_root
	start_victim --only locked
	locks --no-smaps -p "$victim"
	[ "$status" -eq 3 ]
	jq -e '.processes[0] | .flagged_bytes == null and .future.state == null and
		.pages.resident > 0 and (.unknown | index("lock-flags") != null)' "$report"
	jq -e --arg start "$(region locked)" '.processes[0].vmas[] | select(.start == $start) |
		.lock == null and (.can_fault | contains("not known"))' "$report"
}

@test "as nobody what rests on frames is unknown, and none of it is zero" {
	need_root
	private_copy
	start setpriv --reuid=65534 --regid=65534 --clear-groups sleep 600
	settle "$started"
	run -3 --separate-stderr as_nobody "$tool" locks -J -p "$started"
	jq -e '.processes[0] | .pages.resident > 0 and .pages.mlocked == null and
		.pages.cow == null and .pages.zero == null and .write_faults == null and
		(.unknown | index("frames") != null) and (.can_fault | contains("not known"))' \
		<<<"$output"
	run -3 --separate-stderr as_nobody "$tool" locks -J -p $$
	jq -e '.processes[0] | .pages.resident == null and .read_faults == null and
		.flagged_bytes == null and (.can_fault | contains("not known"))' <<<"$output"
}

@test "names of any bytes give valid JSON, and no control character reaches the terminal" {
	need_root
	start_victim hostile
	locks -p "$victim"
	iconv -f UTF-8 -t UTF-8 "$report" >/dev/null
	iconv -f UTF-8 -t UTF-8 "$each" >/dev/null
	for f in '' -r --each; do
		# shellcheck disable=SC2086
		"$SAFEVMA" locks $f -o +PATH -p "$victim" >"$BATS_TEST_TMPDIR/text" 2>&1 || [ $? -eq 3 ]
		no_control_bytes "$BATS_TEST_TMPDIR/text"
	done
}

@test "what cannot be meant is refused" {
	for words in word '-p 0' '-p x' '--sort NOPE' '-o NOPE' '--each -o START'; do
		# shellcheck disable=SC2086
		run --separate-stderr "$SAFEVMA" locks $words
		echo "$words: $status $stderr"
		[ "$status" -eq 64 ]
		[ -n "$stderr" ]
	done
	run -3 --separate-stderr "$SAFEVMA" locks -p 2147483647
	[[ $stderr == *2147483647* ]]
	run -1 --separate-stderr "$SAFEVMA" locks --root /nonexistent
}
