/* What a person changes while a study trains: the factor on the learning rate, momentum, weight
 * decay, augmentation, the size of batches. Each change is fixed by the step at which it was given,
 * so a journal that names steps gives the same bits again. Another size of batch waits for the end
 * of the epoch, so that every image is seen once before any is seen again. */
#include "core/study/internal.h"

#include <math.h>
#include <string.h>

#define SCALE_LIMIT 1e6 /* of the live factor on the learning rate, and of its inverse */

void sx_live_init(sx_study *s) {
    s->live = (sx_live){.augment = true};
}

/* Batches that were taken so far, and the place of the next one in the sequence of images. */
static int64_t calls_of(const sx_study *s) {
    return sx_trainer_steps_done(s->trainer) * s->accumulate;
}

static int64_t position_of(const sx_study *s) {
    return s->live.origin_position + (calls_of(s) - s->live.origin_step) * s->batch;
}

int64_t sx_live_images(const sx_study *s) {
    return position_of(s);
}

static int64_t epoch_of(const sx_study *s) {
    return position_of(s) / (int64_t)sx_source_describe(s->data->source)->counts[SX_SPLIT_TRAIN];
}

static void drop_batches(sx_study *s) {
    sx_batches_free(s->batches);
    s->batches = NULL;
}

/* ---- the size of batches ----------------------------------------------------------------------
 */

sx_status sx_live_allocate(sx_study *s, int batch, sx_error *err) {
    size_t image = (size_t)s->size * (size_t)s->size * 3;
    size_t all = (size_t)batch * (size_t)s->accumulate; /* images of a step */
    float *images = sx_alloc(all * image, sizeof(float));
    int length = s->classes > s->pairs.facts.context ? s->classes : s->pairs.facts.context;
    float *targets = sx_alloc(all * (size_t)length, sizeof(float));
    int32_t *labels = sx_alloc(all, sizeof(int32_t));
    if (!images || !targets || !labels) {
        sx_free(images);
        sx_free(targets);
        sx_free(labels);
        return sx_study_no_memory(err);
    }
    sx_free(s->images);
    sx_free(s->targets);
    sx_free(s->labels);
    s->images = images;
    s->targets = targets;
    s->labels = labels;
    return SX_OK;
}

static sx_status take_batch(sx_study *s, int batch, sx_error *err) {
    sx_status status = sx_live_allocate(s, batch, err);
    if (!status) status = sx_trainer_rebatch(s->trainer, batch, err);
    if (status) return status;
    drop_batches(s);
    s->batch = s->report.batch = batch;
    return SX_OK;
}

sx_status sx_live_prepare(sx_study *s, sx_error *err) {
    sx_live *live = &s->live;
    if (live->batch && epoch_of(s) >= live->from_epoch) {
        int64_t position = position_of(s), calls = calls_of(s);
        sx_status status = take_batch(s, live->batch, err);
        if (status) return status;
        live->origin_position = position;
        live->origin_step = calls;
        live->batch = 0;
    }
    if (s->batches) return SX_OK;
    bool changes = live->augment;
    sx_batch_options options = {
        .batch = s->batch,
        .seed = s->seed,
        .origin_step = live->origin_step,
        .origin_position = live->origin_position,
        .captions = s->pairs.captions,
        .context = s->pairs.facts.context,
        .size = s->size,
        .normalisation = &s->normalisation,
        .augmentation = {.flip = changes && sx_config_text(s->config, "train", "flip")[0] == 'y',
                         .shift = changes ? (int)sx_config_number(s->config, "train", "shift") : 0,
                         .spec = changes ? sx_config_text(s->config, "train", "augment") : ""}};
    const sx_view *view = s->data->training ? s->data->training : s->data->view;
    s->batches = sx_batches_new(view, &options, calls_of(s), err);
    return s->batches ? SX_OK : err ? err->status : SX_NO_MEMORY;
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static sx_status check_scale(const sx_study_report *r, double value, sx_error *err) {
    double scale = r->scale * value;
    if (value > 0 && scale > 1 / SCALE_LIMIT && scale < SCALE_LIMIT) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "a factor of %g on a learning rate that has %g already is %s",
                   value, r->scale, value > 1 ? "too much" : "too little");
}

static sx_status scale(sx_study *s, double value, sx_error *err) {
    (void)err;
    sx_trainer_scale(s->trainer, value);
    return SX_OK;
}

static sx_status check_nothing(const sx_study_report *r, double value, sx_error *err) {
    (void)r, (void)value, (void)err;
    return SX_OK;
}

static sx_status measure(sx_study *s, double value, sx_error *err) {
    bool under_way = s->sweep.active && s->sweep.asked;
    (void)value, (void)err;
    s->measure_now = s->phase == SX_PHASE_TRAINING && !under_way && sx_sweep_pictures(s, 0) > 0;
    return SX_OK;
}

static sx_status check_momentum(const sx_study_report *r, double value, sx_error *err) {
    return sx_knob_check(&r->knobs[SX_KNOB_MOMENTUM], value, err);
}

static sx_status momentum(sx_study *s, double value, sx_error *err) {
    return sx_trainer_turn(s->trainer, SX_KNOB_MOMENTUM, value, err);
}

static sx_status check_weight_decay(const sx_study_report *r, double value, sx_error *err) {
    return sx_knob_check(&r->knobs[SX_KNOB_WEIGHT_DECAY], value, err);
}

