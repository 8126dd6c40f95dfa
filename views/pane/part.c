/* Helpers of the panes over results and snapshots. A run folder comes from outside: nothing here
 * trusts a result to have the kind, lines or columns its name promises. */
#include "views/pane/part.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const sx_result *sx_part_result(const sx_desk *desk, const char *name, sx_result_kind kind) {
    const sx_result *result = sx_snapshot_result(desk->now, name);
    return result && result->kind == kind ? result : NULL;
}

int sx_part_line(const sx_result *series, const char *name) {
    for (int i = 0; series && i < series->series.line_count; i++)
        if (!strcmp(series->series.lines[i].name, name)) return i;
    return -1;
}

const sx_column *sx_part_column(const sx_result *table, const char *name) {
    for (int i = 0; table && i < table->table.column_count; i++)
        if (!strcmp(table->table.columns[i].name, name)) return &table->table.columns[i];
    return NULL;
}

double sx_part_last(const sx_result *series, const char *name) {
    int line = sx_part_line(series, name);
    for (size_t i = line < 0 ? 0 : series->series.length; i > 0; i--)
        if (!isnan(series->series.lines[line].y[i - 1])) return series->series.lines[line].y[i - 1];
    return NAN;
}

double sx_part_cell(const sx_result *table, const char *row, const char *column) {
    const sx_column *values = sx_part_column(table, column);
    if (!values || !values->numbers || !table->table.columns[0].texts) return NAN;
    for (size_t i = 0; i < table->table.rows; i++) {
        const char *text = table->table.columns[0].texts[i];
        if (text && !strcmp(text, row)) return values->numbers[i];
    }
    return NAN;
}

sx_split sx_part_split(const sx_result *result) {
    for (int split = 0; result && split < SX_SPLITS; split++)
        if (!strcmp(result->split, sx_split_name((sx_split)split))) return (sx_split)split;
    return SX_SPLIT_VALIDATION;
}

double sx_part_scene(const sx_result *result, const char *key, double fallback) {
    sx_spec spec;
    double value;
    if (!result || sx_spec_parse(result->scene, &spec, NULL)) return fallback;
    for (int i = 0; i < spec.count; i++)
        if (!strcmp(spec.keys[i], key) && sx_text_number(spec.values[i], &value)) return value;
    return fallback;
}

bool sx_part_follow(const sx_desk *desk, const char *name, sx_result_kind kind,
                    const sx_result **held) {
    const sx_result *newest = sx_part_result(desk, name, kind);
    if (newest == *held) return false;
    if (*held) sx_result_release(*held);
    *held = newest ? sx_result_keep(newest) : NULL;
    return true;
}

void sx_part_estimate(char *out, size_t size, double value, double low, double high, double n) {
    char v[32], l[32], h[32], c[32];
    sx_number_shown(v, value, 2);
    int used = snprintf(out, size, "%s", v);
    if (!isnan(low) && !isnan(high) && used > 0 && (size_t)used < size)
        used += snprintf(out + used, size - (size_t)used, " [%s, %s]", sx_number_shown(l, low, 2),
                         sx_number_shown(h, high, 2));
    if (!isnan(n) && used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, "   n %s", sx_number_shown(c, n, 0));
}

int sx_part_few(const double *count, size_t n, double few) {
    int found = 0;
    for (size_t i = 0; count && i < n; i++)
        if (count[i] < few) found++;
    return found;
}

sx_segment sx_part_segment(sx_role role, const char *format, ...) {
    sx_segment segment = {.role = role};
    va_list args;
    va_start(args, format);
    vsnprintf(segment.text, sizeof segment.text, format, args);
    va_end(args);
    return segment;
}

const char *sx_part_without_network(const sx_desk *desk) {
    const sx_snapshot *now = desk->now;
    if (now->report.measures_only)
        return "A measurement of a set has no network of its own: open the run of one";
    if (!now->cell[0] && sx_snapshot_result(now, "cells"))
        return "Each network has a run of its own: page Runs opens it";
    return NULL;
}

void sx_part_waiting(const sx_desk *desk, sx_canvas *canvas, sx_box box, const char *awaited,
                     const char *when) {
    static const char *const ends[SX_STATES] = {
        [SX_STATE_IDLE] = "comes when it is loaded",
        [SX_STATE_LOADING] = "comes when the data are loaded",
        [SX_STATE_PAUSED] = "comes when the run goes on: space",
        [SX_STATE_STOPPING] = "is not there: the run is stopping",
        [SX_STATE_FINISHED] = "is not there: the run has ended",
        [SX_STATE_STOPPED] = "is not there: the run was stopped",
    };
    const sx_snapshot *now = desk->now;
    char text[640];
    const char *end = ends[now->state] ? ends[now->state] : when;
    bool failed = now->state == SX_STATE_FAILED;
    const char *elsewhere = now->report.measures_only ? NULL : sx_part_without_network(desk);
    if (now->state == SX_STATE_IDLE && now->data) end = "comes with a run: sextant run STUDY.ini";
    if (now->report.measures_only && now->result_count > 0)
        end = "is not a part of this measurement";
    if (failed)
        snprintf(text, sizeof text, "%s", now->message[0] ? now->message : "The run failed");
    else if (elsewhere)
        snprintf(text, sizeof text, "%s", elsewhere);
    else
        snprintf(text, sizeof text, "%s %s", awaited, end);
    sx_centred_draw(canvas, sx_box_inset(box, 1, 0, 1, 0),
                    sx_style_of(failed ? SX_ROLE_BAD : SX_ROLE_DIM), text);
}

bool sx_part_loading(const sx_desk *desk, sx_canvas *canvas, sx_box box) {
    const sx_snapshot *now = desk->now;
    if (now->state != SX_STATE_LOADING && !now->loading[0]) return false;
    char text[192], done[32], total[32];
    const char *what = now->loading[0] ? now->loading : "the data";
    if (now->loading_total > 0)
        snprintf(text, sizeof text, "loading %s: %s of %s", what,
                 sx_text_count(done, (long long)now->loading_done),
                 sx_text_count(total, (long long)now->loading_total));
    else
        snprintf(text, sizeof text, "loading %s", what);
    sx_box upper = box, middle;
    upper.height = box.height / 2;
    middle = sx_box_inset(box, box.width / 8, upper.height, box.width / 8, 0);
    middle.height = middle.height > 1 ? 1 : middle.height;
    if (upper.height > 2) upper = sx_box_inset(upper, 1, upper.height - 2, 1, 0);
    sx_centred_draw(canvas, upper.height > 0 ? upper : box, sx_style_of(SX_ROLE_TEXT), text);
    if (now->loading_total > 0 && upper.height > 0)
        sx_canvas_progress(canvas, middle, (double)now->loading_done / (double)now->loading_total,
                           sx_style_of(SX_ROLE_SERIES2));
    return true;
}

int sx_part_choose(sx_desk *desk, const char *(*choice)(void *, size_t), void *pane, int now,
                   const char *argument, const char *sentence) {
    if (!argument[0]) return choice(pane, (size_t)now + 1) ? now + 1 : 0;
    for (size_t row = 0; choice(pane, row); row++)
        if (!strcmp(choice(pane, row), argument)) return (int)row;
    sx_desk_say(desk, "%s", sentence);
    desk->bad = true;
    return -1;
}
