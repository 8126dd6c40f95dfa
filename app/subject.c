/* What `inspect` looks into. A run's network is its newest checkpoint's: the parameters that
 * measurements would use, on the data and by the configuration of its folder. */
#include "app/subject.h"
#include "app/commands.h"

#include "core/store/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- a published model ------------------------------------------------------------------------
 */

static sx_status open_published(const sx_arguments *arguments, sx_pool *pool, sx_subject *s,
                                sx_error *err) {
    double next = 0;
    const sx_outside_options options = sx_app_model_options(arguments, pool, &next);
    if (arguments->count != 2)
        return sx_fail(err, SX_USAGE,
                       "inspect needs a model and a picture: sextant inspect MODEL IMAGE");
    sx_status status = sx_outside_open(arguments->rest[0], &options, &s->outside, err);
    if (!status) status = sx_outside_can_classify(&s->outside, err);
    if (!status) status = sx_image_read(arguments->rest[1], &s->picture, err);
    if (status) return status;
    snprintf(s->caption, sizeof s->caption, "%.180s · %.180s", sx_path_name(arguments->rest[0]),
             sx_path_name(arguments->rest[1]));
    s->inspector = sx_inspector_new(&s->outside.model, pool, err);
    return s->inspector ? SX_OK : err->status;
}

/* ---- a run ------------------------------------------------------------------------------------
 */

static sx_status read_network(sx_run_folder *folder, const char *which, sx_subject *s,
                              sx_error *err) {
    sx_config config;
    sx_safetensors file;
    sx_status status = sx_config_new(&config, err);
    if (status) return status;
    status = sx_config_parse(&config, sx_run_name(folder), sx_run_ini(folder), NULL, err);
    if (!status && sx_cells_check_plain(&config, which, err))
        status = sx_fail_within(err, "run %s", sx_run_name(folder));
    if (!status && sx_study_kind_of(&config)->measures_only)
        status = sx_fail(err, SX_BAD_INPUT,
                         "run %s is a measurement and has no network of its own: inspect what it "
                         "measured",
                         sx_run_name(folder));
    if (!status && !(s->data = sx_study_data_new(&config, NULL, err))) status = err->status;
    if (!status && !(s->probe = sx_probe_new(&config, s->data, err))) status = err->status;
    if (!status) status = sx_run_load_checkpoint(folder, &file, err);
    if (!status) {
        status = sx_probe_read(s->probe, &config, &file, err);
        sx_safetensors_done(&file);
    }
    sx_config_done(&config);
    return status;
}

/* The largest square in the middle, as three channels. */
static sx_status cut_square(const sx_image *from, sx_image *out, sx_error *err) {
    int side = from->height < from->width ? from->height : from->width;
    int top = (from->height - side) / 2, left = (from->width - side) / 2;
    sx_status status = sx_image_new(out, side, side, 3, err);
    for (int y = 0; !status && y < side; y++)
        for (int x = 0; x < side; x++)
            for (int c = 0; c < 3; c++) {
                size_t at = (size_t)(top + y) * (size_t)from->width + (size_t)(left + x);
                int channel = from->channels < 3 ? 0 : c;
                out->pixels[((size_t)y * (size_t)side + (size_t)x) * 3 + (size_t)c] =
                    from->pixels[at * (size_t)from->channels + (size_t)channel];
            }
    return status;
}

static sx_status read_picture(const char *path, sx_subject *s, sx_error *err) {
    const sx_resize_rule rule = {SX_RESIZE_BILINEAR, true};
    int size = sx_view_size(s->data->view);
    sx_image square = {0}, sized = {0};
    sx_resize_scratch scratch = {0};
    sx_status status = sx_image_read(path, &s->picture, err);
    if (!status) status = cut_square(&s->picture, &square, err);
    if (!status) status = sx_image_new(&sized, size, size, 3, err);
    if (!status) status = sx_resize(&square, rule, &sized, &scratch, err);
    if (!status) memcpy(s->pixels, sized.pixels, (size_t)size * (size_t)size * 3);
    sx_resize_scratch_done(&scratch);
    sx_image_done(&square);
    sx_image_done(&sized);
    return status;
}

