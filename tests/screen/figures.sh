#!/bin/sh
# What a measured set says is one thing, wherever it is read: a cell of its map and a point of its
# curve on the screen, in CSV, in JSON and in the exported SVG.
. "$(dirname "$0")/lib.sh"
cd "$home" || exit 1
tiny_study tiny.ini tiny
printf '[grid]\nx = 0.3 0.5 0.7\ny = 0.3 0.7\narea = 0.1 0.3\nrotation = 1\nresolution = 32\nthreshold = 0\n' >grid.ini
printf ':wait state finished\nkey 4\nkey L\nkey Right\n:screen-save map.txt\nkey S\nkey Right\n:screen-save curve.txt\n' >keys.txt

measured() {
    "$sextant" run tiny.ini --headless --out first && "$sextant" run tiny.ini --headless --seed 4 --out second &&
        "$sextant" make-si-score --out set --set grid.ini --instances 2 &&
        "$sextant" measure set first second --headless --out whole
}
check "two networks are measured on a set" measured
check "and read in the workbench" "$sextant" open whole --script keys.txt --size 120x40
for format in csv json svg; do
    check "and exported as $format" "$sextant" export whole --format $format --out .
done

# Numbers of a line "... 0.21 [0.14, 0.31]   n 80": value, low, high, count.
numbers='s/.* \([0-9.]*\) \[\([0-9.]*\), \([0-9.]*\)\]   n \([0-9]*\).*/\1 \2 \3 \4/p'
same() { # what was shown, to two decimals; what it is
    echo "$1 is shown as $2"
    awk -v shown="$1" -v is="$2" 'BEGIN {
        count = split(shown, s, " ")
        if (count < 1 || count != split(is, v, " ")) exit 1
        for (i = 1; i <= count; i++) if (v[i] == "" || (s[i] - v[i])^2 > 0.00502^2) exit 1 }'
}
json_numbers() { # file, key: the numbers of its first list
    tr -d ' \n' <"$1" | awk -v key="\"$2\":[" '{
        rest = substr($0, index($0, key) + length(key))
        print substr(rest, 1, index(rest, "]") - 1) }' | tr ',' ' '
}
equal() { # two numbers, written with enough digits each
    echo "$1 and $2"
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 == b + 0) }'
}
nth() { # a list, which
    echo "$1" | cut -d ' ' -f "$2"
}

# The cell x 0.5, y 0.7 is the fifth, row by row.
cell=$(sed -n 's/.*x 0.50 y 0.70 //; '"$numbers" map.txt)
row=$(sed -n 's/^0.7,0.5,//p' location.csv | tr ',' ' ')
check "a cell on the screen is the one in CSV" same "$cell" "$row"
check "and in JSON, to the last digit" equal "$(nth "$(json_numbers location.json values)" 5)" "$(nth "$row" 1)"
check "with its interval" equal "$(nth "$(json_numbers location.json low)" 5)" "$(nth "$row" 2)"
drawn=$(sed -n '/<rect x="[0-9.]*" y="[0-9.]*" width="200/{n;s/.*>\([0-9.]*\)<.*/\1/p}' location.svg | sed -n 5p)
check "and in SVG" same "$drawn" "$(nth "$row" 1)"

# The second size, of the first network: where its line ends, between the axis' marks of 0 and 1.
point=$(sed -n 's/.*size 0.30 //; '"$numbers" curve.txt)
row=$(sed -n 's/^0.3,//p' size.csv | tr ',' ' ')
check "a point of a curve on the screen is the one in CSV" same "$point" "$(echo "$row" | cut -d ' ' -f 1-4)"
check "and says of which network" grep -q 'size 0.30   first 0' curve.txt
check "and in JSON, to the last digit" equal "$(nth "$(json_numbers size.json y)" 2)" "$(nth "$row" 1)"
marks=$(sed -n 's/^<path d="M30.00 \([0-9.]*\)L34.00 .*/\1/p' size.svg)
ends=$(sed -n 's/.*<path d="M34.00 [0-9.]*L[0-9L. ]*L[0-9.]* \([0-9.]*\)" fill="none".*/\1/p' size.svg | head -n 1)
drawn=$(awk -v zero="$(echo "$marks" | head -n 1)" -v one="$(echo "$marks" | tail -n 1)" -v y="$ends" 'BEGIN { print (zero - y) / (zero - one) }')
check "and in SVG" same "$drawn" "$(nth "$row" 1)"
summary
