#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# watch: a settled loop passes, and each way of upsetting it is told with its culprit. What the
# victim says it did and what /proc counts of it is the truth.

load helpers

teardown()
{
	exec 9>&- || true
	end_started
}

# The settled loop, as $victim; its orders go to descriptor 9.
start_obey()
{
	mkfifo "$BATS_TEST_TMPDIR/orders"
	# Open for reading too: neither end waits for the other.
	exec 9<>"$BATS_TEST_TMPDIR/orders"
	"$VICTIM" obey <"$BATS_TEST_TMPDIR/orders" >"$BATS_TEST_TMPDIR/obey.out" \
		2>"$BATS_TEST_TMPDIR/obey.err" 3>&- 9>&- &
	to_end="${to_end:-} $!"
	for _ in $(seq 100); do
		grep -q -e '"ready"' -e '"skipped"' "$BATS_TEST_TMPDIR/obey.out" && break
		sleep 0.1
	done
	! grep '"skipped"' "$BATS_TEST_TMPDIR/obey.out" || skip "memory cannot be locked here"
	victim=$(sed -n 's/.*"ready":true,"pid":\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/obey.out")
	[ -n "$victim" ]
}

# watch ARG...: the report in $report, what was said in $said
watch()
{
	report=$BATS_TEST_TMPDIR/watch.json
	status=0
	"$SAFEVMA" watch -J "$@" >"$report" 2>"$BATS_TEST_TMPDIR/watch.err" 9>&- || status=$?
	# Shown when the test fails.
	jq -c '.settled, (.processes[]? | del(.changes))' "$report" || cat "$BATS_TEST_TMPDIR/watch.err"
}

faults_of() # PID: minor and major
{
	sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f8,10
}

# upset ORDER: watches while it is carried out; what the victim did in $did, faults that it took in
# $minor.
upset()
{
	local before after

	before=$(faults_of "$victim")
	# The order is given when the first look is made: at the earliest after that one.
	(sleep 1; echo "$1" >&9) &
	watch -p "$victim" --interval 0.2 --duration 2.5 --expect-settled
	wait $!
	after=$(faults_of "$victim")
	minor=$((${after%% *} - ${before%% *}))
	did=$(grep "\"did\":\"$1\"" "$BATS_TEST_TMPDIR/obey.out")
	[ -n "$did" ]
	echo "$did"
	jq -c '.processes[].changes[] | [.seconds, .what, .start, .end, .pages, .before, .after]' \
		"$report"
}

# told JQ: some change fits, where $from and $to are what the victim concerned
told()
{
	jq -e --arg from "$(jq -r .start <<<"$did")" --arg to "$(jq -r .end <<<"$did")" \
		"[.processes[0].changes[] | select($1)] | length > 0" "$report"
}

is_unsettled_by() # WHAT
{
	[ "$status" -eq 2 ]
	jq -e --arg what "$1" '.settled.verdict == "fail" and .processes[0].verdict == "fail" and
		(.processes[0].reason | startswith($what))' "$report"
	# The kernel counted the same faults, look for look.
	jq -e --argjson minor "$minor" '.processes[0].minor_faults == $minor' "$report"
}

@test "a settled loop passes, and nothing is told of it" {
	need_root
	local before after

	start_obey
	before=$(faults_of "$victim")
	watch -p "$victim" --interval 0.2 --duration 2 --expect-settled
	after=$(faults_of "$victim")
	[ "$status" -eq 0 ]
	# A busy machine may take longer for a look than the interval: what was due then is left out.
	jq -e '.settled.verdict == "pass" and .complete and .settled.looks == (.looks | length) and
		.settled.looks >= 2 and .settled.looks <= 11' "$report"
	jq -e --argjson minor "$((${after%% *} - ${before%% *}))" '
		.processes[0].changes == [] and .processes[0].minor_faults == $minor and
		.processes[0].looks_missed == 0' "$report"
	[ "$(jq .processes[0].resident_last_bytes "$report")" = \
		"$(($(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$victim/status") * 1024))" ]
	[ "$(jq .processes[0].vmas_last "$report")" = "$(wc -l <"/proc/$victim/maps")" ]
	# Every present page was looked at: as many as an independent reader finds.
	[ "$(jq .processes[0].pages_watched "$report")" = \
		"$(python3 tests/live/reader.py "$victim" | jq '[.vmas[].pages | length] | add')" ] ||
		python3 tests/live/reader.py "$victim" | head -c 600
}

