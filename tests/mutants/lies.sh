#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device that lies in one field of its completions at a time, in the guest with x-faults=on: whatever cannot be
# true is refused and counted, and nothing of it reaches the reader.
# Contract: TAP; exit status 0 only if all passed.
debug=/sys/kernel/debug
queue=/sys/class/labyrinth/labyrinth0/queue0
number=0
bad=0

# lie NAME MASK: of 400 pages about a dozen are completed with something made up in this field.
lie() {
	number=$((number + 1))
	printf 'off\nseed=5\nhostile rate=30000 rules=%s\n' "$2" > $debug/labyrinth/labyrinth0/faults
	timeout 20 labctl receive --source generator --queues 1 --pages 400 --mode demand --quiet > /dev/null 2>&1
	fired=$(sed -n "s/^rule comp-$1 fired=//p" $debug/labyrinth/labyrinth0/faults)
	echo off > $debug/labyrinth/labyrinth0/faults
	invalid=$(cat $queue/invalid)
	delivered=$(cat $queue/delivered)
	echo "# $1: $fired lies, $invalid refused, $delivered pages delivered"
	if [ "$fired" -gt 0 ] && [ "$invalid" -gt 0 ] && [ "$delivered" -le 400 ] && [ "$invalid" -le "$fired" ]; then
		echo "ok $number $1"
	else
		echo "not ok $number $1"
		bad=1
	fi
}

mount -t debugfs none $debug 2> /dev/null
echo "TAP version 13"
lie cookie 0x4
lie length 0x10
lie status 0x20
lie queue 0x40
echo "1..$number"
exit $bad
