#!/bin/sh
# Who may include whom: every quoted #include is held against tests/arrows.txt. A folder may include
# another folder's public header only (core/data/data.h); base is open to all. ncurses lives in
# views/terminal, cblas and lapacke in core/tensor.
cd "$(dirname "$0")/.." || exit 1
find app core views -name '*.[ch]' 2>/dev/null | sort | xargs grep -nE '^ *# *include' /dev/null |
awk -F: '
BEGIN {
    while ((getline line < "tests/arrows.txt") > 0) {
        if (line ~ /^#/ || line !~ /:/) continue
        split(line, part, ":"); rooms[part[1]] = 1
        n = split(part[2], target, " ")
        for (i = 1; i <= n; i++) may[part[1], target[i]] = 1
    }
}
function room(path,   n, p) { n = split(path, p, "/"); return p[1] == "app" ? "app" : p[1] "/" p[2] }
function bad(why) { print $1 ":" $2 ": " why; failed = 1 }
{
    from = room($1)
    text = substr($0, length($1) + length($2) + 3)
    if (!(from in rooms)) bad("folder " from " has no row in tests/arrows.txt")
    if (text ~ /<(ncurses|curses|panel)/ && from != "views/terminal") bad("ncurses outside views/terminal")
    if (text ~ /<(cblas|lapacke|openblas)/ && from != "core/tensor") bad("OpenBLAS outside core/tensor")
    if (!match(text, /"[^"]+"/)) next
    path = substr(text, RSTART + 1, RLENGTH - 2)
    if (path !~ /^(app|core|views)\//) { bad("write includes from the top folder: " path); next }
    to = room(path)
    if (to == from || to == "core/base") next
    if (from == "app" && (to ~ /^core\// || to ~ /^views\//)) ok = 1
    else ok = ((from, to) in may)
    if (!ok) bad(from " may not include " to)
    n = split(path, p, "/")
    if (p[n] != p[n-1] ".h") bad("not the public header of its folder: " path)
}
END { if (!failed) print "arrows: all includes follow tests/arrows.txt"; exit failed }'
