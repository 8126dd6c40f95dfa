/* Models on a set of objects at crossed sizes, places and angles: every figure beside a plain count
 * over the set's tables and the models' own logits, and that threads, stops and kills change no
 * bit. */
#include "tests/unit/home.h"
#include "tests/unit/unit.h"

#include "core/metric/metric.h"
#include "core/study/study.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIDE = 16, CLASSES = 12, MODELS = 2, RESULTS = 32, MOST = 400, FACTORS = 4 };

/* ---- a set and two models ----------------------------------------------------------------------
 */

static const char grid_text[] = "[grid]\nx = 0.25 0.5 0.95\ny = 0.5\narea = 0.1 0.4\n"
                                "rotation = 1 31\nresolution = 24\nthreshold = 0.62\n";

static const char turned_text[] = "[grid]\nx = 0.4 0.6\ny = 0.4 0.6\narea = 0.2\n"
                                  "rotation = 1 331\nresolution = 24\nthreshold = 0\n";

static const char *in_home(const char *name) {
    static char paths[8][SX_PATH_SIZE];
    static int turn;
    char *path = paths[turn++ % 8];
    assert_int_equal(sx_path_join(path, home, name, NULL), SX_OK);
    return path;
}

static void write_text(const char *name, const char *text) {
    assert_int_equal(sx_file_write(in_home(name), text, strlen(text), NULL), SX_OK);
}

static void build_set(const char *name, const char *grid_ini) {
    static sx_si_grid grid; /* too large for a stack frame */
    sx_si_report report;
    sx_error err = {0};
    write_text("grid.ini", grid_ini);
    const char *out = in_home(name);
    if (sx_si_grid_read(in_home("grid.ini"), &grid, &err)) fail_msg("%s", err.message);
    const sx_si_options options = {
        .foregrounds = "shapes", .grid = &grid, .out = out, .png = true, .instances = 1};
    if (sx_si_build(&options, &report, &err)) fail_msg("%s", err.message);
    assert_true(report.made > 100);
}

/* A network of values that the seed draws, so large that it tells pictures apart. */
static void make_model(const char *name, const char *spec, uint64_t seed) {
    sx_origin origin = {.compose = "none", .mean = "0.5", .deviation = "0.25"};
    sx_checkpoint *c = &origin.outside.checkpoint;
    sx_error err = {0};
    *c = (sx_checkpoint){.height = SIDE, .width = SIDE, .channels = 3, .classes = CLASSES};
    sx_text_set(c->spec, sizeof c->spec, spec);
    if (sx_model_new(spec, SIDE, SIDE, 3, CLASSES, seed, &origin.outside.model, &err))
        fail_msg("%s", err.message);
    sx_random random = sx_random_from(seed, 0, 0);
    sx_parameters *p = &origin.outside.model.parameters;
    for (size_t i = 0; i < p->size; i++) p->values[i] = 0.4f * sx_random_normal(&random);
    if (sx_origin_export(&origin, "timm", in_home(name), &err)) fail_msg("%s", err.message);
    sx_origin_done(&origin);
}

/* The models' classes are others than the set's, in another order. */
static void write_names(void) {
    sx_text text = {0};
    sx_source *source = sx_source_open(in_home("set"), 0, NULL, NULL);
    const sx_source_facts *facts = sx_source_describe(source);
    sx_text_add(&text, "nothing\n");
    for (int c = facts->classes - 1; c >= 0; c--) sx_text_add(&text, "%s\n", facts->class_names[c]);
    sx_text_add(&text, "else\n");
    write_text("names.txt", text.data);
    sx_text_done(&text);
    sx_source_free(source);
}

static int set_up(void **state) {
    if (new_home(state)) return -1;
    build_set("set", grid_text);
    build_set("damaged", grid_text);
    build_set("turned", turned_text);
    make_model("one.safetensors", "vit(dim=16, depth=2, heads=2, patch=4)", 5);
    make_model("two.safetensors", "vit(dim=16, depth=1, heads=2, patch=8)", 6);
    write_names();
    return 0;
}

/* ---- running it --------------------------------------------------------------------------------
 */

typedef struct {
    sx_config config;
    sx_study_data *data;
    sx_pool *pool;
    sx_study *study;
    char folder[SX_PATH_SIZE];
    const sx_result *results[RESULTS]; /* newest of each name */
    int count, published;
    sx_text notes;
} bench;

static void on_publish(void *user, sx_result *result) {
    bench *b = user;
    int at = 0;
    while (at < b->count && strcmp(b->results[at]->name, result->name) != 0) at++;
    assert_true(at < RESULTS);
    if (at < b->count) sx_result_release(b->results[at]);
    b->results[at] = result;
    b->count += at == b->count;
    b->published++;
}

