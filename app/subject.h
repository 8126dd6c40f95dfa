/* What `inspect` looks into: a published model and a picture, or the network of a run and a picture
 * or an item of its data set. Private to app. */
#ifndef SX_APP_SUBJECT_H
#define SX_APP_SUBJECT_H

#include "app/arguments.h"

#include "core/study/study.h"

typedef struct {
    bool is_run;
    sx_outside outside;      /* of a published model */
    sx_image picture;        /* for it */
    sx_study_data *data;     /* of a run */
    sx_probe *probe;         /* its network */
    uint8_t *pixels;         /* [size, size, 3] */
    sx_inspector *inspector; /* of either */
    char caption[400];
} sx_subject;

/* Opens what the command's words name: MODEL IMAGE, or RUN [IMAGE|INDEX]. End with sx_subject_done,
 * also after an error. */
sx_status sx_subject_open(const sx_arguments *arguments, sx_pool *pool, sx_subject *out,
                          sx_error *err);
void sx_subject_done(sx_subject *subject);

/* As sx_inspect, with the subject's own picture, names and step. */
sx_status sx_subject_inspect(sx_subject *subject, const sx_inspection *inspection, sx_error *err);

#endif