static sx_status weight_decay(sx_study *s, double value, sx_error *err) {
    return sx_trainer_turn(s->trainer, SX_KNOB_WEIGHT_DECAY, value, err);
}

static bool has_augmentation(const sx_study *s) {
    return sx_config_text(s->config, "train", "flip")[0] == 'y' ||
           sx_config_number(s->config, "train", "shift") > 0 ||
           sx_config_text(s->config, "train", "augment")[0];
}

static sx_status check_augment(const sx_study_report *r, double value, sx_error *err) {
    if (!r->can_augment)
        return sx_fail(err, SX_BAD_INPUT,
                       "this study changes no training images; train.augment=flip would");
    if (value != 0 && value != 1)
        return sx_fail(err, SX_BAD_INPUT, "augmentation is on (1) or off (0)");
    return SX_OK;
}

static sx_status augment(sx_study *s, double value, sx_error *err) {
    (void)err;
    if (s->live.augment != (value == 1)) drop_batches(s);
    s->live.augment = value == 1;
    return SX_OK;
}

static sx_status check_batch(const sx_study_report *r, double value, sx_error *err) {
    (void)r;
    if (value >= 1 && value <= SX_MOST_BATCH && value == floor(value)) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "a batch has 1 to %d images", SX_MOST_BATCH);
}

static sx_status batch(sx_study *s, double value, sx_error *err) {
    (void)err;
    s->live.batch = (int)value == s->batch ? 0 : (int)value;
    s->live.from_epoch = epoch_of(s) + 1;
    return SX_OK;
}

typedef struct {
    const char *name;
    sx_status (*check)(const sx_study_report *report, double value, sx_error *err);
    sx_status (*act)(sx_study *study, double value, sx_error *err); /* after the check */
} command;

/* NULL, and a sentence, for an unknown name. */
static const command *find_command(const char *name, sx_error *err) {
    static const command commands[] = {
        {"scale", check_scale, scale},          {"measure", check_nothing, measure},
        {"momentum", check_momentum, momentum}, {"weight-decay", check_weight_decay, weight_decay},
        {"augment", check_augment, augment},    {"batch", check_batch, batch}};
    enum { COUNT = sizeof commands / sizeof *commands };
    const char *names[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) return &commands[i];
        names[i] = commands[i].name;
    }
    sx_fail(err, SX_BAD_INPUT, "unknown command '%.40s'; did you mean '%s'?", name,
            sx_nearest_name(name, names, COUNT));
    return NULL;
}

sx_status sx_study_check(const sx_study_report *report, const char *name, double value,
                         sx_error *err) {
    const command *found = find_command(name, err);
    if (found && report->measures_only)
        return sx_fail(err, SX_BAD_INPUT, "nothing is trained here: there is nothing to set");
    return found ? found->check(report, value, err) : SX_BAD_INPUT;
}

sx_status sx_live_command(sx_study *s, const char *name, double value, sx_error *err) {
    const command *found = find_command(name, err);
    if (!found) return SX_BAD_INPUT;
    sx_live_report(s, &s->report);
    sx_status status = found->check(&s->report, value, err);
    return status ? status : found->act(s, value, err);
}

void sx_live_report(const sx_study *s, sx_study_report *report) {
    report->scale = sx_trainer_scale_now(s->trainer);
    report->momentum = sx_trainer_knob(s->trainer, SX_KNOB_MOMENTUM);
    report->weight_decay = sx_trainer_knob(s->trainer, SX_KNOB_WEIGHT_DECAY);
    for (sx_knob knob = 0; knob < SX_KNOBS; knob++)
        report->knobs[knob] = sx_trainer_knob_range(s->trainer, knob);
    report->can_augment = has_augmentation(s);
    report->augments = s->live.augment && report->can_augment;
    report->batch = s->batch;
    report->next_batch = s->live.batch;
    report->epoch = (double)position_of(s) /
                    (double)sx_source_describe(s->data->source)->counts[SX_SPLIT_TRAIN];
}

/* ---- state ------------------------------------------------------------------------------------
 */

void sx_live_save(const sx_study *s, double row[SX_LIVE_NUMBERS]) {
    const sx_live *live = &s->live;
    const double values[SX_LIVE_NUMBERS] = {live->augment,
                                            (double)s->batch,
                                            (double)live->batch,
                                            (double)live->from_epoch,
                                            (double)live->origin_step,
                                            (double)live->origin_position};
    memcpy(row, values, sizeof values);
}

static bool is_whole(double value, double least, double most) {
    return value >= least && value <= most && value == floor(value);
}

sx_status sx_live_load(sx_study *s, const double row[SX_LIVE_NUMBERS], sx_error *err) {
    bool good = is_whole(row[0], 0, 1) && is_whole(row[1], 1, SX_MOST_BATCH) &&
                is_whole(row[2], 0, SX_MOST_BATCH);
    for (int i = 3; i < SX_LIVE_NUMBERS; i++) good = good && is_whole(row[i], 0, 0x1p50);
    if (!good) return sx_fail(err, SX_BAD_INPUT, "the checkpoint's live settings cannot be right");
    sx_status status = (int)row[1] == s->batch ? SX_OK : take_batch(s, (int)row[1], err);
    if (status) return status;
    s->live = (sx_live){.augment = row[0] == 1,
                        .batch = (int)row[2],
                        .from_epoch = (int64_t)row[3],
                        .origin_step = (int64_t)row[4],
                        .origin_position = (int64_t)row[5]};
    return SX_OK;
}
