/* The models of a measurement, files or runs, and one batch of pictures through each of them.
 * Pictures of a batch are read and prepared for all models side by side; what a model makes of a
 * picture does not depend on the others of the batch. */
#include "core/study/internal.h"
#include "core/study/set.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_BATCH 16
#define IMAGENET_CLASSES 1000
#define PUBLISHED "fit=crop, crop=0.875, resize=area"
#define PUBLISHED_FRACTION 0.875
#define WHOLE "fit=squash"

/* ---- opening ----------------------------------------------------------------------------------
 */

static const char *text_or_null(const sx_config *config, const char *key) {
    const char *text = sx_config_text(config, "measure", key);
    return *text ? text : NULL;
}

static const char *text_of(const sx_config *config, const char *key, int number) {
    char name[32];
    snprintf(name, sizeof name, "%s%d", key, number);
    return sx_config_text(config, "measure", name);
}

/* Whether its classes are known without anybody naming them: those of ImageNet. */
static bool is_numbered(const char *path, const sx_source_facts *facts) {
    sx_checkpoint checkpoint;
    sx_tensors *file = facts->class_numbers ? sx_tensors_open(path, NULL) : NULL;
    bool found = file && sx_checkpoint_recognise(file, &checkpoint, NULL) == SX_OK &&
                 !checkpoint.zero_shot && checkpoint.classes == IMAGENET_CLASSES;
    sx_tensors_close(file);
    return found;
}

static sx_status open_file(sx_set *set, const char *path, const char *settings, sx_outside *out,
                           sx_error *err) {
    const sx_config *c = set->config;
    const sx_source_facts *facts = sx_source_describe(set->plan.source);
    const char *prompt = text_or_null(c, "prompt"), *own = text_or_null(c, "prepare");
    char prepare[256];
    snprintf(prepare, sizeof prepare, "%s%s%s", set->published ? PUBLISHED : WHOLE, own ? ", " : "",
             own ? own : "");
    const sx_outside_options options = {
        .settings = *settings ? settings : NULL,
        .prepare = prepare,
        .classes = is_numbered(path, facts) ? NULL : text_or_null(c, "classes"),
        .names = facts->class_names,
        .name_count = facts->classes,
        .merges = text_or_null(c, "merges"),
        .prompts = &prompt,
        .prompt_count = prompt != NULL,
        .prompts_file = text_or_null(c, "prompts"),
        .pool = set->context.pool};
    return sx_outside_open(path, &options, out, err);
}

/* A run's network sees pictures whole, or the middle of them, as the others do. */
static sx_status prepare_run(const sx_set *set, sx_origin *origin, sx_error *err) {
    sx_preprocessing *p = &origin->outside.checkpoint.preprocessing;
    char *rule = origin->outside.resize_name;
    sx_text_set(rule, sizeof origin->outside.resize_name,
                set->published                        ? "area"
                : strcmp(origin->resize, "auto") == 0 ? "bilinear"
                                                      : origin->resize);
    p->crops = set->published;
    p->fraction = set->published ? PUBLISHED_FRACTION : 1;
    sx_status status = sx_resize_parse(rule, &origin->outside.resize, err);
    if (!status) status = sx_colours_parse(origin->mean, p->mean, err);
    return status ? status : sx_colours_parse(origin->deviation, p->deviation, err);
}

static sx_status open_run(sx_set *set, const char *which, sx_outside *out, sx_error *err) {
    sx_origin origin = {0};
    if (!set->context.open_run)
        return sx_fail(err, SX_BAD_INPUT, "there is no file '%.200s'", which);
    sx_status status = set->context.open_run(set->context.user, which, &origin, err);
    if (!status) status = prepare_run(set, &origin, err);
    if (!status) {
        *out = origin.outside;
        origin.outside = (sx_outside){0};
    }
    sx_origin_done(&origin);
    return status;
}

/* ---- names ------------------------------------------------------------------------------------
 */

