/* The study that scores predictions of files: up to eight files are as many methods on the same
 * items, each of them also at a temperature where that is asked for. All figures are there at once;
 * their intervals come round by round. */
#include "core/study/internal.h"
#include "core/study/kind.h"
#include "core/study/predictions.h"
#include "core/study/scoring.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES 8
#define SHOWN_ITEMS 20000 /* of tables of items */

/* One method: what it says inside and of each set. */
typedef struct {
    char name[SX_PREDICTIONS_NAME + 24];
    sx_ensemble inside, sets[SX_PREDICTIONS_SETS];
    const sx_ensemble *outside[SX_PREDICTIONS_SETS];
    sx_scored given, given_sets[SX_PREDICTIONS_SETS]; /* of confidences alone */
    const sx_scored *outside_given[SX_PREDICTIONS_SETS];
} method;

typedef struct {
    sx_study_base base;
    sx_study_context context;
    char titled[128];
    int file_count, count;
    sx_predictions files[FILES];
    method methods[2 * FILES];
    sx_method scored[2 * FILES];
    const char *set_names[SX_PREDICTIONS_SETS];
    uint32_t *fit, *rest; /* items of the inside part, where a share of them fits temperatures */
    size_t fit_count, rest_count;
    sx_scoring scoring;
    sx_scoring_intervals *intervals; /* NULL: nothing was published yet */
    sx_study_report report;
    sx_safetensor tensor;
    sx_metadata metadata[3];
    char print_text[24 * FILES], seed_text[24], step_text[24];
    uint8_t mark;
} predictions_study;

static predictions_study *of(sx_study *study) {
    return (predictions_study *)(void *)study;
}

static void end_study(sx_study *study) {
    predictions_study *p = of(study);
    sx_scoring_intervals_free(p->intervals);
    for (int k = 0; k < 2 * FILES; k++) {
        sx_ensemble_done(&p->methods[k].inside);
        for (int set = 0; set < SX_PREDICTIONS_SETS; set++) {
            sx_ensemble_done(&p->methods[k].sets[set]);
            sx_scored_done(&p->methods[k].given_sets[set]);
        }
        sx_scored_done(&p->methods[k].given);
    }
    for (int f = 0; f < FILES; f++) sx_predictions_done(&p->files[f]);
    sx_free(p->fit);
    sx_free(p->rest);
    sx_free(p);
}

/* ---- files ------------------------------------------------------------------------------------
 */

/* The same name twice is told apart by a number. */
static void name_apart(predictions_study *p, int file) {
    char *name = p->files[file].name;
    for (int f = 0; f < file; f++) {
        if (strcmp(p->files[f].name, name) != 0) continue;
        char base[SX_PREDICTIONS_NAME - 16];
        sx_text_set(base, sizeof base, name);
        snprintf(name, SX_PREDICTIONS_NAME, "%s (%d)", base, file + 1);
    }
}

static sx_status read_files(predictions_study *p, const sx_config *config, sx_error *err) {
    const char *labels = sx_config_text(config, "predictions", "labels");
    size_t used = 0;
    for (int f = 0; f < FILES; f++) {
        char key[16];
        snprintf(key, sizeof key, "file%d", f + 1);
        const char *path = sx_config_text(config, "predictions", key);
        if (!*path) continue;
        int k = p->file_count++;
        sx_status status = sx_predictions_read(path, labels, p->context.pool, &p->files[k], err);
        if (status) return status;
        name_apart(p, k);
        if (k && sx_predictions_match(&p->files[0], &p->files[k], err)) return err->status;
        if (used < sizeof p->titled)
            used += (size_t)snprintf(p->titled + used, sizeof p->titled - used, "%s%s",
                                     k ? ", " : "", p->files[k].name);
    }
    if (p->file_count) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "predictions.file1 names no file of predictions");
}

/* ---- methods ----------------------------------------------------------------------------------
 */

/* The share of the items inside that temperatures are fitted on: the first, or random ones. The
 * rest is what figures are of. */
