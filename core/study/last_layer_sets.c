/* The pictures of a study of last layers and what stage one makes of them. Features are kept in a
 * file for each set in the run's folder, with a text that says what they were computed from; where
 * any of that changes they are computed again. Pictures are as in prediction, not augmented. */
#include "core/study/last_layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STREAM_NOISE_PICTURE = 61, STREAM_COMPOSED = 62 };
#define HEAD_TOLERANCE 1e-4
#define SEEN 64 /* pictures of a set that are part of what its features follow from */

/* ---- which pictures ----------------------------------------------------------------------------
 */

/* Items at even distances, so that every class has its share of a list that is sorted by class. */
static sx_status choose_items(sx_last_set *set, size_t there, size_t most, sx_error *err) {
    set->count = most && most < there ? most : there;
    set->items = sx_alloc(set->count, sizeof *set->items);
    if (!set->items) return sx_study_no_memory(err);
    for (size_t i = 0; i < set->count; i++)
        set->items[i] = (uint32_t)((double)i * (double)there / (double)set->count);
    return SX_OK;
}

static void place_of(const sx_last_set *set, size_t i, sx_split *split, size_t *index) {
    const sx_source_facts *facts = sx_source_describe(sx_view_source(set->view));
    size_t item = set->items[i];
    int at = set->first;
    for (; at < set->last && item >= facts->counts[at]; at++) item -= facts->counts[at];
    *split = (sx_split)at;
    *index = item;
}

static sx_status take_splits(sx_last *last, sx_last_set *set, size_t most, sx_error *err) {
    const sx_source_facts *facts = sx_source_describe(sx_view_source(set->view));
    size_t there = 0;
    for (int split = set->first; split <= set->last; split++) there += facts->counts[split];
    sx_status status = choose_items(set, there, most, err);
    if (status || set - last->sets >= SX_LAST_OUTSIDE) return status;
    set->labels = sx_alloc(set->count, sizeof *set->labels);
    if (!set->labels) return sx_study_no_memory(err);
    for (size_t i = 0; i < set->count; i++) {
        sx_split split;
        size_t index;
        place_of(set, i, &split, &index);
        set->labels[i] = sx_source_label(sx_view_source(set->view), split, index);
    }
    return SX_OK;
}

static sx_status make_inside(sx_last *last, sx_error *err) {
    size_t most = (size_t)sx_config_number(last->config, "last_layer", "train_items");
    sx_status status = SX_OK;
    for (int s = 0; !status && s < SX_LAST_OUTSIDE; s++) {
        sx_last_set *set = &last->sets[last->set_count++];
        *set = (sx_last_set){.view = last->data->view, .first = s, .last = s};
        sx_text_set(set->name, sizeof set->name, sx_split_name((sx_split)s));
        status = take_splits(last, set, s == SX_LAST_TRAIN ? most : 0, err);
    }
    return status;
}

/* ---- pictures from elsewhere -------------------------------------------------------------------
 */

static void note(const sx_last *last, const char *sentence) {
    if (last->context.note) last->context.note(last->context.user, sentence);
}

/* Another data set comes to the network as the study's own does. */
static sx_status view_alike(sx_last *last, sx_last_set *set, sx_error *err) {
    const sx_config *c = last->config;
    const sx_view_options options = {.size = last->size,
                                     .compose = sx_config_text(c, "data", "compose"),
                                     .resize = sx_config_text(c, "data", "resize"),
                                     .backgrounds = sx_config_text(c, "data", "backgrounds"),
                                     .seed = last->seed};
    set->own_view = sx_view_new(set->own, &options, err);
    set->view = set->own_view;
    return set->own_view ? SX_OK : err->status;
}

/* The test images of the classes that data.classes left out. */
static sx_status open_held_out(sx_last *last, sx_last_set *set, sx_error *err) {
    const sx_config *c = last->config;
    set->own = sx_source_open(sx_config_text(c, "data", "source"), last->seed, NULL, err);
    if (!set->own) return err->status;
    return sx_source_choose(set->own, sx_config_text(c, "data", "classes"), true, err);
}

/* All of a set, or its test split where that is its own. */
static sx_status open_other(sx_last *last, sx_last_set *set, const char *word, sx_error *err) {
    if (strcmp(word, "held-out") == 0) {
        set->first = set->last = SX_SPLIT_TEST;
        return open_held_out(last, set, err);
    }
    set->own = sx_source_open(word, last->seed, NULL, err);
    if (!set->own) return err->status;
    const sx_source_facts *facts = sx_source_describe(set->own);
    set->first = facts->own_test || facts->test_only ? SX_SPLIT_TEST : SX_SPLIT_TRAIN;
    set->last = SX_SPLIT_TEST;
    return SX_OK;
}

