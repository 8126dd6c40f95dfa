/* Predictions of a file as ensembles: what the readers share, and the way from rows to what is
 * scored. */
#include "core/study/predictions_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 2048 /* items that are added at once */

sx_status sx_predictions_no_memory(const char *file, sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to read '%.200s'", file);
}

void sx_predictions_done(sx_predictions *p) {
    sx_free(p->values);
    sx_free(p->labels);
    sx_free(p->inside.rows);
    sx_free(p->fit.rows);
    for (int set = 0; set < SX_PREDICTIONS_SETS; set++) sx_free(p->sets[set].rows);
    sx_arena_done(&p->arena);
    *p = (sx_predictions){0};
}

int sx_predictions_check(sx_predicted kind, const double *values, int classes, char *why) {
    double sum = 0;
    for (int k = 0; k < classes; k++) {
        double v = values[k];
        if (!isfinite(v)) {
            snprintf(why, 160, "it is not a finite number");
            return k;
        }
        if (kind == SX_PREDICTED_PROBABILITIES && (v < 0 || v > 1 + SX_PREDICTIONS_OFF)) {
            snprintf(why, 160, "%g is no probability", v);
            return k;
        }
        sum += v;
    }
    if (kind != SX_PREDICTED_PROBABILITIES || fabs(sum - 1) <= SX_PREDICTIONS_OFF) return -1;
    snprintf(why, 160, "its probabilities add up to %.6g, not to 1", sum);
    return -2;
}

static void name_after(const char *path, sx_predictions *out) {
    char name[512];
    sx_text_set(name, sizeof name, sx_path_name(path));
    char *dot = strrchr(name, '.');
    if (dot && dot > name) *dot = 0;
    sx_text_printable(out->name, sizeof out->name, name);
}

static sx_status read_csv(const char *path, sx_pool *pool, sx_predictions *out, sx_error *err) {
    sx_bytes bytes = {0};
    sx_status status = sx_file_map(path, &bytes, err);
    if (!status)
        status = sx_predictions_parse(sx_path_name(path), bytes.data ? (char *)bytes.data : "",
                                      bytes.size, pool, out, err);
    sx_file_unmap(&bytes);
    return status;
}

sx_status sx_predictions_read(const char *path, const char *labels, sx_pool *pool,
                              sx_predictions *out, sx_error *err) {
    size_t length = strlen(path);
    *out = (sx_predictions){0};
    bool npy = length > 4 && strcmp(path + length - 4, ".npy") == 0;
    sx_status status = npy ? sx_predictions_read_npy(path, labels, pool, out, err)
                           : read_csv(path, pool, out, err);
    name_after(path, out);
    return status;
}

/* ---- the same items ---------------------------------------------------------------------------
 */

static int32_t label_of(const sx_predictions *p, const sx_predictions_part *part, size_t i) {
    return p->labels[part->rows[i]];
}

sx_status sx_predictions_match(const sx_predictions *a, const sx_predictions *b, sx_error *err) {
    bool alone = a->kind == SX_PREDICTED_CONFIDENCE || b->kind == SX_PREDICTED_CONFIDENCE;
    if (alone && a->kind != b->kind)
        return sx_fail(err, SX_BAD_INPUT,
                       "'%s' and '%s' cannot be compared: one has confidences only", a->name,
                       b->name);
    if (a->classes != b->classes)
        return sx_fail(err, SX_BAD_INPUT, "'%s' has %d classes, '%s' %d", a->name, a->classes,
                       b->name, b->classes);
    if (a->inside.n != b->inside.n || a->fit.n != b->fit.n || a->set_count != b->set_count)
        return sx_fail(
            err, SX_BAD_INPUT,
            "'%s' and '%s' are not of the same items: %zu and %zu, beside %d and %d sets "
            "from elsewhere",
            a->name, b->name, a->inside.n, b->inside.n, a->set_count, b->set_count);
    for (size_t i = 0; !alone && i < a->inside.n; i++)
        if (label_of(a, &a->inside, i) != label_of(b, &b->inside, i))
            return sx_fail(err, SX_BAD_INPUT,
                           "'%s' and '%s' are not of the same items: the labels of item %zu differ",
                           a->name, b->name, i + 1);
    for (int set = 0; set < a->set_count; set++)
        if (strcmp(a->sets[set].name, b->sets[set].name) != 0)
            return sx_fail(err, SX_BAD_INPUT, "'%s' has a set '%s', '%s' a set '%s'", a->name,
                           a->sets[set].name, b->name, b->sets[set].name);
    return SX_OK;
}

/* ---- ensembles --------------------------------------------------------------------------------
 */

static size_t item_of(const sx_predictions_choice *c, size_t i) {
    return c->chosen ? c->chosen[i] : i;
}

static size_t count_of(const sx_predictions_choice *c) {
    return c->chosen ? c->count : c->part->n;
}

typedef struct {
    const sx_predictions *p;
    sx_predictions_choice choice;
    int member;
    sx_ensemble *out;
    double *rooms; /* [threads, BLOCK, classes] */
} adding;

