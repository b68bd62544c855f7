# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the live tests share. SAFEVMA and VICTIM name the programs under test.

bats_require_minimum_version 1.5.0

: "${SAFEVMA:=build/safevma}" "${VICTIM:=build/tests/victim}"

need_root()
{
	[ "$(id -u)" -eq 0 ] || skip "needs root: frame numbers are hidden from others"
	[ -r /proc/kpageflags ] || skip "this kernel has no /proc/kpageflags"
}

# start PROGRAM...: in the background, its pid in $started; ended by teardown.
start()
{
	"$@" >"$BATS_TEST_TMPDIR/started.out" 2>"$BATS_TEST_TMPDIR/started.err" 3>&- &
	started=$!
	to_end="${to_end:-} $started"
}

# start_victim ARG...: waits until it has said its truth; truth in $truth, pid in $victim.
start_victim()
{
	truth=$BATS_TEST_TMPDIR/started.out
	rm -f "$truth" # what an earlier one said
	start "$VICTIM" --stay "$@"
	for _ in $(seq 300); do
		grep -qs '"ready"' "$truth" && break
		sleep 0.1
	done
	victim=$(sed -n 's/.*"ready":true,"pid":\([0-9]*\).*/\1/p' "$truth")
	[ -n "$victim" ] || { cat "$BATS_TEST_TMPDIR/started.err"; return 1; }
}

end_started()
{
	for p in ${to_end:-}; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
}

teardown()
{
	end_started
}

# settle PID: until it sleeps and has used no CPU time for a while.
settle()
{
	local quiet=0 last='' now

	for _ in $(seq 100); do
		sleep 0.2
		now=$(sed 's/.*) \(.\) .*/\1 /' "/proc/$1/stat")$(sed 's/.*) //' "/proc/$1/stat" |
			cut -d' ' -f12,13)
		if [ "$now" = "$last" ] && [ "${now%% *}" = S ]; then
			quiet=$((quiet + 1))
		else
			quiet=0
		fi
		[ "$quiet" -lt 3 ] || return 0
		last=$now
	done
}

as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# The tool against the independent reader. Others come and go while the three readings are made: what
# they change does not change again and again in the same way, and a wrong number does.
agrees_with_reader() # PID
{
	compare_once "$1" || compare_once "$1" || compare_once "$1"
}

# One comparison: the reader before and after the tool.
compare_once() # PID
{
	local d=$BATS_TEST_TMPDIR

	python3 tests/live/reader.py "$1" >"$d/before.json"
	"$SAFEVMA" maps -J -p "$1" >"$d/maps.json"
	"$SAFEVMA" frames -J -p "$1" >"$d/frames.json"
	python3 tests/live/reader.py "$1" >"$d/after.json"
	python3 tests/live/compare.py "$d/maps.json" "$d/frames.json" "$d/before.json" \
		"$d/after.json"
}

no_control_bytes() # FILE
{
	! LC_ALL=C grep -n -P '[\x00-\x08\x0b-\x1f\x7f]' "$1"
}

private_copy() # a copy of the tool in $tool that nobody can run
{
	tool=$BATS_TEST_TMPDIR/safevma
	cp "$SAFEVMA" "$tool"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_RUN_TMPDIR" "$tool"
}
