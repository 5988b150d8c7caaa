#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: the DPDK application in one boot, run after run.
#   runs.sh LABYRINTH-DPDK GUEST.SH
# Contract: of each run a line "=== NAME STATUS" behind its output; standard error is part of it. The device
# spoils one page of the first run (x-fault-dma-torn, set when it was plugged).
app=$1
guest=$2

run() { # NAME WORDS...
	name=$1
	shift
	"$@" 2>&1
	echo "=== $name $?"
}

few="--pages 2000 --queues 4 --seed 7"
run torn sh "$guest" -- "$app" --pages 500
run poll "$app" $few
run two-lcores "$app" $few --lcores 0,1
run interrupt "$app" $few --interrupt
run interrupt-two-lcores "$app" $few --interrupt --lcores 0,1
run moderated "$app" $few --interrupt --mod-packets 8 --mod-usec 200
run demand "$app" $few --mode demand
run demand-interrupt "$app" $few --mode demand --interrupt
# far enough from each other that also a slow host sees most of them alone
paced="--pages 100 --period-ns 5000000 --interrupt"
run paced "$app" $paced
run paced-demand "$app" $paced --mode demand
run labyrinth "$app" $few --mempool-ops labyrinth --cache 0
run stack "$app" $few --mempool-ops stack --cache 32
# the guest's processor has no cmpxchg16b
run lf-stack "$app" $few --mempool-ops lf_stack
# two buffers for a page each microsecond: some are dropped, and all are accounted for
run overload "$app" --pages 2000 --depth 2 --period-ns 1000
run other-seed "$app" --pages 2000 --queues 4 --seed 8
run no-such-ops "$app" $few --mempool-ops heap
run too-many-queues "$app" --pages 100 --queues 16
run stuck "$app" --pages 100 --period-ns 40000000 --sparse 100 --patience 1
run stuck-asleep "$app" --pages 100 --period-ns 40000000 --sparse 100 --patience 1 --interrupt
run no-memory "$app" $few -- --socket-mem 100000
run bad-words "$app" --pages none
run no-huge sh "$guest" --huge 0 -- "$app" $few
run bound-elsewhere sh "$guest" --bind pcieport -- "$app" $few
device=$(echo /sys/bus/pci/devices/*/vendor | tr ' ' '\n' | while read -r file; do
	grep -q 0x1234 "$file" && grep -q 0x1ab1 "${file%vendor}device" && echo "${file%/vendor}"
done)
echo 1 > "$device/remove"
run no-device sh "$guest" -- "$app" $few
