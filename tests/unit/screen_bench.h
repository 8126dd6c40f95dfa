/* A workbench screen on a canvas with hand-made snapshots and a probe that answers by a formula:
 * what tests of pages press, see and read. */
#ifndef SX_TESTS_SCREEN_BENCH_H
#define SX_TESTS_SCREEN_BENCH_H

#include "tests/unit/sample_inside.h"
#include "tests/unit/sample_snapshot.h"

#include "views/pane/pane.h"

static const sx_look __attribute__((unused)) full = {256, true, false}, eight = {8, true, false},
                                             plain = {0, true, false}, ascii = {0, false, false};

/* ---- a screen with a snapshot, and what it sent -----------------------------------------------
 */

typedef struct {
    sx_screen *screen;
    sample moment;
    sx_canvas canvas;
    sx_command_kind sent[64];
    double values[64];
    int count;
    int asked;      /* scenes shown to the probe; -1: it was told that no more come */
    sx_start begun; /* the last job that was wanted; how many were */
    int starts;
    sx_answer answer;
    bool plain_network; /* it has no attention */
    char refuses[96];   /* the network that cannot be asked */
    uint8_t pixels[SX_SHEET_PICTURES * 64 * 64 * 3];
    float probabilities[32];
    float sweep[SX_PROBE_POINTS * 32];
    uint8_t tiles[SX_PROBE_POINTS * SX_PROBE_TILE * SX_PROBE_TILE * 3];
} bench;

static void note(void *user, sx_command_kind kind, double value) {
    bench *b = user;
    if (b->count == 64) b->count = 0;
    b->sent[b->count] = kind;
    b->values[b->count++] = value;
}

static sx_status begin(void *user, const sx_start *start, sx_error *err) {
    bench *b = user;
    (void)err;
    b->begun = *start;
    b->starts++;
    return SX_OK;
}

/* Along the factor the true class has 0.5 + 0.4 cos(i / 3), and the others shares of the rest that
 * change places. */
static void reply_to_walk(bench *b) {
    sx_probe_answer *known = &b->answer.known;
    int size = known->tile * known->tile * 3;
    known->sweep = b->sweep;
    known->tiles = b->tiles;
    for (int i = 0; i < SX_PROBE_POINTS; i++) {
        double sum = 0, share[32];
        known->curve_x[i] =
            known->along == SX_ALONG_ROTATION ? -180 + 15 * i : fmax(i / 24.0, 0.01);
        known->curve[i] = 0.5 + 0.4 * cos(i / 3.0);
        for (int c = 0; c < known->classes; c++) {
            share[c] = c == known->label ? 0 : exp(1.5 * cos(i / 5.0 + 2 * c));
            sum += share[c];
        }
        for (int c = 0; c < known->classes; c++) {
            double p = c == known->label ? known->curve[i] : (1 - known->curve[i]) * share[c] / sum;
            b->sweep[i * known->classes + c] = (float)p;
        }
        sx_scene scene = known->scene;
        scene.pose = sx_along_pose(scene.pose, known->along, known->curve_x[i]);
        assert_int_equal(sx_view_scene(b->moment.snapshot.data->view, &scene,
                                       b->tiles + (ptrdiff_t)i * size, NULL),
                         SX_OK);
    }
}

static void reply_to_scene(bench *b, const sx_question *question) {
    const sx_study_data *data = b->moment.snapshot.data;
    const sx_scene *scene = &question->scene;
    sx_probe_answer *known = &b->answer.known;
    int label = sx_source_label(data->source, scene->split, scene->item);
    *known = (sx_probe_answer){.scene = *scene,
                               .along = question->along,
                               .step = 1200,
                               .size = sx_view_size(data->view),
                               .classes = sx_source_describe(data->source)->classes,
                               .label = label,
                               .tile = sx_view_size(data->view),
                               .pixels = b->pixels,
                               .probabilities = b->probabilities};
    assert_true(known->classes <= 32);
    assert_int_equal(sx_view_scene(data->view, scene, b->pixels, NULL), SX_OK);
    for (int c = 0; c < known->classes; c++)
        b->probabilities[c] = c == label ? 0.55f : 0.45f / (float)(known->classes - 1);
    if (!question->inside.parts && !question->nearby) reply_to_walk(b);
}

