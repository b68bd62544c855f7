#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Privileges, exit statuses, recordings: what the manual promises.

load helpers

@test "as nobody no frame number is shown, every figure that needs one is unknown, exit 3" {
	need_root
	private_copy
	start setpriv --reuid=65534 --regid=65534 --clear-groups sleep 600
	settle "$started"
	run --separate-stderr as_nobody "$tool" frames -J -p "$started"
	[ "$status" -eq 3 ]
	jq -e '[.processes[0].runs[] | select(.state == "present")] | length > 0' <<<"$output"
	jq -e '[.processes[0].runs[] | .pfn, .class, .reach, .mapcount, .below.class] |
		all(. == null)' <<<"$output"
	jq -e '[.gaps[] | select(.interface == "pagemap" and .incomplete)] | length == 1' <<<"$output"
	[[ $output != *'"0x0"'* ]] || ! jq -e '[.. | .pfn? // empty] | index("0x0")' <<<"$output"
	run --separate-stderr as_nobody "$tool" maps -J -p "$started"
	[ "$status" -eq 3 ]
	jq -e '[.processes[0].vmas[] | .reach.mapped_bytes, .edges.over.strong] |
		map(select(. != null and . != 0)) | length == 0' <<<"$output"
	jq -e '[.processes[0].vmas[].resident_bytes] | add > 0' <<<"$output"
}

@test "after start-up the parsing process holds no capability" {
	need_root
	start_victim many 4000
	"$SAFEVMA" frames --each -J -p "$victim" 2>/dev/null | (
		for _ in $(seq 100); do
			sleep 0.1
			pid=$(pgrep -x -n safevma) || continue
			grep -q '^NoNewPrivs:.1$' "/proc/$pid/status" && break
		done
		grep -E '^(Cap|NoNewPrivs)' "/proc/$pid/status"
		cat >/dev/null
	) >"$BATS_TEST_TMPDIR/status"
	cat "$BATS_TEST_TMPDIR/status"
	for c in CapInh CapPrm CapEff CapBnd CapAmb; do
		grep -q "^$c:.0000000000000000\$" "$BATS_TEST_TMPDIR/status"
	done
	grep -q '^NoNewPrivs:.1$' "$BATS_TEST_TMPDIR/status"
}

@test "a recording replays to the byte, for every command, as nobody, under valgrind" {
	need_root
	[ -z "${SANITIZED:-}" ] || skip "sanitizers and valgrind exclude each other"
	private_copy
	start_victim
	for c in ps maps frames adjacency phys locks commit doctor 'doctor --reconcile' linear 'linear --pools --map'; do
		for f in '' -J --ndjson; do
			rec=$BATS_TEST_TMPDIR/rec
			rm -rf "$rec"
			set +e
			# shellcheck disable=SC2086
			"$SAFEVMA" $c $f -p "$victim" --record "$rec" >"$BATS_TEST_TMPDIR/live" \
				2>"$BATS_TEST_TMPDIR/live.err"
			live=$?
			chown -R 65534:65534 "$rec"
			# shellcheck disable=SC2086
			as_nobody valgrind -q --error-exitcode=99 --leak-check=full "$tool" $c $f \
				-p "$victim" --root "$rec" >"$BATS_TEST_TMPDIR/replay" \
				2>"$BATS_TEST_TMPDIR/replay.err"
			replay=$?
			set -e
			echo "$c $f: live $live, replay $replay"
			[ "$live" -eq "$replay" ]
			cmp "$BATS_TEST_TMPDIR/live" "$BATS_TEST_TMPDIR/replay"
			cmp "$BATS_TEST_TMPDIR/live.err" "$BATS_TEST_TMPDIR/replay.err"
		done
	done
}