static void on_note(void *user, const char *sentence) {
    sx_text_add(&((bench *)user)->notes, "%s\n", sentence);
}

static void override(bench *b, const char *key, const char *value) {
    char text[SX_PATH_SIZE + 64];
    sx_error err = {0};
    snprintf(text, sizeof text, "%s=%s", key, value);
    if (sx_config_override(&b->config, text, &err)) fail_msg("%s", err.message);
}

static sx_status begin_with(bench *b, const char *set, int threads, const char *key,
                            const char *value, sx_error *err) {
    *b = (bench){.count = 0};
    assert_int_equal(sx_config_new(&b->config, NULL), SX_OK);
    override(b, "study.kind", "si-score-set");
    override(b, "data.source", in_home(set));
    override(b, "measure.model1", in_home("one.safetensors"));
    override(b, "measure.model3", in_home("two.safetensors"));
    override(b, "measure.classes", in_home("names.txt"));
    override(b, "measure.top", "3");
    if (key && value) override(b, key, value);
    sx_text_set(b->folder, sizeof b->folder, in_home("rows"));
    assert_int_equal(sx_directory_make(b->folder, NULL), SX_OK);
    b->pool = threads > 1 ? sx_pool_new(threads, NULL) : NULL;
    b->data = sx_study_data_resolve(&b->config, NULL, err);
    if (!b->data) return err->status;
    const sx_study_context context = {
        .pool = b->pool, .user = b, .publish = on_publish, .note = on_note, .folder = b->folder};
    b->study = sx_study_new(&b->config, b->data, &context, err);
    return b->study ? SX_OK : err->status;
}

static void begin(bench *b, const char *set, int threads, const char *key, const char *value) {
    sx_error err = {0};
    if (begin_with(b, set, threads, key, value, &err)) fail_msg("%s", err.message);
}

static bool advance(bench *b) {
    sx_study_report report;
    sx_error err = {0};
    if (sx_study_advance(b->study, &report, &err)) fail_msg("%s", err.message);
    assert_true(report.measures_only);
    return report.phase != SX_PHASE_FINISHED;
}

static void end(bench *b) {
    for (int i = 0; i < b->count; i++) sx_result_release(b->results[i]);
    sx_study_free(b->study);
    sx_study_data_release(b->data);
    sx_pool_free(b->pool);
    sx_text_done(&b->notes);
    sx_config_done(&b->config);
}

static const sx_result *find(const bench *b, const char *name) {
    for (int i = 0; i < b->count; i++)
        if (strcmp(b->results[i]->name, name) == 0) return b->results[i];
    return NULL;
}

static const sx_result *get(const bench *b, const char *name) {
    const sx_result *result = find(b, name);
    if (!result) fail_msg("there is no result '%s'", name);
    return result;
}

static const sx_column *column(const sx_result *table, const char *name) {
    for (int c = 0; c < table->table.column_count; c++)
        if (strcmp(table->table.columns[c].name, name) == 0) return &table->table.columns[c];
    fail_msg("there is no column '%s'", name);
    return NULL;
}

/* The number in the row of a model and a factor. */
static double cell(const sx_result *table, const char *model, const char *by, const char *name) {
    const sx_column *c = table->table.columns;
    for (size_t r = 0; r < table->table.rows; r++)
        if (strcmp(c[0].texts[r], model) == 0 && strcmp(c[1].texts[r], by) == 0)
            return column(table, name)->numbers[r];
    fail_msg("there is no row %s, %s", model, by);
    return 0;
}

/* ---- the plain count ---------------------------------------------------------------------------
 */

typedef struct {
    int id, label, mapped, pair;
    double values[FACTORS]; /* x, y, size, rotation */
    bool right[MODELS], top[MODELS];
    int prediction[MODELS];
    double loss[MODELS];
} row;
enum { X, Y, SIZE, ROTATION };

static row rows[MOST];
static int row_count;

/* The set's table, as text; the pair is what remains of the number. */
static void read_rows(const sx_source *source, const sx_outside *outside) {
    const sx_source_facts *facts = sx_source_describe(source);
    row_count = (int)facts->counts[SX_SPLIT_TEST];
    assert_true(row_count <= MOST);
    for (int i = 0; i < row_count; i++) {
        char name[256], shown[24];
        double factors[8];
        row *r = &rows[i];
        sx_source_item_name(source, SX_SPLIT_TEST, (size_t)i, name, sizeof name);
        sx_source_factors(source, SX_SPLIT_TEST, (size_t)i, factors);
        r->id = atoi(strchr(name, '/') + 1);
        r->pair = r->id % 20;
        r->label = sx_source_label(source, SX_SPLIT_TEST, (size_t)i);
        for (r->mapped = 0; strcmp(sx_outside_class(outside, r->mapped, shown),
                                   facts->class_names[r->label]) != 0;)
            r->mapped++;
        for (int f = 0; f < FACTORS; f++) r->values[f] = round(factors[f] * 1000) / 1000;
    }
}

