/* `runs`: what is in the store, and what a person does to it. */
#include "app/arguments.h"
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

int sx_command_runs(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    if (sx_arguments_parse(argc, argv, 0, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("runs", 0);
    if (arguments.count) {
        sx_fail(&err, SX_USAGE, "runs takes no arguments");
        return sx_app_fail(&err);
    }
    sx_run_list list;
    if (sx_store_list(&list, &err)) return sx_app_fail(&err);
    if (!list.count) printf("no runs yet; start one with: sextant run STUDY.ini\n");
    for (size_t i = 0; i < list.count; i++) {
        const sx_run_facts *run = &list.runs[i];
        char accuracy[32] = "-", step[32], steps[32];
        if (run->accuracy == run->accuracy)
            snprintf(accuracy, sizeof accuracy, "%.3f", run->accuracy);
        printf("%-28s %-10s step %s of %s  val %s  %s\n", run->name, run->state,
               sx_text_count(step, run->step), sx_text_count(steps, run->steps), accuracy,
               run->created);
    }
    sx_run_list_done(&list);
    return SX_EXIT_DONE;
}
