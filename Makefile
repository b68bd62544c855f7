# SPDX-License-Identifier: LGPL-2.1-or-later
# safevma: one Makefile for everything. The two commands that matter:
#   make demo     build, then look at a small process with good and bad memory
#   make check    build and run every test that this machine allows
# Further: all, recorder, install, uninstall, deps, clean, format; check-SUITE, fuzz, bench (below).
# Packagers: CC, AR, CFLAGS, CPPFLAGS, LDFLAGS, PKG_CONFIG, prefix, DESTDIR are yours; V=1 shows
# the commands. Cross: make CC=aarch64-linux-gnu-gcc PKG_CONFIG=aarch64-linux-gnu-pkg-config

prefix     ?= /usr/local
bindir     ?= $(prefix)/bin
libdir     ?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir    ?= $(prefix)/share
mandir     ?= $(datadir)/man
PKG_CONFIG ?= pkg-config
INSTALL    ?= install
CFLAGS     ?= -O2 -g
BUILD      ?= build
VERSION    := $(shell sed -n 's/^.define SAFEVMA_VERSION "\(.*\)"/\1/p' include/safevma.h)
SONAME     := libsafevma.so.0
SOFILE     := libsafevma.so.$(VERSION)

ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2);
endif

# Libraries, each behind one file (README, "Dependencies"). Asked for when first needed, so that
# `make deps` can run before they are there. libpfm4 has no .pc file.
LIBS_PKG   := libproc2 libcap libcjson smartcols zlib libbpf
DEP_CFLAGS  = $(eval DEP_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(LIBS_PKG)))$(DEP_CFLAGS)
DEP_LIBS    = $(eval DEP_LIBS := $$(shell $(PKG_CONFIG) --libs $(LIBS_PKG)) -lpfm -lm -pthread)$(DEP_LIBS)

WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wvla -Wundef -Wswitch-enum -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wconversion
OWN  := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -pthread -Iinclude -Ilib $(WARN) $(WERROR)
COMPILE = $(CC) $(OWN) $(CPPFLAGS) $(CFLAGS) -MMD -MP

# What uses a library has a stand-in (NAME_libc.c) for the recorder, which has libc alone.
LIBC_SRC := $(wildcard lib/*/*_libc.c)
LIB_SRC  := $(filter-out $(LIBC_SRC),$(sort $(wildcard lib/*/*.c)))
CMD_SRC  := $(sort $(wildcard cmd/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
PIC_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.pic.o)
CMD_OBJ  := $(CMD_SRC:%.c=$(BUILD)/%.o)

all: $(BUILD)/safevma $(BUILD)/libsafevma.a $(BUILD)/$(SONAME) $(BUILD)/safevma.pc

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<) $(COMPILE) $(DEP_CFLAGS) -c -o $@ $<

$(BUILD)/%.pic.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@) $(COMPILE) $(DEP_CFLAGS) -fPIC -c -o $@ $<

$(BUILD)/libsafevma.a: $(LIB_OBJ)
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/$(SONAME): $(PIC_OBJ) lib/libsafevma.map
	$(call say,LINK,$@) $(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) \
		-Wl,--version-script=lib/libsafevma.map -o $@ $(PIC_OBJ) $(DEP_LIBS)

$(BUILD)/safevma: $(CMD_OBJ) $(BUILD)/libsafevma.a
	$(call say,LINK,$@) $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEP_LIBS)

$(BUILD)/safevma.pc: lib/safevma.pc.in Makefile include/safevma.h
	@mkdir -p $(@D)
	$(call say,GEN,$@) sed -e 's|@prefix@|$(prefix)|;s|@libdir@|$(libdir)|' \
		-e 's|@includedir@|$(includedir)|;s|@version@|$(VERSION)|' \
		-e 's|@private@|$(LIBS_PKG)|' $< >$@

# ---- the recorder: static, libc alone ------------------------------------------------------------

USES_LIBRARY := $(LIBC_SRC:%_libc.c=%.c) lib/report/render_text.c lib/report/render_json.c
REC_SRC := $(filter-out $(USES_LIBRARY),$(LIB_SRC)) $(LIBC_SRC)
REC_CMD := cmd/recorder/main.c cmd/record.c cmd/options.c cmd/values.c cmd/message.c
REC_OBJ := $(REC_SRC:%.c=$(BUILD)/recorder/%.o)
REC_CMD_OBJ := $(REC_CMD:%.c=$(BUILD)/recorder/%.o)

recorder: $(BUILD)/safevma-recorder

