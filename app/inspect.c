/* `inspect MODEL IMAGE` and `inspect RUN [IMAGE|INDEX]`: what happens inside a network while it
 * sees a picture, as text or as files. */
#include "app/arguments.h"
#include "app/commands.h"
#include "app/export.h"
#include "app/subject.h"

#include "views/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 80

typedef struct {
    sx_result **results;
    size_t count, capacity;
} collection;

static void collect(void *user, sx_result *result) {
    collection *c = user;
    if (sx_grow((void **)&c->results, &c->capacity, c->count + 1, sizeof *c->results))
        c->results[c->count++] = result;
    else
        sx_result_release(result);
}

static void release(collection *c) {
    for (size_t i = 0; i < c->count; i++) sx_result_release(c->results[i]);
    sx_free(c->results);
}

static const sx_result *find(const collection *c, const char *name) {
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->results[i]->name, name) == 0) return c->results[i];
    return NULL;
}

/* Maps over the picture are pictures of their own, beside the numbers of the maps. */
static void collect_overlays(collection *c) {
    static const char *const maps[] = {"occlusion", "gradient-input", "rollout"};
    const sx_result *picture = find(c, "picture");
    for (size_t i = 0; picture && i < sizeof maps / sizeof *maps; i++) {
        const sx_result *map = find(c, maps[i]);
        sx_result *overlay = map ? sx_plot_overlay(picture, map) : NULL;
        if (overlay) collect(c, overlay);
    }
}

/* What is too large or too much for a terminal's lines. */
static bool is_for_files(const sx_result *result) {
    static const char *const names[] = {
        "positions",   "head",        "weights",     "filters",     "gradient-input",
        "attention-0", "attention-1", "attention-2", "attention-3", "attention-4"};
    if (result->kind == SX_RESULT_IMAGES) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(result->name, names[i], strlen(names[i])) == 0) return true;
    return false;
}

/* The results that --only chooses, or all. */
static bool is_wanted(const sx_arguments *arguments, const sx_result *result, bool as_text) {
    if (arguments->only) return strcmp(result->name, arguments->only) == 0;
    return !as_text || !is_for_files(result);
}

static sx_status check_only(const sx_arguments *arguments, const collection *c, sx_error *err) {
    if (!arguments->only || find(c, arguments->only)) return SX_OK;
    const char **names = sx_alloc(c->count + 1, sizeof(*names));
    if (!names) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the results' names");
    for (size_t i = 0; i < c->count; i++) names[i] = c->results[i]->name;
    sx_status status = sx_fail(err, SX_BAD_INPUT, "there is no result '%.60s'; did you mean '%s'?",
                               arguments->only, sx_nearest_name(arguments->only, names, c->count));
    sx_free(names);
    return status;
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

/* Names every file; tables have no picture, and say so if one was asked for. */
static sx_status write_files(const sx_arguments *arguments, const collection *c,
                             const char *caption, sx_error *err) {
    const sx_export_format *format =
        sx_export_format_of(arguments->format ? arguments->format : "csv");
    sx_status status = sx_directory_make(arguments->out, err);
    for (size_t i = 0; !status && i < c->count; i++) {
        const sx_result *result = c->results[i];
        if (!is_wanted(arguments, result, false)) continue;
        bool fits = !format->picture || sx_plot_is_picture(result);
        if (!fits && arguments->only)
            return sx_fail(err, SX_BAD_INPUT, "'%.60s' is a table and no picture; export it as csv",
                           arguments->only);
        if (!fits) continue;
        status = sx_export_write(format, result, caption, arguments->out, err);
        if (!status) printf("%s/%s.%s\n", arguments->out, result->name, format->ending);
    }
    return status;
}

/* Before anything is computed. */
static sx_status check_format(const sx_arguments *arguments, sx_error *err) {
    if (!arguments->format) return SX_OK;
    if (!sx_export_format_of(arguments->format))
        return sx_fail(err, SX_USAGE, "--format %.40s: must be one of " SX_EXPORT_FORMATS,
                       arguments->format);
    if (arguments->out) return SX_OK;
    return sx_fail(err, SX_USAGE, "--format is of files: say where they go with --out DIR");
}

typedef struct {
    const char *flag, *text;
    int least, *out;
} whole;

/* A whole number of the command line; without one `*out` stays. */
static sx_status read_whole(whole w, sx_error *err) {
    double value = 0;
    if (!w.text) return SX_OK;
    if (!sx_text_number(w.text, &value) || value < w.least || value > 1e6 || value != (int)value)
        return sx_fail(err, SX_USAGE, "--%s %.40s: must be a whole number from %d", w.flag, w.text,
                       w.least);
    *w.out = (int)value;
    return SX_OK;
}

/* The layer that is selected: by its name, or the first convolution. */
static sx_status choose_layer(const sx_subject *subject, const char *name, int *out,
                              sx_error *err) {
    *out = name ? sx_inspector_layer(subject->inspector, name)
                : sx_inspector_first_convolution(subject->inspector);
    if (!name || *out >= 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "there is no layer '%.60s'; the table of layers (--only layers) has their names",
                   name);
}

static sx_status inspect(const sx_arguments *arguments, sx_subject *subject, sx_error *err) {
    collection c = {.count = 0};
    sx_inspection in = {
        .parts = SX_INSIDE_ALL, .class = -1, .step = -1, .publish = collect, .user = &c};
    sx_status status = read_whole((whole){"patch", arguments->patch, 1, &in.query}, err);
    if (!status) status = read_whole((whole){"block", arguments->block, 1, &in.block}, err);
    if (!status) status = read_whole((whole){"class", arguments->class, 0, &in.class}, err);
    if (!status) status = choose_layer(subject, arguments->layer, &in.layer, err);
    if (!status) status = sx_subject_inspect(subject, &in, err);
    if (!status) collect_overlays(&c);
    if (!status) status = check_only(arguments, &c, err);
    if (!status && arguments->out)
        status = write_files(arguments, &c, subject->caption, err);
    else if (!status)
        print(arguments, &c);
    release(&c);
    return status;
}

int sx_command_inspect(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    sx_subject subject = {0};
    if (sx_arguments_parse(argc, argv, SX_FOR_MODEL | SX_FOR_INSPECT, &arguments, &err))
        return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("inspect", SX_FOR_MODEL | SX_FOR_INSPECT);
    if (check_format(&arguments, &err)) return sx_app_fail(&err);
    sx_pool *pool = sx_app_pool(&arguments, &err);
    sx_status status = pool ? sx_subject_open(&arguments, pool, &subject, &err) : err.status;
    if (!status) status = inspect(&arguments, &subject, &err);
    sx_subject_done(&subject);
    sx_pool_free(pool);
    return status ? sx_app_fail(&err) : SX_EXIT_DONE;
}
