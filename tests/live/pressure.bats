#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Stalls, the OOM order, limits of control groups and what fits, against files read by the test and
# against what then happens. Where process 1 cannot be read, commit's exit status is 3.

load helpers

group=/sys/fs/cgroup/memory/safevma-test

teardown()
{
	end_started
	[ ! -d "$group" ] || rmdir "$group/inner" "$group" || true
}

# commit ARG...: the report in $report
commit()
{
	report=$BATS_TEST_TMPDIR/commit.json
	status=0
	"$SAFEVMA" commit -J "$@" >"$report" 2>"$BATS_TEST_TMPDIR/commit.err" || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
}

start_asker()
{
	dir=$BATS_TEST_TMPDIR/ask
	start_victim --dir "$dir" ask
}

# ask WORD...: the outcome in $outcome, all that was said in $answer
ask()
{
	local before

	before=$(wc -l <"$dir/answers")
	echo "$*" >"$dir/ask"
	for _ in $(seq 3000); do
		[ "$(wc -l <"$dir/answers")" -gt "$before" ] && break
		sleep 0.02
	done
	answer=$(tail -n 1 "$dir/answers")
	outcome=$(jq -r .outcome <<<"$answer")
	victim=$(jq -r .pid <<<"$answer")
}

# The verdict of what is asked of the asker.
fit() # SIZE
{
	commit -p "$victim" --would-fit "$1"
	verdict=$(jq -r '.would_fit[0].verdict' "$report")
}

need_groups()
{
	need_root
	[ -d /sys/fs/cgroup/memory ] || skip "the memory controller is not mounted as cgroup v1"
	mkdir "$group" 2>/dev/null || skip "no control group can be made here"
	mkdir "$group/inner"
}

@test "stalls are those of /proc/pressure" {
	local n

	[ -r /proc/pressure/memory ] || skip "no /proc/pressure"
	mkdir "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	cat /proc/pressure/memory >/dev/null || skip "PSI is switched off"
	start sleep 1000
	for n in memory io cpu; do cat /proc/pressure/$n >"$BATS_TEST_TMPDIR/before/$n"; done
	commit -p "$started"
	for n in memory io cpu; do cat /proc/pressure/$n >"$BATS_TEST_TMPDIR/after/$n"; done
	python3 tests/live/pressure.py psi "$report" "$BATS_TEST_TMPDIR/before" \
		"$BATS_TEST_TMPDIR/after"
	jq -e '[.pressure[] | select(.source == "system") | .state] == ["read", "read", "read"]' \
		"$report"
}

@test "ranks contradict no oom_score" {
	need_root
	start sleep 1000
	echo 300 >"/proc/$started/oom_score_adj"
	python3 tests/live/pressure.py scores >"$BATS_TEST_TMPDIR/before"
	commit -a
	python3 tests/live/pressure.py scores >"$BATS_TEST_TMPDIR/after"
	python3 tests/live/pressure.py oom "$report" "$BATS_TEST_TMPDIR/before" \
		"$BATS_TEST_TMPDIR/after"
	jq -e --argjson pid "$started" '.oom_policy.whole == false or (.oom_standing[] |
		select(.pid == $pid and .domain == "system") |
		.oom_score_adj == 300 and .rank_last <= 3)' "$report"
}

@test "settings are what their files say, and absent means that there is none" {
	local name path state value said

	start sleep 1000
	commit -p "$started"
	while IFS=$'\t' read -r path state value; do
		if [ "$state" = absent ]; then
			[ ! -e "$path" ]
			continue
		fi
		[ "$state" = read ] || continue
		said=$(tr '\t' ' ' <"$path")
		[ "$said" = "$value" ]
	done < <(jq -r '.settings[] | [.path, .state // "-", .value // ""] | @tsv' "$report")
	[ "$(jq '[.settings[] | select(.state == "read")] | length' "$report")" -gt 10 ]
}

