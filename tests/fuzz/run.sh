#!/bin/sh
# Fuzzes every parser that has a tests/fuzz/fuzz_NAME.c: run.sh [SECONDS per target] [NAME ...].
# Seeds are tests/fuzz/seeds/NAME/* and what tests/data/format holds of that kind; the corpus grows in
# build/fuzz/corpus/NAME. Prints a line per target; an input that crashes is kept and fails the run.
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-20}
[ $# -gt 0 ] && shift
out=build/fuzz
mkdir -p $out/object || exit 1
CC=${FUZZ_CC:-clang}
flags="-std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined
    -fno-sanitize-recover=all -I. -DSX_IMAGE_MAX_PIXELS=((size_t)1<<18)"

# The parsers, and the rooms whose folders or files a target may read. clang does not know the pragma
# that chooses a kernel file's instructions.
compile() { # source object
    case $1 in
        *_avx2.c) set -- "$1" "$2" -mavx2 -mfma ;;
        *_avx512.c) set -- "$1" "$2" -mavx2 -mfma -mavx512f -mavx512vl -mavx512dq -mavx512bw ;;
    esac
    # shellcheck disable=SC2086
    $CC $flags -fsanitize=fuzzer-no-link -DSX_PREFIX='"/usr/local"' -DSX_SOURCE="\"$PWD\"" \
        -c "$1" -o "$2" $3 $4 $5 $6 $7 $8
}
objects=
for source in core/base/*.c core/tensor/*.c core/graph/*.c core/model/*.c core/data/*.c \
    core/format/*.c core/result/*.c core/store/*.c core/metric/*.c core/study/predictions.c \
    core/study/predictions_[chin]*.c; do
    object=$out/object/$(echo "$source" | tr / _).o
    objects="$objects $object"
    compile "$source" "$object" || exit 1
done

seed() { # name: fills its corpus
    mkdir -p "$out/corpus/$1"
    case $1 in jpeg) kind=jpg ;; *) kind=$1 ;; esac
    for file in tests/data/format/*."$kind" tests/fuzz/seeds/"$1"/*; do
        [ -f "$file" ] && cp "$file" "$out/corpus/$1/"
    done
    [ "$1" = tensors ] && cp tests/data/checkpoints/cifar-* tests/data/checkpoints/vit-* tests/data/checkpoints/clip-*.safetensors "$out/corpus/$1/"
    if [ "$1" = cifar ]; then # the form, then whole records
        (printf 0; head -c 61460 /dev/zero) >"$out/corpus/$1/ten"
        (printf 1; head -c 61480 /dev/zero) >"$out/corpus/$1/hundred"
    fi
}

run() { # name: builds and runs one target
    # shellcheck disable=SC2086
    $CC $flags -fsanitize=fuzzer "tests/fuzz/fuzz_$1.c" $objects -o "$out/fuzz_$1" \
        -lopenblas -lpng -ljpeg -lzip -lz -linih -ljansson -lmd -lfreetype -lunistring -lm -pthread || return 1
    seed "$1"
    "$out/fuzz_$1" -max_total_time="$seconds" -rss_limit_mb=1024 -max_len=65536 -timeout=10 \
        -print_final_stats=1 -artifact_prefix="$out/crash_$1_" "$out/corpus/$1" >"$out/$1.log" 2>&1
}

if [ $# -eq 0 ]; then
    for file in tests/fuzz/fuzz_*.c; do
        file=${file##*/fuzz_}
        set -- "$@" "${file%.c}"
    done
fi
status=0
for target; do
    if run "$target"; then
        echo "fuzz $target: clean after $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target.log") runs"
    else
        status=1
        echo "fuzz $target: FAILED, see $out/$target.log"
        grep -a -m 12 'ERROR\|SUMMARY\|runtime error\|Test unit written\|^ *#[0-6] ' "$out/$target.log"
    fi
done
exit $status
