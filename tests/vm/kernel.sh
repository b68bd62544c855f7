#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints the path of a kernel image, which it fetches, finds or builds.
#
#   kernel.sh stock SUITE ARCH METAPACKAGE      Debian's, fetched into a cache by its version
#   kernel.sh own VERSION ARCH                  ours (build-kernel.sh): from the folder that
#                                               SAFEVMA_KERNELS names (../shared/kernels), or the
#                                               cache; built when VM_BUILD=1
#
# ARCH is x86_64, i386, arm64, armhf or riscv64. Exit status 77 with a reason when there is none.
set -eu

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"

usage()
{
	sed -n 's/^#   kernel.sh/usage: kernel.sh/p' "$0" >&2
	exit 64
}

debian_arch()
{
	case $1 in
	x86_64) echo amd64 ;;
	*) echo "$1" ;;
	esac
}

cached() # DIR
{
	find "$1" -name 'vmlinu[xz]*' 2>/dev/null | sort -V | tail -n 1 | grep .
}

# Versions move with every point release: the meta package knows. Where the image is a package of
# its own (linux-binary-*), linux-image-* depends on it.
image_package() # METAPACKAGE
{
	package=$(apt_depends "$1" | grep '^linux-image-' | head -n 1)
	binary=$(apt_depends "$package" | grep '^linux-binary-' | head -n 1)
	echo "${binary:-$package}" | grep .
}

# The image alone: the modules are ten times as much.
fetch() # PACKAGE DIR
{
	work=$(mktemp -d "$2.XXXXXX")
	if apt_unpack "$1" "$work" './boot/vmlinu*' './usr/lib/modules/*/vmlinu*' &&
		image=$(cached "$work"); then
		mkdir -p "$2"
		mv "$image" "$2/"
	fi
	rm -rf "$work"
}

# The newest image, fetched unless it is there. What a meta package stands for is asked again when
# the lists of packages are newer.
newest() # SUITE METAPACKAGE
{
	if find "$store/newest" -newer "$apt_dir/updated" 2>/dev/null | grep -q .; then
		cached "$(cat "$store/newest")" && return
	fi
	apt_why="no package $2 in $1"
	package=$(image_package "$2") || return
	dir=$store/$(apt_version "$package")
	apt_why="package $package holds no image"
	cached "$dir" >/dev/null || fetch "$package" "$dir"
	cached "$dir" && echo "$dir" >"$store/newest"
}

# Out of reach, an older one will do.
stock() # SUITE ARCH METAPACKAGE
{
	store=$vm_cache/stock/$1-$2-$3
	mkdir -p "$store"
	if apt_for "$1" "$(debian_arch "$2")" && newest "$1" "$3"; then
		return
	fi
	cached "$store" || vm_skip "$apt_why"
}

own() # VERSION ARCH
{
	kernels=${SAFEVMA_KERNELS:-$here/../../../shared/kernels}
	for image in "$kernels/bzImage-$1-$2" "$kernels/Image-$1-$2"; do
		[ ! -f "$image" ] || {
			readlink -f "$image"
			return
		}
	done
	"$here/build-kernel.sh" "$1" "$2"
}

[ $# -gt 0 ] || usage
kind=$1
shift
case $kind:$# in
stock:3) stock "$@" ;;
own:2) own "$@" ;;
*) usage ;;
esac