/* One picture at a time. */
static void ask_model(const sx_source *source, const sx_outside *outside, int model) {
    static float image[SIDE * SIDE * 3];
    float logits[CLASSES];
    sx_resize_scratch scratch = {0};
    sx_graph *graph = sx_model_graph(&outside->model, 1, NULL);
    sx_run *run = sx_run_new(graph, NULL, false, NULL);
    for (int i = 0; i < row_count; i++) {
        sx_image picture = {0};
        row *r = &rows[i];
        int best = 0, surer = 0;
        double sum = 0;
        assert_int_equal(sx_source_image(source, SX_SPLIT_TEST, (size_t)i, &picture, NULL), SX_OK);
        assert_int_equal(sx_outside_prepare(outside, &picture, image, &scratch, NULL), SX_OK);
        assert_int_equal(sx_run_predict(run, &outside->model.parameters, image, 1, logits, NULL),
                         SX_OK);
        for (int c = 0; c < CLASSES; c++) {
            if (logits[c] > logits[best]) best = c;
            surer += logits[c] > logits[r->mapped];
            sum += exp((double)logits[c]);
        }
        r->loss[model] = log(sum) - (double)logits[r->mapped];
        r->prediction[model] = best;
        r->right[model] = best == r->mapped;
        r->top[model] = surer < 3;
        sx_image_done(&picture);
    }
    sx_run_free(run);
    sx_graph_free(graph);
    sx_resize_scratch_done(&scratch);
}

static void ask_models(const char *set, const char *prepare) {
    static const char *const files[MODELS] = {"one.safetensors", "two.safetensors"};
    sx_source *source = sx_source_open(in_home(set), 0, NULL, NULL);
    for (int m = 0; m < MODELS; m++) {
        sx_outside outside;
        sx_error err = {0};
        const sx_outside_options options = {.prepare = prepare, .classes = in_home("names.txt")};
        if (sx_outside_open(in_home(files[m]), &options, &outside, &err))
            fail_msg("%s", err.message);
        if (m == 0) read_rows(source, &outside);
        ask_model(source, &outside, m);
        sx_outside_done(&outside);
    }
    sx_source_free(source);
}

/* Whether two pictures are at the same value of the factors of a bit set. */
static bool agree(const row *a, const row *b, unsigned factors) {
    for (int f = 0; f < FACTORS; f++)
        if ((factors >> f & 1) && a->values[f] != b->values[f]) return false;
    return true;
}

#define BY_SIZE (1u << SIZE)
#define BY_ROTATION (1u << ROTATION)
#define BY_LOCATION (1u << X | 1u << Y)
#define ALL_FACTORS 15u

/* Whether the row's pair is there, all else equal, wherever there is any picture. */
static bool is_same_pair(const row *r, unsigned by) {
    for (int v = 0; v < row_count; v++) {
        bool there = false;
        for (int i = 0; i < row_count && !there; i++)
            there = rows[i].pair == r->pair && agree(&rows[i], &rows[v], by) &&
                    agree(&rows[i], r, ALL_FACTORS & ~by);
        if (!there) return false;
    }
    return true;
}

typedef struct {
    double n, right, top;
} count;

/* Of the pictures where `like` is; of one class, or of all (-1). */
static count count_group(int model, const row *like, unsigned by, bool same, int class) {
    count c = {0, 0, 0};
    for (int i = 0; i < row_count; i++) {
        if (!agree(&rows[i], like, by) || (same && !is_same_pair(&rows[i], by))) continue;
        if (class >= 0 && rows[i].label != class) continue;
        c.n++;
        c.right += rows[i].right[model];
        c.top += rows[i].top[model];
    }
    return c;
}

static bool is_first_of_group(int i, unsigned by) {
    for (int k = 0; k < i; k++)
        if (agree(&rows[k], &rows[i], by)) return false;
    return true;
}

typedef struct {
    double score, top, by_class;
} means;

static double class_mean(int model, const row *like, unsigned by, bool same) {
    double sum = 0, filled = 0;
    for (int class = 0; class < CLASSES; class ++) {
        count c = count_group(model, like, by, same, class);
        if (c.n == 0) continue;
        sum += c.right / c.n;
        filled++;
    }
    return sum / filled;
}

static means mean_of_groups(int model, unsigned by, bool same) {
    means m = {0, 0, 0};
    double groups = 0;
    for (int i = 0; i < row_count; i++) {
        if (!is_first_of_group(i, by)) continue;
        count c = count_group(model, &rows[i], by, same, -1);
        if (c.n == 0) continue;
        m.score += c.right / c.n;
        m.top += c.top / c.n;
        m.by_class += class_mean(model, &rows[i], by, same);
        groups++;
    }
    return (means){m.score / groups, m.top / groups, m.by_class / groups};
}

