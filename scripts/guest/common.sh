# SPDX-License-Identifier: GPL-2.0-only
# Steps that both kinds of guest share; sourced, with busybox's applets in PATH.

# Said on the console, where the launcher looks for it.
give_up() {
	echo "lab-guest: $1" > /dev/console
	poweroff -f
}

mount_kernel_files() {
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs devtmpfs /dev 2> /dev/null
	mkdir -p /dev/pts /dev/shm
	mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 shm /dev/shm
	mount -t debugfs debugfs /sys/kernel/debug 2> /dev/null
	mount -t tracefs tracefs /sys/kernel/tracing 2> /dev/null
	# Data races are looked for from here on, not while the kernel starts.
	[ ! -w /sys/kernel/debug/kcsan ] || echo on > /sys/kernel/debug/kcsan
	[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
	[ -e /dev/stdin ] || { ln -s fd/0 /dev/stdin; ln -s fd/1 /dev/stdout; ln -s fd/2 /dev/stderr; }
}

load_modules() {
	while read -r name; do
		insmod "/lab/ko/$name.ko" || give_up "cannot load the module $name"
	done < /lab/ko/order
}

# The launcher's ports by name: /dev/lab/{ctl,in,out,err}.
find_ports() {
	mkdir -p /dev/lab
	tries=0
	while [ ! -e /dev/lab/ctl ]; do
		for port in /sys/class/virtio-ports/*; do
			[ -r "$port/name" ] || continue
			read -r name < "$port/name"
			case "$name" in lab.*) ln -sf "/dev/${port##*/}" "/dev/lab/${name#lab.}" ;; esac
		done
		tries=$((tries + 1))
		[ "$tries" -lt 1000 ] || give_up "the launcher's ports did not appear"
		[ -e /dev/lab/ctl ] || usleep 10000
	done
}
