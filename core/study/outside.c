/* Opening a model from outside, and bringing pictures to it: the geometry of torchvision's and
 * timm's transforms (shorter side to a size, then the centre), or the whole picture to the square.
 */
#include "core/study/outside_text.h"

#include "core/study/zero_shot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const sx_option sx_prepare_options[] = {
    {"", "size", SX_OPTION_INTEGER, "0", 0, 4096, NULL, "pixels a side; 0: the model's own"},
    {"", "fit", SX_OPTION_CHOICE, "own", 0, 0, "own|squash|crop",
     "the whole picture to the square, or the shorter side and the centre of it"},
    {"", "crop", SX_OPTION_NUMBER, "0", 0, 1, NULL,
     "share of the shorter side that is cut out; 0: the source's"},
    {"", "resize", SX_OPTION_CHOICE, "own", 0, 0,
     "own|bilinear|bicubic|area|nearest|bilinear-plain|bicubic-plain",
     "as Pillow resizes, or plain as PyTorch's interpolate"},
    {"", "mean", SX_OPTION_TEXT, "own", 0, 0, "one number, or red/green/blue",
     "taken from values 0 to 1"},
    {"", "std", SX_OPTION_TEXT, "own", 0, 0, "one number, or red/green/blue",
     "that is divided by then"},
    {"", "positions", SX_OPTION_CHOICE, "own", 0, 0, "own|" SX_POSITION_RULES,
     "how learned positions are resized for another size"},
    {"", "long_texts", SX_OPTION_CHOICE, "refuse", 0, 0, "refuse|cut",
     "texts of more tokens than the model reads"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

/* ---- options -----------------------------------------------------------------------------------
 */

/* "own" leaves the values. */
static sx_status read_colours(const char *text, double out[3], sx_error *err) {
    return strcmp(text, "own") == 0 ? SX_OK : sx_colours_parse(text, out, err);
}

static sx_status read_resize(const char *name, sx_outside *o, sx_error *err) {
    char *rule = o->resize_name;
    if (strcmp(name, "own") == 0) name = o->checkpoint.preprocessing.resize;
    const char *plain = strstr(name, "-plain");
    snprintf(rule, sizeof o->resize_name, "%.*s%s", plain ? (int)(plain - name) : 40, name,
             plain ? "(antialias=no)" : "");
    return sx_resize_parse(rule, &o->resize, err);
}

static void read_positions(const char *name, sx_checkpoint *c) {
    for (sx_position_rule rule = 0; sx_position_name(rule); rule++)
        if (strcmp(sx_position_name(rule), name) == 0) c->position = rule;
}

static sx_status read_preparation(const char *text, sx_outside *o, sx_error *err) {
    char whole[SX_MODEL_SPEC];
    sx_spec spec;
    const sx_option *table = sx_prepare_options;
    sx_preprocessing *p = &o->checkpoint.preprocessing;
    snprintf(whole, sizeof whole, "prepare(%s)", text ? text : "");
    sx_status status = sx_spec_parse(whole, &spec, err);
    if (!status) status = sx_spec_check(&spec, table, err);
    if (status) return status;
    int size = (int)sx_spec_number(&spec, table, "size");
    double crop = sx_spec_number(&spec, table, "crop");
    const char *fit = sx_spec_text(&spec, table, "fit");
    if (size) o->checkpoint.height = o->checkpoint.width = size;
    if (crop > 0) p->fraction = crop;
    if (crop > 0 || strcmp(fit, "crop") == 0) p->crops = true;
    if (strcmp(fit, "squash") == 0) p->crops = false;
    read_positions(sx_spec_text(&spec, table, "positions"), &o->checkpoint);
    o->cuts_texts = strcmp(sx_spec_text(&spec, table, "long_texts"), "cut") == 0;
    status = read_resize(sx_spec_text(&spec, table, "resize"), o, err);
    if (!status) status = read_colours(sx_spec_text(&spec, table, "mean"), p->mean, err);
    if (!status) status = read_colours(sx_spec_text(&spec, table, "std"), p->deviation, err);
    for (int c = 0; !status && c < 3; c++)
        if (!(p->deviation[c] > 0)) status = sx_fail(err, SX_USAGE, "std must be above 0");
    return status;
}

/* ---- class names -------------------------------------------------------------------------------
 */

static sx_status add_class(void *user, const char *name, sx_error *err) {
    sx_outside *o = user;
    char cut[252], shown[256];
    sx_text_set(cut, sizeof cut, name);
    sx_text_printable(shown, sizeof shown, cut);
    sx_text_add_bytes(&o->names, shown, strlen(shown) + 1);
    o->named++;
    return o->names.failed ? sx_fail(err, SX_NO_MEMORY, "not enough memory for class names")
                           : SX_OK;
}

/* Names in the model's order; a model that reads texts has as many classes as there are names. */
static sx_status read_classes(const sx_outside_options *options, sx_outside *o, sx_error *err) {
    sx_checkpoint *c = &o->checkpoint;
    const char *from = options->classes;
    sx_status status = from ? sx_outside_each_line(from, add_class, o, err) : SX_OK;
    for (int i = 0; !from && !status && c->zero_shot && i < options->name_count; i++)
        status = add_class(o, options->names[i], err);
    if (status || o->named == 0) {
        if (status || !from) return status;
        return sx_fail(err, SX_BAD_INPUT, "'%.200s' names no classes", from);
    }
    if (c->zero_shot && o->named >= 2) c->classes = o->named;
    if (o->named == c->classes) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "'%.200s' names %d class%s, the model has %d%s",
                   from ? from : "the data set", o->named, o->named == 1 ? "" : "es", c->classes,
                   c->zero_shot ? " or more" : "");
}

