/* Learned positions of one grid of patches for another. The three published rules differ at the
 * borders and in what they smooth, so each is here: a place of the new grid is a table of taps and
 * weights for each axis; sums are in double precision. */
#include "core/model/model.h"

#include <math.h>
#include <string.h>

#define TAPS_LIMIT 64

typedef struct {
    int count, at[TAPS_LIMIT];
    double weight[TAPS_LIMIT];
} taps;

/* Keys' cubic; a = -0.75 as PyTorch's without antialiasing, -0.5 with. */
static double cubic(double a, double x) {
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static int within(int i, int size) {
    return i < 0 ? 0 : i >= size ? size - 1 : i;
}

/* Matching end points: place i of `to` is i (from - 1) / (to - 1) of `from`. */
static taps corner_taps(int i, int from, int to) {
    double place = to > 1 ? (double)i * (from - 1) / (to - 1) : 0;
    int low = within((int)floor(place), from);
    double share = place - low;
    return (taps){2, {low, within(low + 1, from)}, {1 - share, share}};
}

/* Half-pixel centres, four taps, the border repeated. */
static taps cubic_taps(int i, int from, int to) {
    double place = (i + 0.5) * from / to - 0.5;
    int low = (int)floor(place);
    taps t = {.count = 4};
    for (int k = 0; k < 4; k++) {
        t.at[k] = within(low - 1 + k, from);
        t.weight[k] = cubic(-0.75, place - (low - 1 + k));
    }
    return t;
}

/* The same, as wide as an output pixel where the grid shrinks, and cut off at the border. */
static taps smooth_taps(int i, int from, int to) {
    double scale = (double)from / to, width = scale > 1 ? scale : 1;
    double centre = (i + 0.5) * scale, sum = 0;
    int low = (int)(centre - 2 * width + 0.5), high = (int)(centre + 2 * width + 0.5);
    taps t = {0};
    low = low < 0 ? 0 : low;
    high = high > from ? from : high;
    for (int k = low; k < high && t.count < TAPS_LIMIT; k++, t.count++) {
        t.at[t.count] = k;
        t.weight[t.count] = cubic(-0.5, (k + 0.5 - centre) / width);
        sum += t.weight[t.count];
    }
    for (int k = 0; k < t.count; k++) t.weight[k] /= sum;
    return t;
}

static taps taps_of(sx_position_rule rule, int i, int from, int to) {
    if (rule == SX_POSITION_CORNERS) return corner_taps(i, from, to);
    return rule == SX_POSITION_BICUBIC ? cubic_taps(i, from, to) : smooth_taps(i, from, to);
}

static double sample(const float *grid, const taps *y, const taps *x, int from, int channels) {
    double sum = 0;
    for (int j = 0; j < y->count; j++)
        for (int i = 0; i < x->count; i++)
            sum +=
                y->weight[j] * x->weight[i] *
                (double)
                    grid[((size_t)y->at[j] * (size_t)from + (size_t)x->at[i]) * (size_t)channels];
    return sum;
}

const char *sx_position_name(sx_position_rule rule) {
    static const char *const names[] = {"corners", "bicubic", "bicubic-smooth"};
    return rule <= SX_POSITION_BICUBIC_SMOOTH ? names[rule] : NULL;
}

void sx_position_resize(sx_position_rule rule, const float *in, int first, int from, int to,
                        int channels, float *out) {
    size_t width = (size_t)channels, head = (size_t)first * width;
    memcpy(out, in, head * sizeof *out);
    in += head;
    out += head;
    for (int y = 0; y < to; y++) {
        taps rows = taps_of(rule, y, from, to);
        for (int x = 0; x < to; x++, out += width) {
            taps columns = taps_of(rule, x, from, to);
            for (int c = 0; c < channels; c++)
                out[c] = (float)sample(in + c, &rows, &columns, from, channels);
        }
    }
}

void sx_position_resize_axis(sx_position_rule rule, const float *in, int from, int to, int channels,
                             float *out) {
    for (int i = 0; i < to; i++, out += channels) {
        taps t = taps_of(rule, i, from, to);
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            for (int k = 0; k < t.count; k++)
                sum += t.weight[k] * (double)in[(ptrdiff_t)t.at[k] * channels + c];
            out[c] = (float)sum;
        }
    }
}
