/* `describe`: what a network costs before anybody trains it, layer by layer and over a whole
 * training, so that the networks of a comparison can be given equal shares. */
#include "app/arguments.h"
#include "app/commands.h"

#include "views/plot/plot.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 100

static bool is_ini(const char *word) {
    size_t length = strlen(word);
    return length > 4 && strcmp(word + length - 4, ".ini") == 0;
}

/* A study file, or a spec, and the person's own keys. */
static sx_status read_words(const sx_arguments *arguments, sx_config *config, sx_error *err) {
    const char *first = arguments->rest[0];
    if (is_ini(first) && !sx_is_file(first))
        return sx_fail(err, SX_BAD_INPUT, "there is no study file '%.160s'", first);
    sx_status status = is_ini(first) ? sx_config_read(config, first, arguments->preset, err)
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

static sx_status print_cost(const sx_config *config, const sx_model *model, sx_error *err) {
    sx_result *cost = sx_cost_make(model, images_of(config), err);
    if (!cost) return err->status;
    sx_text text = {0};
    cost->step = -1;
    sx_plot_text(cost, COLUMNS, (sx_look){.unicode = sx_app_unicode()}, &text);
    if (text.data) fputs(text.data, stdout);
    sx_text_done(&text);
    sx_result_release(cost);
    return SX_OK;
}

/* The data set is opened for its number of classes. */
static sx_status describe(const sx_config *config, sx_error *err) {
    uint64_t seed = (uint64_t)sx_config_number(config, "run", "seed");
    int size = (int)sx_config_number(config, "data", "image");
    sx_source *source = sx_source_open(sx_config_text(config, "data", "source"), seed, NULL, err);
    if (!source) return err->status;
    const sx_source_facts *facts = sx_source_describe(source);
    sx_model model;
    sx_status status = sx_model_new(sx_config_text(config, "model", "spec"), size, size, 3,
                                    facts->classes, seed, &model, err);
    if (!status) {
        printf("%s, %d x %d pixels, %d classes of %s\n\n", model.spec, size, size, facts->classes,
               facts->name);
        status = sx_model_tune(&model, sx_config_text(config, "train", "tune"), err);
        if (!status) status = print_layers(&model, err);
        if (!status) status = print_cost(config, &model, err);
        sx_model_done(&model);
    }
    sx_source_free(source);
    return status;
}

int sx_command_describe(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    sx_config config;
    sx_status status = sx_arguments_parse(argc, argv, SX_FOR_DESCRIBE, &arguments, &err);
    if (!status && arguments.help) return sx_command_usage("describe", SX_FOR_DESCRIBE);
    if (!status && !arguments.count)
        status = sx_fail(&err, SX_USAGE,
                         "describe needs a spec or a study file, for example: sextant describe "
                         "'vit(dim=64, depth=4)' train.steps=2000");
    if (!status) status = sx_config_new(&config, &err);
    if (status) return sx_app_fail(&err);
    status = read_words(&arguments, &config, &err);
    if (!status) status = describe(&config, &err);
    sx_config_done(&config);
    return status ? sx_app_fail(&err) : SX_EXIT_DONE;
}
