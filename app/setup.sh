#!/bin/sh
# Installs what a target needs, never waiting for a password: `setup.sh run` or `setup.sh test`.
# Each row is: level, a shell test that succeeds when it is there, Debian, Fedora, Arch package.
level=$1
rows='run|header ncurses.h|libncurses-dev|ncurses-devel|ncurses
run|header cblas.h|libopenblas-dev|openblas-devel|openblas
run|header png.h|libpng-dev|libpng-devel|libpng
run|header ini.h|libinih-dev|inih-devel|libinih
run|header jansson.h|libjansson-dev|jansson-devel|jansson
run|header jpeglib.h|libjpeg-dev|libjpeg-turbo-devel|libjpeg-turbo
run|header zlib.h|zlib1g-dev|zlib-devel|zlib
data|dataset|dataset-fashion-mnist||
test|header cmocka.h|libcmocka-dev|libcmocka-devel|cmocka
test|program clang-format|clang-format|clang-tools-extra|clang
test|program ctags|universal-ctags|ctags|ctags
test|program tmux|tmux|tmux|tmux
long|program clang-tidy|clang-tidy|clang-tools-extra|clang
long|program cppcheck|cppcheck|cppcheck|cppcheck
long|program clang|clang|clang|clang'
header() {
    printf '#include <stddef.h>\n#include <stdio.h>\n#include <%s>\n' "$1" |
        ${CC:-cc} -I/usr/include/openblas -E -o /dev/null - 2>/dev/null
}
program() { command -v "$1" >/dev/null 2>&1; }
dataset() { [ -f /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] || ! program apt-get; }
wanted() {
    case "$1" in
    run) return 0 ;;
    data) return 0 ;;
    test) [ "$level" != run ] ;;
    long) [ "$level" = long ] ;;
    esac
}
missing() { # prints the packages of column $1 that are not there; $2 = needed | all
    echo "$rows" | while IFS='|' read -r when check debian fedora arch; do
        wanted "$when" || continue
        [ "$2" = needed ] && [ "$when" = data ] && continue
        $check && continue
        case $1 in debian) echo "$debian" ;; fedora) echo "$fedora" ;; arch) echo "$arch" ;; esac
    done | tr '\n' ' '
}
packages=$(missing debian all)
[ -n "$packages" ] || exit 0
if program apt-get; then
    if [ "$(id -u)" = 0 ]; then become=
    elif program sudo && sudo -n true 2>/dev/null; then become='sudo -n'
    else become=no; fi
    if [ "$become" != no ]; then
        echo "sextant: installing $packages(apt)" >&2
        $become apt-get update -qq >&2 || true
        # shellcheck disable=SC2086
        $become env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            $packages </dev/null >/dev/null || echo "sextant: apt-get could not install all of them" >&2
    else
        echo "sextant: please install what is missing:" >&2
        echo "  sudo apt-get install $packages" >&2
    fi
else
    echo "sextant: please install what is missing:" >&2
    echo "  Fedora: $(missing fedora needed)" >&2
    echo "  Arch:   $(missing arch needed)" >&2
fi
left=$(missing debian needed)
[ -z "$left" ] && exit 0
echo "sextant: cannot go on without: $left" >&2
exit 1
