/* Results as files: the table of formats. Private to app. */
#ifndef SX_APP_EXPORT_H
#define SX_APP_EXPORT_H

#include "core/result/result.h"

#define SX_EXPORT_FORMATS "csv|json|svg|png|text|ansi"

/* The format that is no result's: the network of a run. */
#define SX_EXPORT_NETWORK "safetensors"

/* Writes it with the tensors' names of `naming` (NULL: the first that its family has) into the file
 * or folder `out`, NULL: the run's. app/network.c */
sx_status sx_export_network(const char *run, const char *naming, const char *out, sx_error *err);

typedef struct {
    const char *name, *ending;
    bool picture; /* of plots only */
    sx_status (*render)(const sx_result *result, const char *caption, sx_text *out, sx_error *err);
} sx_export_format;

/* NULL if there is none of that name. */
const sx_export_format *sx_export_format_of(const char *name);

/* Appends the result; or writes it as NAME.ENDING into a folder that is there. */
sx_status sx_export_render(const sx_export_format *format, const sx_result *result,
                           const char *caption, sx_text *out, sx_error *err);
sx_status sx_export_write(const sx_export_format *format, const sx_result *result,
                          const char *caption, const char *directory, sx_error *err);

#endif
