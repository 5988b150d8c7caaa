# SPDX-License-Identifier: GPL-2.0-only
# What a stress scenario does in the guest, one function a verb; sourced by the plan that the launcher made of
# the scenario, in busybox's shell.
# Contract: what the launcher is to know goes to standard output as lines that begin with "@ " (docs/stress.md);
# a verb ends with a status, and says on its standard error what was wrong. The plan has set: SEED, QUEUES,
# MODULE (labyrinth.ko's file), WORDS (its parameters), EXACT (1: instructions are counted).
dir=/tmp/stress
class=/sys/class/labyrinth
debug=/sys/kernel/debug/labyrinth
# ms, of one round of a life-cycle event; where the guest's time is the host's, only a hang takes longer
rounds_limit=2000
[ "$EXACT" = 1 ] || rounds_limit=30000
mkdir -p "$dir"
exec 3>&1

say() {
	echo "@ $*" >&3
}

# The guest's time in ms, into $now
clock() {
	read -r now _ < /proc/uptime
	now=${now%.*}${now#*.}0
	now=${now#"${now%%[!0]*}"}
}

# give NAME FILE: the file's content, for the launcher
give() {
	[ -r "$2" ] || return 0
	say "file $1"
	cat "$2" >&3
	echo >&3
	say "end $1"
}

at() {
	clock
	left=$((begin + $1 - now))
	[ "$left" -gt 0 ] && usleep $((left * 1000))
	return 0
}

# event NUMBER FUNCTION WORD...: does it, and says when it began, how long it took and how it ended
event() {
	number=$1
	shift
	clock
	started=$now
	"$@" 2> "$dir/said"
	verdict=$?
	clock
	say "event $number $((started - begin)) $((now - started)) $verdict"
	head -n 5 "$dir/said" | while IFS= read -r line; do say "said $number $line"; done
}

node() {
	for found in "$class"/labyrinth*; do
		[ -e "$found/state" ] && echo "$found" && return
	done
	return 1
}

# Until the device is there and works, at most so many ms
live() {
	clock
	until=$((now + $1))
	while [ "$now" -le "$until" ]; do
		found=$(node) && read -r state 2> /dev/null < "$found/state" && [ "$state" = live ] && return 0
		usleep 1000
		clock
	done
	echo "the device is ${state:-gone}, not live" >&2
	return 1
}

knob() {
	for found in "$debug"/*/"$1"; do
		[ -e "$found" ] && echo "$found" && return
	done
	echo "the driver has no debugfs file $1" >&2
	return 1
}

# set_knob FILE LINE
set_knob() {
	file=$(knob "$1") || return
	echo "$2" > "$file"
}

seeds() {
	for file in "$debug"/*/faults "$debug"/*/fail_alloc; do
		[ -e "$file" ] && echo "seed=$SEED" > "$file"
	done 2> /dev/null
	return 0
}

# --- traffic; the variables pid_NAME, run_NAME (how often it was started) and words_NAME are its own, and
# queues_NAME, which the plan sets ---

launch() {
	eval "run=\$((\${run_$1:-0} + 1)) words=\$words_$1"
	# shellcheck disable=SC2086
	labctl receive --source generator --quiet --retry --json-out "$dir/$1.$run.json" $words 2> "$dir/$1.$run.err" &
	eval "run_$1=$run pid_$1=$!"
}

start() {
	name=$1
	shift
	eval "words_$name=\$*"
	launch "$name"
}

# ended NAME HOW: its process is gone
ended() {
	eval "pid=\$pid_$1 run=\$run_$1"
	wait "$pid"
	say "traffic $1 $run $2 $?"
	give "traffic $1 $run" "$dir/$1.$run.json"
	head -n 4 "$dir/$1.$run.err" | while IFS= read -r line; do say "said traffic $1 $run: $line"; done
	eval "pid_$1="
}

stop() {
	eval "pid=\$pid_$1"
	kill -CONT "$pid" 2> /dev/null
	kill -INT "$pid"
	ended "$1" stopped
}

finish() {
	ended "$1" finished
}

pause() {
	eval "kill -STOP \$pid_$1"
}

resume() {
	eval "kill -CONT \$pid_$1"
}

# queues_empty MS QUEUE...: whether no page of these is out, within so many ms
queues_empty() {
	clock
	until=$((now + $1))
	shift
	while :; do
		held=0
		for queue in "$@"; do
			for file in "$class"/labyrinth*/queue"$queue"/pages_cpu "$class"/labyrinth*/queue"$queue"/pages_device; do
				read -r pages < "$file" && held=$((held + pages))
			done
		done
		[ "$held" -eq 0 ] && return 0
		clock
		[ "$now" -gt "$until" ] && break
	done
	echo "$held pages of queues are still out" >&2
	return 1
}

kill_once() {
	eval "pid=\$pid_$1 run=\$run_$1 queues=\$queues_$1"
	kill -KILL "$pid" || return
	wait "$pid" 2> /dev/null
	say "traffic $1 $run killed 0"
	# shellcheck disable=SC2086
	queues_empty 100 $queues || return
	labctl stats --json > "$dir/stats" && give "killed $1 $run" "$dir/stats"
	launch "$1"
}

stop_all() {
	for word in $TRAFFICS; do
		eval "pid=\${pid_$word:-}"
		[ -n "$pid" ] && stop "$word"
	done
	return 0
}

# --- rounds of what happens again and again: rounds COUNT GAP-IN-US FUNCTION WORD... ---

rounds() {
	count=$1
	gap=$2
	shift 2
	round=0
	longest=0
	while [ "$round" -lt "$count" ]; do
		round=$((round + 1))
		clock
		from=$now
		"$@" || { echo "in round $round of $count" >&2; return 1; }
		clock
		[ $((now - from)) -gt "$longest" ] && longest=$((now - from))
		[ "$gap" -gt 0 ] && usleep "$gap"
	done
	say "longest $longest"
	[ "$longest" -le "${rounds_most:-$rounds_limit}" ] && return
	echo "a round took $longest ms, more than ${rounds_most:-$rounds_limit}" >&2
	return 1
}

rebind() {
	echo "$pci" > /sys/bus/pci/drivers/labyrinth/unbind || return
	queue_left=$(node) && { echo "unbound, and yet there is $queue_left" >&2; return 1; }
	echo "$pci" > /sys/bus/pci/drivers/labyrinth/bind || return
	live $rounds_limit
	seeds
}

# An open file holds the module: whoever has one closes it when the device has gone.
remove_module() {
	clock
	until=$((now + 2000))
	until rmmod labyrinth 2> "$dir/rmmod"; do
		clock
		[ "$now" -gt "$until" ] && cat "$dir/rmmod" >&2 && return 1
		usleep 1000
	done
}

reload() {
	echo "$pci" > /sys/bus/pci/drivers/labyrinth/unbind || return
	remove_module || return
	# shellcheck disable=SC2086
	insmod "$MODULE" $WORDS || return
	live $rounds_limit
	seeds
}

flr() {
	echo 1 > "/sys/bus/pci/devices/$pci/reset" && live $rounds_limit
}

device_reset() {
	labctl reset && live $rounds_limit
}

suspend() {
	echo 0 > /sys/module/suspend/parameters/pm_test_delay || return
	echo devices > /sys/power/pm_test || return
	slept=1
	echo freeze > /sys/power/state && slept=0
	echo none > /sys/power/pm_test
	[ "$slept" -eq 0 ] && live $rounds_limit
}

# ask WORD...: what only the host can do, at QEMU's monitor; it answers "ok" or "error ..."
ask() {
	echo "$*" >&8
	while read -r answer <&8; do
		case "$answer" in
		ok) return 0 ;;
		error*) echo "$*: ${answer#error }" >&2; return 1 ;;
		esac
	done
	return 1
}