/* "vit-b-16" of "models/ViT_B-16.safetensors": for columns, and for names of files. */
static void short_name(const char *path, char out[SX_SET_NAME]) {
    char clean[SX_PATH_SIZE];
    sx_text_set(clean, sizeof clean, path);
    size_t length = strlen(clean), used = 0;
    while (length > 1 && clean[length - 1] == '/') clean[--length] = 0;
    const char *from = sx_path_name(clean), *dot = sx_is_file(path) ? strrchr(from, '.') : NULL;
    for (; *from && from != dot && used < SX_SET_NAME - 8; from++) {
        bool plain = isalnum((unsigned char)*from) || *from == '.';
        if (plain || (used > 0 && out[used - 1] != '-'))
            out[used++] = plain ? (char)tolower((unsigned char)*from) : '-';
    }
    out[used] = 0;
    if (!used) sx_text_set(out, SX_SET_NAME, "model");
}

static bool is_used(const sx_set *set, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(set->models[i].name, name) == 0) return true;
    return false;
}

static void name_model(sx_set *set, int model, const char *path) {
    char name[SX_SET_NAME];
    short_name(path, name);
    sx_text_set(set->models[model].name, SX_SET_NAME, name);
    for (unsigned again = 2; is_used(set, model, set->models[model].name); again++)
        snprintf(set->models[model].name, SX_SET_NAME, "%.40s-%u", name, again % 10);
}

/* ---- making them ready ------------------------------------------------------------------------
 */

static size_t input_of(const sx_set_model *m) {
    const sx_checkpoint *c = &m->outside.checkpoint;
    return (size_t)c->height * (size_t)c->width * (size_t)c->channels;
}

static sx_status open_model(sx_set *set, int model, const char *path, const char *settings,
                            sx_error *err) {
    sx_set_model *m = &set->models[model];
    sx_status status = sx_is_file(path) ? open_file(set, path, settings, &m->outside, err)
                                        : open_run(set, path, &m->outside, err);
    if (!status) status = sx_outside_can_classify(&m->outside, err);
    if (status) return status;
    name_model(set, model, path);
    const sx_parameters *p = &m->outside.model.parameters;
    m->print = sx_hash_bytes(p->values, p->size * sizeof *p->values);
    m->mapped = sx_alloc((size_t)set->plan.classes, sizeof *m->mapped);
    if (!m->mapped) return sx_set_no_memory(err);
    return sx_outside_match(&m->outside, sx_source_describe(set->plan.source), m->mapped, err);
}

/* As many pictures as the slowest model takes at a time within some 100 ms. */
static sx_status choose_batch(sx_set *set, sx_error *err) {
    set->batch = MOST_BATCH;
    for (int i = 0; i < set->model_count; i++) {
        sx_graph *graph = sx_model_graph(&set->models[i].outside.model, 1, err);
        if (!graph) return err->status;
        int batch = sx_probe_batch(sx_graph_cost(graph));
        sx_graph_free(graph);
        if (batch < set->batch) set->batch = batch;
    }
    return SX_OK;
}

static sx_status make_run(sx_set *set, sx_set_model *m, sx_error *err) {
    size_t batch = (size_t)set->batch, classes = (size_t)m->outside.checkpoint.classes;
    m->images = sx_alloc(batch, input_of(m) * sizeof *m->images);
    m->logits = sx_alloc(batch, classes * sizeof *m->logits);
    if (!m->images || !m->logits) return sx_set_no_memory(err);
    if (!(m->graph = sx_model_graph(&m->outside.model, set->batch, err)) ||
        !(m->run = sx_run_new(m->graph, set->context.pool, false, err)))
        return err->status;
    sx_run_hold(m->run, true);
    sx_run_stop_flag(m->run, set->context.stop);
    return SX_OK;
}

