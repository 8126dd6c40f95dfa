/* Data sets: what a network sees, whatever it is made from. A source holds pictures as they are
 * (28x28 grey, RGBA cut-outs, photographs of any size); a view turns an item of a source into the
 * network's input; batches are views prepared ahead by a worker. Everything is fixed by seeds and
 * indices, so that image 17 is the same image in every thread, run and resume. */
#ifndef SX_DATA_DATA_H
#define SX_DATA_DATA_H

#include "core/base/base.h"
#include "core/format/format.h"

/* ---- sources ------------------------------------------------------------------------------- */

typedef enum { SX_SPLIT_TRAIN, SX_SPLIT_VALIDATION, SX_SPLIT_TEST, SX_SPLITS } sx_split;

/* "train", "validation" or "test". */
const char *sx_split_name(sx_split split);

/* A known cause of variation of an item, for example rotation in degrees. */
typedef struct {
    const char *name, *unit;
    double minimum, maximum;
} sx_factor;

/* Reports loading: `done` of `total` (0: unknown) of `what`. False asks to stop. NULL is allowed
 * wherever this type is a parameter. */
typedef struct {
    bool (*step)(void *user, const char *what, size_t done, size_t total);
    void *user;
} sx_loading;

/* A data set; immutable once open, so any thread may read it. */
typedef struct sx_source sx_source;

/* Facts for the screen, for checks and for `sextant data`. Texts are safe to show. */
typedef struct {
    char name[64];    /* "fashion-mnist" */
    char note[256];   /* "" or a sentence the user must see: what was used instead, and why */
    char origin[256]; /* where it was read from, or "rendered" */
    int height, width, channels; /* of all items; 0 where items may differ */
    size_t counts[SX_SPLITS];
    bool own_test;  /* the test split is the data set's own, not drawn from the rest */
    bool test_only; /* for measuring: the other splits are empty */
    int classes;
    const char *const *class_names; /* [classes], owned by the source */
    const int *class_numbers; /* [classes]: their indices in ImageNet-1k; NULL: it does not say */
    int factor_count;
    const sx_factor *factors; /* owned by the source */
    size_t pairs; /* of an object and a background that pictures show; 0: it does not say */
} sx_source_facts;

/* Opens a data set by name or path:
 *   ""               Fashion-MNIST if it is installed, else shapes, with a note that says so
 *   fashion-mnist    $SEXTANT_DATA/fashion-mnist, or the files of Debian's package (looked for in
 *                    $SEXTANT_DATASETS, by default /usr/share/datasets), inflated
 *                    bytes checked against their known SHA-256; absent: shapes, with a note
 *   shapes           rendered, needs no file
 *   digits           scikit-learn's handwritten digits, 8 x 8, from Debian's package
 * python3-sklearn or $SEXTANT_DATA/digits.csv.gz a directory      with train-images-idx3-ubyte[.gz]
 * and its fellows: IDX (test files optional: then 1/7 of the items, seeded and stratified, are the
 * test split); with metadata.csv and class folders as in SI-Score: for measuring only; with one CSV
 * file that says of each picture beside it which it is (image_id, or file), its label, and any of
 * x_coord, y_coord, area, rotation: likewise with sub-folders of pictures: class/name.png|jpg (20 %
 * test, stratified) CIFAR-10 or CIFAR-100 (fine labels) in binary form; images.npy and labels.npy,
 * with or without test_images.npy and test_labels.npy an npz file      arrays of those names;
 * pictures of .npy and CIFAR files are read one by one, those of an npz file must fit in memory an
 * IDX file      images; the labels file is found by its name beside it Validation is a seeded,
 * stratified tenth of the training items (house decision 12); the split depends on `seed` only.
 * Returns owned; NULL with `err` filled, SX_CANCELLED if asked to stop. */
sx_source *sx_source_open(const char *name, uint64_t seed, const sx_loading *loading,
                          sx_error *err);
void sx_source_free(sx_source *source);
const sx_source_facts *sx_source_describe(const sx_source *source);

/* Keeps `items` of the training split, before anybody reads the source: drawn by `seed`, of each
 * class its share, and those of a smaller number are among those of a larger one. Where there are
 * no more nothing changes; SX_BAD_INPUT for less than one of each class. */
