/* The robustness study end to end at small size: what it publishes, that bits do not depend on
 * threads, stops, resumes and live commands, and that claims are decided rightly. */
#include "tests/unit/failing.h"

#include "core/study/internal.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- a small study and what it publishes ---- */

static const char small_text[] = "[data]\nsource = shapes\nimage = 16\n"
                                 "[model]\nspec = cnn(width=4, depth=2)\n"
                                 "[train]\nsteps = 40\nbatch = 16\nschedule = cosine(warmup=5)\n"
                                 "validate_every = 20\nvalidate_items = 100\n"
                                 "[robustness]\nshare = 0.6\nimages_per_location = 4\n"
                                 "images_per_point = 8\n";

static void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.9g is not %.9g", value, expected);
}

typedef struct {
    char name[48];
    int64_t step;
    uint64_t hash;
} event;

enum { EVENTS = 400, NAMES = 21 };
typedef struct {
    event events[EVENTS];
    int count;
    const sx_result *last[NAMES]; /* newest of each name */
    int names;
    size_t live_pictures;   /* of all results of validation objects */
    const char *stop_after; /* a result's name */
    atomic_bool *stop;      /* that is set then */
} record;

typedef struct {
    sx_config config;
    sx_study_data *data;
    sx_pool *pool;
    atomic_bool stop;
    sx_study *study;
    record *seen;
} bench;

static void on_publish(void *user, sx_result *result) {
    record *r = user;
    sx_text text = {0};
    sx_text_add(&text, "%s\n", result->title);
    sx_result_csv(result, &text);
    assert_true(r->count < EVENTS);
    event *e = &r->events[r->count++];
    sx_text_set(e->name, sizeof e->name, result->name);
    e->step = result->step;
    e->hash = sx_hash_bytes(text.data, text.size);
    sx_text_done(&text);
    bool live = strcmp(result->split, "test") != 0;
    if (live && strcmp(result->name, "location") == 0)
        r->live_pictures += 121 * (size_t)result->grid.count[0];
    if (live && (strcmp(result->name, "rotation") == 0 || strcmp(result->name, "size") == 0))
        r->live_pictures += result->series.length * (size_t)result->series.lines[0].count[0];
    int i = 0;
    while (i < r->names && strcmp(r->last[i]->name, result->name) != 0) i++;
    assert_true(i < NAMES);
    if (i == r->names)
        r->names++;
    else
        sx_result_release(r->last[i]);
    r->last[i] = result;
    if (r->stop_after && strcmp(result->name, r->stop_after) == 0) atomic_store(r->stop, true);
}

static void record_done(record *r) {
    for (int i = 0; i < r->names; i++) sx_result_release(r->last[i]);
    *r = (record){0};
}

static const sx_result *last_of(const record *r, const char *name) {
    for (int i = 0; i < r->names; i++)
        if (strcmp(r->last[i]->name, name) == 0) return r->last[i];
    fail_msg("nothing was published as '%s'", name);
    return NULL;
}

static void make_study(bench *b) {
    sx_error err = {0};
    sx_study_context context = {
        .pool = b->pool, .stop = &b->stop, .user = b->seen, .publish = on_publish};
    b->study = sx_study_new(&b->config, b->data, &context, &err);
    if (!b->study) fail_msg("%s", err.message);
}

/* `more`: "section.key=value" or NULL; threads 0: no pool. */
static void bench_make(bench *b, const char *more, int threads, record *seen) {
    sx_error err = {0};
    *b = (bench){.seen = seen};
    atomic_init(&b->stop, false);
    assert_int_equal(sx_config_new(&b->config, &err), SX_OK);
    if (sx_config_parse(&b->config, "small.ini", small_text, NULL, &err) ||
        (more && sx_config_override(&b->config, more, &err)))
        fail_msg("%s", err.message);
    b->data = sx_study_data_new(&b->config, NULL, &err);
    assert_non_null(b->data);
    if (threads) b->pool = sx_pool_new(threads, &err);
    make_study(b);
}

static void bench_done(bench *b) {
    sx_study_free(b->study);
    sx_pool_free(b->pool);
    sx_study_data_release(b->data);
    sx_config_done(&b->config);
}

static sx_study_report advance(bench *b) {
    sx_error err = {0};
    sx_study_report report;
    if (sx_study_advance(b->study, &report, &err)) fail_msg("%s", err.message);
    return report;
}

static void advance_to_end(bench *b) {
    while (advance(b).phase != SX_PHASE_FINISHED) continue;
}

static uint64_t hash_of_parameters(const bench *b) {
    const sx_parameters *p = &b->study->model.parameters;
    return sx_hash_bytes(p->values, p->size * sizeof(float));
}

/* One run without anything special, for all tests to compare with. */
static record reference;
static uint64_t reference_parameters;

static int make_reference(void **state) {
    (void)state;
    bench b;
    bench_make(&b, NULL, 1, &reference);
    advance_to_end(&b);
    reference_parameters = hash_of_parameters(&b);
    bench_done(&b);
    return 0;
}

static int end_reference(void **state) {
    (void)state;
    record_done(&reference);
    return 0;
}

static bool same_event(const event *a, const event *b) {
    return strcmp(a->name, b->name) == 0 && a->step == b->step && a->hash == b->hash;
}

/* Events of the reference from `from` on that `seen` lacks, and of `seen` that the reference lacks;
 * both lists are walked in order. */
typedef struct {
    int missing, added;
} difference;
static difference compare(const record *seen, int from) {
    difference d = {0, 0};
    int at = from;
    for (int i = 0; i < seen->count; i++) {
        int found = at;
        while (found < reference.count && !same_event(&reference.events[found], &seen->events[i]))
            found++;
        if (found == reference.count) {
            d.added++;
            continue;
        }
        d.missing += found - at;
        at = found + 1;
    }
    d.missing += reference.count - at;
    return d;
}

