/* npz, NumPy's archive of arrays: a zip file of npy files, through libzip. */
#ifndef SX_FORMAT_NPZ_H
#define SX_FORMAT_NPZ_H

#include "core/base/base.h"

/* Inflates member "NAME.npy" of the archive into `out` (end with sx_bytes_done), for the first of
 * `names` [count] that is there; at most `limit` bytes. *out is empty, and SX_OK returned, if none
 * is there. */
sx_status sx_npz_read(const char *path, const char *const *names, size_t count, size_t limit,
                      sx_bytes *out, sx_error *err);

#endif
