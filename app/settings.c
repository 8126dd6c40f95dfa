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

/* ---- keeping ----------------------------------------------------------------------------------
 */

#define SECTION "[sextant]"

/* True if the line gives `name` a value. */
static bool gives(const char *line, const char *name) {
    line += strspn(line, " \t");
    size_t length = strlen(name);
    if (strncmp(line, name, length) != 0) return false;
    line += length;
    return line[strspn(line, " \t")] == '=';
}

/* The lines of `text` with the one that gives `name` replaced, or a new one below the section. */
static void rewrite(char *text, const char *name, const char *value, sx_text *out) {
    bool kept = false;
    for (char *line = text, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next) *next++ = 0;
        bool section = strncmp(line + strspn(line, " \t"), SECTION, strlen(SECTION)) == 0;
        if (gives(line, name)) {
            if (!kept) sx_text_add(out, "%s = %s\n", name, value);
            kept = true;
            continue;
        }
        sx_text_add(out, "%s\n", line);
        if (section && !kept && !strstr(next, name)) {
            sx_text_add(out, "%s = %s\n", name, value);
            kept = true;
        }
    }
    if (!kept && !strstr(out->data ? out->data : "", SECTION)) sx_text_add(out, SECTION "\n");
    if (!kept) sx_text_add(out, "%s = %s\n", name, value);
}

sx_status sx_settings_keep(const char *name, const char *value, char *path, sx_error *err) {
    char folder[SX_PATH_SIZE];
    sx_bytes file = {0};
    sx_text out = {0};
    static char none[] = "";
    sx_status status = sx_user_file(folder, ".", err);
    if (!status) status = sx_user_file(path, "sextant.ini", err);
    if (!status) status = sx_directory_make(folder, err);
    if (!status && sx_is_file(path)) status = sx_file_read(path, 1 << 16, &file, err);
    if (status) return status;
    rewrite(file.data ? (char *)file.data : none, name, value, &out);
    status = out.failed ? sx_fail(err, SX_NO_MEMORY, "no memory for the settings")
                        : sx_file_write(path, out.data, out.size, err);
    sx_text_done(&out);
    sx_bytes_done(&file);
    return status;
}
