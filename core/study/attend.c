/* Attention of a vision transformer: the tap keeps the queries and keys of every block, from which
 * the attention of each head is computed again. What is shown of it is the row of one patch, the
 * way it takes through all blocks, and how far it goes. */
#include "core/study/inspector.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- sizes and room ---------------------------------------------------------------------------
 */

/* A number of the family's options. */
static double option_of(const sx_model *model, const char *key) {
    sx_spec spec;
    const sx_model_kind *kind;
    if (sx_spec_parse(model->spec, &spec, NULL)) return 0;
    for (int row = 0; (kind = sx_model_kind_at(row)); row++)
        if (strcmp(kind->name, spec.name) == 0 && sx_option_find(kind->options, "", key))
            return sx_spec_number(&spec, kind->options, key);
    return 0;
}

void sx_transformer_measure(const sx_model *model, sx_transformer *vit) {
    const sx_parameters *parameters = &model->parameters;
    if (model->layers || !sx_parameters_find(parameters, "patches.weight") ||
        !sx_parameters_find(parameters, "block1.attention.in.weight"))
        return;
    vit->heads = (int)option_of(model, "heads");
    vit->dim = (int)option_of(model, "dim");
    vit->patch = (int)option_of(model, "patch");
    vit->scale = option_of(model, "scale");
    if (vit->heads < 1 || vit->dim < 1 || vit->patch < 1) return;
    vit->blocks = (int)option_of(model, "depth");
    if (!(vit->scale > 0)) vit->scale = sqrt((double)vit->heads / vit->dim);
    vit->first = sx_parameters_find(&model->parameters, "class.weight") != NULL;
    vit->grid = model->height / vit->patch;
    vit->tokens = vit->first + vit->grid * vit->grid;
}

sx_status sx_transformer_prepare(sx_inspector *w, sx_error *err) {
    sx_transformer *vit = &w->vit;
    sx_transformer_measure(w->model, vit);
    if (!vit->blocks) return SX_OK;
    size_t tokens = (size_t)vit->tokens, square = tokens * tokens;
    size_t heads = (size_t)vit->blocks * (size_t)vit->heads;
    vit->qkv = sx_arena_alloc(&w->arena, (size_t)vit->blocks, sizeof *vit->qkv);
    vit->weights = sx_arena_alloc(&w->arena, square, sizeof *vit->weights);
    vit->mean = sx_arena_alloc(&w->arena, square, sizeof *vit->mean);
    vit->rollout = sx_arena_alloc(&w->arena, square, sizeof *vit->rollout);
    vit->product = sx_arena_alloc(&w->arena, square, sizeof *vit->product);
    vit->distances = sx_arena_alloc(&w->arena, heads, sizeof *vit->distances);
    bool memory =
        vit->qkv && vit->weights && vit->mean && vit->rollout && vit->product && vit->distances;
    if (memory && sx_positions_channels(w->model) == vit->dim)
        memory = (vit->positions = sx_arena_alloc(
                      &w->arena, (size_t)vit->grid * (size_t)vit->grid * (size_t)vit->dim,
                      sizeof *vit->positions)) != NULL;
    for (int b = 0; memory && b < vit->blocks; b++)
        memory = (vit->qkv[b] = sx_arena_alloc(&w->arena, tokens * 3 * (size_t)vit->dim,
                                               sizeof **vit->qkv)) != NULL;
    return memory ? SX_OK : sx_inspector_no_memory(err);
}

/* "block7.attention.in" is block 7's. */
static int block_of(const char *name) {
    int block = 0, length = 0;
    bool is = sscanf(name, "block%d.attention.in%n", &block, &length) == 1 && length > 0;
    return is && name[length] == 0 ? block : 0;
}

void sx_transformer_see(sx_inspector *w, const char *layer, const float *values) {
    const sx_transformer *vit = &w->vit;
    int block = block_of(layer);
    if (block < 1 || block > vit->blocks) return;
    memcpy(vit->qkv[block - 1], values,
           (size_t)vit->tokens * 3 * (size_t)vit->dim * sizeof *values);
}

/* ---- attention ---------------------------------------------------------------------------------
 */

/* Softmax of scaled products of queries and keys, into vit->weights. */
static void attend(const sx_transformer *vit, int block, int head) {
    size_t depth = (size_t)(vit->dim / vit->heads), step = 3 * (size_t)vit->dim;
    const float *q = vit->qkv[block] + (size_t)head * depth, *k = q + vit->dim;
    for (int t = 0; t < vit->tokens; t++) {
        float *row = vit->weights + (size_t)t * (size_t)vit->tokens;
        double largest = -INFINITY, sum = 0;
        for (int s = 0; s < vit->tokens; s++) {
            double score = 0;
            for (size_t d = 0; d < depth; d++)
                score += (double)q[(size_t)t * step + d] * (double)k[(size_t)s * step + d];
            row[s] = (float)(score * vit->scale);
            if ((double)row[s] > largest) largest = (double)row[s];
        }
        for (int s = 0; s < vit->tokens; s++) sum += exp((double)row[s] - largest);
        for (int s = 0; s < vit->tokens; s++) row[s] = (float)(exp((double)row[s] - largest) / sum);
    }
}

double sx_attention_distance(const float *weights, int first, int grid, int patch) {
    int patches = grid * grid, tokens = first + patches;
    double sum = 0;
    for (int q = 0; q < patches; q++)
        for (int k = 0; k < patches; k++) {
            int y = q / grid - k / grid, x = q % grid - k % grid;
            sum += (double)weights[(size_t)(first + q) * (size_t)tokens + (size_t)(first + k)] *
                   hypot(y, x) * patch;
        }
    return sum / patches;
}

/* R = (A + I) / 2 R, for the block's mean of heads A. */
static sx_status roll(const sx_inspector *w, sx_error *err) {
    const sx_transformer *vit = &w->vit;
    size_t n = (size_t)vit->tokens;
    memset(vit->product, 0, n * n * sizeof *vit->product);
    for (size_t i = 0; i < n; i++) {
        if (sx_inspector_go_on(w, err)) return SX_CANCELLED;
        for (size_t k = 0; k < n; k++) {
            double a = (vit->mean[i * n + k] + (i == k)) / 2;
            for (size_t j = 0; j < n; j++) vit->product[i * n + j] += a * vit->rollout[k * n + j];
        }
    }
    memcpy(vit->rollout, vit->product, n * n * sizeof *vit->rollout);
    return SX_OK;
}

/* ---- maps --------------------------------------------------------------------------------------
 */

/* A row of a matrix of tokens over the patches, or the mean of the patches' rows; 1 is what each
 * patch would get if all got the same. */
static void fill_query(const sx_inspector *w, const double *matrix, double *out) {
    const sx_transformer *vit = &w->vit;
    int query = w->in->query;
    size_t tokens = (size_t)vit->tokens, first = (size_t)vit->first, patches = tokens - first;
    bool all = query == 0 && first == 0;
    double even = (double)patches;
    size_t row = query ? first + (size_t)query - 1 : 0;
    for (size_t k = 0; k < patches; k++) {
        out[k] = matrix[row * tokens + first + k];
        for (size_t q = 1; all && q < patches; q++) out[k] += matrix[q * tokens + k];
        if (all) out[k] /= (double)patches;
        out[k] *= even;
    }
}

static sx_result *make_query(const sx_inspector *w, const char *name, const double *matrix,
                             sx_error *err) {
    sx_result *r = sx_inspector_map(name, w->vit.grid, w->vit.grid, "times even", err);
    if (r) fill_query(w, matrix, r->grid.values);
    return r;
}

/* One head's, from single precision; vit->product is free until the block is rolled. */
static sx_status publish_head(const sx_inspector *w, int block, int head, sx_error *err) {
    const sx_transformer *vit = &w->vit;
    size_t size = (size_t)vit->tokens * (size_t)vit->tokens;
    char name[48];
    snprintf(name, sizeof name, "attention-%02d-%02d", block + 1, head + 1);
    for (size_t i = 0; i < size; i++) vit->product[i] = (double)vit->weights[i];
    sx_result *r = make_query(w, name, vit->product, err);
    if (!r) return err->status;
    r->title =
        sx_result_text(r, "Attention in block %d, head %d (1: an even look)", block + 1, head + 1);
    sx_inspector_publish(w, r);
    return SX_OK;
}

