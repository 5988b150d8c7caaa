#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run the driver's self-tests in the guest, as root with both modules loaded, and print one KTAP stream.
#   run.sh [DIRECTORY OF THE PROGRAMS [PROGRAM...]]
# Contract: exit status 0 only if every program passed or was skipped as a whole.
dir=${1:-$(dirname "$0")}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- "$dir"/driver_* "$dir/labctl"
[ -x "$dir/${1##*/}" ] || { echo "run.sh: no self-tests in $dir: make -C tests/kselftest first" >&2; exit 2; }

echo "KTAP version 1"
echo "1..$#"
number=0
bad=0
for program in "$@"; do
	name=${program##*/}
	number=$((number + 1))
	echo "# Subtest: $name"
	result=$(mktemp)
	{ "$dir/$name"; echo $? > "$result"; } 2>&1 | sed 's/^/    /'
	read -r status < "$result"
	rm -f "$result"
	case $status in
	0) echo "ok $number $name" ;;
	4) echo "ok $number $name # SKIP" ;;
	*) echo "not ok $number $name"; bad=1 ;;
	esac
done
exit $bad