sx_status sx_source_keep(sx_source *source, size_t items, uint64_t seed, sx_error *err);

/* Makes it a data set of some of its classes, before anybody reads the source: "0-4", "0, 3, 7-9"
 * or names between commas ("Sandal, Bag"; a name wins over a number). Labels count from 0 in the
 * old order; items keep their splits. `others`: of all classes but those, for asking a network that
 * was trained on them what it thinks of what is new. "": nothing changes. SX_BAD_INPUT for a class
 * that is not there, for less than two (of others: one). The second looks at the form only. */
sx_status sx_source_choose(sx_source *source, const char *classes, bool others, sx_error *err);
sx_status sx_classes_check(const char *classes, sx_error *err);

/* Gives the classes of an open source that nobody else reads yet their indices in ImageNet-1k: of a
 * CSV file "int,label", or, where that does not name one, as the released sets call it.
 * SX_BAD_INPUT if a class has none. */
sx_status sx_source_number(sx_source *source, const char *path, sx_error *err);

/* Label of an item, 0 .. classes - 1. The index is below counts[split]. */
int sx_source_label(const sx_source *source, sx_split split, size_t index);

/* The picture as it is: 1, 3 or 4 channels, owned by the caller. */
sx_status sx_source_image(const sx_source *source, sx_split split, size_t index, sx_image *out,
                          sx_error *err);

/* Values of the factors of an item, into out [factor_count]. */
void sx_source_factors(const sx_source *source, sx_split split, size_t index, double *out);

/* Which pair of object and background an item shows, below `pairs` (which is above 0): the same at
 * every size, place and angle. */
uint32_t sx_source_pair(const sx_source *source, sx_split split, size_t index);

/* What the item is called where it was read from, safe to show: "cat/17.png"; or its number. Into
 * out [size]. */
void sx_source_item_name(const sx_source *source, sx_split split, size_t index, char *out,
                         size_t size);

/* One line for each data set found on this machine: name, what, where, counts if cheap; then the
 * packages of objects and photographs. */
void sx_source_list(sx_text *out);

/* True if the path looks like a data set sx_source_open can read. Reads no pictures. */
bool sx_source_recognises(const char *path);

/* ---- resizing -------------------------------------------------------------------------------- */

typedef enum {
    SX_RESIZE_AUTO, /* what sx_compose does; for views only */
    SX_RESIZE_NEAREST,
    SX_RESIZE_BILINEAR,
    SX_RESIZE_BICUBIC,
    SX_RESIZE_AREA
} sx_resize_kind;

/* A rule, and which of its two meanings; n is the size of an axis before, m after.
 *   antialias: Pillow's Image.resize (src/libImaging/Resample.c, Geometry.c): NEAREST, BILINEAR,
 *     BICUBIC, and BOX for area. Kernels of reach 1, 2 (Keys, a = -0.5) and 1/2 output pixels, but
 *     never less than of input pixels, around (i + 1/2) n / m, cut at the border, weights adding
 *     up to 1; across first, bytes in between. Nearest: the pixel at (i + 1/2) n / m. Same bytes.
 *   else: PyTorch's interpolate(align_corners=False): nearest, bilinear, bicubic (Keys, a = -0.75),
 *     area (adaptive average pooling). The 2 or 4 pixels around (i + 1/2) n / m - 1/2, edge pixels
 *     repeated; area: the plain mean of pixels floor(i n / m) .. ceil((i + 1) n / m) - 1; nearest:
 *     pixel floor(i n / m), in single precision. The result is rounded to the nearest byte, halves
 *     up, and cut to 0 .. 255. Within one grey level. */
typedef struct {
    sx_resize_kind kind;
    bool antialias;
} sx_resize_rule;

/* Table for help; NULL past the end. */
typedef struct {
    const char *name, *help;
    const sx_option *options;
    sx_resize_kind kind;
} sx_resize_row;
const sx_resize_row *sx_resize_at(int row);

/* The option table of all rules but auto. */
extern const sx_option sx_resize_options[];

/* Reads a spec such as "area", "bilinear(antialias=no)"; an unknown rule is SX_BAD_INPUT with the
 * nearest name. The second only checks. */