static void assert_same_end(const record *seen) {
    for (int i = 0; i < seen->names; i++) {
        sx_text a = {0}, b = {0};
        const sx_result *expected = last_of(&reference, seen->last[i]->name);
        sx_result_csv(seen->last[i], &a);
        sx_result_csv(expected, &b);
        assert_string_equal(a.data, b.data);
        assert_int_equal(seen->last[i]->step, expected->step);
        sx_text_done(&a);
        sx_text_done(&b);
    }
}

/* ---- what is published ---- */

static void assert_names(const sx_table *table, const char *const *names, int count) {
    assert_int_equal(table->column_count, count);
    for (int i = 0; i < count; i++) assert_string_equal(table->columns[i].name, names[i]);
}

static void results_have_their_names_and_kinds(void **state) {
    (void)state;
    static const struct {
        const char *name;
        sx_result_kind kind;
    } rows[] = {{"training", SX_RESULT_SERIES},
                {"validation", SX_RESULT_SERIES},
                {"items", SX_RESULT_TABLE},
                {"location", SX_RESULT_GRID},
                {"confusion", SX_RESULT_GRID},
                {"rotation", SX_RESULT_SERIES},
                {"size", SX_RESULT_SERIES},
                {"risk-coverage", SX_RESULT_SERIES},
                {"reliability", SX_RESULT_SERIES},
                {"risk", SX_RESULT_TABLE},
                {"calibration", SX_RESULT_TABLE},
                {"summary", SX_RESULT_TABLE},
                {"claims", SX_RESULT_CLAIMS},
                {"model-cost", SX_RESULT_TABLE},
                {"outcomes-location", SX_RESULT_GRID},
                {"outcomes-size", SX_RESULT_GRID},
                {"outcomes-rotation", SX_RESULT_GRID},
                {"inside-size", SX_RESULT_GRID},
                {"inside-location", SX_RESULT_GRID},
                {"outcomes-test", SX_RESULT_TABLE},
                {"outcomes-pairs", SX_RESULT_TABLE}};
    assert_int_equal(reference.names, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const sx_result *r = last_of(&reference, rows[i].name);
        assert_int_equal(r->kind, rows[i].kind);
        assert_int_equal(r->step, 40);
        if (rows[i].kind != SX_RESULT_SERIES) continue;
        assert_true(r->series.x_label && r->series.y_label && r->series.length > 0);
        for (int l = 0; l < r->series.line_count; l++) assert_non_null(r->series.lines[l].name);
    }
}

