/* Views: from an item to the network's input. Three ways, one row each in a table; and the posed
 * pictures of robustness measurements. A view is read by several threads, so what it needs while
 * drawing is made for each picture. */
#include "core/data/data.h"

#include <math.h>
#include <string.h>

#define THRESHOLD                                                                                  \
    10 /* grey above it belongs to the object; higher, and dark clothes fall apart                 \
        */
enum { STREAM_PAIR = 15, STREAM_BACKGROUND = 16, STREAM_MEASURED = 24, STREAM_POSE = 28 };
/* ... + split */

typedef sx_status (*view_draw)(const sx_view *view, sx_split split, size_t index, sx_image *image,
                               uint8_t *pixels, sx_error *err);

struct sx_view {
    const sx_source *source;
    int size;
    uint64_t seed;
    double area, fraction;                   /* of center; of crop */
    double least, most, turn;                /* of scatter */
    enum { INSIDE, ANYWHERE, MIDDLE } place; /* likewise */
    view_draw draw;
    sx_resize_rule resize;
    sx_backgrounds *training, *measured;
    int background_factor;      /* of the source, -1: it has none */
    uint32_t *pairs[SX_SPLITS]; /* index of the object of a pair, in an order that mixes classes */
};

static const sx_option center_options[] = {
    {"", "area", SX_OPTION_NUMBER, "0.5", 0.0001, 1, NULL,
     "share of the image that the object's rectangle takes"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};
static const sx_option scatter_options[] = {
    {"", "least", SX_OPTION_NUMBER, "0.1", 0.0001, 1, NULL, "smallest share of the image"},
    {"", "most", SX_OPTION_NUMBER, "0.5", 0.0001, 1, NULL, "largest share of the image"},
    {"", "turn", SX_OPTION_NUMBER, "0", 0, 180, NULL, "turned by up to so many degrees"},
    {"", "place", SX_OPTION_CHOICE, "inside", 0, 0, "inside|anywhere|middle",
     "inside: the border cuts no object; anywhere: up to a half; middle: all are centred"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};
static const sx_option crop_options[] = {
    {"", "fraction", SX_OPTION_NUMBER, "0.875", 0.01, 1, NULL,
     "of the resized shorter side that is kept"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};
static const sx_option no_options[] = {{NULL, NULL, 0, NULL, 0, 0, NULL, NULL}};

/* ---- the ways -------------------------------------------------------------------------- */

static sx_status paste(const sx_image *object, sx_pose pose, uint8_t *pixels, int size,
                       sx_error *err) {
    sx_compose_scratch scratch = {0};
    sx_status status = sx_compose(object, pose, pixels, size, &scratch, err);
    sx_compose_scratch_done(&scratch);
    return status;
}

static uint64_t mixed(uint64_t seed, uint64_t stream, uint64_t item) {
    sx_random random = sx_random_from(seed, stream, item);
    return sx_random_bits(&random) >> 8;
}

#define MOST_FACTORS 16

/* A background for an item: drawn by the seed, but of the kind that the item's factor says. */
static void draw_background(const sx_view *view, sx_split split, size_t index, uint8_t *pixels) {
    uint64_t number = mixed(view->seed, STREAM_BACKGROUND + (uint64_t)split, index);
    double factors[MOST_FACTORS];
    if (view->background_factor >= 0) {
        sx_source_factors(view->source, split, index, factors);
        uint64_t kind = (uint64_t)factors[view->background_factor];
        number = number / SX_BACKGROUND_KINDS * SX_BACKGROUND_KINDS + kind;
    }
    sx_backgrounds_draw(view->training, number, pixels);
}

static sx_status draw_object(const sx_view *view, sx_split split, size_t index, sx_image *image,
                             uint8_t *pixels, sx_error *err) {
    sx_image object;
    sx_status status = sx_object_cut(image, THRESHOLD, &object, err);
    if (status) return status;
    draw_background(view, split, index, pixels);
    sx_pose pose;
    sx_view_pose(view, split, index, &pose);
    status = paste(&object, pose, pixels, view->size, err);
    sx_image_done(&object);
    return status;
}

/* Equal shares of the logarithm of the area; an upright object stays within the image where it fits
 * into a square. */
bool sx_view_pose(const sx_view *view, sx_split split, size_t index, sx_pose *out) {
    *out = (sx_pose){view->area, 0, 0.5, 0.5};
    if (view->draw != draw_object) return false;
    if (view->area > 0) return true;
    sx_random random = sx_random_from(view->seed, STREAM_POSE + (uint64_t)split, index);
    double size = (double)sx_random_uniform(&random), turn = (double)sx_random_uniform(&random);
    double x = (double)sx_random_uniform(&random), y = (double)sx_random_uniform(&random);
    out->area = view->least * pow(view->most / view->least, size);
    out->rotation = view->turn * (2 * turn - 1);
    double room = view->place == MIDDLE ? 0 : view->place == ANYWHERE ? 1 : 1 - sqrt(out->area);
    out->x = 0.5 + room * (x - 0.5);
    out->y = 0.5 + room * (y - 0.5);
    return true;
}

/* An RGBA picture of all of `image`, opaque unless it has alpha. */
static sx_status to_rgba(const sx_image *image, sx_image *out, sx_error *err) {
    sx_status status = sx_image_new(out, image->height, image->width, 4, err);
    size_t count = (size_t)image->height * (size_t)image->width;
    for (size_t i = 0; !status && i < count; i++) {
        const uint8_t *from = image->pixels + i * (size_t)image->channels;
        for (size_t c = 0; c < 3; c++) out->pixels[4 * i + c] = from[image->channels > 1 ? c : 0];
        out->pixels[4 * i + 3] = image->channels == 4 ? from[3] : 255;
    }
    return status;
}

/* The whole picture as large as fits; its share of the square follows from its proportions. */
static sx_status fit_composed(const sx_view *view, const sx_image *image, uint8_t *pixels,
                              sx_error *err) {
    sx_image whole;
    sx_status status = to_rgba(image, &whole, err);
    if (status) return status;
    double w = image->width, h = image->height, area = w < h ? w / h : h / w;
    status = paste(&whole, (sx_pose){area + 1e-9, 0, 0.5, 0.5}, pixels, view->size, err);
    sx_image_done(&whole);
    return status;
}

/* A pixel of that many channels over one of three. */
static void blend(const uint8_t *from, int channels, uint8_t *out) {
    for (int c = 0; c < 3; c++) {
        int alpha = channels == 4 ? from[3] : 255;
        int colour = from[channels > 1 ? c : 0];
        out[c] = (uint8_t)((alpha * colour + (255 - alpha) * out[c] + 127) / 255);
    }
}

/* Lays a picture that is no larger than the square over its middle, where sx_compose would. */
static void lay_over(const sx_image *image, uint8_t *pixels, int size) {
    int left = (size / 2 * 2 - image->width) / 2, top = (size / 2 * 2 - image->height) / 2;
    const uint8_t *from = image->pixels;
    for (int y = 0; y < image->height; y++) {
        uint8_t *out = pixels + 3 * ((size_t)(top + y) * (size_t)size + (size_t)left);
        for (int x = 0; x < image->width; x++, from += image->channels, out += 3)
            blend(from, image->channels, out);
    }
}

static int fitted(int side, int longest, int size) {
    int64_t length = (int64_t)side * size / longest;
    return length > 0 ? (int)length : 1;
}

static sx_status fit(const sx_view *view, const sx_image *image, uint8_t *pixels, sx_error *err) {
    if (view->resize.kind == SX_RESIZE_AUTO) return fit_composed(view, image, pixels, err);
    int longest = image->width > image->height ? image->width : image->height;
    sx_image whole;
    sx_status status =
        sx_image_new(&whole, fitted(image->height, longest, view->size),
                     fitted(image->width, longest, view->size), image->channels, err);
    if (status) return status;
    sx_resize_scratch scratch = {0};
    status = sx_resize(image, view->resize, &whole, &scratch, err);
    sx_resize_scratch_done(&scratch);
    if (!status) lay_over(&whole, pixels, view->size);
    sx_image_done(&whole);
    return status;
}

static void fill(uint8_t *pixels, int size, const uint8_t *colour) {
    for (size_t i = 0; i < (size_t)size * (size_t)size; i++) memcpy(pixels + 3 * i, colour, 3);
}

static sx_status draw_none(const sx_view *view, sx_split split, size_t index, sx_image *image,
                           uint8_t *pixels, sx_error *err) {
    const uint8_t *corner = image->pixels;
    uint8_t grey[3] = {corner[0], corner[0], corner[0]};
    if (image->channels == 4)
        draw_background(view, split, index, pixels);
    else
        fill(pixels, view->size, image->channels == 3 ? corner : grey);
    return fit(view, image, pixels, err);
}

static sx_status draw_asis(const sx_view *view, sx_split split, size_t index, sx_image *image,
                           uint8_t *pixels, sx_error *err) {
    (void)split;
    (void)index;
    memset(pixels, 0, (size_t)view->size * (size_t)view->size * 3);
    return fit(view, image, pixels, err);
}

/* The middle of `image`, of at least the size of the square, over what is there. */
static void lay_middle(const sx_image *image, uint8_t *pixels, int size) {
    int top = (int)nearbyint((image->height - size) / 2.0);
    int left = (int)nearbyint((image->width - size) / 2.0);
    for (int y = 0; y < size; y++) {
        size_t row = (size_t)(top + y) * (size_t)image->width + (size_t)left;
        const uint8_t *from = image->pixels + row * (size_t)image->channels;
        for (int x = 0; x < size; x++, from += image->channels, pixels += 3)
            blend(from, image->channels, pixels);
    }
}

/* A picture's way to height x width pixels, of which the middle is taken. */
typedef struct {
    int height, width;
} sized;

static sx_status resize_middle(const sx_view *view, const sx_image *image, sized size,
                               uint8_t *pixels, sx_error *err) {
    static const sx_resize_rule usual = {SX_RESIZE_BILINEAR, true};
    sx_resize_rule rule = view->resize.kind == SX_RESIZE_AUTO ? usual : view->resize;
    sx_resize_scratch scratch = {0};
    sx_image out;
    sx_status status = sx_image_new(&out, size.height, size.width, image->channels, err);
    if (status) return status;
    status = sx_resize(image, rule, &out, &scratch, err);
    sx_resize_scratch_done(&scratch);
    if (!status) lay_middle(&out, pixels, view->size);
    sx_image_done(&out);
    return status;
}

/* Cut-outs get a background here, too. */
static sx_status draw_squash(const sx_view *view, sx_split split, size_t index, sx_image *image,
                             uint8_t *pixels, sx_error *err) {
    if (image->channels == 4) draw_background(view, split, index, pixels);
    return resize_middle(view, image, (sized){view->size, view->size}, pixels, err);
}

static sx_status draw_crop(const sx_view *view, sx_split split, size_t index, sx_image *image,
                           uint8_t *pixels, sx_error *err) {
    sized size;
    sx_crop_size(image, view->size, view->fraction, &size.height, &size.width);
    if (image->channels == 4) draw_background(view, split, index, pixels);
    return resize_middle(view, image, size, pixels, err);
}

static const struct {
    sx_compose_kind kind;
    view_draw draw;
} ways[] = {
    {{"center", "objects are cut out and put in the middle", center_options}, draw_object},
    {{"scatter", "objects are cut out and resized, turned and put as the item's number draws",
      scatter_options},
     draw_object},
    {{"none", "pictures are resized whole", no_options}, draw_none},
    {{"asis", "pictures are resized whole, over black where they are transparent", no_options},
     draw_asis},
    {{"squash", "the whole picture becomes the square", no_options}, draw_squash},
    {{"crop", "the shorter side is resized and the middle cut out", crop_options}, draw_crop},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

const sx_compose_kind *sx_compose_at(int row) {
    return row >= 0 && row < WAYS ? &ways[row].kind : NULL;
}

/* ---- making a view --------------------------------------------------------------------------- */

static sx_status take_options(sx_view *view, const sx_spec *spec, const sx_option *options,
                              sx_error *err) {
    sx_status status = sx_spec_check(spec, options, err);
    if (!status && options == center_options) view->area = sx_spec_number(spec, options, "area");
    if (!status && options == crop_options)
        view->fraction = sx_spec_number(spec, options, "fraction");
    if (status || options != scatter_options) return status;
    view->least = sx_spec_number(spec, options, "least");
    view->most = sx_spec_number(spec, options, "most");
    view->turn = sx_spec_number(spec, options, "turn");
    const char *place = sx_spec_text(spec, options, "place");
    view->place = strcmp(place, "middle") == 0     ? MIDDLE
                  : strcmp(place, "anywhere") == 0 ? ANYWHERE
                                                   : INSIDE;
    if (view->least <= view->most) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "scatter: least = %g is more than most = %g", view->least,
                   view->most);
}

static sx_status parse_compose(sx_view *view, const char *text, sx_error *err) {
    sx_spec spec;
    const char *names[WAYS];
    sx_status status = sx_spec_parse(text, &spec, err);
    for (int i = 0; !status && i < WAYS; i++) {
        names[i] = ways[i].kind.name;
        if (strcmp(spec.name, names[i]) != 0) continue;
        view->draw = ways[i].draw;
        return take_options(view, &spec, ways[i].kind.options, err);
    }
    if (status) return status;
    return sx_fail(err, SX_BAD_INPUT, "unknown composition '%s'; did you mean '%s'?", spec.name,
                   sx_nearest_name(spec.name, names, WAYS));
}

sx_status sx_compose_check(const char *spec, sx_error *err) {
    sx_view view = {0};
    return parse_compose(&view, spec, err);
}

/* The k-th item of each class in turn, the items of a class in an order that the seed draws: any
 * number of pairs from the first on is balanced, and no object comes twice before all came once. */
static bool order_pairs(sx_view *view, sx_split split) {
    const sx_source_facts *facts = sx_source_describe(view->source);
    size_t n = facts->counts[split], classes = (size_t)facts->classes, used = 0;
    uint32_t *shuffled = sx_alloc(n, sizeof *shuffled), *out = sx_alloc(n, sizeof *out);
    uint32_t *rank = sx_alloc(n, sizeof *rank), *seen = sx_alloc(classes, sizeof *seen);
    bool memory = shuffled && out && rank && seen;
    uint32_t most = 0;
    if (memory) {
        sx_random random = sx_random_from(view->seed, STREAM_PAIR, (uint64_t)split);
        sx_random_permutation(&random, shuffled, n);
        for (size_t i = 0; i < n; i++) {
            rank[i] = seen[sx_source_label(view->source, split, shuffled[i])]++;
            most = rank[i] + 1 > most ? rank[i] + 1 : most;
        }
        /* Counting sort by rank; ties keep the shuffled order. */
        uint32_t *starts = sx_alloc((size_t)most + 1, sizeof *starts);
        memory = starts != NULL;
        for (size_t i = 0; memory && i < n; i++) starts[rank[i] + 1]++;
        for (size_t r = 0; memory && r < most; r++) starts[r + 1] += starts[r];
        for (size_t i = 0; memory && i < n; i++, used++) out[starts[rank[i]]++] = shuffled[i];
        sx_free(starts);
    }
    sx_free(shuffled);
    sx_free(rank);
    sx_free(seen);
    view->pairs[split] = out;
    return memory;
}

static int find_background_factor(const sx_source *source) {
    const sx_source_facts *facts = sx_source_describe(source);
    for (int i = 0; i < facts->factor_count && facts->factor_count <= MOST_FACTORS; i++)
        if (strcmp(facts->factors[i].name, "background") == 0) return i;
    return -1;
}

static sx_backgrounds *open_backgrounds(const sx_view_options *options, bool held_out,
                                        sx_error *err) {
    return sx_backgrounds_open(options->backgrounds, options->size, options->seed, held_out,
                               options->loading, err);
}

sx_view *sx_view_new(const sx_source *source, const sx_view_options *options, sx_error *err) {
    if (options->size < 8 || options->size > 512) {
        sx_fail(err, SX_BAD_INPUT, "an image of %d pixels a side: 8 to 512 are possible",
                options->size);
        return NULL;
    }
    sx_view *view = sx_alloc(1, sizeof *view);
    if (!view) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for a view");
        return NULL;
    }
    view->source = source;
    view->size = options->size;
    view->seed = options->seed;
    view->background_factor = find_background_factor(source);
    bool memory = true;
    sx_status status = parse_compose(view, options->compose, err);
    if (!status && options->resize) status = sx_resize_parse(options->resize, &view->resize, err);
    if (!status) view->training = open_backgrounds(options, false, err);
    if (view->training) view->measured = open_backgrounds(options, true, err);
    for (int split = 0; view->measured && memory && split < SX_SPLITS; split++)
        memory = order_pairs(view, (sx_split)split);
    if (!memory) sx_fail(err, SX_NO_MEMORY, "not enough memory for a view");
    if (view->measured && memory) return view;
    sx_view_free(view);
    return NULL;
}

void sx_view_free(sx_view *view) {
    if (!view) return;
    sx_backgrounds_free(view->training);
    sx_backgrounds_free(view->measured);
    for (int split = 0; split < SX_SPLITS; split++) sx_free(view->pairs[split]);
    sx_free(view);
}

const sx_source *sx_view_source(const sx_view *view) {
    return view->source;
}

int sx_view_size(const sx_view *view) {
    return view->size;
}

sx_status sx_view_image(const sx_view *view, sx_split split, size_t index, uint8_t *pixels,
                        sx_error *err) {
    sx_image image;
    sx_status status = sx_source_image(view->source, split, index, &image, err);
    if (status) return status;
    status = view->draw(view, split, index, &image, pixels, err);
    sx_image_done(&image);
    return status;
}

/* ---- posed pictures -------------------------------------------------------------------------- */

size_t sx_view_pair_item(const sx_view *view, sx_split split, uint64_t pair) {
    return view->pairs[split][pair % sx_source_describe(view->source)->counts[split]];
}

uint64_t sx_view_pair_background(const sx_view *view, sx_split split, uint64_t pair) {
    return mixed(view->seed, STREAM_MEASURED + (uint64_t)split, pair);
}

static sx_status cut_item(const sx_view *view, sx_split split, size_t item, sx_image *object,
                          sx_error *err) {
    sx_image image;
    sx_status status = sx_source_image(view->source, split, item, &image, err);
    if (status) return status;
    status = sx_object_cut(&image, THRESHOLD, object, err);
    sx_image_done(&image);
    return status;
}

sx_status sx_view_pair_extent(const sx_view *view, sx_split split, uint64_t pair, sx_extent *out,
                              sx_error *err) {
    sx_image object;
    sx_status status = cut_item(view, split, sx_view_pair_item(view, split, pair), &object, err);
    if (status) return status;
    *out = (sx_extent){object.height, object.width};
    sx_image_done(&object);
    return SX_OK;
}

sx_status sx_view_scene(const sx_view *view, const sx_scene *scene, uint8_t *pixels,
                        sx_error *err) {
    sx_image object;
    sx_status status = cut_item(view, scene->split, scene->item, &object, err);
    if (status) return status;
    sx_backgrounds_draw(view->measured, scene->background, pixels);
    status = paste(&object, scene->pose, pixels, view->size, err);
    sx_image_done(&object);
    return status;
}

/* What is left of white and of black behind the object tells how much it covers. */
static sx_status paste_twice(const sx_view *view, const sx_scene *scene, uint8_t *black,
                             uint8_t *white, sx_error *err) {
    sx_image object;
    sx_status status = cut_item(view, scene->split, scene->item, &object, err);
    if (status) return status;
    status = paste(&object, scene->pose, black, view->size, err);
    if (!status) status = paste(&object, scene->pose, white, view->size, err);
    sx_image_done(&object);
    return status;
}

sx_status sx_view_mask(const sx_view *view, const sx_scene *scene, uint8_t *mask, sx_error *err) {
    size_t count = (size_t)view->size * (size_t)view->size;
    uint8_t *black = sx_alloc(2 * count, 3);
    if (!black) return sx_fail(err, SX_NO_MEMORY, "not enough memory for an object's mask");
    uint8_t *white = black + 3 * count;
    memset(white, 255, 3 * count);
    sx_status status = paste_twice(view, scene, black, white, err);
    for (size_t i = 0; !status && i < count; i++)
        mask[i] = (uint8_t)(255 - (white[3 * i] - black[3 * i]));
    sx_free(black);
    return status;
}

sx_status sx_view_posed(const sx_view *view, sx_split split, uint64_t pair, sx_pose pose,
                        uint8_t *pixels, int *label, sx_error *err) {
    sx_scene scene = {split, sx_view_pair_item(view, split, pair),
                      sx_view_pair_background(view, split, pair), pose};
    *label = sx_source_label(view->source, split, scene.item);
    return sx_view_scene(view, &scene, pixels, err);
}
