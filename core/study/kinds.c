/* The table of kinds of studies, and the way from the functions of study.h to those of a kind. */
#include "core/study/internal.h"

#include <math.h>
#include <string.h>

static const struct {
    sx_study_kind kind;
    const sx_study_functions *functions;
} rows[] = {
    {{"robustness",
      "train on centred, upright objects; measure accuracy by place, angle and size, and risk",
      "SI-Score (arXiv 2104.04191); selective risk after Geifman et al. (arXiv 1805.08206)", false,
      false},
     &sx_robustness_kind},
    {{"si-score-set",
      "measure models on a set of objects at every size, place or angle; nothing is trained",
      "SI-Score (arXiv 2104.04191)", true, false},
     &sx_set_kind},
    {{"last-layer",
      "draw many last layers on a network's features; risk, calibration, what is new to it",
      "Brosse et al. (arXiv 2001.08049)", false, false},
     &sx_last_layer_kind},
    {{"predictions", "score predictions of files: selective risk, calibration, detection",
      "selective risk after Geifman et al. (arXiv 1805.08206)", true, true},
     &sx_predictions_kind},
};
enum { ROWS = sizeof rows / sizeof *rows };

const sx_study_kind *sx_study_kind_at(int row) {
    return row >= 0 && row < ROWS ? &rows[row].kind : NULL;
}

/* The option's own check sees to it that there is one. */
static int row_of(const sx_config *config) {
    const char *name = sx_config_text(config, "study", "kind");
    for (int row = 0; row < ROWS; row++)
        if (strcmp(rows[row].kind.name, name) == 0) return row;
    return 0;
}

const sx_study_kind *sx_study_kind_of(const sx_config *config) {
    return &rows[row_of(config)].kind;
}

const sx_study_functions *sx_study_functions_of(const sx_config *config) {
    return rows[row_of(config)].functions;
}

static const sx_study_functions *of(const sx_study *study) {
    return ((const sx_study_base *)(const void *)study)->kind;
}

sx_study *sx_study_new(const sx_config *config, const sx_study_data *data,
                       const sx_study_context *context, sx_error *err) {
    return sx_study_functions_of(config)->make(config, data, context, err);
}

void sx_study_free(sx_study *study) {
    if (study) of(study)->end(study);
}

sx_status sx_study_advance(sx_study *study, sx_study_report *out, sx_error *err) {
    return of(study)->advance(study, out, err);
}

sx_status sx_study_command(sx_study *study, const char *name, double value, sx_error *err) {
    return of(study)->command(study, name, value, err);
}

const char *sx_study_model(const sx_study *study) {
    return of(study)->model(study);
}

size_t sx_study_trained_values(const sx_study *study) {
    return of(study)->trained_values(study);
}

const sx_parameters *sx_study_parameters(sx_study *study) {
    return of(study)->parameters(study);
}

sx_status sx_study_save(sx_study *study, sx_study_state *out, sx_error *err) {
    return of(study)->save(study, out, err);
}

sx_status sx_study_load(sx_study *study, const sx_safetensors *file, sx_error *err) {
    return of(study)->load(study, file, err);
}

sx_study_report sx_report_without_training(sx_phase phase, int64_t steps, int batch) {
    return (sx_study_report){.phase = phase,
                             .steps = steps,
                             .batch = batch,
                             .loss = NAN,
                             .accuracy = NAN,
                             .validation_loss = NAN,
                             .validation_accuracy = NAN,
                             .learning_rate = NAN,
                             .gradient_norm = NAN,
                             .scale = 1,
                             .momentum = NAN,
                             .weight_decay = NAN};
}