@test "each look says what it cost, and the sum is that of the looks" {
	need_root
	start_obey
	watch -p "$victim" --interval 0.2 --duration 1
	[ "$status" -eq 0 ]
	jq -e '(.looks | length) == .settled.looks and .settled.looks >= 2 and all(.looks[]; .cost.lock_reads > 0 and .cost.pages > 0 and
		.cost.longest_read_us != null and .cost.took_us > 0) and
		([.looks[].cost.lock_reads] | add) == .settled.cost.lock_reads and
		([.looks[].cost.pages] | add) == .settled.cost.pages and
		([.looks[].cost.lock_reads] | max) == .settled.cost.lock_reads_most and
		([.looks[].cost.longest_read_us] | max) == .settled.cost.longest_read_us' "$report"
}

@test "malloc: the heap grew" {
	need_root
	start_obey
	upset malloc
	is_unsettled_by "heap-grew [heap]"
	told '.what == "heap-grew" and .kind == "heap" and .start < $to and $from < .end'
	told '.what == "resident" and .after_number - .before_number >= 4000000'
	told '.what == "locked" and .after_number > .before_number'
}

@test "free: the heap shrank" {
	need_root
	start_obey
	echo malloc >&9
	sleep 0.5
	upset free
	is_unsettled_by "heap-shrank [heap]"
	told '.what == "heap-shrank" and .after_number < .before_number'
}

@test "mmap: a mapping was added, where it is" {
	need_root
	start_obey
	upset mmap
	# It may join a mapping beside it.
	told '(.what == "vma-added" or .what == "vma-grew") and .start == $from and .end == $to'
	is_unsettled_by "vma-"
}

@test "the first touch of a page is told with its address" {
	need_root
	start_obey
	upset touch
	is_unsettled_by page-added
	told '.what == "page-added" and .start == $from and .end == $to and .pages == 4'
	[ "$minor" -eq 4 ]
}

@test "a page that is given back is lost" {
	need_root
	start_obey
	echo touch >&9
	sleep 0.5
	upset drop
	is_unsettled_by page-lost
	told '.what == "page-lost" and .start == $from and .end == $to and .pages == 1 and
		.note == "absent"'
}

@test "mprotect of one page is told of that page alone" {
	need_root
	start_obey
	upset mprotect
	is_unsettled_by vma-reprotected
	told '.what == "vma-reprotected" and .start == $from and .end == $to and
		.before == "rw-p" and .after == "r--p"'
	jq -e '[.processes[0].changes[] | select(.what | startswith("vma-"))] | length == 1' "$report"
}

@test "munlock: every page of it lost its lock, and no other" {
	need_root
	start_obey
	upset munlock
	is_unsettled_by lock-lost
	[ "$(jq '[.processes[0].changes[] | select(.what == "lock-lost").pages] | add' "$report")" = 16 ]
	jq -e --arg from "$(jq -r .start <<<"$did")" --arg to "$(jq -r .end <<<"$did")" \
		'all(.processes[0].changes[] | select(.what == "lock-lost");
			.start >= $from and .end <= $to)' "$report"
	told '.what == "locked" and .before_number - .after_number == 65536'
}

@test "fork: the child is named, and what waits for a copy is told" {
	need_root
	start_obey
	upset fork
	is_unsettled_by child
	child=$(pgrep -P "$victim")
	told '.what == "child" and .after_number == '"$child"
	told '.what == "cow-pending"'
}

@test "a child that came and went between looks left faults behind" {
	need_root
	start_obey
	upset forked
	[ "$status" -eq 2 ]
	told '.what == "children-faults" or .what == "child"'
}

@test "a thread: its stack and its number" {
	need_root
	start_obey
	upset thread
	told '.what == "threads" and .before_number == 1 and .after_number == 2'
	told '.what == "vma-added"'
	is_unsettled_by vma-
}

@test "a deeper stack grew" {
	need_root
	start_obey
	upset stack
	is_unsettled_by "stack-grew [stack]"
	told '.what == "stack-grew" and .kind == "stack" and .start <= $from'
}

@test "a process that ends has not settled, and the looking ends with it" {
	need_root
	start sleep 1
	watch -p "$started" --interval 0.2 --duration 60 --expect-settled
	[ "$status" -eq 2 ]
	jq -e '.processes[0].ended and .processes[0].verdict == "fail" and
		(.processes[0].changes[-1].what == "ended")' "$report"
}

@test "an order to stop ends it with a whole report, and a look at the last moment" {
	need_root
	start_obey
	"$SAFEVMA" watch -J -p "$victim" --interval 10 >"$BATS_TEST_TMPDIR/stopped.json" 9>&- &
	sleep 1.5
	kill -INT $!
	wait $!
	jq -e '.settled.looks == 2 and .settled.verdict == "pass" and .complete' \
		"$BATS_TEST_TMPDIR/stopped.json"
}

