#!/bin/sh
# Lessons and recordings: each lesson without its pauses, and a terminal where one plays and one is
# recorded.
. "$(dirname "$0")/lib.sh"
cd "$home" || exit 1
tiny_study tiny.ini tiny 200000
run="$sextant run $home/tiny.ini"

"$sextant" lesson >list.txt
check "lessons are listed" grep -q "same-seed-same-bits .*Same seed, same bits" list.txt
for file in "$source_tree"/assets/scripts/*.txt; do
    name=$(basename "$file" .txt)
    { cat "$file" && echo ":state-save $name.json"; } >"$name.txt"
    check "lesson $name" "$sextant" lesson "$name" --script "$name.txt" --clock fixed --size 80x24
    check "captions of $name are whole at 80x24" sh -c "! grep '^:caption' '$file' | grep -q '.\{229\}'"
done
none_left() { [ -z "$(ls -A "$home/cache/sextant/lessons")" ]; }
check "no run of a lesson is among one's own" [ ! -d "$home/data/sextant/runs" ]
check "and none is left" none_left
"$sextant" lesson same-seed-same-bits --keep --script same-seed-same-bits.txt >said.txt
kept=$(sed -n 's/^sextant: the runs of the lesson are in //p' said.txt)
check "--keep keeps them, and says where" [ -f "$kept/0003-shapes-cnn/checkpoint.safetensors" ]
rm -r "$kept"
check "the first looks at the claims" grep -q '"page": "claims"' what-a-convolution-sees.json
check "the second ends in the probe" grep -q '"size": 0.1' confidence-is-not-accuracy.json
check "the third compares three runs" grep -q '"runs": 3' same-seed-same-bits.json
cat >bits.txt <<'BITS'
:study tiny.ini train.steps=20
:wait state finished
:again
:wait state finished
:runs
key g x x V
:screen-save twins.txt
BITS
check "the same seed again" "$sextant" lesson x --script bits.txt --clock fixed --size 80x24
check "has the same bits, and the screen says it" grep -q "equals 1" twins.txt

"$sextant" lesson nothing --script nothing.txt 2>said.txt
check "a script that is not there is named" grep -q "nothing.txt" said.txt
"$sextant" lesson same-seed-same-bits 2>said.txt | cat
check "without a terminal there is nothing to watch" grep -q "needs a terminal" said.txt
"$sextant" open . --speed 99 2>said.txt
check "a speed is checked" grep -q "0.125 to 16" said.txt

terminal 80 24 "$sextant lesson same-seed-same-bits --speed 5; echo \"left with \$?\"; exec sleep 1000"
check "a lesson plays" shows "Training looks like chance"
check "and says how it is held" shows "space holds the lesson"
type_keys Space
check "held" shows "the other keys are yours"
type_keys 4
check "keys are the person's meanwhile" shows "Robustness ·"
type_keys Space
check "and it goes on" shows "Now the same again"
type_keys Escape
check "Esc ends it" shows "the lesson has ended here"
type_keys q
type_keys q
check "q leaves" shows "left with 0"

mkdir -p own/scripts
{ echo "# Mine" && echo ":study $home/tiny.ini" && echo ":runs" && echo ":wait step 1000000"; } >own/scripts/zebra.txt
terminal 80 24 "SEXTANT_ASSETS=$home/own $run --seed 4; echo \"left with \$?\"; exec sleep 1000"
check "it learns" shows "step [1-9]"
type_keys ":replay z" Tab
check "a lesson is completed, whatever there is" shows ":replay zebra"
type_keys Enter
check "it asks before the run is stopped" shows "y plays the lesson"
type_keys y
check "it plays in a store of its own" shows "Runs of the lesson · 1"
type_keys Escape
check "it has ended" shows "the lesson has ended here"
type_keys L
check "one's own runs are there, too" shows "your own runs"
check "as many as there were" shows "Runs · 1"
type_keys q q
check "left" shows "left with 0"
check "nothing is left" none_left

terminal 80 24 "SEXTANT_ASSETS=$home/own $sextant lesson zebra; echo \"left with \$?\"; exec sleep 1000"
check "the lesson once more" shows "Runs of the lesson · 1"
type_keys Space
check "held" shows "the other keys are yours"
type_keys a
check "another run begins" shows "running 0003-tiny"
type_keys q q
check "a person's own run is kept" shows "the runs of the lesson are in"
check "where it says" sh -c "ls $home/cache/sextant/lessons/*/0003-tiny/checkpoint.safetensors"

terminal 80 24 "$run --seed 5; echo \"left with \$?\"; exec sleep 1000"
check "it learns" shows "step [1-9]"
type_keys ":record mine.txt" Enter
check "recording" shows "recording; F6"
type_keys 4
check "a page" shows "Robustness ·"
type_keys Space
check "paused" shows "paused"
type_keys ":values" Enter
check "a command" shows "values are not printed"
type_keys ":record" Enter
check "the recording is told" shows "what was pressed is in mine.txt"
type_keys q q
check "left" shows "left with 0"
check "pages and keys are in it" grep -q "^key 4" mine.txt
check "and the step of the pause" grep -q "^:wait step [1-9]" mine.txt
check "but not what ended it" sh -c "! grep -q 'key.* r e c o r d' mine.txt"
printf ":wait state paused\n:state-save after.json\n" >>mine.txt
check "it plays again" "$sextant" run tiny.ini --script mine.txt --clock fixed --size 80x24
check "to the same page" grep -q '"page": "robustness"' after.json
check "and the same state" grep -q '"state": "paused"' after.json
summary
