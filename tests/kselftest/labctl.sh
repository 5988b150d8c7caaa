#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# labctl in the guest: its exit statuses, its one-line errors, and what it leaves behind when the disk is
# full, it is interrupted, its reader goes, or the device does.
# Contract: KTAP; exit status 0 only if all passed. Needs root, both modules and labctl in PATH.
tmp=$(mktemp -d) || exit 1
trap 'umount "$tmp/small" 2> /dev/null; rm -rf "$tmp"' EXIT
number=0
bad=0

# report NAME: the verdict is the status of the command before it.
report() {
	verdict=$?
	number=$((number + 1))
	if [ "$verdict" -eq 0 ]; then
		echo "ok $number $1"
	else
		echo "not ok $number $1"
		bad=1
		sed 's/^/# /' "$tmp/err"
	fi
}

# expect STATUS PATTERN COMMAND...: ends with STATUS, and its one line on standard error has PATTERN.
expect() {
	wanted=$1
	pattern=$2
	shift 2
	"$@" > "$tmp/out" 2> "$tmp/err"
	status=$?
	[ "$status" -eq "$wanted" ] || { echo "# status $status, not $wanted"; return 1; }
	[ -z "$pattern" ] && { [ ! -s "$tmp/err" ]; return; }
	[ "$(wc -l < "$tmp/err")" -eq 1 ] && grep -q "$pattern" "$tmp/err"
}

# wait_for COMMAND...: until it says yes; so long that only a hang takes longer.
wait_for() {
	for _ in $(seq 240); do
		"$@" && return
		sleep 0.25
	done
	return 1
}

generate() {
	labctl receive --source generator --quiet "$@"
}

# interrupt SIGNAL FILE OPTION...: an endless or long run, ended by a signal once it writes FILE; its status.
interrupt() {
	signal=$1
	file=$2
	shift 2
	labctl receive --source generator --quiet "$@" > "$tmp/out" 2> "$tmp/err" &
	running=$!
	wait_for test -s "$file"
	kill -s "$signal" $running
	wait $running
}

pages_back() {
	labctl stats --json | tr -d ' \n' | grep -q '"pool":.*"cpu":0,"device":0,"user":0,"quarantined":0'
}

echo "KTAP version 1"

expect 2 "which command" labctl
report "no command is wrong usage"
expect 2 "no command 'bogus'" labctl bogus
report "an unknown command is wrong usage"
expect 2 "no option '--bogus'" labctl receive --bogus
report "an unknown option is wrong usage"
expect 2 "needs a value" labctl receive --out
report "an option without its value is wrong usage"
expect 2 "name a number from 1 to 16" labctl receive --queues 17
report "a number out of its range is wrong usage"
expect 2 "name a number from 0 to" labctl receive --mod-usec 1x
report "a number with a tail is wrong usage"
expect 2 "exclude each other" labctl receive --queue 1 --queues 2
report "options that exclude each other are wrong usage"
expect 2 "needs --source generator" labctl receive --retry
report "a stream cannot begin again"
expect 2 "name a number from 0 to 60000000" labctl receive --source generator --slow 1s
report "a pause is in microseconds"
expect 2 "exclude each other" labctl holders --pool x --device /dev/labyrinth0
report "holders: a pool or a device, not both"
expect 2 "say on or off" labctl holders --track maybe
report "holders: tracking is on or off"
for command in "" list info stats holders receive reset; do
	# shellcheck disable=SC2086
	expect 0 "" labctl $command --help && grep -q "^usage: labctl" "$tmp/out"
	report "labctl $command --help"
done
expect 1 "no such device" labctl --device /dev/labyrinth99 info
report "a missing device is named"
expect 1 "no Labyrinth device" labctl --device /dev/null info
report "another device is refused"
expect 1 "name fewer" generate --queues 16 --pages 16
report "more queues than there are"
expect 1 "cannot write to standard output" sh -c 'labctl info > /dev/full'
report "a full standard output is an error"

