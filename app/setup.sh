#!/bin/sh
# Installs what a target needs, never waiting for a password: `setup.sh run` or `setup.sh test`.
# Each row is: level, a shell test that succeeds when it is there, Debian, Fedora, Arch package.
level=$1
rows='run|library ncurses.h ncursesw|libncurses-dev|ncurses-devel|ncurses
run|library cblas.h openblas|libopenblas-dev|openblas-devel|openblas
run|library png.h png|libpng-dev|libpng-devel|libpng
run|library ini.h inih|libinih-dev|inih-devel|libinih
run|library jansson.h jansson|libjansson-dev|jansson-devel|jansson
run|library jpeglib.h jpeg|libjpeg-dev|libjpeg-turbo-devel|libjpeg-turbo
run|library zlib.h z|zlib1g-dev|zlib-devel|zlib
run|library zip.h zip|libzip-dev|libzip-devel|libzip
run|library sha2.h md|libmd-dev|libmd-devel|libmd
run|library ft2build.h freetype|libfreetype-dev|freetype-devel|freetype2
run|library unistr.h unistring|libunistring-dev|libunistring-devel|libunistring
data|dataset|dataset-fashion-mnist||
test|library cmocka.h cmocka|libcmocka-dev|libcmocka-devel|cmocka
test|library vterm.h vterm|libvterm-dev|libvterm-devel|libvterm
test|program clang-format|clang-format|clang-tools-extra|clang
test|program ctags|universal-ctags|ctags|ctags
test|program tmux|tmux|tmux|tmux
test|program screen|screen|screen|screen
long|program clang-tidy|clang-tidy|clang-tools-extra|clang
long|program cppcheck|cppcheck|cppcheck|cppcheck
long|program clang|clang|clang|clang
long|fuzzer|libclang-rt-14-dev||'
library() { # header, library: there when a program with both links
    printf '%s\n' '#include <setjmp.h>' '#include <stdarg.h>' '#include <stddef.h>' '#include <stdint.h>' \
        '#include <stdio.h>' "#include <$1>" 'int main(void) { return 0; }' |
        ${CC:-cc} -I/usr/include/openblas -I/usr/include/freetype2 -x c - -x none -Wl,--no-as-needed "-l$2" -o /dev/null 2>/dev/null
}
fuzzer() { # libFuzzer's runtime; asked for on Debian only, elsewhere clang brings it
    program apt-get || return 0
    printf 'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' |
        clang -fsanitize=fuzzer -x c - -o /dev/null 2>/dev/null
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
