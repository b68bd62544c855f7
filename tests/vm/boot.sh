#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Boots a kernel under emulation, does a list of jobs in it, and brings what they say out.
#
#   boot.sh ARCH KERNEL BUILD OUTDIR
#
# ARCH      x86_64, i386, arm64, armhf or riscv64       KERNEL    an image of it
# BUILD     where `make` put the static programs of that architecture: safevma-recorder,
#           tests/victim-static and tests/vm-init
# OUTDIR    is made anew, and then holds:
#             console.log     all that the guest printed
#             streams         a line for each stream: name, status, bytes
#             NAME            each stream, checked by sha256 and unpacked; NAME.tar is also a
#                             folder NAME
#
# Environment, all optional:
#   JOBS      what to do, see init.c (tests/vm/jobs/record)
#   CPU       of the machine (the most that the emulator has)
#   MEM       memory of the guest (1G; below 512M the kernel gives no huge pages)
#   SMP       its processors (1), each a thread of the emulator when there are more
#   EXTRA     a folder whose files lie in the guest's root as well
#   DISK      megabytes of an empty disk, /dev/nvme0n1 (none)
#   APPEND    more of the kernel's command line           TIMEOUT   seconds (300)
#
# Exit status: 0, 1 the guest failed, 64 usage, 77 with a reason when something cannot be had here.
# That a job failed is for the caller to judge: see streams. The emulator is always used: /dev/kvm
# may be there and unusable.
set -eu

here=$(dirname "$(readlink -f "$0")")
JOBS=${JOBS:-$here/jobs/record}
MEM=${MEM:-1G}
TIMEOUT=${TIMEOUT:-300}
SMP=${SMP:-1}

skip()
{
	echo "boot.sh: skipped: $*" >&2
	exit 77
}

fail()
{
	echo "boot.sh: $*" >&2
	exit 1
}

# Streams go through a second serial port where the machine has one and the kernel knows it; the
# console carries them where not, which takes a third more bytes.
set_machine() # ARCH
{
	channel=
	case $1 in
	x86_64 | i386)
		qemu=qemu-system-$1 machine=pc cpu=max console=ttyS0 channel=/dev/ttyS1
		;;
	arm64)
		# Pointer authentication by the book costs four times the time; tags are for max alone.
		qemu=qemu-system-aarch64 machine=virt cpu=max,pauth-impdef=on console=ttyAMA0
		[ -n "${CPU:-}" ] || machine=virt,mte=on
		;;
	armhf)
		qemu=qemu-system-arm machine=virt cpu=cortex-a15 console=ttyAMA0
		;;
	riscv64)
		qemu=qemu-system-riscv64 machine=virt cpu=rv64 console=ttyS0
		;;
	*)
		echo "boot.sh: no architecture $1 here" >&2
		exit 64
		;;
	esac
}

need_static()
{
	[ -x "$1" ] || skip "$1 is not there"
	# A dynamic program names its interpreter; the guest has none.
	! grep -q -a -m 1 '/ld-linux\|/ld-musl' "$1" || skip "$1 is not static"
}

make_initramfs()
{
	root=$work/root
	mkdir -p "$root/dev"
	cp "$build/tests/vm-init" "$root/init"
	cp "$build/tests/victim-static" "$root/victim"
	cp "$build/safevma-recorder" "$root/safevma-recorder"
	chmod 0755 "$root/init" "$root/safevma-recorder" "$root/victim"
	[ -z "${EXTRA:-}" ] || cp -R "$EXTRA/." "$root/"
	{
		[ -z "$channel" ] || echo "channel $channel"
		cat "$JOBS"
	} >"$root/jobs"
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$work/initramfs"
}

# -no-reboot: the guest's reboot ends the emulator; reboot=t: even without ACPI.
run_guest()
{
	case $machine in
	pc) reboot=reboot=t ;;
	*) reboot= ;;
	esac
	threads=single
	[ "$SMP" -eq 1 ] || threads=multi
	disk=
	if [ -n "${DISK:-}" ]; then
		truncate -s "${DISK}M" "$work/disk"
		disk="-drive if=none,id=disk,format=raw,file=$work/disk -device nvme,drive=disk,serial=1"
	fi
	# shellcheck disable=SC2086 # words
	timeout -k 5 "$TIMEOUT" nice "$qemu" -M "$machine" -cpu "${CPU:-$cpu}" \
		-accel "tcg,thread=$threads" -m "$MEM" -smp "$SMP" -kernel "$kernel" -initrd "$work/initramfs" \
		-append "console=$console quiet panic=-1 $reboot secretmem.enable=1 ${APPEND:-}" \
		$disk -nic none -display none -monitor none -no-reboot \
		-serial "file:$work/console" ${channel:+-serial "file:$work/channel"} \
		</dev/null >"$work/qemu.log" 2>&1
}

sum_of()
{
	sha256sum <"$1" | cut -d ' ' -f 1
}

# One stream after the other lies in the channel; on a console, base64 between its marks.
take_stream() # NAME BYTES
{
	if [ -n "$channel" ]; then
		tail -c "+$((taken + 1))" "$work/channel" | head -c "$2"
		taken=$((taken + $2))
		return
	fi
	awk -v name="$1" '$0 == "safevma-vm: end " name { exit } on
		$0 == "safevma-vm: begin " name { on = 1 }' "$work/text" | base64 -d
}

take_streams()
{
	taken=0
	sed -n 's/^safevma-vm: stream //p' "$work/text" >"$work/streams"
	: >"$out/streams"
	while read -r name _ status _ bytes _ sum; do
		take_stream "$name" "$bytes" >"$work/sent"
		[ "$(sum_of "$work/sent")" = "$sum" ] || fail "$name is not what the guest sent"
		gzip -d <"$work/sent" >"$out/$name" || fail "$name is damaged"
		echo "$name $status $(stat -c %s "$out/$name")" >>"$out/streams"
		case $name in
		*.tar)
			mkdir "$out/${name%.tar}"
			tar -x -C "$out/${name%.tar}" -f "$out/$name" || fail "$name cannot be unpacked"
			;;
		esac
	done <"$work/streams"
}

if [ $# -ne 4 ]; then
	echo "usage: boot.sh ARCH KERNEL BUILD OUTDIR" >&2
	exit 64
fi
kernel=$2 build=$3 out=$4
set_machine "$1"
for tool in "$qemu" cpio gzip timeout sha256sum base64 tar; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
for program in safevma-recorder tests/victim-static tests/vm-init; do
	need_static "$build/$program"
done
[ -r "$kernel" ] || skip "no kernel $kernel"

rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM # dash leaves without the other
make_initramfs
status=0
run_guest || status=$?
tr -d '\r' <"$work/console" >"$work/text" || fail "no console: $(tail -n 1 "$work/qemu.log")"
sed '/^safevma-vm: begin /,/^safevma-vm: end /{/^safevma-vm: /!d}' "$work/text" >"$out/console.log"
[ "$status" -eq 0 ] ||
	fail "the guest ended with $status, see $out/console.log $(tail -n 1 "$work/qemu.log")"
grep -q '^safevma-vm: done' "$work/text" || fail "the guest did not finish, see $out/console.log"
take_streams
echo "boot.sh: $(sed -n 's/^safevma-vm: kernel //p' "$out/console.log"): $(wc -l <"$out/streams") streams"
