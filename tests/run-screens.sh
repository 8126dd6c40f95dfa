#!/bin/sh
# The program as a person uses it: without a terminal, and in real ones. `run-screens.sh BINARY`.
cd "$(dirname "$0")/.." || exit 1
export SEXTANT=$1
failed=0
for test in tests/screen/*.sh; do
    [ "$test" = tests/screen/lib.sh ] && continue
    "$test" || failed=1
done
exit $failed
