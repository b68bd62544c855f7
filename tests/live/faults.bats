#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# faults: every fault of a known list is told with its place, nothing else unexplained, and what is
# lost is counted.

load helpers

teardown()
{
	exec 9>&- || true
	end_started
}

need_perf()
{
	[ -r /proc/sys/kernel/perf_event_paranoid ] || skip "this kernel has no perf events"
}

# start_waiting PROGRAM ARG...: a victim that begins at a line on descriptor 9, as $victim
start_waiting()
{
	mkfifo "$BATS_TEST_TMPDIR/orders"
	exec 9<>"$BATS_TEST_TMPDIR/orders"
	"$@" <"$BATS_TEST_TMPDIR/orders" >"$BATS_TEST_TMPDIR/victim.out" \
		2>"$BATS_TEST_TMPDIR/victim.err" 3>&- 9>&- &
	to_end="${to_end:-} $!"
	for _ in $(seq 100); do
		grep -q -e '"ready"' -e '"skipped"' "$BATS_TEST_TMPDIR/victim.out" && break
		sleep 0.1
	done
	! grep '"skipped"' "$BATS_TEST_TMPDIR/victim.out" || skip "memory cannot be locked here"
	victim=$(sed -n 's/.*"ready":true,"pid":\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/victim.out")
	[ -n "$victim" ]
}

said() # WORD: waits until the victim said it
{
	for _ in $(seq 1000); do
		! grep -q "$1" "$BATS_TEST_TMPDIR/victim.out" || return 0
		sleep 0.1
	done
	return 1
}

# looking PID: waits until a safevma has its events open, and a moment more for it to start them
looking()
{
	for _ in $(seq 300); do
		ls -l "/proc/$1/fd" 2>/dev/null | grep -q perf_event && break
		sleep 0.1
	done
	sleep 0.5
}

# faults ARG...: the report in $report; the victim begins when it is looked at
faults()
{
	report=$BATS_TEST_TMPDIR/faults.json
	status=0
	"$SAFEVMA" faults -J "$@" >"$report" 2>"$BATS_TEST_TMPDIR/faults.err" 3>&- 9>&- &
	tool=$!
	looking "$tool"
	echo go >&9
	wait "$tool" || status=$?
}

@test "every touch of a list is told: place, thread, cause, and no other fault" {
	need_root
	need_perf
	start_waiting "$VICTIM" toucher
	faults -p "$victim" --duration 2.5
	[ "$status" -eq 0 ]
	echo >&9
	said listed
	python3 tests/live/faults.py "$report" "$BATS_TEST_TMPDIR/victim.out"
	# The kernel's other count agrees: nothing was resolved without an event.
	jq -c '.processes, .sampling, .gaps' "$report"
	jq -e '.processes[0].unseen_faults == 0 and .complete and .coverage.unreadable == 0' "$report"
}

@test "the same is told of one's own process without any privilege" {
	need_root
	need_perf
	[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ] ||
		skip "kernel.perf_event_paranoid above 2 takes CAP_PERFMON"
	private_copy
	cp "$VICTIM" "$BATS_TEST_TMPDIR/victim"
	chmod 755 "$BATS_TEST_TMPDIR/victim"
	SAFEVMA="as_nobody $tool"
	start_waiting setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$BATS_TEST_TMPDIR/victim" flood 1000
	report=$BATS_TEST_TMPDIR/faults.json
	status=0
	(sleep 2; echo go >&9) &
	as_nobody "$tool" faults -J -p "$victim" --duration 4 >"$report" 2>/dev/null 9>&- ||
		status=$?
	wait $!
	said '"faults"'
	jq -e '.sampling.in_kernel == false and .sampling.sampled >= 1000 and
		.sampling.sampled == .sampling.counted and .sampling.unplaced == 0' "$report"
	[ "$status" -eq 0 ]
	# What cannot be seen so is said.
	jq -e '[.gaps[] | select(.reason | test("system calls"))] | length == 1' "$report"
}

@test "the process of another is refused to nobody, with what it needs" {
	need_root
	need_perf
	private_copy
	start sleep 100
	status=0
	as_nobody "$tool" faults -p "$started" --duration 0.2 >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	[ "$status" -eq 3 ]
	grep -q 'perf_event_paranoid' "$BATS_TEST_TMPDIR/out"
	status=0
	as_nobody "$tool" faults -p "$started" --duration 0.2 --until-fault \
		>"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	[ "$status" -eq 3 ]
}

@test "a flood: what was lost is counted, and nothing is lost silently" {
	need_root
	need_perf
	start_waiting "$VICTIM" flood 2000000
	report=$BATS_TEST_TMPDIR/faults.json
	status=0
	"$SAFEVMA" faults -J -p "$victim" --duration 200 >"$report" 2>/dev/null 3>&- 9>&- &
	observer=$!
	looking "$observer"
	echo go >&9
	said '"faults"'
	kill -INT "$observer"
	wait "$observer" || status=$?
	jq -c .sampling "$report"
	own=$(sed -n 's/.*"faults":\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/victim.out")
	jq -e --argjson own "$own" '.sampling | .sampled + .lost == .counted and .sampled > 0 and
		.counted >= $own * 0.99' "$report"
	# The list is bounded, the sums are not.
	jq -e '(.faults | length) + .sampling.dropped == .sampling.sampled' "$report"
	jq -e '([.processes[].vmas[].minor_faults] | add) == .sampling.minor_faults' "$report"
	if jq -e '.sampling.lost > 0 or .sampling.dropped > 0' "$report"; then
		[ "$status" -eq 3 ]
	else
		[ "$status" -eq 0 ]
	fi
}

@test "rings that nobody empties lose faults, and that is said" {
	need_root
	need_perf
	start_waiting "$VICTIM" flood 400000
	report=$BATS_TEST_TMPDIR/faults.json
	status=0
	"$SAFEVMA" faults -J -p "$victim" --duration 200 >"$report" 2>/dev/null 3>&- 9>&- &
	observer=$!
	looking "$observer"
	# Stopped while the victim runs: the rings hold far less than what comes.
	kill -STOP "$observer"
	echo go >&9
	said '"faults"'
	kill -CONT "$observer"
	kill -INT "$observer"
	wait "$observer" || status=$?
	jq -c .sampling "$report"
	[ "$status" -eq 3 ]
	jq -e '.sampling | .lost > 100000 and .sampled + .lost == .counted' "$report"
	jq -e '(.complete | not) and (.sampling.reason | test("lost")) and .coverage.unreadable > 0' \
		"$report"
}

@test "until-fault: a loop that must not fault passes, and fails with the first fault" {
	need_root
	need_perf
	start_waiting "$VICTIM" obey
	report=$BATS_TEST_TMPDIR/faults.json
	status=0
	"$SAFEVMA" faults -J -p "$victim" --duration 1.5 --until-fault >"$report" 9>&- || status=$?
	[ "$status" -eq 0 ]
	jq -e '.sampling.verdict == "pass" and .faults == []' "$report"
	status=0
	(sleep 1; echo touch >&9) &
	"$SAFEVMA" faults -J -p "$victim" --duration 20 --until-fault >"$report" 9>&- || status=$?
	[ "$status" -eq 2 ]
	did=$(grep '"did":"touch"' "$BATS_TEST_TMPDIR/victim.out" | jq -r .start)
	jq -e --arg at "$did" '.sampling.verdict == "fail" and .faults[0].address == $at and
		.sampling.seconds < 15' "$report"
}

@test "a command is looked at from its first instruction to its last" {
	need_root
	need_perf
	report=$BATS_TEST_TMPDIR/faults.json
	# It counts itself: what it took before its own exec is not ours to see.
	"$SAFEVMA" faults -J -- python3 -c '
import resource, sys
x = bytearray(8 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt, file=sys.stderr)' \
		>"$report" 2>"$BATS_TEST_TMPDIR/count"
	own=$(tail -1 "$BATS_TEST_TMPDIR/count")
	jq -c .sampling "$report"
	jq -e --argjson own "$own" '.sampling.command_status == 0 and
		.sampling.sampled == .sampling.counted and
		.sampling.sampled > $own * 0.8 and .sampling.unplaced == 0' "$report"
	jq -e '.processes[0].comm == "python3"' "$report"
}

@test "children and threads of a command are followed" {
	need_root
	need_perf
	report=$BATS_TEST_TMPDIR/faults.json
	"$SAFEVMA" faults -J -- sh -c 'for i in 1 2 3; do /bin/true; done; /bin/true | /bin/true' \
		>"$report"
	jq -e '[.processes[] | select(.followed)] | length >= 4' "$report"
	jq -e '[.processes[] | select(.comm == "true")] | length >= 4' "$report"
	jq -e '.sampling.sampled == .sampling.counted' "$report"
}

@test "a command's status is shown, and one that cannot be run is an error" {
	need_perf
	"$SAFEVMA" faults -J -- sh -c 'exit 7' >"$BATS_TEST_TMPDIR/out" || true
	jq -e '.sampling.command_status == 7' "$BATS_TEST_TMPDIR/out"
	"$SAFEVMA" faults -J -- sh -c 'kill -9 $$' >"$BATS_TEST_TMPDIR/out" || true
	jq -e '.sampling.command_signal == 9 and .sampling.command_status == null' \
		"$BATS_TEST_TMPDIR/out"
	run "$SAFEVMA" faults -- /nonexistent/program
	[ "$status" -ne 0 ]
	[[ $output == *"No such file"* ]]
	run -64 "$SAFEVMA" faults true
	run -64 "$SAFEVMA" faults -p 1 -- true
}

@test "a command that will not end is ended, and reported" {
	need_root
	need_perf
	report=$BATS_TEST_TMPDIR/faults.json
	timeout 60 "$SAFEVMA" faults -J --duration 1 -- \
		sh -c 'trap "" TERM; echo $$ >"$1"; while :; do sleep 1; done' - \
		"$BATS_TEST_TMPDIR/pid" >"$report"
	jq -e '.processes[0].comm == "sh" and .sampling.sampled > 0' "$report"
	! kill -0 "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "events by name; one that there is not is an error that names it" {
	need_root
	need_perf
	"$SAFEVMA" faults -J -e perf::PAGE-FAULTS -- /bin/true >"$BATS_TEST_TMPDIR/out"
	jq -e '.sampling.events == ["perf::PAGE-FAULTS"] and .sampling.sampled > 10 and
		all(.faults[]; .fault == "fault")' "$BATS_TEST_TMPDIR/out"
	run "$SAFEVMA" faults -e nosuch::event -- /bin/true
	[ "$status" -ne 0 ]
	[[ $output == *"'nosuch::event'"* ]]
}

@test "a process that ends, or runs another program, is followed to its end" {
	need_root
	need_perf
	start_waiting sh -c 'echo "{\"ready\":true,\"pid\":$$}"; read -r x; exec python3 -c "x = 1"'
	faults -p "$victim" --duration 20
	[ "$status" -eq 0 ]
	jq -e '.processes[0].comm == "python3" and .sampling.sampled > 500 and
		.sampling.sampled == .sampling.counted and .sampling.seconds < 15' "$report"
	jq -e '[.processes[0].vmas[] | select(.path | tostring | test("python"))] | length > 0' "$report"
}

@test "a program with other rights takes its events away, and that is no pass" {
	need_root
	need_perf
	[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ] ||
		skip "kernel.perf_event_paranoid above 2 takes CAP_PERFMON"
	private_copy
	cp "$(type -P true)" "$BATS_TEST_TMPDIR/other-rights"
	cp "$(type -P true)" "$BATS_TEST_TMPDIR/unreadable"
	chmod 4755 "$BATS_TEST_TMPDIR/other-rights"
	chmod 711 "$BATS_TEST_TMPDIR/unreadable"
	report=$BATS_TEST_TMPDIR/faults.json
	for program in other-rights unreadable; do
		program=$BATS_TEST_TMPDIR/$program
		status=0
		as_nobody "$tool" faults -J --until-fault -- "$program" >"$report" 2>/dev/null ||
			status=$?
		[ "$status" -eq 3 ]
		jq -e '.sampling.verdict == "unknown" and ([.gaps[] |
			select(.reason | test("took the events away"))] | length == 1)' "$report"
		# So it is of a child; whoever forked it was seen.
		status=0
		as_nobody "$tool" faults -J -- sh -c "$program; exit 0" >"$report" 2>/dev/null ||
			status=$?
		[ "$status" -eq 3 ]
		jq -e '.complete | not' "$report"
	done
	status=0
	as_nobody "$tool" faults -J -- true >"$report" 2>/dev/null || status=$?
	[ "$status" -eq 0 ]
}