static sx_status split_items(predictions_study *p, const sx_config *config, sx_error *err) {
    const char *how = sx_config_text(config, "predictions", "temperature");
    double share = sx_config_number(config, "predictions", "share");
    size_t n = p->files[0].inside.n;
    if (strcmp(how, "no") == 0 || p->files[0].fit.n) return SX_OK;
    p->fit_count = (size_t)(share * (double)n + 1e-9);
    p->rest_count = n - p->fit_count;
    if (!p->fit_count || !p->rest_count)
        return sx_fail(err, SX_BAD_INPUT,
                       "a temperature cannot be fitted on %zu of %zu items; another "
                       "predictions.share may do",
                       p->fit_count, n);
    uint32_t *order = sx_alloc(n, sizeof *order);
    p->fit = sx_alloc(p->fit_count, sizeof *p->fit);
    p->rest = sx_alloc(p->rest_count, sizeof *p->rest);
    uint8_t *fits = sx_alloc(n, 1);
    bool memory = order && p->fit && p->rest && fits;
    for (size_t i = 0; memory && i < n; i++) order[i] = (uint32_t)i;
    sx_random random = sx_random_from(p->scoring.seed, 0x7e39, 0);
    if (memory && strcmp(how, "random") == 0) sx_random_permutation(&random, order, n);
    for (size_t i = 0; memory && i < p->fit_count; i++) fits[order[i]] = 1;
    size_t fit = 0, rest = 0;
    for (size_t i = 0; memory && i < n; i++)
        if (fits[i])
            p->fit[fit++] = (uint32_t)i;
        else
            p->rest[rest++] = (uint32_t)i;
    sx_free(order);
    sx_free(fits);
    return memory ? SX_OK : sx_fail(err, SX_NO_MEMORY, "not enough memory for predictions");
}

static sx_predictions_choice inside_of(const predictions_study *p, int file) {
    return (sx_predictions_choice){&p->files[file].inside, p->rest, p->rest_count, true};
}

static sx_status make_sets(predictions_study *p, int file, double temperature, method *m,
                           sx_error *err) {
    const sx_predictions *from = &p->files[file];
    sx_status status = SX_OK;
    for (int set = 0; !status && set < from->set_count; set++) {
        sx_predictions_choice choice = {.part = &from->sets[set]};
        status = isnan(temperature)
                     ? sx_predictions_ensemble(from, choice, p->context.pool, &m->sets[set], err)
                     : sx_predictions_tempered(from, choice, temperature, p->context.pool,
                                               &m->sets[set], err);
        m->outside[set] = &m->sets[set];
    }
    return status;
}

/* The same of confidences alone. */
static sx_status make_given_sets(predictions_study *p, int file, method *m, sx_error *err) {
    const sx_predictions *from = &p->files[file];
    sx_status status = SX_OK;
    for (int set = 0; !status && set < from->set_count; set++) {
        const sx_predictions_choice choice = {.part = &from->sets[set]};
        status = sx_predictions_scored(from, choice, &m->given_sets[set], err);
        m->outside_given[set] = &m->given_sets[set];
    }
    return status;
}

static sx_status add_method(predictions_study *p, int file, double temperature, sx_error *err) {
    method *m = &p->methods[p->count];
    const sx_predictions *from = &p->files[file];
    sx_pool *pool = p->context.pool;
    bool alone = from->kind == SX_PREDICTED_CONFIDENCE;
    sx_text_set(m->name, sizeof m->name, from->name);
    if (!isnan(temperature)) {
        size_t used = strlen(m->name);
        sx_text_set(m->name + used, sizeof m->name - used, ", temperature");
    }
    sx_status status =
        alone ? sx_predictions_scored(from, inside_of(p, file), &m->given, err)
        : isnan(temperature)
            ? sx_predictions_ensemble(from, inside_of(p, file), pool, &m->inside, err)
            : sx_predictions_tempered(from, inside_of(p, file), temperature, pool, &m->inside, err);
    if (!status)
        status = alone ? make_given_sets(p, file, m, err) : make_sets(p, file, temperature, m, err);
    p->scored[p->count++] = (sx_method){.name = m->name,
                                        .inside = alone ? NULL : &m->inside,
                                        .given = alone ? &m->given : NULL,
                                        .outside = alone ? NULL : m->outside,
                                        .outside_given = alone ? m->outside_given : NULL,
                                        .temperature = temperature};
    return status;
}

static sx_status make_methods(predictions_study *p, const sx_config *config, sx_error *err) {
    bool scale = strcmp(sx_config_text(config, "predictions", "temperature"), "no") != 0;
    sx_status status = split_items(p, config, err);
    for (int f = 0; !status && f < p->file_count; f++) {
        double temperature;
        const sx_predictions *file = &p->files[f];
        status = add_method(p, f, NAN, err);
        if (status || !scale || file->kind == SX_PREDICTED_CONFIDENCE) continue;
        sx_predictions_choice choice = {p->fit ? &file->inside : &file->fit, p->fit, p->fit_count,
                                        true};
        status = sx_predictions_fit(file, choice, p->context.pool, &temperature, err);
        if (!status) status = add_method(p, f, temperature, err);
    }
    return status;
}

static void prepare_scoring(predictions_study *p) {
    const sx_predictions *first = &p->files[0];
    for (int set = 0; set < first->set_count; set++) p->set_names[set] = first->sets[set].name;
    p->scoring.n = p->rest ? p->rest_count : first->inside.n;
    p->scoring.items = p->rest;
    p->scoring.classes = first->classes;
    p->scoring.sets = first->set_count;
    p->scoring.set_names = p->set_names;
    p->scoring.split = "";
    p->scoring.step = -1;
    p->scoring.most_rows = SHOWN_ITEMS;
    p->scoring.pool = p->context.pool;
    p->scoring.stop = p->context.stop;
    p->scoring.user = p->context.user;
    p->scoring.publish = p->context.publish;
}

