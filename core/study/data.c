/* The data of a study, counted, because a screen may show pictures of a study that has ended. */
#include "core/study/study.h"

#include <stdatomic.h>

typedef struct {
    atomic_int owners;
    sx_study_data data;
} counted_data;

static counted_data *counted_of(const sx_study_data *data) {
    return (counted_data *)((char *)(uintptr_t)data - offsetof(counted_data, data));
}

sx_study_data *sx_study_data_new(const sx_config *config, const sx_loading *loading,
                                 sx_error *err) {
    counted_data *c = sx_alloc(1, sizeof *c);
    if (!c) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the data set");
        return NULL;
    }
    atomic_init(&c->owners, 1);
    uint64_t seed = (uint64_t)sx_config_number(config, "run", "seed");
    sx_view_options options = {.size = (int)sx_config_number(config, "data", "image"),
                               .compose = sx_config_text(config, "data", "compose"),
                               .resize = sx_config_text(config, "data", "resize"),
                               .backgrounds = sx_config_text(config, "data", "backgrounds"),
                               .seed = seed,
                               .loading = loading};
    c->data.source = sx_source_open(sx_config_text(config, "data", "source"), seed, loading, err);
    if (c->data.source) c->data.view = sx_view_new(c->data.source, &options, err);
    if (c->data.view) return &c->data;
    sx_study_data_release(&c->data);
    return NULL;
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
    sx_source_free(c->data.source);
    sx_free(c);
}
