#!/bin/sh
# Kills a run with SIGKILL at random moments and goes on with it, until it is finished: its results
# must have the bytes of the run that nobody disturbed. Rounds take the families of models in turn.
# `kill-resume.sh BINARY [ROUNDS]`.
. "$(dirname "$0")/../screen/lib.sh"
rounds=${2:-30}
cd "$home" || exit 1
tiny_study tiny.ini tiny 400
echo "checkpoint_seconds = 0.1" >>tiny.ini
spec_of() { # number
    case $1 in
    0) echo "cnn(width=6, depth=2)" ;;
    1) echo "mlp(width=16, depth=2, dropout=0.2)" ;;
    2) echo "resnet(depth=8, width=4)" ;;
    3) echo "vit(dim=16, depth=2, heads=2, patch=4)" ;;
    esac
}
for family in 0 1 2 3; do
    "$sextant" run tiny.ini model.spec="$(spec_of $family)" --headless --out whole$family >/dev/null || exit 1
done

same_results() { # family
    whole=whole$1
    for result in $whole/results/*.json; do
        cmp "$result" "broken/results/$(basename "$result")" || return 1
    done
    cmp $whole/checkpoint.safetensors broken/checkpoint.safetensors
}
start() { # family
    "$sextant" run tiny.ini model.spec="$(spec_of "$1")" --headless --out broken >/dev/null 2>&1 &
}
disturbed_run() { # seed of the moments
    family=$(($1 % 4))
    rm -rf broken
    start $family
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
            start $family
            continue
        fi
        [ $kills -lt 3 ] || break
        "$sextant" run --resume broken --headless >/dev/null 2>&1 &
    done
    wait
    "$sextant" run --resume broken --headless >/dev/null || return 1
    same_results $family
}
round=1
while [ $round -le "$rounds" ]; do
    check "round $round" disturbed_run $round
    round=$((round + 1))
done
summary
