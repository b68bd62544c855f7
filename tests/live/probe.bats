#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The claims ledger: names, verdicts, exit statuses, what is run and what is asked for first.

load helpers

splits() # of large pages of the linear map since boot
{
	awk '/^direct_map_level[23]_splits/ { n += $2 } END { print n + 0 }' /proc/vmstat
}

verdict() # CLAIM OUTPUT
{
	jq -r --arg c "$1" '.claims[] | select(.claim == $c) | .verdict' <<<"$2"
}

valid() # FILE
{
	tests/lint/schema.py "$@" share/schema/safevma.probe.json
}

@test "--list says every claim, and runs none" {
	run -0 --separate-stderr "$SAFEVMA" probe --list -J
	[ -z "$stderr" ]
	jq -e '.claims | length >= 32 and all(.verdict == "notchecked" and .observed == null and
		.took_us == null)' <<<"$output"
	jq -e '.claims | map(.claim) | unique | length' <<<"$output"
	jq -e '[.claims[] | select(.needs_yes)] | length > 10' <<<"$output"
	echo "$output" >"$BATS_TEST_TMPDIR/list"
	valid "$BATS_TEST_TMPDIR/list"
}

@test "names take these claims alone" {
	run --separate-stderr "$SAFEVMA" probe -J overcommit-default execve-locks
	[ "$(jq -r '.claims | map(.claim) | sort | join(" ")' <<<"$output")" = \
		"execve-locks overcommit-default" ]
}

@test "a name that the ledger lacks: 64, the nearest one named, nothing run" {
	run -64 --separate-stderr "$SAFEVMA" probe execve-lock
	[ -z "$output" ]
	[[ $stderr == *"'execve-lock' is no claim"*"'execve-locks'"* ]]
	run -64 "$SAFEVMA" probe fork-cow no-such-thing-at-all
	[[ $output == *"--list"* ]]
	run -64 "$SAFEVMA" probe --root /nonexistent no-such-thing-at-all
}

@test "exit status is the verdict: 0 pass, 2 fail, 3 unknown, and fail before unknown" {
	run -0 "$SAFEVMA" probe mlock-resident
	run -2 "$SAFEVMA" probe execve-shared
	run -3 "$SAFEVMA" probe secretmem-read
	run -2 "$SAFEVMA" probe execve-shared secretmem-read mlock-resident
	run -0 "$SAFEVMA" probe --list execve-shared
}

@test "without --yes no secretmem is touched, and the reason says so" {
	before=$(splits)
	run -2 --separate-stderr "$SAFEVMA" probe -J
	jq -e '[.claims[] | select(.needs_yes) | .verdict == "unknown" and
		.reason_code == "needs-yes" and (.observed | startswith("needs --yes: "))] |
		length > 10 and all' <<<"$output"
	jq -e '[.claims[] | select(.needs_yes | not) | .reason_code] |
		index("needs-yes") | not' <<<"$output"
	jq -e '[.claims[] | select(.verdict == "error")] == []' <<<"$output"
	[ "$(splits)" -le $((before + 8)) ] # others may split some
}

@test "--yes says beforehand what it costs" {
	run --separate-stderr "$SAFEVMA" probe --yes mlock-resident
	[[ $stderr == *"linear map"*"next boot"* ]]
	run --separate-stderr "$SAFEVMA" probe --yes --list mlock-resident
	[ -z "$stderr" ]
}

@test "what is certain on every kernel so far" {
	run --separate-stderr "$SAFEVMA" probe -J execve-shared execve-locks fork-locks \
		private-vmas cloexec-default mlock-resident onfault-absent locked-is-resident \
		vmlck-in-vmrss munlock-ends psi-reclaim first-touch
	for c in execve-shared private-vmas cloexec-default locked-is-resident vmlck-in-vmrss \
		first-touch; do
		[ "$(verdict "$c" "$output")" = fail ] || { echo "$c: $output"; return 1; }
	done
	for c in execve-locks fork-locks mlock-resident onfault-absent munlock-ends; do
		[ "$(verdict "$c" "$output")" = pass ] || { echo "$c: $output"; return 1; }
	done
}

@test "a race that is not won is unknown, never pass" {
	run --separate-stderr "$SAFEVMA" probe -J vma-race dirty-cow locked-frames-stay
	jq -e '.claims | all(.verdict == "fail" or .reason_code == "not-reproduced")' <<<"$output"
	jq -e '[.claims[] | select(.claim == "dirty-cow" and .verdict == "fail")] == []' <<<"$output"
}

