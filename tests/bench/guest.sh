#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# guest.sh BUILD BLOCKS MS: disturb in a guest with Debian's 6.1 kernel, whose faults take the lock of
# the whole address space (a lock for each VMA came in 6.4). Its lines go to standard output. The
# program is not static: the libraries it needs go along. Exit status 77 with a reason without it.
set -eu

build=$1 blocks=$2 ms=$3
vm=$(dirname "$(readlink -f "$0")")/../vm
extra=$build/bench/guest-root
jobs=$build/bench/guest-jobs

skip()
{
	echo "guest.sh: $*" >&2
	exit 77
}

# A program and what it is linked to, where its interpreter looks for that.
take_along() # PROGRAM
{
	cp "$1" "$extra/"
	ldd "$1" | sed -n 's/^.*=> \(\/[^ ]*\).*/\1/p; s/^\t\(\/[^ ]*\).*/\1/p' |
		while read -r library; do
			mkdir -p "$extra$(dirname "$library")"
			cp -L "$library" "$extra$library"
		done
}

[ "$(uname -m)" = x86_64 ] || skip "this guest is for x86_64"
command -v ldd >/dev/null || skip "ldd is not here"
rm -rf "$extra"
mkdir -p "$extra"
take_along "$build/safevma"
cp "$build/bench/disturb" "$extra/"
observers="-- alone -- frames /safevma frames -p @ -- smaps"
if [ -x "$build/bench/page-types" ]; then
	take_along "$build/bench/page-types"
	observers="$observers -- page-types /page-types -p @"
fi
echo "run disturb.ndjson /disturb --victim 1 --reader 0 --blocks $blocks --ms $ms $observers" >"$jobs"
kernel=$("$vm/kernel.sh" stock bookworm x86_64 linux-image-cloud-amd64) || exit
JOBS=$jobs EXTRA=$extra SMP=2 MEM=2G TIMEOUT=$((blocks * 4 * (ms + 2000) / 1000 + 300)) \
	"$vm/boot.sh" x86_64 "$kernel" "$build" "$build/bench/guest" >&2
cat "$build/bench/guest/disturb.ndjson"
