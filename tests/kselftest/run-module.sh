#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run test modules in the guest: each prints KTAP to the kernel log while it loads, or while it goes, and loads
# only if all of its tests passed. What a module needs from the folder where it lies is loaded before and goes after.
#   run-module.sh MODULE.ko[ PARAMETER=VALUE]...
# Contract: the modules' KTAP on standard output; exit status 0 only if each one loaded and went again, and
# labyrinth_pool has no more users afterwards than it had before.
bad=0

# Those that a module depends on, that lie beside it and are not loaded: the folder has no others of theirs
needed()
{
	modinfo -F depends "$1" | tr ',' '\n' | while read -r dep; do
		[ -z "$dep" ] || [ -d "/sys/module/$dep" ] || [ ! -f "$(dirname "$1")/$dep.ko" ] || echo "$dep"
	done
}

users()
{
	cat /sys/module/labyrinth_pool/refcnt 2> /dev/null || echo 0
}

# A pool whose last page came late goes a little later
users_back()
{
	tries=600
	while [ "$(users)" != "$1" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# A CPU of the guest stands still while the host runs another program, and if that is in an NMI the kernel
# says that a handler took too long: not what is tested here.
{ mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug; } 2> /dev/null
[ ! -w /sys/kernel/debug/x86/nmi_longest_ns ] || echo 10000000000 > /sys/kernel/debug/x86/nmi_longest_ns

for order in "$@"; do
	file=${order%% *}
	name=$(basename "$file" .ko)
	echo "# $name"
	before=$(dmesg | wc -l)
	users=$(users)
	needs=$(needed "$file")
	status=0
	for dep in $needs; do
		insmod "$(dirname "$file")/$dep.ko" || status=1
	done
	# shellcheck disable=SC2086  # the parameters are words of their own
	if insmod $order; then
		rmmod "$name" || status=1
	else
		status=1
	fi
	for dep in $needs; do
		rmmod "$dep" || status=1
	done
	users_back "$users" || { echo "# labyrinth_pool has $(users) users, and had $users"; status=1; }
	dmesg | tail -n "+$((before + 1))" | sed 's/^\[[^]]*\] //'
	if [ $status -ne 0 ]; then
		echo "not ok $name: it did not load and go as it should"
		bad=1
	fi
done
exit $bad
