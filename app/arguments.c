/* One row a flag: where its value goes is an offset into sx_arguments, so that a new flag is a new
 * row and nothing else. "--flag value" and "--flag=value" are the same. */
#include "app/arguments.h"

#include "app/export.h"
#include "app/settings.h"
#include "app/theme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { SWITCH, TEXT, TEXTS, THREADS } flag_kind;

typedef struct {
    const char *name, *value, *help;
    unsigned mask;
    flag_kind kind;
    size_t offset;
    const char *choices; /* "a|b|c": all values it takes, or those worth a suggestion */
} flag;

#define AT(member) offsetof(sx_arguments, member)

static const flag flags[] = {
    {"preset", "NAME", "quick, class or full", SX_FOR_RUN | SX_FOR_DESCRIBE, TEXT, AT(preset),
     NULL},
    {"headless", NULL, "text instead of the screen", SX_FOR_RUN, SWITCH, AT(app.headless), NULL},
    {"foregrounds", "DIR|NAME",
     "class folders of PNG with alpha, a package that `data` lists, or a data set (default: "
     "shapes)",
     SX_FOR_SI_SCORE, TEXT, AT(foregrounds), NULL},
    {"backgrounds", "DIR|NAME", "photographs, PNG or JPEG, or a package (default: rendered)",
     SX_FOR_SI_SCORE, TEXT, AT(backgrounds), NULL},
    {"set", "size|location|rotation|GRID.ini", "which factors change (default: location)",
     SX_FOR_SI_SCORE, TEXT, AT(grid), NULL},
    {"threshold", "X", "least share of the object's box inside (default: as published)",
     SX_FOR_SI_SCORE, TEXT, AT(threshold), NULL},
    {"instances", "N", "objects of a class, at most (default: all; of a data set 10)",
     SX_FOR_SI_SCORE, TEXT, AT(instances), NULL},
    {"resolution", "N", "pixels a side (default: as published)", SX_FOR_SI_SCORE, TEXT,
     AT(resolution), NULL},
    {"format", "jpg|png", "of the pictures (default jpg)", SX_FOR_SI_SCORE, TEXT, AT(format), NULL},
    {"seed", "N", "the seed of everything random", SX_FOR_RUN | SX_FOR_SI_SCORE, TEXT, AT(seed),
     NULL},
    {"threads", "N", "threads that compute (default: processors this process may use)",
     SX_FOR_RUN | SX_FOR_SCREEN | SX_FOR_MODEL | SX_FOR_SI_SCORE | SX_SETTING, THREADS,
     AT(app.threads), "1|2|4|8"},
    {"out", "DIR|FILE",
     "run: the run folder; export: a folder, - for stdout; a model: a safetensors file",
     SX_FOR_RUN | SX_FOR_EXPORT | SX_FOR_REPORT | SX_FOR_INSPECT | SX_FOR_SI_SCORE, TEXT, AT(out),
     NULL},
    {"resume", "RUN", "go on with a run, by number, name or path", SX_FOR_RUN, TEXT, AT(resume),
     NULL},
    {"plain", NULL, "no screen: a line for each event, results as text (for screen readers)",
     SX_FOR_SCREEN, SWITCH, AT(app.headless), NULL},
    {"ascii", NULL, "ASCII characters only", SX_FOR_SCREEN | SX_SETTING, SWITCH, AT(app.ascii),
     "yes|no"},
    {"no-color", NULL, "no colours (as with NO_COLOR set)", SX_FOR_SCREEN | SX_SETTING, SWITCH,
     AT(app.plain_colours), "yes|no"},
    {"slow", NULL, "for slow lines: four frames a second, no thumbnails, fewer colours",
     SX_FOR_SCREEN | SX_SETTING, SWITCH, AT(app.slow), "yes|no"},
    {"no-mouse", NULL, "the mouse is the terminal's own (to select text)",
     SX_FOR_SCREEN | SX_SETTING, SWITCH, AT(app.no_mouse), "yes|no"},
    {"on-hangup", "NAME", "when the line drops: checkpoint-and-stop (default) or continue",
     SX_FOR_SCREEN | SX_SETTING, TEXT, AT(app.on_hangup), "checkpoint-and-stop|continue"},
    {"theme", "NAME|FILE", "dark, light, high-contrast or a file (assets/themes)",
     SX_FOR_SCREEN | SX_SETTING, TEXT, AT(app.theme), "dark|light|high-contrast"},
    {"script", "FILE", "keys and commands from a file instead of a keyboard", SX_FOR_SCREEN, TEXT,
     AT(app.script), NULL},
    {"replay", "FILE", "play a lesson or a recording at the terminal", SX_FOR_SCREEN, TEXT,
     AT(app.replay), NULL},
    {"speed", "X", "of a lesson: 2 is twice as fast", SX_FOR_SCREEN, TEXT, AT(speed), NULL},
    {"keep", NULL, "the runs of a lesson are kept, and the end says where", SX_FOR_LESSON, SWITCH,
     AT(app.keep), NULL},
    {"size", "WxH", "size of the screen with --script, for example 120x40", SX_FOR_SCREEN, TEXT,
     AT(app.size), NULL},
    {"clock", "fixed", "show times as zero, for comparing screens", SX_FOR_SCREEN, TEXT, AT(clock),
     NULL},
    {"only", "NAME", "one result; tune: what is trained: all, head (the last layer), last=N blocks",
     SX_FOR_EXPORT | SX_FOR_INSPECT | SX_FOR_TUNE, TEXT, AT(only), NULL},
    {"recipe", "SPEC", "quick, bit-hyperrule(batch=128), vit ... (sextant help options)",
     SX_FOR_TUNE, TEXT, AT(recipe), NULL},
    {"format", SX_EXPORT_FORMATS,
     "of the files (default csv); export: safetensors is the network itself",
     SX_FOR_EXPORT | SX_FOR_INSPECT, TEXT, AT(format), NULL},
    {"names", "NAME", "of the tensors, with --format safetensors: timm, torchvision, bit ...",
     SX_FOR_EXPORT, TEXT, AT(names), NULL},
    {"data", "NAME|PATH", "a model: measure it on this data set, or tune it there",
     SX_FOR_OPEN | SX_FOR_TUNE, TEXT, AT(data), NULL},
    {"set", "OPTIONS", "a model: what its file cannot say, as \"heads=8, activation=gelu-quick\"",
     SX_FOR_MODEL | SX_FOR_TUNE, TEXT, AT(set), NULL},
    {"prepare", "OPTIONS", "a model: how pictures are brought to it, as \"size=384, crop=0.9\"",
     SX_FOR_MODEL, TEXT, AT(prepare), NULL},
    {"class-map", "FILE", "the data set's classes in ImageNet: a CSV file \"int,label\"",
     SX_FOR_MODEL, TEXT, AT(class_map), NULL},
    {"classes", "FILE", "a model: names of its classes, a line each", SX_FOR_MODEL | SX_FOR_TUNE,
     TEXT, AT(classes), NULL},
    {"merges", "FILE", "a CLIP: the byte pairs of its texts (default: beside the model)",
     SX_FOR_MODEL, TEXT, AT(merges), NULL},
    {"prompt", "TEXT", "a CLIP: a text with {} where a class goes; may come again", SX_FOR_MODEL,
     TEXTS, AT(prompts), NULL},
    {"prompts", "FILE", "a CLIP: a file of such texts, a line each", SX_FOR_MODEL, TEXT,
     AT(prompts_file), NULL},
    {"patch", "N", "inspect: whose attention is shown; by rows from 1 (default: the class token)",
     SX_FOR_INSPECT, TEXT, AT(patch), NULL},
    {"layer", "NAME",
     "inspect: whose values and weights are shown (default: the first convolution)", SX_FOR_INSPECT,
     TEXT, AT(layer), NULL},
    {"block", "N", "inspect: whose heads are shown, from 1 (default: all)", SX_FOR_INSPECT, TEXT,
     AT(block), NULL},
    {"class", "N", "inspect: which class is explained, from 0 (default: the likeliest)",
     SX_FOR_INSPECT, TEXT, AT(class), NULL},
    {"rows", "FILE", "a model: write a line for each picture as CSV", SX_FOR_OPEN, TEXT, AT(rows),
     NULL},
    {"crop", "resize|published",
     "measure: the whole picture (default), or the middle 7/8 of it as published", SX_FOR_MEASURE,
     TEXT, AT(crop), NULL},
    {"same-pairs", "yes|no",
     "measure: only pairs of object and background that are there at every value", SX_FOR_MEASURE,
     TEXT, AT(same_pairs), NULL},
    {"labels", "FILE", "predictions in npy: their labels (default: NAME-labels.npy beside them)",
     SX_FOR_OPEN, TEXT, AT(labels), NULL},
    {"temperature", "no|first|random",
     "predictions: also at a temperature, fitted on validation rows, or the first or random half",
     SX_FOR_OPEN, TEXT, AT(temperature), "no|first|random"},
    {"filters", "DIR", "a model: the same, and the filters of its convolutions as PNG", SX_FOR_OPEN,
     TEXT, AT(filters), NULL},
    {"tensors", NULL, "a model: list its tensors with figures and histograms", SX_FOR_OPEN, SWITCH,
     AT(tensors), NULL},
    {"help", NULL, "this text", ~0u, SWITCH, AT(help), NULL},
};
enum { FLAGS = sizeof flags / sizeof flags[0] };

/* --help is every command's. */
static bool is_taken(const flag *f, unsigned mask) {
    return (f->mask & mask) != 0 || f->mask == ~0u;
}

static const flag *find_flag(const char *name, size_t length, unsigned mask) {
    for (int i = 0; i < FLAGS; i++)
        if (is_taken(&flags[i], mask) && strlen(flags[i].name) == length &&
            strncmp(flags[i].name, name, length) == 0)
            return &flags[i];
    return NULL;
}

/* The flag of `mask` that is nearest to a word; the word itself, safe to show, into shown [80]. */
static const char *nearest_flag(const char *word, unsigned mask, char *shown) {
    const char *names[FLAGS];
    size_t count = 0;
    for (int i = 0; i < FLAGS; i++)
        if (is_taken(&flags[i], mask)) names[count++] = flags[i].name;
    sx_text_printable(shown, 80, word);
    return sx_nearest_name(word + strspn(word, "-"), names, count);
}

static sx_status unknown_flag(const char *word, unsigned mask, sx_error *err) {
    char shown[80];
    const char *nearest = nearest_flag(word, mask, shown);
    return sx_fail(err, SX_USAGE, "unknown option '%s'; did you mean '--%s'?", shown, nearest);
}

static sx_status add_word(sx_words *words, const flag *f, const char *value, sx_error *err) {
    if (words->count == SX_WORDS)
        return sx_fail(err, SX_USAGE, "--%s may come %d times; more of them in a file", f->name,
                       SX_WORDS);
    words->words[words->count++] = value;
    return SX_OK;
}

static sx_status set_value(sx_arguments *out, const flag *f, const char *value, sx_error *err) {
    char *at = (char *)out + f->offset;
    double number;
    if (f->kind == TEXT && strcmp(f->name, "on-hangup") == 0 &&
        strcmp(value, "checkpoint-and-stop") != 0 && strcmp(value, "continue") != 0)
        return sx_fail(err, SX_USAGE, "--on-hangup %.40s: must be one of %s", value, f->choices);
    if (f->kind == TEXT) {
        *(const char **)(void *)at = value;
        return SX_OK;
    }
    if (f->kind == TEXTS) return add_word((sx_words *)(void *)at, f, value, err);
    if (!sx_text_number(value, &number) || number != (int)number || number < 1 || number > 256)
        return sx_fail(err, SX_USAGE, "--%s %.40s: must be a whole number from 1 to 256", f->name,
                       value);
    *(int *)(void *)at = (int)number;
    return SX_OK;
}

/* Takes the flag at argv[*at] and, where it has one, its value. */
static sx_status take_flag(int argc, char **argv, int *at, unsigned mask, sx_arguments *out,
                           sx_error *err) {
    const char *word = argv[*at], *name = word + 2, *equals = strchr(name, '=');
    const flag *f = find_flag(name, equals ? (size_t)(equals - name) : strlen(name), mask);
    if (word[1] != '-' || !f) return unknown_flag(word, mask, err);
    if (f->kind == SWITCH) {
        if (equals) return sx_fail(err, SX_USAGE, "--%s takes no value", f->name);
        *(bool *)(void *)((char *)out + f->offset) = true;
        return SX_OK;
    }
    if (!equals && *at + 1 >= argc)
        return sx_fail(err, SX_USAGE, "--%s needs a value: %s", f->name, f->value);
    return set_value(out, f, equals ? equals + 1 : argv[++*at], err);
}

/* ---- settings ---------------------------------------------------------------------------------
 */

sx_status sx_arguments_set(const char *name, const char *value, sx_arguments *out, sx_error *err) {
    const flag *f = find_flag(name, strlen(name), SX_SETTING);
    sx_theme theme;
    if (!f) {
        char shown[80];
        const char *nearest = nearest_flag(name, SX_SETTING, shown);
        return sx_fail(err, SX_USAGE, "there is no setting '%s'; did you mean '%s'?", shown,
                       nearest);
    }
    if (strcmp(f->name, "theme") == 0 && sx_theme_read(value, &theme, err)) return err->status;
    if (f->kind != SWITCH) return set_value(out, f, value, err);
    bool on = strcmp(value, "yes") == 0;
    if (!on && strcmp(value, "no") != 0) return sx_fail(err, SX_USAGE, "%s is yes or no", f->name);
    *(bool *)(void *)((char *)out + f->offset) = on;
    return SX_OK;
}

const char *sx_arguments_choice(int row) {
    static char texts[40][48];
    static int count;
    for (int i = 0, known = count; i < FLAGS && !known; i++) {
        const char *at = (flags[i].mask & SX_SETTING) ? flags[i].choices : NULL;
        for (; at && *at && count < 40; at += strspn(at, "|")) {
            int length = (int)strcspn(at, "|");
            snprintf(texts[count++], sizeof texts[0], "%s %.*s", flags[i].name, length, at);
            at += length;
        }
    }
    return row < count ? texts[row] : NULL;
}

/* The first problem is told; the other settings hold all the same. */
static void take_settings(sx_arguments *out) {
    sx_settings settings;
    sx_settings_read(&settings, out->app.note, sizeof out->app.note);
    for (size_t i = 0; i < settings.count; i++) {
        sx_error err;
        const sx_ini_entry *entry = &settings.entries[i];
        if (sx_arguments_set(entry->key, entry->value, out, &err) && !out->app.note[0])
            snprintf(out->app.note, sizeof out->app.note, "sextant.ini:%d: %.200s", entry->line,
                     err.message);
    }
}

sx_status sx_arguments_parse(int argc, char **argv, unsigned mask, sx_arguments *out,
                             sx_error *err) {
    const char *no_colour = getenv("NO_COLOR");
    *out = (sx_arguments){.rest = argv + 1, .app.plain_colours = no_colour && *no_colour};
    bool flags_over = false;
    if (mask & SX_FOR_SCREEN) take_settings(out);
    for (int i = 1; i < argc; i++) {
        if (flags_over || argv[i][0] != '-' || !argv[i][1]) {
            out->rest[out->count++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            flags_over = true;
        } else {
            char short_help[] = "--help";
            if (strcmp(argv[i], "-h") == 0) argv[i] = short_help;
            sx_status status = take_flag(argc, argv, &i, mask, out, err);
            if (status) return status;
        }
    }
    if (out->clock && strcmp(out->clock, "fixed") != 0)
        return sx_fail(err, SX_USAGE, "--clock %.40s: the only other clock is 'fixed'", out->clock);
    out->app.fixed_clock = out->clock != NULL;
    out->app.speed = 1;
    if (out->speed && (!sx_text_number(out->speed, &out->app.speed) || out->app.speed < 0.125 ||
                       out->app.speed > 16))
        return sx_fail(err, SX_USAGE, "--speed %.40s: must be a number from 0.125 to 16",
                       out->speed);
    return SX_OK;
}

void sx_arguments_names(sx_text *out) {
    for (int i = 0; i < FLAGS; i++) sx_text_add(out, "%s--%s", i ? " " : "", flags[i].name);
}

void sx_arguments_describe(unsigned mask, sx_text *out) {
    for (int i = 0; i < FLAGS; i++) {
        if (!is_taken(&flags[i], mask)) continue;
        char left[64];
        snprintf(left, sizeof left, "--%s %s", flags[i].name, flags[i].value ? flags[i].value : "");
        sx_text_add(out, "  %-24s %s\n", left, flags[i].help);
    }
}
