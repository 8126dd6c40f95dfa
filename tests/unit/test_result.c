/* Typed results: one example of every kind goes to JSON and back and to CSV, and every key of its
 * JSON is left out, given a wrong type and a wrong length. */
#include "tests/unit/failing.h"

#include "core/result/base64.h"
#include "core/result/result.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* ---- examples -------------------------------------------------------------------------------- */

static sx_result *make_series(void) {
    sx_result *r = sx_result_new(SX_RESULT_SERIES, "training", "Training");
    if (!sx_series_alloc(r, 3, 2, true)) fail();
    sx_series *s = &r->series;
    s->x_label = "step";
    s->x_unit = "steps";
    s->y_label = "loss";
    s->few = 30;
    s->lines[0].name = "loss, smoothed";
    s->lines[1].name = "test";
    s->lines[1].low = s->lines[1].high = s->lines[1].count = NULL;
    for (int i = 0; i < 3; i++) {
        s->x[i] = i * 10;
        s->lines[0].y[i] = 1.0 / (i + 3);
        s->lines[0].low[i] = 0.1;
        s->lines[0].high[i] = 1e-300;
    }
    s->lines[0].count[2] = 12;
    s->lines[1].y[1] = -2;
    return r;
}

static sx_result *make_grid(void) {
    sx_result *r = sx_result_new(SX_RESULT_GRID, "location", "Accuracy by place");
    if (!sx_grid_alloc(r, 2, 3)) fail();
    r->grid.row_label = "y";
    r->grid.unit = "px";
    for (int i = 0; i < 6; i++) r->grid.values[i] = i / 8.0;
    for (int i = 0; i < 2; i++) r->grid.row_values[i] = i - 1;
    for (int i = 0; i < 3; i++) r->grid.column_values[i] = i * 4;
    r->grid.low[1] = 0.01;
    r->grid.high[1] = 0.5;
    r->grid.count = NULL;
    r->grid.row_names = sx_arena_alloc(&r->arena, 2, sizeof(char *));
    r->grid.row_names[0] = "=1+1";
    r->grid.row_names[1] = "T-shirt, top";
    r->split = "test";
    r->scene = "posed(area=0.2)";
    return r;
}

static sx_result *make_points(void) {
    sx_result *r = sx_result_new(SX_RESULT_POINTS, "embedding", "Two dimensions");
    sx_points *p = &r->points;
    *p = (sx_points){.x_label = "", .y_label = "second", .length = 2};
    p->x = sx_result_numbers(r, 2);
    p->y = sx_result_numbers(r, 2);
    p->group = sx_arena_alloc(&r->arena, 2, sizeof *p->group);
    p->x[0] = 0.5;
    p->y[1] = -0.25;
    p->group[0] = -1;
    p->group[1] = INT32_MAX;
    return r;
}

static sx_result *make_histogram(void) {
    sx_result *r = sx_result_new(SX_RESULT_HISTOGRAM, "weights-1", "Weights");
    r->histogram = (sx_histogram){.x_label = "weight", .bins = 2};
    r->histogram.edges = sx_result_numbers(r, 3);
    r->histogram.counts = sx_result_numbers(r, 2);
    for (int i = 0; i < 3; i++) r->histogram.edges[i] = i - 1.5;
    r->histogram.counts[0] = 7;
    r->histogram.counts[1] = 9;
    return r;
}

static sx_result *make_table(void) {
    static const char *texts[] = {"=1+1", "cat \"tabby\""};
    sx_result *r = sx_result_new(SX_RESULT_TABLE, "classes", "Classes");
    if (!sx_table_alloc(r, 2, 2)) fail();
    r->table.columns[0].name = "class";
    r->table.columns[0].texts = texts;
    r->table.columns[1].name = "accuracy";
    r->table.columns[1].numbers[1] = 0.875;
    return r;
}

