/* Colours that colour-blind readers can tell apart, with a contrast of at least 4.5 : 1 on white
 * (xterm 27, 160, 17, 95, 163, 52); patterns and marks that differ without them. */
#include "views/plot/ink.h"

enum { LOOKS = 6 };

static int look_of(sx_pen pen) {
    return pen.look < 0 ? 0 : pen.look % LOOKS;
}

uint32_t sx_ink_pen(sx_pen pen) {
    static const uint32_t colours[LOOKS] = {0x005FFF, 0xD70000, 0x00005F,
                                            0x875F5F, 0xD700AF, 0x5F0000};
    if (pen.edge) return SX_INK_GROUND;
    return pen.guide ? 0x767676 : colours[look_of(pen)];
}

/* The ramps as the canvas shows them with 256 colours. */
uint32_t sx_ink_step(bool diverging, int step) {
    static const uint32_t ramps[2][SX_RAMP_STEPS] = {
        {0x00005F, 0x5F005F, 0x4E4E4E, 0x5F5F87, 0x008787, 0x00AF87, 0x5FD787, 0x87D700, 0xFFFF5F},
        {0x005F87, 0x0087AF, 0x5FAFD7, 0xAFD7D7, 0xE4E4E4, 0xFFD7AF, 0xFFAF00, 0xD78700, 0xAF5F00}};
    if (step < 0 || step >= SX_RAMP_STEPS) return diverging ? SX_INK_GROUND : 0xE4E4E4;
    return ramps[diverging][step];
}

uint32_t sx_ink_style(sx_style style) {
    if (style.foreground == sx_style_of(SX_ROLE_DIM).foreground) return SX_INK_AXIS;
    if (style.foreground == sx_style_of(SX_ROLE_SERIES4).foreground) return 0xAFAFD7;
    if (style.foreground == SX_COLOUR_RGB(255, 255, 255)) return 0xFFFFFF;
    if (style.foreground == SX_COLOUR_RGB(0, 0, 0)) return 0x000000;
    return 0x111111;
}

/* The palette of Okabe and Ito, made for colour-blind readers, in an order in which neighbours
 * differ in lightness. */
uint32_t sx_ink_band(int look) {
    static const uint32_t colours[LOOKS] = {0x0072B2, 0xE69F00, 0x009E73,
                                            0xF0E442, 0xD55E00, 0xCC79A7};
    return look < 0 ? 0xC8C8C8 : colours[look % LOOKS];
}

double sx_ink_width(sx_pen pen) {
    return pen.guide ? 1 : pen.edge ? 1.4 : 1.8;
}

double sx_ink_opacity(sx_pen pen) {
    return pen.dim ? 0.35 : 1;
}

const double *sx_ink_dashes(sx_pen pen, int *count) {
    static const double guide[] = {2, 4};
    static const struct {
        int count;
        double lengths[6];
    } dashes[2][LOOKS] = {
        {{0, {0}},
         {2, {14, 2}},
         {2, {2, 3}},
         {4, {8, 3, 2, 3}},
         {2, {6, 3}},
         {6, {8, 3, 2, 3, 2, 3}}},
        {{2, {5, 4}}, {2, {8, 5}}, {2, {2, 5}}, {4, {5, 4, 2, 4}}, {2, {4, 3}}, {4, {5, 3, 2, 5}}}};
    *count = pen.guide ? 2 : dashes[pen.dashed][look_of(pen)].count;
    return pen.guide ? guide : dashes[pen.dashed][look_of(pen)].lengths;
}

const sx_shape *sx_ink_shape(sx_pen pen) {
    static const sx_shape shapes[LOOKS] = {
        {12,
         {{4, 0},
          {3.46, 2},
          {2, 3.46},
          {0, 4},
          {-2, 3.46},
          {-3.46, 2},
          {-4, 0},
          {-3.46, -2},
          {-2, -3.46},
          {0, -4},
          {2, -3.46},
          {3.46, -2}}},
        {3, {{0, -4.5}, {4.5, 3.5}, {-4.5, 3.5}}},
        {4, {{-3.5, -3.5}, {3.5, -3.5}, {3.5, 3.5}, {-3.5, 3.5}}},
        {4, {{0, -5}, {4, 0}, {0, 5}, {-4, 0}}},
        {3, {{0, 4.5}, {4.5, -3.5}, {-4.5, -3.5}}},
        {4, {{-2.5, -2.5}, {2.5, -2.5}, {2.5, 2.5}, {-2.5, 2.5}}}};
    return &shapes[look_of(pen)];
}
