/* The names of maps are those of core/study/set.h: the first model's has no number, and differences
 * begin with the second's, which has none. */
#include "views/pane/maps.h"

#include <stdio.h>

#define MODELS 8
enum { MAPS = 2 * MODELS - 1 };

sx_map_view sx_map_at(int number) {
    sx_map_view m = {.model = number, .difference = number >= MODELS};
    if (m.difference) m.model = number - MODELS + 1;
    bool numbered = m.model > (m.difference ? 1 : 0);
    const char *what = m.difference ? "location-difference" : "location";
    snprintf(m.name, sizeof m.name, numbered ? "%s-%d" : "%s", what, m.model + 1);
    return m;
}

int sx_map_find(const sx_desk *desk, size_t row) {
    for (int number = 0; number < MAPS; number++) {
        sx_map_view m = sx_map_at(number);
        if (sx_part_result(desk, m.name, SX_RESULT_GRID) && row-- == 0) return number;
    }
    return -1;
}

const char *sx_map_name(const sx_desk *desk, size_t row) {
    static char name[48];
    int number = sx_map_find(desk, row);
    if (number < 0) return NULL;
    sx_text_set(name, sizeof name, sx_map_at(number).name);
    return name;
}

int sx_map_row(const sx_desk *desk, int number) {
    for (int row = 0, found = 0; found >= 0; row++) {
        found = sx_map_find(desk, (size_t)row);
        if (found == number) return row;
    }
    return 0;
}

sx_map_view sx_map_of(const sx_desk *desk, int number) {
    sx_map_view m = sx_map_at(number);
    return sx_part_result(desk, m.name, SX_RESULT_GRID) ? m : sx_map_at(0);
}