sx_status sx_resize_parse(const char *spec, sx_resize_rule *out, sx_error *err);
sx_status sx_resize_check(const char *spec, sx_error *err);

/* The size in proportion to which a picture is resized before its middle, `size` pixels a side, is
 * cut out: the shorter side becomes floor(size / fraction), the longer is cut down (timm; for
 * torchvision's sizes the same). INT_MAX where it would be more. */
void sx_crop_size(const sx_image *image, int size, double fraction, int *height, int *width);

/* Resizes `image` to the size of `out`, both as made by sx_image_new, of equal channels (else
 * SX_BAD_INPUT, as is SX_RESIZE_AUTO). Equal sizes are a copy. RGBA is mixed with colours
 * multiplied by alpha and divided by it in the end, as Pillow does, for PyTorch's rules, too, which
 * know no alpha; nearest mixes nothing. Takes time in proportion to the pixels read and written.
 * Scratch is the caller's, begins as {0} and grows as needed; one for each thread. */
typedef struct {
    double *numbers;
    int *places;
    size_t capacity[2];
} sx_resize_scratch;
sx_status sx_resize(const sx_image *image, sx_resize_rule rule, sx_image *out,
                    sx_resize_scratch *scratch, sx_error *err);
void sx_resize_scratch_done(sx_resize_scratch *scratch);

/* ---- composition (robustness-and-vit.md, part A.2; SI-Score, arXiv 2104.04191) -------------- */

/* Where an object is put. */
typedef struct {
    double area;     /* share of the image taken by the object's upright bounding rectangle */
    double rotation; /* degrees, counter-clockwise, about the centre, after resizing */
    double x, y;     /* of the centre, 0 .. 1, y downwards */
} sx_pose;

/* A background: pixels [size, size, 3]. Rendered kinds: plain, gradient, stripes, checks, noise,
 * blobs, each with seeded colours; or a square crop of a photograph of a folder. */
#define SX_BACKGROUND_KINDS 6 /* rendered number i is of kind i % SX_BACKGROUND_KINDS */
typedef struct sx_backgrounds sx_backgrounds;

/* `folder` may be the name of a package (packages.h); NULL or "": rendered textures. Training and
 * robustness backgrounds are disjoint: `held_out` chooses the half (of photographs by name hash, of
 * textures by colour and seed). Returns owned; NULL with `err` filled, SX_CANCELLED if `loading`
 * asked to stop. */
sx_backgrounds *sx_backgrounds_open(const char *folder, int size, uint64_t seed, bool held_out,
                                    const sx_loading *loading, sx_error *err);
void sx_backgrounds_free(sx_backgrounds *backgrounds);

/* Draws background `index` (any number) into pixels [size, size, 3]. Any thread. */
void sx_backgrounds_draw(const sx_backgrounds *backgrounds, uint64_t index, uint8_t *pixels);

/* The object of an item as RGBA, cropped tight to its opaque pixels: its own alpha if it has one;
 * else grey above `threshold` with holes filled (for grey pictures), the grey as colour, and at the
 * edge, where it is mixed with black, as alpha of the neighbour's; else the whole picture, opaque,
 * as also where nothing would be left. Views use a threshold of 10. Owned by the caller. */
sx_status sx_object_cut(const sx_image *image, int threshold, sx_image *out, sx_error *err);

/* Pastes `object` (RGBA, tight) over the picture `pixels` [size, size, 3]: resized to the area
 * share (area resampling when shrinking, bilinear when growing; sizes truncated, at least 1),
 * rotated (bicubic), placed with truncation towards zero, all with premultiplied alpha. Parts
 * outside the image are cut. A pose that is not finite or far outside is SX_BAD_INPUT. Scratch is
 * the caller's and grows as needed; one for each thread. */
typedef struct {
    float *buffer[3];
    size_t capacity[3];
} sx_compose_scratch;
sx_status sx_compose(const sx_image *object, sx_pose pose, uint8_t *pixels, int size,
                     sx_compose_scratch *scratch, sx_error *err);
void sx_compose_scratch_done(sx_compose_scratch *scratch);