expect 0 "" labctl list && grep -q "^/dev/labyrinth0 .*live" "$tmp/out"
report "list shows the device"
expect 0 "" labctl info --json && grep -q '"queues": 4' "$tmp/out"
report "info --json"
{ timeout 300 labctl stats --watch --json 2> "$tmp/err"; } | head -n 2 > "$tmp/out"
[ "$(wc -l < "$tmp/out")" -eq 2 ] && ! grep -qv '^{.*}$' "$tmp/out"
report "stats --watch --json writes a line each time"

for mode in demand ring; do
	expect 0 "" generate --mode $mode --queues 3 --pages 1000 --seed 5 --out "$tmp/$mode" --json-out "$tmp/json"
	report "$mode: receive and verify"
	grep -q '"good": true' "$tmp/json" && [ "$(grep -c '"received": 33[34]' "$tmp/json")" -eq 3 ]
	report "$mode: the report has every queue's part of the pages"
done
cmp "$tmp/demand.0" "$tmp/ring.0" && cmp "$tmp/demand.1" "$tmp/ring.1" && cmp "$tmp/demand.2" "$tmp/ring.2"
report "the same seed is the same data in each mode"
! cmp -s "$tmp/demand.0" "$tmp/demand.1"
report "queues have data of their own"
expect 0 "" generate --pages 20000 --period-ns 20000 --burst 32 --json-out -
report "drops that are accounted for are no failure"
! grep -q '"overrun": 0' "$tmp/out"
report "and they are in the report"

mkdir "$tmp/small"
mount -t tmpfs -o size=1M tmpfs "$tmp/small"
expect 1 "disk is full" generate --pages 5000 --out "$tmp/small/x"
report "a full disk is one clear error"
[ -z "$(ls -A "$tmp/small")" ]
report "a full disk leaves no half-made file"
expect 1 "disk is full" generate --pages 10 --json-out /dev/full
report "a full disk below the report is an error"
[ -c /dev/full ]
report "a device that it writes to is left alone"
expect 1 "No such file" generate --pages 10 --out "$tmp/none/x"
report "a folder that is not there is named"

{ generate --pages 5000 --out - 2> "$tmp/err"; echo $? > "$tmp/status"; } | head -c 1000 > /dev/null
[ "$(cat "$tmp/status")" -eq 1 ] && grep -q "program that read it is gone" "$tmp/err"
report "a reader of the output that goes is an error"
for signal in INT TERM; do
	interrupt $signal "$tmp/cut.partial" --pages 1000000000 --out "$tmp/cut" --json-out "$tmp/json"
	[ $? -eq 130 ] && [ ! -e "$tmp/cut" ] && [ ! -e "$tmp/cut.partial" ]
	report "SIG$signal ends it with 130, and leaves no half-made file"
	grep -q '"interrupted": true' "$tmp/json" && grep -q '"good": true' "$tmp/json"
	report "SIG$signal: what was received was right"
done
interrupt INT "$tmp/endless.3.partial" --queues 4 --out "$tmp/endless" && [ -s "$tmp/endless.3" ]
report "an endless run ends well with a signal"

labctl receive --source generator --queue 1 --quiet 2> "$tmp/err1" &
wait_for grep -q 1 /sys/class/labyrinth/labyrinth0/queue1/bound
expect 1 "has an owner" generate --queue 1 --pages 3
report "a queue that is taken is named"
labctl reset
report "reset"
wait $!
[ $? -eq 1 ] && grep -q "the device was reset" "$tmp/err1"
report "who received meanwhile learns of it"

before=$(date +%s%N)
expect 0 "" generate --pages 10 --slow 30000 && [ $(($(date +%s%N) - before)) -ge 300000000 ]
report "--slow waits after each page"

running_1() {
	labctl stats 2> /dev/null | grep -q "^1  *running"
}