const char *sx_outside_class(const sx_outside *outside, int class, char shown[24]) {
    snprintf(shown, 24, "%d", class);
    if (class >= outside->named) return shown;
    const char *name = outside->names.data;
    for (int i = 0; i < class; i++) name += strlen(name) + 1;
    return name;
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static sx_status open_model(sx_tensors *file, const sx_outside_options *options, sx_outside *out,
                            sx_error *err) {
    sx_status status = sx_checkpoint_recognise(file, &out->checkpoint, err);
    if (!status && options->settings)
        status = sx_checkpoint_set(&out->checkpoint, options->settings, err);
    if (!status) status = read_preparation(options->prepare, out, err);
    if (!status) status = read_classes(options, out, err);
    return status ? status
                  : sx_checkpoint_load(file, &out->checkpoint, &out->model, &out->surplus, err);
}

sx_status sx_outside_open(const char *path, const sx_outside_options *options, sx_outside *out,
                          sx_error *err) {
    *out = (sx_outside){0};
    sx_tensors *file = sx_tensors_open(path, err);
    if (!file) return err->status;
    sx_status status = open_model(file, options, out, err);
    sx_tensors_close(file);
    if (!status && out->named) status = sx_outside_fill_columns(out, path, options, err);
    if (!status) return SX_OK;
    sx_outside_done(out);
    return sx_fail_within(err, "'%.200s'", path);
}

void sx_outside_done(sx_outside *outside) {
    sx_model_done(&outside->model);
    sx_text_done(&outside->surplus);
    sx_text_done(&outside->names);
    *outside = (sx_outside){0};
}

sx_status sx_outside_can_classify(const sx_outside *outside, sx_error *err) {
    if (!outside->checkpoint.zero_shot || outside->prompts) return SX_OK;
    return sx_fail(
        err, SX_USAGE,
        "the model sees what it is told to look for: name the classes, a line each, with "
        "--classes FILE");
}

static int count_lines(const sx_text *text) {
    int count = 0;
    for (size_t i = 0; i < text->size; i++) count += text->data[i] == '\n';
    return count;
}

/* What a model that reads texts knows of them, and makes of classes. */
static void describe_texts(const sx_outside *o, sx_text *out) {
    sx_text_facts facts;
    char count[32];
    if (!sx_model_text(&o->model, &facts)) return;
    sx_text_add(out, "texts       %s tokens known, %d at most in a text\n",
                sx_text_count(count, facts.vocabulary), facts.context);
    sx_text_add(out, "logits      cosines of %d values times %.4g\n", facts.embed,
                sx_zero_shot_scale(&o->model));
}

static void describe_classes(const sx_outside *o, sx_text *out) {
    if (!o->checkpoint.zero_shot)
        sx_text_add(out, "classes     %d\n", o->checkpoint.classes);
    else if (o->prompts)
        sx_text_add(out, "classes     %d by their names, each in %d prompt%s\n",
                    o->checkpoint.classes, o->prompts, o->prompts == 1 ? "" : "s");
    else
        sx_text_add(out, "classes     any: name them with --classes FILE\n");
}

void sx_outside_describe(const sx_outside *o, sx_text *out) {
    const sx_checkpoint *c = &o->checkpoint;
    const sx_preprocessing *p = &c->preprocessing;
    char count[32];
    sx_text_add(out, "model       %s\nnamed by    %s\n", c->spec, sx_naming_about(c->naming));
    sx_text_add(out, "parameters  %s\n",
                sx_text_count(count, (long long)sx_model_trained(&o->model)));
    describe_texts(o, out);
    describe_classes(o, out);
    sx_text_add(out, "pictures    %d x %d, %d channels\n", c->width, c->height, c->channels);
    if (p->crops)
        sx_text_add(out, "resized     shorter side to %.0f, %s, the centre cut out\n",
                    floor(c->height / p->fraction), o->resize_name);
    else
        sx_text_add(out, "resized     whole picture to the square, %s\n", o->resize_name);
    sx_text_add(out, "values      (0 to 1, minus %g/%g/%g) over %g/%g/%g\n", p->mean[0], p->mean[1],
                p->mean[2], p->deviation[0], p->deviation[1], p->deviation[2]);
    if (count_lines(&o->surplus))
        sx_text_add(out, "not used    %d tensors of the file:\n%s", count_lines(&o->surplus),
                    o->surplus.data);
}

/* ---- pictures ----------------------------------------------------------------------------------
 */

/* Three channels, whatever there were. */
static sx_status to_colour(const sx_image *picture, sx_image *out, sx_error *err) {
    sx_status status = sx_image_new(out, picture->height, picture->width, 3, err);
    if (status) return status;
    size_t pixels = (size_t)picture->height * (size_t)picture->width;
    int channels = picture->channels;
    for (size_t i = 0; i < pixels; i++)
        for (int c = 0; c < 3; c++)
            out->pixels[i * 3 + (size_t)c] =
                picture->pixels[i * (size_t)channels + (size_t)(channels < 3 ? 0 : c)];
    return SX_OK;
}

/* The size that a picture is resized to before its centre is cut out. */
static void size_of(const sx_outside *o, const sx_image *picture, int *height, int *width) {
    const sx_checkpoint *c = &o->checkpoint;
    *height = c->height;
    *width = c->width;
    if (c->preprocessing.crops)
        sx_crop_size(picture, c->height, c->preprocessing.fraction, height, width);
}

/* Normalises the centre of `image`; a grey model gets the mean of the colours. */
static void cut_centre(const sx_outside *o, const sx_image *image, float *out) {
    const sx_checkpoint *c = &o->checkpoint;
    const sx_preprocessing *p = &c->preprocessing;
    int top = (int)nearbyint((image->height - c->height) / 2.0);
    int left = (int)nearbyint((image->width - c->width) / 2.0);
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            size_t at = ((size_t)(top + y) * (size_t)image->width + (size_t)(left + x)) * 3;
            double value[3];
            for (int k = 0; k < 3; k++)
                value[k] = (image->pixels[at + (size_t)k] / 255.0 - p->mean[k]) / p->deviation[k];
            if (c->channels == 1) value[0] = (value[0] + value[1] + value[2]) / 3;
            for (int k = 0; k < c->channels; k++) *out++ = (float)value[k < 3 ? k : 2];
        }
}

