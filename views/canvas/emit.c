/* The canvas as text, as a plane of styles for golden screens, and with ANSI escape codes.
 *
 * Each reads cells through `shown`, so that half a wide character that somebody left behind by
 * writing cells directly comes out as a blank and never shifts a line. */
#include "views/canvas/canvas.h"
#include "views/canvas/glyph.h"

static const sx_cell *cell_at(const sx_canvas *canvas, int x, int y) {
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

static bool is_wide(const sx_canvas *canvas, int x, int y) {
    return x + 1 < canvas->width && cell_at(canvas, x + 1, y)->glyph == 0 &&
           sx_glyph_columns(cell_at(canvas, x, y)->glyph) == 2;
}

/* The glyph to write at a cell, 0 for the second half of a wide one. */
static uint32_t shown(const sx_canvas *canvas, int x, int y) {
    uint32_t glyph = cell_at(canvas, x, y)->glyph;
    if (glyph == 0) return x > 0 && is_wide(canvas, x - 1, y) ? 0 : ' ';
    return sx_glyph_columns(glyph) == 1 || is_wide(canvas, x, y) ? glyph : ' ';
}

static void add_glyph(sx_text *out, uint32_t glyph) {
    char bytes[5];
    if (glyph) sx_text_add_bytes(out, bytes, sx_glyph_encode(glyph, bytes));
}

void sx_canvas_to_text(const sx_canvas *canvas, sx_text *out) {
    for (int y = 0; y < canvas->height; y++) {
        int end = canvas->width;
        while (end > 0 && shown(canvas, end - 1, y) == ' ') end--;
        for (int x = 0; x < end; x++) add_glyph(out, shown(canvas, x, y));
        sx_text_add_bytes(out, "\n", 1);
    }
}

static bool same_style(sx_style a, sx_style b) {
    return a.foreground == b.foreground && a.background == b.background &&
           a.attributes == b.attributes;
}

static void add_style(sx_text *out, sx_style style) {
    char foreground[16], background[16];
    sx_text_add(out, "%s/%s/%s%s%s%s\n", sx_colour_name(style.foreground, foreground),
                sx_colour_name(style.background, background), style.attributes ? "" : "-",
                style.attributes & SX_BOLD ? "b" : "", style.attributes & SX_REVERSE ? "r" : "",
                style.attributes & SX_UNDERLINE ? "u" : "");
}

void sx_canvas_to_styles(const sx_canvas *canvas, sx_text *out) {
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0, end; x < canvas->width; x = end) {
            sx_style style = cell_at(canvas, x, y)->style;
            for (end = x + 1; end < canvas->width; end++)
                if (!same_style(cell_at(canvas, end, y)->style, style)) break;
            if (same_style(style, (sx_style){0})) continue;
            sx_text_add(out, "%d,%d+%d ", x, y, end - x);
            add_style(out, style);
        }
}

/* What a style comes to on the canvas's terminal; equal outcomes need no new escape code. */
typedef struct {
    int foreground, background, attributes;
} outcome;

static outcome outcome_of(const sx_canvas *canvas, int x, int y) {
    sx_style style = cell_at(canvas, x, y)->style;
    int colours = canvas->look.colours;
    return (outcome){sx_colour_index(style.foreground, colours),
                     sx_colour_index(style.background, colours), style.attributes};
}

static bool is_plain(outcome o) {
    return o.foreground < 0 && o.background < 0 && o.attributes == 0;
}

static void add_colour(sx_text *out, int index, int base) {
    if (index >= 8)
        sx_text_add(out, ";%d;5;%d", base + 8, index);
    else if (index >= 0)
        sx_text_add(out, ";%d", base + index);
}

static void add_escape(sx_text *out, outcome o) {
    sx_text_add(out, "\033[0%s%s%s", o.attributes & SX_BOLD ? ";1" : "",
                o.attributes & SX_UNDERLINE ? ";4" : "", o.attributes & SX_REVERSE ? ";7" : "");
    add_colour(out, o.foreground, 30);
    add_colour(out, o.background, 40);
    sx_text_add_bytes(out, "m", 1);
}

void sx_canvas_to_ansi(const sx_canvas *canvas, sx_text *out) {
    for (int y = 0; y < canvas->height; y++) {
        outcome now = {-1, -1, 0};
        int end = canvas->width;
        while (end > 0 && shown(canvas, end - 1, y) == ' ' &&
               is_plain(outcome_of(canvas, end - 1, y)))
            end--;
        for (int x = 0; x < end; x++) {
            outcome wanted = outcome_of(canvas, x, y);
            if (wanted.foreground != now.foreground || wanted.background != now.background ||
                wanted.attributes != now.attributes)
                add_escape(out, wanted);
            now = wanted;
            add_glyph(out, shown(canvas, x, y));
        }
        if (!is_plain(now)) sx_text_add(out, "\033[0m");
        sx_text_add_bytes(out, "\n", 1);
    }
}