static sx_status allocate(sx_set *set, sx_error *err) {
    size_t items = set->plan.items, all = items * (size_t)set->model_count;
    set->seen = sx_alloc(items, 1);
    set->prediction = sx_alloc(all, sizeof *set->prediction);
    set->top_found = sx_alloc(all, 1);
    set->loss = sx_alloc(all, sizeof *set->loss);
    set->good = sx_alloc((size_t)set->batch, sizeof *set->good);
    set->scratch = sx_alloc((size_t)sx_pool_threads(set->context.pool), sizeof *set->scratch);
    set->broken = sx_alloc(SX_SET_BROKEN, sizeof *set->broken);
    if (!set->seen || !set->prediction || !set->top_found || !set->loss || !set->good ||
        !set->scratch || !set->broken)
        return sx_set_no_memory(err);
    for (int i = 0; i < set->model_count; i++) {
        sx_set_model *m = &set->models[i];
        m->prediction = set->prediction + (size_t)i * items;
        m->top = set->top_found + (size_t)i * items;
        m->loss = set->loss + (size_t)i * items;
    }
    return SX_OK;
}

static void name_all(sx_set *set) {
    size_t used = 0, size = sizeof set->titled;
    for (int i = 0; i < set->model_count && used < size; i++)
        used += (size_t)snprintf(set->titled + used, size - used, "%s%s", i ? ", " : "",
                                 set->models[i].name);
}

/* What is said about files is of no use where all are runs, which know it of themselves. */
static sx_status check_settings(const sx_set *set, sx_error *err) {
    static const char *const keys[] = {"prepare", "classes", "merges", "prompt", "prompts"};
    bool said = false;
    for (int number = 1; number <= SX_SET_MODELS; number++) {
        const char *path = text_of(set->config, "model", number);
        if (*path && sx_is_file(path)) return SX_OK;
        said = said || *text_of(set->config, "settings", number);
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        said = said || text_or_null(set->config, keys[i]);
    if (!said) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "--set, --prepare, --classes, --merges, --prompt and --prompts are about a "
                   "model's file, and these are runs");
}

sx_status sx_set_open_models(sx_set *set, sx_error *err) {
    sx_status status = SX_OK;
    for (int number = 1; !status && number <= SX_SET_MODELS; number++) {
        const char *path = text_of(set->config, "model", number);
        if (!*path) continue;
        status = open_model(set, set->model_count++, path, text_of(set->config, "settings", number),
                            err);
        if (status) sx_fail_within(err, "measure.model%d", number);
    }
    if (!status && !set->model_count)
        return sx_fail(err, SX_BAD_INPUT, "measure.model1 names no model: say which to measure");
    if (!status) status = check_settings(set, err);
    if (!status) status = choose_batch(set, err);
    for (int i = 0; !status && i < set->model_count; i++)
        status = make_run(set, &set->models[i], err);
    name_all(set);
    return status ? status : allocate(set, err);
}

void sx_set_close_models(sx_set *set) {
    for (int i = 0; i < set->model_count; i++) {
        sx_set_model *m = &set->models[i];
        sx_run_free(m->run);
        sx_graph_free(m->graph);
        sx_outside_done(&m->outside);
        sx_free(m->mapped);
        sx_free(m->images);
        sx_free(m->logits);
    }
    for (int t = 0; set->scratch && t < sx_pool_threads(set->context.pool); t++)
        sx_resize_scratch_done(&set->scratch[t]);
    void *const owned[] = {set->seen, set->prediction, set->top_found, set->loss,
                           set->good, set->scratch,    set->broken};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) sx_free(owned[i]);
}

/* ---- a batch ----------------------------------------------------------------------------------
 */

