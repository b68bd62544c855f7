#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Validates what every command writes as JSON and NDJSON, of live processes, of a recording, and
# with and without privilege, against share/schema. Writes TAP.
#	SAFEVMA=build/safevma tests/lint/schema.sh
set -u
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
safevma=${SAFEVMA:-$top/build/safevma}
schemas=$top/share/schema
lint=$top/tests/lint/schema.py
work=$(mktemp -d) || exit 1
chmod 755 "$work"
started=
n=0 failed=0

# shellcheck disable=SC2317 # the trap calls it
cleanup()
{
	for p in $started; do kill "$p" 2>/dev/null; done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT PIPE TERM

# result NAME: of the command before it; what it said is in $work/said.
result()
{
	status=$?
	n=$((n + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $n - $1"
		return
	fi
	failed=1
	echo "not ok $n - $1"
	sed 's/^/# /' "$work/said"
}

skip()
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

# A complete figure (0) or an unknown one (3) is a result, of what judges every verdict; all else is
# a failure.
run()
{
	"$@" >"$work/out" 2>"$work/said"
	status=$?
	case "$*:$status" in *:0 | *:3 | *" probe "*:[12] | *" --expect-settled"*:2 | \
		*" --until-fault"*:2) return 0 ;; esac
	echo "exit status $status: $*" >>"$work/said"
	return 1
}

# both NAME COMMAND ARGUMENT...: with the runner $as, both formats
both()
{
	name=$1 command=$2
	shift 2
	schema=$schemas/safevma.$command.json
	case "$command $* " in *" --pfn "*) schema=$schemas/safevma.$command-pfn.json ;; esac
	case "$command $* " in "slab --grow "*) schema=$schemas/safevma.slab-grow.json ;; esac
	case "$command $* " in "locks "*" --each "*) schema=$schemas/safevma.locks-each.json ;; esac
	# shellcheck disable=SC2086 # $as is a command and its arguments
	run $as "$bin" "$command" "$@" --json &&
		"$lint" "$work/out" "$schema" 2>"$work/said"
	result "$name: $command $* --json"
	# shellcheck disable=SC2086
	run $as "$bin" "$command" "$@" --ndjson &&
		"$lint" --ndjson "$work/out" "$schema" 2>"$work/said"
	result "$name: $command $* --ndjson"
}

# every NAME SELECTION...: all commands on it
every()
{
	name=$1
	shift
	for c in ps maps frames adjacency locks commit share doctor; do both "$name" "$c" "$@"; done
	both "$name" doctor --reconcile "$@"
	both "$name" linear --pools --map "$@"
	both "$name" phys "$@"
	both "$name" watch --interval 50ms --duration 100ms "$@"
	both "$name" faults --duration 100ms "$@"
}

# frame_of PID: a frame that it maps, or the first where frame numbers are hidden
frame_of()
{
	"$safevma" frames -r -n -p "$1" -o PFN 2>/dev/null | grep -m 1 ^0x || echo 0
}

# A process whose name is not UTF-8, tries to steer a terminal, and holds a quote.
hostile()
{
	python3 -c '
import ctypes, signal
ctypes.CDLL(None).prctl(15, b"a\"\\\x1b[2J\xff\x01\xe2\x80\xa8\n", 0, 0, 0)
signal.pause()' >/dev/null 2>&1 &
	hostile=$!
	started="$started $hostile"
}

for s in "$schemas"/*.json; do
	"$lint" --strict "$s" 2>"$work/said"
	result "schema ${s##*/} requires every member and lets no other pass"
done

bin=$safevma as=
hostile
sleep 1000 &
quiet=$!
started="$started $quiet"
sleep 0.3 # until the names are set
every "own" -p $$
every "hostile name" -p "$hostile"
both "two processes" maps -p "$quiet,$hostile"
both "no smaps" maps -p $$ --no-smaps
both "each page" frames -p $$ --each
both "each run" locks -p $$ --each
both "each stretch" share -p $$ --each --group 1
both "locks without smaps" locks -p $$ --no-smaps
both "sample" adjacency -p $$ --sample 20
both "frames of a process" frames --pfn "$(frame_of "$quiet"),40"
both "no frame of memory" frames --pfn 0xfffffffffffff
both "sorted" maps -p $$ --sort -RESIDENT
both "everything" ps --all
both "critical" maps --critical
both "everything" commit --all
both "critical" commit --critical
both "settings" kernel
both "the kernel alone" linear
both "caches" slab
both "caches beside a process" slab -p $$
both "caches over a time" slab --grow --duration 10ms
both "the machine alone" phys --range 0-0x3ffff
both "each frame" phys --range 0x1000-0x11ff --zoom 1 -p $$
both "no memory" phys --range 0xffffffffff000-0xfffffffffffff
both "no page tables" maps -p $$ --page-tables none
both "every frame's further mappings" frames -p $$ --aliases
both "kernel thread" maps -p 2
both "no such process" adjacency -p 2147483647

