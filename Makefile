# sextant. `make run` and `make test` are all a newcomer needs; both set up the machine first.
CC ?= cc
PREFIX ?= /usr/local
DESTDIR ?=
OPTIMIZE ?= -O3
BUILD := build

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS_ALL := -std=c11 -D_GNU_SOURCE $(WARNINGS) $(OPTIMIZE) -g -pthread -fno-math-errno \
              -fno-trapping-math -I. -isystem /usr/include/openblas -isystem /usr/include/freetype2 $(SANITIZE) $(CFLAGS)
PATHS := -DSX_PREFIX='"$(PREFIX)"' -DSX_SOURCE='"$(CURDIR)"'
LIBS := -lopenblas -lpng -ljpeg -lzip -lz -linih -ljansson -lncursesw -ltinfo -lmd -lfreetype -lunistring -lm

CORE  := $(sort $(wildcard core/*/*.c core/*/*/*.c))
VIEWS := $(sort $(wildcard views/*/*.c))
APP   := $(sort $(wildcard app/*.c))
UNITS := $(sort $(wildcard tests/unit/test_*.c))
BENCH := $(sort $(wildcard tests/bench/bench_*.c))
object = $(patsubst %.c,$(BUILD)/%.o,$(1))
UNIT_PROGRAMS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNITS))
BENCH_PROGRAMS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(BENCH))

SUBMAKE := $(MAKE) --no-print-directory -j2
ASAN := BUILD=$(BUILD)/asan OPTIMIZE=-O1 SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all"
TSAN := BUILD=$(BUILD)/tsan OPTIMIZE=-O1 SANITIZE=-fsanitize=thread

all: $(BUILD)/sextant

# ---- building ------------------------------------------------------------------------------------

$(BUILD)/%.o: %.c
	@mkdir -p $(@D) && echo "  cc $<"
	@$(CC) $(CFLAGS_ALL) $(PATHS) -MMD -MP -c $< -o $@

# The paths are compiled in: another PREFIX compiles the one file that holds them again.
$(BUILD)/paths: FORCE
	@mkdir -p $(@D) && echo '$(PATHS)' | cmp -s - $@ || echo '$(PATHS)' > $@

$(BUILD)/core/base/file.o: $(BUILD)/paths

$(BUILD)/libsextant.a: $(call object,$(CORE) $(VIEWS))
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/sextant: $(call object,$(APP)) $(BUILD)/libsextant.a
	@echo "  link $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/libsextant.a
	@mkdir -p $(@D) && echo "  link $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) -lcmocka $(LIBS)

$(BUILD)/tests/test_vterm: LDFLAGS += -lvterm

$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libsextant.a
	@mkdir -p $(@D) && echo "  link $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LIBS)

$(BUILD)/long/%: $(BUILD)/tests/long/%.o $(BUILD)/libsextant.a
	@mkdir -p $(@D) && echo "  link $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LIBS)

# ---- using ---------------------------------------------------------------------------------------

setup-%:
	@app/setup.sh $*

run: setup-run
	@$(SUBMAKE) all
	@$(BUILD)/sextant

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/sextant
	install $(BUILD)/sextant $(DESTDIR)$(PREFIX)/bin/sextant
	cp -R assets/. $(DESTDIR)$(PREFIX)/share/sextant/
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(BUILD)/sextant help man >$(DESTDIR)$(PREFIX)/share/man/man1/sextant.1
	$(BUILD)/sextant help completion >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sextant

bench: setup-run
	@$(SUBMAKE) all $(BENCH_PROGRAMS)
	@for b in $(BENCH_PROGRAMS); do env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS=1 $$b || exit 1; done

# The second peer of the benchmarks, from the npm registry; the first is Debian's python3-torch.
bench-peers:
	npm install --silent --no-fund --ignore-scripts --prefix $(BUILD)/peers onnxruntime-node@1.30

clean:
	rm -rf $(BUILD)

# ---- testing: two tiers ---------------------------------------------------------------------------

check-arrows:
	@tests/check-arrows.sh

check-style: check-arrows
	@tests/check-sizes.sh
	@clang-format --dry-run -Werror $$(find app core views tests -name '*.[ch]') && echo "format: clean"

unit-programs: $(UNIT_PROGRAMS)

units: unit-programs
	@tests/run-units.sh $(UNIT_PROGRAMS)

screens: all $(BUILD)/bench/bench_screen
	@tests/run-screens.sh $(BUILD)/sextant

test: setup-test
	@$(SUBMAKE) check-style
	@$(SUBMAKE) units
	@$(SUBMAKE) screens

test-long: setup-long
	@SX_UNITS_AT_ONCE=2 $(SUBMAKE) $(ASAN) units
	@SX_UNITS_AT_ONCE=2 $(SUBMAKE) $(TSAN) units
	@$(SUBMAKE) all $(BUILD)/long/million_steps
	@tests/run-long.sh
	@$(SUBMAKE) analyse

analyse:
	@cppcheck -q --std=c11 -I. --enable=warning,performance,portability --inline-suppr --error-exitcode=1 app core views && echo "cppcheck: clean"
	@tests/check-tidy.sh

-include $(patsubst %.o,%.d,$(call object,$(CORE) $(VIEWS) $(APP) $(UNITS) $(BENCH) tests/long/million_steps.c))
.PHONY: FORCE all run install bench bench-peers clean check-arrows check-style unit-programs units screens test test-long analyse
.SECONDARY:
