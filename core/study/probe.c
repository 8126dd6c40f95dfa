/* The probe: an object, a background, a place, an angle, a size, and what the network makes of it.
 * Its network has parameters of its own, a copy of the study's, so that it can be asked on another
 * thread while training goes on (house decision 5). */
#include "core/study/internal.h"

#include <math.h>
#include <string.h>

/* Multiply-adds of one call of the network for many pictures: some 100 ms on one thread, since the
 * stop flag is looked at between its nodes only. */
#define MOST_COST 4e9

struct sx_probe {
    sx_study_data *data;
    const atomic_bool *stop; /* borrowed; NULL: nobody stops it */
    bool has_model;
    sx_model model;
    sx_normalisation normalisation;
    sx_evaluator *one, *many; /* of the scene, of the curve */
    uint8_t *pixels;          /* [SX_PROBE_POINTS, size, size, 3] */
    float *probabilities;     /* [SX_PROBE_POINTS, classes] */
    sx_inspector *inspector;  /* NULL before the first look inside */
    float *image;             /* [size, size, 3], what it looks at; likewise */
    uint8_t *sheet;           /* [SX_SHEET_PICTURES, size, size, 3]; NULL before the first */
    sx_probe_answer answer;
};

static const struct {
    const char *name;
    double low, high;
} factors[SX_ALONGS] = {
    {"across", 0, 1}, {"down", 0, 1}, {"rotation", -180, 180}, {"size", 0.01, 1}};

const char *sx_along_name(sx_along along) {
    return factors[along].name;
}

double sx_along_value(sx_pose pose, sx_along along) {
    const double values[SX_ALONGS] = {pose.x, pose.y, pose.rotation, pose.area};
    return values[along];
}

sx_pose sx_along_pose(sx_pose pose, sx_along along, double value) {
    double *const values[SX_ALONGS] = {&pose.x, &pose.y, &pose.rotation, &pose.area};
    *values[along] = value;
    return pose;
}

int sx_probe_batch(double cost) {
    double most = MOST_COST / cost;
    return most < 1 ? 1 : most < SX_PROBE_POINTS ? (int)most : SX_PROBE_POINTS;
}

static sx_status make_network(sx_probe *probe, const sx_config *config, sx_error *err) {
    int size = probe->answer.size;
    sx_status status = sx_study_normalisation(config, &probe->normalisation, err);
    if (!status)
        status = sx_study_make_model(config, size, probe->answer.classes, &probe->model, err);
    if (status) return status;
    probe->has_model = true;
    probe->one = sx_evaluator_new(&probe->model, 1, NULL, err);
    if (!probe->one) return SX_NO_MEMORY;
    int batch = sx_probe_batch(sx_evaluator_cost(probe->one));
    probe->many = sx_evaluator_new(&probe->model, batch, NULL, err);
    if (!probe->many) return SX_NO_MEMORY;
    sx_evaluator_normalise(probe->one, &probe->normalisation);
    sx_evaluator_normalise(probe->many, &probe->normalisation);
    return SX_OK;
}

sx_probe *sx_probe_new(const sx_config *config, const sx_study_data *data, sx_error *err) {
    sx_probe *probe = sx_alloc(1, sizeof *probe);
    if (!probe) {
        sx_study_no_memory(err);
        return NULL;
    }
    sx_probe_answer *answer = &probe->answer;
    probe->data = sx_study_data_keep(data);
    answer->size = sx_view_size(data->view);
    answer->classes = sx_source_describe(data->source)->classes;
    answer->step = -1;
    size_t image = (size_t)answer->size * (size_t)answer->size * 3;
    size_t classes = (size_t)answer->classes;
    probe->pixels = sx_alloc(SX_PROBE_POINTS, image);
    probe->probabilities = sx_alloc(SX_PROBE_POINTS * classes, sizeof(float));
    answer->pixels = sx_alloc(image, 1);
    answer->probabilities = sx_alloc(classes, sizeof(float));
    bool memory = probe->pixels && probe->probabilities && answer->pixels && answer->probabilities;
    if (!memory) sx_study_no_memory(err);
    if (memory && (!config || make_network(probe, config, err) == SX_OK)) return probe;
    sx_probe_free(probe);
    return NULL;
}

