/* Pictures in cells: two square pixels to a cell.
 *
 * The picture is resampled to a grid of half cells: shrunk by the mean over each pixel's area,
 * enlarged only by whole factors, so that small pictures stay crisp. Means are taken of squared
 * values, which is close to linear light and needs no table. No dithering: it would break the runs
 * of equal cells that keep a frame small. Nothing is allocated. */
#include "views/canvas/canvas.h"

#include <math.h>

/* At most this many samples each way go into one mean, so that a huge picture costs no more per
 * cell than a middling one; rows are staggered, so that stripes do not fall between samples. */
#define MOST_SAMPLES 24

typedef struct {
    const uint8_t *pixels; /* [height, width, channels] */
    int height, width, channels;
    int out_height, out_width;
} sampler;

typedef struct {
    double red, green, blue; /* means of squares, 0 .. 255 squared */
} light;

/* The source range [first, last) of output index i; never empty. */
static void range_of(int i, int out, int in, int *first, int *last) {
    *first = (int)((long)i * in / out);
    *last = (int)(((long)(i + 1) * in + out - 1) / out);
}

static light sample(const sampler *s, int x, int y) {
    int left, right, top, bottom;
    range_of(x, s->out_width, s->width, &left, &right);
    range_of(y, s->out_height, s->height, &top, &bottom);
    int step_x = 1 + (right - left - 1) / MOST_SAMPLES;
    int step_y = 1 + (bottom - top - 1) / MOST_SAMPLES;
    long red = 0, green = 0, blue = 0, count = 0;
    for (int row = top; row < bottom; row += step_y)
        for (int column = left + row % step_x; column < right; column += step_x, count++) {
            size_t at = (size_t)row * (size_t)s->width + (size_t)column;
            const uint8_t *p = s->pixels + at * (size_t)s->channels;
            int g = s->channels >= 3 ? p[1] : p[0], b = s->channels >= 3 ? p[2] : p[0];
            red += p[0] * p[0];
            green += g * g;
            blue += b * b;
        }
    double scale = 1.0 / (double)count;
    return (light){(double)red * scale, (double)green * scale, (double)blue * scale};
}

/* 0 .. 255 of a mean of squares. */
static long channel_of(double square, bool coarse) {
    double value = sqrt(square), step = 255.0 / (SX_COARSE_STEPS - 1);
    return lrint(coarse ? round(value / step) * step : value);
}

static sx_colour colour_of(light l, sx_look look) {
    return SX_COLOUR_RGB(channel_of(l.red, look.coarse), channel_of(l.green, look.coarse),
                         channel_of(l.blue, look.coarse));
}

/* Brightness 0 .. 1 as the eye sees it. */
static double brightness(light l) {
    return sqrt(0.2126 * l.red + 0.7152 * l.green + 0.0722 * l.blue) / 255;
}

/* Output size in half cells: as large as fits. */
static void fit(sampler *s, int room_width, int room_height) {
    if (s->width <= room_width && s->height <= room_height) {
        int across = room_width / s->width, down = room_height / s->height;
        int factor = across < down ? across : down;
        s->out_width = s->width * factor;
        s->out_height = s->height * factor;
        return;
    }
    double across = (double)room_width / s->width, down = (double)room_height / s->height;
    double scale = across < down ? across : down;
    s->out_width = (int)lrint(fmax(1, s->width * scale));
    s->out_height = (int)lrint(fmax(1, s->height * scale));
}

static sx_cell half_blocks(light top, light bottom, bool has_bottom, sx_look look) {
    sx_colour upper = colour_of(top, look);
    sx_colour lower = has_bottom ? colour_of(bottom, look) : SX_COLOUR_DEFAULT;
    if (upper == lower) return (sx_cell){' ', {.background = upper}};
    return (sx_cell){0x2580, {.foreground = upper, .background = lower}};
}

/* One glyph of a ramp for the whole cell; in ASCII with 256 colours it also has its colour. */
static sx_cell ramp_glyph(light top, light bottom, bool has_bottom, sx_look look) {
    static const uint32_t shades[] = {' ', 0x2591, 0x2592, 0x2593, 0x2588};
    static const char ascii[] = " .:-=+*#%@";
    if (has_bottom) {
        top.red = (top.red + bottom.red) / 2;
        top.green = (top.green + bottom.green) / 2;
        top.blue = (top.blue + bottom.blue) / 2;
    }
    double level = brightness(top);
    sx_cell cell = {
        look.unicode ? shades[(int)(level * 4.999)] : (uint32_t)ascii[(int)(level * 9.999)], {0}};
    if (look.colours >= 256 && cell.glyph != ' ') cell.style.foreground = colour_of(top, look);
    return cell;
}

sx_box sx_canvas_picture_box(sx_box box, int height, int width) {
    sampler s = {NULL, height, width, 3, 0, 0};
    if (box.width < 1 || box.height < 1 || height < 1 || width < 1)
        return (sx_box){box.x, box.y, 0, 0};
    fit(&s, box.width, 2 * box.height);
    int rows = (s.out_height + 1) / 2;
    return (sx_box){box.x + (box.width - s.out_width) / 2, box.y + (box.height - rows) / 2,
                    s.out_width, rows};
}

void sx_canvas_picture(sx_canvas *canvas, sx_box box, const uint8_t *pixels, int height, int width,
                       int channels) {
    if (box.width < 1 || box.height < 1 || height < 1 || width < 1) return;
    sampler s = {pixels, height, width, channels, 0, 0};
    fit(&s, box.width, 2 * box.height);
    sx_box filled = sx_canvas_picture_box(box, height, width);
    int rows = filled.height, left = filled.x - box.x, top = filled.y - box.y;
    bool halves = canvas->look.unicode && canvas->look.colours >= 256;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < s.out_width; x++) {
            if (!sx_canvas_cell(canvas, box, left + x, top + y)) continue;
            bool has_bottom = 2 * y + 1 < s.out_height;
            light upper = sample(&s, x, 2 * y);
            light lower = has_bottom ? sample(&s, x, 2 * y + 1) : upper;
            sx_cell cell = halves ? half_blocks(upper, lower, has_bottom, canvas->look)
                                  : ramp_glyph(upper, lower, has_bottom, canvas->look);
            sx_canvas_put(canvas, box, left + x, top + y, cell.glyph, cell.style);
        }
}