static void assert_near(double value, double expected) {
    if (!(fabs(value - expected) <= 1e-12)) fail_msg("%.15g is not %.15g", value, expected);
}

static const char *const names[MODELS] = {"one", "two"};
static const struct {
    const char *name;
    unsigned by;
} groupings[] = {{"size", BY_SIZE}, {"rotation", BY_ROTATION}, {"location", BY_LOCATION}};

/* ---- figures -----------------------------------------------------------------------------------
 */

static void check_scores(const bench *b, bool same) {
    const sx_result *score = get(b, "score");
    double apart = 0;
    for (int m = 0; m < MODELS; m++)
        for (int g = 0; g < 3; g++) {
            means expected = mean_of_groups(m, groupings[g].by, same);
            const char *by = groupings[g].name;
            double top = cell(score, names[m], by, "top-1");
            assert_near(top, expected.score);
            assert_near(cell(score, names[m], by, "top-3"), expected.top);
            assert_near(cell(score, names[m], by, "by class"), expected.by_class);
            assert_true(cell(score, names[m], by, "low") <= top);
            assert_true(cell(score, names[m], by, "high") >= top);
            assert_true(cell(score, names[m], by, "low") < cell(score, names[m], by, "high"));
            apart += fabs(expected.score - mean_of_groups(m, groupings[g].by, !same).score);
        }
    assert_true(apart > 1e-6);
}

static void check_curve(const bench *b, const char *name, unsigned by, int factor, bool same) {
    const sx_series *s = &get(b, name)->series;
    assert_int_equal(s->line_count, MODELS);
    assert_int_equal(s->length, 2);
    for (size_t p = 0; p < s->length; p++)
        for (int m = 0; m < MODELS; m++) {
            row like = {.id = 0};
            like.values[factor] = s->x[p];
            count c = count_group(m, &like, by, same, -1);
            sx_interval interval = sx_wilson(c.right, c.n);
            assert_string_equal(s->lines[m].name, names[m]);
            assert_true(c.n > 0);
            assert_near(s->lines[m].y[p], c.right / c.n);
            assert_near(s->lines[m].count[p], c.n);
            assert_near(s->lines[m].low[p], interval.low);
            assert_near(s->lines[m].high[p], interval.high);
        }
}

static void check_map(const bench *b, const char *name, int model, bool same) {
    const sx_grid *grid = &get(b, name)->grid;
    assert_int_equal(grid->rows, 1);
    assert_int_equal(grid->columns, 3);
    for (int i = 0; i < 3; i++) {
        row like = {.values = {grid->column_values[i], grid->row_values[0]}};
        count c = count_group(model, &like, BY_LOCATION, same, -1);
        assert_near(grid->values[i], c.right / c.n);
        assert_near(grid->count[i], c.n);
    }
}

static void check_difference(const bench *b, bool same) {
    const sx_grid *one = &get(b, "location")->grid, *two = &get(b, "location-2")->grid;
    const sx_grid *difference = &get(b, "location-difference")->grid;
    double most = 0;
    (void)same;
    for (int i = 0; i < 3; i++) {
        assert_near(difference->values[i], two->values[i] - one->values[i]);
        assert_true(difference->low[i] <= difference->values[i] &&
                    difference->high[i] >= difference->values[i]);
        most = fmax(most, fabs(difference->values[i]));
    }
    assert_true(most > 0);
}

static void check_normalised(const bench *b) {
    const sx_series *raw = &get(b, "rotation")->series;
    const sx_series *s = &get(b, "rotation-normalised")->series;
    for (int m = 0; m < MODELS; m++) {
        double largest = fmax(raw->lines[m].y[0], raw->lines[m].y[1]);
        for (int p = 0; p < 2; p++) assert_near(s->lines[m].y[p], raw->lines[m].y[p] / largest);
    }
}

/* Whether row `i` of the table is of this place; of a curve, of this value. */
static bool is_at(const sx_result *t, size_t i, const row *r, int factor) {
    bool same = fabs(t->table.columns[0].numbers[i] - r->values[factor]) < 1e-9;
    double second = t->table.columns[1].numbers[i];
    return same && (factor == X ? fabs(second - r->values[Y]) < 1e-9 : isnan(second));
}

