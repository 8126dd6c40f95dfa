/* What a kind of study is to those who drive one; private to core/study. study.h hands each call on
 * to the kind that the configuration names. */
#ifndef SX_STUDY_KIND_H
#define SX_STUDY_KIND_H

#include "core/study/study.h"

/* As the functions of study.h say. */
typedef struct {
    sx_study *(*make)(const sx_config *config, const sx_study_data *data,
                      const sx_study_context *context, sx_error *err);
    void (*end)(sx_study *study);
    sx_status (*advance)(sx_study *study, sx_study_report *out, sx_error *err);
    sx_status (*command)(sx_study *study, const char *name, double value, sx_error *err);
    const char *(*model)(const sx_study *study);
    size_t (*trained_values)(const sx_study *study);
    const sx_parameters *(*parameters)(sx_study *study); /* NULL: there is no one network */
    sx_status (*save)(sx_study *study, sx_study_state *out, sx_error *err);
    sx_status (*load)(sx_study *study, const sx_safetensors *file, sx_error *err);
    /* Puts what follows from the data set into the configuration; NULL: nothing does. */
    sx_status (*resolve)(sx_config *config, const sx_source *source, sx_error *err);
} sx_study_functions;

/* Every kind's own structure begins with this one, which is what a sx_study points to. */
typedef struct {
    const sx_study_functions *kind;
} sx_study_base;

extern const sx_study_functions sx_robustness_kind;  /* study.c */
extern const sx_study_functions sx_set_kind;         /* set_study.c */
extern const sx_study_functions sx_predictions_kind; /* predictions_study.c */
extern const sx_study_functions sx_last_layer_kind;  /* last_layer.c */

/* Of a configuration. */
const sx_study_functions *sx_study_functions_of(const sx_config *config);

#endif