$(BUILD)/recorder/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@) $(COMPILE) -ffunction-sections -fdata-sections -c -o $@ $<

$(BUILD)/recorder/libsafevma.a: $(REC_OBJ)
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/safevma-recorder: $(REC_CMD_OBJ) $(BUILD)/recorder/libsafevma.a
	$(call say,LINK,$@) $(CC) $(CFLAGS) $(LDFLAGS) -static -pthread -Wl,--gc-sections -o $@ $^ -lm

# ---- install -------------------------------------------------------------------------------------

MAN1 := $(wildcard man/*.1)
MAN3 := $(wildcard man/*.3)
MAN5 := $(wildcard man/*.5)
SCHEMAS := $(wildcard share/schema/*.json)
BASH_COMPLETION := $(datadir)/bash-completion/completions/safevma
ZSH_COMPLETION  := $(datadir)/zsh/site-functions/_safevma
FISH_COMPLETION := $(datadir)/fish/vendor_completions.d/safevma.fish

install: all
	$(INSTALL) -D -m 755 $(BUILD)/safevma $(DESTDIR)$(bindir)/safevma
	$(INSTALL) -D -m 644 $(BUILD)/libsafevma.a $(DESTDIR)$(libdir)/libsafevma.a
	$(INSTALL) -D -m 755 $(BUILD)/$(SONAME) $(DESTDIR)$(libdir)/$(SOFILE)
	ln -sf $(SOFILE) $(DESTDIR)$(libdir)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(libdir)/libsafevma.so
	$(INSTALL) -D -m 644 include/safevma.h $(DESTDIR)$(includedir)/safevma.h
	$(INSTALL) -D -m 644 $(BUILD)/safevma.pc $(DESTDIR)$(libdir)/pkgconfig/safevma.pc
	for f in $(MAN1); do $(INSTALL) -D -m 644 $$f $(DESTDIR)$(mandir)/man1/$${f#man/} || exit 1; done
	for f in $(MAN3); do $(INSTALL) -D -m 644 $$f $(DESTDIR)$(mandir)/man3/$${f#man/} || exit 1; done
	for f in $(MAN5); do $(INSTALL) -D -m 644 $$f $(DESTDIR)$(mandir)/man5/$${f#man/} || exit 1; done
	for f in $(SCHEMAS); do \
		$(INSTALL) -D -m 644 $$f $(DESTDIR)$(datadir)/safevma/$${f#share/} || exit 1; done
	$(INSTALL) -D -m 644 completions/safevma.bash $(DESTDIR)$(BASH_COMPLETION)
	$(INSTALL) -D -m 644 completions/_safevma $(DESTDIR)$(ZSH_COMPLETION)
	$(INSTALL) -D -m 644 completions/safevma.fish $(DESTDIR)$(FISH_COMPLETION)
	if [ -f $(BUILD)/safevma-recorder ]; then \
		$(INSTALL) -m 755 $(BUILD)/safevma-recorder $(DESTDIR)$(bindir)/; fi

uninstall:
	rm -f $(DESTDIR)$(bindir)/safevma $(DESTDIR)$(bindir)/safevma-recorder \
		$(DESTDIR)$(libdir)/libsafevma.a $(DESTDIR)$(libdir)/$(SOFILE) \
		$(DESTDIR)$(libdir)/$(SONAME) $(DESTDIR)$(libdir)/libsafevma.so \
		$(DESTDIR)$(includedir)/safevma.h $(DESTDIR)$(libdir)/pkgconfig/safevma.pc \
		$(MAN1:man/%=$(DESTDIR)$(mandir)/man1/%) $(MAN3:man/%=$(DESTDIR)$(mandir)/man3/%) \
		$(MAN5:man/%=$(DESTDIR)$(mandir)/man5/%) $(DESTDIR)$(BASH_COMPLETION) \
		$(DESTDIR)$(ZSH_COMPLETION) $(DESTDIR)$(FISH_COMPLETION)
	rm -rf $(DESTDIR)$(datadir)/safevma

# ---- what a newcomer needs -----------------------------------------------------------------------

deps:
	$(Q)tests/deps.sh

demo: deps
	$(Q)$(MAKE) --no-print-directory $(BUILD)/safevma $(BUILD)/tests/victim
	$(Q)share/demo.sh $(BUILD)/safevma $(BUILD)/tests/victim

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD)

include tests/tests.mk

-include $(LIB_OBJ:.o=.d) $(PIC_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(REC_OBJ:.o=.d) $(REC_CMD_OBJ:.o=.d)

.PHONY: all recorder install uninstall deps demo format clean
.DELETE_ON_ERROR:
