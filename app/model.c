/* Models from outside: `open MODEL` says what a checkpoint is and measures it on a data set,
 * `classify` says what it sees in pictures. */
#include "app/arguments.h"
#include "app/commands.h"

#include "app/export.h"

#include "core/metric/metric.h"
#include "views/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define COLUMNS 80
#define BATCH 16
#define TOP 5
#define QUIET_TEXTS 256 /* most texts that are encoded without a word */
#define ROWS_SHOWN 40   /* classes of the table on the screen; a file has them all */

/* ---- what is a model ---------------------------------------------------------------------------
 */

/* An archive of arrays is a data set if it holds pictures. */
static bool holds_pictures(const char *path) {
    static const char *const names[] = {"images", "x_train", "test_images", "x_test"};
    sx_tensors *file = sx_tensors_open(path, NULL);
    bool found = !file;
    for (size_t i = 0; file && i < sizeof names / sizeof *names; i++)
        found = found || sx_tensors_find(file, names[i]);
    sx_tensors_close(file);
    return found;
}

bool sx_app_is_model(const char *path) {
    static const char *const endings[] = {".safetensors", ".pt", ".pth", ".bin", ".ckpt"};
    const char *dot = strrchr(path, '.');
    if (!dot || !sx_is_file(path)) return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return strcasecmp(dot, ".npz") == 0 && !holds_pictures(path);
}

/* A line every two seconds, which overwrites itself on a terminal. */
static void show_count(double *next, size_t done, size_t total, const char *what) {
    double now = sx_seconds();
    if (now < *next && done < total) return;
    *next = now + 2;
    fprintf(stderr, "%s%zu of %zu %s%s", isatty(STDERR_FILENO) ? "\r" : "", done, total, what,
            isatty(STDERR_FILENO) && done < total ? "" : "\n");
}

/* Few texts are encoded before anybody wonders. */
static void show_texts(void *user, size_t done, size_t total) {
    if (total > QUIET_TEXTS) show_count(user, done, total, "texts of classes");
}

sx_outside_options sx_app_model_options(const sx_arguments *arguments, sx_pool *pool,
                                        double *next) {
    return (sx_outside_options){.settings = arguments->set,
                                .prepare = arguments->prepare,
                                .classes = arguments->classes,
                                .merges = arguments->merges,
                                .prompts = arguments->prompts.words,
                                .prompt_count = arguments->prompts.count,
                                .prompts_file = arguments->prompts_file,
                                .pool = pool,
                                .progress = show_texts,
                                .user = next};
}

sx_pool *sx_app_pool(const sx_arguments *arguments, sx_error *err) {
    int threads = arguments->app.threads;
    return sx_pool_new(threads > 0 ? threads : sx_default_threads(), err);
}

/* ---- measuring --------------------------------------------------------------------------------
 */

static void show_progress(void *user, size_t done, size_t total) {
    show_count(user, done, total, "pictures");
}

static sx_status write_rows(const char *path, const sx_result *items, sx_error *err) {
    sx_text text = {0};
    sx_result_csv(items, &text);
    sx_status status = text.failed ? sx_fail(err, SX_NO_MEMORY, "not enough memory for %s", path)
                                   : sx_file_write(path, text.data, text.size, err);
    sx_text_done(&text);
    return status;
}

static void print_results(sx_result *const results[SX_MEASURED], bool unicode) {
    sx_result *classes = results[SX_MEASURED_CLASSES];
    size_t all = classes->table.rows;
    sx_text text = {0};
    sx_plot_text(results[SX_MEASURED_SUMMARY], COLUMNS, (sx_look){.unicode = unicode}, &text);
    if (all > ROWS_SHOWN) classes->table.rows = ROWS_SHOWN;
    sx_plot_text(classes, COLUMNS, (sx_look){.unicode = unicode}, &text);
    fputs(text.data ? text.data : "", stdout);
    if (all > ROWS_SHOWN) printf("... and %zu classes more\n", all - ROWS_SHOWN);
    sx_text_done(&text);
}

/* The data set that a model is to be measured on. */
static sx_source *open_data(const sx_arguments *arguments, sx_error *err) {
    sx_source *source = sx_source_open(arguments->data, 0, NULL, err);
    if (source && arguments->class_map && sx_source_number(source, arguments->class_map, err)) {
        sx_source_free(source);
        return NULL;
    }
    if (source && sx_source_describe(source)->note[0])
        fprintf(stderr, "sextant: %s\n", sx_source_describe(source)->note);
    return source;
}

static sx_status measure(const sx_arguments *arguments, const sx_outside *outside,
                         const sx_source *source, sx_pool *pool, sx_error *err) {
    sx_result *results[SX_MEASURED] = {NULL};
    double next = 0;
    sx_status status = sx_outside_measure(outside,
                                          &(sx_measurement){.source = source,
                                                            .pool = pool,
                                                            .batch = BATCH,
                                                            .progress = show_progress,
                                                            .user = &next},
                                          results, err);
    if (!status) print_results(results, !arguments->app.ascii && sx_app_unicode());
    if (!status && arguments->rows)
        status = write_rows(arguments->rows, results[SX_MEASURED_ITEMS], err);
    for (int i = 0; i < SX_MEASURED; i++) sx_result_release(results[i]);
    return status;
}

/* How many leading parts, ended by . or /, two names have in common; in characters. */
static size_t common_parts(const char *a, const char *b) {
    size_t common = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '.' || a[i] == '/') common = i + 1;
    return common;
}

/* Parts of a name that the one before did not have, each on a line of its own; returns the last. */
static const char *print_branches(const char *name, const char *before, int *depth) {
    size_t common = common_parts(before, name);
    *depth = 0;
    for (size_t i = 0; i < common; i++) *depth += name[i] == '.' || name[i] == '/';
    for (name += common;; ++*depth) {
        size_t length = strcspn(name, "./");
        if (!name[length]) return name;
        printf("%*s%.*s\n", 2 * *depth, "", (int)length, name);
        name += length + 1;
    }
}

static void print_tree(const sx_result *table) {
    const sx_column *c = table->table.columns;
    const char *before = "";
    printf("%-19s %-4s %-14s %8s %8s %8s  %s\n", "tensor", "type", "shape", "norm", "mean",
           "deviat.", "histogram");
    for (size_t row = 0; row < table->table.rows; row++) {
        int depth;
        const char *leaf = print_branches(c[0].texts[row], before, &depth);
        before = c[0].texts[row];
        printf("%*s%-*s %-4s %-14s %8.3g %8.2g %8.2g |%s|\n", 2 * depth, "",
               depth < 9 ? 19 - 2 * depth : 2, leaf, c[1].texts[row], c[2].texts[row],
               c[4].numbers[row], c[5].numbers[row], c[6].numbers[row], c[9].texts[row]);
    }
}

/* The filters of every convolution, a picture each, into a folder. */
static sx_status write_filters(const char *path, sx_tensors *file, const char *folder,
                               sx_error *err) {
    const sx_export_format *png = sx_export_format_of("png");
    size_t written = 0;
    char count[32];
    sx_status status = sx_directory_make(folder, err);
    for (size_t i = 0; !status && i < sx_tensors_count(file); i++) {
        const sx_tensor_facts *tensor = sx_tensors_at(file, i);
        if (!sx_tensors_is_convolution(tensor)) continue;
        sx_result *filters = sx_tensors_filters(file, tensor, err);
        status =
            filters ? sx_export_write(png, filters, sx_path_name(path), folder, err) : err->status;
        sx_result_release(filters);
        written += !status;
    }
    if (!status)
        printf("%s convolutions' filters are in %s\n", sx_text_count(count, (long long)written),
               folder);
    return status;
}

