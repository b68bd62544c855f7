#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Caches of the allocator against the files of sysfs and the kernel's own sum.

load helpers

slab() # ARG...: JSON in $json, exit status in $status
{
	json=$BATS_TEST_TMPDIR/slab.json
	"$SAFEVMA" slab -J "$@" >"$json" 2>"$BATS_TEST_TMPDIR/gaps" && status=0 || status=$?
}

# Settings to the letter; slabs within a tenth or 50, since the allocator works meanwhile.
compare()
{
	python3 - "$json" <<-'END'
		import json, os, sys
		base = "/sys/kernel/slab"
		caches = json.load(open(sys.argv[1]))
		wrong = []
		names = os.listdir(base)
		links = {n: os.readlink(f"{base}/{n}") for n in names if os.path.islink(f"{base}/{n}")}
		if links != {a["name"]: a["id"] for a in caches["aliases"]}:
		    wrong.append("aliases")
		if {c["id"] for c in caches["caches"]} != set(names) - set(links):
		    wrong.append("directories")
		same = (("object_size", "object_bytes"), ("slab_size", "slab_bytes"), ("order", "order"),
		        ("objs_per_slab", "objects_per_slab"), ("sheaf_capacity", "sheaf_capacity"),
		        ("cpu_partial", "cpu_partial"), ("red_zone", "red_zone"), ("trace", "trace"))
		for c in caches["caches"]:
		    for attribute, member in same:
		        try:
		            with open(f"{base}/{c['id']}/{attribute}") as f:
		                want = int(f.read().split()[0])
		        except FileNotFoundError:
		            want = None
		        if c[member] != want or (c[member] is None) != (want is None):
		            wrong.append(f"{c['name']} {attribute}: {c[member]}, expected {want}")
		    with open(f"{base}/{c['id']}/slabs") as f:
		        now = int(f.read().split()[0])
		    if abs(now - c["slabs"]) > max(50, now / 10):
		        wrong.append(f"{c['name']} slabs: {c['slabs']}, now {now}")
		    if c["names"] != max(1, sum(t == c["id"] for t in links.values())):
		        wrong.append(f"{c['name']} names: {c['names']}")
		print("\n".join(wrong))
		sys.exit(bool(wrong))
	END
}

@test "each cache is as its files in sysfs say" {
	need_root
	[ -d /sys/kernel/slab ] || skip "this kernel has no /sys/kernel/slab"
	slab && [ "$status" -eq 0 ]
	compare || { slab; compare; }
}

@test "their memory is about the slab of meminfo" {
	need_root
	[ -d /sys/kernel/slab ] || skip "this kernel has no /sys/kernel/slab"
	slab
	sum=$(jq '[.caches[].bytes] | add' "$json")
	awk -v a="$sum" '$1 == "Slab:" { exit !(a > $2 * 1024 * 0.9 && a < $2 * 1024 * 1.1) }' \
		/proc/meminfo
}

@test "a recording replays to the byte" {
	need_root
	slab --record "$BATS_TEST_TMPDIR/recording"
	"$SAFEVMA" slab -J --root "$BATS_TEST_TMPDIR/recording" >"$BATS_TEST_TMPDIR/again"
	cmp "$json" "$BATS_TEST_TMPDIR/again"
}

@test "as nobody figures are unknown, never 0, and exit 3" {
	[ -d /sys/kernel/slab ] || skip "this kernel has no /sys/kernel/slab"
	private_copy
	run --separate-stderr as_nobody "$tool" slab -J
	[ "$status" -eq 3 ]
	jq -e '[.caches[] | .slabs, .bytes, .object_bytes, .active_objects, .red_zone] |
		unique - [null] == []' <<<"$output"
}
