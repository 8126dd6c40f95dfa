/* `lesson`: the list of lessons, or one of them in the workbench. */
#include "app/arguments.h"
#include "app/commands.h"
#include "app/lesson.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST 64

const char *sx_lesson_choice(int row) {
    static char names[MOST][64];
    static int count = -1; /* not looked for yet */
    char folder[SX_PATH_SIZE];
    sx_listing listing;
    if (count < 0) {
        count = 0;
        if (sx_asset_find(folder, "scripts", NULL) || sx_directory_list(folder, &listing, NULL))
            return NULL;
        for (size_t i = 0; i < listing.count && count < MOST; i++) {
            size_t length = strlen(listing.names[i]);
            if (length < 5 || strcmp(listing.names[i] + length - 4, ".txt") != 0) continue;
            snprintf(names[count++], sizeof names[0], "%.*s", (int)length - 4, listing.names[i]);
        }
        sx_listing_done(&listing);
    }
    return row < count ? names[row] : NULL;
}

bool sx_lesson_comes_along(const char *name) {
    for (int row = 0; sx_lesson_choice(row); row++)
        if (strcmp(sx_lesson_choice(row), name) == 0) return !sx_is_file(name);
    return false;
}

/* "# What it is about" at the beginning of the file. */
static void print_lesson(const char *name) {
    char path[SX_PATH_SIZE], asset[96], title[120] = "";
    sx_bytes text;
    snprintf(asset, sizeof asset, "scripts/%s.txt", name);
    if (sx_asset_find(path, asset, NULL) || sx_file_read(path, 1 << 20, &text, NULL)) return;
    char *line = (char *)text.data;
    line[strcspn(line, "\r\n")] = 0;
    sx_text_printable(title, sizeof title, line + strspn(line, "# "));
    printf("  %-28s %s\n", name, title);
    sx_bytes_done(&text);
}

static int list_lessons(void) {
    char folder[SX_PATH_SIZE];
    sx_error err = {0};
    if (sx_asset_find(folder, "scripts", &err)) return sx_app_fail(&err);
    printf("lessons; sextant lesson NAME plays one:\n");
    for (int row = 0; sx_lesson_choice(row); row++) print_lesson(sx_lesson_choice(row));
    return SX_EXIT_DONE;
}

enum { FLAGS = SX_FOR_SCREEN | SX_FOR_LESSON };

int sx_command_lesson(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    if (sx_arguments_parse(argc, argv, FLAGS, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("lesson", FLAGS);
    if (arguments.count == 0) return list_lessons();
    if (arguments.count > 1)
        sx_fail(&err, SX_USAGE, "lesson takes one name; sextant lesson lists them");
    else if (arguments.app.headless || (!arguments.app.script && !isatty(STDOUT_FILENO)))
        sx_fail(&err, SX_USAGE, "a lesson is something to watch: it needs a terminal");
    if (err.status) return sx_app_fail(&err);
    arguments.app.idle = arguments.app.scratch = true;
    arguments.app.replay = arguments.rest[0];
    return sx_app_workbench(&arguments.app);
}
