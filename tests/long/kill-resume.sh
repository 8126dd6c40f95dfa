#!/bin/sh
# Kills a run with SIGKILL at random moments and goes on with it, until it is finished: its results
# must have the bytes of the run that nobody disturbed. `kill-resume.sh BINARY [ROUNDS]`.
. "$(dirname "$0")/../screen/lib.sh"
rounds=${2:-30}
cd "$home" || exit 1
tiny_study tiny.ini tiny 400
echo "checkpoint_seconds = 0.1" >>tiny.ini
"$sextant" run tiny.ini --headless --out whole >/dev/null || exit 1

same_results() {
    for result in whole/results/*.json; do
        cmp "$result" "broken/results/$(basename "$result")" || return 1
    done
    cmp whole/checkpoint.safetensors broken/checkpoint.safetensors
}
disturbed_run() { # seed of the moments
    rm -rf broken
    "$sextant" run tiny.ini --headless --out broken >/dev/null 2>&1 &
    kills=0
    while :; do
        running=$!
        moment=$(awk -v seed="$1$kills" 'BEGIN { srand(seed); printf "%.2f", 0.05 + 1.2 * rand() }')
        sleep "$moment"
        kill -KILL $running 2>/dev/null || break
        wait $running 2>/dev/null
        kills=$((kills + 1))
        if [ ! -f broken/run.ini ]; then # killed before there was a run
            rm -rf broken
            "$sextant" run tiny.ini --headless --out broken >/dev/null 2>&1 &
            continue
        fi
        [ $kills -lt 3 ] || break
        "$sextant" run --resume broken --headless >/dev/null 2>&1 &
    done
    wait
    "$sextant" run --resume broken --headless >/dev/null || return 1
    same_results
}
round=1
while [ $round -le "$rounds" ]; do
    check "round $round" disturbed_run $round
    round=$((round + 1))
done
summary
