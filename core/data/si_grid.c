/* The arithmetic of SI-Score: factor grids, numbers of pictures, where an object lands, and the
 * random pairs as NumPy draws them. No pixels. */
#include "core/data/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- grids -----------------------------------------------------------------------------------
 */

static void one_value(sx_si_axis *axis, double value) {
    axis->count = 1;
    axis->values[0] = value;
}

/* Multiples of a step, as i * step: 3 * 0.05 is 0.15000000000000002 in the released files. */
static void multiples(sx_si_axis *axis, int first, int last, double step) {
    axis->count = 0;
    for (int i = first; i <= last; i++) axis->values[axis->count++] = i * step;
}

static void begin_grid(sx_si_grid *grid) {
    *grid = (sx_si_grid){.resolution = 512, .backgrounds = 2, .threshold = 0.95};
    one_value(&grid->x, 0.5);
    one_value(&grid->y, 0.5);
    one_value(&grid->area, 0.2);
    one_value(&grid->rotation, 0);
}

static void size_grid(sx_si_grid *grid) {
    multiples(&grid->area, 1, 100, 0.01);
}

static void location_grid(sx_si_grid *grid) {
    multiples(&grid->x, 0, 20, 0.05);
    grid->y = grid->x;
    grid->resolution = 500;
    grid->threshold = 0;
}

static void rotation_grid(sx_si_grid *grid) {
    static const double areas[] = {0.2, 0.5, 0.8, 1.0};
    memcpy(grid->area.values, areas, sizeof areas);
    grid->area.count = 4;
    grid->rotation.count = 18;
    for (int i = 0; i < 18; i++) grid->rotation.values[i] = 1 + 20 * i;
}

static const struct {
    const char *name;
    void (*fill)(sx_si_grid *grid);
} sets[] = {{"size", size_grid}, {"location", location_grid}, {"rotation", rotation_grid}};
enum { SETS = sizeof sets / sizeof sets[0] };

/* ---- grid files ------------------------------------------------------------------------------
 */

