/* The data of a study, counted, because a screen may show pictures of a study that has ended. */
#include "core/study/kind.h"

#include <stdatomic.h>

typedef struct {
    atomic_int owners;
    sx_study_data data;
} counted_data;

static counted_data *counted_of(const sx_study_data *data) {
    return (counted_data *)((char *)(uintptr_t)data - offsetof(counted_data, data));
}

static uint64_t seed_of(const sx_config *config) {
    return (uint64_t)sx_config_number(config, "run", "seed");
}

/* A part of the training images, where one is asked for. */
static sx_status keep_items(sx_source *source, const sx_config *config, sx_error *err) {
    size_t items = (size_t)sx_config_number(config, "data", "train_items");
    return items ? sx_source_keep(source, items, seed_of(config), err) : SX_OK;
}

/* The data set alone. */
static counted_data *open_source(const sx_config *config, const sx_loading *loading,
                                 sx_error *err) {
    counted_data *c = sx_alloc(1, sizeof *c);
    if (!c) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the data set");
        return NULL;
    }
    atomic_init(&c->owners, 1);
    const char *name = sx_config_text(config, "data", "source");
    const char *map = sx_config_text(config, "data", "class_map");
    c->data.source = sx_source_open(name, seed_of(config), loading, err);
    const char *classes = sx_config_text(config, "data", "classes");
    if (c->data.source && !sx_source_choose(c->data.source, classes, false, err) &&
        !keep_items(c->data.source, config, err) &&
        (!*map || !sx_source_number(c->data.source, map, err)))
        return c;
    sx_source_free(c->data.source);
    sx_free(c);
    return NULL;
}

/* The views of it; an end of the data if one cannot be made. */
static sx_study_data *make_views(counted_data *c, const sx_config *config,
                                 const sx_loading *loading, sx_error *err) {
    sx_view_options options = {.size = (int)sx_config_number(config, "data", "image"),
                               .compose = sx_config_text(config, "data", "compose"),
                               .resize = sx_config_text(config, "data", "resize"),
                               .backgrounds = sx_config_text(config, "data", "backgrounds"),
                               .seed = seed_of(config),
                               .loading = loading};
    int drawn = (int)sx_config_number(config, "data", "draw");
    bool larger = drawn > options.size;
    c->data.view = sx_view_new(c->data.source, &options, err);
    options.size = drawn;
    if (c->data.view && larger) c->data.training = sx_view_new(c->data.source, &options, err);
    if (c->data.view && (!larger || c->data.training)) return &c->data;
    sx_study_data_release(&c->data);
    return NULL;
}

sx_study_data *sx_study_data_new(const sx_config *config, const sx_loading *loading,
                                 sx_error *err) {
    counted_data *c = open_source(config, loading, err);
    return c ? make_views(c, config, loading, err) : NULL;
}

/* Where pictures differ in size the first one speaks for all. */
static sx_status look_up(sx_config *config, const sx_source *source, sx_error *err) {
    const sx_source_facts *facts = sx_source_describe(source);
    const sx_study_functions *kind = sx_study_functions_of(config);
    if (kind->resolve) return kind->resolve(config, source, err);
    sx_recipe_data data = {facts->counts[SX_SPLIT_TRAIN], (double)facts->height * facts->width};
    sx_image first = {0};
    if (data.area <= 0 && data.count > 0 &&
        sx_source_image(source, SX_SPLIT_TRAIN, 0, &first, NULL) == SX_OK)
        data.area = (double)first.height * first.width;
    sx_image_done(&first);
    return sx_recipe_resolve(config, &data, err);
}

sx_study_data *sx_study_data_resolve(sx_config *config, const sx_loading *loading, sx_error *err) {
    counted_data *c = open_source(config, loading, err);
    if (!c) return NULL;
    if (look_up(config, c->data.source, err) == SX_OK) return make_views(c, config, loading, err);
    sx_study_data_release(&c->data);
    return NULL;
}

sx_status sx_study_resolve_alone(sx_config *config, sx_error *err) {
    const sx_study_functions *kind = sx_study_functions_of(config);
    return kind->resolve ? kind->resolve(config, NULL, err) : SX_OK;
}

sx_study_data *sx_study_data_keep(const sx_study_data *data) {
    counted_data *c = counted_of(data);
    atomic_fetch_add_explicit(&c->owners, 1, memory_order_relaxed);
    return &c->data;
}

void sx_study_data_release(const sx_study_data *data) {
    if (!data) return;
    counted_data *c = counted_of(data);
    if (atomic_fetch_sub_explicit(&c->owners, 1, memory_order_acq_rel) != 1) return;
    sx_view_free(c->data.view);
    sx_view_free(c->data.training);
    sx_source_free(c->data.source);
    sx_free(c);
}
