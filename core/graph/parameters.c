/* Parameters: the layout is a list of named slices of one vector, made as the layers are added, so
 * it does not depend on the batch. Initial values depend on the seed and on the slice's place in
 * the list only. */
#include "core/graph/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PARAMETER_LIMIT ((size_t)1 << 31) /* floats: 8 GiB */
#define STREAM_INITIAL UINT64_C(0x1417) << 48

static bool slice_size(const int *sizes, int *rank, size_t *count) {
    *rank = 0;
    *count = 1;
    while (*rank < 4 && sizes[*rank] > 0)
        if (!sx_size_multiply(*count, (size_t)sizes[(*rank)++], count)) return false;
    return true;
}

static bool name_is_taken(const sx_graph *graph, const char *name) {
    for (int i = 0; i < graph->slice_count; i++)
        if (strcmp(graph->slices[i].name, name) == 0) return true;
    return false;
}

static bool grow_slices(sx_graph *graph) {
    if (graph->slice_count < graph->slice_capacity) return true;
    size_t capacity = (size_t)graph->slice_capacity, same = capacity;
    size_t needed = capacity + 1;
    if (!sx_grow((void **)&graph->initial, &same, needed, sizeof *graph->initial) ||
        !sx_grow((void **)&graph->slices, &capacity, needed, sizeof *graph->slices))
        return false;
    graph->slice_capacity = (int)capacity;
    return true;
}

sx_status sx_graph_add_slice(sx_graph *graph, sx_graph_node *node, const sx_slice_form *form,
                             sx_error *err) {
    sx_slice slice = {.trained = form->trained, .decayed = form->decayed};
    memcpy(slice.sizes, form->sizes, sizeof slice.sizes);
    snprintf(slice.name, sizeof slice.name, "%s.%s", node->name, form->suffix);
    if (name_is_taken(graph, slice.name))
        return sx_fail(err, SX_BAD_INPUT, "two layers have the name %s", node->name);
    if (!slice_size(form->sizes, &slice.rank, &slice.count) ||
        slice.count > PARAMETER_LIMIT - graph->parameter_count)
        return sx_fail(err, SX_BAD_INPUT,
                       "the model has more than %zu million parameters; make it smaller",
                       PARAMETER_LIMIT >> 20);
    if (!grow_slices(graph)) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the graph");
    slice.offset = graph->parameter_count;
    graph->parameter_count = sx_round_up(slice.offset + slice.count);
    graph->initial[graph->slice_count] = (sx_initial_rule){form->initial, form->number};
    graph->slices[graph->slice_count] = slice;
    node->slices[node->slice_count++] = graph->slice_count++;
    return SX_OK;
}

const sx_slice *sx_parameters_find(const sx_parameters *parameters, const char *name) {
    for (int i = 0; i < parameters->count; i++)
        if (strcmp(parameters->slices[i].name, name) == 0) return &parameters->slices[i];
    return NULL;
}

static void fill_slice(const sx_graph *graph, int index, uint64_t seed, float *values) {
    sx_random random = sx_random_from(seed, STREAM_INITIAL, (uint64_t)index);
    const sx_initial_rule *rule = &graph->initial[index];
    float deviation = sqrtf(2.0f / (float)rule->number);
    for (size_t i = 0; i < graph->slices[index].count; i++) switch (rule->kind) {
        case SX_INITIAL_HE:
            values[i] = deviation * sx_random_normal(&random);
            break;
        case SX_INITIAL_LINEAR:
            values[i] = sqrtf(0.5f) * deviation * sx_random_normal(&random);
            break;
        case SX_INITIAL_SMALL:
            values[i] = 0.02f * sx_random_normal(&random);
            break;
        case SX_INITIAL_NORMAL:
            values[i] = (float)rule->number * sx_random_normal(&random);
            break;
        case SX_INITIAL_VALUE:
            values[i] = (float)rule->number;
            break;
        case SX_INITIAL_ONE:
            values[i] = 1;
            break;
        case SX_INITIAL_ZERO:
            values[i] = 0;
            break;
        }
}

sx_status sx_parameters_lay_out(const sx_graph *graph, sx_parameters *out, sx_error *err) {
    *out = (sx_parameters){.size = graph->parameter_count, .count = graph->slice_count};
    out->slices = sx_alloc((size_t)out->count, sizeof *out->slices);
    if (!out->slices) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the parameters");
    if (out->count) memcpy(out->slices, graph->slices, (size_t)out->count * sizeof *out->slices);
    return SX_OK;
}

sx_status sx_parameters_allocate(sx_parameters *parameters, sx_error *err) {
    parameters->values = sx_alloc(parameters->size, sizeof *parameters->values);
    if (parameters->values) return SX_OK;
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for parameters of %.1f MiB",
                   (double)parameters->size * sizeof *parameters->values / 1048576);
}

sx_status sx_parameters_new(const sx_graph *graph, uint64_t seed, sx_parameters *out,
                            sx_error *err) {
    sx_status status = sx_parameters_lay_out(graph, out, err);
    if (!status) status = sx_parameters_allocate(out, err);
    if (status) sx_parameters_done(out);
    for (int i = 0; !status && i < out->count; i++)
        fill_slice(graph, i, seed, out->values + out->slices[i].offset);
    return status;
}

void sx_parameters_done(sx_parameters *parameters) {
    sx_free(parameters->values);
    sx_free(parameters->slices);
    *parameters = (sx_parameters){0};
}