sx_status sx_outside_prepare(const sx_outside *o, const sx_image *picture, float *out,
                             sx_resize_scratch *scratch, sx_error *err) {
    sx_image colour = {0}, sized = {0};
    int height, width;
    size_of(o, picture, &height, &width);
    sx_status status = to_colour(picture, &colour, err);
    if (!status) status = sx_image_new(&sized, height, width, 3, err);
    if (!status) status = sx_resize(&colour, o->resize, &sized, scratch, err);
    if (!status) cut_centre(o, &sized, out);
    sx_image_done(&colour);
    sx_image_done(&sized);
    return status;
}

/* ---- looking inside ---------------------------------------------------------------------------
 */

static const char *name_of(const void *outside, int class, char shown[24]) {
    return sx_outside_class(outside, class, shown);
}

/* Normalised values as the bytes they came from. */
static void to_bytes(const sx_outside *o, const float *values, uint8_t *out) {
    const sx_checkpoint *c = &o->checkpoint;
    const sx_preprocessing *p = &c->preprocessing;
    size_t count = (size_t)c->height * (size_t)c->width * (size_t)c->channels;
    for (size_t i = 0; i < count; i++) {
        size_t k = i % (size_t)c->channels % 3;
        double value = ((double)values[i] * p->deviation[k] + p->mean[k]) * 255;
        out[i] = (uint8_t)lround(fmin(fmax(value, 0), 255));
    }
}

sx_status sx_outside_inspect(const sx_outside *outside, sx_inspector *inspector,
                             const sx_image *picture, const sx_inspection *inspection,
                             sx_error *err) {
    const sx_checkpoint *c = &outside->checkpoint;
    size_t count = (size_t)c->height * (size_t)c->width * (size_t)c->channels;
    float *image = sx_alloc(count, sizeof *image);
    uint8_t *pixels = sx_alloc(count, 1);
    sx_resize_scratch scratch = {0};
    sx_inspection in = *inspection;
    sx_status status = SX_OK;
    if (!image || !pixels)
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the model's picture");
    if (!status) status = sx_outside_prepare(outside, picture, image, &scratch, err);
    if (!status) {
        to_bytes(outside, image, pixels);
        in.image = image;
        in.pixels = pixels;
        in.class_name = name_of;
        in.names = outside;
        status = sx_inspect(inspector, &in, err);
    }
    sx_resize_scratch_done(&scratch);
    sx_free(image);
    sx_free(pixels);
    return status;
}
