/* The state of a study for a checkpoint: the trainer's, the series so far, and what was validated.
 * Live sweeps only read, so they are left out; the first one after a resume takes the full counts.
 */
#include "core/study/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sx_safetensor numbers(const char *name, size_t rows, size_t columns, const double *values) {
    return (sx_safetensor){.name = name,
                           .dtype = SX_DTYPE_F64,
                           .rank = 2,
                           .sizes = {rows, columns},
                           .values = values,
                           .bytes = rows * columns * sizeof *values};
}

/* What the data are, as far as a resumed run must find them again. */
static void describe_data(const sx_study *s, char *out, size_t size) {
    const sx_source_facts *facts = sx_source_describe(s->data->source);
    snprintf(out, size, "%.60s, %zu + %zu + %zu items, %d classes, %d pixels", facts->name,
             facts->counts[SX_SPLIT_TRAIN], facts->counts[SX_SPLIT_VALIDATION],
             facts->counts[SX_SPLIT_TEST], facts->classes, s->size);
}

sx_status sx_study_save(sx_study *s, sx_study_state *out, sx_error *err) {
    sx_trainer_state trainer;
    (void)err;
    sx_trainer_save(s->trainer, &trainer);
    size_t count = trainer.count, pairs = trainer.metadata_count;
    memcpy(s->tensors, trainer.tensors, count * sizeof *s->tensors);
    memcpy(s->metadata, trainer.metadata, pairs * sizeof *s->metadata);
    s->tensors[count++] = numbers("study.training", s->training.rows, 5, s->training.values);
    s->tensors[count++] = numbers("study.validation", s->validation.rows, 3, s->validation.values);
    s->tensors[count++] = numbers("study.sums", 1, 5, s->sums);
    snprintf(s->seed_text, sizeof s->seed_text, "%llu", (unsigned long long)s->seed);
    snprintf(s->validated_text, sizeof s->validated_text, "%lld", (long long)s->validated);
    describe_data(s, s->data_text, sizeof s->data_text);
    s->metadata[pairs++] = (sx_metadata){"seed", s->seed_text};
    s->metadata[pairs++] = (sx_metadata){"validated", s->validated_text};
    s->metadata[pairs++] = (sx_metadata){"data", s->data_text};
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

static const sx_safetensor *find_rows(const sx_safetensors *file, const char *name, size_t columns,
                                      sx_error *err) {
    const sx_safetensor *t = sx_safetensors_find(file, name);
    if (t && t->dtype == SX_DTYPE_F64 && t->rank == 2 && t->sizes[1] == columns) return t;
    sx_fail(err, SX_BAD_INPUT, "the checkpoint's tensor '%s' is missing or has another shape",
            name);
    return NULL;
}

static bool reload(sx_points_log *log, const sx_safetensor *from) {
    log->rows = 0;
    for (size_t row = 0; row < from->sizes[0]; row++) {
        double values[8];
        memcpy(values, (const char *)from->values + row * (size_t)log->columns * sizeof *values,
               (size_t)log->columns * sizeof *values);
        if (!sx_points_log_add(log, values)) return false;
    }
    return true;
}

static void restore_report(sx_study *s) {
    const sx_points_log *t = &s->training, *v = &s->validation;
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

sx_status sx_study_load(sx_study *s, const sx_safetensors *file, sx_error *err) {
    char seed[24], data[160];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed);
    describe_data(s, data, sizeof data);
    const char *validated = sx_safetensors_metadata(file, "validated");
    sx_status status = check_text(file, "seed", seed, err);
    if (!status) status = check_text(file, "data", data, err);
    if (status) return status;
    const sx_safetensor *training = find_rows(file, "study.training", 5, err);
    const sx_safetensor *validation = find_rows(file, "study.validation", 3, err);
    const sx_safetensor *sums = find_rows(file, "study.sums", 5, err);
    if (!training || !validation || !sums || sums->sizes[0] != 1 || !validated)
        return sx_fail(err, SX_BAD_INPUT, "the checkpoint does not hold a study's series");
    status = sx_trainer_load(s->trainer, file, err);
    if (status) return status;
    if (!reload(&s->training, training) || !reload(&s->validation, validation))
        return sx_study_no_memory(err);
    memcpy(s->sums, sums->values, sizeof s->sums);
    s->validated = strtoll(validated, NULL, 10);
    sx_batches_free(s->batches);
    s->batches = NULL;
    s->sweep.active = s->evaluating = false;
    s->level = 0;
    s->budget = 0;
    s->phase = SX_PHASE_TRAINING;
    restore_report(s);
    return SX_OK;
}
