/* `describe`: what a network costs before anybody trains it, layer by layer and over a whole
 * training, so that the networks of a comparison can be given equal shares. Of a study of several
 * networks, which those are (describe_cells.c). */
#include "app/describe.h"
#include "app/arguments.h"
#include "app/commands.h"

#include "core/store/store.h"
#include "views/plot/plot.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 100

static bool is_ini(const char *word) {
    size_t length = strlen(word);
    return length > 4 && strcmp(word + length - 4, ".ini") == 0;
}

/* A spec does not begin with a digit, as runs in the store do. */
static bool is_run(const char *word) {
    return sx_run_recognises(word) || (*word >= '0' && *word <= '9');
}

static sx_status read_run(const char *which, sx_config *config, sx_error *err) {
    sx_run_folder *run = sx_run_open(which, false, err);
    if (!run) return err->status;
    sx_status status = sx_config_parse(config, sx_run_name(run), sx_run_ini(run), NULL, err);
    sx_run_close(run);
    return status;
}

/* A study file, a run or a spec, and the person's own keys. */
static sx_status read_words(const sx_arguments *arguments, sx_config *config, sx_error *err) {
    const char *first = arguments->rest[0];
    if (is_ini(first) && !sx_is_file(first))
        return sx_fail(err, SX_BAD_INPUT, "there is no study file '%.160s'", first);
    sx_status status = is_ini(first)   ? sx_config_read(config, first, arguments->preset, err)
                       : is_run(first) ? read_run(first, config, err)
                                       : sx_config_put(config, "model", "spec", first, err);
    for (int i = 1; !status && i < arguments->count; i++)
        status = sx_config_override(config, arguments->rest[i], err);
    return status;
}

static double images_of(const sx_config *config) {
    return sx_config_number(config, "train", "steps") * sx_config_number(config, "train", "batch") *
           sx_config_number(config, "train", "accumulate");
}

static sx_status print_layers(const sx_model *model, sx_error *err) {
    sx_graph *graph = sx_model_graph(model, 1, err);
    if (!graph) return err->status;
    sx_text text = {0};
    sx_graph_describe(graph, &text);
    if (text.data) printf("%s\n", text.data);
    sx_text_done(&text);
    sx_graph_free(graph);
    return SX_OK;
}

static sx_status print_cost(const sx_config *config, const sx_described *d, sx_error *err) {
    sx_result *cost = sx_described_cost(d, config, err);
    if (!cost) return err->status;
    sx_text text = {0};
    cost->step = -1;
    sx_plot_text(cost, COLUMNS, (sx_look){.unicode = sx_app_unicode()}, &text);
    if (text.data) fputs(text.data, stdout);
    sx_text_done(&text);
    sx_result_release(cost);
    return SX_OK;
}

static sx_status find_data(const sx_config *config, sx_described_data *data, sx_error *err) {
    const char *from = sx_config_text(config, "data", "source");
    const char *choice = sx_config_text(config, "data", "classes");
    if (data->classes && strcmp(data->source, from) == 0 && strcmp(data->choice, choice) == 0)
        return SX_OK;
    uint64_t seed = (uint64_t)sx_config_number(config, "run", "seed");
    sx_source *source = sx_source_open(from, seed, NULL, err);
    if (!source) return err->status;
    sx_status status = sx_source_choose(source, choice, false, err);
    sx_text_set(data->source, sizeof data->source, from);
    sx_text_set(data->choice, sizeof data->choice, choice);
    sx_text_set(data->name, sizeof data->name, sx_source_describe(source)->name);
    data->classes = status ? 0 : sx_source_describe(source)->classes;
    sx_source_free(source);
    return status;
}

sx_status sx_described_new(const sx_config *config, const char *spec, sx_described_data *data,
                           sx_described *out, sx_error *err) {
    uint64_t seed = (uint64_t)sx_config_number(config, "run", "seed");
    int size = out->image = (int)sx_config_number(config, "data", "image");
    sx_status status = find_data(config, data, err);
    if (!status) status = sx_model_new(spec, size, size, 3, data->classes, seed, &out->model, err);
    if (status) return status;
    status = sx_model_tune(&out->model, sx_config_text(config, "train", "tune"), err);
    if (status) sx_model_done(&out->model);
    return status;
}

void sx_described_done(sx_described *d) {
    sx_model_done(&d->model);
}

sx_result *sx_described_cost(const sx_described *d, const sx_config *config, sx_error *err) {
    return sx_cost_make(&d->model, images_of(config), err);
}

static sx_status describe(const sx_config *config, sx_error *err) {
    sx_cell_facts cell;
    sx_described_data data = {0};
    sx_described d;
    if (sx_cells_describe(config, 0, &cell)) return sx_describe_cells(config, err);
    if (sx_study_kind_of(config)->measures_only)
        return sx_fail(err, SX_BAD_INPUT,
                       "a study of kind %s trains no network: what its models are, sextant open "
                       "MODEL says",
                       sx_study_kind_of(config)->name);
    const char *spec = sx_config_text(config, "model", "spec");
    sx_status status = sx_described_new(config, spec, &data, &d, err);
    if (status) return status;
    printf("%s, %d x %d pixels, %d classes of %s\n\n", d.model.spec, d.image, d.image, data.classes,
           data.name);
    status = print_layers(&d.model, err);
    if (!status) status = print_cost(config, &d, err);
    sx_described_done(&d);
    return status;
}

int sx_command_describe(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    sx_config config;
    sx_status status = sx_arguments_parse(argc, argv, SX_FOR_DESCRIBE, &arguments, &err);
    if (!status && arguments.help) return sx_command_usage("describe", SX_FOR_DESCRIBE);
    if (!status && !arguments.count)
        status =
            sx_fail(&err, SX_USAGE,
                    "describe needs a spec, a study file or a run, for example: sextant describe "
                    "'vit(dim=64, depth=4)' train.steps=2000");
    if (!status) status = sx_config_new(&config, &err);
    if (status) return sx_app_fail(&err);
    status = read_words(&arguments, &config, &err);
    if (!status) status = describe(&config, &err);
    sx_config_done(&config);
    return status ? sx_app_fail(&err) : SX_EXIT_DONE;
}
