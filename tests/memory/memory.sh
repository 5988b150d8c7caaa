#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Where the pool's memory lies, in the guest: each word is a case of the test module labyrinth_memory_test,
# or one of those below. Needs root and the modules loaded.
#   memory.sh CASE...
# Contract: TAP; exit status 0 only if all passed. A case that this machine cannot show fails.
run=/sys/module/labyrinth_memory_test/parameters/run
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

module_case() {
	before=$(dmesg | wc -l)
	status=0
	echo "$1" > "$run" || status=1
	dmesg | tail -n "+$((before + 1))" | sed 's/^\[[^]]*\] /# /'
	return $status
}

compact() {
	sync
	echo 3 > /proc/sys/vm/drop_caches
	echo 1 > /proc/sys/vm/compact_memory
}

# A process in a control group of 8 MiB makes a pool of 32 MiB and pays nothing; its files it does pay for.
charged() {
	[ -d /sys/fs/cgroup ] && mount -t cgroup2 none /sys/fs/cgroup 2> /dev/null
	group=/sys/fs/cgroup/labyrinth-test
	echo +memory > /sys/fs/cgroup/cgroup.subtree_control && mkdir "$group" && echo 8M > "$group/memory.max" || return 1
	before=$(cat "$group/memory.current")
	sh -c "echo \$\$ > $group/cgroup.procs; echo make > $run"
	made=$?
	pool=$(($(cat "$group/memory.current") - before))
	echo unmake > "$run" || return 1
	sh -c "echo \$\$ > $group/cgroup.procs; head -c 4M /dev/zero > /dev/shm/charged"
	file=$(($(cat "$group/memory.current") - before))
	rm /dev/shm/charged
	echo "# charged: $pool bytes for a pool of 32 MiB, $file for a file of 4 MiB"
	grep -E "^(max|oom) " "$group/memory.events" | sed 's/^/# /'
	grep -q "^oom 0" "$group/memory.events" && rmdir "$group" &&
		[ $made -eq 0 ] && [ $pool -lt 2097152 ] && [ $file -gt 4194304 ]
}

# The bounce buffers that the cases before took are all back.
bounce_back() {
	used=$(cat /sys/kernel/debug/swiotlb/io_tlb_used)
	echo "# $used bounce buffers in use, $bounced at the start"
	[ "$used" -le "$bounced" ]
}

# The accelerator's data is right, whatever stands between it and memory.
receive() {
	for mode in demand ring; do
		labctl receive --source generator --mode $mode --queues 1 --pages 2000 --seed 7 --quiet || return 1
	done
	! dmesg | grep -E "DMAR: .*[Ff]ault|swiotlb buffer is full"
}

mount -t debugfs none /sys/kernel/debug 2> /dev/null
[ -f /sys/kernel/debug/swiotlb/io_tlb_used ] && bounced=$(cat /sys/kernel/debug/swiotlb/io_tlb_used)
echo "TAP version 13"
for name in "$@"; do
	case $name in
	compact | charged | bounce_back | receive) $name ;;
	*) module_case "$name" ;;
	esac
	report "$name"
done
echo "1..$number"
exit $bad