@test "record answers every command, and holds none of the page contents" {
	need_root
	start_victim
	run -0 --separate-stderr "$SAFEVMA" record -p "$victim" "$BATS_TEST_TMPDIR/rec"
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/rec")" = 700 ]
	for c in ps maps frames adjacency phys locks commit doctor 'doctor --reconcile' linear 'linear --pools'; do
		# shellcheck disable=SC2086
		run --separate-stderr "$SAFEVMA" $c -J -p "$victim" --root "$BATS_TEST_TMPDIR/rec"
		echo "$c: $status $stderr"
		# Without kcore, or with a process that may not be looked into, linear and commit are not whole.
		[ "$status" -eq 0 ] || { [ "$status" -eq 3 ] && [[ $c = linear* || $c = commit ]]; }
		jq -e '[.gaps[].kind] | index("not-recorded") | not' <<<"$output"
	done
}

@test "a tar stream of a recording is the same recording" {
	need_root
	start_victim
	"$SAFEVMA" record --lean -p "$victim" - >"$BATS_TEST_TMPDIR/rec.tar"
	mkdir "$BATS_TEST_TMPDIR/rec"
	tar -xf "$BATS_TEST_TMPDIR/rec.tar" -C "$BATS_TEST_TMPDIR/rec"
	run -0 --separate-stderr "$SAFEVMA" maps -J -p "$victim" --root "$BATS_TEST_TMPDIR/rec"
	jq -e '.processes[0].vmas | length > 10' <<<"$output"
}

@test "a redacted recording has no path of the process and still answers" {
	need_root
	start_victim --only file,secret
	"$SAFEVMA" record --lean --redact -p "$victim" "$BATS_TEST_TMPDIR/rec"
	! grep -r -l -F "$(readlink -f "$VICTIM")" "$BATS_TEST_TMPDIR/rec"
	run -0 --separate-stderr "$SAFEVMA" maps -J -p "$victim" --root "$BATS_TEST_TMPDIR/rec"
	jq -e '[.processes[0].vmas[] | select(.kind == "secretmem" and .reach.removed_bytes > 0)] |
		length == 1' <<<"$output"
}

@test "a recording with any one file removed, cut or made a directory: a gap or an error" {
	need_root
	start_victim --only locked,secret,huge
	"$SAFEVMA" record --lean -p "$victim" "$BATS_TEST_TMPDIR/rec"
	for c in "maps -J -p $victim" "frames -J -p $victim" "ps -J -a"; do
		# shellcheck disable=SC2086
		"$SAFEVMA" $c --root "$BATS_TEST_TMPDIR/rec" >"$BATS_TEST_TMPDIR/whole" 2>/dev/null
		(cd "$BATS_TEST_TMPDIR/rec" && find . -type f | grep -E "/$victim/|^./[^/]*\$|^./proc/[^0-9]" |
			grep -v '/task/' | sort) >"$BATS_TEST_TMPDIR/files"
		while read -r file; do
			f=$BATS_TEST_TMPDIR/rec/$file
			for how in remove cut directory; do
				mv "$f" "$BATS_TEST_TMPDIR/kept"
				case $how in
				remove) ;;
				cut) head -c $(($(stat -c %s "$BATS_TEST_TMPDIR/kept") / 2)) \
					"$BATS_TEST_TMPDIR/kept" >"$f" ;;
				directory) mkdir "$f" ;;
				esac
				set +e
				# shellcheck disable=SC2086
				"$SAFEVMA" $c --root "$BATS_TEST_TMPDIR/rec" \
					>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&-
				s=$?
				set -e
				rm -rf "$f"
				mv "$BATS_TEST_TMPDIR/kept" "$f"
				case $s in
				0 | 3)
					cmp -s "$BATS_TEST_TMPDIR/whole" "$BATS_TEST_TMPDIR/out" && continue
					jq -e '[.gaps[].kind] | index("recording-damaged")' \
						"$BATS_TEST_TMPDIR/out" >/dev/null || {
						echo "$c: $how $file: status $s, other output and no gap"
						return 1
					} ;;
				1) [ -s "$BATS_TEST_TMPDIR/err" ] ;;
				*)
					echo "$c: $how $file: status $s"
					return 1 ;;
				esac
			done
		done <"$BATS_TEST_TMPDIR/files"
	done
}