static void read_picture(void *context, int piece, int worker) {
    sx_set *set = context;
    sx_image picture = {0};
    size_t item = set->plan.order[set->done + (size_t)piece];
    bool good = sx_set_picture(&set->plan, item, &picture, NULL) == SX_OK;
    for (int i = 0; good && i < set->model_count; i++) {
        sx_set_model *m = &set->models[i];
        good = sx_outside_prepare(&m->outside, &picture, m->images + (size_t)piece * input_of(m),
                                  &set->scratch[worker], NULL) == SX_OK;
    }
    set->good[piece] = good;
    sx_image_done(&picture);
}

/* A batch ends where a level does, so that it is the same whoever looks. */
static void read_batch(sx_set *set) {
    int level = sx_set_level(&set->plan, set->done);
    size_t left = set->plan.ends[level] - set->done;
    set->count = left < (size_t)set->batch ? (int)left : set->batch;
    sx_pool_run(set->context.pool, set->count, read_picture, set);
}

/* What one picture's logits say; equal ones rank by their number. Softmax in double precision, as
 * published losses are compared to four digits. */
static void score(const sx_set *set, sx_set_model *m, size_t item, const float *logits) {
    int classes = m->outside.checkpoint.classes, label = m->mapped[set->plan.labels[item]];
    int best = 0, rank = 0;
    double sum = 0;
    for (int c = 1; c < classes; c++)
        if (logits[c] > logits[best]) best = c;
    for (int c = 0; c < classes; c++) {
        rank += logits[c] > logits[label] || (c < label && logits[c] == logits[label]);
        sum += exp((double)logits[c] - (double)logits[best]);
    }
    bool numbers = isfinite(sum) && isfinite(logits[best]);
    m->prediction[item] = numbers ? best : -1;
    m->top[item] = numbers && rank < set->top;
    m->loss[item] =
        numbers ? (float)(log(sum) + (double)logits[best] - (double)logits[label]) : NAN;
}

/* A sentence without the path that it begins with: the picture is named beside it. */
static const char *without_path(const char *sentence) {
    const char *rest = *sentence == '\'' ? strstr(sentence, "': ") : NULL;
    return rest ? rest + 3 : sentence;
}

void sx_set_note_broken(sx_set *set, size_t item, const sx_error *err, bool loud) {
    char sentence[512];
    size_t number = set->broken_count++;
    if (number >= SX_SET_BROKEN) return;
    set->broken[number].item = (uint32_t)item;
    sx_text_printable(set->broken[number].reason, sizeof set->broken[number].reason,
                      without_path(err->message));
    if (!loud || !set->context.note) return;
    snprintf(sentence, sizeof sentence, "left out: %.450s", err->message);
    set->context.note(set->context.user, sentence);
}

static void end_batch(sx_set *set) {
    for (int i = 0; i < set->count; i++) {
        size_t item = set->plan.order[set->done + (size_t)i];
        set->seen[item] = set->good[i] ? SX_SEEN : SX_SEEN_BROKEN;
        if (set->good[i]) continue;
        sx_error err = {.message = "it could not be brought to a model's size"};
        sx_image picture = {0};
        sx_set_picture(&set->plan, item, &picture, &err);
        sx_image_done(&picture);
        sx_set_note_broken(set, item, &err, true);
    }
    set->done += (size_t)set->count;
    set->intervals_hold = false;
}

sx_status sx_set_look(sx_set *set, sx_error *err) {
    if (set->model == 0) read_batch(set);
    sx_set_model *m = &set->models[set->model];
    bool any = false;
    for (int i = 0; i < set->count; i++) any = any || set->good[i];
    sx_status status = !any ? SX_OK
                            : sx_run_predict(m->run, &m->outside.model.parameters, m->images,
                                             set->count, m->logits, err);
    if (status) return status;
    size_t classes = (size_t)m->outside.checkpoint.classes;
    for (int i = 0; i < set->count; i++)
        if (set->good[i])
            score(set, m, set->plan.order[set->done + (size_t)i], m->logits + (size_t)i * classes);
    if (++set->model < set->model_count) return SX_OK;
    set->model = 0;
    end_batch(set);
    return SX_OK;
}