@test "the limit of a group above is the one that holds, and it is named" {
	need_groups
	echo 48M >"$group/memory.limit_in_bytes"
	echo 96M >"$group/inner/memory.limit_in_bytes"
	start sleep 1000
	echo "$started" >"$group/inner/cgroup.procs"
	commit -p "$started"
	jq -e '.cgroup_limits | map(select(.limit == "max" and .path == "/safevma-test/inner")) |
		length == 1 and .[0].own_bytes == 96 * 1048576 and .[0].own_limited and
		.[0].effective_bytes == 48 * 1048576 and .[0].effective_by == "/safevma-test"' "$report"
	jq -e --argjson use "$(cat "$group/memory.usage_in_bytes")" '.cgroups[] |
		select(.path == "/safevma-test") | .processes == 1 and
		(.current_bytes - $use | fabs) <= 1048576 and .headroom_by == "/safevma-test"' "$report"
	jq -e '.oom_standing | map(select(.domain == "cgroup")) |
		length == 1 and .[0].cgroup == "/safevma-test" and .[0].candidates == 1 and
		.[0].rank_first == 1 and .[0].rank_last == 1' "$report"
}

@test "names of groups may hold anything, and lead nowhere else" {
	local odd

	need_groups
	odd=$group/inner
	rmdir "$odd"
	odd=$group/$'a b\\"%2e\x1b[2J\xff'
	mkdir "$odd"
	echo 64M >"$odd/memory.limit_in_bytes"
	start sleep 1000
	echo "$started" >"$odd/cgroup.procs"
	commit -p "$started"
	kill "$started"
	wait "$started" || true
	for _ in $(seq 50); do rmdir "$odd" 2>/dev/null && break; sleep 0.1; done
	mkdir "$group/inner"
	jq -e '[.cgroups[] | select(.path | startswith("/safevma-test/a b")) | .headroom_bytes] |
		length == 1 and .[0] <= 64 * 1048576 and .[0] > 0' "$report"
}

@test "a recording of groups says the same" {
	need_groups
	echo 48M >"$group/memory.limit_in_bytes"
	start sleep 1000
	echo "$started" >"$group/inner/cgroup.procs"
	commit -p "$started" --would-fit 64M --record "$BATS_TEST_TMPDIR/recording"
	"$SAFEVMA" commit -J -p "$started" --would-fit 64M --root "$BATS_TEST_TMPDIR/recording" \
		>"$BATS_TEST_TMPDIR/again.json" || true
	cmp "$report" "$BATS_TEST_TMPDIR/again.json"
	jq -e '.would_fit[0].verdict == "killed"' "$report"
}

@test "what is said to fit is touched, and what is not is refused or killed for: in a group" {
	need_groups
	echo 32M >"$group/memory.limit_in_bytes"
	start_asker
	ask cgroup "$group/inner"
	[ "$outcome" = set ]
	fit 16M
	[ "$verdict" = fits ]
	ask touch 16M
	[ "$outcome" = touched ]
	fit 64M
	[ "$verdict" = killed ]
	jq -e --argjson pid "$victim" '.oom_policy.whole as $whole | .would_fit[0] |
		.cgroup == "/safevma-test" and (.victim == $pid or ($whole | not))' "$report"
	ask touch 64M
	[ "$outcome" = killed ]
}

@test "resource limits: the most that can be mapped lies where it is said" {
	need_root
	start_asker
	for limit in "as 64M RLIMIT_AS" "data 32M RLIMIT_DATA"; do
		read -r name size row <<<"$limit"
		ask fresh
		ask rlimit "$name" "$size"
		fit 1G
		[ "$verdict" = refused ]
		ask most 1G
		jq -e --arg row "$row" --argjson most "$(jq .bytes <<<"$answer")" \
			'.would_fit[0].limit == $row and (.would_fit_limits[] |
			select(.limit == $row) | .room_bytes == $most)' "$report"
	done
}

@test "a size that makes no sense is a mistake of the command line" {
	for size in 0 -1 1X 1.5G 20000000T "" M 1MM " 1"; do
		run -64 "$SAFEVMA" commit --would-fit "$size"
		[[ $output == *--would-fit* ]]
	done
	run -64 "$SAFEVMA" maps --would-fit 1M
}
