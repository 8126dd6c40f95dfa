#!/bin/sh
# clang-tidy over every source, two at a time; silent but for its findings.
cd "$(dirname "$0")/.." || exit 1
find app core views -name '*.c' | sort |
    xargs -P 2 -n 4 sh -c 'clang-tidy --quiet "$@" -- -std=c11 -D_GNU_SOURCE -I. \
        -isystem /usr/include/openblas -isystem /usr/include/freetype2 -DSX_PREFIX=\"/\" -DSX_SOURCE=\"/\" 2>build/tidy.$$ || {
        cat build/tidy.$$; exit 1; }; rm -f build/tidy.$$' tidy || exit 1
echo "clang-tidy: clean"
