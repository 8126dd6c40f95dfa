/* Finds and reads the file of settings. Which settings there are is for the table of flags. */
#include "app/settings.h"

#include <stdio.h>
#include <string.h>

void sx_settings_read(sx_settings *out, char *problem, size_t size) {
    static sx_ini ini; /* values are pointed to until the end */
    char path[SX_PATH_SIZE];
    sx_error err = {0};
    *out = (sx_settings){0};
    if (ini.entries) sx_ini_done(&ini);
    ini = (sx_ini){0};
    if (sx_user_file(path, "sextant.ini", NULL) || !sx_is_file(path)) return;
    if (sx_ini_read(path, &ini, &err)) {
        snprintf(problem, size, "%s", err.message);
        return;
    }
    for (size_t i = 0; i < ini.count; i++)
        if (strcmp(ini.entries[i].section, "sextant") != 0) {
            snprintf(problem, size, "%.160s:%d: settings are in the section [sextant]", path,
                     ini.entries[i].line);
            return;
        }
    *out = (sx_settings){ini.entries, ini.count};
}
