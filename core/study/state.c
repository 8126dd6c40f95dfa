/* The state of a study for a checkpoint: the trainer's, the series so far, what was validated,
 * and where the turns stand. A live sweep under way only reads, so it is left out. */
#include "core/study/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static sx_safetensor numbers(const char *name, size_t rows, size_t columns, const double *values) {
    return (sx_safetensor){.name = name,
                           .dtype = SX_DTYPE_F64,
                           .rank = 2,
                           .sizes = {rows, columns},
                           .values = values,
                           .bytes = rows * columns * sizeof *values};
}

void sx_study_describe_data(const sx_study_data *data, char *out, size_t size) {
    const sx_source_facts *facts = sx_source_describe(data->source);
    snprintf(out, size, "%.60s, %zu + %zu + %zu items, %d classes, %d pixels", facts->name,
             facts->counts[SX_SPLIT_TRAIN], facts->counts[SX_SPLIT_VALIDATION],
             facts->counts[SX_SPLIT_TEST], facts->classes, sx_view_size(data->view));
}

/* What the position in the data and the turns depend on. */
static void describe_plan(const sx_study *s, char *out, size_t size) {
    const sx_config *c = s->config;
    snprintf(out, size, "%lld steps of %d images, flip %s, shift %s, share %g, %zu of %zu, %zu",
             (long long)s->steps, (int)sx_config_number(c, "train", "batch"),
             sx_config_text(c, "train", "flip"), sx_config_text(c, "train", "shift"), s->share,
             s->validate_items, s->full[SX_SWEEP_LOCATION], s->full[SX_SWEEP_SIZE]);
}

sx_status sx_state_save(sx_study *s, sx_study_state *out, sx_error *err) {
    sx_trainer_state trainer;
    (void)err;
    sx_pairs_refresh(s);
    sx_trainer_save(s->trainer, &trainer);
    size_t count = trainer.count, pairs = trainer.metadata_count;
    memcpy(s->tensors, trainer.tensors, count * sizeof *s->tensors);
    memcpy(s->metadata, trainer.metadata, pairs * sizeof *s->metadata);
    s->tensors[count++] = numbers("study.training", s->training.rows, 5, s->training.values);
    s->tensors[count++] = numbers("study.validation", s->validation.rows, 3, s->validation.values);
    s->tensors[count++] = numbers("study.sums", 1, 5, s->sums);
    const double turn[] = {s->turn.budget, s->turn.level, (double)s->turn.done,
                           (double)s->turn.total};
    memcpy(s->turn_row, turn, sizeof turn);
    s->tensors[count++] = numbers("study.turn", 1, 4, s->turn_row);
    sx_live_save(s, s->live_row);
    s->tensors[count++] = numbers("study.live", 1, SX_LIVE_NUMBERS, s->live_row);
    if (s->tokens.blocks) {
        memcpy(s->token_row, &s->tokens.first, sizeof s->token_row);
        s->tensors[count++] = numbers("study.tokens", 1, SX_TOKEN_NUMBERS, s->token_row);
    }
    snprintf(s->seed_text, sizeof s->seed_text, "%llu", (unsigned long long)s->seed);
    snprintf(s->validated_text, sizeof s->validated_text, "%lld", (long long)s->validated);
    sx_study_describe_data(s->data, s->data_text, sizeof s->data_text);
    describe_plan(s, s->plan_text, sizeof s->plan_text);
    s->metadata[pairs++] = (sx_metadata){"seed", s->seed_text};
    s->metadata[pairs++] = (sx_metadata){"validated", s->validated_text};
    s->metadata[pairs++] = (sx_metadata){"data", s->data_text};
    s->metadata[pairs++] = (sx_metadata){"plan", s->plan_text};
    *out = (sx_study_state){s->tensors, count, s->metadata, pairs};
    return SX_OK;
}

