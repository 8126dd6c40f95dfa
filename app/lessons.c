/* `lesson`: the list of lessons, or one of them in the workbench. */
#include "app/arguments.h"
#include "app/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "# What it is about" at the beginning of the file. */
static void print_lesson(const char *folder, const char *name) {
    char path[SX_PATH_SIZE], title[120] = "";
    sx_bytes text;
    int length = (int)strlen(name) - 4;
    if (length < 1 || strcmp(name + length, ".txt") != 0) return;
    if (sx_path_join(path, folder, name, NULL) || sx_file_read(path, 1 << 20, &text, NULL)) return;
    char *line = (char *)text.data;
    line[strcspn(line, "\r\n")] = 0;
    sx_text_printable(title, sizeof title, line + strspn(line, "# "));
    printf("  %-28.*s %s\n", length, name, title);
    sx_bytes_done(&text);
}

static int list_lessons(void) {
    char folder[SX_PATH_SIZE];
    sx_listing listing;
    sx_error err = {0};
    if (sx_asset_find(folder, "scripts", &err) || sx_directory_list(folder, &listing, &err))
        return sx_app_fail(&err);
    printf("lessons; sextant lesson NAME plays one:\n");
    for (size_t i = 0; i < listing.count; i++) print_lesson(folder, listing.names[i]);
    sx_listing_done(&listing);
    return SX_EXIT_DONE;
}

int sx_command_lesson(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    if (sx_arguments_parse(argc, argv, SX_FOR_SCREEN, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("lesson", SX_FOR_SCREEN);
    if (arguments.count == 0) return list_lessons();
    if (arguments.count > 1)
        sx_fail(&err, SX_USAGE, "lesson takes one name; sextant lesson lists them");
    else if (arguments.app.headless || (!arguments.app.script && !isatty(STDOUT_FILENO)))
        sx_fail(&err, SX_USAGE, "a lesson is something to watch: it needs a terminal");
    if (err.status) return sx_app_fail(&err);
    arguments.app.idle = true;
    arguments.app.replay = arguments.rest[0];
    return sx_app_workbench(&arguments.app);
}
