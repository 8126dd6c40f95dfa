#!/bin/sh
# Functions over 80 lines and files over 800 need a row "path[:function] reason" in size-exceptions.txt.
cd "$(dirname "$0")/.." || exit 1
files=$(find app core views -name '*.[ch]' 2>/dev/null | sort)
unexcused=$({
    wc -l $files | awk '$2 != "total" && $1 > 800 {print $2, $1 " lines"}'
    ctags --fields=+ne -o - --c-kinds=f $files | awk -F'\t' '
        { n = e = 0; for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) n = substr($i, 6); if ($i ~ /^end:/) e = substr($i, 5) }
          if (e - n + 1 > 80) print $2 ":" $1, (e - n + 1) " lines" }'
} | while read -r what size; do
    grep -q "^$what " tests/size-exceptions.txt || echo "$what: $size, and no reason in tests/size-exceptions.txt"
done)
[ -z "$unexcused" ] && echo "sizes: functions within 80 lines, files within 800" && exit 0
echo "$unexcused"
exit 1