static sx_status check_text(const sx_safetensors *file, const char *key, const char *mine,
                            sx_error *err) {
    const char *theirs = sx_safetensors_metadata(file, key);
    if (theirs && strcmp(theirs, mine) == 0) return SX_OK;
    char shown[160];
    sx_text_printable(shown, sizeof shown, theirs ? theirs : "nothing");
    return sx_fail(err, SX_BAD_INPUT, "the checkpoint is of %s '%s', but this study has '%s'", key,
                   shown, mine);
}

sx_status sx_study_check_data(const sx_study_data *data, const sx_safetensors *file,
                              sx_error *err) {
    char mine[160];
    sx_study_describe_data(data, mine, sizeof mine);
    return check_text(file, "data", mine, err);
}

static const sx_safetensor *find_rows(const sx_safetensors *file, const char *name, size_t columns,
                                      sx_error *err) {
    const sx_safetensor *t = sx_safetensors_find(file, name);
    if (t && t->dtype == SX_DTYPE_F64 && t->rank == 2 && t->sizes[1] == columns) return t;
    sx_fail(err, SX_BAD_INPUT, "the checkpoint's tensor '%s' is missing or has another shape",
            name);
    return NULL;
}

/* Reads the rows into an empty log. */
static sx_status read_log(const sx_safetensors *file, const char *name, int columns,
                          sx_points_log *out, sx_error *err) {
    const sx_safetensor *from = find_rows(file, name, (size_t)columns, err);
    *out = (sx_points_log){.columns = columns};
    for (size_t row = 0; from && row < from->sizes[0]; row++) {
        double values[8];
        size_t bytes = (size_t)columns * sizeof *values;
        memcpy(values, (const char *)from->values + row * bytes, bytes);
        if (!sx_points_log_add(out, values)) return sx_study_no_memory(err);
    }
    return from ? SX_OK : SX_BAD_INPUT;
}

static sx_status read_row(const sx_safetensors *file, const char *name, size_t columns, double *out,
                          sx_error *err) {
    const sx_safetensor *from = find_rows(file, name, columns, err);
    if (from && from->sizes[0] == 1) {
        memcpy(out, from->values, columns * sizeof *out);
        return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT,
                   "the checkpoint's tensor '%s' is missing or has another shape", name);
}

/* A whole number from 0 to `most`. */
static bool is_count(double value, double most) {
    return value >= 0 && value <= most && value == floor(value);
}

static sx_status read_turn(const sx_study *s, const sx_safetensors *file, sx_turn *out,
                           sx_error *err) {
    double row[4] = {0};
    sx_status status = read_row(file, "study.turn", 4, row, err);
    if (status) return status;
    bool good = isfinite(row[0]) && is_count(row[1], SX_COARSEST);
    double total = good ? (double)sx_sweep_pictures(s, (int)row[1]) : 0;
    good = good && (row[3] == 0 || row[3] == total) && is_count(row[2], row[3]);
    if (!good)
        return sx_fail(err, SX_BAD_INPUT, "the checkpoint's turns of measurement cannot be right");
    *out = (sx_turn){row[0], (int)row[1], (size_t)row[2], (size_t)row[3]};
    return SX_OK;
}

/* A step of the run: -1 (none) or up to `most`. */
static sx_status read_step(const sx_safetensors *file, const char *key, int64_t most, int64_t *out,
                           sx_error *err) {
    const char *text = sx_safetensors_metadata(file, key);
    double value;
    if (!text || !sx_text_number(text, &value) || !is_count(value + 1, (double)most + 1))
        return sx_fail(err, SX_BAD_INPUT, "the checkpoint's '%s' is not a step of this study", key);
    *out = (int64_t)value;
    return SX_OK;
}

