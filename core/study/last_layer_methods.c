/* The list of methods of a study of last layers (last-layer-uncertainty.md, A.2 and D.1): a table
 * of what there is, with the options of each, and the reading of a list. */
#include "core/study/last_layer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define GAMMA(initial)                                                                             \
    {                                                                                              \
        "", "gamma", SX_OPTION_TEXT, initial, 0, 0, "a/b/c",                                       \
            "step size on the mean loss; of several the best on validation is taken"               \
    }
#define COMMON                                                                                     \
    {"", "batch", SX_OPTION_INTEGER, "128", 1, 65536, NULL, "items of a step"},                    \
        {"", "alpha", SX_OPTION_NUMBER, "1", 0, 1e6, NULL, "precision of the prior around 0"}, {   \
        "", "layers", SX_OPTION_INTEGER, "1", 1, SX_HEAD_LAYERS, NULL,                             \
            "that are uncertain: the last one, and before it new ones of its width"                \
    }
#define END                                                                                        \
    { NULL, NULL, 0, NULL, 0, 0, NULL, NULL }

static const sx_option point_options[] = {
    {"", "layers", SX_OPTION_INTEGER, "1", 1, SX_HEAD_LAYERS, NULL, "of the estimate"}, END};
static const sx_option continued_options[] = {
    GAMMA("0.01"),
    {"", "snapshots", SX_OPTION_INTEGER, "30", 1, 100000, NULL, "passes over the features"},
    COMMON,
    END};
static const sx_option walk_options[] = {
    GAMMA("0.01"),
    {"", "snapshots", SX_OPTION_INTEGER, "30", 1, 100000, NULL, "passes over the features"},
    {"", "every", SX_OPTION_INTEGER, "0", 0, 100000000, NULL,
     "steps between two snapshots; 0: one at the end of each pass"},
    {"", "chains", SX_OPTION_INTEGER, "1", 1, 256, NULL, "that walk side by side"},
    COMMON,
    END};
static const sx_option bootstrap_options[] = {
    GAMMA("0.01"),
    {"", "members", SX_OPTION_INTEGER, "10", 1, 1024, NULL, "each with its own draw of items"},
    {"", "epochs", SX_OPTION_INTEGER, "10", 1, 100000, NULL, "passes of each"},
    COMMON,
    END};
static const sx_option dropout_options[] = {
    GAMMA("0.01"),
    {"", "rate", SX_OPTION_NUMBER, "0.1", 0.001, 0.95, NULL, "share of inputs that is dropped"},
    {"", "epochs", SX_OPTION_INTEGER, "20", 1, 100000, NULL, "passes of training with dropout"},
    {"", "passes", SX_OPTION_INTEGER, "100", 1, 100000, NULL, "predictions with dropout"},
    COMMON,
    END};

static const sx_method_kind kinds[SX_LAST_KINDS] = {
    [SX_LAST_POINT] = {"point", "the network as it is", point_options},
    [SX_LAST_TEMPERATURE] = {"temperature",
                             "its logits divided by one number, fitted on validation",
                             point_options},
    [SX_LAST_CONTINUED] = {"continued", "trained on by SGD: the last iterate alone",
                           continued_options},
    [SX_LAST_SGD] = {"sgd", "snapshots of SGD with a constant step", walk_options},
    [SX_LAST_SGLD] = {"sgld", "snapshots of Langevin dynamics: SGD with its noise", walk_options},
    [SX_LAST_BOOTSTRAP] = {"bootstrap", "members trained on, each on its own resample",
                           bootstrap_options},
    [SX_LAST_DROPOUT] = {"dropout", "trained on with dropout, then passes with it on",
                         dropout_options},
};

const sx_method_kind *sx_method_kind_at(int row) {
    return row >= 0 && row < SX_LAST_KINDS ? &kinds[row] : NULL;
}

/* ---- one method --------------------------------------------------------------------------------
 */

static sx_status find_kind(const char *name, sx_last_kind *out, sx_error *err) {
    const char *names[SX_LAST_KINDS];
    for (int k = 0; k < SX_LAST_KINDS; k++) {
        names[k] = kinds[k].name;
        if (strcmp(name, names[k]) != 0) continue;
        *out = (sx_last_kind)k;
        return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT, "unknown method '%s'; did you mean '%s'?", name,
                   sx_nearest_name(name, names, SX_LAST_KINDS));
}

/* "0.1/0.01". */
static sx_status read_steps(const char *text, sx_last_method *out, sx_error *err) {
    for (const char *at = text; at;) {
        const char *slash = strchr(at, '/');
        char number[32];
        snprintf(number, sizeof number, "%.*s", slash ? (int)(slash - at) : 31, at);
        at = slash ? slash + 1 : NULL;
        double *step = &out->steps[out->step_count];
        if (out->step_count >= SX_LAST_GRID || !sx_text_number(number, step) || *step <= 0 ||
            *step > 1000)
            return sx_fail(err, SX_BAD_INPUT,
                           "gamma = %.60s: one number above 0, or up to %d with / between", text,
                           SX_LAST_GRID);
        out->step_count++;
    }
    return SX_OK;
}

static int whole(const sx_spec *spec, const sx_option *table, const char *key, int otherwise) {
    return sx_option_find(table, "", key) ? (int)sx_spec_number(spec, table, key) : otherwise;
}

static double number(const sx_spec *spec, const sx_option *table, const char *key) {
    return sx_option_find(table, "", key) ? sx_spec_number(spec, table, key) : 0;
}

sx_status sx_last_method_read(const char *text, sx_last_method *out, sx_error *err) {
    sx_spec spec;
    *out = (sx_last_method){0};
    sx_text_set(out->spec, sizeof out->spec, text);
    sx_status status = sx_spec_parse(text, &spec, err);
    if (!status) status = find_kind(spec.name, &out->kind, err);
    const sx_option *table = kinds[out->kind].options;
    if (!status) status = sx_spec_check(&spec, table, err);
    if (!status && sx_option_find(table, "", "gamma"))
        status = read_steps(sx_spec_text(&spec, table, "gamma"), out, err);
    if (status) return sx_fail_within(err, "method '%.60s'", text);
    out->layers = whole(&spec, table, "layers", 1);
    out->members = whole(&spec, table, "members", whole(&spec, table, "chains", 1));
    out->epochs = whole(&spec, table, "epochs", whole(&spec, table, "snapshots", 0));
    out->batch = whole(&spec, table, "batch", 0);
    out->passes = whole(&spec, table, "passes", 1);
    out->every = (int64_t)number(&spec, table, "every");
    out->precision = number(&spec, table, "alpha");
    out->rate = number(&spec, table, "rate");
    return SX_OK;
}

bool sx_last_method_same(const sx_last_method *a, const sx_last_method *b) {
    bool same = a->kind == b->kind && a->step_count == b->step_count;
    for (int i = 0; same && i < a->step_count; i++) same = a->steps[i] == b->steps[i];
    return same && a->precision == b->precision && a->rate == b->rate && a->every == b->every &&
           a->layers == b->layers && a->members == b->members && a->epochs == b->epochs &&
           a->batch == b->batch && a->passes == b->passes;
}

/* ---- a list ------------------------------------------------------------------------------------
 */

/* The next method's text: up to a blank outside of brackets. False at the end. */
static bool next_method(const char **at, char out[SX_MODEL_SPEC]) {
    const char *from = *at + strspn(*at, " "), *to = from;
    for (int depth = 0; *to && (depth > 0 || *to != ' '); to++) {
        if (*to == '(') depth++;
        if (*to == ')') depth--;
    }
    *at = to;
    snprintf(out, SX_MODEL_SPEC, "%.*s", (int)(to - from), from);
    return to > from;
}

static const sx_last_method *find_method(const sx_last_list *list, sx_last_kind kind) {
    for (int i = 0; i < list->count; i++)
        if (list->method[i].kind == kind) return &list->method[i];
    return NULL;
}

