/* The walk of a study of last layers: method after method, step size after step size, one slice of
 * steps or one set's predictions at a time. What a snapshot says of a set is added up and the
 * snapshot forgotten, so that any number of them fits. Which step size is kept is decided by the
 * AURC of the largest probability on validation; what is said of other sets is not looked at. */
#include "core/study/last_layer.h"

#include <math.h>
#include <string.h>

#define SLICE_WORK 2e8 /* multiply-adds of a slice of steps, some 10 to 30 ms */
#define FIT_STEP 0.001 /* Adam's own default */

enum { STREAM_FIT = 63 };

/* ---- ensembles ---------------------------------------------------------------------------------
 */

bool sx_last_is_single(const sx_last_method *m) {
    return m->kind == SX_LAST_POINT || m->kind == SX_LAST_TEMPERATURE ||
           (m->kind == SX_LAST_CONTINUED && m->members == 1);
}

void sx_last_says_done(sx_last *last, sx_ensemble *says) {
    for (int s = SX_LAST_VALIDATION; s < last->set_count; s++) sx_ensemble_done(&says[s]);
    memset(says, 0, (size_t)last->set_count * sizeof *says);
}

sx_status sx_last_says_make(sx_last *last, bool single, sx_ensemble *out, sx_error *err) {
    sx_status status = SX_OK;
    for (int s = SX_LAST_VALIDATION; !status && s < last->set_count; s++) {
        const sx_last_set *set = &last->sets[s];
        status =
            single
                ? sx_ensemble_new_single(set->count, last->form.classes, set->labels, &out[s], err)
                : sx_ensemble_new(set->count, last->form.classes, set->labels, &out[s], err);
    }
    return status;
}

/* ---- where the walk is -------------------------------------------------------------------------
 */

static const sx_last_method *method_of(const sx_last *last) {
    return &last->list.method[last->method];
}

static sx_head_form form_of(const sx_last *last) {
    sx_head_form form = last->form;
    form.layers = last->fitting ? last->fitting : method_of(last)->layers;
    return form;
}

static sx_head_data data_of(const sx_last *last) {
    const sx_last_set *train = &last->sets[SX_LAST_TRAIN];
    return (sx_head_data){train->features.values, train->labels, train->count};
}

static sx_status begin_fit(sx_last *last, sx_error *err) {
    sx_head_form form = form_of(last);
    sx_head_data data = data_of(last);
    const sx_sampler_options options = {
        .sampling = SX_SAMPLING_ADAM,
        .members = 1,
        .step = FIT_STEP,
        .batch = SX_LAST_FIT_BATCH,
        .epochs = (int)sx_config_number(last->config, "last_layer", "fit_epochs"),
        .seed = last->seed + STREAM_FIT};
    float *start = sx_alloc(sx_head_values(form), sizeof *start);
    last->fit_best = sx_alloc(sx_head_values(form), sizeof *start);
    sx_status status = start && last->fit_best ? SX_OK : sx_study_no_memory(err);
    if (!status) {
        sx_head_draw(form, last->seed, start);
        status = sx_sampler_new(form, &options, &data, start, &last->sampler, err);
    }
    sx_free(start);
    last->fit_accuracy = -1;
    return status;
}

static sx_status begin_method(sx_last *last, sx_error *err) {
    const sx_last_method *m = method_of(last);
    sx_last_says *says = &last->says[last->method];
    sx_head_data data = data_of(last);
    sx_status status = SX_OK;
    if (m->step_count) {
        const sx_sampler_options options = sx_last_sampler_options(m, last->candidate, last->seed);
        status = sx_sampler_new(form_of(last), &options, &data, last->fits[m->layers],
                                &last->sampler, err);
    }
    if (!status && m->every > 0 && m->every > sx_sampler_steps(last->sampler))
        status =
            sx_fail(err, SX_BAD_INPUT, "method '%.60s': no snapshot would be taken in %lld steps",
                    m->spec, (long long)sx_sampler_steps(last->sampler));
    if (!status) status = sx_last_says_make(last, sx_last_is_single(m), says->trial, err);
    says->has_trial = true;
    return status;
}

sx_status sx_last_walk_prepare(sx_last *last, sx_error *err) {
    return last->fitting ? begin_fit(last, err) : begin_method(last, err);
}

/* ---- a first fit of new layers -----------------------------------------------------------------
 */

