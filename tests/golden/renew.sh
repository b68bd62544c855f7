#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# renew.sh BUILD [GUEST NAME]: makes the recordings of the goldens anew out of what `make check-vm`
# left in BUILD/vm, without the pass over all frames and the second look at the kernel's page tables
# (their members are large): all of them, or NAME out
# of the guest that is named, which may be a new one. Then: UPDATE=1 make check-golden
set -eu
build=$1
cd "$(dirname "$0")/../.."
cd tests/golden/recordings

renew() # GUEST NAME
{
	from=../../../$build/vm/$1
	[ -f "$from/victim.jsonl" ] || {
		echo "renew.sh: $build/vm/$1 is not there: make check-vm VM=$1" >&2
		exit 1
	}
	pid=$(jq -r 'select(.ready).pid' "$from/victim.jsonl")
	rm -rf "$2"
	cp -r "$from/recording" "$2"
	rm -f "$2"/proc/kpageflags@all "$2"/proc/kcore@kernel-[ds]* "$2"/sys/kernel/debug/*@kernel-dump \
		"$2"/sys/kernel/debug/page_tables/*@kernel-dump
	grep -v -e '"tag":"all"' -e '"tag":"kernel-[ds]' "$from/recording/recording.json" \
		>"$2/recording.json"
	chmod -R u+rwX "$2"
	old=$(sed -n '1s/.* -p \([0-9]*\) .*/\1/p' "../cases/$2-maps.case")
	sed -i "1s/-p ${old:-0} \(.*recordings\/$2\)/-p $pid \1/" ../cases/*.case
	echo "$2: victim $pid"
}

if [ $# -eq 3 ]; then
	renew "$2" "$3"
else
	renew stock-6.1 deb61cloud
	renew own-7.2 c72
fi