@test "a recording says the same to the byte" {
	need_root
	need_perf
	"$SAFEVMA" faults -J --record "$BATS_TEST_TMPDIR/kept" -- /bin/true >"$BATS_TEST_TMPDIR/live"
	"$SAFEVMA" faults -J --root "$BATS_TEST_TMPDIR/kept" >"$BATS_TEST_TMPDIR/replayed"
	cmp "$BATS_TEST_TMPDIR/live" "$BATS_TEST_TMPDIR/replayed"
	jq -e '.sampling.sampled > 10' "$BATS_TEST_TMPDIR/replayed"
	# A CPU that came online meanwhile: its faults went by unseen.
	status=0
	cp -r "$BATS_TEST_TMPDIR/kept" "$BATS_TEST_TMPDIR/more"
	sed -i 's/^cpus_watched.*/cpus_watched 1/; s/^cpus_online.*/cpus_online 2/' \
		"$BATS_TEST_TMPDIR"/more/proc/sys/kernel/*@perf-count@faults
	python3 - "$BATS_TEST_TMPDIR/more" <<-'E'
	import glob, os, re, sys
	[counts] = glob.glob(sys.argv[1] + "/proc/sys/kernel/*@perf-count@faults")
	journal = sys.argv[1] + "/recording.json"
	text = open(journal).read()
	found = re.compile(r'("file":"[^"]*@perf-count@faults","length":)[0-9]+')
	assert found.search(text)
	open(journal, "w").write(found.sub(r"\g<1>%d" % os.path.getsize(counts), text))
	E
	"$SAFEVMA" faults -J --root "$BATS_TEST_TMPDIR/more" >"$BATS_TEST_TMPDIR/more.json" ||
		status=$?
	[ "$status" -eq 3 ]
	jq -e '.gaps | any(.reason | test("2 CPUs are online, events were opened on 1"))' \
		"$BATS_TEST_TMPDIR/more.json"
	# Without what the kernel counted nothing says that all were seen.
	status=0
	python3 - "$BATS_TEST_TMPDIR/kept/recording.json" <<-'E'
	import sys
	lines = open(sys.argv[1]).readlines()
	open(sys.argv[1], "w").writelines(l for l in lines if '"perf-count"' not in l)
	E
	"$SAFEVMA" faults --root "$BATS_TEST_TMPDIR/kept" >/dev/null 2>&1 || status=$?
	[ "$status" -eq 3 ]
}

@test "a redacted recording names no file that a fault was about, and tells them apart" {
	need_root
	need_perf
	cp /bin/true "$BATS_TEST_TMPDIR/secretive"
	"$SAFEVMA" faults -J --record "$BATS_TEST_TMPDIR/kept" --redact -- \
		"$BATS_TEST_TMPDIR/secretive" >"$BATS_TEST_TMPDIR/live"
	jq -e '[.processes[].vmas[].path] | any(test("/secretive$"))' "$BATS_TEST_TMPDIR/live"
	! grep -r -l -a -e "$BATS_TEST_TMPDIR" -e libc.so "$BATS_TEST_TMPDIR/kept" || return 1
	"$SAFEVMA" faults -J --root "$BATS_TEST_TMPDIR/kept" >"$BATS_TEST_TMPDIR/replayed"
	# But for the names the same was told: paths that differed do so still.
	for f in live replayed; do
		jq -c '[.faults[] | [.address, .ip, .cause]], ([.faults[].vma.path] | unique | length),
			.sampling' "$BATS_TEST_TMPDIR/$f" >"$BATS_TEST_TMPDIR/$f.told"
	done
	cmp "$BATS_TEST_TMPDIR/live.told" "$BATS_TEST_TMPDIR/replayed.told"
}

@test "the offset in a file is the file's own, and memory without one has none" {
	need_root
	need_perf
	report=$BATS_TEST_TMPDIR/faults.json
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(1 << 20))' >"$BATS_TEST_TMPDIR/mapped"
	# Read by what knows where: one byte of a page far into the file, mapped from its half on.
	"$SAFEVMA" faults -J -- python3 -c '
import mmap, sys
f = open(sys.argv[1], "r+b")
m = mmap.mmap(f.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=1 << 19)
m[0x40123] = 1' "$BATS_TEST_TMPDIR/mapped" >"$report"
	jq -e --arg path "$BATS_TEST_TMPDIR/mapped" \
		'[.faults[] | select(.vma.path == $path) | [.file_offset, .vma.offset]] |
		index([["0xc0123", "0x40123"]])' "$report"
	jq -e '[.faults[] | select(.vma.path == "" or .vma.path == "[stack]")] |
		length > 0 and all(.file_offset == null)' "$report"
}

@test "NDJSON: faults come first and as they come, then head and sums" {
	need_root
	need_perf
	"$SAFEVMA" faults --ndjson -- /bin/true >"$BATS_TEST_TMPDIR/lines"
	head -1 "$BATS_TEST_TMPDIR/lines" | jq -e '.record == "faults" and .address'
	[ "$(jq -c 'select(.record == "faults")' "$BATS_TEST_TMPDIR/lines" | wc -l)" = \
		"$(jq 'select(.record == "sampling") | .sampled' "$BATS_TEST_TMPDIR/lines")" ]
	jq -s -e 'map(select(.record == "head"))[0].schema == "safevma.faults/1"' "$BATS_TEST_TMPDIR/lines"
}

@test "hostile names, a thousand threads, a reader that goes away, nothing selected" {
	need_root
	need_perf
	start_victim hostile
	"$SAFEVMA" faults -p "$victim" --duration 0.5 >"$BATS_TEST_TMPDIR/text" 2>&1
	no_control_bytes "$BATS_TEST_TMPDIR/text"
	start_victim --threads 1000 --only locked
	status=0
	"$SAFEVMA" faults -J -p "$victim" --duration 0.5 >"$BATS_TEST_TMPDIR/many" 2>/dev/null || status=$?
	# All of them, or it is said of which not.
	jq -e '.sampling.threads == 1001 and (.complete == (.sampling.threads_failed == 0))' \
		"$BATS_TEST_TMPDIR/many"
	timeout 20 bash -c '"$0" faults -- find / -maxdepth 3 2>/dev/null | head -1 >/dev/null' "$SAFEVMA"
	run -3 "$SAFEVMA" faults --comm there-is-no-such-name --duration 0.2
	run -64 "$SAFEVMA" faults --duration 0 -p 1
}