/* What a title says for a person, the result says for programs. */
static void results_say_on_what_they_were_measured(void **state) {
    (void)state;
    const char *images = "center area=0.5"; /* as the data are composed by default */
    const char *const rows[][3] = {{"training", "train", images},
                                   {"validation", "validation", images},
                                   {"items", "validation", images},
                                   {"confusion", "validation", images},
                                   {"risk-coverage", "validation", images},
                                   {"reliability", "validation", images},
                                   {"calibration", "validation", images},
                                   {"location", "test", "posed(area=0.2)"},
                                   {"rotation", "test", "posed(area=0.5)"},
                                   {"size", "test", "posed"},
                                   {"outcomes-location", "test", "posed(area=0.2)"},
                                   {"outcomes-rotation", "test", "posed(area=0.5)"},
                                   {"outcomes-size", "test", "posed"},
                                   {"inside-location", "test", "posed(area=0.2)"},
                                   {"inside-size", "test", "posed"},
                                   {"outcomes-pairs", "test", "posed"},
                                   {"outcomes-test", "test", images},
                                   {"claims", "test", "posed"},
                                   {"summary", "", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const sx_result *r = last_of(&reference, rows[i][0]);
        assert_string_equal(r->split, rows[i][1]);
        assert_string_equal(r->scene, rows[i][2]);
    }
}

/* Rows are true classes by name; their counts and shares are those of the items. */
static void the_confusion_is_that_of_the_items(void **state) {
    (void)state;
    const sx_grid *g = &last_of(&reference, "confusion")->grid;
    const sx_column *items = last_of(&reference, "items")->table.columns;
    double counted = 0, right = 0, wrong = 0;
    assert_int_equal(g->rows, g->columns);
    for (int r = 0; r < g->rows; r++) {
        assert_true(strlen(g->row_names[r]) > 2);
        assert_string_equal(g->row_names[r], g->column_names[r]);
        double n = g->count[r * g->columns];
        counted += n;
        right += n > 0 ? n * g->values[r * g->columns + r] : 0;
    }
    for (size_t i = 0; i < 1200; i++) wrong += items[6].numbers[i];
    assert_true(counted == 1200);
    assert_near(right, 1200 - wrong, 1e-9);
}

static void series_have_their_lines(void **state) {
    (void)state;
    const sx_series *t = &last_of(&reference, "training")->series;
    static const char *const lines[] = {"loss", "accuracy", "learning rate", "gradient norm"};
    assert_int_equal(t->line_count, 4);
    assert_int_equal(t->length, 40);
    for (int i = 0; i < 4; i++) assert_string_equal(t->lines[i].name, lines[i]);
    for (int i = 0; i < 40; i++) assert_true(t->x[i] == i + 1);
    assert_true(t->lines[0].y[39] < t->lines[0].y[0]);

    const sx_series *v = &last_of(&reference, "validation")->series;
    assert_int_equal(v->length, 3); /* at 20, at 25, at the end */
    assert_true(v->x[0] == 20 && v->x[1] == 25 && v->x[2] == 40);

    const sx_series *c = &last_of(&reference, "risk-coverage")->series;
    static const char *const curves[] = {"max prob", "entropy", "margin", "oracle"};
    assert_int_equal(c->line_count, 4);
    assert_int_equal(c->length, 400);
    for (int i = 0; i < 4; i++) assert_string_equal(c->lines[i].name, curves[i]);
    double accuracy = last_of(&reference, "calibration")->table.columns[1].numbers[0];
    assert_true(c->x[399] == 1);
    for (int i = 0; i < 4; i++) assert_near(c->lines[i].y[399], 1 - accuracy, 1e-12);
    assert_near(v->lines[1].y[2], accuracy, 0);

    const sx_series *bins = &last_of(&reference, "reliability")->series;
    double counted = 0;
    for (size_t i = 0; i < bins->length; i++) counted += bins->lines[0].count[i];
    assert_true(counted == 1200);
}

static void tables_have_their_columns(void **state) {
    (void)state;
    static const char *const items[] = {"item",    "label",  "prediction", "confidence",
                                        "entropy", "margin", "wrong",      "loss"};
    static const char *const risk[] = {"measure",         "AURC",     "E-AURC", "AUGRC",
                                       "coverage at 2 %", "threshold"};
    static const char *const figures[] = {"figure", "value", "low", "high"};
    const sx_table *t = &last_of(&reference, "items")->table;
    assert_names(t, items, 8);
    assert_int_equal(t->rows, 1200); /* the whole split at the end */
    size_t wrong = 0;
    for (size_t i = 0; i < t->rows; i++) {
        bool differs = t->columns[1].numbers[i] != t->columns[2].numbers[i];
        assert_true(t->columns[0].numbers[i] == (double)i);
        assert_true(t->columns[6].numbers[i] == differs);
        wrong += differs;
    }
    const sx_table *summary = &last_of(&reference, "summary")->table;
    assert_names(summary, figures, 4);
    assert_string_equal(summary->columns[0].texts[0], "validation accuracy");
    assert_near(summary->columns[1].numbers[0], 1 - (double)wrong / 1200, 1e-12);
    assert_true(summary->columns[2].numbers[0] < summary->columns[1].numbers[0]);
    assert_string_equal(summary->columns[0].texts[1], "test accuracy");
    assert_true(summary->columns[1].numbers[1] > 0.05);
    assert_names(&last_of(&reference, "risk")->table, risk, 6);
    assert_names(&last_of(&reference, "calibration")->table, figures, 2);
}

static void maps_and_curves_say_what_they_rest_on(void **state) {
    (void)state;
    const sx_result *location = last_of(&reference, "location");
    const sx_grid *g = &location->grid;
    assert_string_equal(location->title, "Accuracy by location, area 0.2, test objects");
    assert_int_equal(g->rows, 11);
    assert_int_equal(g->columns, 11);
    assert_true(g->row_values[0] == 0 && g->column_values[10] == 1);
    assert_true(g->few == 30);
    for (int i = 0; i < 121; i++) {
        assert_true(g->count[i] == 4);
        assert_true(g->low[i] <= g->values[i] && g->values[i] <= g->high[i]);
    }
    static const char *const names[] = {"rotation", "size"};
    static const size_t lengths[] = {SX_GRID_ROTATIONS, SX_GRID_SIZES};
    for (int i = 0; i < 2; i++) {
        const sx_result *r = last_of(&reference, names[i]);
        assert_non_null(strstr(r->title, "test objects"));
        assert_int_equal(r->series.length, lengths[i]);
        assert_true(r->series.few == 200);
        assert_true(r->series.lines[0].count[0] == 8);
    }
}

/* The first map is there at once, later ones rest on more pictures until they have all; only the
 * last one shows test objects. Live validations take a subset with each class's share. */
static void measurements_grow(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    bench_make(&b, NULL, 0, &seen);
    double counts[64];
    int maps = 0;
    bool subset = false;
    for (sx_study_report r = advance(&b); r.phase == SX_PHASE_TRAINING; r = advance(&b)) {
        int before = maps;
        for (int i = 0; i < seen.count; i++) {
            if (strcmp(seen.events[i].name, "location") == 0 && maps < 64) {
                const sx_result *location = last_of(&seen, "location");
                if (maps == 0) assert_int_equal(location->step, 20);
                assert_non_null(strstr(location->title, "validation objects"));
                counts[maps++] = last_of(&seen, "rotation")->series.lines[0].count[0];
            }
            if (strcmp(seen.events[i].name, "items") != 0) continue;
            const sx_table *t = &last_of(&seen, "items")->table;
            int classes[10] = {0};
            assert_int_equal(t->rows, 100);
            for (int k = 0; k < 100; k++) classes[(int)t->columns[1].numbers[k]]++;
            for (int c = 0; c < 10; c++) assert_int_equal(classes[c], 10);
            subset = true;
        }
        assert_true(maps <= before + 1);
        seen.count = 0;
    }
    assert_true(subset);
    assert_true(maps >= 4);
    for (int i = 0; i < maps; i++) assert_true(counts[i] == (i < 3 ? 1 << i : 8));
    bench_done(&b);
    record_done(&seen);
}

/* ---- the same bits ---- */

/* The reference has one thread; other tests have two, or no pool at all. */
static void threads_do_not_matter(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    bench_make(&b, NULL, 4, &seen);
    advance_to_end(&b);
    difference d = compare(&seen, 0);
    assert_int_equal(d.missing, 0);
    assert_int_equal(d.added, 0);
    assert_true(hash_of_parameters(&b) == reference_parameters);
    bench_done(&b);
    record_done(&seen);
}

static void write_state(bench *b, const char *path) {
    sx_error err = {0};
    sx_study_state state;
    assert_int_equal(sx_study_save(b->study, &state, &err), SX_OK);
    if (sx_safetensors_write(path, state.tensors, state.count, state.metadata, state.metadata_count,
                             &err))
        fail_msg("%s", err.message);
}

static sx_status load_state(bench *b, const char *path, sx_error *err) {
    sx_safetensors file;
    sx_status status = sx_safetensors_read(path, 1 << 24, &file, err);
    if (status) fail_msg("%s", err->message);
    status = sx_study_load(b->study, &file, err);
    sx_safetensors_done(&file);
    return status;
}

/* Stops after `advances`, goes on in a new study. At most the sweep that was under way is missing:
 * one map and two curves; true if it was. */
static bool resume_after(int advances) {
    char path[] = "/tmp/sextant-study-XXXXXX";
    int handle = mkstemp(path);
    assert_true(handle >= 0);
    close(handle);
    record before = {0}, after = {0};
    bench b;
    bench_make(&b, NULL, 0, &before);
    sx_study_report report = {0};
    for (int i = 0; i < advances; i++) report = advance(&b);
    bool at_end = report.phase != SX_PHASE_TRAINING;
    write_state(&b, path);
    int published = before.count;
    sx_study_free(b.study);
    record_done(&before);
    b.seen = &after;
    make_study(&b);
    sx_error err = {0};
    if (load_state(&b, path, &err)) fail_msg("%s", err.message);
    advance_to_end(&b);
    unlink(path);
    if (at_end) /* the end begins again */
        while (published > 0 && reference.events[published - 1].step == 40 &&
               strcmp(reference.events[published - 1].name, "training") != 0)
            published--;
    difference d = compare(&after, published);
    assert_int_equal(d.added, 0);
    assert_true(d.missing == 0 || d.missing == 3);
    assert_same_end(&after);
    assert_true(hash_of_parameters(&b) == reference_parameters);
    bench_done(&b);
    record_done(&after);
    return d.missing == 3;
}

static void resumed_studies_go_on_to_the_same_bits(void **state) {
    (void)state;
    assert_false(resume_after(32)); /* between two sweeps */
    assert_true(resume_after(24));  /* in the middle of one, just after a validation */
    assert_true(resume_after(40));
    assert_false(resume_after(61)); /* in the middle of the last one */
}

/* A point of the training series is a mean over steps before and after the stop. */
static void points_span_a_resume(void **state) {
    (void)state;
    char path[] = "/tmp/sextant-study-XXXXXX";
    close(mkstemp(path));
    sx_text texts[2] = {{0}, {0}};
    for (int stopped = 0; stopped < 2; stopped++) {
        record seen = {0};
        sx_error err = {0};
        bench b;
        bench_make(&b, "robustness.share=0", 0, &seen);
        b.study->record_every = 7;
        while (advance(&b).step < 24) continue;
        if (stopped) {
            write_state(&b, path);
            sx_study_free(b.study);
            make_study(&b);
            b.study->record_every = 7;
            if (load_state(&b, path, &err)) fail_msg("%s", err.message);
        }
        while (advance(&b).phase == SX_PHASE_TRAINING) continue;
        assert_int_equal(last_of(&seen, "training")->series.length, 6);
        sx_result_csv(last_of(&seen, "training"), &texts[stopped]);
        bench_done(&b);
        record_done(&seen);
    }
    unlink(path);
    assert_string_equal(texts[0].data, texts[1].data);
    sx_text_done(&texts[0]);
    sx_text_done(&texts[1]);
}

static void foreign_states_are_refused(void **state) {
    (void)state;
    static const char *const others[][2] = {
        {"run.seed=1", "seed"},          {"model.spec=cnn(width=4, depth=1)", "model"},
        {"train.steps=41", "plan"},      {"train.batch=8", "plan"},
        {"data.image=24", "data"},       {"robustness.share=0.5", "plan"},
        {"train.optimizer=adam", "adam"}};
    char path[] = "/tmp/sextant-study-XXXXXX";
    close(mkstemp(path));
    record seen = {0};
    bench b;
    bench_make(&b, NULL, 0, &seen);
    for (int i = 0; i < 30; i++) advance(&b);
    write_state(&b, path);
    bench_done(&b);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        sx_error err = {0};
        bench_make(&b, others[i][0], 0, &seen);
        uint64_t before = hash_of_parameters(&b);
        assert_int_equal(load_state(&b, path, &err), SX_BAD_INPUT);
        if (!strstr(err.message, others[i][1])) fail_msg("%s: %s", others[i][0], err.message);
        assert_true(hash_of_parameters(&b) == before);
        bench_done(&b);
    }
    unlink(path);
    record_done(&seen);
}

