#!/bin/sh
# How much a line has to carry: bytes for a frame of a dashboard that learns, on a pseudo-terminal.
. "$(dirname "$0")/lib.sh"
cd "$home" || exit 1
median=$(SEXTANT=$sextant "$(dirname "$sextant")/bench/bench_screen" --bytes 60)
check "a steady frame of 120x40 has at most 2 KB (median: $median)" [ "$median" -le 2048 ]
check "and something was measured" [ "$median" -gt 4 ]
summary
