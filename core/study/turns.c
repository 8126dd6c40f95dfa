/* Whose turn it is while training goes on: a training step, a live validation or a slice of a live
 * sweep. The rule counts steps and pictures, never seconds, so the turns fall on the same steps on
 * every machine, with any number of threads, and after a resume.
 *
 * Costs are counted in forward passes of an image in training. A training step costs 3 x batch
 * (1 x batch where only the end of a network is trained), and earns live measurements their share
 * of it. A picture that is composed and measured costs SX_PICTURE_COST: one forward pass, which is
 * cheaper than in training as nothing is kept, and the composing, which a batch has done ahead.
 * Measured with the default study, where live measurements then take the stated share of the time.
 *
 * The first sweep is small and runs on credit, so that there is a map early on; later ones double
 * their pictures until they have all. */
#include "core/study/internal.h"

#define SWEEP_FIRST_STEP 20

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* ---- validation ---- */

static bool validation_is_due(const sx_study *s) {
    int64_t step = s->report.step;
    if (s->validated == step || step == 0) return false;
    return step == 25 || step == 100 || step % s->validate_every == 0;
}

/* Paid for when it is done: one that a stop interrupts begins again. */
static sx_status validate(sx_study *s, sx_error *err) {
    sx_status status = sx_evaluation_slice(s, err);
    if (status || s->evaluation.done < s->evaluation.total) return status;
    s->turn.budget -= (double)s->evaluation.total * SX_PICTURE_COST;
    s->evaluating = false;
    s->validated = s->report.step;
    return sx_evaluation_publish(s, err);
}

/* ---- sweeps ---- */

static size_t next_slice(const sx_study *s) {
    return smaller((size_t)s->slice, s->turn.total - s->turn.done);
}

/* A sweep begins when its first slice can be paid for, so that its copy of the network is fresh. */
static bool sweep_is_due(sx_study *s) {
    if (s->share <= 0 || s->report.step < SWEEP_FIRST_STEP || !sx_sweep_pictures(s, 0))
        return false;
    bool first = s->turn.level == SX_COARSEST, begins = !s->turn.total;
    size_t count = begins ? (size_t)s->slice : next_slice(s);
    if (!first && s->turn.budget < (double)count * SX_PICTURE_COST) return false;
    if (begins) {
        s->turn.total = sx_sweep_pictures(s, s->turn.level);
        sx_sweep_start(s, SX_SPLIT_VALIDATION, s->turn.level);
    }
    return true;
}

/* The turn passes also when its sweep is lost, to a resume or to one that was asked for. */
static sx_status take_slice(sx_study *s, sx_error *err) {
    size_t count = next_slice(s);
    bool there = s->sweep.active;
    sx_status status = there ? sx_sweep_slice(s, err) : SX_OK;
    if (status) return status;
    s->turn.done += count;
    s->turn.budget -= (double)count * SX_PICTURE_COST;
    if (s->turn.done < s->turn.total) return SX_OK;
    s->turn.done = s->turn.total = 0;
    if (s->turn.level > 0) s->turn.level--;
    return there ? sx_sweep_publish(s, err) : SX_OK;
}

/* A person's sweep has all pictures, comes before anything else and costs the turns nothing. */
static sx_status take_asked(sx_study *s, sx_error *err) {
    if (s->measure_now) {
        sx_sweep_start(s, SX_SPLIT_VALIDATION, 0);
        s->sweep.asked = true;
        s->measure_now = false;
    }
    sx_status status = sx_sweep_slice(s, err);
    if (status || s->sweep.done < s->sweep.total) return status;
    return sx_sweep_publish(s, err);
}

/* ---- the turn ---- */

static sx_status train(sx_study *s, sx_error *err) {
    sx_status status = sx_study_train(s, err);
    if (!status) s->turn.budget += s->share / (1 - s->share) * s->passes * s->batch;
    return status;
}

sx_status sx_study_take_turn(sx_study *s, sx_error *err) {
    if (s->evaluating) return validate(s, err);
    if (s->report.step >= s->steps) {
        s->phase = SX_PHASE_MEASURING;
        s->report.phase_done = 0;
        s->sweep.active = s->measure_now = false;
        return SX_OK;
    }
    if (s->measure_now || (s->sweep.active && s->sweep.asked)) return take_asked(s, err);
    if (validation_is_due(s)) {
        sx_status status = sx_evaluation_start(s, SX_SPLIT_VALIDATION, s->validate_items, err);
        return status ? status : validate(s, err);
    }
    return sweep_is_due(s) ? take_slice(s, err) : train(s, err);
}
