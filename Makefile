# sextant. `make run` and `make test` are all a newcomer needs; both set up the machine first.
CC ?= cc
PREFIX ?= /usr/local
DESTDIR ?=
OPTIMIZE ?= -O3
BUILD := build

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS_ALL := -std=c11 -D_GNU_SOURCE $(WARNINGS) $(OPTIMIZE) -g -pthread -fno-math-errno \
              -fno-trapping-math -I. -isystem /usr/include/openblas $(SANITIZE) $(CFLAGS)
LIBS := -lopenblas -lpng -ljpeg -lz -linih -ljansson -lncursesw -ltinfo -lmd -lm

CORE  := $(sort $(wildcard core/*/*.c core/*/*/*.c))
VIEWS := $(sort $(wildcard views/*/*.c))
APP   := $(sort $(wildcard app/*.c))
UNITS := $(sort $(wildcard tests/unit/test_*.c))
object = $(patsubst %.c,$(BUILD)/%.o,$(1))
UNIT_PROGRAMS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNITS))

all: $(BUILD)/sextant

$(BUILD)/%.o: %.c
	@mkdir -p $(@D) && echo "  cc $<"
	@$(CC) $(CFLAGS_ALL) -DSX_PREFIX='"$(PREFIX)"' -DSX_SOURCE='"$(CURDIR)"' -MMD -MP -c $< -o $@

$(BUILD)/libsextant.a: $(call object,$(CORE) $(VIEWS))
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/sextant: $(call object,$(APP)) $(BUILD)/libsextant.a
	@echo "  link $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/libsextant.a
	@mkdir -p $(@D) && echo "  link $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) -lcmocka $(LIBS)

setup-%:
	@app/setup.sh $*

check-arrows:
	@tests/check-arrows.sh

check-style: check-arrows
	@tests/check-sizes.sh
	@clang-format --dry-run -Werror $$(find app core views tests -name '*.[ch]') && echo "format: clean"

units: $(UNIT_PROGRAMS)
	@for t in $(UNIT_PROGRAMS); do OPENBLAS_NUM_THREADS=1 $$t || exit 1; done

test: setup-test
	@$(MAKE) --no-print-directory check-style units

test-long: setup-long
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan OPTIMIZE=-O1 SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" units
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan OPTIMIZE=-O1 SANITIZE=-fsanitize=thread units
	@cppcheck -q --std=c11 -I. --enable=warning,performance,portability --inline-suppr --error-exitcode=1 app core views && echo "cppcheck: clean"

clean:
	rm -rf $(BUILD)

-include $(patsubst %.o,%.d,$(call object,$(CORE) $(VIEWS) $(APP) $(UNITS)))
.PHONY: all check-arrows check-style units test test-long clean
.SECONDARY:
