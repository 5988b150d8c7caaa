#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The sample driver in the guest: DMA to the device and back, where its pages came from, and that they all
# are back. Needs root, both modules loaded, and QEMU's edu device.
#   edu.sh [iommu]
# Contract: TAP; with `iommu` the device must be behind one. Exit status 0 only if all passed.
rounds=8
dev=$(echo /sys/bus/pci/drivers/labyrinth_edu/0000:*)
number=0
bad=0

# report NAME: the verdict is the status of the command before it.
report() {
	verdict=$?
	number=$((number + 1))
	[ "$verdict" -eq 0 ] && echo "ok $number $1" && return
	echo "not ok $number $1"
	bad=1
}

pages() {
	read -r line < "$dev/pages"
	echo "# pages: $line"
	case $line in $1) ;; *) false ;; esac
}

behind=$(readlink -f "$dev/iommu_group")/type
echo "TAP version 13"
[ -w "$dev/rounds" ]
report "the driver has its device"
echo "$rounds" > "$dev/rounds"
report "$rounds patterns went to the device and came back"
pages "hardirq $((2 * rounds)) freed $((2 * rounds)) refused 0 out 0 of *"
report "each page was taken in the hard-interrupt handler, and none is out"
[ -w "$dev/rounds" ] && ! echo 0 > "$dev/rounds" 2> /dev/null && ! echo x > "$dev/rounds" 2> /dev/null
report "a number of rounds that makes no sense is refused"
grep -q "^labyrinth_pool .*labyrinth_edu" /proc/modules
report "the pool's module is held by its user"
echo "${dev##*/}" > /sys/bus/pci/drivers/labyrinth_edu/unbind &&
	echo "${dev##*/}" > /sys/bus/pci/drivers/labyrinth_edu/bind && echo 1 > "$dev/rounds"
report "unbound and bound again it works"
rmmod labyrinth_edu && ! dmesg | grep -E "labyrinth_pool: .*(still out|destroyed with|refused)"
report "the driver goes, and no page was out"
if [ "$1" = iommu ]; then
	grep -q "^DMA" "$behind" && ! dmesg | grep -E "DMAR: .*(fault|Fault)"
	report "the IOMMU translates, and saw no access outside of the pages"
fi
echo "1..$number"
exit $bad
