/* What a colour becomes on a terminal.
 *
 * Cells hold meanings (roles, steps of the heat-map ramp, RGB of pictures); only here do they turn
 * into palette indices. The series colours and the ramp are fixed xterm indices chosen by
 * computation: contrast of at least 4.5 : 1 on black, differences that survive three kinds of
 * colour blindness, and lightness that rises with the ramp's step. The first 16 entries of the
 * palette are whatever the user's theme says, so with 256 colours none of them is used. */
#include "views/canvas/canvas.h"

#include <stdio.h>

static const struct {
    const char *name;
    uint8_t attributes;
} roles[SX_ROLES] = {
    [SX_ROLE_TEXT] = {"text", 0},
    [SX_ROLE_DIM] = {"dim", 0},
    [SX_ROLE_TITLE] = {"title", SX_BOLD},
    [SX_ROLE_FRAME] = {"frame", 0},
    [SX_ROLE_FOCUS] = {"focus", SX_BOLD},
    [SX_ROLE_KEY] = {"key", SX_BOLD},
    [SX_ROLE_GOOD] = {"good", 0},
    [SX_ROLE_BAD] = {"bad", SX_BOLD},
    [SX_ROLE_WARNING] = {"warning", SX_UNDERLINE},
    [SX_ROLE_BAR] = {"bar", SX_REVERSE},
    [SX_ROLE_SERIES1] = {"series1", 0},
    [SX_ROLE_SERIES2] = {"series2", 0},
    [SX_ROLE_SERIES3] = {"series3", 0},
    [SX_ROLE_SERIES4] = {"series4", 0},
    [SX_ROLE_SERIES5] = {"series5", 0},
    [SX_ROLE_SERIES6] = {"series6", 0},
};

/* In the order of the roles. The ramp is close to viridis, but with rising lightness, which its
 * nearest palette entries have not; the signed one goes from blue over a light grey to orange,
 * which all readers can tell apart, and darkens to both ends. */
static const sx_theme dark = {
    .of_256 = {-1, 245, -1, 241, 81, 222, 78, 203, 214, 110, 190, 50, 140, 63, 131, 196},
    .of_8 = {-1, -1, -1, -1, 6, 3, 2, 1, 3, 6, 3, 6, 5, 2, 7, 1},
    .ramp_256 = {17, 53, 239, 60, 30, 36, 78, 82, 227},
    .ramp_8 = {4, 4, 5, 5, 2, 2, 6, 3, 7},
    .signed_256 = {24, 31, 74, 152, 254, 223, 214, 172, 130},
    .signed_8 = {4, 4, 6, 6, 7, 3, 3, 1, 1}};
static sx_theme chosen;
static const sx_theme *theme = &dark;

const sx_theme *sx_theme_default(void) {
    return &dark;
}

void sx_theme_use(const sx_theme *wanted) {
    if (wanted) chosen = *wanted;
    theme = wanted ? &chosen : &dark;
}

const sx_theme *sx_theme_now(void) {
    return theme;
}

const char *sx_role_name(sx_role role) {
    return roles[role].name;
}

typedef struct {
    int red, green, blue;
} rgb;

static rgb rgb_of(sx_colour colour) {
    return (rgb){(int)(colour >> 16 & 0xFF), (int)(colour >> 8 & 0xFF), (int)(colour & 0xFF)};
}

/* The nearest of the levels 0, 95, 135, 175, 215, 255 of the colour cube. */
static int cube_step(int value) {
    return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40;
}

static int cube_level(int step) {
    return step ? 55 + 40 * step : 0;
}

/* Squared distance with the eye's rough weights for red, green and blue. */
static int distance(rgb a, rgb b) {
    int red = a.red - b.red, green = a.green - b.green, blue = a.blue - b.blue;
    return 2 * red * red + 4 * green * green + 3 * blue * blue;
}

/* The nearest of cube and grey ramp. The distance is a sum over channels, so the cube's nearest
 * entry is found channel by channel, and the ramp's lies beside the weighted mean. */
static int nearest_256(rgb wanted) {
    int red = cube_step(wanted.red), green = cube_step(wanted.green), blue = cube_step(wanted.blue);
    rgb cube = {cube_level(red), cube_level(green), cube_level(blue)};
    int mean = (2 * wanted.red + 4 * wanted.green + 3 * wanted.blue + 4) / 9;
    int step = mean < 8 ? 0 : mean > 238 ? 23 : (mean - 3) / 10;
    rgb grey = {8 + 10 * step, 8 + 10 * step, 8 + 10 * step};
    if (distance(grey, wanted) < distance(cube, wanted)) return 232 + step;
    return 16 + 36 * red + 6 * green + blue;
}

static int nearest_8(rgb wanted) {
    return (wanted.red >= 128) | (wanted.green >= 128) << 1 | (wanted.blue >= 128) << 2;
}

int sx_colour_index(sx_colour colour, int colours) {
    uint32_t kind = colour >> 24, value = colour & 0xFFFFFF;
    if (colours < 8) return -1;
    bool many = colours >= 256;
    if (kind == 1 && value < SX_ROLES) return many ? theme->of_256[value] : theme->of_8[value];
    if (kind == 2 && value < SX_RAMP_STEPS)
        return many ? theme->ramp_256[value] : theme->ramp_8[value];
    if (kind == 4 && value < SX_RAMP_STEPS)
        return many ? theme->signed_256[value] : theme->signed_8[value];
    if (kind == 3) return many ? nearest_256(rgb_of(colour)) : nearest_8(rgb_of(colour));
    return -1;
}

char *sx_colour_name(sx_colour colour, char *out) {
    uint32_t kind = colour >> 24, value = colour & 0xFFFFFF;
    if (kind == 1 && value < SX_ROLES)
        snprintf(out, 16, "%s", roles[value].name);
    else if (kind == 2 || kind == 4)
        snprintf(out, 16, "%s%u", kind == 2 ? "ramp" : "signed", (unsigned)(value % 1000));
    else if (kind == 3)
        snprintf(out, 16, "#%06x", (unsigned)value);
    else
        snprintf(out, 16, "-");
    return out;
}

sx_style sx_style_of(sx_role role) {
    uint8_t attributes = role < SX_ROLES ? roles[role].attributes : 0;
    return (sx_style){.foreground = SX_COLOUR_ROLE(role), .attributes = attributes};
}