# appears 0|1 MS: until the device has gone from its slot, or is in it
appears() {
	clock
	until=$((now + $2))
	while [ "$now" -le "$until" ]; do
		there=0
		[ -e "/sys/bus/pci/devices/$pci" ] && there=1
		[ "$there" -eq "$1" ] && return 0
		usleep 5000
		clock
	done
	echo "the slot did not change within $2 ms" >&2
	return 1
}

# Until QEMU has let go of the device, whose name could not be used again before
released() {
	while read -r answer <&8; do
		[ "$answer" = gone ] && return
	done
	return 1
}

replug() {
	ask unplug && released || return
	appears 0 30000 || return
	ask plug || return
	appears 1 30000 && live $rounds_limit
	seeds
}

# The link's recovery has ended when the device has been reset once more than before.
aer() {
	found=$(node) && read -r before < "$found/resets" 2> /dev/null
	ask aer "$1" || return
	usleep 200000
	live $rounds_limit || return
	found=$(node) && read -r after < "$found/resets" 2> /dev/null
	[ "$1" = rcvr ] || [ "${after:-0}" -gt "${before:-0}" ] && return
	echo "the device was not reset by the recovery" >&2
	return 1
}

# --- pressure ---

end_all() {
	for pid in "$@"; do
		kill -KILL "$pid" 2> /dev/null
		wait "$pid" 2> /dev/null
	done
}

