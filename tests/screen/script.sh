#!/bin/sh
# The workbench driven by a script, without a terminal: what it saves, and what it refuses.
. "$(dirname "$0")/lib.sh"
cd "$home" || exit 1
tiny_study tiny.ini tiny 200
sed -i "s/^images_per_location = 2/images_per_location = 8/" tiny.ini

cat >tour.txt <<'TOUR'
# goes to the end of the run and looks at everything
:wait state finished
:screen-save dashboard.txt
key 2 w Enter
:state-save data.json
key Esc c
type :filter cr
key Enter
:screen-save filtered.txt
:robustness
key Right Left
:resize 120x40
:screen-save robustness.txt
:target-risk 10
key 5
:state-save risk.json
key 2 p ] ]
:wait probe whole
:state-save probe.json
key 6
:screen-save claims.txt
key e q
:screen-save never.txt
TOUR
says() { # code, text: what the last script said
    [ "$code" = "$1" ] && grep -q "$2" said.txt
}
refused() { # a script of one line is refused with a sentence
    printf '%s\n' "$2" >bad.txt
    "$sextant" run tiny.ini --script bad.txt 2>said.txt
    code=$?
    cat said.txt
    says 1 "^sextant: bad.txt:1: .*$1"
}

for run in first second; do
    mkdir $run
    check "a tour, $run time" sh -c "cd $run && '$sextant' run ../tiny.ini --out run --script ../tour.txt --clock fixed --size 80x24"
done
check "80 columns" sh -c "[ \$(wc -L <first/dashboard.txt) = 80 ]"
check "24 rows" sh -c "[ \$(wc -l <first/dashboard.txt) = 24 ]"
check "the run has ended" grep -q 'finished' first/dashboard.txt
check "wrong pictures only" grep -q '"show": "wrong"' first/data.json
check "one of them large" grep -q '"open": true' first/data.json
check "the filter is in the title" grep -q '· /cr ·' first/filtered.txt
check "40 rows after a resize" sh -c "[ \$(wc -l <first/robustness.txt) = 40 ]"
check "the cursor reads a cell" grep -q 'x 0.40 y 0.50 .* n ' first/robustness.txt
check "the target risk" grep -q '"target": 0.1' first/risk.json
check "the probe has turned the object" grep -q '"rotation": -20' first/probe.json
check "and knows what the network says" grep -q '"says": "[a-z]' first/probe.json
check "the same both times" cmp first/probe.json second/probe.json
check "the claims" grep -q 'verdict' first/claims.txt
check "export wrote files" [ -f first/run/export/claims.csv ]
check "q ended the script" [ ! -e first/never.txt ]

# The figures on the screen are those of the CSV that is exported.
"$sextant" export first/run --out csv >/dev/null
centre() { # mean accuracy of the central third, from the CSV
    awk -F, 'NR > 1 && $1 > 0.33 && $1 < 0.67 && $2 > 0.33 && $2 < 0.67 { sum += $3; n++ }
             END { printf "centre %.2f ", sum / n }' csv/location.csv
}
cell() { # the cell at x 0.4, y 0.5: value, interval, count
    awk -F, 'NR > 1 && $1 > 0.49 && $1 < 0.51 && $2 > 0.39 && $2 < 0.41 {
        printf "x 0.40 y 0.50   %.2f \\[%.2f, %.2f\\]   n %d", $3, $4, $5, $6 }' csv/location.csv
}
aurc() { awk -F, 'NR == 2 { printf "AURC %.3f ", $2 }' csv/risk.csv; }
check "centre as in the CSV" grep -q "$(centre)" first/robustness.txt
check "the cell under the cursor as in the CSV" grep -q "$(cell)" first/robustness.txt
printf '%s\n' ':wait state finished' 'key 5' ':screen-save risk.txt' >risk-tour.txt
check "a finished run is opened" "$sextant" open first/run --script risk-tour.txt --size 80x24
check "AURC as in the CSV" grep -q "$(aurc)" risk.txt
for file in dashboard.txt dashboard.txt.styles filtered.txt robustness.txt risk.json claims.txt; do
    check "$file is the same the second time" cmp first/$file second/$file
done

check "no such key" refused "no key 'Tba'" "key Tba"
check "no such command" refused "did you mean 'train'" ":trian"
check "no such step in this run" refused "will not come" ":wait step 1000000"
check "no such state" refused "wait wants" ":wait state ready"
check "no such size" refused "120x40" ":resize big"
check "no such line" refused "a line is" "press Tab"
"$sextant" run tiny.ini --script nowhere.txt 2>said.txt
code=$?
check "no such script" says 1 nowhere.txt
"$sextant" run tiny.ini --script tour.txt --size 120 2>said.txt
code=$?
check "no such --size" says 2 "120x40"
summary