both "nothing watched" watch -p 2147483647
both "kernel thread" watch -p 2 --duration 10ms
both "judged" watch -p "$quiet" --interval 50ms --duration 100ms --expect-settled

both "nothing selected" faults -p 2147483647
both "kernel thread" faults -p 2 --duration 10ms
both "judged" faults -p "$quiet" --duration 50ms --until-fault
run "$safevma" faults --record "$work/faulted" -e perf::MINOR-FAULTS -e perf::PAGE-FAULTS -- \
	sh -c '/bin/true; kill -9 $$' &&
	"$lint" "$work/faulted/recording.json" "$schemas/safevma.recording.json" 2>"$work/said"
result "recording.json, with faults"
both "recorded faults" faults --root "$work/faulted" -e perf::MINOR-FAULTS -e perf::PAGE-FAULTS
both "recorded faults, judged" faults --root "$work/faulted" --until-fault \
	-e perf::MINOR-FAULTS -e perf::PAGE-FAULTS

# Upset in every way: the recording has each sort of change that it can be brought to.
upset()
{
	victim=${VICTIM:-$top/build/tests/victim}
	[ -x "$victim" ] || return 1
	mkfifo "$work/orders" || return 1
	"$victim" obey <"$work/orders" >"$work/answers" 2>&1 &
	upset=$!
	started="$started $upset"
	exec 9>"$work/orders"
	sleep 0.5
	for word in malloc free mmap touch drop mprotect munlock fork forked thread stack; do
		sleep 0.3
		echo "$word"
	done >&9 &
	"$safevma" watch -p "$upset" --interval 100ms --duration 4500ms --record "$work/upset" \
		>"$work/told" 2>&1
	exec 9>&-
	grep -q page-added "$work/told"
}
if [ "$(id -u)" -eq 0 ] && upset; then
	both "upset" watch -p "$upset" --root "$work/upset"
	both "upset, judged" watch -p "$upset" --root "$work/upset" --expect-settled
else
	skip "upset" "needs root, the victims, and to lock memory"
fi

both "claims" probe --list
both "claims" probe fork-cow vmacache highmem-barrier secretmem-read
run "$safevma" probe --record "$work/probed" fork-cow execve-shared &&
	"$lint" "$work/probed/recording.json" "$schemas/safevma.recording.json" 2>"$work/said"
result "recording.json, with experiments"
both "recorded claims" probe --root "$work/probed"

run "$safevma" record -p "$quiet" "$work/rec" &&
	"$lint" "$work/rec/recording.json" "$schemas/safevma.recording.json" 2>"$work/said"
result "recording.json"
both "recording" frames --root "$work/rec" --pfn 0x1000,3
every "recording" --root "$work/rec" -p "$quiet"
run "$safevma" record --lean --watch 200ms --interval 100ms -p "$quiet" "$work/looks" &&
	"$lint" "$work/looks/recording.json" "$schemas/safevma.recording.json" 2>"$work/said"
result "recording.json, with looks"
both "recorded looks" watch -p "$quiet" --root "$work/looks" --expect-settled
run "$safevma" record --lean -p "$quiet" "$work/lean"
both "lean recording" adjacency --root "$work/lean" -p "$quiet"
run "$safevma" record --redact -p "$quiet" "$work/redacted" &&
	"$lint" "$work/redacted/recording.json" "$schemas/safevma.recording.json" 2>"$work/said"
result "recording.json, redacted"
every "redacted" --root "$work/redacted" -p "$quiet"

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	cp "$safevma" "$work/safevma" && chmod 755 "$work/safevma" && bin=$work/safevma
	$as sleep 1000 &
	nobody=$!
	started="$started $nobody"
	sleep 0.3
	every "nobody, own process" -p "$nobody"
	every "nobody, another's process" -p "$quiet"
	both "nobody, everything" ps --all
	both "nobody, sample" adjacency -p "$nobody" --sample 20
	both "nobody, a frame" frames --pfn 0x1000
	both "nobody, the machine" phys
	both "nobody, caches" slab
	both "nobody, caches over a time" slab --grow --duration 10ms
	both "nobody, claims" probe fork-cow devmem-ram
	mkdir "$work/nobody" && chown 65534:65534 "$work/nobody"
	# shellcheck disable=SC2086
	run $as "$bin" record -p "$nobody" "$work/nobody/rec" &&
		"$lint" "$work/nobody/rec/recording.json" "$schemas/safevma.recording.json" \
			2>"$work/said"
	result "nobody: recording.json"
else
	skip "nobody" "needs root and setpriv"
fi
echo "1..$n"
exit "$failed"