/* Each row spoils one part of a good state. */
static void spoilt_states_are_refused(void **state) {
    (void)state;
    enum { PARTS = 9 };
    record seen = {0};
    bench b;
    bench_make(&b, NULL, 0, &seen);
    for (int i = 0; i < 30; i++) advance(&b);
    for (int part = 0; part < PARTS; part++) {
        char path[] = "/tmp/sextant-study-XXXXXX";
        close(mkstemp(path));
        sx_error err = {0};
        sx_study_state saved;
        sx_safetensor tensors[64];
        sx_metadata metadata[16];
        double turn[4];
        assert_int_equal(sx_study_save(b.study, &saved, &err), SX_OK);
        memcpy(tensors, saved.tensors, saved.count * sizeof *tensors);
        memcpy(metadata, saved.metadata, saved.metadata_count * sizeof *metadata);
        for (size_t i = 0; i < saved.count; i++) {
            if (strcmp(tensors[i].name, "study.turn") == 0) {
                memcpy(turn, tensors[i].values, sizeof turn);
                const double bad[PARTS] = {NAN, 4, 1e9, 7};
                if (part < 4) turn[part] = bad[part];
                tensors[i].values = turn;
            }
            if (part == 4 && strcmp(tensors[i].name, "study.sums") == 0)
                tensors[i].name = "study.sum";
            if (part == 5 && strcmp(tensors[i].name, "study.training") == 0)
                tensors[i].sizes[1] = tensors[i].sizes[0], tensors[i].sizes[0] = 5;
        }
        for (size_t i = 0; i < saved.metadata_count; i++) {
            if (part == 6 && strcmp(metadata[i].key, "step") == 0) metadata[i].value = "41";
            if (part == 7 && strcmp(metadata[i].key, "validated") == 0) metadata[i].value = "x";
            if (part == 8 && strcmp(metadata[i].key, "plan") == 0) metadata[i].key = "plans";
        }
        assert_int_equal(
            sx_safetensors_write(path, tensors, saved.count, metadata, saved.metadata_count, &err),
            SX_OK);
        sx_status status = load_state(&b, path, &err);
        unlink(path);
        if (status != SX_BAD_INPUT) fail_msg("part %d was taken", part);
        assert_non_null(strstr(err.message, "checkpoint"));
    }
    advance_to_end(&b); /* nothing was changed */
    difference d = compare(&seen, 0);
    assert_int_equal(d.missing + d.added, 0);
    bench_done(&b);
    record_done(&seen);
}

/* ---- stops and commands ---- */

