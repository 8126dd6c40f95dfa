#!/bin/sh
# What takes minutes: random keys, fuzzing every parser, a million steps, and runs that are killed and go on.
cd "$(dirname "$0")/.." || exit 1
export SEXTANT=build/sextant
SX_MONKEY_KEYS=400000 build/asan/tests/test_pane || exit 1 # about two minutes of random keys and mouse
tests/fuzz/run.sh 15 || exit 1
build/long/million_steps || exit 1
tests/long/kill-resume.sh "$SEXTANT" 30 || exit 1