/* An item of the validation images by its number, or a picture. */
static sx_status choose_picture(const char *what, sx_subject *s, sx_error *err) {
    size_t count = sx_source_describe(s->data->source)->counts[SX_SPLIT_VALIDATION];
    int size = sx_view_size(s->data->view);
    double number = 0;
    s->pixels = sx_alloc((size_t)size * (size_t)size, 3);
    if (!s->pixels) return sx_fail(err, SX_NO_MEMORY, "not enough memory for a picture");
    if (!sx_text_number(what, &number)) return read_picture(what, s, err);
    if (number < 0 || number >= (double)count || number != floor(number))
        return sx_fail(err, SX_USAGE, "there is no image %.40s: validation images are 0 to %zu",
                       what, count - 1);
    return sx_view_image(s->data->view, SX_SPLIT_VALIDATION, (size_t)number, s->pixels, err);
}

/* What a file does not say, a run does; nothing that was asked for is passed over in silence. */
static sx_status check_run(const sx_arguments *a, sx_error *err) {
    if (a->count > 2)
        return sx_fail(err, SX_USAGE, "inspect takes one picture: sextant inspect RUN [IMAGE]");
    if (!a->set && !a->prepare && !a->classes && !a->merges && !a->prompts.count &&
        !a->prompts_file)
        return SX_OK;
    return sx_fail(err, SX_USAGE,
                   "--set, --prepare, --classes, --merges and --prompt are about a model's file; "
                   "'%.80s' is a run, which has all of that in its folder",
                   a->rest[0]);
}

static sx_status open_run(const sx_arguments *arguments, sx_subject *s, sx_error *err) {
    const char *what = arguments->count > 1 ? arguments->rest[1] : "0";
    char run[160], shown[160];
    if (check_run(arguments, err)) return err->status;
    sx_run_folder *folder = sx_run_open(arguments->rest[0], false, err);
    if (!folder) return err->status;
    sx_run_caption(folder, run, sizeof run);
    sx_status status = read_network(folder, arguments->rest[0], s, err);
    sx_run_close(folder);
    if (!status) status = choose_picture(what, s, err);
    if (status) return status;
    sx_text_printable(shown, sizeof shown, sx_path_name(what));
    snprintf(s->caption, sizeof s->caption, "%s · %s%s", run, s->picture.pixels ? "" : "image ",
             shown);
    s->inspector = sx_probe_inspector(s->probe, err);
    return s->inspector ? SX_OK : err->status;
}

/* ---- either -----------------------------------------------------------------------------------
 */

sx_status sx_subject_open(const sx_arguments *arguments, sx_pool *pool, sx_subject *out,
                          sx_error *err) {
    *out = (sx_subject){0};
    if (arguments->count < 1)
        return sx_fail(err, SX_USAGE,
                       "inspect needs a model and a picture, or a run: sextant inspect MODEL "
                       "IMAGE, sextant inspect 12");
    const char *what = arguments->rest[0];
    size_t length = strlen(what);
    if (length > 4 && strcmp(what + length - 4, ".ini") == 0)
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.160s' is a study, which has no network before it has run: sextant "
                       "describe says what networks it has, and inspect looks into its run",
                       what);
    out->is_run = sx_run_recognises(what) || !strchr(sx_path_name(what), '.'); /* else a file */
    return out->is_run ? open_run(arguments, out, err) : open_published(arguments, pool, out, err);
}

void sx_subject_done(sx_subject *s) {
    if (!s->is_run) sx_inspector_free(s->inspector);
    if (!s->is_run) sx_outside_done(&s->outside);
    sx_image_done(&s->picture);
    sx_probe_free(s->probe);
    sx_study_data_release(s->data);
    sx_free(s->pixels);
}

sx_status sx_subject_inspect(sx_subject *s, const sx_inspection *inspection, sx_error *err) {
    if (s->is_run) return sx_probe_inspect(s->probe, s->pixels, inspection, err);
    return sx_outside_inspect(&s->outside, s->inspector, &s->picture, inspection, err);
}
