#!/bin/sh
# The workbench in real terminals (tmux): first frame, keys, sizes, suspend, hang-up, crash.
. "$(dirname "$0")/lib.sh"
cd "$home" || exit 1
tiny_study tiny.ini tiny 200000
mkdir -p "$home/data"
run="$sextant run $home/tiny.ini"
pid_of() { pgrep -f "^$sextant run $home/tiny.ini" | head -n 1; }
whole() { # no line of the screen is wider than it, and the bottom line shows keys
    screen | tail -n 3 | grep -q 'quit'
}

terminal 80 24 "$run; echo \"left with \$?\"; exec sleep 1000"
check "80x24: dashboard" shows "Dashboard"
check "80x24: keys on the bottom line" whole
check "80x24: it learns" shows "step [1-9]"
check "alternate screen" becomes '#{alternate_on}' 1
titled() { # waits for the window's title
    tries=0
    until state_of '#{pane_title}' | grep -q "^sextant 0.* running [0-9]* %"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { state_of '#{pane_title}'; return 1; }
        sleep 0.1
    done
}
check "the title tells run and progress" titled
type_keys 3
check "page Train" shows "loss"
type_keys 4
check "page Robustness" shows "rotation"
type_keys 5
check "page Risk" shows "AURC"
type_keys 2
check "page Data" shows "validation"
type_keys '?'
check "help" shows "quit"
type_keys Escape
type_keys 1
type_keys Space
check "space pauses" shows "paused"
type_keys Space
check "space goes on" shows "running"
for size in 120x40 200x60 61x17 80x24; do
    tmux -L "$socket" resize-window -x "${size%x*}" -y "${size#*x}"
    check "resized to $size" shows "q quit"
done
copied() { # waits until tmux holds a text that a program sent to the clipboard
    tries=0
    until tmux -L "$socket" show-buffer 2>/dev/null | grep -q "$1"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || return 1
        sleep 0.1
    done
}
tmux -L "$socket" set-option -s set-clipboard on
type_keys 3 y
check "y copies numbers to the terminal's clipboard" copied "gradient norm"
type_keys 1
tmux -L "$socket" resize-window -x 40 -y 10
check "too small: it says so" shows "60"
tmux -L "$socket" resize-window -x 80 -y 24
type_keys q
type_keys q
check "q leaves" shows "left with 0"
check "screen given back" becomes '#{alternate_on}' 0
check "cursor given back" becomes '#{cursor_flag}' 1

terminal 100 30 "sh"
tmux -L "$socket" set-option -g default-shell /bin/sh
type_keys "set -m; $run; echo left-with-\$?" Enter
check "started from a shell" shows "step [1-9]"
type_keys C-z
check "Ctrl-Z gives the shell back" becomes '#{alternate_on}' 0
type_keys "fg" Enter
check "fg brings it back" becomes '#{alternate_on}' 1
check "and it draws" shows "quit"
process=$(pid_of)
kill -SEGV "$process"
check "a crash ends it" ends "$process"
check "a crash gives the screen back" becomes '#{alternate_on}' 0
check "and the cursor" becomes '#{cursor_flag}' 1
check "and the mouse" becomes '#{mouse_any_flag}' 0

terminal 100 30 "sh"
type_keys "$run; echo left-with-\$?" Enter
check "started once more" becomes '#{alternate_on}' 1
kill -KILL "$(pid_of)"
check "a kill leaves the screen" shows "left-with-137"
type_keys C-j # past an answer of the terminal that nobody was left to read
type_keys "$sextant --reset-terminal; echo repaired" C-j
check "--reset-terminal gives it back" becomes '#{alternate_on}' 0
check "and the cursor, too" becomes '#{cursor_flag}' 1
check "and no mouse reports" becomes '#{mouse_any_flag}' 0

terminal 80 24 "$sextant open $home/data/sextant/runs/0001-tiny --plain; echo \"left with \$?\"; exec sleep 1000"
check "--plain is text in a terminal, too" shows "left with 0"
check "without an alternate screen" becomes '#{alternate_on}' 0

terminal 80 24 "$run"
check "once more" shows "step [1-9]"
process=$(pid_of)
tmux -L "$socket" kill-server
check "a dropped line ends it" ends "$process"
last=$(ls -d "$home"/data/sextant/runs/* | tail -n 1)
check "with a checkpoint" [ -f "$last/checkpoint.safetensors" ]
"$sextant" run --resume "$last" --headless >resumed.txt 2>/dev/null &
process=$!
goes_on() {
    tries=0
    until grep -q 'step [1-9]' resumed.txt; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || return 1
        sleep 0.1
    done
    kill -TERM "$process"
    wait "$process"
    grep -q resume "$last/journal.jsonl"
}
check "that can be gone on with" goes_on

terminal 80 24 "TERM=no-such-terminal $run; echo left; exec sleep 1000"
check "an unknown TERM starts" shows "Dashboard"
type_keys q q
check "and leaves" shows "left"
terminal 80 24 "unset LANG; LC_ALL=C $run; echo left; exec sleep 1000"
check "without UTF-8: ASCII" shows "Dashboard"
check "no character past ASCII" sh -c "! tmux -L '$socket' capture-pane -p | LC_ALL=C grep -q '[^ -~]'"
terminal 80 24 "NO_COLOR=1 $run"
check "NO_COLOR" shows "step [1-9]"
check "no colour codes" sh -c "! tmux -L '$socket' capture-pane -p -e | grep -q '\[[0-9;]*[34][0-8][;m]'"
mkdir -m 700 "$home/screens"
terminal 80 24 "SCREENDIR=$home/screens screen -U -c /dev/null $run; echo left; exec sleep 1000"
check "in GNU screen: it learns" shows "step [1-9]"
type_keys 4
check "in GNU screen: a page" shows "rotation"
type_keys q q
check "in GNU screen: it leaves" shows "left"
summary
