/* Parameters of one model for another of the same layers, which may see larger pictures (learned
 * positions are resized, or stay new) and tell other classes apart (the last layer is new, or keeps
 * the rows of some classes). */
#include "core/model/internal.h"

#include <string.h>

static int side_of(int tokens) {
    int side = 1;
    while (side * side < tokens) side++;
    return side * side == tokens ? side : 0;
}

/* "position.weight", "position_rows.weight", "position_columns.weight". */
static bool is_position(const sx_slice *slice) {
    return strncmp(slice->name, "position", strlen("position")) == 0 && slice->rank == 3;
}

/* Positions of rows or of columns. */
static bool take_axis(const sx_model *to, const sx_slice *ours, const sx_slice *theirs,
                      const float *values, sx_position_rule rule) {
    int axis = ours->sizes[0] == 1;
    if (ours->sizes[!axis] != 1 || theirs->sizes[!axis] != 1) return false;
    sx_position_resize_axis(rule, values, theirs->sizes[axis], ours->sizes[axis], ours->sizes[2],
                            to->parameters.values + ours->offset);
    return true;
}

/* Positions of another grid of patches, after a class token if there is one. */
static bool take_positions(const sx_model *to, const sx_slice *ours, const sx_slice *theirs,
                           const float *values, sx_position_rule rule) {
    if (!is_position(ours) || theirs->rank != 3 || ours->sizes[2] != theirs->sizes[2]) return false;
    if (strcmp(ours->name, "position.weight") != 0)
        return take_axis(to, ours, theirs, values, rule);
    int first = sx_parameters_find(&to->parameters, "class.weight") != NULL;
    int from = side_of(theirs->sizes[1] - first), side = side_of(ours->sizes[1] - first);
    if (!from || !side) return false;
    sx_position_resize(rule, values, first, from, side, ours->sizes[2],
                       to->parameters.values + ours->offset);
    return true;
}

static bool is_alike(const sx_slice *a, const sx_slice *b) {
    return a->rank == b->rank && memcmp(a->sizes, b->sizes, sizeof a->sizes) == 0;
}

/* The columns of the classes that are kept, of a last layer's weights or bias. */
static bool take_classes(const sx_model *to, const sx_model *from, const sx_slice *ours,
                         const sx_slice *theirs, const int *classes) {
    size_t wide = (size_t)from->classes, narrow = (size_t)to->classes;
    if (ours->count % narrow || theirs->count % wide ||
        ours->count / narrow != theirs->count / wide)
        return false;
    float *out = to->parameters.values + ours->offset;
    const float *in = from->parameters.values + theirs->offset;
    for (size_t row = 0; row < ours->count / narrow; row++)
        for (size_t c = 0; c < narrow; c++)
            out[row * narrow + c] = in[row * wide + (size_t)classes[c]];
    return true;
}

static bool take_slice(sx_model *to, const sx_model *from, const sx_slice *ours,
                       const sx_slice *theirs, sx_position_rule rule) {
    const float *values = from->parameters.values + theirs->offset;
    if (!is_alike(ours, theirs)) return take_positions(to, ours, theirs, values, rule);
    memcpy(to->parameters.values + ours->offset, values, ours->count * sizeof *values);
    return true;
}

static bool clear_slice(sx_model *to, const sx_slice *ours) {
    memset(to->parameters.values + ours->offset, 0, ours->count * sizeof(float));
    return true;
}

sx_status sx_model_adopt(sx_model *to, const sx_model *from, const sx_adoption *how,
                         sx_error *err) {
    int head = sx_model_head(&to->parameters);
    for (int i = 0; i < to->parameters.count; i++) {
        const sx_slice *ours = &to->parameters.slices[i];
        const sx_slice *theirs = sx_parameters_find(&from->parameters, ours->name);
        bool good = theirs != NULL;
        if (good && how->new_positions && is_position(ours)) continue;
        if (i >= head && !how->classes)
            good = clear_slice(to, ours);
        else if (good && i >= head)
            good = take_classes(to, from, ours, theirs, how->classes);
        else if (good)
            good = take_slice(to, from, ours, theirs, how->position);
        if (good) continue;
        return sx_fail(err, SX_BAD_INPUT,
                       "%s of %s has another shape at %d pixels a side than at %d; the layers fit "
                       "one image size only",
                       ours->name, to->spec, to->height, from->height);
    }
    return SX_OK;
}