@test "secretmem, with --yes: what copies works, what pins pages does not" {
	need_root
	run --separate-stderr "$SAFEVMA" probe --yes -J secretmem-read secretmem-write secretmem-kernel \
		secretmem-fork secretmem-fd-passing secretmem-vmsplice secretmem-vm-readv \
		secretmem-proc-mem secretmem-ptrace secretmem-path
	[ "$(jq -r '.claims[0].reason_code' <<<"$output")" != unsupported ] || skip "no memfd_secret"
	jq -e '[.claims[] | select(.claim | test("read$|write|kernel|fork|fd-passing|path"))] |
		length == 6 and all(.verdict == "fail")' <<<"$output"
	jq -e '[.claims[] | select(.claim | test("vmsplice|readv|proc-mem|ptrace"))] |
		length == 4 and all(.verdict == "pass")' <<<"$output"
}

@test "the control of the tool: a planted unlocked page is found" {
	need_root
	run -0 "$SAFEVMA" probe control-unlocked-page
}

@test "as nobody: what needs privilege is unknown, and nothing is an error" {
	need_root
	private_copy
	run --separate-stderr as_nobody "$tool" probe -J
	[ "$status" -eq 2 ]
	jq -e '[.claims[] | select(.verdict == "error")] == []' <<<"$output"
	jq -e '.claims[] | select(.claim == "fork-cow") | .verdict == "unknown" and
		.reason_code == "no-privilege"' <<<"$output"
	jq -e '.claims | all(.capabilities == "0x0")' <<<"$output"
}

@test "JSON and NDJSON keep to the schema; coverage and summary add up" {
	"$SAFEVMA" probe -J >"$BATS_TEST_TMPDIR/out" 2>/dev/null || true
	valid "$BATS_TEST_TMPDIR/out"
	jq -e '.summary[0] as $s | (.claims | length) == $s.claims and $s.claims == ($s.fail +
		$s.error + $s.unknown + $s.warn + $s.pass + $s.notapplicable + $s.notchecked) and
		.coverage.total == $s.claims and .coverage.unreadable == $s.unknown + $s.error and
		.summary[0].verdict == .claims[0].verdict' "$BATS_TEST_TMPDIR/out"
	"$SAFEVMA" probe --ndjson fork-locks >"$BATS_TEST_TMPDIR/out"
	valid --ndjson "$BATS_TEST_TMPDIR/out"
}

@test "lines fit a terminal of 120 columns" {
	"$SAFEVMA" probe >"$BATS_TEST_TMPDIR/out" || true
	long=$(awk 'length > 120' "$BATS_TEST_TMPDIR/out")
	[ -z "$long" ] || { echo "$long"; return 1; }
}

@test "a recording replays to the byte, as nobody, with --yes or without" {
	need_root
	tool=$BATS_TEST_TMPDIR/safevma
	rec=$BATS_TEST_TMPDIR/rec
	cp "$SAFEVMA" "$tool"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_RUN_TMPDIR" "$tool"
	for f in '' -J --ndjson; do
		rm -rf "$rec"
		live=0 replay=0
		# shellcheck disable=SC2086
		"$SAFEVMA" probe $f --record "$rec" >"$BATS_TEST_TMPDIR/live" || live=$?
		chown -R 65534:65534 "$rec"
		# shellcheck disable=SC2086
		as_nobody "$tool" probe $f --yes --root "$rec" >"$BATS_TEST_TMPDIR/replay" || replay=$?
		[ "$live" -eq "$replay" ]
		cmp "$BATS_TEST_TMPDIR/live" "$BATS_TEST_TMPDIR/replay"
	done
	# Nothing but results: no kcore, nothing of a child that an experiment looked at.
	! grep -E '"op":"(open|scan|query|pin|link|magic)"' "$rec/recording.json" |
		grep -E 'kcore|/proc/[0-9]'
	[ -z "$(find "$rec" -path '*/proc/kcore*' -o -path '*/proc/[0-9]*')" ]
}

@test "a recording without experiments: a gap, everything unknown, exit 3" {
	run -3 --separate-stderr "$SAFEVMA" probe -J --root tests/golden/recordings/c72
	jq -e '.claims | all(.verdict == "unknown" and .reason_code == "not-recorded")' <<<"$output"
	jq -e '[.gaps[] | select(.kind == "not-recorded" and .incomplete)] | length == 1' <<<"$output"
}

@test "a damaged result: an error with a gap, never a verdict" {
	rec=$BATS_TEST_TMPDIR/rec
	"$SAFEVMA" probe --record "$rec" mlock-resident
	result="$rec/proc@experiment@mlock-resident"
	sed 's/^verdict pass/verdict good/' "$result" >"$result.new"
	mv "$result.new" "$result"
	run -3 --separate-stderr "$SAFEVMA" probe -J --root "$rec" mlock-resident
	jq -e '.claims[0] | .verdict == "error" and .reason_code == "recording-damaged"' <<<"$output"
	jq -e '[.gaps[].kind] | index("recording-damaged") != null' <<<"$output"
}

@test "a report that cannot be written: 3, which is no verdict of pass or warn" {
	run bash -c "'$SAFEVMA' probe mlock-resident >/dev/full"
	[ "$status" -eq 3 ]
	run bash -c "'$SAFEVMA' probe --list >/dev/full"
	[ "$status" -eq 3 ]
}
