/* Classes by their names: the columns that a CLIP compares images with. Part of study.h. */
#ifndef SX_STUDY_ZERO_SHOT_H
#define SX_STUDY_ZERO_SHOT_H

#include "core/model/model.h"

/* What the columns are made of. Any texts do: byte pairs of a published model, words of a small
 * one. */
typedef struct {
    int prompts; /* texts of each class */
    /* Writes the tokens of a class in a prompt into ids [context of the model], all of them. */
    sx_status (*tokens)(void *user, int class, int prompt, float *ids, sx_error *err);
    void (*progress)(void *user, size_t done, size_t total); /* of texts; NULL: nobody is told */
    void *user;
    sx_pool *pool; /* may be NULL */
} sx_zero_shot;

/* Fills the slice "head.weight" of values laid out like the model's parameters: the vectors of a
 * class's texts, each of length 1, averaged and brought to length 1 again (arXiv 2103.00020,
 * section 3.1.4). The texts go through the text tower a few at a time. */
sx_status sx_zero_shot_fill(const sx_zero_shot *zero_shot, const sx_model *model,
                            sx_parameters *parameters, sx_error *err);

/* The direction of `sum` [embed], vectors of a class's texts added up, as column `class` of head
 * [embed, classes]; zeros stay zeros. */
typedef struct {
    float *head;
    int embed, classes;
} sx_columns;
void sx_columns_put(const sx_columns *columns, int class, const double *sum);

/* What cosines are multiplied with to become logits; 0 of a model that reads no texts. */
double sx_zero_shot_scale(const sx_model *model);

#endif
