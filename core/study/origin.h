/* What a training can begin with: a published checkpoint, or the network of a run. Part of study.h.
 */
#ifndef SX_STUDY_ORIGIN_H
#define SX_STUDY_ORIGIN_H

#include "core/study/outside.h"

struct sx_config;

typedef struct {
    sx_outside outside; /* the model at its own image size, its classes, how pictures come to it */
    char compose[96], resize[96], mean[96], deviation[96]; /* the same as keys of a study */
} sx_origin;

/* Opens a file of tensors by a study's keys model.settings and model.classes. End with
 * sx_origin_done, also after an error. */
sx_status sx_origin_read_file(const struct sx_config *config, const char *path, sx_origin *out,
                              sx_error *err);
/* The network of a run: its configuration and its checkpoint, as measurements would use it. */
sx_status sx_origin_read_run(const struct sx_config *run, const sx_safetensors *checkpoint,
                             sx_origin *out, sx_error *err);
void sx_origin_done(sx_origin *origin);

/* Puts what follows from the origin into a study's configuration: model.spec always; image size,
 * composition, resizing and normalisation where nobody gave others. */
sx_status sx_origin_resolve(const sx_origin *origin, struct sx_config *config, sx_error *err);

/* Gives `model`, made by such a configuration, the origin's values; its last layer as model.head
 * says, the classes of a kept one being those of the data set. */
sx_status sx_origin_give(const sx_origin *origin, const struct sx_config *config,
                         const sx_source_facts *facts, sx_model *model, sx_error *err);

/* Writes the network of a run as a safetensors file with the names of `naming` (as "timm"; NULL:
 * the first that its family has). */
sx_status sx_origin_export(const sx_origin *origin, const char *naming, const char *path,
                           sx_error *err);

#endif
