/* Text on the canvas: one line, right-aligned, broken into a paragraph, and as a frame's title.
 *
 * A line that does not fit is cut and says so with an ellipsis; nothing wraps by accident. */
#include "views/canvas/canvas.h"
#include "views/canvas/glyph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS 0x2026

/* The byte after as much of `text` [size bytes] as fits into `columns`. */
static const char *fitting(const char *text, size_t size, int columns) {
    const char *end = text + size;
    while (text < end) {
        uint32_t glyph;
        size_t bytes = sx_glyph_decode(text, &glyph);
        int taken = sx_glyph_columns(glyph);
        columns -= taken < 0 ? 1 : taken;
        if (columns < 0) break;
        text += bytes;
    }
    return text < end ? text : end;
}

static int columns_of(const char *text, size_t size) {
    int columns = 0;
    for (const char *s = text; s < text + size;) {
        uint32_t glyph;
        s += sx_glyph_decode(s, &glyph);
        int taken = sx_glyph_columns(glyph);
        columns += taken < 0 ? 1 : taken;
    }
    return columns;
}

int sx_text_columns(const char *text) {
    return columns_of(text, strlen(text));
}

/* Where a text that was cut at `end` is better cut: after the last word that is whole, if at least
 * half of what fits stays. */
static const char *whole_words(const char *text, const char *end) {
    const char *at = end;
    while (at > text && *at != ' ') at--;
    return at - text >= (end - text + 1) / 2 ? at : end;
}

/* Draws `size` bytes in a row of one line from column x on; returns the columns taken. */
static int draw(sx_canvas *canvas, sx_box row, int x, sx_style style, const char *text,
                size_t size) {
    int limit = row.width, start = x;
    if (x >= limit || row.height < 1) return 0;
    const char *end = fitting(text, size, limit - x);
    bool cut = end < text + size;
    if (cut) end = whole_words(text, fitting(text, size, limit - x - 1));
    while (text < end) {
        uint32_t glyph;
        text += sx_glyph_decode(text, &glyph);
        x += sx_canvas_put(canvas, row, x, 0, glyph, style);
    }
    if (cut) x += sx_canvas_put(canvas, row, x, 0, ELLIPSIS, style);
    return x - start;
}

/* Row y of the box as far as it lies on the canvas, `width` columns of it. */
static sx_box row_of(const sx_canvas *canvas, sx_box box, int y, int width) {
    bool inside = y >= 0 && y < box.height;
    int visible = canvas->width - box.x;
    if (width > box.width) width = box.width;
    if (width > visible) width = visible;
    return (sx_box){box.x, box.y + y, width, inside ? 1 : 0};
}

int sx_canvas_text(sx_canvas *canvas, sx_box box, int x, int y, sx_style style, const char *text) {
    return draw(canvas, row_of(canvas, box, y, box.width), x, style, text, strlen(text));
}

int sx_canvas_print(sx_canvas *canvas, sx_box box, int x, int y, sx_style style, const char *format,
                    ...) {
    char line[4096];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return length < 0 ? 0 : sx_canvas_text(canvas, box, x, y, style, line);
}

void sx_canvas_text_right(sx_canvas *canvas, sx_box box, int x, int y, sx_style style,
                          const char *text) {
    size_t size = strlen(text);
    sx_box row = row_of(canvas, box, y, x);
    int start = x - columns_of(text, size);
    draw(canvas, row, start < 0 ? 0 : start, style, text, size);
}

/* The bytes of the next line of `text` that fits into `width`: up to a line break, the last blank
 * that fits, or, in a word that is too long, the column. */
static size_t line_bytes(const char *text, int width) {
    size_t size = strcspn(text, "\n");
    const char *end = fitting(text, size, width);
    if (end == text + size) return size;
    const char *blank = end;
    while (blank > text && *blank != ' ') blank--;
    if (blank > text) return (size_t)(blank - text);
    if (end > text) return (size_t)(end - text);
    uint32_t glyph; /* wider than the box: taken all the same, and clipped */
    return sx_glyph_decode(text, &glyph);
}