/* The claims are the last unit of work, and of many pictures the longest: a stop is seen in the
 * middle of it, at the first bootstrap after `name`. */
static void stop_claims_after(const char *name, const char *never) {
    record seen = {0};
    bench b;
    sx_study_report report;
    sx_error err = {0};
    bench_make(&b, NULL, 2, &seen);
    do {
        report = advance(&b);
    } while (report.phase == SX_PHASE_TRAINING || report.phase_done < 5.0 / 6 - 1e-9);
    seen.stop_after = name;
    seen.stop = &b.stop;
    assert_int_equal(sx_study_advance(b.study, &report, &err), SX_CANCELLED);
    assert_int_equal(err.status, SX_CANCELLED);
    assert_int_equal(report.phase, SX_PHASE_MEASURING);
    for (int i = 0; i < seen.names; i++) assert_string_not_equal(seen.last[i]->name, never);
    seen.stop_after = NULL;
    atomic_store(&b.stop, false);
    assert_int_equal(advance(&b).phase, SX_PHASE_FINISHED);
    last_of(&seen, never);
    bench_done(&b);
    record_done(&seen);
}

static void claims_are_stopped_and_made_again(void **state) {
    (void)state;
    stop_claims_after("outcomes-test", "summary");
    stop_claims_after("model-cost", "claims");
}

static void *ask_to_stop(void *argument) {
    atomic_bool *stop = argument;
    for (int i = 0; i < 60; i++) {
        const struct timespec pause = {0, 1500000};
        nanosleep(&pause, NULL);
        atomic_store(stop, true);
    }
    return NULL;
}

/* Asked to stop at any moment, in the middle of a graph too: nothing half-done is kept. */
static void stops_leave_nothing_half_done(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    bench_make(&b, NULL, 2, &seen);
    sx_study_report report;
    sx_error err = {0};
    atomic_store(&b.stop, true);
    assert_int_equal(sx_study_advance(b.study, &report, &err), SX_CANCELLED);
    assert_int_equal(report.step, 0);
    assert_false(report.trained);
    atomic_store(&b.stop, false);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask_to_stop, &b.stop), 0);
    int stopped = 0;
    do {
        sx_status status = sx_study_advance(b.study, &report, &err);
        if (status == SX_CANCELLED)
            stopped++;
        else if (status)
            fail_msg("%s", err.message);
        atomic_store(&b.stop, false);
    } while (report.phase != SX_PHASE_FINISHED);
    pthread_join(thread, NULL);
    difference d = compare(&seen, 0);
    assert_int_equal(d.missing + d.added, 0);
    assert_true(hash_of_parameters(&b) == reference_parameters);
    bench_done(&b);
    record_done(&seen);
}

static void the_rate_can_be_scaled(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    sx_error err = {0};
    bench_make(&b, "train.schedule=constant", 0, &seen);
    double rate = advance(&b).learning_rate;
    assert_int_equal(sx_study_command(b.study, "scale", 0.5, &err), SX_OK);
    sx_study_report report = advance(&b);
    assert_near(report.learning_rate, rate / 2, 1e-12);
    assert_near(report.scale, 0.5, 0);
    static const double bad[] = {0, -1, NAN, INFINITY, 1e7, 1e-7};
    for (int i = 0; i < 6; i++)
        assert_int_equal(sx_study_command(b.study, "scale", bad[i], &err), SX_BAD_INPUT);
    assert_int_equal(sx_study_command(b.study, "scale", 1e5, &err), SX_OK);
    assert_int_equal(sx_study_command(b.study, "scale", 1e5, &err), SX_BAD_INPUT); /* in all */
    assert_int_equal(sx_study_command(b.study, "mesure", 1, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "did you mean 'measure'?"));
    bench_done(&b);
    record_done(&seen);
}

static void momentum_and_decay_are_turned(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    sx_error err = {0};
    bench_make(&b, "train.optimizer=adamw(lr=0.002, weight_decay=0.01)", 0, &seen);
    sx_study_report report = advance(&b);
    assert_near(report.momentum, 0.9, 0);
    assert_near(report.weight_decay, 0.01, 0);
    assert_int_equal(sx_study_command(b.study, "momentum", 0.5, &err), SX_OK);
    assert_int_equal(sx_study_command(b.study, "weight-decay", 0, &err), SX_OK);
    report = advance(&b);
    assert_near(report.momentum, 0.5, 0);
    assert_near(report.weight_decay, 0, 0);
    assert_int_equal(sx_study_command(b.study, "momentum", 1, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "beta1 of adamw is from 0 to 0.99"));
    assert_int_equal(sx_study_command(b.study, "weight-decay", NAN, &err), SX_BAD_INPUT);
    assert_int_equal(sx_study_command(b.study, "augment", 0, &err), SX_BAD_INPUT); /* has none */
    assert_int_equal(sx_study_check(&report, "momentum", 1, &err), SX_BAD_INPUT);  /* beforehand */
    assert_non_null(strstr(err.message, "beta1 of adamw is from 0 to 0.99"));
    assert_int_equal(sx_study_check(&report, "momentum", 0.7, &err), SX_OK);
    assert_int_equal(sx_study_check(&report, "augment", 0, &err), SX_BAD_INPUT);
    assert_int_equal(sx_study_check(&report, "batch", 1e9, &err), SX_BAD_INPUT);
    assert_int_equal(sx_study_check(&report, "bach", 8, &err), SX_BAD_INPUT);
    bench_done(&b);
    record_done(&seen);
}

/* With the knobs as they were from the start, the values of a step are the same: a knob does what
 * the option of its name does. */
static void a_knob_is_the_option_of_its_name(void **state) {
    (void)state;
    uint64_t hashes[2];
    for (int turned = 0; turned < 2; turned++) {
        record seen = {0};
        bench b;
        bench_make(&b,
                   turned ? "train.optimizer=sgd(momentum=0, weight_decay=0)"
                          : "train.optimizer=sgd(momentum=0.7, weight_decay=0.02)",
                   0, &seen);
        if (turned) {
            assert_int_equal(sx_study_command(b.study, "momentum", 0.7, NULL), SX_OK);
            assert_int_equal(sx_study_command(b.study, "weight-decay", 0.02, NULL), SX_OK);
        }
        while (advance(&b).step < 10) continue;
        hashes[turned] = hash_of_parameters(&b);
        bench_done(&b);
        record_done(&seen);
    }
    assert_true(hashes[0] == hashes[1]);
}