/* Every third is wrong; the likeliest come first. */
static void reply_to_sheet(bench *b, const sx_question *question) {
    const sx_study_data *data = b->moment.snapshot.data;
    sx_sheet *sheet = &b->answer.sheet;
    *sheet = (sx_sheet){.split = question->scene.split,
                        .pose = question->scene.pose,
                        .count = question->pictures,
                        .size = sx_view_size(data->view),
                        .step = 1200,
                        .pixels = b->pixels};
    for (int i = 0; i < sheet->count; i++) {
        sx_sheet_entry *entry = &sheet->entries[i];
        uint8_t *pixels = b->pixels + (size_t)(i * sheet->size * sheet->size * 3);
        assert_int_equal(sx_view_posed(data->view, sheet->split, (uint64_t)i, sheet->pose, pixels,
                                       &entry->label, NULL),
                         SX_OK);
        entry->item = sx_view_pair_item(data->view, sheet->split, (uint64_t)i);
        entry->background = (uint64_t)i;
        entry->p_true = 0.9 - i * 0.01;
        entry->confidence = 0.9;
        entry->prediction = i % 3 ? entry->label : (entry->label + 1) % 8;
    }
}

/* The inside of a small vision transformer, or, where `plain_network` is set, of a network without
 * attention. */
static void reply_to_inside(bench *b, const sx_question *question) {
    const sx_study_data *data = b->moment.snapshot.data;
    const sx_scene *scene = &question->scene;
    b->answer.inside = question->inside;
    b->answer.known.scene = *scene;
    b->answer.known.step = 1200;
    if (question->inside.plain)
        assert_int_equal(sx_view_image(data->view, scene->split, scene->item, b->pixels, NULL),
                         SX_OK);
    else
        assert_int_equal(sx_view_scene(data->view, scene, b->pixels, NULL), SX_OK);
    sample_inside picture = {b->pixels, sx_view_size(data->view), b->plain_network};
    b->answer.result_count = sample_inside_make(&picture, &question->inside, b->answer.results);
}

/* Maps of 33 x 33 places that grow to the right, and waver with the patches of 8 pixels. */
static void reply_to_nearby(bench *b, const sx_question *question) {
    static const char *const names[2] = {"nearby", "nearby-accuracy"};
    enum { SIDE = 33, PATCH = 8 };
    b->answer.nearby = true;
    for (int which = 0; which < 2; which++) {
        sx_result *r = sample_map(names[which],
                                  which ? "Accuracy by the object's centre"
                                        : "Probability of disc by its centre",
                                  SIDE, 0, 0);
        r->scene =
            sx_result_text(r, "posed(area=%g, rotation=%g, patch=%d)", question->scene.pose.area,
                           question->scene.pose.rotation, b->plain_network ? 0 : PATCH);
        for (int i = 0; i < SIDE * SIDE; i++) {
            int x = i % SIDE, y = i / SIDE;
            r->grid.row_values[y] = y;
            r->grid.column_values[x] = x;
            r->grid.values[i] = 0.2 + 0.02 * x + 0.1 * cos(x * 6.283 / PATCH) * (which + 1);
            r->grid.count[i] = 30;
        }
        b->answer.results[b->answer.result_count++] = r;
    }
}

static void drop_inside(sx_answer *answer) {
    for (size_t i = 0; i < answer->result_count; i++) sx_result_release(answer->results[i]);
    answer->result_count = 0;
    answer->inside = (sx_inside_question){0};
    answer->nearby = false;
}