int sx_canvas_paragraph(sx_canvas *canvas, sx_box box, int y, sx_style style, const char *text) {
    if (box.width < 1) return y;
    while (*text) {
        size_t bytes = line_bytes(text, box.width);
        sx_box row = row_of(canvas, box, y, box.width);
        const char *next = text + bytes;
        while (*next == ' ') next++;
        if (*next == '\n') next++;
        int columns = draw(canvas, row, 0, style, text, bytes);
        if (y == box.height - 1 && *next)
            sx_canvas_put(canvas, row, columns < row.width ? columns : row.width - 1, 0, ELLIPSIS,
                          style);
        text = next;
        y++;
    }
    return y;
}

/* Bytes of a separator between the words of a title that ends at `end`; 0 if it is none. */
static size_t separator_bytes(const char *title, const char *end) {
    if (end > title && strchr(" ,:-", end[-1])) return 1;
    return end - title >= 2 && memcmp(end - 2, "·", 2) == 0 ? 2 : 0;
}

/* Bytes of a title that fits into `columns`, cut after a word, without separators at its end. */
static size_t title_bytes(const char *title, int columns) {
    size_t size = strlen(title);
    const char *end = fitting(title, size, columns);
    if (*end == 0) return size;
    while (end > title && *end != ' ') end--;
    for (size_t bytes; (bytes = separator_bytes(title, end)) > 0;) end -= bytes;
    return (size_t)(end - title);
}

static void draw_title(sx_canvas *canvas, sx_box box, const char *title, sx_style style) {
    int room = box.width - SX_FRAME_TITLE;
    if (room < 1 || !*title) return;
    sx_box top = {box.x + 2, box.y, room, 1};
    size_t size = strlen(title), bytes = title_bytes(title, room);
    sx_canvas_put(canvas, box, 1, 0, ' ', style);
    int x = draw(canvas, top, 0, style, title, bytes ? bytes : size);
    if (bytes && bytes < size && x + 2 <= room) {
        sx_canvas_put(canvas, top, x, 0, ' ', style);
        x += 1 + sx_canvas_put(canvas, top, x + 1, 0, ELLIPSIS, style);
    }
    sx_canvas_put(canvas, box, 2 + x, 0, ' ', style);
}

sx_box sx_canvas_frame(sx_canvas *canvas, sx_box box, const char *title, bool focused) {
    sx_box inside = sx_box_inset(box, 1, 1, 1, 1);
    if (box.width < 2 || box.height < 2) return inside;
    sx_style line = sx_style_of(focused ? SX_ROLE_FOCUS : SX_ROLE_FRAME);
    int right = box.width - 1, bottom = box.height - 1;
    for (int x = 1; x < right; x++) {
        sx_canvas_put(canvas, box, x, 0, 0x2500, line);
        sx_canvas_put(canvas, box, x, bottom, 0x2500, line);
    }
    for (int y = 1; y < bottom; y++) {
        sx_canvas_put(canvas, box, 0, y, 0x2502, line);
        sx_canvas_put(canvas, box, right, y, 0x2502, line);
    }
    sx_canvas_put(canvas, box, 0, 0, 0x250C, line);
    sx_canvas_put(canvas, box, right, 0, 0x2510, line);
    sx_canvas_put(canvas, box, 0, bottom, 0x2514, line);
    sx_canvas_put(canvas, box, right, bottom, 0x2518, line);
    if (title) draw_title(canvas, box, title, sx_style_of(focused ? SX_ROLE_FOCUS : SX_ROLE_TITLE));
    return inside;
}

void sx_canvas_progress(sx_canvas *canvas, sx_box box, double fraction, sx_style style) {
    sx_style edge = sx_style_of(SX_ROLE_DIM);
    bool ends = box.width >= 4, unicode = canvas->look.unicode;
    int width = ends ? box.width - 2 : box.width;
    double clipped = fraction > 1 ? 1 : fraction > 0 ? fraction : 0; /* NaN is 0 */
    int eighths = (int)(clipped * width * 8 + 0.5);
    if (ends) {
        sx_canvas_put(canvas, box, 0, 0, unicode ? 0x2595 : '[', edge);
        sx_canvas_put(canvas, box, box.width - 1, 0, unicode ? 0x258F : ']', edge);
    }
    for (int x = 0; x < width; x++, eighths -= 8) {
        uint32_t glyph = ' ';
        if (eighths >= 8)
            glyph = 0x2588;
        else if (eighths > 0)
            glyph = 0x2590 - (uint32_t)eighths;
        sx_canvas_put(canvas, box, x + ends, 0, glyph, style);
    }
}
