# SPDX-License-Identifier: LGPL-2.1-or-later
# Tests of the library's parts, included by the Makefile at the top:
#   make check-unit      build and run every tests/unit/test_NAME.c
#   make check-corpus    run what the fuzzers check once over fixtures and kept inputs
#   make fuzz            let the fuzzers look for new inputs, FUZZ_SECONDS each (clang)
#   make check-live      the program against victims, an independent reader and its contract
#   make check-golden    the program over recordings, against kept output (UPDATE=1 rewrites it)
#   make check-walk      walks of page tables against generated machines (WALK_SEEDS of each kind)
#   make check-lint      layers, formatters, checkers, and that help, man and completion agree
#   make check-asan      units, corpus, goldens and live tests again with ASan and UBSan
#   make check-vm-smoke  the static recorder in two guests with other kernels
#   make check-vm        in all guests of tests/vm/guests; VM=PATTERN takes some of them, VM_BUILD=1
#                        builds the kernels of our own that nowhere lie
#   make check-bench     what the benchmark measures with, never a time: that its floor reads the
#                        same words as the program, and that its arithmetic is right
#   make check           all of these but check-vm, then one line that counts them
#   make bench           what the program costs against the bare readings and page-types, and how
#                        much it disturbs: ratios within the run, with intervals, as a table and in
#                        $(BUILD)/bench/bench.json; the figures of earlier runs are kept in
#                        ~/.cache/safevma-bench. A quarter of an hour, as root. BENCH='a d' takes
#                        parts; these and more settings stand in tests/bench/bench.py
# Each program stands alone and can be run from here. One line a case is left in
# $(BUILD)/test-results/SUITE.tap.

FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 20
FUZZ_FLAGS   ?= -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined

RESULTS  := $(BUILD)/test-results
FIXTURES := tests/fixtures
RUN_TAP   = tests/run-tap.sh $(RESULTS)

