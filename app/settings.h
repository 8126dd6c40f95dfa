/* Settings that are kept: $XDG_CONFIG_HOME/sextant/sextant.ini (~/.config/sextant/sextant.ini). */
#ifndef SX_APP_SETTINGS_H
#define SX_APP_SETTINGS_H

#include "core/format/format.h"

/* Reads the file into `out`, whose entries are good until the program ends: all of them are in the
 * section [sextant]. No file: nothing. What cannot be used is left out and told in `problem`
 * [size], with its line: a program must start in spite of its settings. */
typedef struct {
    const sx_ini_entry *entries;
    size_t count;
} sx_settings;
void sx_settings_read(sx_settings *out, char *problem, size_t size);

/* Keeps a setting for next time; all other lines of the file stay as they are. The file's path into
 * path [SX_PATH_SIZE]. */
sx_status sx_settings_keep(const char *name, const char *value, char *path, sx_error *err);

#endif
