/* What the tokens of a network do with objects: pictures of test objects at places that the seed
 * draws are looked into one by one, for how much attention reaches the object through all blocks
 * (arXiv 2005.00928) and how far each head looks (arXiv 2010.11929, appendix D.7). Beside that,
 * what its parameters tell, at the beginning and at the end. */
#include "core/study/inspector.h"

#include <math.h>
#include <string.h>

enum { STREAM_PLACES = 83 };

sx_status sx_tokens_prepare(sx_study *study, sx_error *err) {
    sx_tokens *t = &study->tokens;
    sx_transformer vit = {0};
    sx_transformer_measure(&study->model, &vit);
    if (!vit.blocks) return SX_OK;
    t->blocks = vit.blocks;
    t->heads = vit.heads;
    t->looks = (size_t)vit.blocks * (size_t)vit.heads;
    t->grid = vit.grid;
    t->components =
        sx_filter_component_count(sx_parameters_find(&study->model.parameters, "patches.weight"));
    t->total = (size_t)sx_config_number(study->config, "robustness", "token_items");
    size_t size = (size_t)study->size * (size_t)study->size;
    t->image = sx_alloc(3 * size, sizeof *t->image);
    t->mask = sx_alloc(size, 1);
    t->ratios = sx_alloc(t->total, sizeof *t->ratios);
    t->distances = sx_alloc(t->total * t->looks, sizeof *t->distances);
    if (!t->image || !t->mask || !t->ratios || !t->distances) return sx_study_no_memory(err);
    return sx_token_figures_take(&study->model, t->grid, &t->first, err);
}

void sx_tokens_done(sx_tokens *t) {
    sx_inspector_free(t->inspector);
    sx_free(t->image);
    sx_free(t->mask);
    sx_free(t->ratios);
    sx_free(t->distances);
}

size_t sx_tokens_pictures(const sx_study *study) {
    return study->tokens.blocks ? study->tokens.total : 0;
}

sx_status sx_tokens_start(sx_study *study, sx_error *err) {
    sx_tokens *t = &study->tokens;
    if (!t->blocks) return SX_OK;
    if (!t->inspector && t->total) {
        t->inspector = sx_inspector_new(&study->copy, study->context.pool, err);
        if (!t->inspector) return err ? err->status : SX_NO_MEMORY;
        sx_inspector_stop_flag(t->inspector, study->context.stop);
    }
    t->active = true;
    t->done = 0;
    return sx_token_figures_take(&study->copy, t->grid, &t->last, err);
}

/* ---- a picture --------------------------------------------------------------------------------
 */

/* An upright object anywhere, whole where it fits into a square. */
sx_scene sx_tokens_scene(const sx_study *study, size_t pair) {
    sx_split split = study->sweep.split;
    double area = study->area[SX_SWEEP_LOCATION], room = 1 - sqrt(area);
    sx_random random = sx_random_from(study->seed, STREAM_PLACES, pair);
    double x = (double)sx_random_uniform(&random), y = (double)sx_random_uniform(&random);
    sx_pose pose = {.area = area, .x = 0.5 + room * (x - 0.5), .y = 0.5 + room * (y - 0.5)};
    return (sx_scene){split, sx_view_pair_item(study->data->view, split, pair),
                      sx_view_pair_background(study->data->view, split, pair), pose};
}

/* Share of a patch that the object covers. */
static double covered(const sx_study *study, int patch) {
    const sx_tokens *t = &study->tokens;
    int side = study->size / t->grid, top = patch / t->grid * side, left = patch % t->grid * side;
    double sum = 0;
    for (int y = top; y < top + side; y++)
        for (int x = left; x < left + side; x++) sum += t->mask[y * study->size + x];
    return sum / 255 / side / side;
}

static double ratio_of(const sx_study *study, const sx_grid *rollout) {
    int patches = rollout->rows * rollout->columns;
    double on = 0, all = 0, share = 0;
    for (int i = 0; i < patches; i++) {
        double part = covered(study, i);
        on += part * rollout->values[i];
        all += rollout->values[i];
        share += part / patches;
    }
    return share > 0 ? on / all / share : (double)NAN;
}

static void take(void *user, sx_result *result) {
    sx_study *study = user;
    sx_tokens *t = &study->tokens;
    if (strcmp(result->name, "rollout") == 0) t->ratios[t->done] = ratio_of(study, &result->grid);
    if (strcmp(result->name, "head-distance") == 0)
        memcpy(t->distances + t->done * t->looks, result->grid.values,
               t->looks * sizeof *t->distances);
    sx_result_release(result);
}

sx_status sx_tokens_slice(sx_study *study, sx_error *err) {
    sx_tokens *t = &study->tokens;
    sx_scene scene = sx_tokens_scene(study, t->done);
    sx_status status = sx_view_scene(study->data->view, &scene, study->pixels, err);
    if (!status) status = sx_view_mask(study->data->view, &scene, t->mask, err);
    if (status) return status;
    size_t size = (size_t)study->size * (size_t)study->size * 3;
    sx_normalise(&study->normalisation, study->pixels, size, t->image);
    const sx_inspection look = {.image = t->image,
                                .parts = 1u << SX_INSIDE_ATTENTION | 1u << SX_INSIDE_DISTANCE,
                                .layer = -1,
                                .class = -1,
                                .step = study->report.step,
                                .publish = take,
                                .user = study};
    status = sx_inspect(t->inspector, &look, err);
    if (!status) t->done++;
    return status;
}