static sx_status accuracy_of(const sx_last *last, const float *values, double *out, sx_error *err) {
    const sx_last_set *set = &last->sets[SX_LAST_VALIDATION];
    int classes = last->form.classes;
    float *logits = sx_alloc(set->count * (size_t)classes, sizeof *logits);
    if (!logits) return sx_study_no_memory(err);
    sx_status status = sx_head_logits(form_of(last), values, set->features.values, set->count,
                                      logits, last->context.pool, err);
    size_t right = 0;
    for (size_t i = 0; !status && i < set->count; i++)
        right += sx_likeliest(logits + i * (size_t)classes, classes) == set->labels[i];
    *out = (double)right / (double)set->count;
    sx_free(logits);
    return status;
}

/* After each pass: the one with the best accuracy on validation is kept. */
static sx_status look_at_fit(sx_last *last, sx_error *err) {
    const float *values = sx_sampler_member(last->sampler, 0);
    double accuracy = 0;
    sx_status status = accuracy_of(last, values, &accuracy, err);
    if (status) return status;
    if (accuracy > last->fit_accuracy) {
        memcpy(last->fit_best, values, sx_head_values(form_of(last)) * sizeof *values);
        last->fit_accuracy = accuracy;
    }
    if (sx_sampler_at(last->sampler) < sx_sampler_steps(last->sampler)) return SX_OK;
    last->walked += sx_sampler_steps(last->sampler);
    sx_sampler_free(last->sampler);
    last->sampler = NULL;
    last->fits[last->fitting] = last->fit_best;
    last->fit_best = NULL;
    last->fitting = 0;
    return SX_OK;
}

/* ---- what a snapshot says ----------------------------------------------------------------------
 */

/* Logits of the point estimate for all items of a set, in double precision. */
static sx_status point_logits(const sx_last *last, int s, double *out, sx_error *err) {
    const sx_last_set *set = &last->sets[s];
    size_t values = set->count * (size_t)last->form.classes;
    float *logits = sx_alloc(values, sizeof *logits);
    if (!logits) return sx_study_no_memory(err);
    sx_status status =
        sx_head_logits(form_of(last), last->fits[method_of(last)->layers], set->features.values,
                       set->count, logits, last->context.pool, err);
    for (size_t i = 0; !status && i < values; i++) out[i] = (double)logits[i];
    sx_free(logits);
    return status;
}

static sx_status tell_tempered(sx_last *last, int s, sx_ensemble *out, sx_error *err) {
    const sx_last_set *set = &last->sets[s];
    sx_last_says *says = &last->says[last->method];
    int classes = last->form.classes;
    double *logits = sx_alloc(set->count * (size_t)classes, sizeof *logits);
    if (!logits) return sx_study_no_memory(err);
    sx_status status = point_logits(last, s, logits, err);
    if (!status && s == SX_LAST_VALIDATION)
        status = sx_temperature_fit(logits, set->labels, set->count, classes, last->context.pool,
                                    &says->temperature, err);
    if (!status) {
        sx_ensemble_add_tempered(out, 0, set->count, logits, says->temperature);
        sx_ensemble_end_member(out);
    }
    sx_free(logits);
    return status;
}

/* One set's share of one member's, or of one pass's, predictions. */
static sx_status tell(sx_last *last, sx_error *err) {
    const sx_last_method *m = method_of(last);
    size_t sets = (size_t)last->set_count - SX_LAST_VALIDATION;
    int which = (int)(last->told / sets), s = SX_LAST_VALIDATION + (int)(last->told % sets);
    sx_ensemble *out = &last->says[last->method].trial[s];
    const float *values = last->fits[m->layers];
    sx_head_masks masks = {.rate = 0, .pass = 0, .set = s, .seed = last->seed};
    sx_status status;
    if (m->kind == SX_LAST_DROPOUT) {
        masks.rate = m->rate;
        masks.pass = which + 1;
        values = sx_sampler_member(last->sampler, 0);
    } else if (last->sampler) {
        values = sx_sampler_member(last->sampler, which);
    }
    if (m->kind == SX_LAST_TEMPERATURE)
        status = tell_tempered(last, s, out, err);
    else
        status = sx_head_collect(form_of(last), values, last->sets[s].features.values, masks, out,
                                 last->context.pool, err);
    if (!status) last->told++;
    return status;
}

/* How many members or passes the walk must be asked of now. */
static size_t due(const sx_last *last) {
    const sx_last_method *m = method_of(last);
    if (!last->sampler) return 1;
    bool ended = sx_sampler_at(last->sampler) == sx_sampler_steps(last->sampler);
    bool snapshots = m->kind == SX_LAST_SGD || m->kind == SX_LAST_SGLD;
    if (snapshots) return sx_sampler_has_snapshot(last->sampler) ? (size_t)m->members : 0;
    if (!ended) return 0;
    return m->kind == SX_LAST_DROPOUT ? (size_t)m->passes : (size_t)m->members;
}