/* Of each point the highest losses, all of them in order and none left out. */
static void check_worst(const bench *b, const char *name, int model, int factor) {
    const sx_result *t = get(b, name);
    const sx_column *c = t->table.columns;
    size_t listed = 0;
    for (size_t i = 0; i < t->table.rows; i++) {
        const row *r = &rows[(int)c[2].numbers[i]];
        assert_true(is_at(t, i, r, factor));
        assert_true(fabs(c[5].numbers[i] - r->loss[model]) < 1e-4);
        assert_int_equal((int)c[3].numbers[i], r->label);
        assert_int_equal(c[4].numbers[i] > 0, r->right[model]);
        bool first = i == 0 || !is_at(t, i - 1, r, factor);
        assert_true(first || c[5].numbers[i] <= c[5].numbers[i - 1]);
    }
    for (int k = 0; k < row_count; k++) {
        size_t higher = 0, of = 0;
        bool found = false;
        for (int j = 0; j < row_count; j++)
            higher += rows[j].values[factor] == rows[k].values[factor] &&
                      (factor != X || rows[j].values[Y] == rows[k].values[Y]) &&
                      rows[j].loss[model] > rows[k].loss[model] + 1e-4;
        for (size_t i = 0; i < t->table.rows; i++) {
            of += is_at(t, i, &rows[k], factor);
            found = found || (int)c[2].numbers[i] == k;
        }
        assert_true(found || higher >= 23 || of == 24);
        assert_true(!found || higher < 24);
        listed += found;
    }
    assert_int_equal(listed, t->table.rows);
}

static void check_all(const bench *b, bool same) {
    check_scores(b, same);
    check_curve(b, "size", BY_SIZE, SIZE, same);
    check_curve(b, "rotation", BY_ROTATION, ROTATION, same);
    check_map(b, "location", 0, same);
    check_map(b, "location-2", 1, same);
    check_difference(b, same);
    check_normalised(b);
}

static void figures_equal_a_plain_count(void **state) {
    (void)state;
    bench b;
    begin(&b, "set", 2, NULL, NULL);
    ask_models("set", "fit=squash");
    while (advance(&b)) {
    }
    check_all(&b, false);
    check_worst(&b, "worst-location", 0, X);
    check_worst(&b, "worst-size-2", 1, SIZE);
    check_worst(&b, "worst-rotation", 0, ROTATION);
    assert_string_equal(get(&b, "worst-size")->table.columns[6].name, "says");
    assert_null(find(&b, "broken"));
    assert_non_null(strstr(get(&b, "size")->title, "whole picture resized"));
    assert_string_equal(get(&b, "size")->scene, "squash");
    end(&b);
}

/* Places and angles are those that maps and curves have. */
static void worst_pictures_are_where_they_were(void **state) {
    (void)state;
    bench b;
    begin(&b, "turned", 2, NULL, NULL);
    ask_models("turned", "fit=squash");
    while (advance(&b)) {
    }
    for (int i = 0; i < row_count; i++)
        if (rows[i].values[ROTATION] > 180) rows[i].values[ROTATION] -= 360;
    check_worst(&b, "worst-location", 0, X);
    check_worst(&b, "worst-rotation-2", 1, ROTATION);
    assert_null(find(&b, "worst-size"));
    end(&b);
}

static void the_published_crop_is_named_and_done(void **state) {
    (void)state;
    bench b;
    begin(&b, "set", 1, "measure.crop", "published");
    ask_models("set", "fit=crop, crop=0.875, resize=area");
    while (advance(&b)) {
    }
    check_all(&b, false);
    assert_non_null(strstr(get(&b, "location")->title, "published crop"));
    assert_string_equal(get(&b, "location")->scene, "crop(fraction=0.875)");
    end(&b);
}

static void same_pairs_are_there_at_every_value(void **state) {
    (void)state;
    bench b;
    begin(&b, "set", 2, "measure.pairs", "same");
    ask_models("set", "fit=squash");
    while (advance(&b)) {
    }
    check_all(&b, true);
    const sx_result *table = get(&b, "same-pairs");
    for (int m = 0; m < MODELS; m++)
        for (int g = 0; g < 3; g++) {
            const char *by = groupings[g].name;
            double all = mean_of_groups(m, groupings[g].by, false).score;
            double same = mean_of_groups(m, groupings[g].by, true).score;
            assert_near(cell(table, names[m], by, "all pairs"), all);
            assert_near(cell(table, names[m], by, "same pairs"), same);
            assert_near(cell(table, names[m], by, "difference"), same - all);
            assert_true(cell(table, names[m], by, "same images") < row_count);
        }
    assert_non_null(strstr(get(&b, "size")->title, "same pairs"));
    end(&b);
}

/* ---- the bootstrap, as a plain loop ------------------------------------------------------------
 */

/* The pair's number among all, class by class, in the order in which they come. */
static int number_pairs(int numbers[20]) {
    int next = 0;
    for (int class = 0; class < CLASSES; class ++)
        for (int i = 0; i < row_count; i++) {
            bool known = rows[i].label != class;
            for (int k = 0; k < i; k++) known = known || rows[k].pair == rows[i].pair;
            if (!known) numbers[rows[i].pair] = next++;
        }
    return next;
}

