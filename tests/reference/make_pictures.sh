#!/bin/sh
# Makes the pictures of the README with the program's own export: three runs of the default study in a
# home of their own, then a script that looks around. From the top of the source tree.
set -e
sextant=$(realpath build/sextant)
out=$(realpath assets/pictures)
home=$(mktemp -d)
export XDG_DATA_HOME="$home" XDG_CONFIG_HOME="$home" LC_ALL=C.UTF-8
study=$(realpath assets/studies/fashion-cnn.ini)
for seed in 1 2; do "$sextant" run "$study" train.steps=2000 --seed $seed --headless >"$home/log.txt"; done
"$sextant" run "$study" train.steps=2000 train.shift=5 --seed 1 --headless >"$home/log.txt"
cat >"$home/pictures.txt" <<SCRIPT
:resize 120x40
:wait step 3000
:wait result location
:screen-save $out/dashboard.png
:wait state finished
:runs
key Down x Down x g
:compare
:by-location
:other
:screen-save $out/compare.png
:resize 100x30
:robustness
:location
key Right Right Right Right
:probe
:smaller
:smaller
:turn-left 30
:wait probe whole
:screen-save $out/probe.png
:risk
key Right Right Right Right Right Right Right Right
:screen-save $out/risk.png
SCRIPT
"$sextant" run "$study" --script "$home/pictures.txt"
rm -r "$home"
