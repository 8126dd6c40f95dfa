/* Three runs in the home of a test, written by hand, so that dates and figures are the same
 * everywhere. */
#ifndef SX_TESTS_SAMPLE_STORE_H
#define SX_TESTS_SAMPLE_STORE_H

#include "tests/unit/home.h"
#include "tests/unit/sample_snapshot.h"

#include <string.h>

static inline void run_path(const char *name, const char *file, char *out) {
    snprintf(out, SX_PATH_SIZE, "%s/sextant/runs/%s%s%s", home, name, *file ? "/" : "", file);
}

static inline void put(const char *name, const char *file, const char *text) {
    char path[SX_PATH_SIZE];
    run_path(name, file, path);
    assert_int_equal(sx_file_write(path, text, strlen(text), NULL), SX_OK);
}

static inline void put_result(const char *name, sx_result *result) {
    sx_error err = {0};
    char path[SX_PATH_SIZE], file[80];
    snprintf(file, sizeof file, "results/%s.json", result->name);
    run_path(name, file, path);
    json_t *json = sx_result_to_json(result, &err);
    assert_non_null(json);
    assert_int_equal(sx_json_write(path, json, false, &err), SX_OK);
    json_decref(json);
    sx_result_release(result);
}

/* A run whose accuracy ends at `accuracy`, with less of it at the right of the image. */
static inline void make_run(const char *name, int seed, double accuracy, const char *end) {
    char path[SX_PATH_SIZE], text[1024];
    run_path(name, "results", path);
    assert_int_equal(sx_directory_make(path, NULL), SX_OK);
    snprintf(text, sizeof text,
             "[study]\nname = shapes-cnn\n[train]\nsteps = 1500\n[run]\npreset = quick\nseed = %d\n"
             "[run-folder]\nformat = 1\ncreated = 2026-11-25 03:%02d\n",
             seed, seed);
    put(name, "run.ini", text);
    snprintf(text, sizeof text,
             "{\"t\":0,\"step\":0,\"kind\":\"start\"}\n{\"t\":60,\"step\":1500,\"kind\":\"point\","
             "\"validation accuracy\":%g}\n{\"t\":65,\"step\":1500,\"kind\":\"%s\"}\n",
             accuracy, end);
    put(name, "journal.jsonl", text);
    sx_result *curve = sample_series("validation", "Validation", 6, 2, false);
    curve->series.x_label = "step";
    curve->series.lines[0].name = "loss";
    curve->series.lines[1].name = "accuracy";
    for (int i = 0; i < 6; i++) {
        curve->series.x[i] = 250 * (i + 1);
        curve->series.lines[0].y[i] = 2 - accuracy * (i + 1) / 6;
        curve->series.lines[1].y[i] = accuracy * (1 - exp(-i - 1));
    }
    put_result(name, curve);
    sx_result *map = sx_result_new(SX_RESULT_GRID, "location", "Accuracy by location");
    assert_true(map && sx_grid_alloc(map, 5, 5));
    map->grid.row_label = "y";
    map->grid.column_label = "x";
    for (int i = 0; i < 25; i++) {
        double value = accuracy * (i % 5 < 3 ? 1 : 1 - 0.1 * seed);
        sx_interval interval = sx_wilson(value * 200, 200);
        map->grid.row_values[i / 5] = i / 5 / 4.0;
        map->grid.column_values[i % 5] = i % 5 / 4.0;
        map->grid.values[i] = value;
        map->grid.low[i] = interval.low;
        map->grid.high[i] = interval.high;
        map->grid.count[i] = 200;
    }
    put_result(name, map);
}

static inline void make_store(void) {
    make_run("0001-shapes-cnn", 1, 0.71, "finish");
    make_run("0002-shapes-cnn", 2, 0.83, "finish");
    make_run("0003-wide", 3, 0.9, "stop");
    put("0003-wide", "note.txt", "twice as wide, stopped early\n");
}

#endif