static sx_study *make_study(const sx_config *config, const sx_study_data *data,
                            const sx_study_context *context, sx_error *err) {
    predictions_study *p = sx_alloc(1, sizeof *p);
    (void)data;
    if (!p) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for predictions");
        return NULL;
    }
    p->base.kind = &sx_predictions_kind;
    p->context = *context;
    p->scoring.seed = (uint64_t)sx_config_number(config, "run", "seed");
    sx_status status = read_files(p, config, err);
    if (!status) status = make_methods(p, config, err);
    prepare_scoring(p);
    p->report = sx_report_without_training(SX_PHASE_MEASURING, SX_SCORING_ROUNDS, 1);
    p->report.measures_only = true;
    p->report.unit = "resamples";
    sx_study *study = (sx_study *)(void *)p;
    if (!status) return study;
    end_study(study);
    return NULL;
}

/* ---- driving ----------------------------------------------------------------------------------
 */

static sx_status advance(sx_study *study, sx_study_report *out, sx_error *err) {
    predictions_study *p = of(study);
    sx_status status = SX_OK;
    bool ended = false;
    if (!p->intervals) {
        p->intervals = sx_scoring_intervals_new(&p->scoring, p->scored, p->count, err);
        if (!p->intervals) return err->status;
    } else {
        status = sx_scoring_intervals_advance(p->intervals, &ended, err);
    }
    p->report.phase_done = sx_scoring_intervals_share(p->intervals);
    p->report.step = (int64_t)(p->report.phase_done * SX_SCORING_ROUNDS);
    p->report.slices_left = sx_scoring_intervals_left(p->intervals);
    if (ended) p->report.phase = SX_PHASE_FINISHED;
    *out = p->report;
    return status;
}

static sx_status command(sx_study *study, const char *name, double value, sx_error *err) {
    return sx_study_check(&of(study)->report, name, value, err);
}

static const char *model_of(const sx_study *study) {
    return ((const predictions_study *)(const void *)study)->titled;
}

static size_t trained_values_of(const sx_study *study) {
    (void)study;
    return 0;
}

static const sx_parameters *parameters_of(sx_study *study) {
    (void)study;
    return NULL;
}

/* ---- state ------------------------------------------------------------------------------------
 */

/* Intervals are begun again, to the same bits: the state is that the files are the same ones. */
static sx_status save(sx_study *study, sx_study_state *out, sx_error *err) {
    predictions_study *p = of(study);
    size_t used = 0;
    (void)err;
    for (int f = 0; f < p->file_count; f++)
        used += (size_t)snprintf(p->print_text + used, sizeof p->print_text - used, "%s%016llx",
                                 f ? " " : "", (unsigned long long)p->files[f].print);
    snprintf(p->seed_text, sizeof p->seed_text, "%llu", (unsigned long long)p->scoring.seed);
    snprintf(p->step_text, sizeof p->step_text, "%lld", (long long)p->report.step);
    p->tensor = (sx_safetensor){.name = "predictions",
                                .dtype = SX_DTYPE_U8,
                                .rank = 1,
                                .sizes = {1},
                                .values = &p->mark,
                                .bytes = 1};
    p->metadata[0] = (sx_metadata){"files", p->print_text};
    p->metadata[1] = (sx_metadata){"seed", p->seed_text};
    p->metadata[2] = (sx_metadata){"step", p->step_text};
    *out = (sx_study_state){&p->tensor, 1, p->metadata, 3};
    return SX_OK;
}

static sx_status load(sx_study *study, const sx_safetensors *file, sx_error *err) {
    predictions_study *p = of(study);
    sx_study_state mine;
    sx_status status = save(study, &mine, err);
    for (int i = 0; !status && i < 2; i++) {
        const char *theirs = sx_safetensors_metadata(file, p->metadata[i].key);
        if (!theirs || strcmp(theirs, p->metadata[i].value) != 0)
            status = sx_fail(err, SX_BAD_INPUT,
                             "the files of predictions, or the seed, are not as the run began with "
                             "them");
    }
    return status;
}

/* Its steps are rounds of the bootstrap. */
static sx_status resolve(sx_config *config, const sx_source *source, sx_error *err) {
    char steps[24];
    (void)source;
    snprintf(steps, sizeof steps, "%d", SX_SCORING_ROUNDS);
    return sx_config_put(config, "train", "steps", steps, err);
}

const sx_study_functions sx_predictions_kind = {.make = make_study,
                                                .end = end_study,
                                                .advance = advance,
                                                .command = command,
                                                .model = model_of,
                                                .trained_values = trained_values_of,
                                                .parameters = parameters_of,
                                                .save = save,
                                                .load = load,
                                                .resolve = resolve};
