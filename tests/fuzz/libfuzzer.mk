# SPDX-License-Identifier: GPL-2.0-only
# What the targets have in common that are the firmware's calls under libFuzzer, ASan and UBSan; needs clang.
#   make -C tests/fuzz/NAME [O=DIR] test          the corpus and a few thousand more, as TAP
#   make -C tests/fuzz/NAME [O=DIR] run [SECONDS=600]   look for more
# What is found is in O/fuzz-NAME; `O/fuzz-NAME/target FILE` runs one input.
# A target sets: name, promise (TAP's text), flags, depends, sources (of its own folder: target.c and corpus.hex).
O ?= $(abspath $(CURDIR)/../../../build)
out := $(O)/fuzz-$(name)
CLANG ?= clang
SECONDS ?= 600
fw := ../../../firmware-model
core := $(wildcard $(fw)/core/*.c)
headers := $(wildcard $(fw)/core/*.h $(fw)/include/*.h) ../../../qemu-device/labyrinth_hw.h
common := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-sanitize-recover=all -fsanitize=fuzzer,address,undefined
# A corpus line is an input in hexadecimal digits, and a comment
unpack = rm -rf $(out)/seeds && mkdir -p $(out)/seeds && python3 ../unpack.py corpus.hex $(out)/seeds

.PHONY: test run
test: $(out)/target
	@$(unpack)
	@echo "1..1"
	@$(out)/target -runs=20000 -seed=1 -max_len=512 -artifact_prefix=$(out)/ $(out)/seeds > $(out)/log 2>&1 && \
		echo "ok 1 - $(promise)" || \
		{ sed 's/^/# /' $(out)/log; echo "not ok 1 - $(promise)"; exit 1; }

run: $(out)/target
	@$(unpack) && mkdir -p $(out)/found
	$(out)/target -max_total_time=$(SECONDS) -max_len=2048 -print_final_stats=1 -artifact_prefix=$(out)/ $(out)/found $(out)/seeds

$(out)/target: target.c ../input.h $(core) $(headers) $(depends)
	@mkdir -p $(out)
	@$(CLANG) $(common) $(flags) -I.. -I$(fw)/include -I../../../qemu-device -o $@ target.c $(core)
