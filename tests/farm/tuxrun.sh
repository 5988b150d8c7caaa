#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The pool's tests on a kernel of one's own through tuxrun, whose QEMU has no Labyrinth device:
#   tests/farm/tuxrun.sh KERNEL-TREE [tuxrun's options...]
# Contract: packs labyrinth_pool.ko, its test module and run-module.sh, built against the tree, as an overlay for tuxrun's
# root file system, and runs tuxrun with it; with TUXRUN=echo the command is printed and nothing is run.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -gt 0 ] || { echo "usage: tests/farm/tuxrun.sh KERNEL-TREE [tuxrun's options...]" >&2; exit 2; }
tree=$1
shift
image="$tree/arch/x86/boot/bzImage"
[ -f "$image" ] || { echo "tuxrun.sh: $tree is no built kernel tree: $image is missing" >&2; exit 2; }

modules=$("$root/scripts/lab" modules --kernel "$tree" --tests)
out="$root/build/farm"
rm -rf "$out"
mkdir -p "$out/overlay/opt/labyrinth"
for name in labyrinth_pool labyrinth_pool_test; do
	cp "$modules/$name.ko" "$out/overlay/opt/labyrinth/"
done
cp "$root/tests/kselftest/run-module.sh" "$out/overlay/opt/labyrinth/"
tar -C "$out/overlay" -cJf "$out/overlay.tar.xz" opt

${TUXRUN:-tuxrun} --device qemu-x86_64 --kernel "$image" --overlay "$out/overlay.tar.xz" "$@" -- \
	sh -c 'insmod /opt/labyrinth/labyrinth_pool.ko && sh /opt/labyrinth/run-module.sh /opt/labyrinth/labyrinth_pool_test.ko'