static sx_status publish_mean(const sx_inspector *w, int block, sx_error *err) {
    char name[48];
    snprintf(name, sizeof name, "attention-%02d", block + 1);
    sx_result *r = make_query(w, name, w->vit.mean, err);
    if (!r) return err->status;
    r->title = sx_result_text(r, "Attention in block %d, mean of %d heads (1: an even look)",
                              block + 1, w->vit.heads);
    sx_inspector_publish(w, r);
    return SX_OK;
}

static sx_status publish_block(const sx_inspector *w, int block, sx_error *err) {
    const sx_transformer *vit = &w->vit;
    size_t size = (size_t)vit->tokens * (size_t)vit->tokens;
    bool heads =
        sx_inspector_wants(w, SX_INSIDE_HEADS) && (w->in->block == 0 || w->in->block == block + 1);
    sx_status status = SX_OK;
    memset(vit->mean, 0, size * sizeof *vit->mean);
    for (int head = 0; !status && head < vit->heads; head++) {
        status = sx_inspector_go_on(w, err);
        if (status) break;
        attend(vit, block, head);
        for (size_t i = 0; i < size; i++) vit->mean[i] += (double)vit->weights[i] / vit->heads;
        vit->distances[block * vit->heads + head] =
            sx_attention_distance(vit->weights, vit->first, vit->grid, vit->patch);
        if (heads) status = publish_head(w, block, head, err);
    }
    if (status || !sx_inspector_wants(w, SX_INSIDE_ATTENTION)) return status;
    status = publish_mean(w, block, err);
    return status ? status : roll(w, err);
}

/* ---- how far it goes --------------------------------------------------------------------------
 */

sx_result *sx_attention_series(const double *distances, int blocks, int heads, sx_error *err) {
    static const char *const names[] = {"mean of heads", "nearest head", "farthest head"};
    sx_result *r = sx_result_new(SX_RESULT_SERIES, "attention-distance", "How far attention goes");
    if (!r || !sx_series_alloc(r, (size_t)blocks, 3, false)) {
        sx_result_release(r);
        sx_inspector_no_memory(err);
        return NULL;
    }
    r->series.x_label = "block";
    r->series.x_unit = "";
    r->series.y_label = "pixels";
    for (int line = 0; line < 3; line++) r->series.lines[line].name = names[line];
    for (int block = 0; block < blocks; block++) {
        const double *d = distances + (ptrdiff_t)block * heads;
        double sum = 0, least = d[0], most = d[0];
        for (int h = 0; h < heads; h++) {
            sum += d[h];
            least = fmin(least, d[h]);
            most = fmax(most, d[h]);
        }
        r->series.x[block] = block + 1;
        r->series.lines[0].y[block] = sum / heads;
        r->series.lines[1].y[block] = least;
        r->series.lines[2].y[block] = most;
    }
    return r;
}

static sx_status publish_distance(const sx_inspector *w, sx_error *err) {
    sx_result *r = sx_attention_series(w->vit.distances, w->vit.blocks, w->vit.heads, err);
    if (!r) return err->status;
    sx_inspector_publish(w, r);
    return SX_OK;
}

static sx_status publish_heads(const sx_inspector *w, sx_error *err) {
    static const char *const names[] = {"block", "head", "distance in pixels"};
    const sx_transformer *vit = &w->vit;
    sx_result *r = sx_table_new("heads", "How far each head's attention goes",
                                (size_t)vit->blocks * (size_t)vit->heads, names, 3, 0);
    if (!r) return sx_inspector_no_memory(err);
    for (int i = 0; i < vit->blocks * vit->heads; i++) {
        int block = i / vit->heads + 1, head = i % vit->heads + 1;
        r->table.columns[0].numbers[i] = block;
        r->table.columns[1].numbers[i] = head;
        r->table.columns[2].numbers[i] = vit->distances[i];
    }
    sx_inspector_publish(w, r);
    return SX_OK;
}