sx_status sx_last_walk_check(const sx_last *last, sx_error *err) {
    size_t sets = (size_t)last->set_count - SX_LAST_VALIDATION;
    bool asked =
        last->method < last->list.count && !last->fitting && last->says[last->method].has_trial;
    if (!last->to_tell || (asked && last->to_tell == due(last) * sets)) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "the checkpoint's position cannot be right");
}

/* ---- the end of a candidate --------------------------------------------------------------------
 */

static sx_status validation_aurc(const sx_last *last, double *out, sx_error *err) {
    sx_scored scored = {0};
    sx_ranking ranking = {0};
    sx_selective figures;
    sx_status status = sx_scored_new(&last->says[last->method].trial[SX_LAST_VALIDATION],
                                     last->context.pool, &scored, err);
    if (!status)
        status =
            sx_ranking_new(scored.confidence[SX_SCORE_MAX_PROBABILITY], scored.n, &ranking, err);
    if (!status) {
        sx_selective_of((sx_ranked){&ranking, scored.wrong, NULL}, &figures);
        *out = figures.aurc;
        sx_ranking_done(&ranking);
    }
    sx_scored_done(&scored);
    return status;
}

static sx_status end_candidate(sx_last *last, sx_error *err) {
    sx_last_says *says = &last->says[last->method];
    const sx_last_method *m = method_of(last);
    double aurc;
    sx_status status = validation_aurc(last, &aurc, err);
    if (status) return status;
    says->aurc[last->candidate] = aurc;
    if (!says->has_best || aurc < says->aurc[says->chosen]) {
        sx_last_says_done(last, says->best);
        memcpy(says->best, says->trial, sizeof says->best);
        memset(says->trial, 0, sizeof says->trial);
        says->chosen = last->candidate;
    } else {
        sx_last_says_done(last, says->trial);
    }
    says->has_best = true;
    says->has_trial = false;
    if (last->sampler) last->walked += sx_sampler_steps(last->sampler);
    sx_sampler_free(last->sampler);
    last->sampler = NULL;
    last->told = last->to_tell = 0;
    last->candidate++;
    if (last->candidate < m->step_count) return SX_OK;
    last->candidate = 0;
    last->method++;
    return SX_OK;
}

/* ---- one unit ----------------------------------------------------------------------------------
 */

static sx_status begin_next(sx_last *last, sx_error *err) {
    int layers = method_of(last)->layers;
    if (!last->fits[layers]) last->fitting = layers;
    return sx_last_walk_prepare(last, err);
}

static sx_status record(sx_last *last, sx_error *err) {
    const double row[2] = {(double)(last->walked + sx_sampler_at(last->sampler)),
                           sx_sampler_loss(last->sampler)};
    last->report.loss = row[1];
    last->report.recorded = true;
    return sx_points_log_add(&last->series, row) ? SX_OK : sx_study_no_memory(err);
}

static sx_status go_on(sx_last *last, sx_error *err) {
    double cost = sx_sampler_cost(last->sampler);
    int64_t steps = cost > 0 ? (int64_t)(SLICE_WORK / cost) : 1;
    sx_status status = sx_sampler_advance(last->sampler, steps < 1 ? 1 : steps, last->context.pool,
                                          last->context.stop, err);
    if (status) return status;
    last->report.trained = true;
    bool snapshot = sx_sampler_has_snapshot(last->sampler);
    if (snapshot) status = record(last, err);
    if (!status && last->fitting) return snapshot ? look_at_fit(last, err) : SX_OK;
    last->told = 0;
    last->to_tell = due(last) * ((size_t)last->set_count - SX_LAST_VALIDATION);
    return status;
}

sx_status sx_last_walk(sx_last *last, bool *ended, sx_error *err) {
    *ended = last->method == last->list.count;
    if (*ended) return SX_OK;
    bool begun = last->fitting ? last->sampler != NULL : last->says[last->method].has_trial;
    if (!begun) {
        sx_status status = begin_next(last, err);
        if (status || last->sampler) return status;
        last->told = 0;
        last->to_tell = due(last) * ((size_t)last->set_count - SX_LAST_VALIDATION);
        return SX_OK;
    }
    if (last->told < last->to_tell) return tell(last, err);
    bool over = !last->sampler || sx_sampler_at(last->sampler) == sx_sampler_steps(last->sampler);
    return over ? end_candidate(last, err) : go_on(last, err);
}