UNIT := $(patsubst tests/unit/test_%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

# Which fixtures a fuzzer starts from; those without a line here are named like their file.
FIXTURES_meminfo := meminfo smaps_rollup
FIXTURES_kconfig := config
FIXTURES_parse   := stat
FIXTURES_number  :=
seeds = $(sort $(wildcard $(foreach f,$(if $(filter undefined,$(origin FIXTURES_$(1))),$(1), \
	$(FIXTURES_$(1))),$(FIXTURES)/*/$(f)) tests/fuzz/corpus/$(1)/*))
comma := ,
empty :=
space := $(empty) $(empty)

UNIT_BIN   := $(UNIT:%=$(BUILD)/tests/unit/test_%)
REPLAY_BIN := $(FUZZ:%=$(BUILD)/tests/replay/%)
FUZZ_BIN   := $(FUZZ:%=$(BUILD)/tests/fuzz/%)
TEST_FLAGS  = -Itests/unit -DFIXTURES='"$(FIXTURES)"'

$(BUILD)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<) $(COMPILE) $(TEST_FLAGS) -c -o $@ $<

$(UNIT_BIN): %: %.o $(BUILD)/tests/unit/unit.o $(BUILD)/libsafevma.a
	$(call say,LINK,$@) $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEP_LIBS) -lcmocka

$(REPLAY_BIN): $(BUILD)/tests/replay/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o \
		$(BUILD)/libsafevma.a
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEP_LIBS)

check-unit: $(UNIT_BIN)
	$(Q)rc=0; for t in $(UNIT); do \
		$(RUN_TAP) unit-$$t $(BUILD)/tests/unit/test_$$t || rc=1; \
	done; exit $$rc

check-corpus: $(FUZZ:%=check-corpus-%)

$(FUZZ:%=check-corpus-%): check-corpus-%: $(BUILD)/tests/replay/%
	$(Q)$(RUN_TAP) corpus-$* $< $(call seeds,$*)

# The library once more, with the fuzzer's instruments; only what a fuzzer calls gets linked.
FUZZ_LIB_OBJ := $(patsubst %.c,$(BUILD)/fuzz/%.o,$(sort $(wildcard lib/base/*.c lib/iface/*.c \
	lib/model/*.c)) lib/report/escape.c)
FUZZ_COMPILE  = $(FUZZ_CC) $(OWN) $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP

$(BUILD)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<) $(FUZZ_COMPILE) $(DEP_CFLAGS) $(TEST_FLAGS) -c -o $@ $<

$(BUILD)/fuzz/libsafevma.a: $(FUZZ_LIB_OBJ)
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_BIN): $(BUILD)/tests/fuzz/%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(BUILD)/fuzz/libsafevma.a
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(DEP_LIBS)

fuzz: $(FUZZ:%=fuzz-%)

# What a run finds stays in $(BUILD)/fuzz/found/NAME, so that the next one goes on from there.
$(FUZZ:%=fuzz-%): fuzz-%: $(BUILD)/tests/fuzz/%
	@mkdir -p $(BUILD)/fuzz/found/$*
	$(call say,FUZZ,$*) $< -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=$(BUILD)/fuzz/$*- -timeout=5 $(BUILD)/fuzz/found/$* \
		$(if $(call seeds,$*),-seed_inputs=$(subst $(space),$(comma),$(strip $(call seeds,$*))))

-include $(wildcard $(BUILD)/tests/*/*.d $(BUILD)/fuzz/tests/fuzz/*.d) $(FUZZ_LIB_OBJ:.o=.d)

.PHONY: check-unit check-corpus fuzz $(FUZZ:%=check-corpus-%) $(FUZZ:%=fuzz-%)
.SECONDARY:

# ---- the program as a whole ----------------------------------------------------------------------

VICTIM_SRC := $(sort $(wildcard tests/victims/*.c))
SANITIZE   := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
LIVE_ENV    = SAFEVMA=$(abspath $(BUILD))/safevma VICTIM=$(abspath $(BUILD))/tests/victim

$(BUILD)/tests/victim: $(VICTIM_SRC) $(wildcard tests/victims/*.h)
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O2 -g -pthread -o $@ $(VICTIM_SRC)

$(BUILD)/tests/victim-static: $(VICTIM_SRC) $(wildcard tests/victims/*.h)
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O2 -pthread -static -o $@ $(VICTIM_SRC)

check-live: $(BUILD)/safevma $(BUILD)/tests/victim
	$(Q)rc=0; for t in truth hostile contract probe exposure commit locks pressure share watch faults phys slab kernel; do \
		$(LIVE_ENV) $(RUN_TAP) live-$$t bats -F tap tests/live/$$t.bats || rc=1; \
	done; exit $$rc

check-golden: $(BUILD)/safevma
	$(Q)rc=0; $(LIVE_ENV) $(RUN_TAP) golden tests/golden/run.sh || rc=1; \
	$(LIVE_ENV) $(RUN_TAP) golden-controls tests/golden/controls.sh || rc=1; exit $$rc

# Which seeds: WALK_SEEDS=20 WALK_FIRST=100 make check-walk
check-walk: $(BUILD)/safevma
	$(Q)$(LIVE_ENV) $(RUN_TAP) walk tests/walk/run.sh $(BUILD)/walk

check-lint: $(BUILD)/safevma $(BUILD)/tests/victim
	$(Q)rc=0; for t in tests/lint/*.sh; do \
		$(LIVE_ENV) $(RUN_TAP) lint-$$(basename $$t .sh) $$t || rc=1; \
	done; exit $$rc

check-asan:
	$(Q)SANITIZED=1 $(MAKE) --no-print-directory BUILD=$(BUILD)/asan CFLAGS='$(SANITIZE)' \
		check-unit check-corpus check-golden check-live

# What a guest needs, static: here and, where there is a compiler, for other architectures.
CROSS_arm64   := aarch64-linux-gnu-
CROSS_armhf   := arm-linux-gnueabihf-
CROSS_i386    := i686-linux-gnu-
CROSS_riscv64 := riscv64-linux-gnu-
CROSS_x86_64  := x86_64-linux-gnu-
VM_CROSS      := $(filter-out $(patsubst aarch64,arm64,$(shell uname -m)),\
	arm64 armhf i386 riscv64 x86_64)
VM_INIT_SRC   := $(sort $(wildcard tests/vm/*.c))

$(BUILD)/tests/vm-init: $(VM_INIT_SRC) $(wildcard tests/vm/*.h)
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(WERROR) -O2 -static -o $@ $(VM_INIT_SRC)

# What looks into the library in a guest, and lies in its root.
VM_EXTRA := $(patsubst tests/vm/programs/%.c,$(BUILD)/tests/vm-extra/%,\
	$(sort $(wildcard tests/vm/programs/*.c)))

$(VM_EXTRA): $(BUILD)/tests/vm-extra/%: tests/vm/programs/%.c $(BUILD)/recorder/libsafevma.a
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(COMPILE) $(LDFLAGS) -static -pthread -Wl,--gc-sections -o $@ $^ -lm

vm-programs: $(BUILD)/safevma-recorder $(BUILD)/tests/victim-static $(BUILD)/tests/vm-init $(VM_EXTRA)
	@:

$(VM_CROSS:%=vm-programs-%): vm-programs-%:
	$(Q)if command -v $(CROSS_$*)gcc >/dev/null; then \
		$(MAKE) --no-print-directory CC=$(CROSS_$*)gcc BUILD=$(BUILD)/cross/$* vm-programs; \
	fi

check-vm-smoke: $(BUILD)/safevma vm-programs
	$(Q)$(LIVE_ENV) $(RUN_TAP) vm-smoke tests/vm/check.sh $(BUILD) smoke

# Without the further packages, guests are skipped, and said so.
check-vm: $(BUILD)/safevma vm-programs
	$(Q)tests/deps.sh vm || true
	$(Q)$(MAKE) --no-print-directory $(VM_CROSS:%=vm-programs-%)
	$(Q)VM='$(VM)' VM_BUILD='$(VM_BUILD)' $(RUN_TAP) vm tests/vm/check.sh $(BUILD)

# ---- what it costs --------------------------------------------------------------------------------

BENCH_BIN := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(sort $(wildcard tests/bench/*.c)))

# Static: the floor has no libraries to load, and guests have none.
$(BENCH_BIN): $(BUILD)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(WERROR) -O2 -g -static -o $@ $<

check-bench: $(BUILD)/safevma $(BENCH_BIN)
	$(Q)$(LIVE_ENV) BENCH_DIR=$(abspath $(BUILD))/bench $(RUN_TAP) bench bats -F tap tests/bench/bench.bats

bench: $(BUILD)/safevma $(BENCH_BIN)
	$(Q)tests/deps.sh bench
	$(Q)$(MAKE) --no-print-directory vm-programs
	$(Q)python3 -B tests/bench/bench.py $(BUILD)

check: deps
	$(Q)tests/check.sh $(BUILD) '$(MAKE)'

.PHONY: bench check-bench check check-live check-golden check-walk check-lint check-asan check-vm check-vm-smoke \
	vm-programs $(VM_CROSS:%=vm-programs-%)
