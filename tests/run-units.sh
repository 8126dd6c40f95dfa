#!/bin/sh
# Runs unit-test programs, SX_UNITS_AT_ONCE (default 1) at a time, and shows the whole output of those
# that fail; each program's closing line is always shown. With OPENBLAS_NUM_THREADS=1, as the program
# itself has it.
if [ "$1" = --one ]; then
    name=$(basename "$2")
    if output=$(OPENBLAS_NUM_THREADS=1 "$2" 2>&1); then
        echo "$name: $(echo "$output" | grep -a 'PASSED' | tail -n 1)"
        exit 0
    fi
    printf '%s: FAILED\n%s\n' "$name" "$(echo "$output" | grep -av -e '\[ RUN' -e '\[       OK')"
    exit 1
fi
if printf '%s\n' "$@" | xargs -P "${SX_UNITS_AT_ONCE:-1}" -n 1 "$0" --one; then
    echo "$# passed, 0 failed"
else
    echo "not all of $# passed"
    exit 1
fi