# again WORD COMMAND...: an endless run with --retry on queue 1, of which COMMAND ends a session and a signal the
# next one; the report has WORD once.
again() {
	word=$1
	shift
	labctl receive --source generator --retry --queue 1 --period-ns 1000000 --quiet --json-out "$tmp/json" \
		> "$tmp/out" 2> "$tmp/err" &
	running=$!
	wait_for running_1 && "$@" && wait_for running_1
	kill $running
	wait $running && grep -q "\"$word\": 1" "$tmp/json" && grep -q '"sessions": 2' "$tmp/json" &&
		grep -q '"good": true' "$tmp/json" && [ ! -s "$tmp/err" ]
}

unused() {
	[ "$(cat /sys/module/labyrinth/refcnt)" -eq 0 ]
}

# Whoever still has the old device open would keep its number.
rebind() {
	pci=$(basename "$(readlink -f /sys/class/labyrinth/labyrinth0/device)")
	echo "$pci" > /sys/bus/pci/drivers/labyrinth/unbind && wait_for unused &&
		echo "$pci" > /sys/bus/pci/drivers/labyrinth/bind
}

again resets labctl reset
report "--retry binds again after a reset, and counts it"
again gone rebind && [ -e /dev/labyrinth0 ]
report "--retry finds the device again after it was gone"

expect 0 "" labctl holders && grep -q "^labyrinth0.[0-9]*: 0 pages are out" "$tmp/out"
report "holders: nobody has a page"
expect 1 "no pool 'bogus'; there are: labyrinth0.[0-9]" labctl holders --pool bogus
report "holders: a pool that is not there is named, and so are those that are"
expect 1 "use sudo" setpriv --reuid 65534 --clear-groups labctl holders
report "holders: only for root"
expect 1 "debugfs is not mounted: mount -t debugfs" \
	unshare --mount sh -c "umount -l /sys/kernel/debug && labctl holders"
report "holders: a debugfs that is not mounted is named, with what to do"

# shellcheck disable=SC2317  # wait_for calls it
holders_have() {
	labctl holders --json > "$tmp/json" 2>&1 && grep -q "$1" "$tmp/json"
}

# hold PATTERN: the holders, as text and as JSON that has PATTERN, while a queue runs. In ring mode with a slow
# source pages are with the device all the time.
hold() {
	labctl receive --source generator --mode ring --queue 2 --period-ns 20000000 --quiet 2> /dev/null &
	running=$!
	wait_for holders_have "$1"
	labctl holders > "$tmp/out" 2> "$tmp/err"
	status=$?
	kill $running
	wait $running
	return $status
}

hold '"owner": "device"' && [ "$(cat "$tmp/err")" = "labctl: pages taken before tracking was on have no caller: labctl holders --track on" ] &&
	grep -Eq "^ *[0-9]+ device +\? \? +\? +\? +0x[0-9a-f]+ +\?$" "$tmp/out" && grep -q '"caller": null' "$tmp/json"
report "holders: without tracking the owner of each page is known"
expect 0 "" labctl holders --track on && hold '"context": "hardirq"' && [ ! -s "$tmp/err" ] &&
	grep -Eq "^ *[0-9]+ device +[0-9]+ hardirq +2 +[0-9.]+ s +0x[0-9a-f]+ +[a-z][a-z0-9_.]+\+0x.*\[labyrinth\]$" "$tmp/out" &&
	grep -q '"context": "hardirq"' "$tmp/json" && grep -q '"tracking": true' "$tmp/json"
report "holders: with tracking it has processor, context, queue, age and caller too"
expect 0 "" labctl holders --track off && labctl holders --json | grep -q '"tracking": false'
report "holders: tracking off again"

expect 0 "" labctl fault alloc rate=1000000 limit=5 && expect 0 "" generate --pages 300 && labctl stats --json > "$tmp/json" 2> /dev/null &&
	grep -q '"injected": 5' "$tmp/json"