/* The same two operations as Pillow has them, to the grey level: counter-clockwise by any angle, on
 * a canvas that holds all of it (rotate(degrees, BICUBIC, expand=True)); and over an RGB picture
 * (paste(object, (left, top), object)). Objects are RGBA; the size alone needs no pixels. */
void sx_turned_size(const sx_image *in, double degrees, int *height, int *width);
sx_status sx_turn_image(const sx_image *in, double degrees, sx_image *out, sx_error *err);
void sx_paste(const sx_image *object, int left, int top, sx_image *onto);

/* The factor grids of the note, coarser for live use. Count and value of a point. */
#define SX_GRID_LOCATIONS 11 /* a side: 0.0, 0.1 .. 1.0, at area 0.2, upright */
#define SX_GRID_ROTATIONS                                                                          \
    18                   /* -179, -159 .. 1 .. 161 degrees, at area 0.5, centred; never a multiple \
                          * of 90, which needs no interpolation and would be sharper */
#define SX_GRID_SIZES 12 /* shares of the image, 0.01 .. 1.0, centred, upright */
double sx_grid_location(int point); /* of x and of y */
double sx_grid_rotation(int point);
double sx_grid_size(int point);

/* ---- views and batches --------------------------------------------------------------------- */

/* How an item becomes an input image [size, size, 3] of bytes. */
typedef struct {
    int size;                /* pixels a side, 8 .. 512 */
    const char *compose;     /* a spec: "none" (resized whole, letterboxed in its corner colour;
                              * RGBA over a training background),
                              * "center(area=0.5)", also written "center area=0.5"; "scatter": put
                              * anywhere, in any size and turn of a range, fixed for each item; "asis"
                              * keeps RGBA over black; "squash": the whole picture to the square;
                              * "crop(fraction=0.875)": the shorter side to size over fraction, the
                              * middle of it, as published models are measured */
    const char *resize;      /* a spec: how all but center and scatter bring whole pictures to size;
                              * NULL is
                              * "auto". Objects that are cut out always go the way of sx_compose */
    const char *backgrounds; /* folder of photographs, a package of them, or "" */
    uint64_t seed;
    const sx_loading *loading; /* told of photographs as they are read; NULL is fine */
} sx_view_options;

typedef struct sx_view sx_view;

/* The table of compose specs, for help. NULL past the end. */
typedef struct {
    const char *name, *help;
    const sx_option *options;
} sx_compose_kind;
const sx_compose_kind *sx_compose_at(int row);

/* Checks a compose spec without opening anything. */
sx_status sx_compose_check(const char *spec, sx_error *err);

/* Borrows `source`, which must outlive the view. Any thread may read a view. */
sx_view *sx_view_new(const sx_source *source, const sx_view_options *options, sx_error *err);
void sx_view_free(sx_view *view);
const sx_source *sx_view_source(const sx_view *view);
int sx_view_size(const sx_view *view);

/* Item `index` of `split` as bytes into pixels [size, size, 3]. */
sx_status sx_view_image(const sx_view *view, sx_split split, size_t index, uint8_t *pixels,
                        sx_error *err);

/* Where the view puts the object of an item; false if it shows pictures whole. */
bool sx_view_pose(const sx_view *view, sx_split split, size_t index, sx_pose *out);

/* What a network was trained on: values 0 to 1, minus a mean, over a deviation, of red, green and
 * blue. The usual one is 0.5 and 0.25. */
typedef struct {
    float mean[3], deviation[3];
} sx_normalisation;
extern const sx_normalisation sx_normalisation_usual;

/* The network's input of bytes, three channels by turns: (v / 255 - mean) / deviation, `count`
 * values. */
void sx_normalise(const sx_normalisation *normalisation, const uint8_t *pixels, size_t count,
                  float *out);

/* Reads "0.5", or "0.485/0.456/0.406" for red, green and blue; a deviation is above 0. */
sx_status sx_colours_parse(const char *text, double out[3], sx_error *err);
sx_status sx_colours_check(const char *text, sx_error *err);
sx_status sx_deviation_check(const char *text, sx_error *err);
sx_status sx_normalisation_parse(const char *mean, const char *deviation, sx_normalisation *out,
                                 sx_error *err);

