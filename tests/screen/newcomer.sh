#!/bin/sh
# The newcomer's path at 80x24 from a clean home: start, look closer, probe, compare, export, leave.
# Every key is announced on the screen that is seen before it is pressed.
. "$(dirname "$0")/lib.sh"
cd "$home" || exit 1
tiny_study tiny.ini tiny 200
count=0
: >path.txt
step() { # key, and the word that goes with it on the screen
    count=$((count + 1))
    printf ':screen-save before-%d.txt\nkey %s\n' $count "$1" >>path.txt
    printf '%s %s\n' "$1" "$2" >>keys.txt
}
wait_for() { echo ":wait $*" >>path.txt; }
wait_for step 20
step Enter zoom   # the pictures alone
step Esc back
step 7 Probe
wait_for probe whole
step ']' turn     # turned ...
wait_for probe whole
step '<' size     # ... and smaller
wait_for probe whole
step Esc back
wait_for state finished
step A again      # the same with the same seed
wait_for state finished
step 8 Runs       # all of them
step x mark
step x mark
step V Comp
step ']' plots
step e export
step q quit
check "the path goes to its end" "$sextant" run tiny.ini --script path.txt --clock fixed --size 80x24
number=0
while read -r key word; do
    number=$((number + 1))
    quoted=$(printf '%s' "$key" | sed 's/[][\.*^$]/\\&/g')
    check "$key is announced as $word" grep -q -e "\(^\|[ │]\)$quoted\( .*\)\{0,1\}$word" before-$number.txt
done <keys.txt
check "a figure was exported" sh -c "find data -name 'compare-accuracy.png' | grep -q ."
check "with its numbers" sh -c "find data -name 'compare-accuracy.csv' | grep -q ."
check "the two runs are equal to the last bit" grep -q "equals 1" before-$((number - 2)).txt
summary
