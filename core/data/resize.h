/* What the two ways of resizing share; private to core/data. */
#ifndef SX_DATA_RESIZE_H
#define SX_DATA_RESIZE_H

#include "core/data/data.h"

/* Output i is the sum of inputs first[i] .. first[i] + count[i] - 1, by weights[i]. Neither the
 * first nor the last of them goes back from one output to the next. */
typedef struct {
    int in, out, most; /* most: inputs of an output, at most */
    int *first, *count;
    double *weights; /* [out, most] */
} sx_resize_axis;

/* resize_bytes.c: as Pillow does it. Weights are multiples of 2^-22. */
typedef struct {
    const sx_image *in;
    sx_image *out;
    const sx_resize_axis *across, *down;
    bool premultiply; /* RGBA */
} sx_resize_bytes;

/* Bytes of the room that it takes, aligned as doubles; and the resizing. */
size_t sx_resize_bytes_room(const sx_resize_bytes *form);
void sx_resize_in_bytes(const sx_resize_bytes *form, void *room);

#endif
