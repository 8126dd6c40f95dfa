/* The screen as a file: a picture (.png, .svg), with escape codes (.ans), or as text with its
 * styles beside it, for tests. Everything is drawn for it, whatever the screen has left out for
 * speed. */
#include "views/pane/screen.h"

#include <stdio.h>
#include <string.h>

#define SCALE 2 /* pixels to a unit */

typedef sx_status (*writer)(const sx_canvas *canvas, const char *path, sx_error *err);

static sx_status write_out(const char *path, sx_text *text, sx_error *err) {
    sx_status status = text->failed
                           ? sx_fail(err, SX_NO_MEMORY, "no memory to save the screen")
                           : sx_file_write(path, text->data ? text->data : "", text->size, err);
    sx_text_done(text);
    return status;
}

static sx_status write_png(const sx_canvas *canvas, const char *path, sx_error *err) {
    sx_bytes png;
    sx_status status = sx_photo_png(canvas, SCALE, &png, err);
    if (status) return status;
    status = sx_file_write(path, png.data, png.size, err);
    sx_bytes_done(&png);
    return status;
}

static sx_status write_svg(const sx_canvas *canvas, const char *path, sx_error *err) {
    sx_text text = {0};
    sx_photo_svg(canvas, &text);
    return write_out(path, &text, err);
}

static sx_status write_ansi(const sx_canvas *canvas, const char *path, sx_error *err) {
    sx_text text = {0};
    sx_canvas_to_ansi(canvas, &text);
    return write_out(path, &text, err);
}

static sx_status write_text(const sx_canvas *canvas, const char *path, sx_error *err) {
    char beside[SX_PATH_SIZE];
    sx_text text = {0}, styles = {0};
    int length = snprintf(beside, sizeof beside, "%s.styles", path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return sx_fail(err, SX_BAD_INPUT, "the file name is too long");
    sx_canvas_to_text(canvas, &text);
    sx_canvas_to_styles(canvas, &styles);
    sx_status status = write_out(path, &text, err);
    sx_error ignored;
    sx_status second = write_out(beside, &styles, status ? &ignored : err);
    return status ? status : second;
}

static writer writer_of(const char *path) {
    static const struct {
        const char *ending;
        writer write;
    } writers[] = {{".png", write_png}, {".svg", write_svg}, {".ans", write_ansi}};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        if (length > 4 && strcmp(path + length - 4, writers[i].ending) == 0)
            return writers[i].write;
    return write_text;
}

sx_status sx_screen_photograph(sx_screen *screen, const char *path, sx_error *err) {
    sx_canvas canvas = {0};
    writer write = writer_of(path);
    sx_look look = screen->look;
    if (write != write_text && look.colours < 256) look.colours = 256;
    sx_status status = sx_canvas_resize(&canvas, screen->width > 0 ? screen->width : 80,
                                        screen->height > 0 ? screen->height : 24, look, err);
    if (status == SX_OK) {
        sx_look before = screen->look;
        double budget = screen->desk.picture_seconds;
        screen->desk.message[0] = 0;
        screen->desk.picture_seconds = 0;
        sx_screen_draw(screen, &canvas);
        screen->desk.picture_seconds = budget;
        screen->look = before;
        status = write(&canvas, path, err);
    }
    sx_canvas_done(&canvas);
    return status;
}