static sx_status make_outside(sx_last *last, sx_last_set *set, const char *word, sx_error *err) {
    size_t most = (size_t)sx_config_number(last->config, "last_layer", "outside_items");
    static const struct {
        const char *word;
        sx_last_picture picture;
    } own[] = {
        {"noise", SX_LAST_NOISE}, {"rotated", SX_LAST_ROTATED}, {"composed", SX_LAST_COMPOSED}};
    *set = (sx_last_set){.first = SX_SPLIT_TEST, .last = SX_SPLIT_TEST};
    sx_text_printable(set->name, sizeof set->name, sx_path_name(word));
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(word, own[i].word) == 0) set->picture = own[i].picture;
    if (set->picture == SX_LAST_NOISE) return choose_items(set, most, 0, err);
    if (set->picture == SX_LAST_WHOLE) {
        sx_status status = open_other(last, set, word, err);
        if (!status) status = view_alike(last, set, err);
        if (status) return status;
    } else {
        set->view = last->data->view;
    }
    return take_splits(last, set, most, err);
}

static void set_done(sx_last_set *set) {
    sx_features_done(&set->features);
    sx_view_free(set->own_view);
    sx_source_free(set->own);
    sx_free(set->items);
    sx_free(set->labels);
    *set = (sx_last_set){0};
}

static sx_status make_outsides(sx_last *last, sx_error *err) {
    char word[SX_PATH_SIZE], said[640];
    sx_status status = SX_OK;
    for (const char *at = sx_config_text(last->config, "last_layer", "outside"); !status && *at;) {
        size_t length = strcspn(at, " ");
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        at += length + strspn(at + length, " ");
        if (!*word) continue;
        if (last->set_count == SX_LAST_OUTSIDE + SX_OUTSIDE_SETS)
            return sx_fail(err, SX_BAD_INPUT, "last_layer.outside: at most %d sets",
                           SX_OUTSIDE_SETS);
        sx_last_set *set = &last->sets[last->set_count];
        sx_error why = {0};
        sx_status made = make_outside(last, set, word, &why);
        if (made == SX_NO_MEMORY || made == SX_CANCELLED)
            status = sx_fail(err, made, "%s", why.message);
        last->set_count += !made;
        if (!made) continue;
        set_done(set);
        snprintf(said, sizeof said, "last_layer.outside: '%.60s' is left out: %.400s", word,
                 why.message);
        note(last, said);
    }
    return status;
}

/* ---- pictures of sweeps ------------------------------------------------------------------------
 */

/* The pairs of object and background that the study of robustness would measure. */
static sx_status make_swept(sx_last *last, int sweep, sx_error *err) {
    static const char *const names[SX_SWEEPS] = {"location", "rotation", "size"};
    sx_last_set *set = &last->sets[last->set_count];
    size_t points = (size_t)sx_sweep_points(sweep);
    if (!last->pairs[sweep]) return SX_OK;
    *set = (sx_last_set){.view = last->data->view,
                         .picture = SX_LAST_SWEPT,
                         .sweep = sweep,
                         .count = points * last->pairs[sweep]};
    last->set_count++;
    sx_text_set(set->name, sizeof set->name, names[sweep]);
    set->items = sx_alloc(set->count, sizeof *set->items);
    set->labels = sx_alloc(set->count, sizeof *set->labels);
    if (!set->items || !set->labels) return sx_study_no_memory(err);
    for (size_t i = 0; i < set->count; i++) {
        size_t item = sx_view_pair_item(set->view, SX_SPLIT_TEST, i / points);
        set->items[i] = (uint32_t)item;
        set->labels[i] = sx_source_label(last->data->source, SX_SPLIT_TEST, item);
    }
    return SX_OK;
}

sx_status sx_last_sets_make(sx_last *last, sx_error *err) {
    sx_status status = make_inside(last, err);
    if (!status) status = make_outsides(last, err);
    last->outside_end = last->set_count;
    for (int sweep = 0; !status && sweep < SX_SWEEPS; sweep++)
        status = make_swept(last, sweep, err);
    return status;
}

void sx_last_sets_done(sx_last *last) {
    for (int s = 0; s < SX_LAST_SETS; s++) set_done(&last->sets[s]);
}

/* ---- one picture -------------------------------------------------------------------------------
 */

static void draw_noise(const sx_last *last, size_t i, uint8_t *pixels) {
    size_t count = (size_t)last->size * (size_t)last->size * 3;
    sx_random random = sx_random_from(last->seed, STREAM_NOISE_PICTURE, i);
    for (size_t k = 0; k < count; k++) pixels[k] = (uint8_t)sx_random_below(&random, 256);
}

/* The object of a test item as a sweep would show it: turned about the centre, or upright with any
 * place and size of the grids. */
