/* The probe: an object, a background, a place, an angle, a size, and what the network makes of it.
 * Its network has parameters of its own, a copy of the study's, so that it can be asked on another
 * thread while training goes on (house decision 5). */
#include "core/study/prober.h"

#include <math.h>
#include <string.h>

/* Multiply-adds of one call of the network for many pictures: some 100 ms on one thread, since the
 * stop flag is looked at between its nodes only. */
#define MOST_COST 4e9

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
    answer->tile = answer->size < SX_PROBE_TILE ? answer->size : SX_PROBE_TILE;
    answer->classes = sx_source_describe(data->source)->classes;
    answer->step = -1;
    size_t image = (size_t)answer->size * (size_t)answer->size * 3;
    size_t classes = (size_t)answer->classes, tile = (size_t)answer->tile * (size_t)answer->tile;
    probe->pixels = sx_alloc(SX_PROBE_POINTS, image);
    probe->probabilities = sx_alloc(SX_PROBE_POINTS * classes, sizeof(float));
    probe->sweep = sx_alloc(SX_PROBE_POINTS * classes, sizeof(float));
    probe->tiles = sx_alloc(SX_PROBE_POINTS, tile * 3);
    answer->pixels = sx_alloc(image, 1);
    answer->probabilities = sx_alloc(classes, sizeof(float));
    bool memory = probe->pixels && probe->probabilities && probe->sweep && probe->tiles &&
                  answer->pixels && answer->probabilities;
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
    sx_nearby_free(probe->nearby);
    sx_free(probe->image);
    if (probe->has_model) sx_model_done(&probe->model);
    sx_study_data_release(probe->data);
    sx_free(probe->pixels);
    sx_free(probe->sheet);
    sx_free(probe->probabilities);
    sx_free(probe->sweep);
    sx_free(probe->tiles);
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
    probe->walked.known = false;
    sx_nearby_forget(probe->nearby);
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

sx_status sx_probe_draw(const sx_probe *probe, const sx_scene *scene, uint8_t *pixels,
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

bool sx_scene_is(const sx_scene *a, const sx_scene *b) {
    return a->split == b->split && a->item == b->item && a->background == b->background &&
           a->pose.area == b->pose.area && a->pose.rotation == b->pose.rotation &&
           a->pose.x == b->pose.x && a->pose.y == b->pose.y;
}

/* The scene where the factor has the value 0, which the others of its walk have in common. */
static sx_scene start_of(const sx_scene *scene, sx_along along) {
    sx_scene start = *scene;
    start.pose = sx_along_pose(start.pose, along, 0);
    return start;
}

/* A walk that goes through this scene, too, is not made again. */
static void recall_walk(sx_probe *probe) {
    sx_probe_answer *answer = &probe->answer;
    sx_scene start = start_of(&answer->scene, answer->along);
    double low = factors[answer->along].low, high = factors[answer->along].high;
    bool known = probe->walked.known && probe->walked.along == answer->along &&
                 sx_scene_is(&probe->walked.scene, &start);
    probe->walked = (sx_walked){known, start, answer->along};
    answer->sweep = known ? probe->sweep : NULL;
    answer->tiles = known ? probe->tiles : NULL;
    for (int i = 0; i < SX_PROBE_POINTS; i++) {
        answer->curve_x[i] = low + (high - low) * i / (SX_PROBE_POINTS - 1);
        answer->curve[i] =
            known ? (double)probe->sweep[i * answer->classes + answer->label] : (double)NAN;
    }
}

sx_status sx_probe_begin(sx_probe *probe, const sx_scene *scene, sx_along along, sx_error *err) {
    sx_probe_answer *answer = &probe->answer;
    answer->scene = *scene;
    answer->along = along;
    answer->label = sx_source_label(probe->data->source, scene->split, scene->item);
    for (int i = 0; i < answer->classes; i++) answer->probabilities[i] = NAN;
    recall_walk(probe);
    memset(answer->pixels, 0, (size_t)answer->size * (size_t)answer->size * 3);
    return sx_view_scene(probe->data->view, scene, answer->pixels, err);
}

sx_status sx_probe_judge(sx_probe *probe, sx_error *err) {
    if (!probe->has_model || probe->answer.step < 0) return SX_OK;
    return sx_evaluator_bytes(probe->one, probe->answer.pixels, 1, probe->answer.probabilities,
                              err);
}

/* The picture shrunk to [tile, tile, 3] by means of blocks. */
static void shrink(const uint8_t *pixels, int size, int tile, uint8_t *out) {
    for (int y = 0; y < tile; y++)
        for (int x = 0; x < tile; x++)
            for (int c = 0; c < 3; c++) {
                int top = y * size / tile, bottom = (y + 1) * size / tile;
                int left = x * size / tile, right = (x + 1) * size / tile;
                int sum = 0, count = (bottom - top) * (right - left);
                for (int row = top; row < bottom; row++)
                    for (int column = left; column < right; column++)
                        sum +=
                            pixels[((size_t)row * (size_t)size + (size_t)column) * 3 + (size_t)c];
                out[(y * tile + x) * 3 + c] = (uint8_t)((sum + count / 2) / count);
            }
}

sx_status sx_probe_walk(sx_probe *probe, sx_error *err) {
    sx_probe_answer *answer = &probe->answer;
    size_t image = (size_t)answer->size * (size_t)answer->size * 3;
    size_t tile = (size_t)answer->tile * (size_t)answer->tile * 3;
    sx_scene scene = answer->scene;
    if (!probe->has_model || answer->step < 0 || answer->sweep) return SX_OK;
    sx_status status = SX_OK;
    for (size_t i = 0; !status && i < SX_PROBE_POINTS; i++) {
        scene.pose = sx_along_pose(answer->scene.pose, answer->along, answer->curve_x[i]);
        status = sx_probe_draw(probe, &scene, probe->pixels + i * image, err);
    }
    if (!status)
        status = sx_evaluator_bytes(probe->many, probe->pixels, SX_PROBE_POINTS, probe->sweep, err);
    if (status) return status;
    for (size_t i = 0; i < SX_PROBE_POINTS; i++)
        shrink(probe->pixels + i * image, answer->size, answer->tile, probe->tiles + i * tile);
    probe->walked.known = true;
    recall_walk(probe);
    return SX_OK;
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