static sx_result *make_images(void) {
    static const char *captions[] = {"first", "second"};
    sx_result *r = sx_result_new(SX_RESULT_IMAGES, "errors", "Surest errors");
    r->images = (sx_images){.count = 2, .height = 1, .width = 2, .channels = 1};
    r->images.pixels = sx_arena_alloc(&r->arena, 4, 1);
    memcpy(r->images.pixels, (const uint8_t[]){0, 255, 7, 128}, 4);
    r->images.captions = captions;
    return r;
}

static sx_result *make_claims(void) {
    sx_result *r = sx_result_new(SX_RESULT_CLAIMS, "claims", "Claims");
    if (!sx_claims_alloc(r, 2)) fail();
    sx_claim *c = r->claims.claims;
    c[0] = (sx_claim){"drops", "abstract", ">= 0.15", 0.15, true, 0.25, 0.2, 0.3, 0.1, 0.4, 0, ""};
    c[0].verdict = sx_claim_decide(&c[0]);
    c[1].text = "unmeasured";
    c[1].reason = "too few images";
    r->claims.note = "one is left out";
    return r;
}

static sx_result *(*const makers[SX_RESULT_KINDS])(void) = {
    make_series, make_grid, make_points, make_histogram, make_table, make_images, make_claims};

static sx_result *make(int kind) {
    sx_result *result = makers[kind]();
    result->step = 1200;
    return result;
}

