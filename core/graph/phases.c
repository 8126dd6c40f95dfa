/* The gradient of a strided convolution by its input, and a strided transposed convolution forward,
 * fall into stride x stride phases: the pixels of a phase see the same taps, at stride 1. */
#include "core/graph/convolution.h"

sx_phase sx_phase_of(const sx_convolution *c, int phase, int side) {
    sx_phase p;
    p.first_tap = (phase + c->padding) % c->stride;
    p.taps = p.first_tap < c->kernel ? (c->kernel - p.first_tap - 1) / c->stride + 1 : 0;
    p.start = (phase + c->padding) / c->stride - (p.taps - 1);
    p.pixels = phase < side ? (side - phase - 1) / c->stride + 1 : 0;
    return p;
}

int sx_phase_halo(const sx_convolution *c, int side, int out_side) {
    int halo = 0;
    for (int phase = 0; phase < c->stride; phase++) {
        sx_phase p = sx_phase_of(c, phase, side);
        if (p.taps == 0 || p.pixels == 0) continue;
        int beyond = p.start + p.pixels - 1 + p.taps - 1 - (out_side - 1);
        if (-p.start > halo) halo = -p.start;
        if (beyond > halo) halo = beyond;
    }
    return halo;
}