sx_result *sx_attention_map(const double *distances, int blocks, int heads, sx_error *err) {
    sx_result *r = sx_inspector_map("head-distance", blocks, heads, "pixels", err);
    if (!r) return NULL;
    r->title = "How far each head's attention goes, in pixels";
    r->grid.row_label = "block";
    r->grid.column_label = "head";
    for (int i = 0; i < blocks * heads; i++) r->grid.values[i] = distances[i];
    return r;
}

static sx_status publish_head_map(const sx_inspector *w, sx_error *err) {
    sx_result *r = sx_attention_map(w->vit.distances, w->vit.blocks, w->vit.heads, err);
    if (!r) return err->status;
    sx_inspector_publish(w, r);
    return SX_OK;
}

/* ---- positions ---------------------------------------------------------------------------------
 */

/* Tile (Y, X) at (y, x) is the cosine of patch (Y, X)'s position and patch (y, x)'s. */
static sx_status publish_positions(const sx_inspector *w, sx_error *err) {
    const sx_transformer *vit = &w->vit;
    int side = vit->grid * vit->grid, dim = vit->dim;
    if (!vit->positions) return SX_OK;
    sx_result *r = sx_inspector_map("positions", side, side, "cosine", err);
    if (!r) return err->status;
    r->title = "Likeness of positions, a map a patch";
    sx_positions_take(w->model, vit->grid, vit->positions);
    sx_status status = SX_OK;
    for (int row = 0; !status && row < side; row++) {
        for (int column = 0; column < side; column++) {
            int a = row / vit->grid * vit->grid + column / vit->grid;
            int b = row % vit->grid * vit->grid + column % vit->grid;
            r->grid.values[row * side + column] = sx_positions_cosine(
                vit->positions + (ptrdiff_t)a * dim, vit->positions + (ptrdiff_t)b * dim, dim);
        }
        status = sx_inspector_go_on(w, err);
    }
    if (status)
        sx_result_release(r);
    else
        sx_inspector_publish(w, r);
    return status;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

static sx_status publish_rollout(const sx_inspector *w, sx_error *err) {
    sx_result *r = make_query(w, "rollout", w->vit.rollout, err);
    if (!r) return err->status;
    r->title = "Attention through all blocks (1: an even look)";
    sx_inspector_publish(w, r);
    return SX_OK;
}

/* Blocks whose attention is needed: all, or, where only heads are wanted, theirs. */
static bool is_needed(const sx_inspector *w, int block) {
    if (sx_inspector_wants(w, SX_INSIDE_ATTENTION) || sx_inspector_wants(w, SX_INSIDE_DISTANCE))
        return true;
    return sx_inspector_wants(w, SX_INSIDE_HEADS) &&
           (w->in->block == 0 || w->in->block == block + 1);
}

sx_status sx_transformer_publish(sx_inspector *w, sx_error *err) {
    sx_transformer *vit = &w->vit;
    size_t size = (size_t)vit->tokens * (size_t)vit->tokens;
    sx_status status = SX_OK;
    memset(vit->rollout, 0, size * sizeof *vit->rollout);
    for (int i = 0; i < vit->tokens; i++) vit->rollout[i * vit->tokens + i] = 1;
    for (int block = 0; !status && block < vit->blocks; block++)
        if (is_needed(w, block)) status = publish_block(w, block, err);
    if (!status && sx_inspector_wants(w, SX_INSIDE_ATTENTION)) status = publish_rollout(w, err);
    if (!status && sx_inspector_wants(w, SX_INSIDE_DISTANCE)) status = publish_distance(w, err);
    if (!status && sx_inspector_wants(w, SX_INSIDE_DISTANCE)) status = publish_heads(w, err);
    if (!status && sx_inspector_wants(w, SX_INSIDE_DISTANCE)) status = publish_head_map(w, err);
    if (!status && sx_inspector_wants(w, SX_INSIDE_POSITIONS)) status = publish_positions(w, err);
    return status;
}
