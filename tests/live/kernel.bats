#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the kernel's settings are, against files that the test reads itself, against recordings in
# which they are otherwise, and against another tool over the same configuration.

load helpers

setup()
{
	report=$BATS_TEST_TMPDIR/kernel.json
	here=$BATS_TEST_DIRNAME
}

# kernel ARG...: the report in $report
kernel()
{
	status=0
	"$SAFEVMA" kernel -J "$@" >"$report" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
}

# otherwise CHANGE...: the report of a recording of here with the changes
otherwise()
{
	rm -rf "$BATS_TEST_TMPDIR/was" "$BATS_TEST_TMPDIR/is"
	kernel --record "$BATS_TEST_TMPDIR/was"
	"$here/kernel.py" mutate "$BATS_TEST_TMPDIR/was" "$BATS_TEST_TMPDIR/is" "$@"
	kernel --root "$BATS_TEST_TMPDIR/is"
}

# of ITEM MEMBER
of()
{
	jq -r --arg i "$1" --arg m "$2" '.items[] | select(.item == $i) | .[$m]' "$report"
}

need_config()
{
	config=$BATS_TEST_TMPDIR/config
	zcat /proc/config.gz >"$config" 2>/dev/null ||
		cp "/boot/config-$(uname -r)" "$config" 2>/dev/null ||
		skip "the kernel's configuration cannot be read here"
	[ -r /proc/config.gz ] || skip "the recording would not hold config.gz to change"
}

@test "each row that a file told is what the file says" {
	kernel
	run "$here/kernel.py" files "$report"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "each row that the configuration told is a line of it, or the lack of one" {
	need_config
	kernel
	run "$here/kernel.py" config "$report" "$config"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "exit status is 3 exactly when a row is unknown" {
	kernel
	unknown=$(jq '[.items[] | select(.state == "unknown")] | length' "$report")
	[ "$((unknown > 0 ? 3 : 0))" -eq "$status" ]
	[ "$(jq .coverage.unreadable "$report")" -eq "$unknown" ]
}

@test "a setting that is otherwise in the file is so in the report, and is told to contradict" {
	otherwise /proc/sys/kernel/panic_on_oops=1 "cmdline=quiet init_on_alloc=1 init_on_alloc=0"
	[ "$(of panic-on-oops state)" = on ]
	[ "$(of panic-on-oops how)" = sysctl ]
	otherwise /proc/sys/kernel/panic_on_oops=0 "cmdline=quiet oops=panic"
	[ "$(of panic-on-oops state)" = off ]
	[[ $(of panic-on-oops note) = *"contradicts the command line: oops=panic"* ]]
}

@test "of a boot parameter that is given twice the last counts" {
	need_config
	otherwise "cmdline=init_on_alloc=1 init_on_alloc=0"
	[ "$(of init-on-alloc state)" = off ]
	[ "$(of init-on-alloc how)" = cmdline ]
	[[ $(of init-on-alloc note) = *"given 2 times"* ]]
	otherwise "cmdline=init_on_alloc=0 init_on_alloc=1"
	[ "$(of init-on-alloc state)" = on ]
}

@test "an option that is on, off, and not there" {
	need_config
	sed '/CONFIG_FORTIFY_SOURCE[ =]/d' "$config" >"$config.none"
	(cat "$config.none"; echo CONFIG_FORTIFY_SOURCE=y) >"$config.on"
	(cat "$config.none"; echo "# CONFIG_FORTIFY_SOURCE is not set") >"$config.off"
	otherwise "config=$config.on"
	[ "$(of fortify state)" = on ]
	otherwise "config=$config.off"
	[ "$(of fortify state)" = off ]
	otherwise "config=$config.none"
	[ "$(of fortify state)" = absent ]
}

@test "without configuration, and without command line, nothing of theirs is off" {
	need_config
	otherwise config=none
	[ "$status" -eq 3 ]
	[ "$(jq '[.items[] | select(.how == "config")] | length' "$report")" -eq 0 ]
	[ "$(of fortify state)" = unknown ]
	[ "$(of init-on-alloc state)" = unknown ]
	otherwise cmdline=none
	[ "$status" -eq 3 ]
	[ "$(of init-on-alloc state)" = unknown ]
	[ "$(of slab-merging state)" = unknown ]
}

@test "a file that may not be read leaves its row unknown" {
	otherwise /proc/sys/kernel/panic_on_oops=denied
	[ "$status" -eq 3 ]
	[ "$(of panic-on-oops state)" = unknown ]
	[[ $(of panic-on-oops note) = *"could not be read"* ]]
	jq -e '.gaps[] | select(.interface == "settings")' "$report"
}

@test "a recording replays to the byte" {
	"$SAFEVMA" kernel --record "$BATS_TEST_TMPDIR/rec" >"$BATS_TEST_TMPDIR/a" || [ $? -eq 3 ]
	"$SAFEVMA" kernel --root "$BATS_TEST_TMPDIR/rec" >"$BATS_TEST_TMPDIR/b" || [ $? -eq 3 ]
	cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
}

@test "lines fit 80 columns but for long reasons of issues" {
	status=0
	"$SAFEVMA" kernel >"$BATS_TEST_TMPDIR/text" 2>/dev/null || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
	[ "$(sed '/^ISSUE/,$d' "$BATS_TEST_TMPDIR/text" | awk 'length > 80' | wc -l)" -eq 0 ]
}

# The other tool looks at the file of options alone: our report is of a recording without a command
# line and without anything that the kernel says at run time.
@test "kernel-hardening-checker reads the same of the same configuration" {
	need_config
	checker=${KERNEL_HARDENING_CHECKER:-$(command -v kernel-hardening-checker || true)}
	[ -n "$checker" ] || skip "kernel-hardening-checker is not installed"
	"$checker" -m json -c "$config" >"$BATS_TEST_TMPDIR/checked.json"
	otherwise cmdline= /sys/class/mem/mem/dev=denied
	run "$here/kernel.py" checker "$report" "$BATS_TEST_TMPDIR/checked.json"
	echo "$output"
	[ "$status" -eq 0 ]
}
