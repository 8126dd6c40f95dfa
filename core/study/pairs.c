/* What a study does for a model that reads texts, too: captions of its data set for training, and,
 * for everything that measures, the columns that pictures are compared with. A class's column is
 * the mean of the vectors of its captions in every wording, brought to length 1 (arXiv 2103.00020,
 * section 3.1.4). Columns belong to a step: they are made when somebody measures, so that training
 * costs no more, and are a function of the parameters alone. */
#include "core/study/internal.h"

#include <math.h>
#include <string.h>

#define MOST_SCALE 100 /* that logits are of cosines: the operator's limit */

/* Whether a training picture may not be what the view says of its item. */
static bool changes_images(const sx_study *s) {
    const sx_config *c = s->config;
    return s->data->training || sx_config_text(c, "train", "flip")[0] == 'y' ||
           sx_config_number(c, "train", "shift") > 0 || sx_config_text(c, "train", "augment")[0];
}

static sx_status check_room(const sx_text_facts *model, const sx_captions_facts *captions,
                            sx_error *err) {
    if (captions->vocabulary > model->vocabulary)
        return sx_fail(err, SX_BAD_INPUT,
                       "captions of this data set have %d different tokens, and the model knows "
                       "%d: say vocabulary=%d in model.spec",
                       captions->vocabulary, model->vocabulary, captions->vocabulary);
    if (captions->longest > model->context)
        return sx_fail(err, SX_BAD_INPUT,
                       "captions of this data set have up to %d tokens, and the model reads %d: "
                       "say context=%d in model.spec",
                       captions->longest, model->context, captions->longest);
    return SX_OK;
}

/* Token ids of all classes in all wordings, class by class. */
static void write_texts(sx_pairs *p, int classes) {
    for (int i = 0; i < classes * p->templates; i++) {
        char text[SX_CAPTION];
        sx_caption_class(p->captions, i / p->templates, i % p->templates, text);
        sx_caption_ids(p->captions, text, p->facts.context,
                       p->ids + (ptrdiff_t)i * p->facts.context);
    }
}

static sx_status make_texts(sx_study *s, sx_error *err) {
    sx_pairs *p = &s->pairs;
    size_t texts = (size_t)s->classes * (size_t)p->templates;
    p->ids = sx_alloc(texts * (size_t)p->facts.context, sizeof *p->ids);
    p->vectors = sx_alloc((size_t)p->templates * (size_t)p->facts.embed, sizeof *p->vectors);
    p->sum = sx_alloc((size_t)p->facts.embed, sizeof *p->sum);
    if (!p->ids || !p->vectors || !p->sum) return sx_study_no_memory(err);
    write_texts(p, s->classes);
    p->graph = sx_model_text_graph(&s->model, p->templates, err);
    if (p->graph) p->run = sx_run_new(p->graph, s->context.pool, false, err);
    return p->run ? SX_OK : SX_NO_MEMORY;
}

sx_status sx_pairs_prepare(sx_study *s, sx_error *err) {
    sx_pairs *p = &s->pairs;
    p->step = -1;
    if (!sx_model_text(&s->model, &p->facts)) return SX_OK;
    p->captions = sx_captions_new(s->data->view, !changes_images(s), err);
    if (!p->captions) return SX_NO_MEMORY;
    sx_captions_facts captions = sx_captions_describe(p->captions);
    p->templates = captions.templates;
    sx_status status = check_room(&p->facts, &captions, err);
    return status ? status : make_texts(s, err);
}

void sx_pairs_done(sx_pairs *p) {
    sx_run_free(p->run);
    sx_graph_free(p->graph);
    sx_captions_free(p->captions);
    sx_free(p->ids);
    sx_free(p->vectors);
    sx_free(p->sum);
}

/* The wordings of a class, whose vectors are in p->vectors, as its column. */
static void write_column(const sx_pairs *p, const sx_columns *columns, int class) {
    for (int e = 0; e < columns->embed; e++) {
        p->sum[e] = 0;
        for (int t = 0; t < p->templates; t++)
            p->sum[e] += (double)p->vectors[t * columns->embed + e];
    }
    sx_columns_put(columns, class, p->sum);
}

static float *slice_of(const sx_parameters *parameters, const char *name) {
    return parameters->values + sx_parameters_find(parameters, name)->offset;
}

void sx_pairs_refresh(sx_study *s) {
    sx_pairs *p = &s->pairs;
    int64_t step = sx_trainer_steps_done(s->trainer);
    if (!p->run || p->step == step) return;
    const sx_parameters *average = sx_trainer_average(s->trainer);
    const sx_parameters *measured = average ? average : &s->model.parameters;
    const sx_columns columns = {slice_of(&s->model.parameters, "head.weight"), p->facts.embed,
                                s->classes};
    for (int class = 0; class < s->classes; class ++) {
        ptrdiff_t first = (ptrdiff_t) class * p->templates * p->facts.context;
        sx_run_targets(p->run, p->ids + first);
        /* nothing can fail: the run is the model's, and nobody stops it */
        sx_run_predict(p->run, measured, NULL, p->templates, p->vectors, NULL);
        write_column(p, &columns, class);
    }
    double weight = (double)*slice_of(measured, "scale.weight");
    p->scale = exp(fmin(weight, log(MOST_SCALE)));
    p->step = step;
}