static json_t *make_json(int kind) {
    sx_result *result = make(kind);
    sx_error err = {0};
    json_t *json = sx_result_to_json(result, &err);
    if (!json) fail_msg("%s", err.message);
    sx_result_release(result);
    return json;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void every_kind_comes_back_from_json(void **state) {
    (void)state;
    for (int kind = 0; kind < SX_RESULT_KINDS; kind++) {
        sx_error err = {0};
        json_t *json = make_json(kind);
        char *text = json_dumps(json, 0);
        sx_result *back = sx_result_from_json(json, &err);
        if (!back) fail_msg("%s", err.message);
        assert_int_equal(back->kind, kind);
        assert_int_equal(back->step, 1200);
        json_t *again = sx_result_to_json(back, &err);
        char *text_again = json_dumps(again, 0);
        assert_string_equal(text, text_again);
        free(text);
        free(text_again);
        json_decref(json);
        json_decref(again);
        sx_result_release(back);
    }
}

static void numbers_keep_their_bits(void **state) {
    (void)state;
    sx_result *made = make(SX_RESULT_SERIES);
    made->series.lines[0].y[0] = 0.1 + 0.2;
    json_t *json = sx_result_to_json(made, NULL);
    sx_result *back = sx_result_from_json(json, NULL);
    const sx_series *s = &back->series;
    assert_true(s->lines[0].y[0] == 0.1 + 0.2);
    assert_true(s->lines[0].high[1] == 1e-300);
    assert_true(isnan(s->lines[0].count[0]) && s->lines[0].count[2] == 12);
    assert_true(isnan(s->lines[1].y[0]) && s->lines[1].y[1] == -2);
    assert_null(s->lines[1].low);
    assert_null(s->lines[1].count);
    assert_true(s->few == 30);
    assert_string_equal(s->x_unit, "steps");
    json_decref(json);
    sx_result_release(made);
    sx_result_release(back);
}

static void pictures_and_verdicts_come_back(void **state) {
    (void)state;
    json_t *json = make_json(SX_RESULT_IMAGES);
    sx_result *back = sx_result_from_json(json, NULL);
    assert_memory_equal(back->images.pixels, ((const uint8_t[]){0, 255, 7, 128}), 4);
    assert_string_equal(back->images.captions[1], "second");
    json_decref(json);
    sx_result_release(back);
    json = make_json(SX_RESULT_CLAIMS);
    back = sx_result_from_json(json, NULL);
    assert_int_equal(back->claims.claims[0].verdict, SX_VERDICT_HOLDS);
    assert_true(back->claims.claims[0].at_least && !back->claims.claims[1].at_least);
    assert_string_equal(back->claims.claims[1].reason, "too few images");
    assert_string_equal(back->claims.note, "one is left out");
    assert_true(back->claims.claims[0].seed_low == 0.1 && back->claims.claims[0].seed_high == 0.4);
    assert_true(isnan(back->claims.claims[1].seed_low));
    sx_result_release(back);
    json_t *older = json_array_get(json_object_get(json, "claims"), 0);
    json_object_del(older, "seed_low");
    json_object_del(older, "seed_high");
    back = sx_result_from_json(json, NULL);
    assert_true(isnan(back->claims.claims[0].seed_low) && isnan(back->claims.claims[0].seed_high));
    json_decref(json);
    sx_result_release(back);
}

/* Must be refused with a sentence that names what is wrong. */
static void assert_refused(const json_t *json, const char *what) {
    sx_error err = {0};
    sx_result *result = sx_result_from_json(json, &err);
    if (result) fail_msg("taken: %s", what);
    assert_int_equal(err.status, SX_BAD_INPUT);
    if (strlen(err.message) < 15) fail_msg("%s: no sentence: '%s'", what, err.message);
}

typedef void (*damage)(json_t *object, const char *key);

static void leave_out(json_t *object, const char *key) {
    json_object_del(object, key);
}

static void give_wrong_type(json_t *object, const char *key) {
    json_object_set_new(object, key, json_object());
}

/* Lists whose length nothing else says. */
static bool is_free_list(const char *key) {
    return !strcmp(key, "lines") || !strcmp(key, "columns") || !strcmp(key, "claims");
}

static void lengthen(json_t *object, const char *key) {
    json_t *list = json_object_get(object, key);
    if (json_is_array(list) && !is_free_list(key))
        json_array_append(list, json_array_get(list, 0));
    else
        json_object_del(object, key);
}

static void shorten(json_t *object, const char *key) {
    json_t *list = json_object_get(object, key);
    if (json_is_array(list) && !is_free_list(key))
        json_array_remove(list, 0);
    else
        json_object_del(object, key);
}

static void spoil_an_element(json_t *object, const char *key) {
    json_t *list = json_object_get(object, key);
    if (json_is_array(list))
        json_array_set_new(list, 0, json_true());
    else
        json_object_del(object, key);
}

/* Damages the key number `at` of the objects in `json`, counted through; -1 when it was done. */
static int damage_key(json_t *json, int at, damage how, char *name, size_t size) {
    const char *key;
    json_t *value;
    size_t i;
    json_t *element;
    json_object_foreach(json, key, value) {
        if (at-- == 0) {
            snprintf(name, size, "%s", key);
            how(json, name);
            return -1;
        }
        json_array_foreach(value, i, element) {
            if (json_is_object(element)) at = damage_key(element, at, how, name, size);
            if (at < 0) return -1;
        }
    }
    return at;
}

/* Files from before there were these keys open. */
static bool is_optional(const char *key) {
    return !strcmp(key, "split") || !strcmp(key, "scene") || !strcmp(key, "row_names") ||
           !strcmp(key, "seed_low") || !strcmp(key, "seed_high") || !strcmp(key, "note");
}

static void every_key_is_checked(void **state) {
    (void)state;
    static const damage ways[] = {leave_out, give_wrong_type, lengthen, shorten, spoil_an_element};
    for (int kind = 0; kind < SX_RESULT_KINDS; kind++)
        for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++)
            for (int at = 0;; at++) {
                char name[64] = "", what[128];
                json_t *json = make_json(kind);
                bool done = damage_key(json, at, ways[way], name, sizeof name) < 0;
                snprintf(what, sizeof what, "%s, way %zu, key %s",
                         sx_result_kind_name((sx_result_kind)kind), way, name);
                bool may_miss = is_optional(name) && !json_object_get(json, name);
                if (done && !may_miss) assert_refused(json, what);
                json_decref(json);
                if (!done) {
                    assert_true(at >= 8);
                    break;
                }
            }
}

