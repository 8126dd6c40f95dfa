/* main: finds the command and runs it. Without one, a path is opened, and nothing at all is the
 * default study in the workbench. */
#include "app/arguments.h"
#include "app/commands.h"

#include "core/tensor/tensor.h"
#include "views/terminal/terminal.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const sx_app_command sx_app_commands[] = {
    {"run", "run STUDY.ini [section.key=value ...]", "run a study (or go on: --resume RUN)",
     sx_command_run},
    {"open", "open PATH|RUN", "open a study file, a data set, a folder of images, a run or a model",
     sx_command_open},
    {"tune", "tune MODEL|RUN [section.key=value ...]",
     "fine-tune a published model or a run's network on a data set", sx_command_tune},
    {"lesson", "lesson [NAME]", "list the lessons, or play one in the workbench",
     sx_command_lesson},
    {"runs", "runs [note RUN TEXT | rename RUN NAME | delete RUN]",
     "list the runs, or write a note, rename one, delete one", sx_command_runs},
    {"export", "export RUN", "write a run's results as files", sx_command_export},
    {"report", "report RUN", "write all figures of a run and one page of HTML", sx_command_report},
    {"classify", "classify MODEL IMAGE...", "say what a model sees in pictures",
     sx_command_classify},
    {"inspect", "inspect MODEL IMAGE | RUN [IMAGE|INDEX]",
     "look inside a model, or a run's network, while it sees a picture", sx_command_inspect},
    {"describe", "describe SPEC|STUDY.ini|RUN [section.key=value ...]",
     "say what a network costs before it is trained, or what networks a study has",
     sx_command_describe},
    {"make-si-score", "make-si-score --out DIR [options]",
     "build a set of objects at every size, place or angle", sx_command_make_si_score},
    {"measure", "measure SET MODEL... [section.key=value ...]",
     "measure models on a set of objects at every size, place or angle", sx_command_measure},
    {"data", "data [NAME|PATH]", "list the data sets found here, or describe one", sx_command_data},
    {"help", "help [studies|models|operators|data|options|claims|methods|keys|man|completion]",
     "explain a topic", sx_command_help},
    {NULL, NULL, NULL, NULL},
};

int sx_app_fail(const sx_error *err) {
    fprintf(stderr, "sextant: %s\n", err->message);
    return err->status == SX_USAGE ? SX_EXIT_USAGE : SX_EXIT_FAILED;
}

static int print_version(void) {
    printf("sextant %s (%s kernels)\n", SX_VERSION, sx_tensor_isa());
    return SX_EXIT_DONE;
}

static const sx_app_command *find_command(const char *name) {
    for (const sx_app_command *c = sx_app_commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

/* The locale decides about characters only: numbers in files keep their point. A server without the
 * user's locale still gets UTF-8 when the environment names it. */
static void choose_locale(void) {
    const char *wanted = getenv("LC_ALL");
    if (!wanted || !*wanted) wanted = getenv("LC_CTYPE");
    if (!wanted || !*wanted) wanted = getenv("LANG");
    bool set = setlocale(LC_CTYPE, "") != NULL;
    bool utf8 = wanted && (strcasestr(wanted, "utf-8") || strcasestr(wanted, "utf8"));
    if (!set && utf8) setlocale(LC_CTYPE, "C.UTF-8");
}

int main(int argc, char **argv) {
    choose_locale();
    sx_tensor_init();
    const char *first = argc > 1 ? argv[1] : NULL;
    if (first && (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)) {
        char *help[] = {argv[0], NULL};
        return sx_command_help(1, help);
    }
    if (first && strcmp(first, "--version") == 0) return print_version();
    if (first && strcmp(first, "--reset-terminal") == 0) {
        sx_terminal_reset();
        return SX_EXIT_DONE;
    }
    const sx_app_command *command = first ? find_command(first) : NULL;
    if (command) return command->run(argc - 1, argv + 1);
    return sx_command_open(argc, argv);
}