/* Runs with live commands at steps 3 and 4; stopped and gone on with after `stop` steps (0: not).
 */
static uint64_t run_with_commands(const char *more, const char *name, double value, int stop,
                                  int64_t *changed) {
    char path[] = "/tmp/sextant-study-XXXXXX";
    record seen = {0};
    bench b;
    sx_error err = {0};
    bench_make(&b, more, stop ? 2 : 0, &seen);
    sx_study_report report = {0};
    bool given = false;
    *changed = -1;
    close(mkstemp(path));
    while (report.step < 10) {
        if (report.step == 3 && !given) {
            given = true;
            if (sx_study_command(b.study, name, value, &err)) fail_msg("%s", err.message);
            assert_int_equal(sx_study_command(b.study, "momentum", 0.8, &err), SX_OK);
        }
        int batch = report.batch;
        report = advance(&b);
        if (batch && report.batch != batch) *changed = report.step;
        if (!stop || report.step != stop || !report.trained) continue;
        write_state(&b, path);
        sx_study_free(b.study);
        make_study(&b);
        if (load_state(&b, path, &err)) fail_msg("%s", err.message);
    }
    uint64_t hash = hash_of_parameters(&b);
    unlink(path);
    bench_done(&b);
    record_done(&seen);
    return hash;
}

/* Of 10,800 images, batches of 2,000 make epochs of 5.4 steps: the next size comes with step 7. */
static void batches_change_with_the_epoch(void **state) {
    (void)state;
    int64_t changed, again;
    uint64_t whole = run_with_commands("train.batch=2000", "batch", 300, 0, &changed);
    assert_int_equal(changed, 7);
    assert_true(run_with_commands("train.batch=2000", "batch", 300, 5, &again) == whole);
    assert_int_equal(again, 7);
}

static void augmentation_is_switched(void **state) {
    (void)state;
    int64_t changed;
    uint64_t off = run_with_commands("train.shift=3", "augment", 0, 0, &changed);
    assert_true(run_with_commands("train.shift=3", "augment", 1, 0, &changed) != off);
    assert_true(run_with_commands("train.shift=3", "augment", 0, 7, &changed) == off);
}

/* A sweep that was asked for comes at once, with all pictures, and moves nothing else. */
static void measuring_can_be_asked_for(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    bench_make(&b, NULL, 0, &seen);
    while (advance(&b).step < 7) continue;
    assert_int_equal(sx_study_command(b.study, "measure", 1, NULL), SX_OK);
    int trained = 0;
    for (int i = 0; i < 3; i++) trained += advance(&b).trained;
    assert_int_equal(trained, 0); /* 724 pictures in slices of 256 */
    const sx_result *location = last_of(&seen, "location");
    assert_int_equal(location->step, 7);
    assert_true(location->grid.count[60] == 4);
    assert_non_null(strstr(location->title, "validation objects"));
    assert_true(advance(&b).trained);
    while (advance(&b).step < 33) continue;
    sx_study_command(b.study, "measure", 1, NULL);
    advance_to_end(&b);
    difference d = compare(&seen, 0);
    assert_int_equal(d.added, 6);
    assert_true(d.missing == 0 || d.missing == 3);
    assert_true(hash_of_parameters(&b) == reference_parameters);
    bench_done(&b);
    record_done(&seen);
}

/* Pictures of what was published, against the pictures that training saw. */
static void live_measurements_take_their_share(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    bench_make(&b, "train.steps=100", 0, &seen);
    int64_t validated = 0;
    for (sx_study_report r = advance(&b); r.phase == SX_PHASE_TRAINING; r = advance(&b)) {
        if (r.recorded && !r.trained) validated += 100;
        seen.count = 0;
    }
    double live = ((double)seen.live_pictures + (double)validated) * SX_PICTURE_COST;
    double training = 3.0 * 16 * 100;
    double share = live / (live + training);
    assert_true(share > 0.52 && share < 0.62); /* at most one sweep is not yet counted */
    bench_done(&b);
    record_done(&seen);

    /* However small the share, the first map is there at once. */
    bench_make(&b, "robustness.share=0.01", 0, &seen);
    while (advance(&b).step < 21) continue;
    assert_int_equal(last_of(&seen, "location")->step, 20);
    bench_done(&b);
    record_done(&seen);

    bench_make(&b, "robustness.share=0", 0, &seen);
    for (sx_study_report r = advance(&b); r.phase == SX_PHASE_TRAINING;) r = advance(&b);
    assert_int_equal(seen.live_pictures, 0);
    bench_done(&b);
    record_done(&seen);
}

static void reports_tell_how_far_it_is(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    bench_make(&b, "study.title=My figures", 0, &seen);
    assert_string_equal(sx_study_model(b.study), "cnn(width=4, depth=2)");
    assert_int_equal(sx_study_trained_values(b.study), 27 * 4 + 8 + 36 * 8 + 16 + 90);
    double done = 0, left = 1e9;
    sx_phase phase = SX_PHASE_TRAINING;
    sx_study_report r;
    do {
        r = advance(&b);
        assert_true(r.phase >= phase);
        if (r.phase != phase) done = 0;
        phase = r.phase;
        assert_true(r.phase_done >= done && r.phase_done <= 1);
        assert_true(r.slices_left <= left);
        done = r.phase_done;
        left = r.slices_left;
        assert_int_equal(r.steps, 40);
        assert_int_equal(r.batch, 16);
    } while (r.phase != SX_PHASE_FINISHED);
    assert_true(r.phase_done == 1 && r.slices_left == 0);
    int count = seen.count;
    assert_int_equal(advance(&b).phase, SX_PHASE_FINISHED);
    assert_int_equal(seen.count, count);
    assert_string_equal(last_of(&seen, "summary")->title, "My figures");
    bench_done(&b);
    record_done(&seen);
}

