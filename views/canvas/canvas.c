/* The grid itself: size, boxes, and putting one glyph. All other drawing goes through here, so
 * clipping, ASCII stand-ins and whole wide characters are seen to in one place.
 *
 * A wide character is its glyph followed by a cell with glyph 0. Overwriting one half blanks the
 * other, even where that lies outside of the box: half a character cannot be shown. */
#include "views/canvas/canvas.h"
#include "views/canvas/glyph.h"

#define MOST_CELLS_EACH_WAY 1000

static int at_least_0(int value) {
    return value > 0 ? value : 0;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

sx_status sx_canvas_resize(sx_canvas *canvas, int width, int height, sx_look look, sx_error *err) {
    if (width < 1 || height < 1 || width > MOST_CELLS_EACH_WAY || height > MOST_CELLS_EACH_WAY)
        return sx_fail(err, SX_BAD_INPUT, "a screen of %d x %d cells cannot be drawn; use 1 to %d",
                       width, height, MOST_CELLS_EACH_WAY);
    size_t needed = (size_t)width * (size_t)height;
    if (!sx_grow((void **)&canvas->cells, &canvas->capacity, needed, sizeof *canvas->cells))
        return sx_fail(err, SX_NO_MEMORY, "out of memory for a screen of %d x %d cells", width,
                       height);
    canvas->width = width;
    canvas->height = height;
    canvas->look = look;
    sx_canvas_clear(canvas);
    return SX_OK;
}

void sx_canvas_done(sx_canvas *canvas) {
    sx_free(canvas->cells);
    *canvas = (sx_canvas){0};
}

void sx_canvas_clear(sx_canvas *canvas) {
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++) canvas->cells[i] = (sx_cell){.glyph = ' '};
    canvas->cursor_x = canvas->cursor_y = -1;
}

sx_box sx_canvas_box(const sx_canvas *canvas) {
    return (sx_box){0, 0, canvas->width, canvas->height};
}

sx_box sx_box_inset(sx_box box, int left, int top, int right, int bottom) {
    sx_box inside = box;
    sx_box_take_columns(&inside, at_least_0(left));
    sx_box_take_columns(&inside, -at_least_0(right));
    sx_box_take_rows(&inside, at_least_0(top));
    sx_box_take_rows(&inside, -at_least_0(bottom));
    return inside;
}

sx_box sx_box_take_rows(sx_box *box, int rows) {
    int all = at_least_0(box->height), cut = smaller(rows < 0 ? -rows : rows, all);
    sx_box taken = *box;
    taken.height = cut;
    box->height = all - cut;
    if (rows < 0)
        taken.y += all - cut;
    else
        box->y += cut;
    return taken;
}

sx_box sx_box_take_columns(sx_box *box, int columns) {
    int all = at_least_0(box->width), cut = smaller(columns < 0 ? -columns : columns, all);
    sx_box taken = *box;
    taken.width = cut;
    box->width = all - cut;
    if (columns < 0)
        taken.x += all - cut;
    else
        box->x += cut;
    return taken;
}

sx_cell *sx_canvas_cell(sx_canvas *canvas, sx_box box, int x, int y) {
    if (x < 0 || y < 0 || x >= box.width || y >= box.height) return NULL;
    long column = (long)box.x + x, row = (long)box.y + y;
    if (column < 0 || row < 0 || column >= canvas->width || row >= canvas->height) return NULL;
    return &canvas->cells[row * canvas->width + column];
}

/* Blanks the other half of a wide character of which `cell` is about to be overwritten. */
static void mend(sx_canvas *canvas, sx_cell *cell) {
    long column = (cell - canvas->cells) % canvas->width;
    if (cell->glyph == 0 && column > 0) cell[-1].glyph = ' ';
    if (column + 1 < canvas->width && cell[1].glyph == 0) cell[1].glyph = ' ';
}

int sx_canvas_put(sx_canvas *canvas, sx_box box, int x, int y, uint32_t glyph, sx_style style) {
    int columns = sx_glyph_columns(glyph);
    if (columns == 0) return 0;
    uint32_t shown = columns < 0 ? '?' : canvas->look.unicode ? glyph : sx_glyph_ascii(glyph);
    sx_cell *cell = sx_canvas_cell(canvas, box, x, y);
    sx_cell *second = columns == 2 ? sx_canvas_cell(canvas, box, x + 1, y) : NULL;
    if (columns == 2 && cell && !second) shown = ' '; /* does not fit */
    if (cell) {
        mend(canvas, cell);
        *cell = (sx_cell){shown, style};
    }
    if (second) {
        mend(canvas, second);
        bool whole = cell && canvas->look.unicode;
        *second = (sx_cell){whole ? 0 : cell ? shown : ' ', style};
    }
    return columns < 0 ? 1 : columns;
}

void sx_canvas_fill(sx_canvas *canvas, sx_box box, uint32_t glyph, sx_style style) {
    int columns = sx_glyph_columns(glyph);
    if (columns < 1) return;
    int width = smaller(box.width, canvas->width - box.x);
    int height = smaller(box.height, canvas->height - box.y);
    int left = box.x < 0 ? -box.x : 0, top = box.y < 0 ? -box.y : 0;
    for (int y = top; y < height; y++)
        for (int x = left; x < width; x += columns) sx_canvas_put(canvas, box, x, y, glyph, style);
}
