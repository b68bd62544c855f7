#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fetches a stock Debian kernel into a cache and prints the path of its image.
#
#   kernel.sh [METAPACKAGE]      linux-image-cloud-amd64 when none is named
#
# The package is found and fetched through the machine's own apt; nothing is installed. Exit status
# 77 with a reason when that does not work and the cache holds none either.
set -eu

meta=${1:-linux-image-cloud-amd64}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/safevma-vm/$meta

skip()
{
	echo "kernel.sh: $*" >&2
	exit 77
}

# Versions move with every point release: the meta package knows.
package_of()
{
	command -v apt-cache >/dev/null || return 1
	apt-cache depends "$1" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-.*\)$/\1/p' |
		head -n 1 | grep .
}

cached()
{
	find "$cache" -name 'vmlinuz-*' 2>/dev/null | sort -V | tail -n 1 | grep .
}

# Unpacks the image and its configuration alone: the modules are ten times as much.
fetch()
{
	work=$(mktemp -d "$cache/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	(cd "$work" && apt-get download "$1" >download.log 2>&1) ||
		skip "apt-get download $1: $(tail -n 1 "$work/download.log")"
	mkdir "$work/root"
	dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work/root" ./boot
	mv "$work"/root/boot/config-* "$work"/root/boot/vmlinuz-* "$cache/"
}

if ! package=$(package_of "$meta"); then
	cached || skip "apt knows no package $meta here (apt-get update?), and none is cached"
	exit 0
fi
image=$cache/vmlinuz-${package#linux-image-}
if [ ! -s "$image" ]; then
	mkdir -p "$cache"
	fetch "$package"
fi
[ -s "$image" ] || skip "package $package holds no $(basename "$image")"
echo "$image"
