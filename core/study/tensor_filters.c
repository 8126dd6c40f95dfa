/* Filters of a file of tensors, whatever network it is of: what has four sizes is a convolution. */
#include "core/study/inspector.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LARGEST 64 /* pixels a side */

/* A convolution's sizes, whoever wrote them, and how far apart its values are. */
typedef struct {
    size_t out, in, height, width;
    size_t out_step, in_step, row_step, column_step;
} convolution;

static convolution sizes_of(const sx_tensor_facts *tensor, bool jax) {
    const size_t *n = tensor->sizes;
    if (jax) return (convolution){n[3], n[2], n[0], n[1], 1, n[3], n[1] * n[2] * n[3], n[2] * n[3]};
    return (convolution){n[0], n[1], n[2], n[3], n[1] * n[2] * n[3], n[2] * n[3], n[3], 1};
}

static bool is_kernel(size_t height, size_t width) {
    return height <= LARGEST && width <= LARGEST && height * width > 1;
}

bool sx_tensors_is_convolution(const sx_tensor_facts *tensor) {
    const size_t *n = tensor->sizes;
    bool jax = tensor->type[0] == '<'; /* a type as NumPy writes it */
    return tensor->rank == 4 && tensor->count > 0 &&
           (jax ? is_kernel(n[0], n[1]) : is_kernel(n[2], n[3]));
}

/* Filter `which` as [height, width, channels]. */
static void take(const float *values, const convolution *c, size_t which, size_t channels,
                 double *out) {
    for (size_t y = 0; y < c->height; y++)
        for (size_t x = 0; x < c->width; x++)
            for (size_t k = 0; k < channels; k++)
                *out++ = (double)values[which * c->out_step + k * c->in_step + y * c->row_step +
                                        x * c->column_step];
}

/* "filters-17-stem-conv-weight": of a long name the end. */
static void name_result(sx_result *r, const char *tensor, size_t index) {
    int start = snprintf(r->name, sizeof r->name, "filters-%zu-", index);
    size_t room = sizeof r->name - 1 - (size_t)start, length = strlen(tensor);
    const char *from = length > room ? tensor + (length - room) : tensor;
    char *to = r->name + start;
    for (; *from; from++) *to++ = (char)(isalnum((unsigned char)*from) ? tolower(*from) : '-');
    *to = 0;
}

static sx_result *draw(const float *values, const sx_tensor_facts *tensor, const convolution *c,
                       sx_error *err) {
    size_t channels = c->in == 3 ? 3 : 1, size = c->height * c->width * channels;
    int count = c->out < SX_INSIDE_TILES ? (int)c->out : SX_INSIDE_TILES;
    sx_result *r =
        sx_inspector_images("filters", count, (int)c->height, (int)c->width, (int)channels, err);
    double *filter = r ? sx_alloc(size, sizeof *filter) : NULL;
    if (!filter) {
        sx_result_release(r);
        sx_inspector_no_memory(err);
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        take(values, c, (size_t)i, channels, filter);
        double most = sx_filter_rescale(filter, (int)size, r->images.pixels + (size_t)i * size);
        r->images.captions[i] = sx_result_text(r, "%d: %.2g", i + 1, most);
    }
    sx_free(filter);
    char shown[160];
    sx_text_printable(shown, sizeof shown, tensor->name);
    r->step = -1;
    name_result(r, shown, tensor->index);
    r->title =
        sx_result_text(r, "%s: %d of %zu filters%s, each within its largest value, 0 is grey",
                       shown, count, c->out, channels == c->in ? "" : ", first input");
    return r;
}

sx_result *sx_tensors_filters(sx_tensors *file, const sx_tensor_facts *tensor, sx_error *err) {
    convolution c = sizes_of(tensor, strcmp(sx_tensors_kind(file), "npz") == 0);
    float *values = sx_alloc(tensor->count, sizeof *values);
    sx_result *r = NULL;
    if (!values) {
        sx_inspector_no_memory(err);
        return NULL;
    }
    if (sx_tensors_read(file, tensor, values, err) == SX_OK) r = draw(values, tensor, &c, err);
    sx_free(values);
    return r;
}
