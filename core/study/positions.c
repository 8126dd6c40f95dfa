/* What a vision transformer adds to its patches for their places: a learned value each, or the sum
 * of one of the row and one of the column (arXiv 2010.11929, appendix D.4). */
#include "core/study/inspector.h"

#include <math.h>

static const sx_slice *find(const sx_model *model, const char *name) {
    return sx_parameters_find(&model->parameters, name);
}

int sx_positions_channels(const sx_model *model) {
    const sx_slice *each = find(model, "position.weight"), *rows;
    if (each) return each->sizes[2];
    rows = find(model, "position_rows.weight");
    return rows && find(model, "position_columns.weight") ? rows->sizes[2] : 0;
}

/* A class token's position comes before those of the patches. */
void sx_positions_take(const sx_model *model, int grid, float *out) {
    const float *values = model->parameters.values;
    const sx_slice *each = find(model, "position.weight");
    int channels = sx_positions_channels(model), patches = grid * grid;
    if (each) {
        const float *from = values + each->offset + (each->sizes[1] - patches) * channels;
        for (int i = 0; i < patches * channels; i++) out[i] = from[i];
        return;
    }
    const float *rows = values + find(model, "position_rows.weight")->offset;
    const float *columns = values + find(model, "position_columns.weight")->offset;
    for (int patch = 0; patch < patches; patch++)
        for (int c = 0; c < channels; c++)
            *out++ = rows[patch / grid * channels + c] + columns[patch % grid * channels + c];
}

double sx_positions_cosine(const float *a, const float *b, int channels) {
    double ab = 0, aa = 0, bb = 0;
    for (int c = 0; c < channels; c++) {
        double x = (double)a[c], y = (double)b[c];
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return ab / sqrt(aa * bb);
}
