/* The packages that bring objects and photographs: one row each. What they hold was counted in
 * Debian 12 and npm as of November 2026; a version of a path that changes is a star. */
#include "core/data/data.h"
#include "core/data/package_files.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GEMS "share/rubygems-integration/all/gems/"
#define EMOJI "node_modules/emoji-datasource-"
#define DEBIAN "apt install "

static const sx_package rows[] = {
    {"tuxpaint", DEBIAN "tuxpaint-stamps-default", "GPL-2", SX_PACKAGE_OBJECTS,
     "share/tuxpaint/stamps", 2, NULL},
    {"openclipart", DEBIAN "openclipart-png", "public domain", SX_PACKAGE_OBJECTS,
     "share/openclipart/png", 2, NULL},
    {"tanuki-emoji", DEBIAN "ruby-tanuki-emoji", "Apache-2.0", SX_PACKAGE_OBJECTS,
     GEMS "tanuki_emoji-*/app/assets/images/tanuki_emoji", 0,
     "../../../../vendor/unicode/emoji-test.txt"},
    {"gemojione", DEBIAN "ruby-gemojione", "CC-BY-SA-4.0", SX_PACKAGE_OBJECTS,
     GEMS "gemojione-*/assets/png", 0, "../../config/index.json"},
    {"emoji-google", "npm install emoji-datasource-google", "Apache-2.0", SX_PACKAGE_OBJECTS,
     EMOJI "google/img/google/64", 0, "../../../emoji.json"},
    {"emoji-twitter", "npm install emoji-datasource-twitter", "CC-BY-4.0", SX_PACKAGE_OBJECTS,
     EMOJI "twitter/img/twitter/64", 0, "../../../emoji.json"},
    {"oxygen", DEBIAN "oxygen-icon-theme", "LGPL-3+", SX_PACKAGE_OBJECTS,
     "share/icons/oxygen/base/256x256", 1, NULL},
    {"lomiri", DEBIAN "lomiri-wallpapers-16.04 lomiri-wallpapers-20.04",
     "CC-BY-4.0, CC-BY-SA-3.0/4.0, CC0", SX_PACKAGE_PHOTOGRAPHS, "share/backgrounds/*_by_*.jpg", 0,
     NULL},
    {"mate", DEBIAN "mate-backgrounds", "GPL-2+", SX_PACKAGE_PHOTOGRAPHS,
     "share/backgrounds/mate/nature/*.jpg", 0, NULL},
    {"libjxl", DEBIAN "libjxl-testdata", "CC0, BSD-3", SX_PACKAGE_PHOTOGRAPHS,
     "share/libjxl-testdata/{external/wesaturate/500px/*,jxl/flower/flower}.png", 0, NULL},
    {"plasma", DEBIAN "plasma-workspace-wallpapers", "GPL-2+", SX_PACKAGE_PHOTOGRAPHS,
     "share/wallpapers/*/contents/images/{2560x1600,3840x2160,5120x2880}.{jpg,png}", 0, NULL},
    {"ukui", DEBIAN "ukui-wallpapers", "CC-BY-SA-3.0", SX_PACKAGE_PHOTOGRAPHS,
     "share/backgrounds/{2004default.jpg,calla.png,city.png,desert.png,firstgeneration.jpg,"
     "fluent-color.png,focal-ubuntukylin.png,goldfish.png,rhythm.jpg,rollpaper.png,string.jpg,"
     "the-mouse.jpg}",
     0, NULL},
    {"skimage", DEBIAN "python3-skimage", "BSD-3", SX_PACKAGE_PHOTOGRAPHS,
     "lib/python3/dist-packages/skimage/data/{astronaut.png,brick.png,chelsea.png,coffee.png,"
     "grass.png,gravel.png,motorcycle_left.png,rocket.jpg}",
     0, NULL},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

const sx_package *sx_package_at(int row) {
    return row >= 0 && row < ROWS ? &rows[row] : NULL;
}

const sx_package *sx_package_find(const char *name, sx_package_use use) {
    for (int i = 0; i < ROWS; i++)
        if (rows[i].use == use && strcmp(rows[i].name, name) == 0) return &rows[i];
    return NULL;
}

/* ---- where they are --------------------------------------------------------------------------
 */

/* All that the pattern is there, below the first root that has any. */
bool sx_package_glob(const sx_package *package, glob_t *found, const char **root) {
    const char *own = getenv("SEXTANT_PACKAGES");
    bool node = strncmp(package->pattern, "node_modules/", 13) == 0;
    const char *const roots[] = {own ? own : "/usr", ".", "/usr/lib", "/usr/local/lib"};
    for (int i = 0; i < (node && !own ? 4 : 1); i++) {
        char path[SX_PATH_SIZE];
        if (sx_path_join(path, roots[i], package->pattern, NULL)) continue;
        *root = roots[i];
        if (glob(path, GLOB_BRACE, NULL, found) == 0) return true;
        globfree(found);
    }
    return false;
}

bool sx_package_is_here(const sx_package *package, char *out) {
    glob_t found = {0};
    const char *root;
    if (!sx_package_glob(package, &found, &root)) return false;
    sx_text_set(out, SX_PATH_SIZE, found.gl_pathv[0]);
    globfree(&found);
    if (package->use == SX_PACKAGE_PHOTOGRAPHS) *strrchr(out, '/') = 0;
    return true;
}

sx_status sx_package_missing(const sx_package *package, sx_error *err) {
    return sx_fail(err, SX_BAD_INPUT, "the pictures of '%s' are not installed (%s)", package->name,
                   package->install);
}

sx_status sx_package_unknown(const char *name, sx_package_use use, sx_error *err) {
    const char *names[ROWS];
    char shown[200];
    size_t count = 0;
    for (int i = 0; i < ROWS; i++)
        if (rows[i].use == use) names[count++] = rows[i].name;
    sx_text_printable(shown, sizeof shown, name);
    return sx_fail(err, SX_BAD_INPUT,
                   "'%s' is neither a folder nor a package of pictures; did you mean '%s'? "
                   "(sextant data lists them)",
                   shown, sx_nearest_name(name, names, count));
}

void sx_package_list_all(sx_text *out) {
    static const char *const uses[] = {"objects for --foregrounds",
                                       "photographs for --backgrounds"};
    for (int i = 0; i < ROWS; i++) {
        char path[SX_PATH_SIZE], shown[200];
        if (i == 0 || rows[i].use != rows[i - 1].use) sx_text_add(out, "\n%s\n", uses[rows[i].use]);
        if (sx_package_is_here(&rows[i], path)) {
            sx_text_printable(shown, sizeof shown, path);
            sx_text_add(out, "%-15s %s (%s)\n", rows[i].name, shown, rows[i].licence);
        } else {
            sx_text_add(out, "%-15s not installed (%s)\n", rows[i].name, rows[i].install);
        }
    }
}
