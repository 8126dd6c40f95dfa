#!/bin/sh
# Runs unit-test programs one after another and shows the whole output of those that fail; each
# program's closing line is always shown. With OPENBLAS_NUM_THREADS=1, as the program itself has it.
failed=0 passed=0
for program in "$@"; do
    output=$(OPENBLAS_NUM_THREADS=1 "$program" 2>&1)
    if [ $? = 0 ]; then
        passed=$((passed + 1))
        echo "$(basename "$program"): $(echo "$output" | grep -a 'PASSED' | tail -n 1)"
    else
        failed=$((failed + 1))
        echo "$(basename "$program"): FAILED"
        echo "$output" | grep -av -e '\[ RUN' -e '\[       OK'
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