@test "a full disk and a closed pipe on standard output" {
	run "$SAFEVMA" explain >/dev/full
	bash -c "'$SAFEVMA' explain >/dev/full" 2>"$BATS_TEST_TMPDIR/err" && return 1
	grep -q 'write' "$BATS_TEST_TMPDIR/err"
	bash -c "'$SAFEVMA' ps -a -J >/dev/full" 2>"$BATS_TEST_TMPDIR/err" && return 1
	grep -q 'No space left' "$BATS_TEST_TMPDIR/err"
	run bash -c "set -o pipefail; '$SAFEVMA' frames --each -p \$\$ 2>&1 | head -c 10 >/dev/null"
	[ "$status" -eq 141 ]
	[ -z "$output" ]
}

@test "usage errors: 64, and a message that says what is wrong" {
	for bad in '' 'nonsense' 'maps --nonsense' 'maps -p' 'maps -p 0' 'maps -p 12x' 'maps -p -3' \
		'maps -p 99999999999' 'maps -o NOPE' 'maps --sort NOPE' 'maps extra' 'explain nope' \
		'record' 'record a b' 'maps --json --ndjson' 'maps --critical -a' 'ps --each' \
		'maps --color sometimes' 'maps --redact' 'maps --max-hold 0' 'maps --max-hold 1000001' \
		'maps --max-hold 1e3' 'maps --max-hold=' 'frames --max-hold -1' 'maps --jobs 0' \
		'record --jobs 65' 'linear --jobs two' 'ps --jobs 2'; do
		# shellcheck disable=SC2086
		run "$SAFEVMA" $bad
		echo "'$bad': $status: $output"
		[ "$status" -eq 64 ]
		[ "${#output}" -gt 15 ]
	done
}

# Timing aside, what is read and said is the same: only a recording is read twice alike.
@test "neither --max-hold nor --jobs changes what a recording holds" {
	d=$BATS_TEST_TMPDIR
	"$SAFEVMA" maps -p $$ --max-hold 1 --jobs 4 --record "$d/a" >"$d/live" || [ $? -eq 3 ]
	"$SAFEVMA" maps -p $$ --max-hold 1000000 --root "$d/a" >"$d/replay" || [ $? -eq 3 ]
	cmp "$d/live" "$d/replay"
	"$SAFEVMA" maps -p $$ --jobs 64 --root "$d/a" | cmp "$d/live"
}

@test "an absent process: named in a gap, exit 3" {
	run "$SAFEVMA" maps -p 4194303
	[ "$status" -eq 3 ]
	[[ $output == *"stat of process 4194303"* ]]
}

@test "an empty selection: said, with how to select, exit 3" {
	run "$SAFEVMA" maps --comm no-process-is-called-so
	[ "$status" -eq 3 ]
	[[ $output == *"-p PID"* ]]
}

@test "a malformed --root: an error that names it, exit 1" {
	d=$BATS_TEST_TMPDIR
	mkdir "$d/empty" "$d/text" "$d/cut" "$d/evil"
	echo hello >"$d/text/recording.json"
	printf '{"schema":"safevma.recording/1","ops":[\n{"op":"open"' >"$d/cut/recording.json"
	printf '%s\n' '{"schema":"safevma.recording/1","ops":[' \
		'{"op":"note","path":"/proc","tag":"system","start":"0x0","end":"0x0","errno":0,"file":"../../../etc/passwd","length":1},' \
		'null],"complete":true}' >"$d/evil/recording.json"
	for bad in "$d/absent" /etc/passwd "$d/empty" "$d/text" "$d/cut" "$d/evil"; do
		run "$SAFEVMA" maps -p 1 --root "$bad"
		echo "$bad: $status: $output"
		[ "$status" -eq 1 ]
		[[ $output == *"$bad"* ]]
	done
}

