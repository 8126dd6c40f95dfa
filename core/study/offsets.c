/* Does it matter where in a patch an object is? Objects in one-pixel steps over two patches each
 * way around the middle of the picture; places that lie alike within their patch are counted
 * together. Offset 0 is an edge between two patches, half a patch the middle of one. */
#include "core/study/evidence.h"
#include "core/study/inspector.h"

#include <math.h>
#include <string.h>

#define USUAL_PATCH 8 /* where the network has none */

static int patch_of(const sx_study *study) {
    int patch = (int)sx_config_number(study->config, "robustness", "phase");
    sx_transformer vit = {0};
    sx_transformer_measure(&study->model, &vit);
    return patch ? patch : vit.patch ? vit.patch : USUAL_PATCH;
}

sx_status sx_offsets_prepare(sx_study *study, sx_error *err) {
    sx_offsets *o = &study->offsets;
    size_t items = (size_t)sx_config_number(study->config, "robustness", "phase_items");
    if (!items) return SX_OK;
    o->patch = patch_of(study);
    if (2 * o->patch > study->size)
        return sx_fail(err, SX_BAD_INPUT,
                       "robustness.phase_items: two patches of %d pixels are more than an image of "
                       "%d: say robustness.phase = 0 to %d, or phase_items = 0",
                       o->patch, study->size, study->size / 2);
    o->pairs = (items + SX_OFFSET_REPEATS - 1) / SX_OFFSET_REPEATS;
    o->right = sx_alloc((size_t)o->patch * (size_t)o->patch, o->pairs);
    return o->right ? SX_OK : sx_study_no_memory(err);
}

size_t sx_offsets_pictures(const sx_study *study) {
    size_t patch = (size_t)study->offsets.patch;
    return patch * patch * SX_OFFSET_REPEATS * study->offsets.pairs;
}

void sx_offsets_start(sx_study *study) {
    sx_offsets *o = &study->offsets;
    o->active = true;
    o->done = 0;
    o->total = sx_offsets_pictures(study);
    if (o->right) memset(o->right, 0, (size_t)o->patch * (size_t)o->patch * o->pairs);
}

/* Picture k: where the centre is, in pixels, and of which pair. */
typedef struct {
    int x, y;
    size_t pair;
} place;

static place place_of(const sx_study *study, size_t k) {
    int patch = study->offsets.patch, side = 2 * patch;
    size_t places = (size_t)side * (size_t)side;
    int at = (int)(k % places), first = study->size / 2 - patch;
    return (place){first + at % side, first + at / side, k / places};
}

/* Half a pixel on, so that the composition's rounding finds the pixel that is meant. */
static sx_status draw(sx_study *study, int picture, uint8_t *pixels, int32_t *label,
                      sx_error *err) {
    place p = place_of(study, study->offsets.done + (size_t)picture);
    sx_pose pose = {.area = study->area[SX_SWEEP_LOCATION],
                    .x = (p.x + 0.5) / study->size,
                    .y = (p.y + 0.5) / study->size};
    int found = 0;
    sx_status status =
        sx_view_posed(study->data->view, study->sweep.split, p.pair, pose, pixels, &found, err);
    *label = found;
    return status;
}

static uint8_t *cell_of(const sx_offsets *o, int x, int y) {
    return o->right +
           ((size_t)(y % o->patch) * (size_t)o->patch + (size_t)(x % o->patch)) * o->pairs;
}

sx_status sx_offsets_slice(sx_study *study, sx_error *err) {
    sx_offsets *o = &study->offsets;
    size_t left = o->total - o->done;
    int count = left < (size_t)study->slice ? (int)left : study->slice;
    sx_status status = sx_study_draw_slice(study, count, draw, err);
    if (!status)
        status = sx_evaluator_bytes(study->copy_evaluator, study->pixels, (size_t)count,
                                    study->slice_probabilities, err);
    for (int i = 0; !status && i < count; i++) {
        place p = place_of(study, o->done + (size_t)i);
        const float *q = study->slice_probabilities + (size_t)i * (size_t)study->classes;
        if (sx_likeliest(q, study->classes) == study->slice_labels[i])
            cell_of(o, p.x, p.y)[p.pair]++;
    }
    if (!status) o->done += (size_t)count;
    return status;
}

/* ---- results ----------------------------------------------------------------------------------
 */

static double accuracy_of(const sx_offsets *o, int offset) {
    const uint8_t *right = cell_of(o, offset, offset);
    double sum = 0;
    for (size_t i = 0; i < o->pairs; i++) sum += right[i];
    return sum / (double)(o->pairs * SX_OFFSET_REPEATS);
}

/* By how much a patch's middle is better than its corner, over resampled pairs. */
static double better(void *user, const uint32_t *pairs, size_t n) {
    const sx_offsets *o = user;
    const uint8_t *middle = cell_of(o, o->patch / 2, o->patch / 2), *corner = cell_of(o, 0, 0);
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)middle[pairs[i]] - (double)corner[pairs[i]];
    return sum / (double)(n * SX_OFFSET_REPEATS);
}

static sx_status compare(sx_study *study, sx_error *err) {
    sx_offsets *o = &study->offsets;
    sx_interval interval;
    o->centre = accuracy_of(o, o->patch / 2);
    o->corner = accuracy_of(o, 0);
    o->better = o->centre - o->corner;
    sx_status status = sx_bootstrap(better, o, o->pairs, sx_study_rounds(study), &interval, err);
    bool few = o->pairs < SX_FEW_PICTURES;
    o->better_low = few ? (double)NAN : interval.low;
    o->better_high = few ? (double)NAN : interval.high;
    return status;
}

static void fill(const sx_offsets *o, sx_grid *grid) {
    double n = (double)(o->pairs * SX_OFFSET_REPEATS);
    for (int cell = 0; cell < o->patch * o->patch; cell++) {
        double right = 0;
        for (size_t i = 0; i < o->pairs; i++) right += o->right[(size_t)cell * o->pairs + i];
        sx_interval interval = sx_wilson(right, n);
        grid->values[cell] = right / n;
        grid->low[cell] = interval.low;
        grid->high[cell] = interval.high;
        grid->count[cell] = n;
    }
    for (int i = 0; i < o->patch; i++) grid->row_values[i] = grid->column_values[i] = i;
}

static sx_result *make_map(const sx_study *study) {
    const sx_offsets *o = &study->offsets;
    sx_result *r = sx_result_new(SX_RESULT_GRID, "phase", "");
    if (!r || !sx_grid_alloc(r, o->patch, o->patch)) {
        sx_result_release(r);
        return NULL;
    }
    r->title = sx_result_text(r, "Accuracy by where in a patch of %d pixels the object's centre is",
                              o->patch);
    r->step = study->report.step;
    r->grid.row_label = "y in the patch";
    r->grid.column_label = "x in the patch";
    r->grid.unit = "accuracy";
    r->grid.few = 100;
    fill(o, &r->grid);
    return r;
}

sx_status sx_offsets_publish(sx_study *study, sx_error *err) {
    char scene[64];
    study->offsets.active = false;
    if (!study->offsets.patch) return SX_OK;
    sx_status status = compare(study, err);
    if (status) return status;
    snprintf(scene, sizeof scene, "posed(area=%s)",
             sx_config_text(study->config, "robustness", "location_area"));
    return sx_study_publish_measured(study, make_map(study), study->sweep.split, scene, err);
}