void sx_probe_free(sx_probe *probe) {
    if (!probe) return;
    sx_evaluator_free(probe->one);
    sx_evaluator_free(probe->many);
    sx_inspector_free(probe->inspector);
    sx_free(probe->image);
    if (probe->has_model) sx_model_done(&probe->model);
    sx_study_data_release(probe->data);
    sx_free(probe->pixels);
    sx_free(probe->sheet);
    sx_free(probe->probabilities);
    sx_free(probe->answer.pixels);
    sx_free(probe->answer.probabilities);
    sx_free(probe);
}

void sx_probe_stop_flag(sx_probe *probe, const atomic_bool *stop) {
    probe->stop = stop;
    if (probe->one) sx_evaluator_stop_flag(probe->one, stop);
    if (probe->many) sx_evaluator_stop_flag(probe->many, stop);
    if (probe->inspector) sx_inspector_stop_flag(probe->inspector, stop);
}

/* The parameters are other ones; they stay until this is said again. */
static void have_learned(sx_probe *probe, int64_t step) {
    probe->answer.step = step;
    sx_evaluator_hold(probe->one, true);
    sx_evaluator_hold(probe->many, true);
}

void sx_probe_learn(sx_probe *probe, const sx_parameters *parameters, int64_t step) {
    if (!probe->has_model || parameters->size != probe->model.parameters.size) return;
    memcpy(probe->model.parameters.values, parameters->values,
           parameters->size * sizeof *parameters->values);
    have_learned(probe, step);
}

sx_status sx_probe_read(sx_probe *probe, const sx_config *config, const sx_safetensors *checkpoint,
                        sx_error *err) {
    int64_t step = -1;
    sx_status status = sx_study_check_data(probe->data, checkpoint, err);
    probe->answer.step = -1;
    if (!status)
        status = sx_trainer_read(&probe->model, sx_config_text(config, "train", "average"),
                                 checkpoint, &step, err);
    if (!status) have_learned(probe, step);
    return status;
}

/* Draws one of many pictures, unless nobody waits for them any more. */
static sx_status draw_scene(const sx_probe *probe, const sx_scene *scene, uint8_t *pixels,
                            sx_error *err) {
    if (probe->stop && atomic_load(probe->stop)) return sx_fail(err, SX_CANCELLED, "stopped");
    return sx_view_scene(probe->data->view, scene, pixels, err);
}

const sx_study_data *sx_probe_data(const sx_probe *probe) {
    return probe->data;
}

const sx_probe_answer *sx_probe_answer_of(const sx_probe *probe) {
    return &probe->answer;
}

sx_status sx_probe_begin(sx_probe *probe, const sx_scene *scene, sx_along along, sx_error *err) {
    sx_probe_answer *answer = &probe->answer;
    double low = factors[along].low, high = factors[along].high;
    answer->scene = *scene;
    answer->along = along;
    answer->label = sx_source_label(probe->data->source, scene->split, scene->item);
    for (int i = 0; i < answer->classes; i++) answer->probabilities[i] = NAN;
    for (int i = 0; i < SX_PROBE_POINTS; i++) {
        answer->curve_x[i] = low + (high - low) * i / (SX_PROBE_POINTS - 1);
        answer->curve[i] = NAN;
    }
    memset(answer->pixels, 0, (size_t)answer->size * (size_t)answer->size * 3);
    return sx_view_scene(probe->data->view, scene, answer->pixels, err);
}

sx_status sx_probe_judge(sx_probe *probe, sx_error *err) {
    if (!probe->has_model || probe->answer.step < 0) return SX_OK;
    return sx_evaluator_bytes(probe->one, probe->answer.pixels, 1, probe->answer.probabilities,
                              err);
}

sx_status sx_probe_walk(sx_probe *probe, sx_error *err) {
    sx_probe_answer *answer = &probe->answer;
    size_t image = (size_t)answer->size * (size_t)answer->size * 3;
    sx_scene scene = answer->scene;
    if (!probe->has_model || answer->step < 0) return SX_OK;
    sx_status status = SX_OK;
    for (size_t i = 0; !status && i < SX_PROBE_POINTS; i++) {
        scene.pose = sx_along_pose(answer->scene.pose, answer->along, answer->curve_x[i]);
        status = draw_scene(probe, &scene, probe->pixels + i * image, err);
    }
    if (!status)
        status = sx_evaluator_bytes(probe->many, probe->pixels, SX_PROBE_POINTS,
                                    probe->probabilities, err);
    for (int i = 0; !status && i < SX_PROBE_POINTS; i++)
        answer->curve[i] = probe->probabilities[i * answer->classes + answer->label];
    return status;
}