/* One robustness picture: pair `pair` (any number: an object of `split` and a held-out background,
 * both fixed by the view's seed and `pair`) at `pose`, into pixels [size, size, 3] and the object's
 * label. The same pair looks the same at every factor value. Live measurements use validation
 * objects; test objects are for the last measurement only (house decision 12). */
sx_status sx_view_posed(const sx_view *view, sx_split split, uint64_t pair, sx_pose pose,
                        uint8_t *pixels, int *label, sx_error *err);

/* The item of `split` whose object pair `pair` shows, and the number of its background. */
size_t sx_view_pair_item(const sx_view *view, sx_split split, uint64_t pair);
uint64_t sx_view_pair_background(const sx_view *view, sx_split split, uint64_t pair);

/* Pixels of its object as it is cut out. */
typedef struct {
    int height, width;
} sx_extent;
sx_status sx_view_pair_extent(const sx_view *view, sx_split split, uint64_t pair, sx_extent *out,
                              sx_error *err);

/* The same picture by its parts: the object of an item (below counts[split]) at `pose` over the
 * held-out background of any number, into pixels [size, size, 3]. */
typedef struct {
    sx_split split;
    size_t item;
    uint64_t background;
    sx_pose pose;
} sx_scene;
sx_status sx_view_scene(const sx_view *view, const sx_scene *scene, uint8_t *pixels, sx_error *err);
/* How much of each of its pixels is the object's, 0 .. 255, into mask [size, size]. */
sx_status sx_view_mask(const sx_view *view, const sx_scene *scene, uint8_t *mask, sx_error *err);

/* Random changes of training images; the spec's come after the other two. */
typedef struct {
    bool flip;        /* left-right, half of the time */
    int shift;        /* up to so many pixels each way, edge pixels repeated */
    const char *spec; /* "crop(scale=0.6) + erase + mixup(alpha=0.2)"; NULL or "": none */
} sx_augmentation;

/* The table of augmentations that a spec names. NULL past the end. */
typedef struct {
    const char *name, *help;
    const sx_option *options;
} sx_augment_kind;
const sx_augment_kind *sx_augment_at(int row);

/* Checks a spec without making anything. */
sx_status sx_augment_check(const char *spec, sx_error *err);

typedef struct {
    int batch;
    uint64_t seed;
    sx_augmentation augmentation;
    const struct sx_captions *captions; /* what the targets are then: token ids; NULL: none */
    int context;                        /* of them */
    int size; /* pixels a side of a batch's images, no more than the view's: a random part of each
               * is cut out; 0: the view's */
    const sx_normalisation *normalisation; /* borrowed; NULL: the usual */
    int64_t origin_step, origin_position;  /* a step and where it begins in the sequence of images;
                                            * 0 and 0 unless batches had another size before */
} sx_batch_options;

/* Training batches: step k is a function of (seed, k) alone; each epoch is a fresh permutation
 * and the last, incomplete batch of an epoch continues into the next. */
typedef struct sx_batches sx_batches;

/* Starts the worker, which prepares up to three batches ahead from `first_step` on. Borrows the
 * view. Returns owned. */
sx_batches *sx_batches_new(const sx_view *view, const sx_batch_options *options, int64_t first_step,
                           sx_error *err);
void sx_batches_free(sx_batches *batches);

/* Waits for the next batch and copies it: images [batch, size, size, 3] normalised, labels
 * [batch]. Any error of the worker comes out here, once and for all. */
sx_status sx_batches_next(sx_batches *batches, float *images, int32_t *labels, sx_error *err);

/* Values of an image's targets, 0: there are none; and the targets [batch, that] of the batch that
 * was copied last, good until the next one is: token ids of captions [context], or, where images
 * are mixed, shares of the classes. Captions and mixed images do not go together. */
int sx_batches_target_length(const sx_batches *batches);
const float *sx_batches_targets(const sx_batches *batches);

/* How often sx_batches_next had to wait for the worker, and how often it was called. */
void sx_batches_waits(const sx_batches *batches, int64_t *waited, int64_t *calls);

#include "core/data/captions.h"
#include "core/data/packages.h"
#include "core/data/si_score.h"

#endif