static double resampled(int model, const int numbers[20], const int *weights) {
    double score = 0;
    for (int v = 0; v < 2; v++) {
        double n = 0, right = 0;
        for (int i = 0; i < row_count; i++) {
            if ((rows[i].values[SIZE] > 0.2) != v) continue;
            n += weights[numbers[rows[i].pair]];
            right += weights[numbers[rows[i].pair]] * rows[i].right[model];
        }
        score += right / n / 2;
    }
    return score;
}

static void intervals_are_a_bootstrap_over_pairs(void **state) {
    (void)state;
    bench b;
    int numbers[20];
    static double values[1000];
    begin(&b, "set", 3, NULL, NULL);
    ask_models("set", "fit=squash");
    while (advance(&b)) {
    }
    int pairs = number_pairs(numbers);
    assert_int_equal(pairs, 20);
    for (int round = 0; round < 1000; round++) {
        int weights[20] = {0};
        sx_random random = sx_random_from(0, 84, (uint64_t)round);
        for (int i = 0; i < pairs; i++) weights[sx_random_below(&random, (uint32_t)pairs)]++;
        values[round] = resampled(1, numbers, weights);
    }
    sx_interval expected = sx_percentiles(values, 1000);
    assert_near(cell(get(&b, "score"), "two", "size", "low"), expected.low);
    assert_near(cell(get(&b, "score"), "two", "size", "high"), expected.high);
    end(&b);
}

static void intervals_of_pairs_know_agreement(void **state) {
    (void)state;
    sx_interval none = sx_paired_difference(0, 0, 0, 0), i = sx_paired_difference(20, 2, 1, 18);
    sx_interval free = sx_paired_difference(8, 4, 2, 1); /* 8 * 1 = 4 * 2: as if not paired */
    sx_interval expected =
        sx_difference(12.0 / 15, sx_wilson(12, 15), 10.0 / 15, sx_wilson(10, 15));
    assert_near(free.low, expected.low);
    assert_near(free.high, expected.high);
    sx_interval loose = sx_paired_difference(10, 12, 11, 8);
    assert_true(isnan(none.low) && isnan(none.high));
    assert_true(i.low < 1.0 / 41 && i.high > 1.0 / 41);
    assert_true(i.high - i.low < loose.high - loose.low);
    sx_interval mirrored = sx_paired_difference(20, 1, 2, 18);
    assert_near(mirrored.low, -i.high);
    assert_near(mirrored.high, -i.low);
}

/* ---- rows --------------------------------------------------------------------------------------
 */

static void rows_are_in_a_file_for_each_model(void **state) {
    (void)state;
    bench b;
    begin(&b, "set", 1, NULL, NULL);
    ask_models("set", "fit=squash");
    while (advance(&b)) {
    }
    for (int m = 0; m < MODELS; m++) {
        char name[64], path[SX_PATH_SIZE];
        sx_bytes bytes;
        sx_csv csv;
        snprintf(name, sizeof name, "rows-%s.csv", names[m]);
        assert_string_equal(column(get(&b, "score"), "rows")->texts[3 * m], name);
        assert_int_equal(sx_path_join(path, b.folder, name, NULL), SX_OK);
        assert_int_equal(sx_file_read(path, 1 << 20, &bytes, NULL), SX_OK);
        assert_int_equal(sx_csv_parse(name, (char *)bytes.data, bytes.size, &csv, NULL), SX_OK);
        assert_int_equal(csv.rows, row_count);
        assert_string_equal(csv.names[0], "image_id");
        assert_string_equal(csv.names[2], "top3");
        for (int i = 0; i < row_count; i++) {
            const double *v = csv.values + (size_t)i * csv.columns;
            const double expected[] = {rows[i].id, rows[i].right[m], rows[i].top[m],
                                       rows[i].prediction[m], rows[i].mapped};
            for (int c = 0; c < 5; c++) assert_true(v[c] == expected[c]);
        }
        sx_csv_done(&csv);
        sx_bytes_done(&bytes);
    }
    end(&b);
}

static void classes_add_up(void **state) {
    (void)state;
    bench b;
    begin(&b, "set", 1, NULL, NULL);
    ask_models("set", "fit=squash");
    while (advance(&b)) {
    }
    const sx_result *table = get(&b, "classes");
    assert_int_equal(table->table.rows, 10 * MODELS);
    for (int class = 0; class < 10; class ++)
        for (int m = 0; m < MODELS; m++) {
            count c = count_group(m, &rows[0], 0, false, class);
            size_t r = (size_t) class * MODELS + (size_t)m;
            assert_near(column(table, "images")->numbers[r], c.n);
            assert_near(column(table, "top-1")->numbers[r], c.right / c.n);
            assert_near(column(table, "top-3")->numbers[r], c.top / c.n);
        }
    end(&b);
}