/* All tensors of the file: a tree, as CSV where rows are asked for, and filters as pictures. */
static sx_status show_tensors(const sx_arguments *arguments, const char *path, sx_error *err) {
    sx_tensors *file = sx_tensors_open(path, err);
    sx_result *table = file ? sx_tensors_table(file, err) : NULL;
    sx_status status = table ? SX_OK : err->status;
    if (table) print_tree(table);
    if (table && arguments->rows && !arguments->data)
        status = write_rows(arguments->rows, table, err);
    if (!status && arguments->filters) status = write_filters(path, file, arguments->filters, err);
    sx_result_release(table);
    sx_tensors_close(file);
    return status;
}

/* A network that no family here makes can still be looked at. */
static bool is_unknown(const char *path) {
    sx_checkpoint checkpoint;
    sx_tensors *file = sx_tensors_open(path, NULL);
    bool unknown = file && sx_checkpoint_recognise(file, &checkpoint, NULL) != SX_OK;
    sx_tensors_close(file);
    return unknown;
}

static sx_status open_with(const sx_arguments *arguments, const char *path, const sx_source *source,
                           sx_pool *pool, sx_error *err) {
    sx_outside outside;
    sx_text text = {0};
    double next = 0;
    sx_outside_options options = sx_app_model_options(arguments, pool, &next);
    if (source) {
        options.names = sx_source_describe(source)->class_names;
        options.name_count = sx_source_describe(source)->classes;
    }
    sx_status status = sx_outside_open(path, &options, &outside, err);
    if (status) return status;
    sx_outside_describe(&outside, &text);
    fputs(text.data ? text.data : "", stdout);
    sx_text_done(&text);
    if (arguments->tensors || arguments->filters) status = show_tensors(arguments, path, err);
    if (!status && source) status = measure(arguments, &outside, source, pool, err);
    if (!status && arguments->out)
        status = sx_checkpoint_write(&outside.model, &outside.checkpoint,
                                     outside.model.parameters.values, arguments->out, err);
    sx_outside_done(&outside);
    return status;
}

static sx_status open_known(const sx_arguments *arguments, const char *path, sx_error *err) {
    sx_pool *pool = sx_app_pool(arguments, err);
    sx_source *source = pool && arguments->data ? open_data(arguments, err) : NULL;
    sx_status status = pool && (source || !arguments->data)
                           ? open_with(arguments, path, source, pool, err)
                           : err->status;
    sx_source_free(source);
    sx_pool_free(pool);
    return status;
}

int sx_app_open_model(const sx_arguments *arguments, const char *path) {
    sx_error err = {0};
    if (open_known(arguments, path, &err) == SX_OK) return SX_EXIT_DONE;
    if (arguments->data || arguments->out || !is_unknown(path)) return sx_app_fail(&err);
    fprintf(stderr, "sextant: %s\n", err.message);
    err = (sx_error){0};
    printf("model       of a family that is not known here; its tensors:\n");
    return show_tensors(arguments, path, &err) ? sx_app_fail(&err) : SX_EXIT_DONE;
}

/* ---- classify ----------------------------------------------------------------------------------
 */

typedef struct {
    sx_outside outside;
    sx_graph *graph;
    sx_run *run;
    float *image, *logits, *shares; /* shares: logits that become probabilities */
    double *probabilities;
} classifier;

static sx_status open_classifier(classifier *c, const char *path, const sx_outside_options *options,
                                 sx_pool *pool, sx_error *err) {
    sx_status status = sx_outside_open(path, options, &c->outside, err);
    if (!status) status = sx_outside_can_classify(&c->outside, err);
    if (status) return status;
    const sx_model *model = &c->outside.model;
    size_t classes = (size_t)model->classes;
    size_t size = (size_t)model->height * (size_t)model->width * (size_t)model->channels;
    c->image = sx_alloc(size, sizeof *c->image);
    c->logits = sx_alloc(classes, sizeof *c->logits);
    c->shares = sx_alloc(classes, sizeof *c->shares);
    c->probabilities = sx_alloc(classes, sizeof *c->probabilities);
    if (!c->image || !c->logits || !c->shares || !c->probabilities)
        return sx_fail(err, SX_NO_MEMORY, "not enough memory to classify");
    if (!(c->graph = sx_model_graph(model, 1, err)) ||
        !(c->run = sx_run_new(c->graph, pool, false, err)))
        return err->status;
    sx_run_hold(c->run, true);
    return SX_OK;
}

