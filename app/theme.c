/* Reads a theme file into the table that the canvas draws with. */
#include "app/theme.h"

#include "core/format/format.h"

#include <stdio.h>
#include <string.h>

/* One of the two sections with colours. */
typedef struct {
    const char *section;
    int low, high;               /* of an entry */
    int *roles;                  /* [SX_ROLES] */
    uint8_t *ramp, *signed_ramp; /* [SX_RAMP_STEPS] */
} palette;

static sx_status wrong(const char *path, const sx_ini_entry *entry, const char *what,
                       sx_error *err) {
    char shown[64];
    sx_text_printable(shown, sizeof shown, entry->value);
    return sx_fail(err, SX_BAD_INPUT, "%.200s:%d: %.40s = %s: %s", path, entry->line, entry->key,
                   shown, what);
}

static bool is_entry(const palette *p, double number) {
    return number >= p->low && number <= p->high && number == (int)number;
}

static sx_status take_ramp(const char *path, const sx_ini_entry *entry, const palette *p,
                           uint8_t *ramp, sx_error *err) {
    char what[80];
    const char *at = entry->value;
    snprintf(what, sizeof what, "wants %d entries of the palette from %d to %d", SX_RAMP_STEPS,
             p->low, p->high);
    for (int step = 0; step < SX_RAMP_STEPS; step++) {
        int number, length = 0;
        if (sscanf(at, "%d%n", &number, &length) != 1 || !is_entry(p, number))
            return wrong(path, entry, what, err);
        ramp[step] = (uint8_t)number;
        at += length;
    }
    return at[strspn(at, " \t")] ? wrong(path, entry, what, err) : SX_OK;
}

static sx_status take_role(const char *path, const sx_ini_entry *entry, const palette *p,
                           sx_error *err) {
    const char *names[SX_ROLES];
    char what[80];
    double number;
    for (int role = 0; role < SX_ROLES; role++) {
        names[role] = sx_role_name((sx_role)role);
        if (strcmp(entry->key, names[role]) != 0) continue;
        snprintf(what, sizeof what, "wants a colour from %d to %d, or default", p->low, p->high);
        if (strcmp(entry->value, "default") == 0)
            p->roles[role] = -1;
        else if (sx_text_number(entry->value, &number) && is_entry(p, number))
            p->roles[role] = (int)number;
        else
            return wrong(path, entry, what, err);
        return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT, "%.200s:%d: there is no role '%.40s'; did you mean '%s'?",
                   path, entry->line, entry->key, sx_nearest_name(entry->key, names, SX_ROLES));
}

static sx_status take(const char *path, const sx_ini_entry *entry, sx_theme *theme, sx_error *err) {
    const palette palettes[] = {
        {"colours", 16, 255, theme->of_256, theme->ramp_256, theme->signed_256},
        {"colours-8", 0, 7, theme->of_8, theme->ramp_8, theme->signed_8}};
    for (int i = 0; i < 2; i++) {
        if (strcmp(entry->section, palettes[i].section) != 0) continue;
        const palette *p = &palettes[i];
        if (strcmp(entry->key, "ramp") == 0) return take_ramp(path, entry, p, p->ramp, err);
        if (strcmp(entry->key, "signed-ramp") == 0)
            return take_ramp(path, entry, p, p->signed_ramp, err);
        return take_role(path, entry, p, err);
    }
    bool light = strcmp(entry->value, "light") == 0;
    if (strcmp(entry->section, "theme") == 0 && strcmp(entry->key, "background") == 0) {
        theme->light = light;
        return light || strcmp(entry->value, "dark") == 0
                   ? SX_OK
                   : wrong(path, entry, "is dark or light", err);
    }
    return sx_fail(err, SX_BAD_INPUT,
                   "%.200s:%d: [%.40s] %.40s is no setting of a theme; sections are theme, colours "
                   "and colours-8",
                   path, entry->line, entry->section, entry->key);
}

static sx_status find(const char *name, char path[SX_PATH_SIZE], sx_error *err) {
    char asset[96], shown[64];
    if (strchr(name, '/') || sx_is_file(name)) {
        sx_text_set(path, SX_PATH_SIZE, name);
        return SX_OK;
    }
    int length = snprintf(asset, sizeof asset, "themes/%s.ini", name);
    if (length > 0 && (size_t)length < sizeof asset && !sx_asset_find(path, asset, NULL))
        return SX_OK;
    sx_text_printable(shown, sizeof shown, name);
    return sx_fail(err, SX_USAGE,
                   "there is no theme '%s': it is dark, light, high-contrast or the path of a file",
                   shown);
}

sx_status sx_theme_read(const char *name, sx_theme *out, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_ini ini;
    *out = *sx_theme_default();
    sx_status status = find(name, path, err);
    if (!status) status = sx_ini_read(path, &ini, err);
    if (status) return status;
    for (size_t i = 0; i < ini.count && !status; i++)
        status = take(path, &ini.entries[i], out, err);
    sx_ini_done(&ini);
    return status;
}
