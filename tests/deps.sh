#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# deps.sh [vm | bench]: installs what building and testing need and is missing, when root; otherwise prints
# the command. With "vm", also what all guests of tests/vm need: emulators and compilers of other
# architectures, and what builds a kernel; with "bench", what measuring needs and no more.
# Debian's names; on other systems install what the README lists under Dependencies.
set -eu

build='gcc libc6-dev make pkg-config libproc2-dev libcap-dev libcjson-dev libsmartcols-dev zlib1g-dev libpfm4-dev libbpf-dev'
check='libcmocka-dev bats jq clang libclang-rt-14-dev clang-format cppcheck shellcheck mandoc
python3 python3-jsonschema valgrind qemu-system-x86 cpio busybox-static zsh fish bash-completion
libcap2-bin util-linux procps xz-utils'

# gcc-multilib, the other compiler for i386, cannot be installed beside those for arm64.
vm='qemu-system-arm qemu-system-misc gcc-i686-linux-gnu libc6-dev-i386-cross gcc-aarch64-linux-gnu
libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross gcc-riscv64-linux-gnu
libc6-dev-riscv64-cross bison flex bc libelf-dev libssl-dev'
bench='python3 xz-utils qemu-system-x86 cpio'
case ${1:-} in
bench) wanted="$build $bench" ;;
vm) wanted="$build $check $vm" ;;
*) wanted="$build $check" ;;
esac

command -v dpkg-query >/dev/null || {
	echo "deps: no dpkg here: install the packages that README.md lists" >&2
	exit 0
}

missing=
for p in $wanted; do
	state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null || true)
	case $state in
	ii*) ;;
	*) missing="$missing $p" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "Some Debian packages are missing. As root, run:" >&2
	echo "  apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086 # a list of names
apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing >/dev/null