/* A probe that answers at once, by a formula. */
static void reply(void *user, const sx_question *question) {
    bench *b = user;
    b->asked = question ? b->asked + 1 : -1;
    if (!question) return;
    assert_true(sx_view_size(b->moment.snapshot.data->view) <= 64);
    b->answer.sheet.count = 0;
    drop_inside(&b->answer);
    if (question->pictures > 0)
        reply_to_sheet(b, question);
    else if (!question->inside.parts || question->inside.beside)
        reply_to_scene(b, question);
    if (question->inside.parts) reply_to_inside(b, question);
    if (question->nearby) reply_to_nearby(b, question);
    b->answer.version++;
    b->answer.whole = true;
    sx_text_set(b->answer.network, sizeof b->answer.network, question->network);
    bool refused = b->refuses[0] && !strcmp(question->network, b->refuses);
    sx_text_set(b->answer.problem, sizeof b->answer.problem, refused ? "no such network" : "");
    sx_screen_answer(b->screen, &b->answer);
}

static void show(bench *b, sx_state state) {
    sample before = b->moment;
    sample_new(&b->moment, state);
    sx_screen_update(b->screen, &b->moment.snapshot);
    sample_done(&before);
}

static void draw(bench *b, int width, int height, sx_look look) {
    assert_int_equal(sx_canvas_resize(&b->canvas, width, height, look, NULL), SX_OK);
    sx_screen_draw(b->screen, &b->canvas);
}

/* `seconds` as sx_screen_options.picture_seconds. */
static inline bench *bench_new_timed(sx_state state, double seconds) {
    bench *b = sx_alloc(1, sizeof *b);
    sx_error err = {0};
    assert_non_null(b);
    sx_screen_options options = {
        .user = b, .send = note, .ask = reply, .start = begin, .picture_seconds = seconds};
    b->screen = sx_screen_new(&options, &err);
    if (!b->screen) fail_msg("%s", err.message);
    show(b, state);
    draw(b, 80, 24, full);
    return b;
}

static inline bench *bench_new(sx_state state) {
    return bench_new_timed(state, 0);
}

static void bench_free(bench *b) {
    sx_screen_free(b->screen);
    drop_inside(&b->answer);
    sample_done(&b->moment);
    sx_canvas_done(&b->canvas);
    sx_free(b);
}

/* Presses keys, drawing after each, as a person would see it. */
static inline void press(bench *b, const char *keys) {
    char copy[256], *rest;
    snprintf(copy, sizeof copy, "%s", keys);
    for (char *key = strtok_r(copy, " ", &rest); key; key = strtok_r(NULL, " ", &rest)) {
        if (!sx_key_known(key)) fail_msg("no key '%s'", key);
        sx_screen_key(b->screen, key);
        draw(b, b->canvas.width, b->canvas.height, b->canvas.look);
    }
}

static inline bool seen(const bench *b, const char *text) {
    sx_text all = {0};
    sx_canvas_to_text(&b->canvas, &all);
    bool found = strstr(all.data, text) != NULL;
    sx_text_done(&all);
    return found;
}
static inline void expect_seen(const bench *b, const char *text) {
    sx_text all = {0};
    sx_canvas_to_text(&b->canvas, &all);
    if (!strstr(all.data, text)) fail_msg("'%s' is not on the screen:\n%s", text, all.data);
    sx_text_done(&all);
}

/* A text or number of the state, by "pane.field" or "field". */
static inline void expect_state(const bench *b, const char *path, const char *expected) {
    json_t *state = sx_screen_state(b->screen), *at = state;
    char copy[64], *rest, *got = NULL;
    assert_non_null(state);
    snprintf(copy, sizeof copy, "%s", path);
    for (char *key = strtok_r(copy, ".", &rest); key; key = strtok_r(NULL, ".", &rest))
        at = json_object_get(at, key);
    got = json_dumps(at, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    const char *text = json_is_string(at) ? json_string_value(at) : got ? got : "nothing";
    if (strcmp(text, expected) != 0) fail_msg("%s is %s, not %s", path, text, expected);
    free(got);
    json_decref(state);
}

#endif
