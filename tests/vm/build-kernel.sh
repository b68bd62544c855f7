#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints the path of a small kernel of our own, which it builds when that is asked for.
#
#   build-kernel.sh VERSION ARCH        6.1, 6.12 or 7.2; x86_64 or arm64
#
# The source is Debian's linux-source-VERSION, the configuration `make tinyconfig` with
# config/common.config and config/ARCH.config on top. An option of these that the source knows and
# olddefconfig changes nevertheless is an error.
#
# Images are kept in the cache by the sha256 of fragments, source and compiler. One that is not there
# is built only with VM_BUILD=1 (4 to 6 minutes on two processors), else the exit status is 77;
# VM_BUILD=config goes no further than the configuration, and prints that.
set -eu

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"

fail()
{
	echo "build-kernel.sh: $*" >&2
	exit 1
}

# The newest suite of Debian that has it.
suite_of() # VERSION
{
	case $1 in
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	*) echo sid ;;
	esac
}

set_target() # ARCH
{
	case $1 in
	x86_64) karch=x86 cross=x86_64-linux-gnu- image=bzImage ;;
	arm64) karch=arm64 cross=aarch64-linux-gnu- image=Image ;;
	*) fail "no configuration for $1" ;;
	esac
	command -v "${cross}gcc" >/dev/null || vm_skip "${cross}gcc is not installed"
}

# Where the source cannot be reached, the version that was seen last stands for it.
find_source()
{
	if apt_for "$(suite_of "$version")" "$(dpkg --print-architecture)" &&
		apt_version "linux-source-$version" >"$store/source.new"; then
		mv "$store/source.new" "$store/source"
	fi
	source=$(cat "$store/source" 2>/dev/null) || vm_skip "no linux-source-$version: $apt_why"
}

key_of() # SOURCE-VERSION
{
	{
		cat "$here/config/common.config" "$here/config/$arch.config"
		echo "$1"
		"${cross}gcc" --version | head -n 1
	} | sha256sum | cut -c 1-16
}

kmake()
{
	nice make -C "$work/src" O="$work/out" ARCH="$karch" CROSS_COMPILE="$cross" \
		KBUILD_BUILD_USER=safevma KBUILD_BUILD_HOST=lab -j"$(nproc)" "$@" >>"$work/log" 2>&1 ||
		fail "make $*: $(grep -m 3 -E 'error|Error|\*\*\*' "$work/log" | tr '\n' ' ')"
}

unpack_source()
{
	mkdir -p "$work/deb" "$work/src" "$work/out"
	apt_unpack "linux-source-$version" "$work/deb" './usr/src/linux-source-*.tar.*' ||
		vm_skip "$apt_why"
	tar -x -C "$work/src" --strip-components=1 -f "$work"/deb/usr/src/linux-source-*.tar.* ||
		fail "the source cannot be unpacked"
	rm -rf "$work/deb"
}

# Names of options differ between versions: one that the source does not know is no loss.
unknown_option() # NAME
{
	[ -s "$work/options" ] || grep -rhoE --include='Kconfig*' \
		'^[[:space:]]*(menu)?config [A-Z0-9_]+' "$work/src" | awk '{ print $2 }' |
		sort -u >"$work/options"
	! grep -qx "$1" "$work/options"
}

has_option() # LINE-OF-A-FRAGMENT NAME
{
	case $1 in
	*=n | *'is not set') ! grep -q "^CONFIG_$2=" "$work/out/.config" ;;
	*) grep -qxF "$1" "$work/out/.config" ;;
	esac
}

check_options()
{
	lost=
	while read -r line; do
		name=$(echo "$line" | sed -E 's/^(# )?CONFIG_([A-Z0-9_]+).*/\2/')
		! has_option "$line" "$name" || continue
		if unknown_option "$name"; then
			echo "build-kernel.sh: $version has no option $name" >&2
		else
			echo "build-kernel.sh: did not stick: $line" >&2
			lost="$lost $name"
		fi
	done <"$work/asked"
	[ -z "$lost" ] || fail "options that $version for $arch did not take:$lost"
}

configure()
{
	grep -hE '^(# )?CONFIG_' "$here/config/common.config" "$here/config/$arch.config" >"$work/asked"
	kmake tinyconfig
	cat "$work/asked" >>"$work/out/.config"
	kmake olddefconfig
	check_options
}

[ $# -eq 2 ] || fail "usage: build-kernel.sh VERSION ARCH"
version=$1 arch=$2
store=$vm_cache/own/$version-$arch
none="no kernel $version for $arch in SAFEVMA_KERNELS or the cache (VM_BUILD=1 builds one)"
[ -n "${VM_BUILD:-}" ] || find "$store" -name '*Image-*' 2>/dev/null | grep -q . || vm_skip "$none"
set_target "$arch"
mkdir -p "$store"
find_source
kept=$store/$image-$(key_of "$source")
if [ ! -s "$kept" ] || [ "${VM_BUILD:-}" = config ]; then
	[ -n "${VM_BUILD:-}" ] || vm_skip "$none"
	for tool in make flex bison bc xz; do
		command -v "$tool" >/dev/null || vm_skip "$tool is not installed"
	done
	work=$(mktemp -d "$vm_cache/build.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM # dash leaves without the other
	unpack_source
	configure
	if [ "$VM_BUILD" = config ]; then
		cat "$work/out/.config"
		exit
	fi
	kmake "$image"
	cp "$work/out/arch/$karch/boot/$image" "$kept.new"
	mv "$kept.new" "$kept"
fi
echo "$kept"