static sx_status draw_posed(const sx_last *last, const sx_last_set *set, size_t i, uint8_t *pixels,
                            sx_error *err) {
    sx_scene scene = {.background = i};
    place_of(set, i, &scene.split, &scene.item);
    sx_random random = sx_random_from(last->seed, STREAM_COMPOSED, i);
    if (set->picture == SX_LAST_ROTATED) {
        int turn = (int)sx_random_below(&random, SX_GRID_ROTATIONS);
        scene.pose = (sx_pose){last->area[1], sx_grid_rotation(turn), 0.5, 0.5};
    } else {
        int size = (int)sx_random_below(&random, SX_GRID_SIZES);
        int x = (int)sx_random_below(&random, SX_GRID_LOCATIONS);
        int y = (int)sx_random_below(&random, SX_GRID_LOCATIONS);
        scene.pose = (sx_pose){sx_grid_size(size), 0, sx_grid_location(x), sx_grid_location(y)};
    }
    return sx_view_scene(set->view, &scene, pixels, err);
}

/* Pictures are kept pair by pair, as sweeps go through them. */
static sx_status draw_swept(const sx_last *last, const sx_last_set *set, size_t i, uint8_t *pixels,
                            sx_error *err) {
    size_t points = (size_t)sx_sweep_points(set->sweep);
    sx_pose pose = sx_grid_pose(set->sweep, (int)(i % points), last->area[set->sweep]);
    int label;
    return sx_view_posed(set->view, SX_SPLIT_TEST, i / points, pose, pixels, &label, err);
}

static sx_status draw_picture(const sx_last *last, const sx_last_set *set, size_t i,
                              uint8_t *pixels, sx_error *err) {
    sx_split split;
    size_t index;
    if (set->picture == SX_LAST_NOISE) {
        draw_noise(last, i, pixels);
        return SX_OK;
    }
    if (set->picture == SX_LAST_SWEPT) return draw_swept(last, set, i, pixels, err);
    if (set->picture != SX_LAST_WHOLE) return draw_posed(last, set, i, pixels, err);
    place_of(set, i, &split, &index);
    return sx_view_image(set->view, split, index, pixels, err);
}

static void draw_one(void *context, int picture, int worker) {
    sx_last *last = context;
    size_t image = (size_t)last->size * (size_t)last->size * 3;
    (void)worker;
    last->statuses[picture] =
        draw_picture(last, &last->sets[last->set], last->done + (size_t)picture,
                     last->pixels + (size_t)picture * image, NULL);
}

/* The first that fails is drawn again for its sentence. */
static sx_status draw_slice(sx_last *last, int count, sx_error *err) {
    sx_pool_run(last->context.pool, count, draw_one, last);
    for (int i = 0; i < count; i++)
        if (last->statuses[i])
            return draw_picture(last, &last->sets[last->set], last->done + (size_t)i, last->pixels,
                                err);
    return SX_OK;
}

/* ---- features ----------------------------------------------------------------------------------
 */

static uint64_t print_of(const sx_last_set *set) {
    uint64_t prints[2] = {sx_hash_bytes(set->items, set->count * sizeof *set->items)};
    if (set->labels) prints[1] = sx_hash_bytes(set->labels, set->count * sizeof *set->labels);
    return sx_hash_bytes(prints, sizeof prints);
}

/* Some of its pictures as they come to the network, so that others under the same names are noticed
 * where a whole set was made again; all of them would take as long as their features. */
static sx_status look_at(sx_last *last, sx_last_set *set, sx_error *err) {
    size_t image = (size_t)last->size * (size_t)last->size * 3;
    size_t count = set->count < SEEN ? set->count : SEEN;
    uint64_t prints[2] = {count};
    for (size_t i = 0; i < count && !set->seen; i++) {
        size_t which = count > 1 ? i * (set->count - 1) / (count - 1) : 0;
        sx_status status = draw_picture(last, set, which, last->pixels, err);
        if (status) return status;
        prints[1] = sx_hash_bytes(last->pixels, image);
        prints[0] = sx_hash_bytes(prints, sizeof prints);
    }
    if (!set->seen) set->seen = prints[0] ? prints[0] : 1;
    return SX_OK;
}

/* What the features of the set follow from. */
static const char *describe(sx_last *last, const sx_last_set *set) {
    const sx_config *c = last->config;
    const sx_parameters *p = &last->model.parameters;
    const sx_source_facts *facts = set->view ? sx_source_describe(sx_view_source(set->view)) : NULL;
    snprintf(
        last->key, sizeof last->key,
        "%.200s %016llx | %s, %d pixels, %.90s, %.40s, %.40s, %.40s, %.60s | %s of %.60s, "
        "%.100s, %zu items %016llx %016llx, seed %llu, areas %g %g",
        last->model.spec, (unsigned long long)sx_hash_bytes(p->values, p->size * sizeof(float)),
        last->model.direct ? "direct" : "fast", last->size, sx_config_text(c, "data", "compose"),
        sx_config_text(c, "data", "resize"), sx_config_text(c, "data", "mean"),
        sx_config_text(c, "data", "deviation"), sx_config_text(c, "data", "backgrounds"), set->name,
        facts ? facts->name : "noise", facts ? facts->origin : "", set->count,
        (unsigned long long)print_of(set), (unsigned long long)set->seen,
        (unsigned long long)last->seed, last->area[0], last->area[1]);
    return last->key;
}