int sx_last_point(const sx_last_list *list) {
    const sx_last_method *point = find_method(list, SX_LAST_POINT);
    return point ? (int)(point - list->method) : 0;
}

/* As much further training as the first method that walks has, with the same step size. */
static void continue_like(const sx_last_list *list, char *out, size_t size) {
    const sx_last_method *like = find_method(list, SX_LAST_SGD);
    if (!like) like = find_method(list, SX_LAST_SGLD);
    double gamma = like ? like->steps[like->step_count - 1] : 0.01;
    snprintf(out, size, "continued(gamma=%g, snapshots=%d)", gamma, like ? like->epochs : 30);
}

static sx_status put_baselines(sx_last_list *list, sx_error *err) {
    char continued[96];
    continue_like(list, continued, sizeof continued);
    const char *const baselines[] = {"point", "temperature", continued};
    for (int k = SX_LAST_CONTINUED; k >= SX_LAST_POINT; k--) {
        if (find_method(list, (sx_last_kind)k)) continue;
        if (list->count == SX_METHODS)
            return sx_fail(err, SX_BAD_INPUT, "at most %d methods, baselines included", SX_METHODS);
        memmove(list->method + 1, list->method, (size_t)list->count++ * sizeof *list->method);
        sx_status status = sx_last_method_read(baselines[k], &list->method[0], err);
        if (status) return status;
    }
    return SX_OK;
}

sx_status sx_last_methods_read(const char *text, sx_last_list *out, sx_error *err) {
    char spec[SX_MODEL_SPEC];
    *out = (sx_last_list){0};
    for (const char *at = text; next_method(&at, spec);) {
        for (int i = 0; i < out->count; i++)
            if (strcmp(out->method[i].spec, spec) == 0)
                return sx_fail(err, SX_BAD_INPUT, "method '%.60s' is there twice", spec);
        if (out->count == SX_LAST_METHODS)
            return sx_fail(err, SX_BAD_INPUT, "at most %d methods", SX_LAST_METHODS);
        sx_status status = sx_last_method_read(spec, &out->method[out->count++], err);
        if (status) return status;
    }
    return put_baselines(out, err);
}

sx_status sx_last_methods_of(const sx_config *config, char text[SX_LAST_TEXT], sx_last_list *out,
                             sx_error *err) {
    snprintf(text, SX_LAST_TEXT, "%s %s %s", sx_config_text(config, "last_layer", "methods"),
             sx_config_text(config, "last_layer", "more"),
             sx_config_text(config, "last_layer", "deeper"));
    return sx_last_methods_read(text, out, err);
}

/* ---- what follows ------------------------------------------------------------------------------
 */

sx_sampler_options sx_last_sampler_options(const sx_last_method *m, int candidate, uint64_t seed) {
    static const sx_sampling samplings[SX_LAST_KINDS] = {[SX_LAST_CONTINUED] = SX_SAMPLING_SGD,
                                                         [SX_LAST_SGD] = SX_SAMPLING_SGD,
                                                         [SX_LAST_SGLD] = SX_SAMPLING_SGLD,
                                                         [SX_LAST_BOOTSTRAP] =
                                                             SX_SAMPLING_BOOTSTRAP,
                                                         [SX_LAST_DROPOUT] = SX_SAMPLING_DROPOUT};
    return (sx_sampler_options){.sampling = samplings[m->kind],
                                .members = m->members,
                                .step = m->steps[candidate],
                                .precision = m->precision,
                                .rate = m->rate,
                                .batch = m->batch,
                                .epochs = m->epochs,
                                .every = m->every,
                                .seed = seed};
}

int64_t sx_last_method_steps(const sx_last_method *m, size_t rows) {
    if (!m->step_count) return 0;
    int64_t batch = (size_t)m->batch > rows ? (int64_t)rows : m->batch;
    return ((int64_t)rows + batch - 1) / batch * m->epochs * m->step_count;
}