/* A network whose values are no longer numbers: the run ends, and what is unknown is NaN. */
static void diverged_networks_are_shown(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    bench_make(&b, "train.optimizer=sgd(lr=100, weight_decay=10)", 0, &seen);
    sx_study_free(b.study); /* a second option */
    sx_error err = {0};
    assert_int_equal(sx_config_override(&b.config, "model.spec=mlp(width=8, depth=1)", &err),
                     SX_OK);
    make_study(&b);
    advance_to_end(&b);
    const sx_table *summary = &last_of(&seen, "summary")->table;
    const sx_series *training = &last_of(&seen, "training")->series;
    assert_true(isnan(training->lines[0].y[39]));
    assert_string_equal(summary->columns[0].texts[7], "AURC, max prob");
    assert_true(isnan(summary->columns[1].numbers[7]));
    assert_int_equal(last_of(&seen, "items")->step, 40);
    bench_done(&b);
    record_done(&seen);
}

/* ---- data ---- */

static void data_are_counted_and_fall_back(void **state) {
    (void)state;
    sx_error err = {0};
    sx_config config;
    setenv("SEXTANT_DATASETS", "/nonexistent", 1);
    unsetenv("SEXTANT_DATA");
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    assert_int_equal(sx_config_override(&config, "data.source=fashion-mnist", &err), SX_OK);
    sx_study_data *data = sx_study_data_new(&config, NULL, &err);
    assert_non_null(data);
    assert_non_null(strstr(sx_source_describe(data->source)->note, "shapes instead"));
    assert_int_equal(sx_view_size(data->view), 32);
    sx_study_data *again = sx_study_data_keep(data);
    sx_study_data_release(data);
    assert_int_equal(sx_source_describe(again->source)->classes, 10);
    sx_study_data_release(again);
    sx_study_data_release(NULL);
    unsetenv("SEXTANT_DATASETS");
    assert_int_equal(sx_config_override(&config, "data.source=/nonexistent/x", &err), SX_OK);
    assert_null(sx_study_data_new(&config, NULL, &err));
    assert_int_equal(err.status, SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "/nonexistent/x"));
    sx_config_done(&config);
}

static sx_status build_it(void *context, sx_error *err) {
    bench *b = context;
    sx_study_context study = {.user = b->seen, .publish = on_publish};
    sx_study *made = sx_study_new(&b->config, b->data, &study, err);
    sx_status status = made ? SX_OK : err->status;
    sx_study_free(made);
    return status;
}

static void failing_memory_is_told(void **state) {
    (void)state;
    record seen = {0};
    bench b;
    bench_make(&b, NULL, 0, &seen);
    assert_true(fail_every_allocation(build_it, &b) > 30);
    bench_done(&b);
}

/* ---- claims on outcomes with known answers ---- */

static void outcomes_make(sx_outcomes *o, size_t pairs) {
    static const int points[SX_SWEEPS] = {SX_GRID_LOCATIONS * SX_GRID_LOCATIONS, SX_GRID_ROTATIONS,
                                          SX_GRID_SIZES};
    for (int s = 0; s < SX_SWEEPS; s++) {
        o->points[s] = points[s];
        o->pairs[s] = pairs;
        o->right[s] = sx_alloc((size_t)points[s], pairs);
        assert_non_null(o->right[s]);
    }
}

static void outcomes_done(sx_outcomes *o) {
    for (int s = 0; s < SX_SWEEPS; s++) sx_free(o->right[s]);
}

/* The first `right` pairs are recognised at the point, the rest is not. */
static void set_point(sx_outcomes *o, int sweep, int point, size_t right) {
    for (size_t i = 0; i < o->pairs[sweep]; i++)
        o->right[sweep][(size_t)point * o->pairs[sweep] + i] = i < right;
}

static bool on_ring(int point) {
    int row = point / 11, column = point % 11;
    return row == 0 || row == 10 || column == 0 || column == 10;
}

static bool in_centre(int point) {
    int row = point / 11, column = point % 11;
    return row >= 4 && row <= 6 && column >= 4 && column <= 6;
}

static void set_map(sx_outcomes *o, size_t centre, size_t ring, size_t between) {
    for (int p = 0; p < 121; p++)
        set_point(o, SX_SWEEP_LOCATION, p, on_ring(p) ? ring : in_centre(p) ? centre : between);
}

static void assert_claim(const sx_outcomes *o, int row, double measured, sx_verdict verdict,
                         const char *reason) {
    sx_error err = {0};
    sx_result *result = sx_claims_make(o, (sx_rounds){1000, 3, NULL}, &err);
    assert_non_null(result);
    assert_int_equal(result->claims.count, 3);
    const sx_claim *claim = &result->claims.claims[row];
    if (isnan(measured))
        assert_true(isnan(claim->measured));
    else
        assert_near(claim->measured, measured, 1e-9);
    if (claim->verdict != verdict)
        fail_msg("claim %d: %g [%g, %g] %s", row, claim->measured, claim->low, claim->high,
                 sx_verdict_name(claim->verdict));
    assert_non_null(strstr(claim->reason, reason));
    if (verdict != SX_VERDICT_UNDECIDED) assert_string_equal(claim->reason, "");
    sx_result_release(result);
}

static void the_drop_is_decided(void **state) {
    (void)state;
    sx_outcomes o = {0};
    sx_error err = {0};
    sx_drop drop;
    outcomes_make(&o, 200);
    set_map(&o, 180, 80, 0); /* what is neither centre nor ring does not count */
    assert_int_equal(sx_claims_drop(&o, (sx_rounds){1000, 3, NULL}, &drop, &err), SX_OK);
    assert_near(drop.centre, 0.9, 1e-12);
    assert_near(drop.ring, 0.4, 1e-12);
    assert_near(drop.drop, 0.5, 1e-12);
    /* 100 of 200 pairs drop by 1: the standard error of the mean is 0.0354 */
    assert_near(drop.drop_low, 0.5 - 1.96 * 0.0354, 0.015);
    assert_near(drop.drop_high, 0.5 + 1.96 * 0.0354, 0.015);
    assert_claim(&o, 0, 0.5, SX_VERDICT_HOLDS, "");
    set_map(&o, 200, 190, 0);
    assert_claim(&o, 0, 0.05, SX_VERDICT_FAILS, "");
    set_map(&o, 80, 180, 200);
    assert_claim(&o, 0, -0.5, SX_VERDICT_FAILS, "");
    set_map(&o, 200, 170, 0);
    assert_claim(&o, 0, 0.15, SX_VERDICT_UNDECIDED, "both sides");
    outcomes_done(&o);
}