memory() {
	press "$@" > /dev/null 2> "$dir/press" &
	pressing="${pressing:-} $!"
}

memory_off() {
	# shellcheck disable=SC2086  # numbers
	end_all ${pressing:-}
	pressing=
}

load() {
	for _ in $(seq "$1"); do
		press cpu > /dev/null 2>&1 &
		loading="${loading:-} $!"
	done
}

load_off() {
	# shellcheck disable=SC2086  # numbers
	end_all ${loading:-}
	loading=
}

# The host's program, with the host's files: in a guest that shares them.
stress_ng() {
	[ -x /usr/bin/stress-ng ] || { echo "no stress-ng in the guest" >&2; return 1; }
	/usr/bin/stress-ng --temp-path /tmp --quiet "$@" > "$dir/stress-ng" 2>&1 < /dev/null &
	pressing="${pressing:-} $!"
}

stress_ng_off() {
	for pid in ${pressing:-}; do
		kill -TERM "$pid" 2> /dev/null
	done
}

affinity() {
	moved=0
	for irq in $(sed -n 's/^ *\([0-9]*\):.*labyrinth.*/\1/p' /proc/interrupts); do
		echo "$1" > "/proc/irq/$irq/smp_affinity_list" && moved=$((moved + 1))
	done
	[ "$moved" -gt 0 ] || { echo "no interrupt could be moved" >&2; return 1; }
}

affinity_next() {
	processors=$(grep -c ^processor /proc/cpuinfo)
	spun=$(((${spun:-0} + 1) % processors))
	affinity "$spun"
}

processor() {
	echo "$2" > "/sys/devices/system/cpu/cpu$1/online"
}

# --- the beginning and the end ---

begin_scenario() {
	for found in "$class"/labyrinth*; do
		pci=$(readlink -f "$found/device")
		pci=${pci##*/}
	done
	if [ "$EXACT" = 1 ]; then
		# where the launcher's 16 MiB found no room
		read -r size < /sys/kernel/tracing/buffer_size_kb
		[ "$size" -ge 16384 ] || echo 4096 > /sys/kernel/tracing/buffer_size_kb
		echo 1 > /sys/kernel/tracing/events/irq/irq_handler_entry/enable
		echo 1 > /sys/kernel/tracing/events/irq/irq_handler_exit/enable
	fi
	# Out of memory the kernel is to take the programs that make the pressure.
	echo -1000 > /proc/$$/oom_score_adj
	[ -e /dev/lab/host ] && exec 8<> /dev/lab/host
	seeds
	say "begin $(uname -r)"
	clock
	begin=$now
}

# Clean traffic on every queue, again and again until it is; then more of it, which must be right at once
recover() {
	clock
	from=$now
	from_us=$(press clock)
	tries=1
	until labctl receive --source generator --queues "$QUEUES" --pages $((QUEUES * 4)) --quiet 2> "$dir/recover"; do
		clock
		[ $((now - from)) -gt 30000 ] && return 1
		tries=$((tries + 1))
		usleep 2000
	done
	say "recovered $(($(press clock) - from_us)) $tries"
	labctl receive --source generator --queues "$QUEUES" --pages $((QUEUES * 100)) --seed 7 --quiet \
		--json-out "$dir/clean.json" 2> "$dir/recover"
}

end_scenario() {
	clock
	say "over $((now - begin))"
	load_off
	[ -n "${pressing:-}" ] && memory_off
	for file in "$debug"/*/faults; do
		[ -e "$file" ] && echo off > "$file"
	done
	for file in "$debug"/*/fail_alloc; do
		[ -e "$file" ] && echo "rate=0 nth=0" > "$file"
	done
	stop_all
	live 5000 2> "$dir/recover" && recover
	status=$?
	say "clean $status $(head -n 1 "$dir/recover")"
	give clean "$dir/clean.json"
	labctl stats --json > "$dir/stats" 2> /dev/null && give stats "$dir/stats"
	for word in faults fail_alloc; do
		file=$(knob $word 2> /dev/null) && give $word "$file"
	done
	found=$(node) && for word in resets recoveries; do
		[ -r "$found/$word" ] && say "$word $(cat "$found/$word")"
	done
	[ "$EXACT" = 1 ] && say "overrun $(sed -n 's/^overrun: //p' /sys/kernel/tracing/per_cpu/cpu0/stats)"
	clock
	say "done $((now - begin))"
}
