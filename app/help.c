/* `help`: everything it prints comes from the tables that the program itself runs on. */
#include "app/arguments.h"
#include "app/commands.h"

#include "core/model/model.h"
#include "core/study/study.h"

#include <stdio.h>
#include <string.h>

static void print_text(sx_text *text) {
    fputs(text->data ? text->data : "", stdout);
    sx_text_done(text);
}

static void print_table(const char *name, const char *help, const sx_option *options) {
    printf("%s: %s\n", name, help);
    sx_text text = {0};
    sx_option_describe(options, &text);
    print_text(&text);
}

static void print_study_files(void) {
    char folder[SX_PATH_SIZE], path[SX_PATH_SIZE];
    sx_listing files;
    if (sx_asset_find(folder, "studies", NULL) || sx_directory_list(folder, &files, NULL)) return;
    printf("\nstudy files:\n");
    for (size_t i = 0; i < files.count; i++)
        if (!sx_path_join(path, folder, files.names[i], NULL)) printf("  %s\n", path);
    sx_listing_done(&files);
}

static void help_studies(void) {
    const sx_study_kind *kind;
    for (int row = 0; (kind = sx_study_kind_at(row)); row++)
        printf("%s: %s\n  after %s\n", kind->name, kind->help, kind->paper);
    print_study_files();
}

/* Whether two tables have the same rows but for their defaults. */
static bool same_options(const sx_option *a, const sx_option *b) {
    for (; a->name && b->name; a++, b++)
        if (strcmp(a->name, b->name) != 0 || strcmp(a->help, b->help) != 0) return false;
    return !a->name && !b->name;
}

static void print_defaults(const sx_model_kind *kind, const sx_model_kind *like) {
    printf("%s: %s\n  options of %s; defaults", kind->name, kind->help, like->name);
    for (int i = 0; kind->options[i].name; i++)
        if (strcmp(kind->options[i].initial, like->options[i].initial) != 0)
            printf(" %s=%s", kind->options[i].name, kind->options[i].initial);
    printf("\n");
}

static void help_models(void) {
    const sx_model_kind *kind, *like = NULL;
    for (int row = 0; (kind = sx_model_kind_at(row)); row++) {
        if (like && same_options(kind->options, like->options)) {
            print_defaults(kind, like);
            continue;
        }
        print_table(kind->name, kind->help, kind->options);
        like = kind;
    }
    sx_text text = {0};
    printf("\npictures for a published model, the option --prepare:\n");
    sx_option_describe(sx_prepare_options, &text);
    print_text(&text);
}

static void help_operators(void) {
    sx_operator_facts f;
    printf(
        "layers of a model file (model.spec = FILE.ini; keys are options, a section is a layer)\n"
        "h, w, c: height, width, channels of one image; work: multiply-adds of one image\n\n");
    for (int row = 1; sx_operator_describe(row, &f); row++) { /* row 0 is the image */
        printf("%s%s: %s\n  shape %s\n  work %s; checked against %s\n", f.name,
               f.loss ? " (a loss)" : "", f.help, f.shapes, f.work, f.checked);
        sx_text text = {0};
        if (f.options) sx_option_describe(f.options, &text);
        print_text(&text);
    }
}

static void help_data(void) {
    sx_text text = {0};
    sx_source_list(&text);
    print_text(&text);
    printf("\ncomposition, the key data.compose:\n");
    const sx_compose_kind *way;
    for (int row = 0; (way = sx_compose_at(row)); row++) {
        printf("  %-9s %s\n", way->name, way->help);
        sx_option_describe(way->options, &text);
        print_text(&text);
    }
    printf("\nresizing of whole pictures (data.compose none or asis), the key data.resize,\n"
           "for example bilinear(antialias=no):\n");
    const sx_resize_row *rule;
    for (int row = 0; (rule = sx_resize_at(row)); row++)
        printf("  %-9s %s\n", rule->name, rule->help);
    sx_option_describe(sx_resize_options, &text);
    print_text(&text);
}

