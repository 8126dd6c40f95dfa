# For the tests that use the program as a person does: a home of its own, a tmux server of its own,
# and waiting for what is on the screen, never for a time. A wait gives up after some minutes only so
# that a hung program ends the test.
sextant=$(realpath "${SEXTANT:-build/sextant}")
source_tree=$(realpath "$(dirname "$0")/../..")
home=$(mktemp -d)
socket=sextant-test-$$
terminals=0
export XDG_DATA_HOME=$home/data XDG_CONFIG_HOME=$home/config XDG_CACHE_HOME=$home/cache LC_ALL=C.UTF-8
unset NO_COLOR LINES COLUMNS SEXTANT_ASSETS SEXTANT_DATA
passed=0 failed=0
finish() {
    tmux -L "$socket" kill-server 2>/dev/null
    while pkill -f "$home"; do sleep 0.2; done
    rm -rf "$home"
}
trap finish EXIT

check() { # what, then a command that must succeed
    what=$1
    shift
    if "$@" >"$home/check.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $what"
        head -n 40 "$home/check.log"
    fi
}
summary() {
    echo "$(basename "$0"): $passed passed, $failed failed"
    [ $failed = 0 ]
}

# A study of a few seconds on the rendered shapes.
tiny_study() { # file, name
    cat >"$1" <<STUDY
[study]
name = $2
kind = robustness
[data]
source = shapes
compose = center area=0.5
image = 16
[model]
spec = cnn(width=8, depth=2)
[train]
steps = ${3:-60}
batch = 32
validate_every = 20
validate_items = 100
[robustness]
images_per_location = 2
images_per_point = 4
[run]
seed = 3
STUDY
}

terminal() { # columns, rows, command: starts it in a tmux server of its own, ending the one before
    [ $terminals = 0 ] || tmux -L "$socket" kill-server 2>/dev/null
    terminals=$((terminals + 1))
    socket=sextant-test-$$-$terminals
    tmux -L "$socket" -f /dev/null new-session -d -x "$1" -y "$2" "$3"
}
type_keys() { tmux -L "$socket" send-keys "$@"; }
screen() { tmux -L "$socket" capture-pane -p; }
# Waits until the screen shows a text (a basic regular expression).
shows() {
    tries=0
    until screen 2>/dev/null | grep -q -e "$1"; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || { echo "never showed: $1"; screen; return 1; }
        sleep 0.1
    done
}
state_of() { tmux -L "$socket" display -p "$1"; }
becomes() { # format, value: waits for a tmux variable
    tries=0
    until [ "$(state_of "$1")" = "$2" ]; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || { echo "$1 is $(state_of "$1"), not $2"; return 1; }
        sleep 0.1
    done
}
ends() { # process: waits for its end
    tries=0
    while kill -0 "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || return 1
        sleep 0.1
    done
}