/* ---- sheets -----------------------------------------------------------------------------------
 */

static void judge_entry(sx_sheet_entry *entry, const float *probabilities, int classes) {
    entry->prediction = 0;
    for (int c = 1; c < classes; c++)
        if (probabilities[c] > probabilities[entry->prediction]) entry->prediction = c;
    entry->confidence = (double)probabilities[entry->prediction];
    entry->p_true = (double)probabilities[entry->label];
}

static sx_status draw_entries(sx_probe *probe, sx_sheet *sheet, sx_error *err) {
    const sx_view *view = probe->data->view;
    size_t image = (size_t)sheet->size * (size_t)sheet->size * 3;
    sx_status status = SX_OK;
    for (int i = 0; i < sheet->count && !status; i++) {
        uint64_t pair = (uint64_t)i;
        sx_sheet_entry *entry = &sheet->entries[i];
        *entry = (sx_sheet_entry){.item = sx_view_pair_item(view, sheet->split, pair),
                                  .background = sx_view_pair_background(view, sheet->split, pair),
                                  .prediction = -1,
                                  .confidence = NAN,
                                  .p_true = NAN};
        entry->label = sx_source_label(probe->data->source, sheet->split, entry->item);
        sx_scene scene = {sheet->split, entry->item, entry->background, sheet->pose};
        status = draw_scene(probe, &scene, sheet->pixels + (size_t)i * image, err);
    }
    return status;
}

sx_status sx_probe_sheet(sx_probe *probe, sx_sheet *sheet, sx_error *err) {
    int size = probe->answer.size, classes = probe->answer.classes;
    size_t image = (size_t)size * (size_t)size * 3;
    sheet->size = size;
    sheet->step = probe->answer.step;
    if (!probe->sheet) probe->sheet = sx_alloc(SX_SHEET_PICTURES, image);
    if (!probe->sheet) return sx_study_no_memory(err);
    sheet->pixels = probe->sheet;
    sx_status status = draw_entries(probe, sheet, err);
    if (!probe->has_model || sheet->step < 0) return status;
    for (int first = 0; first < sheet->count && !status; first += SX_PROBE_POINTS) {
        int left = sheet->count - first, count = left < SX_PROBE_POINTS ? left : SX_PROBE_POINTS;
        status = sx_evaluator_bytes(probe->many, sheet->pixels + (size_t)first * image,
                                    (size_t)count, probe->probabilities, err);
        for (int i = 0; i < count && !status; i++)
            judge_entry(&sheet->entries[first + i], probe->probabilities + (size_t)(i * classes),
                        classes);
    }
    return status;
}

/* ---- looking inside ---------------------------------------------------------------------------
 */

sx_inspector *sx_probe_inspector(sx_probe *probe, sx_error *err) {
    if (!probe->has_model || probe->answer.step < 0) {
        sx_fail(err, SX_BAD_INPUT, "there is no network to look into yet");
        return NULL;
    }
    size_t size = (size_t)probe->answer.size;
    if (!probe->image && !(probe->image = sx_alloc(size * size * 3, sizeof *probe->image))) {
        sx_study_no_memory(err);
        return NULL;
    }
    if (probe->inspector) return probe->inspector;
    probe->inspector = sx_inspector_new(&probe->model, NULL, err);
    if (probe->inspector) sx_inspector_stop_flag(probe->inspector, probe->stop);
    return probe->inspector;
}

static const char *class_name(const void *probe, int class, char shown[24]) {
    (void)shown;
    return sx_source_describe(((const sx_probe *)probe)->data->source)->class_names[class];
}

sx_status sx_probe_inspect(sx_probe *probe, const uint8_t *pixels, const sx_inspection *inspection,
                           sx_error *err) {
    sx_inspector *inspector = sx_probe_inspector(probe, err);
    if (!inspector) return SX_BAD_INPUT;
    sx_inspection in = *inspection;
    size_t size = (size_t)probe->answer.size;
    sx_normalise(&probe->normalisation, pixels, size * size * 3, probe->image);
    in.image = probe->image;
    in.pixels = pixels;
    in.class_name = class_name;
    in.names = probe;
    in.step = probe->answer.step;
    return sx_inspect(inspector, &in, err);
}
