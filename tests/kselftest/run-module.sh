#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run test modules in the guest: each prints KTAP to the kernel log while it loads, and loads only if all of
# its tests passed.
#   run-module.sh MODULE.ko[ PARAMETER=VALUE]...
# Contract: the modules' KTAP on standard output; exit status 0 only if each one loaded and went again.
bad=0
for order in "$@"; do
	file=${order%% *}
	name=$(basename "$file" .ko)
	echo "# $name"
	before=$(dmesg | wc -l)
	# shellcheck disable=SC2086  # the parameters are words of their own
	insmod $order
	status=$?
	dmesg | tail -n "+$((before + 1))" | sed 's/^\[[^]]*\] //'
	if [ $status -ne 0 ] || ! rmmod "$name"; then
		echo "# $name ended with status $status"
		bad=1
	fi
done
exit $bad