static void the_size_curve_is_decided(void **state) {
    (void)state;
    sx_outcomes o = {0};
    outcomes_make(&o, 220);
    for (int p = 0; p < SX_GRID_SIZES; p++) set_point(&o, SX_SWEEP_SIZE, p, 20 * (size_t)p);
    assert_claim(&o, 1, 1, SX_VERDICT_HOLDS, "");
    for (int p = 0; p < SX_GRID_SIZES; p++) set_point(&o, SX_SWEEP_SIZE, p, 20 * (size_t)(11 - p));
    assert_claim(&o, 1, -1, SX_VERDICT_FAILS, "");
    for (int p = 0; p < SX_GRID_SIZES; p++) set_point(&o, SX_SWEEP_SIZE, p, 220);
    assert_claim(&o, 1, NAN, SX_VERDICT_UNDECIDED, "not defined");
    outcomes_done(&o);
}

static void the_rotation_peak_is_decided(void **state) {
    (void)state;
    sx_outcomes o = {0};
    int upright = 0, down = 0, side = 0;
    outcomes_make(&o, 100);
    for (int p = 0; p < SX_GRID_ROTATIONS; p++) {
        set_point(&o, SX_SWEEP_ROTATION, p, 40);
        if (sx_grid_rotation(p) == 1) upright = p;
        if (sx_grid_rotation(p) == -179) down = p;
        if (sx_grid_rotation(p) == 21) side = p;
    }
    set_point(&o, SX_SWEEP_ROTATION, upright, 90);
    assert_claim(&o, 2, 1, SX_VERDICT_HOLDS, "");
    set_point(&o, SX_SWEEP_ROTATION, side, 90); /* two share the maximum: their mean */
    assert_claim(&o, 2, 11, SX_VERDICT_HOLDS, "");
    set_point(&o, SX_SWEEP_ROTATION, side, 40);
    set_point(&o, SX_SWEEP_ROTATION, upright, 40);
    set_point(&o, SX_SWEEP_ROTATION, down, 90);
    assert_claim(&o, 2, 179, SX_VERDICT_FAILS, "");
    /* Equally good upright and upside down, but on other objects: now one wins, now the other. */
    for (size_t i = 0; i < 100; i++) {
        o.right[SX_SWEEP_ROTATION][(size_t)upright * 100 + i] = i % 3 != 0;
        o.right[SX_SWEEP_ROTATION][(size_t)down * 100 + i] = i % 3 != 1;
    }
    assert_claim(&o, 2, 179, SX_VERDICT_UNDECIDED, "both sides"); /* 67 of 100 against 66 */
    outcomes_done(&o);
}

static void few_pairs_decide_nothing(void **state) {
    (void)state;
    sx_outcomes o = {0};
    outcomes_make(&o, 29);
    set_map(&o, 29, 0, 0);
    assert_claim(&o, 0, 1, SX_VERDICT_UNDECIDED, "fewer than 30 pairs");
    outcomes_done(&o);
    outcomes_make(&o, 30);
    set_map(&o, 30, 0, 0);
    assert_claim(&o, 0, 1, SX_VERDICT_HOLDS, "");
    outcomes_done(&o);
}

static void study_kinds_are_listed(void **state) {
    (void)state;
    assert_string_equal(sx_study_kind_at(0)->name, "robustness");
    assert_string_equal(sx_study_kind_at(1)->name, "si-score-set");
    assert_string_equal(sx_study_kind_at(2)->name, "last-layer");
    assert_string_equal(sx_study_kind_at(3)->name, "predictions");
    assert_null(sx_study_kind_at(4));
    assert_null(sx_study_kind_at(-1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_have_their_names_and_kinds),
        cmocka_unit_test(results_say_on_what_they_were_measured),
        cmocka_unit_test(the_confusion_is_that_of_the_items),
        cmocka_unit_test(series_have_their_lines),
        cmocka_unit_test(tables_have_their_columns),
        cmocka_unit_test(maps_and_curves_say_what_they_rest_on),
        cmocka_unit_test(measurements_grow),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(resumed_studies_go_on_to_the_same_bits),
        cmocka_unit_test(points_span_a_resume),
        cmocka_unit_test(foreign_states_are_refused),
        cmocka_unit_test(spoilt_states_are_refused),
        cmocka_unit_test(stops_leave_nothing_half_done),
        cmocka_unit_test(claims_are_stopped_and_made_again),
        cmocka_unit_test(the_rate_can_be_scaled),
        cmocka_unit_test(momentum_and_decay_are_turned),
        cmocka_unit_test(a_knob_is_the_option_of_its_name),
        cmocka_unit_test(batches_change_with_the_epoch),
        cmocka_unit_test(augmentation_is_switched),
        cmocka_unit_test(measuring_can_be_asked_for),
        cmocka_unit_test(live_measurements_take_their_share),
        cmocka_unit_test(reports_tell_how_far_it_is),
        cmocka_unit_test(diverged_networks_are_shown),
        cmocka_unit_test(data_are_counted_and_fall_back),
        cmocka_unit_test(failing_memory_is_told),
        cmocka_unit_test(the_drop_is_decided),
        cmocka_unit_test(the_size_curve_is_decided),
        cmocka_unit_test(the_rotation_peak_is_decided),
        cmocka_unit_test(few_pairs_decide_nothing),
        cmocka_unit_test(study_kinds_are_listed),
    };
    return cmocka_run_group_tests(tests, make_reference, end_reference);
}
