/* What a model costs: its size, and the arithmetic of a picture and of a whole training, so that
 * models can be compared that cost the same. */
#include "core/study/internal.h"

enum { PARAMETERS, TRAINED, PREDICTION, STEP, IMAGES, TRAINING, FIGURES };

/* Values that are learned where nothing is held fast; no running statistics. */
static sx_status count_parameters(const sx_graph *graph, double *out, sx_error *err) {
    sx_parameters laid = {0};
    sx_status status = sx_parameters_lay_out(graph, &laid, err);
    *out = 0;
    for (int i = 0; i < laid.count; i++)
        if (laid.slices[i].trained) *out += (double)laid.slices[i].count;
    sx_parameters_done(&laid);
    return status;
}

sx_result *sx_cost_make(const sx_model *model, double images, sx_error *err) {
    static const char *const columns[] = {"figure", "value"};
    static const char *const names[FIGURES] = {[PARAMETERS] = "parameters",
                                               [TRAINED] = "trained values",
                                               [PREDICTION] = "multiply-adds of a prediction",
                                               [STEP] = "multiply-adds of an image in training",
                                               [IMAGES] = "images in training",
                                               [TRAINING] = "training FLOPs"};
    sx_model whole = *model;
    whole.frozen = 0;
    sx_graph *graph = sx_model_graph(&whole, 1, err);
    if (!graph) return NULL;
    double passes = model->frozen ? 1 : 3, values[FIGURES];
    sx_status status = count_parameters(graph, &values[PARAMETERS], err);
    values[TRAINED] = (double)sx_model_trained(model);
    values[PREDICTION] = sx_graph_cost(graph);
    values[STEP] = sx_graph_training_cost(graph) / 3 * passes;
    values[IMAGES] = images;
    values[TRAINING] = 2 * images * values[STEP];
    sx_graph_free(graph);
    if (status) return NULL;
    sx_result *r = sx_table_new("model-cost", "What the model costs, two FLOPs a multiply-add",
                                FIGURES, columns, 2, 1u << 0);
    if (!r) sx_study_no_memory(err);
    for (int i = 0; r && i < FIGURES; i++) {
        r->table.columns[0].texts[i] = names[i];
        r->table.columns[1].numbers[i] = values[i];
    }
    return r;
}

sx_result *sx_cost_of_study(sx_study *study, sx_error *err) {
    sx_result *r = sx_cost_make(&study->model, (double)sx_live_images(study), err);
    if (r) r->step = study->report.step;
    return r;
}
