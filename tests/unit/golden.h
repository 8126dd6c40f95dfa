/* Golden screens: a canvas is held against tests/golden/NAME.txt (its glyphs) and NAME.styles (its
 * colours and attributes). SX_GOLDEN_UPDATE=1 writes the files anew; look at them before you
 * commit. */
#ifndef SX_TESTS_GOLDEN_H
#define SX_TESTS_GOLDEN_H

#include "views/canvas/canvas.h"

#include <stdio.h>
#include <string.h>

/* Prints the lines in which two texts differ, with their numbers. */
static inline void golden_diff(const char *path, const char *expected, const char *got) {
    print_error("%s: differs (- expected, + got)\n", path);
    for (int line = 1; *expected || *got; line++) {
        int left = (int)strcspn(expected, "\n"), right = (int)strcspn(got, "\n");
        if (left != right || memcmp(expected, got, (size_t)left) != 0)
            print_error("%4d - %.*s\n     + %.*s\n", line, left, expected, right, got);
        expected += left + (expected[left] == '\n');
        got += right + (got[right] == '\n');
    }
}

static inline void golden_file(const char *name, const char *ending, const sx_text *got) {
    char path[512];
    snprintf(path, sizeof path, "%s/tests/golden/%s.%s", SX_SOURCE, name, ending);
    const char *text = got->data ? got->data : "";
    sx_error err = {0};
    if (getenv("SX_GOLDEN_UPDATE"))
        assert_int_equal(sx_file_write(path, text, got->size, &err), SX_OK);
    sx_bytes file = {0};
    if (sx_file_read(path, 1 << 20, &file, &err) != SX_OK) fail_msg("%s", err.message);
    bool same = file.size == got->size && memcmp(file.data, text, got->size) == 0;
    if (!same) golden_diff(path, (const char *)file.data, text);
    sx_bytes_done(&file);
    if (!same) fail_msg("%s: not as expected; SX_GOLDEN_UPDATE=1 accepts it", path);
}

static inline void golden_check(const sx_canvas *canvas, const char *name) {
    sx_text text = {0}, styles = {0};
    sx_canvas_to_text(canvas, &text);
    sx_canvas_to_styles(canvas, &styles);
    golden_file(name, "txt", &text);
    golden_file(name, "styles", &styles);
    sx_text_done(&text);
    sx_text_done(&styles);
}

#endif
