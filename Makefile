# SPDX-License-Identifier: GPL-2.0-only
# The short names of what scripts/lab does. Variables: see `make help`.

LAB := scripts/lab

# Words from the user reach the shell through the environment, so that no quoting can break out of them.
export INPUT SOURCE PAGES QUEUES SEED MODE KERNEL FIRMWARE FILE SLICE BENCH SAMPLES SOAK MINUTES SCENARIO DURATION
option = $(if $($(1)),--$(2) "$$$(1)")
RUN_OPTIONS = $(call option,INPUT,input) $(call option,SOURCE,source) $(call option,PAGES,pages) \
	$(call option,QUEUES,queues) $(call option,SEED,seed) $(call option,MODE,mode) $(call option,KERNEL,kernel) \
	$(call option,FIRMWARE,firmware)

.PHONY: help run shell test test-full bench compare stress report soak fuzz firmware check deps setup bundle unbundle clean
.DEFAULT_GOAL := help

help:
	@echo 'make run        stream a file through the accelerator into the guest and out again, verified'
	@echo '                INPUT=FILE  SOURCE=file|generator  PAGES=N  QUEUES=N  SEED=N'
	@echo '                MODE=demand|ring  KERNEL=stock|rt|6.12|debug|kcsan|PATH  FIRMWARE=device|cortex-m'
	@echo 'make shell      the guest with the modules loaded, and a prompt (KERNEL=)'
	@echo 'make test       every suite that fits into CI; test-full: the long ones too (SLICE=NAME: only that)'
	@echo 'make bench      the benchmarks: tables, and build/results/bench.json (BENCH=NAME: only that; SAMPLES=N)'
	@echo 'make compare    the driver with each allocator against DPDK, on the same traffic: tables, and'
	@echo '                build/results/compare.json (FULL=1: all of the matrix)'
	@echo 'make stress     traffic, memory pressure, faults and life-cycle events together, judged (FULL=1: every scenario;'
	@echo '                SCENARIO=NAME  SEED=N  KERNEL=NAME  DURATION=SECONDS; scripts/lab stress --list names them)'
	@echo 'make report     build/report/index.html: one page, with charts, about all that was measured so far'
	@echo 'make soak       the long counts, each goes on where it ended: 10^8 allocations in NMIs and hard interrupts,'
	@echo '                1,000 rounds of each way to go and come back, 10^4 seeds of a lying device, 10^4 killed readers,'
	@echo '                10^6 calls of the fuzzer (SOAK=NAME: only that; scripts/lab soak --help)'
	@echo 'make fuzz       fuzz the device model as a hostile guest under ASan and UBSan (MINUTES=N, SEED=N)'
	@echo 'make firmware   the images for Cortex-M behind its MPU, and their sizes'
	@echo 'make check      style and static checks only'
	@echo 'make deps       print the distribution packages that are needed; installs nothing'
	@echo 'make setup      fetch and build everything without running it'
	@echo 'make bundle     pack the cache for machines without network; make unbundle FILE=... unpacks it'
	@echo 'make clean      remove build/; the cache stays (scripts/lab clean --cache)'
	@echo 'scripts/lab --help explains the launcher behind all this, scripts/lab vm --help any command in the guest.'

run:
	@$(LAB) run $(RUN_OPTIONS)

shell:
	@$(LAB) vm $(call option,KERNEL,kernel)

test:
	@$(LAB) test

test-full:
	@$(LAB) test --full $(if $(SLICE),"$$SLICE")

bench:
	@$(LAB) bench $(call option,SAMPLES,samples) $(if $(BENCH),"$$BENCH")

compare:
	@$(LAB) compare $(if $(FULL),--full)

stress:
	@$(LAB) stress $(if $(FULL),--full) $(call option,SEED,seed) $(call option,KERNEL,kernel) \
		$(call option,DURATION,duration) $(if $(SCENARIO),"$$SCENARIO")

report:
	@$(LAB) report

soak:
	@for what in $${SOAK:-interrupts life hostile kills fuzz-api}; do $(LAB) soak "$$what" || exit; done
	@$(if $(SOAK),,$(LAB) soak life --kernel debug)

fuzz:
	@$(LAB) fuzz $(call option,MINUTES,minutes) $(call option,SEED,seed)

firmware:
	@$(MAKE) -s -C firmware-model/port/cortex-m O=$(CURDIR)/build

check:
	@$(LAB) check

deps:
	@$(LAB) deps

setup:
	@$(LAB) setup

bundle:
	@$(LAB) bundle

unbundle:
	@$(LAB) unbundle "$$FILE"

clean:
	@$(LAB) clean