static void close_classifier(classifier *c) {
    sx_run_free(c->run);
    sx_graph_free(c->graph);
    sx_free(c->image);
    sx_free(c->logits);
    sx_free(c->shares);
    sx_free(c->probabilities);
    sx_outside_done(&c->outside);
}

/* The largest probabilities, one after the other. Of a CLIP, what they are made of, too: the
 * probability depends on what else could be said, the cosine does not. */
static void print_top(const classifier *c) {
    int classes = c->outside.model.classes;
    double scale = sx_zero_shot_scale(&c->outside.model);
    for (int k = 0; k < TOP && k < classes; k++) {
        char shown[24];
        int best = sx_argmax(c->probabilities, classes);
        printf("  %6.2f %%  ", 100 * c->probabilities[best]);
        if (scale > 0)
            printf("cosine %7.4f  logit %7.3f  ", (double)c->logits[best] / scale,
                   (double)c->logits[best]);
        printf("%s\n", sx_outside_class(&c->outside, best, shown));
        c->probabilities[best] = -1;
    }
}

static sx_status classify(classifier *c, const char *path, sx_error *err) {
    sx_image picture = {0};
    sx_resize_scratch scratch = {0};
    char shown[300];
    const sx_model *model = &c->outside.model;
    sx_status status = sx_image_read(path, &picture, err);
    if (!status) status = sx_outside_prepare(&c->outside, &picture, c->image, &scratch, err);
    if (!status) status = sx_run_predict(c->run, &model->parameters, c->image, 1, c->logits, err);
    sx_image_done(&picture);
    sx_resize_scratch_done(&scratch);
    if (status) return status;
    for (int i = 0; i < model->classes; i++) c->shares[i] = c->logits[i];
    sx_softmax(c->shares, 1, model->classes);
    for (int i = 0; i < model->classes; i++) c->probabilities[i] = (double)c->shares[i];
    sx_text_printable(shown, sizeof shown, path);
    printf("%s\n", shown);
    print_top(c);
    return SX_OK;
}

/* A picture that cannot be read does not keep the others from being classified. */
static sx_status classify_all(classifier *c, char **paths, int count) {
    sx_status worst = SX_OK;
    for (int i = 0; i < count; i++) {
        sx_error err = {0};
        sx_status status = classify(c, paths[i], &err);
        if (!status) continue;
        sx_app_fail(&err);
        worst = status;
    }
    return worst;
}

int sx_command_classify(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    classifier c = {0};
    if (sx_arguments_parse(argc, argv, SX_FOR_MODEL, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("classify", SX_FOR_MODEL);
    if (arguments.count < 2) {
        sx_fail(&err, SX_USAGE,
                "classify needs a model and pictures: sextant classify MODEL IMAGE...");
        return sx_app_fail(&err);
    }
    double next = 0;
    sx_pool *pool = sx_app_pool(&arguments, &err);
    const sx_outside_options options = sx_app_model_options(&arguments, pool, &next);
    sx_status status =
        pool ? open_classifier(&c, arguments.rest[0], &options, pool, &err) : err.status;
    int code = status ? sx_app_fail(&err) : SX_EXIT_DONE;
    if (!status && classify_all(&c, arguments.rest + 1, arguments.count - 1)) code = SX_EXIT_FAILED;
    close_classifier(&c);
    sx_pool_free(pool);
    return code;
}