/* The number keeps apart sets of the same name. */
static sx_status file_of(const sx_last *last, int set, char path[SX_PATH_SIZE], sx_error *err) {
    char name[96], safe[48];
    if (!last->context.folder)
        return sx_fail(err, SX_BAD_INPUT, "a study of last layers needs a run's folder");
    sx_text_set(safe, sizeof safe, last->sets[set].name);
    for (char *c = safe; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *c)) *c = '-';
    snprintf(name, sizeof name, "features-%d-%s.bin", set, safe);
    return sx_path_join(path, last->context.folder, name, err);
}

static sx_status open_set(sx_last *last, int s, bool *found, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_last_set *set = &last->sets[s];
    *found = set->features.values != NULL;
    if (*found) return SX_OK;
    sx_status status = file_of(last, s, path, err);
    if (!status) status = look_at(last, set, err);
    if (!status) status = sx_features_open(path, describe(last, set), found, &set->features, err);
    if (!status && *found &&
        (set->features.count != set->count || set->features.width != last->form.width)) {
        sx_features_done(&set->features);
        *found = false;
    }
    return status;
}

sx_status sx_last_features_open(sx_last *last, bool *found, sx_error *err) {
    sx_status status = SX_OK;
    *found = true;
    for (int s = 0; !status && *found && s < last->set_count; s++)
        status = open_set(last, s, found, err);
    return status;
}

/* That what stage two draws on is the network's own last layer. */
static sx_status check_head(sx_last *last, int count, sx_error *err) {
    size_t values = (size_t)count * (size_t)last->form.classes;
    float *again = sx_alloc(values, sizeof *again);
    if (!again) return sx_study_no_memory(err);
    sx_status status = sx_head_logits(last->form, last->fits[1], last->rows, (size_t)count, again,
                                      last->context.pool, err);
    for (size_t i = 0; !status && i < values; i++) {
        double wanted = (double)last->logits[i], off = fabs((double)again[i] - wanted);
        if (!(off <= HEAD_TOLERANCE * fmax(1, fabs(wanted))))
            status = sx_fail(err, SX_BAD_INPUT,
                             "the last layer of %.120s gives %g where the network says %g: it is "
                             "not what makes the network's predictions",
                             last->model.spec, (double)again[i], wanted);
    }
    sx_free(again);
    return status;
}

static sx_status compute_slice(sx_last *last, sx_error *err) {
    sx_last_set *set = &last->sets[last->set];
    size_t left = set->count - last->done;
    int count = left < (size_t)last->slice ? (int)left : last->slice;
    sx_status status = draw_slice(last, count, err);
    if (!status)
        status = sx_extractor_bytes(last->extractor, last->pixels, (size_t)count, last->rows,
                                    last->logits, err);
    if (!status && last->done == 0) status = check_head(last, count, err);
    if (!status) status = sx_features_add(last->writer, last->rows, (size_t)count, err);
    if (!status) last->done += (size_t)count;
    return status;
}

static sx_status begin_file(sx_last *last, sx_error *err) {
    char path[SX_PATH_SIZE];
    const sx_last_set *set = &last->sets[last->set];
    last->done = 0;
    sx_status status = file_of(last, last->set, path, err);
    if (!status && sx_is_file(path)) {
        char said[160];
        snprintf(said, sizeof said,
                 "features of '%.60s' are computed again: their file is damaged, or of other "
                 "pictures or another network",
                 set->name);
        note(last, said);
    }
    return status ? status
                  : sx_features_begin(path, describe(last, set), set->count, last->form.width,
                                      &last->writer, err);
}

sx_status sx_last_features(sx_last *last, bool *ended, sx_error *err) {
    *ended = false;
    sx_status status = SX_OK;
    if (!last->writer) {
        status = open_set(last, last->set, ended, err);
        return status || *ended ? status : begin_file(last, err);
    }
    status = compute_slice(last, err);
    if (status || last->done < last->sets[last->set].count) return status;
    sx_features_writer *writer = last->writer;
    last->writer = NULL;
    status = sx_features_end(writer, err);
    if (!status) status = open_set(last, last->set, ended, err);
    if (status || *ended) return status;
    return sx_fail(err, SX_IO, "the features that were just written cannot be read");
}