static const sx_option keys[] = {
    {"grid", "resolution", SX_OPTION_INTEGER, "512", 8, 4096, NULL, "pixels a side"},
    {"grid", "backgrounds", SX_OPTION_INTEGER, "2", 1, 1000, NULL, "of each object"},
    {"grid", "threshold", SX_OPTION_NUMBER, "0.95", 0, 1, NULL, "least share inside"},
    {"grid", "x", SX_OPTION_TEXT, "0.5", -1, 2, "0:1:0.05", "of the centre, to the right"},
    {"grid", "y", SX_OPTION_TEXT, "0.5", -1, 2, "0:1:0.05", "of the centre, downwards"},
    {"grid", "area", SX_OPTION_TEXT, "0.2", 1e-6, 2, "0.1 0.2", "of the box, share of the image"},
    {"grid", "rotation", SX_OPTION_TEXT, "0", -3600, 3600, "1:341:20", "degrees"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static sx_status add_value(sx_si_axis *axis, double value, const sx_option *key, sx_error *err) {
    if (axis->count == SX_SI_VALUES)
        return sx_fail(err, SX_BAD_INPUT, "%s has more than %d values", key->name, SX_SI_VALUES);
    if (!(value >= key->minimum && value <= key->maximum))
        return sx_fail(err, SX_BAD_INPUT, "%s = %g: must be from %g to %g", key->name, value,
                       key->minimum, key->maximum);
    axis->values[axis->count++] = value;
    return SX_OK;
}

/* FROM + i * STEP up to TO; where FROM is a multiple of STEP, as multiples of it. */
static sx_status add_range(sx_si_axis *axis, const double ends[3], const sx_option *key,
                           sx_error *err) {
    double from = ends[0], to = ends[1], step = ends[2], first = round(from / step);
    bool whole = fabs(first * step - from) <= 1e-9 * fabs(step);
    sx_status status = SX_OK;
    if (!(step > 0) || !(to >= from))
        return sx_fail(err, SX_BAD_INPUT, "%s: a range is FROM:TO:STEP, upwards", key->name);
    for (int i = 0; !status && from + i * step <= to + 1e-9 * step; i++)
        status = add_value(axis, whole ? (first + i) * step : from + i * step, key, err);
    return status;
}

static sx_status read_axis(sx_si_axis *axis, const sx_option *key, const char *text,
                           sx_error *err) {
    sx_status status = SX_OK;
    axis->count = 0;
    for (text += strspn(text, " ,"); !status && *text; text += strspn(text, " ,")) {
        double ends[3];
        int parts = 0;
        char word[64];
        size_t length = strcspn(text, " ,");
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        text += length;
        for (char *at = word, *next; at && parts < 3; at = next) {
            next = strchr(at, ':');
            if (next) *next++ = 0;
            if (!sx_text_number(at, &ends[parts++])) parts = 4;
        }
        if (parts == 1)
            status = add_value(axis, ends[0], key, err);
        else if (parts == 3)
            status = add_range(axis, ends, key, err);
        else
            status =
                sx_fail(err, SX_BAD_INPUT, "%s: numbers or FROM:TO:STEP are expected", key->name);
    }
    if (!status && axis->count == 0)
        return sx_fail(err, SX_BAD_INPUT, "%s has no value", key->name);
    return status;
}

static sx_status take_entry(sx_si_grid *grid, const sx_ini_entry *entry, sx_error *err) {
    const sx_option *key = sx_option_find(keys, entry->section, entry->key);
    sx_si_axis *axes[] = {&grid->x, &grid->y, &grid->area, &grid->rotation};
    if (!key) return sx_option_unknown(keys, entry->section, entry->key, err);
    if (key->kind == SX_OPTION_TEXT) return read_axis(axes[key - keys - 3], key, entry->value, err);
    sx_status status = sx_option_check(key, entry->value, err);
    double value = 0;
    sx_text_number(entry->value, &value);
    if (key == &keys[0]) grid->resolution = (int)value;
    if (key == &keys[1]) grid->backgrounds = (int)value;
    if (key == &keys[2]) grid->threshold = value;
    return status;
}

static sx_status read_file(const char *path, sx_si_grid *grid, sx_error *err) {
    sx_ini ini;
    sx_status status = sx_ini_read(path, &ini, err);
    if (status) return status;
    for (size_t i = 0; !status && i < ini.count; i++) {
        status = take_entry(grid, &ini.entries[i], err);
        if (status) sx_fail_within(err, "%.300s:%d", path, ini.entries[i].line);
    }
    sx_ini_done(&ini);
    return status;
}

sx_status sx_si_grid_read(const char *name, sx_si_grid *out, sx_error *err) {
    const char *names[SETS];
    size_t length = strlen(name);
    begin_grid(out);
    for (int i = 0; i < SETS; i++) {
        names[i] = sets[i].name;
        if (strcmp(name, names[i]) != 0) continue;
        sx_text_set(out->name, sizeof out->name, name);
        sets[i].fill(out);
        return SX_OK;
    }
    if (length < 4 || strcmp(name + length - 4, ".ini") != 0)
        return sx_fail(err, SX_BAD_INPUT,
                       "there is no set '%.60s'; did you mean '%s'? (or the path of a GRID.ini)",
                       name, sx_nearest_name(name, names, SETS));
    sx_text_printable(out->name, sizeof out->name, sx_path_name(name));
    out->name[strcspn(out->name, ".")] = 0;
    return read_file(name, out, err);
}

size_t sx_si_grid_places(const sx_si_grid *grid) {
    return (size_t)grid->x.count * (size_t)grid->y.count * (size_t)grid->area.count *
           (size_t)grid->rotation.count;
}

sx_pose sx_si_grid_pose(const sx_si_grid *grid, size_t place) {
    size_t rotations = (size_t)grid->rotation.count, areas = (size_t)grid->area.count;
    size_t rows = (size_t)grid->y.count;
    return (sx_pose){.rotation = grid->rotation.values[place % rotations],
                     .area = grid->area.values[place / rotations % areas],
                     .y = grid->y.values[place / rotations / areas % rows],
                     .x = grid->x.values[place / rotations / areas / rows]};
}

uint64_t sx_si_image_id(size_t place, size_t pair, size_t pairs) {
    return (uint64_t)place * pairs + pair;
}

/* ---- places ----------------------------------------------------------------------------------
 */

static int overlap(int from, int length, int size) {
    int first = from < 0 ? 0 : from, last = from + length > size ? size : from + length;
    return last > first ? last - first : 0;
}

sx_si_box sx_si_place(int width, int height, sx_pose pose, int resolution) {
    double side = resolution;
    double factor = sqrt(pose.area * side * side / ((double)width * height));
    sx_si_box box = {.width = (int)(width * factor), .height = (int)(height * factor)};
    if (box.width < 1) box.width = 1;
    if (box.height < 1) box.height = 1;
    const sx_image upright = {.height = box.height, .width = box.width, .channels = 4};
    sx_turned_size(&upright, pose.rotation, &box.turned_height, &box.turned_width);
    box.left = (int)((int)(pose.x * side) - 0.5 * box.turned_width);
    box.top = (int)((int)(pose.y * side) - 0.5 * box.turned_height);
    double visible = (double)overlap(box.left, box.turned_width, resolution) *
                     overlap(box.top, box.turned_height, resolution);
    box.inside = visible / ((double)box.turned_width * box.turned_height);
    return box;
}

/* ---- NumPy's random numbers --------------------------------------------------------------------
 * The Mersenne twister (Matsumoto and Nishimura 1998, ACM TOMACS 8:3), seeded as in their
 * init_genrand. */

#define STATE 624
#define MIDDLE 397

void sx_si_random_seed(sx_si_random *random, uint32_t seed) {
    random->state[0] = seed;
    for (uint32_t i = 1; i < STATE; i++) {
        uint32_t before = random->state[i - 1];
        random->state[i] = 1812433253u * (before ^ before >> 30) + i;
    }
    random->at = STATE;
}

static void refill(sx_si_random *random) {
    uint32_t *s = random->state;
    for (int i = 0; i < STATE; i++) {
        uint32_t y = (s[i] & 0x80000000u) | (s[(i + 1) % STATE] & 0x7fffffffu);
        s[i] = s[(i + MIDDLE) % STATE] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    random->at = 0;
}

static uint32_t next_bits(sx_si_random *random) {
    if (random->at == STATE) refill(random);
    uint32_t y = random->state[random->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

/* Uniform in 0 .. most, by cutting to bits and drawing again. */
static uint32_t up_to(sx_si_random *random, uint32_t most) {
    uint32_t mask = most, value;
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    do value = next_bits(random) & mask;
    while (value > most);
    return value;
}

void sx_si_random_choice(sx_si_random *random, uint32_t bound, uint32_t *order) {
    for (uint32_t i = 0; i < bound; i++) order[i] = i;
    for (uint32_t i = bound; i-- > 1;) {
        uint32_t other = up_to(random, i), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* ---- Python's numbers --------------------------------------------------------------------------
 */

void sx_si_python_number(double value, char out[32]) {
    int digits = 1;
    char text[32];
    do snprintf(text, sizeof text, "%.*e", digits - 1, value);
    while (strtod(text, NULL) != value && ++digits <= 17);
    const char *at = strchr(text, 'e');
    int exponent = at ? atoi(at + 1) : 0;
    if (!at || exponent < -4 || exponent >= 16) {
        snprintf(out, 32, "%s", text);
        return;
    }
    int decimals = digits - 1 - exponent;
    snprintf(out, 32, "%.*f", decimals < 1 ? 1 : decimals, value);
}
