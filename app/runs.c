/* `runs`: what is in the store, and what a person does to it. */
#include "app/arguments.h"
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

static int list_runs(void) {
    sx_error err = {0};
    sx_run_list list;
    if (sx_store_list(&list, &err)) return sx_app_fail(&err);
    if (!list.count) printf("no runs yet; start one with: sextant run STUDY.ini\n");
    for (size_t i = 0; i < list.count; i++) {
        const sx_run_facts *run = &list.runs[i];
        char accuracy[32] = "-", progress[160];
        if (run->accuracy == run->accuracy)
            snprintf(accuracy, sizeof accuracy, "%.3f", run->accuracy);
        sx_run_progress(run, progress, sizeof progress);
        printf("%-28s %-10s %s  val %s  %s%s%s\n", run->name, run->state, progress, accuracy,
               run->created, run->note[0] ? "  " : "", run->note);
    }
    sx_run_list_done(&list);
    return SX_EXIT_DONE;
}

/* note RUN TEXT, rename RUN NAME, delete RUN. */
static sx_status manage(const sx_arguments *arguments, sx_error *err) {
    static const char *const verbs[] = {"note", "rename", "delete"};
    const char *verb = arguments->rest[0], *run = arguments->count > 1 ? arguments->rest[1] : NULL;
    const char *text = arguments->count > 2 ? arguments->rest[2] : NULL;
    if (strcmp(verb, "note") == 0 && run && text && arguments->count == 3)
        return sx_store_note(run, text, err);
    if (strcmp(verb, "rename") == 0 && run && text && arguments->count == 3)
        return sx_store_rename(run, text, err);
    if (strcmp(verb, "delete") == 0 && run && arguments->count == 2)
        return sx_store_delete(run, err);
    for (int i = 0; i < 3; i++)
        if (strcmp(verb, verbs[i]) == 0)
            return sx_fail(err, SX_USAGE, "write: runs %s RUN%s", verb,
                           i == 0   ? " TEXT"
                           : i == 1 ? " NAME"
                                    : "");
    return sx_fail(err, SX_USAGE, "runs takes nothing, or %s RUN ...: did you mean '%s'?",
                   "note, rename or delete", sx_nearest_name(verb, verbs, 3));
}

int sx_command_runs(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    if (sx_arguments_parse(argc, argv, 0, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("runs", 0);
    if (arguments.count == 0) return list_runs();
    return manage(&arguments, &err) ? sx_app_fail(&err) : SX_EXIT_DONE;
}
