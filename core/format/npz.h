/* npz, NumPy's archive of arrays: a zip file of npy files, through libzip. */
#ifndef SX_FORMAT_NPZ_H
#define SX_FORMAT_NPZ_H

#include "core/base/base.h"
#include "core/format/npy.h"

/* Inflates member "NAME.npy" of the archive into `out` (end with sx_bytes_done), for the first of
 * `names` [count] that is there; at most `limit` bytes. *out is empty, and SX_OK returned, if none
 * is there. */
sx_status sx_npz_read(const char *path, const char *const *names, size_t count, size_t limit,
                      sx_bytes *out, sx_error *err);

/* An archive whose arrays are read one by one. Opening reads the headers of all; the text of `err`
 * names a member that is none, and *pickle says that PyTorch wrote the archive, with a pickle in
 * it. End with sx_npz_close, which takes NULL. */
typedef struct sx_npz sx_npz;
sx_status sx_npz_open(const char *path, sx_npz **out, bool *pickle, sx_error *err);
void sx_npz_close(sx_npz *file);
size_t sx_npz_count(const sx_npz *file);
const char *sx_npz_name(const sx_npz *file, size_t i); /* without ".npy" */
const sx_npy *sx_npz_facts(const sx_npz *file, size_t i);
/* Reads the values of array `i` (end with sx_bytes_done); their number was checked. */
sx_status sx_npz_values(sx_npz *file, size_t i, sx_bytes *out, sx_error *err);

#endif