/* ---- equal bits --------------------------------------------------------------------------------
 */

/* All results as text, and the files of rows. */
static uint64_t print_of(const bench *b) {
    uint64_t print = 0;
    sx_text text = {0};
    for (int i = 0; i < b->count; i++) {
        sx_text one = {0};
        sx_text_add(&one, "%s\n%s\n", b->results[i]->name, b->results[i]->title);
        sx_result_csv(b->results[i], &one);
        print += sx_hash_bytes(one.data, one.size); /* in whatever order they came */
        sx_text_done(&one);
    }
    for (int m = 0; m < MODELS; m++) {
        char name[64], path[SX_PATH_SIZE];
        sx_bytes bytes;
        snprintf(name, sizeof name, "rows-%s.csv", names[m]);
        assert_int_equal(sx_path_join(path, b->folder, name, NULL), SX_OK);
        assert_int_equal(sx_file_read(path, 1 << 20, &bytes, NULL), SX_OK);
        print += sx_hash_bytes(bytes.data, bytes.size);
        sx_bytes_done(&bytes);
        assert_int_equal(unlink(path), 0);
    }
    sx_text_done(&text);
    return print;
}

static uint64_t print_of_set(const char *set, int threads) {
    bench b;
    begin(&b, set, threads, NULL, NULL);
    while (advance(&b)) {
    }
    uint64_t print = print_of(&b);
    end(&b);
    return print;
}

static void threads_change_no_bit(void **state) {
    (void)state;
    uint64_t print = print_of_set("set", 1);
    for (int threads = 2; threads <= 4; threads++)
        assert_true(print_of_set("set", threads) == print);
}

static void save(bench *b, const char *path) {
    sx_study_state state;
    sx_error err = {0};
    if (sx_study_save(b->study, &state, &err) ||
        sx_safetensors_write(path, state.tensors, state.count, state.metadata, state.metadata_count,
                             &err))
        fail_msg("%s", err.message);
}

static sx_status load(bench *b, const char *path, sx_error *err) {
    sx_safetensors file;
    sx_status status = sx_safetensors_read(path, 1 << 24, &file, err);
    if (status) return status;
    status = sx_study_load(b->study, &file, err);
    sx_safetensors_done(&file);
    return status;
}

static void goes_on(const char *set, const char *path, uint64_t print) {
    bench b;
    sx_error err = {0};
    begin(&b, set, 2, NULL, NULL);
    if (load(&b, path, &err)) fail_msg("%s", err.message);
    while (advance(&b)) {
    }
    assert_true(print_of(&b) == print);
    end(&b);
}

/* At every cut: within a batch, at ends of levels, amid intervals and rows. */
static void stopping_changes_no_bit(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, in_home("cut.safetensors"));
    uint64_t print = print_of_set("damaged", 1);
    bool more = true;
    for (int cut = 0; more; cut += cut < 30 ? 7 : 41) {
        bench b;
        begin(&b, "damaged", 1, NULL, NULL);
        for (int i = 0; i < cut && more; i++) more = advance(&b);
        save(&b, path);
        end(&b);
        goes_on("damaged", path, print);
    }
}

/* The child knows nothing of its end. */
static void run_until_killed(const char *path) {
    bench b;
    begin(&b, "set", 1, NULL, NULL);
    while (advance(&b)) save(&b, path);
    pause();
}

static void kills_change_no_bit(void **state) {
    (void)state;
    uint64_t print = print_of_set("set", 1);
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, in_home("killed.safetensors"));
    pid_t child = fork();
    if (child == 0) run_until_killed(path);
    for (int tries = 0; tries < 10000 && !sx_is_file(path); tries++) usleep(1000);
    usleep(20000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    goes_on("set", path, print);
}

/* ---- what is wrong -----------------------------------------------------------------------------
 */

/* One picture is gone, one is cut off. */
static void damage(const char *names_out[2]) {
    static char gone[SX_PATH_SIZE], cut[SX_PATH_SIZE];
    sx_source *source = sx_source_open(in_home("damaged"), 0, NULL, NULL);
    char name[256], path[SX_PATH_SIZE];
    sx_source_item_name(source, SX_SPLIT_TEST, 7, gone, sizeof gone);
    sx_source_item_name(source, SX_SPLIT_TEST, 90, cut, sizeof cut);
    snprintf(name, sizeof name, "damaged/%.200s", gone);
    unlink(in_home(name));
    snprintf(name, sizeof name, "damaged/%.200s", cut);
    sx_text_set(path, sizeof path, in_home(name));
    assert_int_equal(truncate(path, 40), 0);
    sx_source_free(source);
    names_out[0] = gone;
    names_out[1] = cut;
}

