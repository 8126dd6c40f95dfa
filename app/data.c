/* `data`: what can be browsed and trained on here. */
#include "app/arguments.h"
#include "app/commands.h"

#include "core/data/data.h"

#include <stdio.h>
#include <string.h>

static void print_classes(const sx_source *source, const sx_source_facts *facts) {
    printf("classes     %d\n", facts->classes);
    for (int c = 0; c < facts->classes && c < 1000; c++) {
        size_t counts[SX_SPLITS] = {0};
        for (int split = 0; split < SX_SPLITS; split++)
            for (size_t i = 0; i < facts->counts[split]; i++)
                counts[split] += sx_source_label(source, (sx_split)split, i) == c;
        printf("  %-24s train %zu, validation %zu, test %zu\n", facts->class_names[c],
               counts[SX_SPLIT_TRAIN], counts[SX_SPLIT_VALIDATION], counts[SX_SPLIT_TEST]);
    }
}

static void print_package(const sx_package *package, const sx_package_files *files) {
    char count[32];
    size_t classes = 0;
    printf("package     %s\nlicence     %s\n", package->install, package->licence);
    printf("pictures    %s\n", sx_text_count(count, (long long)files->count));
    printf("left out    %zu without alpha, %zu that cannot be read\n", files->opaque,
           files->refused);
    if (files->refused) printf("  the first: %s\n", files->first);
    if (package->use == SX_PACKAGE_PHOTOGRAPHS) return;
    for (size_t i = 0; i < files->count; i++)
        classes +=
            i == 0 || strcmp(files->files[i].class_name, files->files[i - 1].class_name) != 0;
    printf("classes     %zu\n", classes);
    for (size_t i = 0, first = 0; i < files->count; first = i) {
        char shown[64];
        const char *name = files->files[first].class_name;
        while (i < files->count && strcmp(files->files[i].class_name, name) == 0) i++;
        sx_text_printable(shown, sizeof shown, name);
        printf("  %-24s %zu\n", shown, i - first);
    }
}

static int describe_package(const sx_package *package) {
    sx_error err = {0};
    sx_package_files files = {0};
    sx_status status = sx_package_list(package, &files, &err);
    if (!status) print_package(package, &files);
    sx_package_files_done(&files);
    return status ? sx_app_fail(&err) : SX_EXIT_DONE;
}

static int describe(const char *name) {
    sx_error err = {0};
    const sx_package *package = sx_package_find(name, SX_PACKAGE_OBJECTS);
    if (!package) package = sx_package_find(name, SX_PACKAGE_PHOTOGRAPHS);
    if (package && !sx_is_directory(name)) return describe_package(package);
    sx_source *source = sx_source_open(name, 0, NULL, &err);
    if (!source) return sx_app_fail(&err);
    const sx_source_facts *facts = sx_source_describe(source);
    char count[32];
    printf("data set    %s\nread from   %s\n", facts->name, facts->origin);
    if (facts->note[0]) printf("note        %s\n", facts->note);
    if (facts->height)
        printf("pictures    %d x %d, %s\n", facts->width, facts->height,
               facts->channels == 1   ? "grey"
               : facts->channels == 3 ? "colour"
                                      : "colour with alpha");
    else
        printf("pictures    of several sizes\n");
    for (int split = 0; split < SX_SPLITS; split++)
        printf("%-12s%s\n", sx_split_name((sx_split)split),
               sx_text_count(count, (long long)facts->counts[split]));
    print_classes(source, facts);
    for (int i = 0; i < facts->factor_count; i++)
        printf("factor      %s, %g to %g %s\n", facts->factors[i].name, facts->factors[i].minimum,
               facts->factors[i].maximum, facts->factors[i].unit);
    sx_source_free(source);
    return SX_EXIT_DONE;
}

int sx_command_data(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    if (sx_arguments_parse(argc, argv, 0, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("data", 0);
    if (arguments.count > 1) {
        sx_fail(&err, SX_USAGE, "data takes one name or path");
        return sx_app_fail(&err);
    }
    if (arguments.count) return describe(arguments.rest[0]);
    sx_text list = {0};
    sx_source_list(&list);
    fputs(list.data ? list.data : "", stdout);
    sx_text_done(&list);
    return SX_EXIT_DONE;
}
