#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: give the accelerator to vfio-pci, have huge pages, run a command.
#   guest.sh [--bind DRIVER|none] [--huge N] [--] COMMAND...
# Contract: exits with COMMAND's status. What cannot be set up is left as it is, for COMMAND to say so; the
# modules of vfio-pci are loaded already, or modprobe can load them. Works with busybox's shell.
bind=vfio-pci
huge=48		# of 2 MiB
while :; do
	case "$1" in
	--bind) bind=$2; shift 2 ;;
	--huge) huge=$2; shift 2 ;;
	--) shift; break ;;
	*) break ;;
	esac
done

find_device() {
	for device in /sys/bus/pci/devices/*; do
		read -r vendor < "$device/vendor"
		read -r id < "$device/device"
		[ "$vendor:$id" = 0x1234:0x1ab1 ] && return 0
	done
	return 1
}

if find_device && [ "$bind" != none ]; then
	[ -d "/sys/bus/pci/drivers/$bind" ] || modprobe -q "$bind" 2> /dev/null
	[ -e "$device/driver" ] && echo "${device##*/}" > "$device/driver/unbind"
	echo "$bind" > "$device/driver_override"
	echo "${device##*/}" > /sys/bus/pci/drivers_probe 2> /dev/null
fi
echo "$huge" > /proc/sys/vm/nr_hugepages
mkdir -p /var/run
exec "$@"
