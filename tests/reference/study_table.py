"""The networks, last layers and claims of a finished study of cells, as the tables of the README.

    python3 tests/reference/study_table.py ~/.local/share/sextant/runs/0012-si-score-small
"""
import json
import pathlib
import sys

DASH = "–"


def number(value, digits=3):
    if value is None:
        return DASH
    return f"{value:.{digits}f}" if abs(value) >= 0.0005 or value == 0 else f"{value:.1e}"


def interval(row, digits=2):
    if row["low"] is None:
        return number(row["measured"], digits)
    low, high = number(row["low"], digits), number(row["high"], digits)
    return f'{number(row["measured"], digits)} [{low}, {high}]'


def columns_of(table):
    return {c["name"]: c.get("texts") or c.get("numbers") for c in table["columns"]}


def networks(table):
    columns = columns_of(table)
    print("| network | test accuracy | centre | border | drop | trained values | training FLOPs |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for i, cell in enumerate(columns["cell"]):
        test = {"measured": columns["test accuracy"][i], "low": columns["low"][i],
                "high": columns["high"][i]}
        parts = [number(columns[name][i]) for name in ("centre", "border", "drop")]
        values, flops = columns["values"][i], columns["training FLOPs"][i]
        if values is None:
            continue
        print(f"| `{cell}` | {interval(test, 3)} | {' | '.join(parts)} "
              f"| {values:,.0f} | {flops:.2e} |")


SCORES = ("max prob", "entropy", "mutual information")


def mean(values, digits, factor=1):
    known = [factor * v for v in values if v is not None]
    if len(known) < len(values):
        return DASH
    return f"{sum(known) / len(known):.{digits}f}".removeprefix("0")


def detection(outside, method, name):
    """AUROC by each score, of each seed; None where the method has no such score."""
    found = []
    for score in SCORES:
        rows = [list(zip(t["method"], t["set"], t["score"], t["AUROC"])) for t in outside]
        values = [next((r[3] for r in run if r[:3] == (method, name, score)), None) for run in rows]
        found.append(mean(values, 3))
    return " / ".join(found)


def last_layers(cell, runs):
    """Means over seeds of what each method of a cell of last layers says."""
    def tables(name):
        return [columns_of(json.loads((r / f"{name}.json").read_text())) for r in runs]
    methods, outside = tables("methods"), tables("out-of-distribution")
    sets = [s for s in ("held-out", "digits", "shapes") if s in outside[0]["set"]]
    print(f"| `{cell}` | accuracy | NLL | ECE | AURC x 1000 | {' | '.join(sets)} |")
    print("| --- " * (5 + len(sets)) + "|")
    for i, method in enumerate(methods[0]["method"]):
        parts = [mean([m["accuracy"][i] for m in methods], 4),
                 mean([m["NLL"][i] for m in methods], 3), mean([m["ECE"][i] for m in methods], 3),
                 mean([m["AURC"][i] for m in methods], 1, 1000)]
        parts += [detection(outside, method, name) for name in sets]
        print(f"| `{method}` | {' | '.join(parts)} |")
    print()


def claims(rows):
    print("| claim | origin | bound | measured [95 %] | verdict |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        why = f': {row["reason"]}' if row["reason"] else ""
        text = row["text"].replace("|", "\\|")
        print(f'| {text} | {row["origin"]} | {row["bound"]} | {interval(row)} '
              f'| {row["verdict"]}{why} |')


def claims_by_cell(rows):
    """A line a claim, a column a cell, where all are about one cell."""
    parts = [row["text"].split(": ", 1) for row in rows]
    cells = sorted({cell for cell, _ in parts}, key=[cell for cell, _ in parts].index)
    print(f"| claim | origin | bound | {' | '.join(f'`{c}`' for c in cells)} |")
    print("| --- " * (3 + len(cells)) + "|")
    done = []
    for (_, text), row in zip(parts, rows):
        key = text.split(", least of")[0]
        if key in done:
            continue
        done.append(key)
        shown = []
        for cell in cells:
            found = [r for (c, t), r in zip(parts, rows) if c == cell and t.split(", least of")[0] == key]
            shown.append(f'{found[0]["verdict"]}: {interval(found[0], 3)}' if found else "")
        print(f'| {key} | {row["origin"]} | {row["bound"]} | {" | ".join(shown)} |')


def main():
    results = pathlib.Path(sys.argv[1]) / "results"
    networks(json.loads((results / "cells.json").read_text()))
    print()
    cells = {}
    for run in sorted((results.parent / "cells").iterdir()):
        if (run / "results" / "draws.json").exists():
            cells.setdefault(run.name.rsplit("-seed", 1)[0], []).append(run / "results")
    for cell, runs in cells.items():
        last_layers(cell, runs)
    rows = json.loads((results / "claims.json").read_text())["claims"]
    if cells:
        claims_by_cell(rows)
    else:
        claims(rows)


if __name__ == "__main__":
    main()
