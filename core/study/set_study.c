/* The study that measures models on a set, one small unit of work at a time: a batch through one
 * model; at the end of a level the intervals, then all figures; in between, figures without them;
 * at last the files of rows. */
#include "core/study/internal.h"
#include "core/study/set.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FIGURES 64 /* times that figures are drawn between ends of levels, about */

sx_set *sx_set_of(sx_study *study) {
    return (sx_set *)(void *)study;
}

sx_status sx_set_no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to measure the set");
}

/* ---- making -----------------------------------------------------------------------------------
 */

static void end_set(sx_study *study) {
    sx_set *set = sx_set_of(study);
    sx_set_resample_end(set);
    sx_set_close_models(set);
    sx_set_plan_done(&set->plan);
    for (int g = 0; g < SX_GROUPINGS; g++) sx_free(set->kept[g]);
    sx_text_done(&set->rows);
    sx_free(set);
}

static void read_config(sx_set *set) {
    const sx_config *c = set->config;
    set->seed = (uint64_t)sx_config_number(c, "run", "seed");
    set->top = (int)sx_config_number(c, "measure", "top");
    set->same = strcmp(sx_config_text(c, "measure", "pairs"), "same") == 0;
    set->published = strcmp(sx_config_text(c, "measure", "crop"), "published") == 0;
    sx_text_set(set->how, sizeof set->how,
                set->published ? "published crop" : "whole picture resized");
}

/* Room for which pairs are the same, where that can be said at all. */
static sx_status find_pairs(sx_set *set, sx_error *err) {
    bool any = false;
    for (int g = 0; g < SX_GROUPINGS; g++) {
        uint8_t *kept = sx_alloc(set->plan.items, 1);
        if (!kept) return sx_set_no_memory(err);
        if (sx_set_same_pairs(&set->plan, (sx_grouping)g, set->seen, kept))
            set->kept[g] = kept;
        else
            sx_free(kept);
        any = any || set->kept[g];
    }
    if (any || !set->same) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "'%s' does not say which pictures show the same object on the same background, "
                   "so measure.pairs = same (--same-pairs yes) cannot be done there",
                   sx_source_describe(set->plan.source)->name);
}

static void begin_report(sx_set *set) {
    set->report =
        sx_report_without_training(SX_PHASE_MEASURING, (int64_t)set->plan.items, set->batch);
    set->report.measures_only = true;
}

static sx_study *make_set(const sx_config *config, const sx_study_data *data,
                          const sx_study_context *context, sx_error *err) {
    sx_set *set = sx_alloc(1, sizeof *set);
    if (!set) {
        sx_set_no_memory(err);
        return NULL;
    }
    set->base.kind = &sx_set_kind;
    set->config = config;
    set->context = *context;
    read_config(set);
    sx_status status = sx_set_plan_make(data->source, set->seed, &set->plan, err);
    if (!status) status = sx_set_open_models(set, err);
    if (!status) status = find_pairs(set, err);
    sx_study *study = (sx_study *)(void *)set;
    if (!status) {
        begin_report(set);
        return study;
    }
    end_set(study);
    return NULL;
}

/* ---- driving ----------------------------------------------------------------------------------
 */

static bool is_level_done(const sx_set *set) {
    int level = set->done ? sx_set_level(&set->plan, set->done - 1) : 0;
    return set->done > 0 && set->done == set->plan.ends[level];
}

static sx_status look(sx_set *set, sx_error *err) {
    size_t every = set->plan.items / FIGURES + 1;
    sx_status status = sx_set_look(set, err);
    if (status || set->model) return status;
    if (is_level_done(set))
        set->stage = SX_SET_INTERVALS;
    else
        set->draw = set->done - set->drawn >= every;
    return SX_OK;
}

static sx_status make_intervals(sx_set *set, sx_error *err) {
    bool ended = false;
    sx_status status = set->boots ? SX_OK : sx_set_resample_begin(set, err);
    if (!status) status = sx_set_resample(set, &ended, err);
    if (status || !ended) return status;
    set->intervals_hold = set->draw = true;
    set->stage = set->done == set->plan.items ? SX_SET_PICTURES : SX_SET_LOOK;
    return SX_OK;
}

static sx_status show_worst(sx_set *set, sx_error *err) {
    bool ended = false;
    sx_status status = sx_set_draw_worst(set, &ended, err);
    if (!status && ended) set->stage = SX_SET_ROWS;
    return status;
}

/* The last figures say where the rows are. */
static sx_status write_rows(sx_set *set, sx_error *err) {
    bool ended = false;
    sx_status status = sx_set_write_rows(set, &ended, err);
    if (status || !ended) return status;
    set->stage = SX_SET_END;
    return sx_set_draw_tables(set, err);
}

static sx_status draw(sx_set *set, sx_error *err) {
    set->draw = false;
    set->drawn = set->done;
    return sx_set_draw(set, err);
}

static sx_status take_turn(sx_set *set, sx_error *err) {
    if (set->context.stop && atomic_load(set->context.stop))
        return sx_fail(err, SX_CANCELLED, "stopped");
    if (set->draw) return draw(set, err);
    if (set->stage == SX_SET_LOOK) return look(set, err);
    if (set->stage == SX_SET_INTERVALS) return make_intervals(set, err);
    if (set->stage == SX_SET_PICTURES) return show_worst(set, err);
    return set->stage == SX_SET_ROWS ? write_rows(set, err) : SX_OK;
}

static sx_status advance(sx_study *study, sx_study_report *out, sx_error *err) {
    sx_set *set = sx_set_of(study);
    sx_status status = take_turn(set, err);
    size_t left = set->plan.items - set->done, batch = (size_t)set->batch;
    set->report.step = (int64_t)set->done;
    set->report.phase_done = (double)set->done / (double)set->plan.items;
    set->report.slices_left = ceil((double)left / (double)batch) * set->model_count - set->model;
    if (set->stage == SX_SET_END) set->report.phase = SX_PHASE_FINISHED;
    *out = set->report;
    return status;
}

static sx_status command(sx_study *study, const char *name, double value, sx_error *err) {
    return sx_study_check(&sx_set_of(study)->report, name, value, err);
}

static const char *model_of(const sx_study *study) {
    return ((const sx_set *)(const void *)study)->titled;
}

static size_t trained_values_of(const sx_study *study) {
    (void)study;
    return 0;
}

static const sx_parameters *parameters_of(sx_study *study) {
    (void)study;
    return NULL;
}

/* ---- configuration ----------------------------------------------------------------------------
 */

/* The steps of a measurement are its pictures, which are shown as the models see them. */
static sx_status resolve(sx_config *config, const sx_source *source, sx_error *err) {
    bool published = strcmp(sx_config_text(config, "measure", "crop"), "published") == 0;
    const struct {
        const char *key, *value;
    } pictures[] = {{"compose", published ? "crop(fraction=0.875)" : "squash"}, {"image", "128"}};
    char steps[24];
    snprintf(steps, sizeof steps, "%zu", sx_set_items(source));
    sx_status status = sx_config_put(config, "train", "steps", steps, err);
    for (int i = 0; !status && i < 2; i++)
        status = sx_config_offer(config, "data", pictures[i].key, pictures[i].value, err);
    return status;
}

const sx_study_functions sx_set_kind = {.make = make_set,
                                        .end = end_set,
                                        .advance = advance,
                                        .command = command,
                                        .model = model_of,
                                        .trained_values = trained_values_of,
                                        .parameters = parameters_of,
                                        .save = sx_set_save,
                                        .load = sx_set_load,
                                        .resolve = resolve};