report "fault: allocations of the interrupt handler fail, and all the data comes"
expect 0 "" labctl fault labyrinth0 off
report "fault: off"
expect 2 "no fault 'bogus'; there are: irq-lost .* config-lie alloc hostile" labctl fault bogus rate=1
report "fault: a name that is none is told, and so are those that there are"
expect 2 "rate=1000001: a number up to 1000000, in millionths" labctl fault irq-lost rate=1000001
report "fault: a number that is too large"
expect 2 "what is 'nht=3'" labctl fault irq-lost nht=3
report "fault: a setting that is none"
expect 2 "no rule 'bogus'; there are: comp-seq" labctl fault hostile rules=data,bogus
report "fault: a rule that is none"
expect 1 "no fault injection: start it with x-faults=on" labctl fault irq-lost nth=1
report "fault: a device without it, and what to do"
expect 1 "use sudo" setpriv --reuid 65534 --clear-groups labctl fault
report "fault: only for root"
expect 1 "debugfs is not mounted: mount -t debugfs" \
	unshare --mount sh -c "umount -l /sys/kernel/debug && labctl fault"
report "fault: a debugfs that is not mounted is named, with what to do"

# maze NAME LINE...: a maze as text
maze() {
	file=$tmp/$1
	shift
	printf '%s\n' "$@" > "$file"
}

expect 0 "" labctl maze --size 20x9 --seed 3 --out "$tmp/maze" && expect 0 "steps, .* of 180 cells visited" labctl solve "$tmp/maze" &&
	grep -q '^#S' "$tmp/out" && grep -q 'G#$' "$tmp/out" && [ "$(wc -l < "$tmp/out")" -eq 19 ]
report "solve: a maze of its own comes back with its path"
expect 0 "" labctl solve --json --mode ring - < "$tmp/maze" && grep -q '"status":"solved"' "$tmp/out"
report "solve: standard input, and JSON"
expect 0 "" labctl solve --json --svg "$tmp/svg" "$tmp/maze" && grep -q '^<svg ' "$tmp/svg"
report "solve: a picture"
maze thick '########' '#S .  G#' '# ######' '########'
expect 0 "5 steps" labctl solve "$tmp/thick" && grep -q '^#S\.\.\.\.G#$' "$tmp/out"
report "solve: where each character is a cell"
maze shut '#####' '#S#G#' '#####'
expect 3 "no way leads from the start to the goal" labctl solve "$tmp/shut"
report "solve: no way"
maze ragged '#####' '#S  G#' '#####'
expect 4 "ragged:2: 6 characters, but the first line has 5" labctl solve "$tmp/ragged"
report "solve: lines of different length"
maze letter '#####' '#S?G#' '#####'
expect 4 "letter:2:3: not a character of a maze" labctl solve "$tmp/letter"
report "solve: a character that is none of a maze's"
maze twice '#####' '#S S#' '#####'
expect 4 "more than one S" labctl solve "$tmp/twice"
report "solve: two starts"
maze solid '###' '###' '###'
expect 4 "nothing but walls" labctl solve "$tmp/solid"
report "solve: nothing but walls"
labctl maze --size 200x200 2> "$tmp/err" > "$tmp/out"
[ $? -eq 2 ] && grep -q "name WxH" "$tmp/err" && yes '                                                  ' | head -400 > "$tmp/large" &&
	expect 4 "50 x 400 cells are too many" labctl solve "$tmp/large"
report "solve: a maze that is too large"
expect 4 "empty: see .labctl maze" labctl solve /dev/null
report "solve: an empty file"
expect 1 "more than .* bytes: that is no maze" labctl solve /dev/zero
report "solve: a file without end"
expect 1 "No such file" labctl solve "$tmp/none"
report "solve: a file that is not there"
labctl maze --size 9x9 --binary --out "$tmp/binary" && head -c 50 "$tmp/binary" > "$tmp/cut" &&
	expect 4 "malformed" labctl solve "$tmp/cut" && cat "$tmp/binary" /dev/zero 2> /dev/null | head -c 9000 > "$tmp/long" &&
	expect 4 "endless" labctl solve "$tmp/long"
report "solve: a binary one that is cut off, and one that is too long"
expect 2 "which maze" labctl solve && expect 2 "what is 'b' for" labctl solve a b &&
	expect 2 "name a number from 0 to 100" labctl maze --loops 101 && expect 2 "name WxH" labctl maze --size 9
report "solve, maze: wrong usage"

pages_back
report "every page is back"
echo "1..$number"
exit $bad
