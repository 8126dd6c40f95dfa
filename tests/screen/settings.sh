#!/bin/sh
# What is kept for next time, and what happens when the line drops and the run is to go on.
. "$(dirname "$0")/lib.sh"
cd "$home" || exit 1
tiny_study tiny.ini tiny 200000
tiny_study short.ini short 3000
run="$sextant run $home/tiny.ini"
file=$XDG_CONFIG_HOME/sextant/sextant.ini
mkdir -p "$(dirname "$file")"
printf '# mine\n[sextant]\nthreads = 1 # quiet\n\n# the end\n' >"$file"

terminal 80 24 "$run --seed 1; echo \"left with \$?\"; exec sleep 1000"
check "it learns" shows "step [1-9]"
type_keys ":set thme light" Enter
check "an unknown setting has a nearest" shows "did you mean 'theme'"
type_keys ":set theme light" Enter
check "a setting holds" shows "theme is light, also next time"
type_keys ":set slow yes" Enter
check "another one" shows "slow is yes"
type_keys ":set slow no" Enter
check "and back" shows "slow is no"
type_keys 3 L
check "a page and its view" shows "loss (log)"
type_keys q q
check "left" shows "left with 0"
check "the file keeps what was there" sh -c "grep -q '^# mine' '$file' && grep -q '^threads = 1 # quiet' '$file' && grep -q '^# the end' '$file'"
check "and has each setting once" sh -c "[ \$(grep -c '^theme = light' '$file') = 1 ] && [ \$(grep -c '^slow = no' '$file') = 1 ] && ! grep -q 'slow = yes' '$file'"

terminal 80 24 "$run --seed 2; echo \"left with \$?\"; exec sleep 1000"
check "the next start shows the page as it was left" shows "loss (log)"
type_keys q q
check "left again" shows "left with 0"
terminal 80 24 "$sextant open $home/tiny.ini; echo \"left with \$?\"; exec sleep 1000"
check "it learns" shows "step [1-9]"
type_keys q q
check "left once more" shows "left with 0"

finished() { # waits until the journal says how the run ended
    tries=0
    until grep -q '"kind":"finish"' "$1"/journal.jsonl 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { tail -n 3 "$1"/journal.jsonl; return 1; }
        sleep 0.1
    done
}
terminal 80 24 "exec $sextant run $home/short.ini --out $home/alone --on-hangup continue"
check "it learns" shows "step [1-9]"
tmux -L "$socket" kill-session
check "without its terminal the run goes on to its end" finished "$home/alone"
check "and the log tells why nobody watched" grep -q "going on without a screen" "$home/alone/log.txt"
"$sextant" run tiny.ini --on-hangup maybe 2>said.txt
check "a wrong value is told" grep -q "checkpoint-and-stop|continue" said.txt
summary
