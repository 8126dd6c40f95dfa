/* One training step, and the series of training figures: a point is the mean over the steps since
 * the point before, so that some five hundred points tell the story of a run of any length. */
#include "core/study/internal.h"

#include <math.h>
#include <string.h>

static const char *const line_names[] = {"loss", "accuracy", "learning rate", "gradient norm"};
enum { LINES = 4 };

bool sx_points_log_add(sx_points_log *log, const double *row) {
    size_t columns = (size_t)log->columns;
    if (!sx_grow((void **)&log->values, &log->capacity, (log->rows + 1) * columns, sizeof(double)))
        return false;
    for (size_t c = 0; c < columns; c++) log->values[log->rows * columns + c] = row[c];
    log->rows++;
    return true;
}

void sx_points_log_done(sx_points_log *log) {
    sx_free(log->values);
    *log = (sx_points_log){0};
}

static sx_result *make_result(const sx_study *study) {
    const sx_points_log *log = &study->training;
    sx_result *result = sx_result_new(SX_RESULT_SERIES, "training", "Training");
    if (!result || !sx_series_alloc(result, log->rows, LINES, false)) {
        sx_result_release(result);
        return NULL;
    }
    result->step = study->report.step;
    result->series.x_label = "step";
    result->series.y_label = "loss";
    for (int line = 0; line < LINES; line++) result->series.lines[line].name = line_names[line];
    for (size_t i = 0; i < log->rows; i++) {
        const double *row = log->values + i * (LINES + 1);
        result->series.x[i] = row[0];
        for (int line = 0; line < LINES; line++) result->series.lines[line].y[i] = row[line + 1];
    }
    return result;
}

static sx_status record(sx_study *study, const sx_step_report *step, sx_error *err) {
    double *sums = study->sums, row[LINES + 1] = {(double)step->step};
    const double values[LINES] = {step->loss, step->accuracy, step->learning_rate,
                                  step->gradient_norm};
    for (int i = 0; i < LINES; i++) sums[i] += values[i];
    sums[LINES]++;
    if (step->step % study->record_every != 0 && step->step != study->steps) return SX_OK;
    for (int i = 0; i < LINES; i++) {
        row[i + 1] = sums[i] / sums[LINES];
        sums[i] = 0;
    }
    sums[LINES] = 0;
    if (!sx_points_log_add(&study->training, row)) return sx_study_no_memory(err);
    study->report.recorded = true;
    return sx_study_publish_measured(study, make_result(study), SX_SPLIT_TRAIN, NULL, err);
}

sx_status sx_study_train(sx_study *study, sx_error *err) {
    sx_step_report step;
    sx_status status = sx_live_prepare(study, err);
    if (status) return status;
    size_t image = (size_t)study->size * (size_t)study->size * 3, batch = (size_t)study->batch;
    size_t row = batch * (size_t)sx_batches_target_length(study->batches);
    for (size_t k = 0; k < (size_t)study->accumulate && !status; k++) {
        status = sx_batches_next(study->batches, study->images + k * batch * image,
                                 study->labels + k * batch, err);
        if (!status && row)
            memcpy(study->targets + k * row, sx_batches_targets(study->batches),
                   row * sizeof *study->targets);
    }
    if (status) return status;
    int64_t waited, calls;
    sx_batches_waits(study->batches, &waited, &calls);
    study->report.waiting = (double)waited / (double)calls;
    sx_trainer_targets(study->trainer, row ? study->targets : NULL);
    status = sx_trainer_step(study->trainer, study->images, study->labels, &step, err);
    if (status == SX_CANCELLED) { /* the batch is made again when the run goes on */
        sx_batches_free(study->batches);
        study->batches = NULL;
    }
    if (status) return status;
    sx_study_report *report = &study->report;
    report->step = step.step;
    report->loss = step.loss;
    report->accuracy = step.accuracy;
    report->learning_rate = step.learning_rate;
    report->gradient_norm = step.gradient_norm;
    report->trained = true;
    return record(study, &step, err);
}
