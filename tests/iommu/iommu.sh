#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Behind an IOMMU, in the guest, as root with the modules loaded; each word is a case:
#   clean	generator and file, demand and ring: verified, without a fault of the IOMMU
#   apart	pages were isolated, come back mapped, and go to the system under pressure
#   late	the device writes once more to pages that it has completed: prints the log, the pool's records
#		and the driver's grants for the host to judge
#   spoilt	the same with a reader that is slow, and the driver's seal
# Contract: TAP; exit status 0 only if all passed.
number=0
bad=0
debug=/sys/kernel/debug
device=/sys/class/labyrinth/labyrinth0

report() {
	verdict=$?
	number=$((number + 1))
	[ "$verdict" -eq 0 ] && echo "ok $number $1" && return
	echo "not ok $number $1"
	bad=1
}

# The pool's counter that stands after these words in its statistics
pool_stat() {
	sed -n "s/.*$1 \([0-9]*\).*/\1/p" "$debug"/labyrinth_pool/*/stats | head -n 1
}

dmar_faults() {
	dmesg | grep -c "DMAR: .*fault addr"
}

generator() {
	labctl receive --source generator --queues 2 --pages "$@" --seed 7 --quiet
}

clean() {
	for mode in demand ring; do
		generator 3000 --mode $mode || return 1
		labctl receive --source generator --queues 4 --pages 3000 --mode $mode --depth 16 --seed 8 --quiet || return 1
	done
	[ "$(dmar_faults)" -eq 0 ]
}

apart() {
	before=$(pool_stat isolated)
	generator 2000 --mode demand || return 1
	after=$(pool_stat isolated)
	failed=$(pool_stat "map failed")
	waits=$(pool_stat "wait to be mapped")
	echo 2 > /proc/sys/vm/drop_caches
	rest=$(pool_stat "wait to be mapped")
	echo "# isolated $((after - before)), waiting $waits, after the shrinker $rest, not mapped $failed"
	[ $((after - before)) -ge 2000 ] && [ "$failed" -eq 0 ] && [ "$rest" -lt "$((waits + 1))" ] &&
		[ "$(dmar_faults)" -eq 0 ]
}

# late_writes USEC COMMAND...: one page in ten is written so long after its completion
late_writes() {
	echo "dma-stale rate=100000 param=$1" > $debug/labyrinth/labyrinth0/faults
	shift
	"$@"
	result=$?
	sleep 1
	injected=$(sed -n 's/^dma-stale .*injected=\([0-9]*\).*/\1/p' $debug/labyrinth/labyrinth0/faults)
	echo off > $debug/labyrinth/labyrinth0/faults
	echo "# $injected late writes, $(dmar_faults) faults in the log"
	[ "$injected" -gt 0 ] && return $result
}

late() {
	echo 1 > $debug/labyrinth_pool/track
	mount -t tracefs none /sys/kernel/tracing 2> /dev/null
	echo 1 > /sys/kernel/tracing/events/labyrinth/labyrinth_grant/enable
	# the reader has had the page by then
	late_writes 500000 generator 600 --mode demand
	result=$?
	echo 0 > /sys/kernel/tracing/events/labyrinth/labyrinth_grant/enable
	cat $debug/labyrinth_pool/*/unmapped 2> /dev/null | sed 's/^/# page: /'
	dmesg | grep "DMAR: .*fault addr" | sed 's/^/# log: /'
	grep -o "queue=.*labyrinth_grant.*\|labyrinth_grant: .*" /sys/kernel/tracing/trace | sed 's/^/# grant: /'
	echo 0 > $debug/labyrinth_pool/track
	return $result
}

spoilt() {
	# ... and here it has not
	late_writes 20000 generator 300 --mode demand --slow 1000 > /dev/null 2>&1
	corrupt=$(($(cat $device/queue0/corrupt) + $(cat $device/queue1/corrupt)))
	echo "# the seal found $corrupt pages, the IOMMU stopped $(dmar_faults) writes"
	[ "$corrupt" -gt 0 ]
}

mount -t debugfs none $debug 2> /dev/null
dmesg | grep -q "DMAR: IOMMU enabled" || { echo "Bail out! no IOMMU"; exit 1; }
echo "TAP version 13"
for name in "$@"; do
	$name
	report "$name"
done
echo "1..$number"
exit $bad
