#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Boots a kernel under emulation, records a victim in it, and brings the recording out.
#
#   boot.sh RECORDER VICTIM OUTDIR
#
# RECORDER  static program, run in the guest as "safevma-recorder -p PID -": tar stream on stdout
# VICTIM    static build of tests/victims
# OUTDIR    is made anew, and then holds:
#             console.log     all that the guest printed
#             victim.jsonl    what the victim knows of its memory
#             recording.tar   as it came out, checked by sha256
#             recording/      unpacked
#
# Environment, all optional:
#   KERNEL       image to boot; else kernel.sh fetches the stock one
#   MEM          memory of the guest (1G; below 512M the kernel gives no huge pages)
#   APPEND       more of the kernel's command line
#   VICTIM_ARGS  more arguments of the victim    TIMEOUT seconds (120)
#   QEMU         qemu-system-x86_64              BUSYBOX /bin/busybox, static
#
# Exit status: 0, 1 the guest failed, 64 usage, 77 with a reason when something cannot be had here.
# The emulator is always used: /dev/kvm may be there and unusable.
set -eu

here=$(dirname "$(readlink -f "$0")")
QEMU=${QEMU:-qemu-system-x86_64}
BUSYBOX=${BUSYBOX:-/bin/busybox}
MEM=${MEM:-1G}
TIMEOUT=${TIMEOUT:-120}

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

need_static()
{
	[ -x "$1" ] || skip "$1 is not there"
	# A dynamic program names its interpreter; the guest has none.
	! grep -q -a -m 1 '/ld-linux\|/ld-musl' "$1" || skip "$1 is not static"
}

if [ $# -ne 3 ]; then
	echo "usage: boot.sh RECORDER VICTIM OUTDIR" >&2
	exit 64
fi
recorder=$1 victim=$2 out=$3
for tool in "$QEMU" cpio timeout sha256sum tar; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
need_static "$BUSYBOX"
need_static "$recorder"
need_static "$victim"
if [ -z "${KERNEL:-}" ]; then
	KERNEL=$("$here/kernel.sh") || exit 77
fi
[ -r "$KERNEL" ] || skip "no kernel $KERNEL"

rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_initramfs()
{
	root=$work/root
	mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp"
	cp "$BUSYBOX" "$root/bin/busybox"
	for applet in sh mount cat cut dmesg echo grep mkdir mkfifo reboot sed sha256sum stty tee uname \
		usleep; do
		ln -s busybox "$root/bin/$applet"
	done
	cp "$here/init" "$root/init"
	cp "$recorder" "$root/safevma-recorder"
	cp "$victim" "$root/victim"
	chmod 0755 "$root/init" "$root/safevma-recorder" "$root/victim"
	printf '%s\n' "${VICTIM_ARGS:-}" >"$root/victim.args"
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$work/initramfs"
}

# reboot=t and -no-reboot: the guest's "reboot -f" ends the emulator, even without ACPI.
run_guest()
{
	timeout -k 5 "$TIMEOUT" nice "$QEMU" -M pc -cpu max -accel tcg,thread=single -m "$MEM" -smp 1 \
		-kernel "$KERNEL" -initrd "$work/initramfs" \
		-append "console=ttyS0 quiet panic=-1 reboot=t secretmem.enable=1 ${APPEND:-}" \
		-nic none -display none -monitor none -no-reboot \
		-serial "file:$work/console" -serial "file:$out/recording.tar" \
		</dev/null >"$work/qemu.log" 2>&1
}

# What the guest said of one thing: the text behind its marker.
said()
{
	sed -n "s/^safevma-vm: $1 //p" "$out/console.log" | tail -n 1
}

sum_of()
{
	sha256sum <"$1" | cut -d ' ' -f 1
}

make_initramfs
status=0
run_guest || status=$?
tr -d '\r' <"$work/console" >"$out/console.log" || fail "no console: $(tail -n 1 "$work/qemu.log")"
[ "$status" -eq 0 ] || fail "the guest ended with $status, see $out/console.log"
sed -n '/^safevma-vm: begin victim$/,/^safevma-vm: end victim$/{/^safevma-vm: /!p}' \
	"$out/console.log" >"$out/victim.jsonl"
grep -q '^safevma-vm: done$' "$out/console.log" || fail "the guest did not finish"
[ "$(said 'victim sha256')" = "$(sum_of "$out/victim.jsonl")" ] || fail "victim.jsonl is garbled"
grep -q '"ready":true' "$out/victim.jsonl" || fail "the victim did not start"
[ "$(said 'recorder status')" = 0 ] || fail "the recorder ended with $(said 'recorder status')"
[ "$(said 'recording sha256')" = "$(sum_of "$out/recording.tar")" ] ||
	fail "recording.tar is not what the guest sent"
mkdir "$out/recording"
tar -x -C "$out/recording" -f "$out/recording.tar" || fail "recording.tar cannot be unpacked"
echo "boot.sh: $(said kernel): $(stat -c %s "$out/recording.tar") bytes in $out"
