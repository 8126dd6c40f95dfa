/* A small memory of rendered pictures. Decoding and composing an image costs far more than copying
 * its cells, and a page of thumbnails is drawn again with every snapshot; so cells are kept by item
 * and size in a direct-mapped table. What is not there yet is drawn as time allows, frames and
 * captions first. Does not prefetch. */
#include "views/pane/part.h"

#include <string.h>

enum { PLACES = 1024 };

typedef struct {
    sx_picture picture;
    int width, height;
    sx_look look;
    sx_cell *cells; /* [height, width]; NULL: empty */
    size_t capacity;
} place;

struct sx_pictures {
    place places[PLACES];
    sx_canvas scratch;
    uint8_t *pixels;
    size_t pixel_capacity;
    double until; /* of this drawing, for new pictures; 0: no limit */
    bool any;     /* of them drawn already */
};

sx_pictures *sx_pictures_new(void) {
    return sx_alloc(1, sizeof(sx_pictures));
}

void sx_pictures_clear(sx_pictures *pictures) {
    for (int i = 0; i < PLACES; i++) {
        sx_free(pictures->places[i].cells);
        pictures->places[i] = (place){0};
    }
}

void sx_pictures_free(sx_pictures *pictures) {
    if (!pictures) return;
    sx_pictures_clear(pictures);
    sx_canvas_done(&pictures->scratch);
    sx_free(pictures->pixels);
    sx_free(pictures);
}

void sx_pictures_begin(sx_pictures *pictures, double seconds) {
    pictures->until = seconds > 0 ? sx_seconds() + seconds : 0;
    pictures->any = false;
}

static bool holds(const place *at, const sx_picture *picture, sx_box box, sx_look look) {
    return at->cells && at->picture.data == picture->data && at->picture.split == picture->split &&
           at->picture.item == picture->item && at->picture.original == picture->original &&
           at->width == box.width && at->height == box.height && at->look.colours == look.colours &&
           at->look.unicode == look.unicode && at->look.coarse == look.coarse;
}

static place *place_of(sx_pictures *pictures, const sx_picture *picture, sx_box box) {
    uint64_t key[5] = {picture->item, (uint64_t)picture->split, picture->original,
                       (uint64_t)box.width, (uint64_t)box.height};
    return &pictures->places[sx_hash_bytes(key, sizeof key) % PLACES];
}

/* Grey, RGB or RGBA (over black) as it is in the data set. */
static sx_status draw_original(sx_pictures *pictures, const sx_picture *picture, sx_error *err) {
    sx_image image = {0};
    sx_status status =
        sx_source_image(picture->data->source, picture->split, picture->item, &image, err);
    if (status == SX_OK) {
        size_t count = (size_t)image.height * (size_t)image.width;
        int channels = image.channels;
        if (channels == 4) {
            for (size_t i = 0; i < count; i++)
                for (size_t c = 0; c < 3; c++)
                    image.pixels[i * 3 + c] =
                        (uint8_t)(image.pixels[i * 4 + c] * image.pixels[i * 4 + 3] / 255);
            channels = 3;
        }
        sx_canvas_picture(&pictures->scratch, sx_canvas_box(&pictures->scratch), image.pixels,
                          image.height, image.width, channels);
    }
    sx_image_done(&image);
    return status;
}

static sx_status draw_seen(sx_pictures *pictures, const sx_picture *picture, sx_error *err) {
    int size = sx_view_size(picture->data->view);
    size_t bytes = (size_t)size * (size_t)size * 3;
    if (!sx_grow((void **)&pictures->pixels, &pictures->pixel_capacity, bytes, 1))
        return sx_fail(err, SX_NO_MEMORY, "no memory for a picture of %d pixels a side", size);
    sx_status status =
        sx_view_image(picture->data->view, picture->split, picture->item, pictures->pixels, err);
    if (status == SX_OK)
        sx_canvas_picture(&pictures->scratch, sx_canvas_box(&pictures->scratch), pictures->pixels,
                          size, size, 3);
    return status;
}

static void render(sx_pictures *pictures, place *at, const sx_picture *picture, sx_box box,
                   sx_look look) {
    sx_error err = {0};
    sx_canvas *scratch = &pictures->scratch;
    at->width = 0; /* holds nothing until the end */
    if (sx_canvas_resize(scratch, box.width, box.height, look, &err) != SX_OK) return;
    sx_status status = picture->original ? draw_original(pictures, picture, &err)
                                         : draw_seen(pictures, picture, &err);
    if (status != SX_OK)
        sx_centred_draw(scratch, sx_canvas_box(scratch), sx_style_of(SX_ROLE_BAD), "unreadable");
    size_t count = (size_t)box.width * (size_t)box.height;
    if (!sx_grow((void **)&at->cells, &at->capacity, count, sizeof *at->cells)) return;
    memcpy(at->cells, scratch->cells, count * sizeof *at->cells);
    at->picture = *picture;
    at->width = box.width;
    at->height = box.height;
    at->look = look;
}

bool sx_pictures_draw(sx_pictures *pictures, sx_canvas *canvas, sx_box box,
                      const sx_picture *picture) {
    if (box.width <= 0 || box.height <= 0) return true;
    place *at = place_of(pictures, picture, box);
    if (!holds(at, picture, box, canvas->look)) {
        if (pictures->until > 0 && pictures->any && sx_seconds() > pictures->until) return false;
        pictures->any = true;
        render(pictures, at, picture, box, canvas->look);
    }
    for (int y = 0; at->width > 0 && y < box.height; y++)
        for (int x = 0; x < box.width; x++) {
            sx_cell *cell = sx_canvas_cell(canvas, box, x, y);
            if (cell) *cell = at->cells[y * box.width + x];
        }
    return true;
}
