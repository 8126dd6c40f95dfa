"""The networks and claims of a finished study of cells, as the two tables of the README.

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


def networks(table):
    columns = {c["name"]: c.get("texts") or c.get("numbers") for c in table["columns"]}
    print("| network | test accuracy | centre | border | drop | trained values | training FLOPs |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for i, cell in enumerate(columns["cell"]):
        test = {"measured": columns["test accuracy"][i], "low": columns["low"][i],
                "high": columns["high"][i]}
        parts = [number(columns[name][i]) for name in ("centre", "border", "drop")]
        values, flops = columns["values"][i], columns["training FLOPs"][i]
        print(f"| `{cell}` | {interval(test, 3)} | {' | '.join(parts)} "
              f"| {values:,.0f} | {flops:.2e} |")


def claims(rows):
    print("| claim | origin | bound | measured [95 %] | verdict |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        why = f': {row["reason"]}' if row["reason"] else ""
        text = row["text"].replace("|", "\\|")
        print(f'| {text} | {row["origin"]} | {row["bound"]} | {interval(row)} '
              f'| {row["verdict"]}{why} |')


def main():
    results = pathlib.Path(sys.argv[1]) / "results"
    networks(json.loads((results / "cells.json").read_text()))
    print()
    claims(json.loads((results / "claims.json").read_text())["claims"])


if __name__ == "__main__":
    main()
