/* Where tiles are. One rule for all sizes: four tiles where each gets its least size in two rows of
 * two, or side by side; else two; else one; Tab brings the others. Below the least size of one tile
 * with its bars there is no layout, and the screen says so. */
#include "views/pane/screen.h"

enum {
    TILE_WIDTH = 40,
    TILE_HEIGHT = 14,
    LEAST_WIDTH = 60, /* of the screen: one tile that can hold a plot with axes */
    LEAST_HEIGHT = 16,
    BARS_ABOVE = 1,
    BARS_BELOW = 2
};

/* Columns and rows of the dashboard in a body of that size. */
static void divide(sx_box body, int *columns, int *rows) {
    *columns = body.width >= 4 * TILE_WIDTH && body.height < 2 * TILE_HEIGHT ? 4
               : body.width >= 2 * TILE_WIDTH                                ? 2
                                                                             : 1;
    *rows = *columns == 2 && body.height >= 2 * TILE_HEIGHT ? 2 : 1;
}

int sx_screen_caption_rows(const sx_screen *screen, int width) {
    return screen->caption[0] ? (width < 100 ? 3 : 2) : 0;
}

int sx_screen_tiles(const sx_screen *screen, int width, int height, sx_tile tiles[TILES]) {
    if (width < LEAST_WIDTH || height < LEAST_HEIGHT) return 0;
    int caption = sx_screen_caption_rows(screen, width);
    sx_box body = {0, BARS_ABOVE, width, height - BARS_ABOVE - BARS_BELOW - caption};
    if (screen->page != DASHBOARD) {
        tiles[0] = (sx_tile){sx_screen_panes[screen->page - 1]->name, body, true};
        return 1;
    }
    int columns, rows;
    divide(body, &columns, &rows);
    int seen = columns * rows, first = screen->focus / seen * seen;
    for (int i = 0; i < seen; i++) {
        int x = i % columns, y = i / columns;
        int left = body.width * x / columns, right = body.width * (x + 1) / columns;
        int top = body.height * y / rows, bottom = body.height * (y + 1) / rows;
        tiles[i] = (sx_tile){sx_screen_panes[first + i]->name,
                             {body.x + left, body.y + top, right - left, bottom - top},
                             first + i == screen->focus};
    }
    return seen;
}
