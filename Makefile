# SPDX-License-Identifier: LGPL-2.1-or-later
# safevma: one Makefile for everything. See README.md for the two commands that matter:
#   make demo     build, then look at a small process with good and bad memory
#   make check    build and run every test that this machine allows
# Packagers: CC, CFLAGS, CPPFLAGS, LDFLAGS, prefix, DESTDIR are yours; V=1 shows commands.

prefix     ?= /usr/local
bindir     ?= $(prefix)/bin
libdir     ?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir    ?= $(prefix)/share
mandir     ?= $(datadir)/man
PKG_CONFIG ?= pkg-config
INSTALL    ?= install
AR         ?= ar
CFLAGS     ?= -O2 -g
BUILD      ?= build
VERSION    := $(shell sed -n 's/^.define SAFEVMA_VERSION "\(.*\)"/\1/p' include/safevma.h)
SONAME     := libsafevma.so.0

ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2);
endif

# Libraries, each behind one file (README, "Dependencies").
LIBS_PKG   := libproc2 libcap libcjson smartcols zlib
ifneq ($(RECORDER),1)
DEP_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS_PKG) 2>/dev/null)
DEP_LIBS   := $(shell $(PKG_CONFIG) --libs $(LIBS_PKG) 2>/dev/null)
endif

WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wvla -Wundef -Wswitch-enum -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wconversion
OWN  := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iinclude -Ilib $(WARN) $(WERROR)
COMPILE = $(CC) $(OWN) $(CPPFLAGS) $(CFLAGS) -MMD -MP

LIB_SRC := $(sort $(wildcard lib/*/*.c))
CMD_SRC := $(sort $(wildcard cmd/*.c))
# The recorder needs libc alone: what uses a library is left out, and stand-ins take its place.
LIBC_ONLY := $(wildcard lib/*/*_libc.c)
LIB_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(LIBC_ONLY),$(LIB_SRC)))
PIC_OBJ := $(LIB_OBJ:.o=.pic.o)
CMD_OBJ := $(CMD_SRC:%.c=$(BUILD)/%.o)

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

-include $(LIB_OBJ:.o=.d) $(PIC_OBJ:.o=.d) $(CMD_OBJ:.o=.d)

include tests/tests.mk

clean:
	rm -rf $(BUILD)

.PHONY: all clean
.DELETE_ON_ERROR:
