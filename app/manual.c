/* The manual page and the completion of the shell, out of the tables that the program runs on. */
#include "app/arguments.h"
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

/* Text of tables as roff: nothing in it is a request or an escape. */
static void print_roff(const char *text) {
    bool fresh = true;
    for (; *text; fresh = *text++ == '\n') {
        if (fresh && (*text == '.' || *text == '\'')) fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

/* A section of lines that stay as they are. Ends the text. */
static void print_lines(const char *title, sx_text *text) {
    printf(".SH %s\n.nf\n", title);
    print_roff(text->data ? text->data : "");
    printf(".fi\n");
    sx_text_done(text);
}

static const char *const environment[][2] = {
    {"SEXTANT_ASSETS",
     "folder of studies, models and themes, looked into before the installed one"},
    {"SEXTANT_DATA", "folder with data sets, such as fashion-mnist"},
    {"SEXTANT_DATASETS", "where Debian's data sets are (default /usr/share/datasets)"},
    {"SEXTANT_PACKAGES", "where packages of objects and photographs are (default /usr)"},
    {"XDG_CONFIG_HOME", "sextant/sextant.ini below it has settings (default ~/.config)"},
    {"XDG_DATA_HOME", "runs are kept below it in sextant/runs (default ~/.local/share)"},
    {"NO_COLOR", "set and not empty: no colours"},
};

void sx_manual_print(void) {
    sx_text text = {0};
    printf(".TH SEXTANT 1 \"\" \"sextant %s\"\n.SH NAME\n"
           "sextant \\- a terminal workbench for vision models\n.SH SYNOPSIS\n.nf\nsextant\n",
           SX_VERSION);
    for (const sx_app_command *c = sx_app_commands; c->name; c++) {
        printf("sextant ");
        print_roff(c->usage);
        printf("\n");
    }
    printf(
        ".fi\n.SH COMMANDS\nWithout a command, a path is opened; with nothing at all the default "
        "study runs in the workbench.\n");
    for (const sx_app_command *c = sx_app_commands; c->name; c++) {
        printf(".TP\n.B %s\n", c->name);
        print_roff(c->help);
        printf("\n");
    }
    sx_arguments_describe(~0u, &text);
    print_lines("OPTIONS", &text);
    sx_app_keys(&text);
    print_lines("KEYS", &text);
    printf(".SH ENVIRONMENT\n");
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++) {
        printf(".TP\n.B %s\n", environment[i][0]);
        print_roff(environment[i][1]);
        printf("\n");
    }
    printf(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage; messages go to standard error.\n");
}

/* Words for the shell between single quotes: names of tables have none. */
void sx_completion_print(void) {
    sx_text flags = {0};
    sx_arguments_names(&flags);
    printf("# bash completion of sextant: . <(sextant help completion)\n"
           "_sextant() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} words\n"
           "    case $COMP_CWORD:${COMP_WORDS[1]} in\n"
           "    1:*) words='");
    for (const sx_app_command *c = sx_app_commands; c->name; c++) printf("%s ", c->name);
    printf("--version --reset-terminal' ;;\n    2:help) words='");
    for (int i = 0; sx_help_topic(i); i++) printf("%s ", sx_help_topic(i));
    printf("' ;;\n    esac\n    case $word in\n    -*) words=\"$words %s\" ;;\n    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\"))\n"
           "}\ncomplete -o filenames -F _sextant sextant\n",
           flags.data ? flags.data : "");
    sx_text_done(&flags);
}