/* `key` of the example gets the value of `json` text. */
static void refuse_with(int kind, const char *key, const char *value) {
    json_t *json = make_json(kind);
    json_object_set_new(json, key, json_loads(value, JSON_DECODE_ANY, NULL));
    assert_refused(json, value);
    json_decref(json);
}

static void hostile_names_are_refused(void **state) {
    (void)state;
    static const char *const names[] = {
        "\"\"",
        "\"../../etc\"",
        "\"a/b\"",
        "\"Upper\"",
        "\"a.b\"",
        "\"with space\"",
        "\"\\u001b[2J\"",
        "\"\\u00e9\"",
        "null",
        "7",
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", /* 48 */
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        refuse_with(SX_RESULT_GRID, "name", names[i]);
    json_t *json = make_json(SX_RESULT_GRID);
    json_object_set_new(json, "name",
                        json_string("a0-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
    sx_result *longest = sx_result_from_json(json, NULL);
    assert_non_null(longest);
    assert_int_equal(strlen(longest->name), 47);
    sx_result_release(longest);
    json_decref(json);
}

static void impossible_values_are_refused(void **state) {
    (void)state;
    static const struct {
        int kind;
        const char *key, *value;
    } cases[] = {
        {SX_RESULT_GRID, "format", "2"},
        {SX_RESULT_GRID, "format", "1.0"},
        {SX_RESULT_GRID, "format", "\"1\""},
        {SX_RESULT_GRID, "kind", "\"pie\""},
        {SX_RESULT_GRID, "kind", "\"series\""},
        {SX_RESULT_GRID, "step", "-2"},
        {SX_RESULT_GRID, "step", "1.5"},
        {SX_RESULT_GRID, "row_values", "[]"},
        {SX_RESULT_GRID, "row_names", "[\"one\"]"},
        {SX_RESULT_GRID, "column_names", "[\"a\", \"b\", 3]"},
        {SX_RESULT_GRID, "column_names", "{}"},
        {SX_RESULT_GRID, "split", "2"},
        {SX_RESULT_POINTS, "group", "[1, 1.5]"},
        {SX_RESULT_POINTS, "group", "[1, null]"},
        {SX_RESULT_POINTS, "group", "[1, 2147483648]"},
        {SX_RESULT_HISTOGRAM, "edges", "[]"},
        {SX_RESULT_TABLE, "rows", "9223372036854775807"},
        {SX_RESULT_TABLE, "rows", "-2"},
        {SX_RESULT_TABLE, "rows", "1"},
        {SX_RESULT_IMAGES, "height", "0"},
        {SX_RESULT_IMAGES, "height", "2"},
        {SX_RESULT_IMAGES, "width", "4294967297"},
        {SX_RESULT_IMAGES, "width", "9223372036854775807"},
        {SX_RESULT_IMAGES, "channels", "5"},
        {SX_RESULT_IMAGES, "channels", "-1"},
        {SX_RESULT_IMAGES, "pixels", "\"AP8HgAAA\""},
        {SX_RESULT_IMAGES, "pixels", "\"AP8H*A==\""},
        {SX_RESULT_IMAGES, "pixels", "\"\""},
        {SX_RESULT_IMAGES, "captions", "[]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse_with(cases[i].kind, cases[i].key, cases[i].value);
    json_t *list = json_array();
    assert_refused(list, "a list");
    assert_refused(NULL, "nothing");
    json_decref(list);
}

static void too_many_parts_are_refused(void **state) {
    (void)state;
    static const struct {
        int kind;
        const char *key;
    } lists[] = {
        {SX_RESULT_SERIES, "lines"}, {SX_RESULT_TABLE, "columns"}, {SX_RESULT_CLAIMS, "claims"}};
    for (size_t i = 0; i < 3; i++) {
        json_t *json = make_json(lists[i].kind);
        json_t *list = json_object_get(json, lists[i].key);
        while (json_array_size(list) < 1001) json_array_append(list, json_array_get(list, 0));
        assert_refused(json, lists[i].key);
        json_decref(json);
    }
}

/* 6.7 TB of pixels that are not there: refused before anything is allocated for them. */
static void sizes_are_checked_before_memory_is_asked_for(void **state) {
    (void)state;
    json_t *json = make_json(SX_RESULT_IMAGES);
    json_t *captions = json_object_get(json, "captions");
    while (json_array_size(captions) < 100000)
        json_array_append(captions, json_array_get(captions, 0));
    json_object_set_new(json, "height", json_integer(4096));
    json_object_set_new(json, "width", json_integer(4096));
    json_object_set_new(json, "channels", json_integer(4));
    assert_refused(json, "huge pictures");
    json_decref(json);
}

static void a_grid_has_cells(void **state) {
    (void)state;
    static const char *const keys[] = {"row_values", "values", "low", "high"};
    json_t *json = make_json(SX_RESULT_GRID);
    for (size_t i = 0; i < 4; i++) json_object_set_new(json, keys[i], json_array());
    assert_refused(json, "no rows");
    json_decref(json);
}

static void a_sentence_names_result_and_key(void **state) {
    (void)state;
    sx_error err = {0};
    json_t *json = make_json(SX_RESULT_HISTOGRAM);
    json_object_del(json, "edges");
    assert_null(sx_result_from_json(json, &err));
    assert_non_null(strstr(err.message, "weights-1"));
    assert_non_null(strstr(err.message, "edges"));
    json_decref(json);
}

static void texts_from_files_are_safe_to_show(void **state) {
    (void)state;
    json_t *json = make_json(SX_RESULT_TABLE);
    json_object_set_new(json, "title", json_string("a\x1b[31m"));
    json_t *column = json_array_get(json_object_get(json, "columns"), 0);
    json_array_set_new(json_object_get(column, "texts"), 0, json_string("b\x07"));
    sx_result *result = sx_result_from_json(json, NULL);
    assert_string_equal(result->title, "a?[31m");
    assert_string_equal(result->table.columns[0].texts[0], "b?");
    sx_result_release(result);
    json_decref(json);
    json = make_json(SX_RESULT_GRID);
    json_array_set_new(json_object_get(json, "row_names"), 0, json_string("c\x1b]0;d"));
    json_object_set_new(json, "scene", json_string("e\n"));
    result = sx_result_from_json(json, NULL);
    assert_string_equal(result->grid.row_names[0], "c?]0;d");
    assert_string_equal(result->scene, "e?");
    sx_result_release(result);
    json_decref(json);
}

/* What older versions wrote: only titles say on what was measured. */
static void files_without_these_keys_open_as_before(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"Accuracy by location, area 0.2, test objects", "test"},
        {"Accuracy by location, area 0.2, validation objects", ""},
        {"Anything", ""}};
    json_t *whole = make_json(SX_RESULT_GRID);
    sx_result *now = sx_result_from_json(whole, NULL);
    assert_string_equal(now->split, "test");
    assert_string_equal(now->scene, "posed(area=0.2)");
    assert_string_equal(now->grid.row_names[1], "T-shirt, top");
    sx_result_release(now);
    json_decref(whole);
    for (size_t i = 0; i < 3; i++) {
        json_t *json = make_json(SX_RESULT_GRID);
        json_object_del(json, "split");
        json_object_del(json, "scene");
        json_object_del(json, "row_names");
        json_object_set_new(json, "title", json_string(cases[i][0]));
        sx_result *result = sx_result_from_json(json, NULL);
        assert_non_null(result);
        assert_string_equal(result->split, cases[i][1]);
        assert_string_equal(result->scene, "");
        assert_null(result->grid.row_names);
        assert_null(result->grid.column_names);
        sx_result_release(result);
        json_decref(json);
    }
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void csv_has_every_number(void **state) {
    (void)state;
    static const char *const expected[SX_RESULT_KINDS] = {
        "step,\"loss, smoothed\",\"loss, smoothed_low\",\"loss, smoothed_high\","
        "\"loss, smoothed_count\",test\n"
        "0,0.3333333333333333,0.1,1e-300,,\n"
        "10,0.25,0.1,1e-300,,-2\n"
        "20,0.2,0.1,1e-300,12,\n",
        "y,y_name,column,value,low,high\n"
        "-1,'=1+1,0,0,,\n-1,'=1+1,4,0.125,0.01,0.5\n-1,'=1+1,8,0.25,,\n"
        "0,\"T-shirt, top\",0,0.375,,\n0,\"T-shirt, top\",4,0.5,,\n"
        "0,\"T-shirt, top\",8,0.625,,\n",
        "x,second,group\n0.5,,-1\n,-0.25,2147483647\n",
        "weight_from,weight_to,count\n-1.5,-0.5,7\n-0.5,0.5,9\n",
        "class,accuracy\n'=1+1,\n\"cat \"\"tabby\"\"\",0.875\n",
        "image,caption\n0,first\n1,second\n",
        "claim,origin,bound,threshold,measured,low,high,seed_low,seed_high,verdict,reason\n"
        "drops,abstract,>= 0.15,0.15,0.25,0.2,0.3,0.1,0.4,holds,\n"
        "unmeasured,,,,,,,,,undecided,too few images\n",
    };
    for (int kind = 0; kind < SX_RESULT_KINDS; kind++) {
        sx_result *result = make(kind);
        sx_text csv = {0};
        sx_result_csv(result, &csv);
        assert_false(csv.failed);
        assert_string_equal(csv.data, expected[kind]);
        sx_text_done(&csv);
        sx_result_release(result);
    }
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void verdicts_follow_from_bound_and_interval(void **state) {
    (void)state;
    static const struct {
        double threshold, low, high;
        bool at_least;
        sx_verdict verdict;
    } cases[] = {
        {0.5, 0.6, 0.7, true, SX_VERDICT_HOLDS},
        {0.5, 0.5, 0.7, true, SX_VERDICT_HOLDS}, /* the bound itself satisfies it */
        {0.5, 0.4, 0.7, true, SX_VERDICT_UNDECIDED},
        {0.5, 0.4, 0.5, true, SX_VERDICT_UNDECIDED},
        {0.5, 0.3, 0.4, true, SX_VERDICT_FAILS},
        {0.5, 0.6, 0.7, false, SX_VERDICT_FAILS},
        {0.5, 0.5, 0.7, false, SX_VERDICT_UNDECIDED},
        {0.5, 0.3, 0.5, false, SX_VERDICT_HOLDS},
        {0.5, NAN, 0.7, true, SX_VERDICT_UNDECIDED},
        {0.5, 0.6, NAN, true, SX_VERDICT_UNDECIDED},
        {0.5, NAN, 0.2, true, SX_VERDICT_UNDECIDED},
        {0.5, 0.6, NAN, false, SX_VERDICT_UNDECIDED},
        {NAN, 0.6, 0.7, true, SX_VERDICT_UNDECIDED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sx_claim claim = {.threshold = cases[i].threshold,
                          .low = cases[i].low,
                          .high = cases[i].high,
                          .at_least = cases[i].at_least};
        if (sx_claim_decide(&claim) != cases[i].verdict) fail_msg("case %zu", i);
    }
}

static void names_are_those_of_the_files(void **state) {
    (void)state;
    static const char *const kinds[] = {"series", "grid",   "points", "histogram",
                                        "table",  "images", "claims"};
    for (int kind = 0; kind < SX_RESULT_KINDS; kind++)
        assert_string_equal(sx_result_kind_name((sx_result_kind)kind), kinds[kind]);
    assert_string_equal(sx_verdict_name(SX_VERDICT_HOLDS), "holds");
    assert_string_equal(sx_verdict_name(SX_VERDICT_FAILS), "fails");
    assert_string_equal(sx_verdict_name(SX_VERDICT_UNDECIDED), "undecided");
}

/* ---- base64 ---------------------------------------------------------------------------------- */

/* The examples of RFC 4648, section 10. */
static void base64_is_the_standard(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < 7; i++) {
        char *text = sx_base64_encode((const uint8_t *)pairs[i][0], i);
        uint8_t back[8] = {0};
        assert_string_equal(text, pairs[i][1]);
        assert_true(sx_base64_decode(text, back, i));
        assert_memory_equal(back, pairs[i][0], i);
        sx_free(text);
    }
}

static void base64_keeps_every_byte(void **state) {
    (void)state;
    uint8_t bytes[256], back[256];
    for (int i = 0; i < 256; i++) bytes[i] = (uint8_t)i;
    for (size_t size = 250; size <= 256; size++) {
        char *text = sx_base64_encode(bytes, size);
        assert_true(sx_base64_decode(text, back, size));
        assert_memory_equal(bytes, back, size);
        sx_free(text);
    }
}

static void base64_of_another_form_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {{"Zm9v", 2},   {"Zm9v", 4}, {"Zm8=", 1}, {"Zm8=", 3},
                 {"Zg==", 2},   {"Zh==", 1}, {"Zm9=", 2}, {"Z===", 1},
                 {"=m9v", 3},   {"Zm-v", 3}, {"Zm_v", 3}, {"Zm v", 3},
                 {"Zm9v\n", 3}, {"Zg=A", 1}, {"ZgA=", 1}, {"\xc3\xa9Zm", 3}};
    uint8_t out[8];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (sx_base64_decode(cases[i].text, out, cases[i].size)) fail_msg("%s", cases[i].text);
}

/* ---- memory and owners ----------------------------------------------------------------------- */

static void what_was_not_filled_is_unknown(void **state) {
    (void)state;
    sx_result *r = sx_result_new(SX_RESULT_GRID, "empty", "");
    assert_true(sx_grid_alloc(r, 2, 2));
    for (int i = 0; i < 4; i++)
        assert_true(isnan(r->grid.values[i]) && isnan(r->grid.low[i]) && isnan(r->grid.high[i]) &&
                    isnan(r->grid.count[i]));
    assert_true(isnan(r->grid.row_values[1]) && isnan(r->grid.column_values[0]));
    sx_result_release(r);
    r = sx_result_new(SX_RESULT_CLAIMS, "empty", "");
    assert_true(sx_claims_alloc(r, 1));
    assert_true(isnan(r->claims.claims[0].measured) && isnan(r->claims.claims[0].low));
    assert_int_equal(r->claims.claims[0].verdict, SX_VERDICT_UNDECIDED);
    sx_result_release(r);
    sx_result_release(NULL);
}

static void texts_are_as_long_as_they_are(void **state) {
    (void)state;
    sx_result *r = sx_result_new(SX_RESULT_TABLE, "texts", "");
    const char *text = sx_result_text(r, "%0700d|%s", 5, "end");
    assert_int_equal(strlen(text), 704);
    assert_string_equal(text + 699, "5|end");
    sx_result_release(r);
}

static void *keep_and_release(void *argument) {
    const sx_result *result = argument;
    double sum = 0;
    for (int i = 0; i < 2000; i++) {
        const sx_result *mine = sx_result_keep(result);
        sum += mine->series.x[1];
        sx_result_release(mine);
    }
    sx_result_release(result);
    return sum == 20000 ? NULL : argument;
}

static void any_thread_may_own_a_result(void **state) {
    (void)state;
    pthread_t threads[4];
    sx_result *result = make(SX_RESULT_SERIES);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, keep_and_release, sx_result_keep(result));
    sx_result_release(result);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

static sx_status read_json(void *context, sx_error *err) {
    sx_result *result = sx_result_from_json(context, err);
    sx_result_release(result);
    return result ? SX_OK : err->status;
}

static sx_status write_json(void *context, sx_error *err) {
    json_t *json = sx_result_to_json(context, err);
    json_decref(json);
    return json ? SX_OK : err->status;
}

static sx_status write_csv(void *context, sx_error *err) {
    sx_text text = {0};
    sx_result_csv(context, &text);
    bool failed = text.failed;
    sx_text_done(&text);
    return failed ? sx_fail(err, SX_NO_MEMORY, "no memory for a text") : SX_OK;
}

static sx_status allocate_all(void *context, sx_error *err) {
    (void)context;
    sx_result *r = sx_result_new(SX_RESULT_TABLE, "a", "b");
    bool good = r && sx_series_alloc(r, 3, 2, true) && sx_grid_alloc(r, 2, 2) &&
                sx_table_alloc(r, 3, 2) && sx_claims_alloc(r, 2) && sx_result_text(r, "c");
    sx_result_release(r);
    return good ? SX_OK : sx_fail(err, SX_NO_MEMORY, "no memory");
}

static void memory_can_run_out(void **state) {
    (void)state;
    assert_true(fail_every_allocation(allocate_all, NULL) > 1);
    for (int kind = 0; kind < SX_RESULT_KINDS; kind++) {
        json_t *json = make_json(kind);
        sx_result *result = make(kind);
        assert_true(fail_every_allocation(read_json, json) >= 2);
        assert_true(fail_every_allocation(write_csv, result) > 0);
        assert_true(fail_every_allocation(write_json, result) > 2);
        assert_true(fail_every_json_allocation(write_json, result) > 8);
        json_decref(json);
        sx_result_release(result);
    }
}

/* More than a block of the arena, so that reading asks for memory in its middle. */
static void memory_can_run_out_in_large_results(void **state) {
    (void)state;
    static const struct {
        int kind;
        const char *key;
        size_t count;
    } lists[] = {{SX_RESULT_SERIES, "lines", 900},
                 {SX_RESULT_TABLE, "columns", 900},
                 {SX_RESULT_CLAIMS, "claims", 900}};
    for (size_t i = 0; i < 3; i++) {
        json_t *json = make_json(lists[i].kind);
        json_t *list = json_object_get(json, lists[i].key);
        while (json_array_size(list) < lists[i].count)
            json_array_append(list, json_array_get(list, 0));
        assert_true(fail_every_allocation(read_json, json) > 2);
        json_decref(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back_from_json),
        cmocka_unit_test(numbers_keep_their_bits),
        cmocka_unit_test(pictures_and_verdicts_come_back),
        cmocka_unit_test(every_key_is_checked),
        cmocka_unit_test(hostile_names_are_refused),
        cmocka_unit_test(impossible_values_are_refused),
        cmocka_unit_test(too_many_parts_are_refused),
        cmocka_unit_test(sizes_are_checked_before_memory_is_asked_for),
        cmocka_unit_test(a_grid_has_cells),
        cmocka_unit_test(a_sentence_names_result_and_key),
        cmocka_unit_test(texts_from_files_are_safe_to_show),
        cmocka_unit_test(files_without_these_keys_open_as_before),
        cmocka_unit_test(csv_has_every_number),
        cmocka_unit_test(verdicts_follow_from_bound_and_interval),
        cmocka_unit_test(names_are_those_of_the_files),
        cmocka_unit_test(base64_is_the_standard),
        cmocka_unit_test(base64_keeps_every_byte),
        cmocka_unit_test(base64_of_another_form_is_refused),
        cmocka_unit_test(what_was_not_filled_is_unknown),
        cmocka_unit_test(texts_are_as_long_as_they_are),
        cmocka_unit_test(any_thread_may_own_a_result),
        cmocka_unit_test(memory_can_run_out),
        cmocka_unit_test(memory_can_run_out_in_large_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