static void restore_report(sx_study *s) {
    const sx_points_log *t = &s->training, *v = &s->validation;
    s->report.loss = s->report.accuracy = s->report.learning_rate = s->report.gradient_norm = NAN;
    s->report.validation_loss = s->report.validation_accuracy = NAN;
    s->report.step = sx_trainer_steps_done(s->trainer);
    if (t->rows) {
        const double *row = t->values + (t->rows - 1) * 5;
        s->report.loss = row[1];
        s->report.accuracy = row[2];
        s->report.learning_rate = row[3];
        s->report.gradient_norm = row[4];
    }
    if (v->rows) {
        s->report.validation_loss = v->values[(v->rows - 1) * 3 + 1];
        s->report.validation_accuracy = v->values[(v->rows - 1) * 3 + 2];
    }
}

/* What a checkpoint holds beside the trainer's part. */
typedef struct {
    sx_points_log training, validation;
    double sums[5], live[SX_LIVE_NUMBERS];
    sx_token_figures tokens;
    sx_turn turn;
    int64_t validated, step;
} loaded;

/* What the network's tokens were like at the beginning. A checkpoint without it was made before it
 * was kept: values of the seed tell it, but not those of another network. */
static sx_status read_tokens(const sx_study *s, const sx_safetensors *file, sx_token_figures *out,
                             sx_error *err) {
    *out = s->tokens.first;
    if (!s->tokens.blocks) return SX_OK;
    double *row = (double *)out;
    if (sx_safetensors_find(file, "study.tokens"))
        return read_row(file, "study.tokens", SX_TOKEN_NUMBERS, row, err);
    bool drawn = !*sx_config_text(s->config, "model", "from");
    for (size_t i = 0; !drawn && i < SX_TOKEN_NUMBERS; i++) row[i] = NAN;
    return SX_OK;
}

static sx_status read_all(const sx_study *s, const sx_safetensors *file, loaded *l, sx_error *err) {
    char seed[24], plan[160];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed);
    describe_plan(s, plan, sizeof plan);
    sx_status status = check_text(file, "seed", seed, err);
    if (!status) status = sx_study_check_data(s->data, file, err);
    if (!status) status = check_text(file, "plan", plan, err);
    if (!status) status = read_step(file, "step", s->steps, &l->step, err);
    if (!status) status = read_step(file, "validated", s->steps, &l->validated, err);
    if (!status) status = read_row(file, "study.sums", 5, l->sums, err);
    if (!status) status = read_turn(s, file, &l->turn, err);
    sx_live_save(s, l->live); /* a checkpoint without them was made before there were any */
    if (!status && sx_safetensors_find(file, "study.live"))
        status = read_row(file, "study.live", SX_LIVE_NUMBERS, l->live, err);
    if (!status) status = read_tokens(s, file, &l->tokens, err);
    if (!status) status = read_log(file, "study.training", 5, &l->training, err);
    if (!status) status = read_log(file, "study.validation", 3, &l->validation, err);
    return status;
}

/* Everything that can fail comes first. */
sx_status sx_state_load(sx_study *s, const sx_safetensors *file, sx_error *err) {
    loaded l = {0};
    sx_status status = read_all(s, file, &l, err);
    if (!status) status = sx_live_load(s, l.live, err);
    if (!status) status = sx_trainer_load(s->trainer, file, err);
    if (status) {
        sx_points_log_done(&l.training);
        sx_points_log_done(&l.validation);
        return status;
    }
    sx_points_log_done(&s->training);
    sx_points_log_done(&s->validation);
    s->training = l.training;
    s->validation = l.validation;
    memcpy(s->sums, l.sums, sizeof s->sums);
    s->turn = l.turn;
    s->validated = l.validated;
    s->tokens.first = l.tokens;
    s->tokens.active = s->offsets.active = false;
    sx_batches_free(s->batches);
    s->batches = NULL;
    s->sweep.active = s->evaluating = s->measure_now = false;
    s->phase = SX_PHASE_TRAINING;
    s->stage = 0;
    s->pairs.step = -1;
    restore_report(s);
    return SX_OK;
}