static void broken_pictures_are_named_once_and_left_out(void **state) {
    (void)state;
    bench b;
    const char *damaged[2];
    ask_models("set", "fit=squash");
    damage(damaged);
    begin(&b, "damaged", 2, NULL, NULL);
    while (advance(&b)) {
    }
    const sx_result *table = get(&b, "broken");
    assert_int_equal(table->table.rows, 2);
    for (int i = 0; i < 2; i++) {
        const char *listed = table->table.columns[0].texts[i];
        assert_true(strcmp(listed, damaged[0]) == 0 || strcmp(listed, damaged[1]) == 0);
        const char *said = strstr(b.notes.data, damaged[i]);
        assert_non_null(said);
        assert_null(strstr(said + 1, damaged[i]));
    }
    assert_near(cell(get(&b, "score"), "one", "size", "images"), row_count - 2);
    /* Their pairs are not there at every value any more. */
    double kept = 0;
    for (int i = 0; i < row_count; i++) {
        bool hit =
            rows[i].pair == rows[7].pair && agree(&rows[i], &rows[7], BY_ROTATION | BY_LOCATION);
        hit = hit || (rows[i].pair == rows[90].pair &&
                      agree(&rows[i], &rows[90], BY_ROTATION | BY_LOCATION));
        kept += is_same_pair(&rows[i], BY_SIZE) && !hit;
    }
    assert_near(cell(get(&b, "same-pairs"), "one", "size", "same images"), kept);
    end(&b);
}

static void fails(const char *key, const char *value, const char *sentence) {
    bench b;
    sx_error err = {0};
    if (begin_with(&b, "set", 1, key, value, &err) == SX_OK) fail_msg("%s = %s", key, value);
    if (!strstr(err.message, sentence)) fail_msg("'%s' is not '%s'", err.message, sentence);
    end(&b);
}

static void wrong_models_are_told(void **state) {
    (void)state;
    fails("measure.model3", "nowhere.safetensors", "measure.model3: there is no file");
    fails("measure.settings3", "heads=5", "measure.model3");
    fails("measure.classes", "", "--classes FILE");
    fails("measure.prepare", "crop=2", "crop");
}

static void other_models_and_sets_are_refused_on_resume(void **state) {
    (void)state;
    bench b;
    sx_error err = {0};
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, in_home("other.safetensors"));
    begin(&b, "set", 1, NULL, NULL);
    for (int i = 0; i < 5; i++) advance(&b);
    save(&b, path);
    end(&b);
    begin(&b, "set", 1, "measure.crop", "published");
    assert_int_equal(load(&b, path, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "the set"));
    end(&b);
    begin(&b, "set", 1, "measure.model3", in_home("one.safetensors"));
    assert_int_equal(load(&b, path, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "a model is not"));
    assert_int_equal(sx_study_command(b.study, "momentum", 0.5, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "nothing is trained"));
    end(&b);
}

/* Intervals come with the ends of levels; those of a single pair are not known. */
static double images_at_interval(bench *b) {
    do assert_true(advance(b));
    while (!find(b, "score") || isnan(cell(get(b, "score"), "one", "size", "low")));
    return cell(get(b, "score"), "one", "size", "images");
}

/* Coarse before fine: first a few pairs, which are at all values. */
static void a_few_pairs_come_first(void **state) {
    (void)state;
    bench b;
    begin(&b, "set", 1, NULL, NULL);
    double images = images_at_interval(&b);
    assert_true(images > 12 && images <= 24);
    const sx_series *size = &get(&b, "size")->series;
    for (int p = 0; p < 2; p++) assert_true(size->lines[1].count[p] > 1);
    int before = b.published;
    while (advance(&b)) {
    }
    assert_true(b.published > 2 * before);
    end(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_equal_a_plain_count),
        cmocka_unit_test(worst_pictures_are_where_they_were),
        cmocka_unit_test(the_published_crop_is_named_and_done),
        cmocka_unit_test(same_pairs_are_there_at_every_value),
        cmocka_unit_test(intervals_are_a_bootstrap_over_pairs),
        cmocka_unit_test(intervals_of_pairs_know_agreement),
        cmocka_unit_test(rows_are_in_a_file_for_each_model),
        cmocka_unit_test(classes_add_up),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(kills_change_no_bit),
        cmocka_unit_test(a_few_pairs_come_first),
        cmocka_unit_test(wrong_models_are_told),
        cmocka_unit_test(other_models_and_sets_are_refused_on_resume),
        cmocka_unit_test(broken_pictures_are_named_once_and_left_out),
        cmocka_unit_test(stopping_changes_no_bit), /* of a damaged set */
    };
    return cmocka_run_group_tests(tests, set_up, end_home);
}
