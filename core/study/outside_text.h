/* Private to core/study: the texts of a model from outside that reads some (CLIP). */
#ifndef SX_STUDY_OUTSIDE_TEXT_H
#define SX_STUDY_OUTSIDE_TEXT_H

#include "core/study/outside.h"

/* Makes the columns of the classes that the model's owner named; `path` is the model's, beside
 * which merges are looked for. */
sx_status sx_outside_fill_columns(sx_outside *outside, const char *path,
                                  const sx_outside_options *options, sx_error *err);

/* A text file of at most 16 MB, line by line, without what ends a line. */
sx_status sx_outside_each_line(const char *path,
                               sx_status (*take)(void *user, const char *line, sx_error *err),
                               void *user, sx_error *err);

#endif
