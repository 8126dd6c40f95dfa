/* What `describe` shares between one network and a study of several. */
#ifndef SX_APP_DESCRIBE_H
#define SX_APP_DESCRIBE_H

#include "core/study/study.h"

/* The data set of a configuration, which says how many classes there are. Start with {0}. */
typedef struct {
    char source[256], choice[256]; /* data.source and data.classes that it was opened by */
    char name[64];
    int classes;
} sx_described_data;

/* The network of a plain run, with values of its seed. */
typedef struct {
    sx_model model;
    int image;
} sx_described;

/* `spec` is that of the network. The data set is opened unless `data` tells of it already. After an
 * error `out` needs no end. */
sx_status sx_described_new(const sx_config *config, const char *spec, sx_described_data *data,
                           sx_described *out, sx_error *err);
void sx_described_done(sx_described *d);
/* "model-cost" of its training. Returns owned; NULL with `err` filled. */
sx_result *sx_described_cost(const sx_described *d, const sx_config *config, sx_error *err);

/* Prints a study's cells, with presets, what each begins with, its cost and model; then its claims.
 */
sx_status sx_describe_cells(const sx_config *config, sx_error *err);

#endif
