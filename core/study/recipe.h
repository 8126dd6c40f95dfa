/* Recipes: published ways of fine-tuning, which set the keys of a study that nobody gave, by the
 * size of the data set. Part of study.h. */
#ifndef SX_STUDY_RECIPE_H
#define SX_STUDY_RECIPE_H

#include "core/data/data.h"

struct sx_config;

/* A row of the table; NULL past the end. */
typedef struct {
    const char *name, *help;
    const sx_option *options;
} sx_recipe_kind;
const sx_recipe_kind *sx_recipe_at(int row);
sx_status sx_recipe_check(const char *spec, sx_error *err);

/* What a recipe looks at. */
typedef struct {
    size_t count; /* training images */
    double area;  /* pixels of a picture as it is in the data set */
} sx_recipe_data;

/* Sets what train.recipe says of keys that nobody gave. */
sx_status sx_recipe_resolve(struct sx_config *config, const sx_recipe_data *data, sx_error *err);

/* What of these keys a recipe has set, as one line. */
void sx_recipe_describe(const struct sx_config *config, sx_text *out);

#endif