static void help_claims(void) {
    const sx_cell_claim *claim;
    printf("claims between the networks of a study, in section [claims] of its file:\n");
    for (int row = 0; (claim = sx_cell_claim_at(row)); row++) {
        static const char letters[] = "A, B, C, D, E, F";
        int cells = claim->cells < 6 ? claim->cells : 6;
        printf("  %s(%.*s)\n      %s\n", claim->name, cells > 0 ? 3 * cells - 2 : 0, letters,
               claim->help);
    }
}

static void help_methods(void) {
    const sx_method_kind *kind;
    printf("last layers, the keys last_layer.methods, more and deeper, for example\n"
           "sgld(gamma=0.1/0.01, snapshots=50) dropout(rate=0.2):\n");
    for (int row = 0; (kind = sx_method_kind_at(row)); row++)
        print_table(kind->name, kind->help, kind->options);
}

static void help_options(void) {
    const sx_train_kind *kind;
    sx_text text = {0};
    printf("keys of a study file; on the command line section.key=value:\n");
    sx_option_describe(sx_study_options, &text);
    print_text(&text);
    for (int row = 0; (kind = sx_optimizer_at(row)); row++)
        print_table(kind->name, kind->help, kind->options);
    for (int row = 0; (kind = sx_schedule_at(row)); row++)
        print_table(kind->name, kind->help, kind->options);
    for (int row = 0; (kind = sx_average_at(row)); row++)
        print_table(kind->name, kind->help, kind->options);
    printf("\nrecipes of fine-tuning, the key train.recipe:\n");
    const sx_recipe_kind *recipe;
    for (int row = 0; (recipe = sx_recipe_at(row)); row++)
        print_table(recipe->name, recipe->help, recipe->options);
    const sx_augment_kind *augment;
    for (int row = 0; (augment = sx_augment_at(row)); row++)
        print_table(augment->name, augment->help, augment->options);
}

static void help_keys(void) {
    sx_text text = {0};
    sx_app_keys(&text);
    print_text(&text);
}

static const struct {
    const char *name;
    void (*print)(void);
} topics[] = {{"studies", help_studies},     {"models", help_models},
              {"operators", help_operators}, {"data", help_data},
              {"options", help_options},     {"claims", help_claims},
              {"methods", help_methods},     {"keys", help_keys},
              {"man", sx_manual_print},      {"completion", sx_completion_print}};
enum { TOPICS = sizeof topics / sizeof topics[0] };

const char *sx_help_topic(int row) {
    return row >= 0 && row < TOPICS ? topics[row].name : NULL;
}

static int help_program(void) {
    printf("sextant: a terminal workbench for vision models\n\n"
           "  sextant                  the workbench on the default study\n"
           "  sextant PATH             the same as sextant open PATH\n");
    for (const sx_app_command *c = sx_app_commands; c->name; c++)
        printf("  sextant %s\n      %s\n", c->usage, c->help);
    printf("\nsextant COMMAND --help lists a command's options; --version says which this is.\n"
           "--reset-terminal repairs a terminal that a killed program left behind.\n");
    return SX_EXIT_DONE;
}

int sx_command_help(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_program();
    const char *names[TOPICS];
    for (int i = 0; i < TOPICS; i++) {
        names[i] = topics[i].name;
        if (strcmp(argv[1], names[i]) != 0) continue;
        topics[i].print();
        return SX_EXIT_DONE;
    }
    for (const sx_app_command *c = sx_app_commands; c->name; c++) {
        if (strcmp(argv[1], c->name) != 0) continue;
        char flag[] = "--help", *again[] = {argv[1], flag, NULL};
        return c->run == sx_command_help ? help_program() : c->run(2, again);
    }
    sx_error err;
    char shown[80];
    sx_text_printable(shown, sizeof shown, argv[1]);
    sx_fail(&err, SX_USAGE, "there is no help on '%s'; did you mean '%s'?", shown,
            sx_nearest_name(argv[1], names, TOPICS));
    return sx_app_fail(&err);
}

int sx_command_usage(const char *name, unsigned flags) {
    for (const sx_app_command *c = sx_app_commands; c->name; c++)
        if (strcmp(c->name, name) == 0) printf("sextant %s\n%s\n", c->usage, c->help);
    sx_text text = {0};
    sx_arguments_describe(flags, &text);
    print_text(&text);
    return SX_EXIT_DONE;
}