@test "a recording says the same to the byte, to anybody and anywhere" {
	need_root
	start_obey
	private_copy
	(sleep 0.7; echo fork >&9; echo touch >&9) &
	"$SAFEVMA" watch -p "$victim" --interval 0.2 --duration 1.5 --record "$BATS_TEST_TMPDIR/kept" \
		>"$BATS_TEST_TMPDIR/live.txt" 9>&-
	wait $!
	chmod -R a+rX "$BATS_TEST_TMPDIR/kept"
	cd /
	as_nobody "$tool" watch -p "$victim" --root "$BATS_TEST_TMPDIR/kept" \
		>"$BATS_TEST_TMPDIR/replayed.txt"
	cmp "$BATS_TEST_TMPDIR/live.txt" "$BATS_TEST_TMPDIR/replayed.txt"
	grep -q page-added "$BATS_TEST_TMPDIR/live.txt"
}

@test "without one of its interfaces no verdict is a pass" {
	need_root
	start_obey
	"$SAFEVMA" watch -p "$victim" --interval 0.1 --duration 0.3 --expect-settled \
		--record "$BATS_TEST_TMPDIR/kept" >/dev/null 9>&-
	python3 tests/live/mutate.py "$SAFEVMA" "$BATS_TEST_TMPDIR/kept" "$BATS_TEST_TMPDIR/mutant" \
		watch -p "$victim" --expect-settled
}

@test "nobody: its own process is watched, and what is hidden makes it unknown" {
	need_root
	private_copy
	start setpriv --reuid=65534 --regid=65534 --clear-groups sleep 100
	sleep 0.3
	status=0
	as_nobody "$tool" watch -J -p "$started" --interval 0.1 --duration 0.4 --expect-settled \
		>"$BATS_TEST_TMPDIR/nobody.json" 2>"$BATS_TEST_TMPDIR/nobody.err" || status=$?
	[ "$status" -eq 3 ]
	jq -e '.settled.verdict == "unknown" and .processes[0].minor_faults == 0 and
		.processes[0].pages_moved == null and .processes[0].pages_unlocked == null and
		(.complete | not)' "$BATS_TEST_TMPDIR/nobody.json"
}

@test "nobody: the process of another is unknown, never settled" {
	need_root
	private_copy
	start sleep 100
	status=0
	as_nobody "$tool" watch -J -p "$started" --interval 0.1 --duration 0.3 --expect-settled \
		>"$BATS_TEST_TMPDIR/nobody.json" 2>"$BATS_TEST_TMPDIR/nobody.err" || status=$?
	[ "$status" -eq 3 ]
	jq -e '.settled.verdict != "pass" and .processes[0].verdict == "unknown"' \
		"$BATS_TEST_TMPDIR/nobody.json"
}

@test "all processes while some come and go by the hundred" {
	need_root
	start "$VICTIM" churn 4
	watch -a --interval 0.3 --duration 2
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
	jq -e '.settled.looks >= 2' "$report"
	"$SAFEVMA" watch -a --interval 0.3 --duration 1 >"$BATS_TEST_TMPDIR/text" 2>&1 || true
	no_control_bytes "$BATS_TEST_TMPDIR/text"
}

@test "hostile names reach nobody's terminal" {
	need_root
	start_victim hostile
	(sleep 0.4; kill "$started") &
	"$SAFEVMA" watch -p "$victim" --interval 0.2 --duration 1 >"$BATS_TEST_TMPDIR/text" 2>&1 || true
	wait $! || true
	no_control_bytes "$BATS_TEST_TMPDIR/text"
	grep -q ended "$BATS_TEST_TMPDIR/text"
}

@test "bad times and nothing to judge are usage errors" {
	for bad in "--duration 0" "--duration -1" "--duration x" "--interval 1ms" "--interval 1.2.3" \
		"--duration 1e3" "--duration 99999999h" "--interval =" "--expect-settled"; do
		# shellcheck disable=SC2086 # words
		run -64 "$SAFEVMA" watch -p 1 $bad
		[ -n "$output" ]
	done
	run -3 "$SAFEVMA" watch -p 2147483646 --duration 100ms
}

@test "a reader that went away ends it" {
	need_root
	start_victim churn 5
	timeout 20 bash -c '"$0" watch -a --interval 0.2 2>/dev/null | head -2' "$SAFEVMA"
}