static void add_block(void *context, int piece, int worker) {
    adding *a = context;
    const sx_predictions_part *part = a->choice.part;
    size_t first = (size_t)piece * BLOCK, left = count_of(&a->choice) - first;
    size_t classes = (size_t)a->p->classes, count = left < BLOCK ? left : BLOCK;
    double *room = a->rooms + (size_t)worker * BLOCK * classes;
    const uint32_t *rows = part->rows + (size_t)a->member * part->n;
    for (size_t i = 0; i < count; i++) {
        const double *from = a->p->values + rows[item_of(&a->choice, first + i)] * classes;
        memcpy(room + i * classes, from, classes * sizeof *room);
    }
    if (a->p->kind == SX_PREDICTED_PROBABILITIES)
        sx_ensemble_add_probabilities(a->out, first, count, room);
    else
        sx_ensemble_add_tempered(a->out, first, count, room, 1);
}

static int32_t *labels_of(const sx_predictions *p, const sx_predictions_choice *choice) {
    size_t n = count_of(choice);
    int32_t *labels = sx_alloc(n, sizeof *labels);
    for (size_t i = 0; labels && i < n; i++)
        labels[i] = label_of(p, choice->part, item_of(choice, i));
    return labels;
}

sx_status sx_predictions_ensemble(const sx_predictions *p, sx_predictions_choice choice,
                                  sx_pool *pool, sx_ensemble *out, sx_error *err) {
    size_t n = count_of(&choice), threads = (size_t)sx_pool_threads(pool);
    adding a = {.p = p, .choice = choice, .out = out};
    int32_t *labels = labels_of(p, &choice);
    a.rooms = sx_alloc(threads * BLOCK, (size_t)p->classes * sizeof *a.rooms);
    *out = (sx_ensemble){0};
    sx_status status = labels && a.rooms ? SX_OK : sx_predictions_no_memory(p->name, err);
    const int32_t *given = choice.labelled ? labels : NULL;
    if (!status)
        status = p->members > 1 ? sx_ensemble_new(n, p->classes, given, out, err)
                                : sx_ensemble_new_single(n, p->classes, given, out, err);
    for (a.member = 0; !status && a.member < p->members; a.member++) {
        sx_pool_run(pool, (int)((n + BLOCK - 1) / BLOCK), add_block, &a);
        sx_ensemble_end_member(out);
    }
    sx_free(labels);
    sx_free(a.rooms);
    return status;
}

/* ---- temperature ------------------------------------------------------------------------------
 */

/* Logits of one model; of anything else the logarithms of its (mean) probabilities. Owned; NULL
 * with `err`. */
static double *logits_of(const sx_predictions *p, sx_predictions_choice choice, sx_pool *pool,
                         sx_error *err) {
    size_t n = count_of(&choice), classes = (size_t)p->classes;
    sx_ensemble e = {0};
    double *logits = sx_alloc(n, classes * sizeof *logits);
    sx_status status = logits ? SX_OK : sx_predictions_no_memory(p->name, err);
    bool plain = p->members == 1 && p->kind == SX_PREDICTED_LOGITS;
    for (size_t i = 0; !status && plain && i < n; i++)
        memcpy(logits + i * classes, p->values + choice.part->rows[item_of(&choice, i)] * classes,
               classes * sizeof *logits);
    if (!status && !plain) status = sx_predictions_ensemble(p, choice, pool, &e, err);
    if (!status && !plain) sx_ensemble_log_mean(&e, 0, n, logits);
    sx_ensemble_done(&e);
    if (!status) return logits;
    sx_free(logits);
    return NULL;
}

sx_status sx_predictions_tempered(const sx_predictions *p, sx_predictions_choice choice,
                                  double temperature, sx_pool *pool, sx_ensemble *out,
                                  sx_error *err) {
    size_t n = count_of(&choice);
    double *logits = logits_of(p, choice, pool, err);
    int32_t *labels = labels_of(p, &choice);
    *out = (sx_ensemble){0};
    sx_status status = logits ? SX_OK : err->status;
    if (!status && !labels) status = sx_predictions_no_memory(p->name, err);
    if (!status)
        status = sx_ensemble_new_single(n, p->classes, choice.labelled ? labels : NULL, out, err);
    if (!status) {
        sx_ensemble_add_tempered(out, 0, n, logits, temperature);
        sx_ensemble_end_member(out);
    }
    sx_free(logits);
    sx_free(labels);
    return status;
}

sx_status sx_predictions_fit(const sx_predictions *p, sx_predictions_choice choice, sx_pool *pool,
                             double *temperature, sx_error *err) {
    double *logits = logits_of(p, choice, pool, err);
    int32_t *labels = labels_of(p, &choice);
    sx_status status = logits ? SX_OK : err->status;
    if (!status && !labels) status = sx_predictions_no_memory(p->name, err);
    if (!status)
        status = sx_temperature_fit(logits, labels, count_of(&choice), p->classes, pool,
                                    temperature, err);
    sx_free(logits);
    sx_free(labels);
    return status;
}

sx_status sx_predictions_scored(const sx_predictions *p, sx_predictions_choice choice,
                                sx_scored *out, sx_error *err) {
    size_t n = count_of(&choice);
    double *confidence = sx_alloc(n, sizeof *confidence);
    *out = (sx_scored){.n = n, .classes = 1};
    out->confidence[SX_SCORE_MAX_PROBABILITY] = confidence;
    out->wrong = sx_alloc(n, 1);
    if (!confidence || !out->wrong) return sx_predictions_no_memory(p->name, err);
    for (size_t i = 0; i < n; i++) {
        size_t row = choice.part->rows[item_of(&choice, i)];
        confidence[i] = p->values[row];
        out->wrong[i] = p->labels[row] != 1;
    }
    return SX_OK;
}
