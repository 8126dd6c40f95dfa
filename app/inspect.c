/* `inspect MODEL IMAGE`: what happens inside a model while it sees a picture, as text or as files.
 */
#include "app/arguments.h"
#include "app/commands.h"
#include "app/export.h"

#include "views/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 80
#define RESULTS_LIMIT 64 /* 48 blocks and the others */

typedef struct {
    sx_result *results[RESULTS_LIMIT];
    size_t count;
} collection;

static void collect(void *user, sx_result *result) {
    collection *c = user;
    if (c->count < RESULTS_LIMIT)
        c->results[c->count++] = result;
    else
        sx_result_release(result);
}

/* The results that --only chooses, or all; on paper the large maps are too large. */
static bool is_wanted(const sx_arguments *arguments, const sx_result *result, bool as_text) {
    if (arguments->only) return strcmp(result->name, arguments->only) == 0;
    return !as_text ||
           (strcmp(result->name, "positions") != 0 &&
            strncmp(result->name, "attention-0", 11) != 0 &&
            strncmp(result->name, "attention-1", 11) != 0 && strcmp(result->name, "heads") != 0);
}

static sx_status check_only(const sx_arguments *arguments, const collection *c, sx_error *err) {
    const char *names[RESULTS_LIMIT];
    for (size_t i = 0; i < c->count; i++) {
        names[i] = c->results[i]->name;
        if (!arguments->only || strcmp(names[i], arguments->only) == 0) return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT, "there is no result '%.60s'; did you mean '%s'?",
                   arguments->only, sx_nearest_name(arguments->only, names, c->count));
}

/* All of them, in 80 columns; what is computed in one go with the next has no values of its own. */
static void print_layers(const sx_result *layers) {
    const sx_column *c = layers->table.columns;
    char parameters[32];
    printf("%-20s %-12s %11s %5s %9s %9s %5s\n", "layer", "shape", "parameters", "time", "mean",
           "deviation", "zeros");
    for (size_t i = 0; i < layers->table.rows; i++) {
        printf("%-20.20s %-12.12s %11s", c[0].texts[i], c[2].texts[i],
               sx_text_count(parameters, (long long)c[3].numbers[i]));
        if (isnan(c[5].numbers[i]))
            printf("\n");
        else
            printf(" %3.0f %% %9.3g %9.3g %3.0f %%\n", 100 * c[5].numbers[i], c[6].numbers[i],
                   c[7].numbers[i], 100 * c[8].numbers[i]);
    }
    printf("\n");
}

static void print(const sx_arguments *arguments, const collection *c) {
    sx_text text = {0};
    const sx_look look = {.unicode = !arguments->app.ascii && sx_app_unicode()};
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->results[i]->name, "layers") == 0 && !arguments->only)
            print_layers(c->results[i]);
        else if (is_wanted(arguments, c->results[i], true))
            sx_plot_text(c->results[i], COLUMNS, look, &text);
    if (text.data) fwrite(text.data, 1, text.size, stdout);
    sx_text_done(&text);
}

static sx_status write_files(const sx_arguments *arguments, const collection *c,
                             const char *caption, sx_error *err) {
    const sx_export_format *format =
        sx_export_format_of(arguments->format ? arguments->format : "csv");
    if (!format)
        return sx_fail(err, SX_USAGE, "--format %.40s: must be one of " SX_EXPORT_FORMATS,
                       arguments->format);
    sx_status status = sx_directory_make(arguments->out, err);
    for (size_t i = 0; !status && i < c->count; i++) {
        bool fits = !format->picture || sx_plot_is_picture(c->results[i]);
        if (fits && is_wanted(arguments, c->results[i], false))
            status = sx_export_write(format, c->results[i], caption, arguments->out, err);
    }
    return status;
}

static sx_status show(const sx_arguments *arguments, const collection *c, sx_error *err) {
    char caption[300];
    sx_status status = check_only(arguments, c, err);
    snprintf(caption, sizeof caption, "%.140s · %.140s", sx_path_name(arguments->rest[0]),
             sx_path_name(arguments->rest[1]));
    if (status) return status;
    if (arguments->out) return write_files(arguments, c, caption, err);
    print(arguments, c);
    return SX_OK;
}

static sx_status inspect(const sx_arguments *arguments, sx_outside *outside, sx_pool *pool,
                         sx_error *err) {
    sx_image picture;
    collection c = {.count = 0};
    sx_status status = sx_image_read(arguments->rest[1], &picture, err);
    if (status) return status;
    double patch = 0;
    if (arguments->patch && (!sx_text_number(arguments->patch, &patch) || patch != (int)patch))
        status = sx_fail(err, SX_USAGE, "--patch %.40s: must be a whole number", arguments->patch);
    if (!status)
        status = sx_outside_inspect(outside,
                                    &(sx_inspection){.picture = &picture,
                                                     .query = (int)patch,
                                                     .pool = pool,
                                                     .publish = collect,
                                                     .user = &c},
                                    err);
    if (!status) status = show(arguments, &c, err);
    for (size_t i = 0; i < c.count; i++) sx_result_release(c.results[i]);
    sx_image_done(&picture);
    return status;
}

int sx_command_inspect(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    sx_outside outside = {0};
    if (sx_arguments_parse(argc, argv, SX_FOR_MODEL | SX_FOR_INSPECT, &arguments, &err))
        return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("inspect", SX_FOR_MODEL | SX_FOR_INSPECT);
    if (arguments.count != 2) {
        sx_fail(&err, SX_USAGE, "inspect needs a model and a picture: sextant inspect MODEL IMAGE");
        return sx_app_fail(&err);
    }
    double next = 0;
    sx_pool *pool = sx_app_pool(&arguments, &err);
    const sx_outside_options options = sx_app_model_options(&arguments, pool, &next);
    sx_status status =
        pool ? sx_outside_open(arguments.rest[0], &options, &outside, &err) : err.status;
    if (!status) status = sx_outside_can_classify(&outside, &err);
    if (!status) status = inspect(&arguments, &outside, pool, &err);
    sx_pool_free(pool);
    sx_outside_done(&outside);
    return status ? sx_app_fail(&err) : SX_EXIT_DONE;
}