@test "a recording is not written over what is there" {
	mkdir "$BATS_TEST_TMPDIR/full"
	echo precious >"$BATS_TEST_TMPDIR/full/file"
	run "$SAFEVMA" ps --record "$BATS_TEST_TMPDIR/full"
	[ "$status" -eq 64 ]
	[ "$(cat "$BATS_TEST_TMPDIR/full/file")" = precious ]
}

@test "sorting, columns and raw output" {
	run -0 --separate-stderr "$SAFEVMA" ps -a -r -n -o PID,RSS --sort -RSS
	previous=
	for l in "${lines[@]}"; do
		rss=${l#* }
		[ "$rss" = - ] && rss=-1
		[ -z "$previous" ] || [ "$rss" -le "$previous" ]
		previous=$rss
	done
	[ "${#lines[@]}" -gt 1 ]
}

@test "standard output that is closed is an error, and takes no file of ours" {
	bash -c "'$SAFEVMA' ps -a >&-" 2>"$BATS_TEST_TMPDIR/err" && return 1
	grep -q 'Bad file descriptor' "$BATS_TEST_TMPDIR/err"
	bash -c "'$SAFEVMA' ps -a <&- >&- 2>&-" && return 1
	true
}

@test "the number of a thread is said to be one, and counts nothing twice" {
	need_root
	start_victim --threads 2 --only locked
	thread=$(printf '%s\n' /proc/"$victim"/task/* | sed 's|.*/||' | grep -v -x "$victim" | head -1)
	run --separate-stderr "$SAFEVMA" maps -J -p "$victim,$thread"
	[ "$status" -eq 3 ]
	[ "$(jq '.processes | length' <<<"$output")" -eq 1 ]
	jq -e --arg t "$thread" '[.gaps[] | select(.incomplete) | .reason | contains($t)] | any' \
		<<<"$output"
}

@test "a group whose first thread ended is not said to be uncritical" {
	need_root
	start python3 -c '
import ctypes, threading, time
libc = ctypes.CDLL(None)
libc.mlockall(3)
threading.Thread(target=time.sleep, args=(60,)).start()
libc.syscall(60, 0)  # exit of this thread alone (x86-64)
'
	[ "$(uname -m)" = x86_64 ] || skip "the number of the exit call is that of x86-64"
	for _ in $(seq 100); do
		sleep 0.2
		grep -q '^State:.Z' "/proc/$started/status" && break
	done
	grep -q '^State:.Z' "/proc/$started/status"
	run --separate-stderr "$SAFEVMA" ps -J -p "$started"
	[ "$status" -eq 3 ]
	[ "$(jq -c .processes[0].critical <<<"$output")" = null ]
	run --separate-stderr "$SAFEVMA" maps -J
	jq -e --argjson p "$started" '[.gaps[] | select(.pid == $p and .incomplete)] | length > 0' \
		<<<"$output"
}

@test "an opener that is killed ends the command, and leaves no recording" {
	need_root
	start_victim many 20000
	for _ in $(seq 10); do
		rm -rf "$BATS_TEST_TMPDIR/rec"
		"$SAFEVMA" record --lean -p "$victim" "$BATS_TEST_TMPDIR/rec" \
			2>"$BATS_TEST_TMPDIR/err" 3>&- &
		tool=$!
		for _ in $(seq 100); do
			opener=$(pgrep -P "$tool") && break
			sleep 0.02
		done
		sleep 0.1
		kill -9 "$opener" || true
		status=0
		wait "$tool" || status=$?
		[ -f "$BATS_TEST_TMPDIR/rec/recording.json" ] || break
	done
	cat "$BATS_TEST_TMPDIR/err"
	[ "$status" -eq 1 ]
	grep -q 'opener' "$BATS_TEST_TMPDIR/err"
	[ ! -f "$BATS_TEST_TMPDIR/rec/recording.json" ]
}
