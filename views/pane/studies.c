/* Studies: what can be started, from the study files of the assets and of the person's own folder.
 * For each: which paper it is after, what it shows, how long it takes (as earlier runs of the same
 * study and preset took here, else as its file says), and what its newest run found. The runs are
 * looked through a few a drawing, the newest first, so that no key waits for the disk. */
#include "views/pane/part.h"

#include "core/store/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 64, PRESETS = 3 };
static const char *const presets[PRESETS] = {"quick", "class", "full"};

typedef struct {
    char path[SX_PATH_SIZE];
    char name[64], kind[32], title[128], about[512], time[128];
    char source[64], model[160], preset[16];
    char problem[320];           /* why it cannot be started; "" */
    char networks[PRESETS][512]; /* of a study of several, by preset; "" */
    double seconds[PRESETS];     /* that the newest finished run took; NaN: there was none */
    char newest[96];             /* run of this study; "" */
    sx_result *claims;           /* of that run; NULL */
} study;

typedef struct {
    sx_desk *desk;
    study *studies; /* [MOST] */
    size_t count;
    sx_picker picker;
    int preset;       /* of `presets`; -1: as the file says */
    sx_run_walk walk; /* under way while `reading` */
    bool reading;
} studies_pane;

/* ---- what there is ----------------------------------------------------------------------------
 */

/* "6 networks: resnet, vit ..." of a preset. */
static void name_networks(study *s, sx_config *config, int preset) {
    char *out = s->networks[preset];
    size_t size = sizeof s->networks[preset], used = 0;
    out[0] = 0;
    if (sx_config_put(config, "run", "preset", presets[preset], NULL)) return;
    int count = sx_cells_count(config);
    if (count) used = (size_t)snprintf(out, size, "%d runs:", count);
    for (int i = 0; i < count && used + SX_CELL_NAME + 2 < size; i++) {
        char folder[SX_CELL_NAME];
        sx_cells_folder(config, i, folder);
        used += (size_t)snprintf(out + used, size - used, "%s %s", i ? "," : "", folder);
    }
}

static void read_study(study *s) {
    sx_config config;
    sx_error err = {0};
    sx_text_printable(s->name, sizeof s->name, sx_path_name(s->path));
    if (sx_config_new(&config, &err) || sx_config_read(&config, s->path, NULL, &err)) {
        sx_text_printable(s->problem, sizeof s->problem, err.message);
        sx_config_done(&config);
        return;
    }
    static const char *const keys[][2] = {{"study", "name"},  {"study", "kind"}, {"study", "title"},
                                          {"study", "about"}, {"study", "time"}, {"data", "source"},
                                          {"model", "spec"},  {"run", "preset"}};
    char *const to[] = {s->name, s->kind,   s->title, s->about,
                        s->time, s->source, s->model, s->preset};
    const size_t sizes[] = {sizeof s->name, sizeof s->kind,   sizeof s->title, sizeof s->about,
                            sizeof s->time, sizeof s->source, sizeof s->model, sizeof s->preset};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        sx_text_printable(to[i], sizes[i], sx_config_text(&config, keys[i][0], keys[i][1]));
    for (int p = 0; p < PRESETS; p++) name_networks(s, &config, p);
    sx_config_done(&config);
}

static void read_folder(studies_pane *pane, const char *folder) {
    sx_listing listing;
    if (sx_directory_list(folder, &listing, NULL)) return;
    for (size_t i = 0; i < listing.count && pane->count < MOST; i++) {
        study *s = &pane->studies[pane->count];
        size_t length = strlen(listing.names[i]);
        if (length < 5 || strcmp(listing.names[i] + length - 4, ".ini") != 0) continue;
        *s = (study){.seconds = {NAN, NAN, NAN}};
        if (sx_path_join(s->path, folder, listing.names[i], NULL) || !sx_is_file(s->path)) continue;
        read_study(s);
        pane->count++;
    }
    sx_listing_done(&listing);
}

static void read_claims(study *s) {
    sx_run_folder *run = s->newest[0] ? sx_run_open(s->newest, false, NULL) : NULL;
    if (!run) return;
    s->claims = sx_run_load_result(run, "claims", NULL);
    if (s->claims && s->claims->kind != SX_RESULT_CLAIMS) {
        sx_result_release(s->claims);
        s->claims = NULL;
    }
    sx_run_close(run);
}

/* What a run tells of its study; what newer ones told stands. */
/* Cells go with their study. */
static void take_run(study *s, const sx_run_facts *run) {
    if (strchr(run->name, '/')) return;
    if (strcmp(run->study, s->name) != 0) return;
    if (!s->newest[0]) {
        sx_text_set(s->newest, sizeof s->newest, run->name);
        read_claims(s);
    }
    for (int p = 0; p < PRESETS && strcmp(run->state, "finished") == 0; p++)
        if (isnan(s->seconds[p]) && strcmp(run->preset, presets[p]) == 0)
            s->seconds[p] = run->seconds;
}

/* At least one run, and more while there is time. */
static void read_more(studies_pane *pane) {
    double began = sx_seconds();
    sx_run_facts run;
    while (pane->reading) {
        pane->reading = sx_run_walk_next(&pane->walk, &run);
        for (size_t k = 0; k < pane->count && pane->reading; k++) take_run(&pane->studies[k], &run);
        if (!sx_desk_has_time(pane->desk, began)) break;
    }
    if (!pane->reading) sx_run_walk_done(&pane->walk);
}

static void forget(studies_pane *pane) {
    for (size_t i = 0; i < pane->count; i++) sx_result_release(pane->studies[i].claims);
    pane->count = 0;
}

static void seen(void *state, bool seen) {
    studies_pane *pane = state;
    char folder[SX_PATH_SIZE];
    if (!seen) return;
    forget(pane);
    if (sx_asset_find(folder, "studies", NULL) == SX_OK) read_folder(pane, folder);
    if (sx_user_file(folder, "studies", NULL) == SX_OK) read_folder(pane, folder);
    sx_picker_lay(&pane->picker, pane->count, 1, pane->picker.rows);
    pane->reading = sx_run_walk_begin(&pane->walk, NULL) == SX_OK;
    read_more(pane);
}

static study *selected(const studies_pane *pane) {
    return pane->picker.selected < pane->count ? &pane->studies[pane->picker.selected] : NULL;
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static void run_move(void *state, int value, const char *argument) {
    static const int64_t by[] = {[UP] = -1, [DOWN] = 1, [FIRST] = -INT32_MAX, [LAST] = INT32_MAX};
    studies_pane *pane = state;
    (void)argument;
    sx_picker_move(&pane->picker, by[value]);
    pane->preset = -1;
}

/* The preset that would be taken now. */
static int preset_of(const studies_pane *pane, const study *s) {
    for (int p = 0; pane->preset < 0 && p < PRESETS; p++)
        if (strcmp(s->preset, presets[p]) == 0) return p;
    return pane->preset < 0 ? 0 : pane->preset;
}

static void run_preset(void *state, int value, const char *argument) {
    studies_pane *pane = state;
    const study *s = selected(pane);
    (void)argument;
    if (!s) return;
    int to = preset_of(pane, s) + (value == LEFT ? -1 : 1);
    pane->preset = to < 0 ? 0 : to >= PRESETS ? PRESETS - 1 : to;
}

static const char *preset_choice(void *state, size_t row) {
    (void)state;
    return row < PRESETS ? presets[row] : NULL;
}

static void run_start(void *state, int value, const char *argument) {
    studies_pane *pane = state;
    const study *s = selected(pane);
    (void)value;
    if (!s) {
        sx_desk_say(pane->desk, "there is no study to start");
        return;
    }
    int preset = preset_of(pane, s);
    if (argument[0])
        preset = sx_part_choose(pane->desk, preset_choice, pane, 0, argument,
                                "presets are quick, class and full");
    if (preset < 0) return;
    if (s->problem[0]) {
        sx_desk_say(pane->desk, "%s", s->problem);
        pane->desk->bad = true;
        return;
    }
    pane->desk->pending.overrides[0] = 0;
    sx_desk_start(pane->desk, SX_START_STUDY, s->path, presets[preset]);
}

/* A study file anywhere, and what is changed in it. */
static void run_study(void *state, int value, const char *argument) {
    studies_pane *pane = state;
    char file[SX_PATH_SIZE];
    (void)value;
    sx_text_set(file, sizeof file, argument);
    file[strcspn(file, " ")] = 0;
    const char *rest = argument + strlen(file);
    sx_text_set(pane->desk->pending.overrides, sizeof pane->desk->pending.overrides,
                rest + strspn(rest, " "));
    sx_desk_start(pane->desk, SX_START_STUDY, file, "");
}

static const sx_command commands[] = {
    {"up", "Up k", "", NULL, "the study above", run_move, UP, NULL, NULL},
    {"down", "Down j", "", NULL, "the study below", run_move, DOWN, NULL, NULL},
    {"first", "g Home", "", NULL, "the first study", run_move, FIRST, NULL, NULL},
    {"last", "G End", "", NULL, "the last study", run_move, LAST, NULL, NULL},
    {"left", "Left h", "", "preset", "a shorter preset", run_preset, LEFT, NULL, NULL},
    {"right", "Right l", "", "preset", "a longer preset", run_preset, RIGHT, NULL, NULL},
    {"start", "S", "[PRESET]", "start", "start the study: quick, class or full", run_start, 0,
     preset_choice, NULL},
    {"study", "o", "FILE", NULL, "start the study of a file: FILE [section.key=value ...]",
     run_study, 0, NULL, NULL},
    {0}};

static bool enter(void *state) {
    run_start(state, 0, "");
    return true;
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static const sx_study_kind *kind_of(const study *s) {
    const sx_study_kind *kind;
    for (int i = 0; (kind = sx_study_kind_at(i)); i++)
        if (strcmp(kind->name, s->kind) == 0) return kind;
    return NULL;
}

/* "quick 1 m 05 s   class ..." of earlier runs, or what the file says. */
static void tell_time(const study *s, char *out, size_t size) {
    size_t used = 0;
    out[0] = 0;
    for (int p = 0; p < PRESETS; p++) {
        char time[32];
        if (isnan(s->seconds[p]) || used >= size) continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s took %s here", used ? ", " : "",
                                 presets[p], sx_text_duration(time, s->seconds[p]));
    }
    if (!out[0]) snprintf(out, size, "%s", s->time[0] ? s->time : "not measured here yet");
}

static void draw_presets(const studies_pane *pane, const study *s, sx_canvas *canvas, sx_box box,
                         int y) {
    sx_segment parts[PRESETS + 1];
    int chosen = preset_of(pane, s);
    parts[0] = sx_part_segment(SX_ROLE_DIM, "preset");
    for (int p = 0; p < PRESETS; p++)
        parts[p + 1] = sx_part_segment(p == chosen ? SX_ROLE_KEY : SX_ROLE_TEXT,
                                       p == chosen ? "[%s]" : " %s ", presets[p]);
    sx_segments_draw(canvas, box, y, parts, PRESETS + 1, 1);
}

/* A name and a text that may take several lines; returns the row after it. */
static int draw_fact(sx_canvas *canvas, sx_box box, int y, const char *name, const char *text) {
    if (!text || !text[0] || y >= box.height) return y;
    sx_canvas_text(canvas, sx_box_inset(box, 0, y, 0, 0), 0, 0, sx_style_of(SX_ROLE_DIM), name);
    return sx_canvas_paragraph(canvas, sx_box_inset(box, 8, 0, 0, 0), y, sx_style_of(SX_ROLE_TEXT),
                               text);
}

static void draw_claims(const study *s, sx_canvas *canvas, sx_box box) {
    char line[192];
    if (box.height < 3 || !s->newest[0]) return;
    snprintf(line, sizeof line, s->claims ? "what %s found" : "%s has no verdicts yet", s->newest);
    sx_canvas_text(canvas, box, 0, 0, sx_style_of(SX_ROLE_TITLE), line);
    if (s->claims) sx_plot_table(canvas, sx_box_inset(box, 0, 1, 0, 0), s->claims, 0, -1);
}

static void draw_study(const studies_pane *pane, const study *s, sx_canvas *canvas, sx_box box) {
    char text[256];
    const sx_study_kind *kind = kind_of(s);
    if (s->problem[0]) {
        sx_canvas_paragraph(canvas, box, 0, sx_style_of(SX_ROLE_BAD), s->problem);
        return;
    }
    draw_presets(pane, s, canvas, box, 0);
    int y = draw_fact(canvas, box, 1, "shows", s->about[0] ? s->about : kind ? kind->help : "");
    y = draw_fact(canvas, box, y, "paper", kind ? kind->paper : "");
    const char *networks = s->networks[preset_of(pane, s)];
    snprintf(text, sizeof text, "%s on %s", s->model, s->source[0] ? s->source : "fashion-mnist");
    y = draw_fact(canvas, box, y, "model", networks[0] ? networks : text);
    tell_time(s, text, sizeof text);
    y = draw_fact(canvas, box, y, "time", text);
    draw_claims(s, canvas, sx_box_inset(box, 0, y + 1, 0, 0));
}

static void draw_list(const studies_pane *pane, sx_canvas *canvas, sx_box box) {
    for (int y = 0; y < box.height && pane->picker.first + (size_t)y < pane->count; y++) {
        size_t row = pane->picker.first + (size_t)y;
        const study *s = &pane->studies[row];
        sx_style style = sx_style_of(s->problem[0] ? SX_ROLE_BAD : SX_ROLE_TEXT);
        if (row == pane->picker.selected) {
            style.attributes |= SX_REVERSE | SX_BOLD;
            canvas->cursor_x = box.x;
            canvas->cursor_y = box.y + y;
        }
        sx_canvas_text(canvas, box, 0, y, style, s->name);
    }
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    studies_pane *pane = state;
    (void)how;
    box = sx_box_inset(box, 1, 0, 1, 0);
    if (pane->reading) read_more(pane);
    pane->desk->again |= pane->reading;
    const study *s = selected(pane);
    if (!s) {
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM),
                        "No study files were found: SEXTANT_ASSETS names the folder of the assets");
        return;
    }
    sx_box list = sx_box_take_columns(&box, box.width >= 100 ? 28 : 20);
    sx_picker_lay(&pane->picker, pane->count, 1, list.height > 0 ? list.height : 1);
    draw_list(pane, canvas, sx_box_inset(list, 0, 0, 2, 0));
    draw_study(pane, s, canvas, box);
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void heading(const void *state, sx_heading *out) {
    const study *s = selected(state);
    sx_heading_add(out, 0, "", "Studies");
    if (s) sx_heading_add(out, 1, "", " · %s", s->title[0] ? s->title : s->name);
}

static void close_pane(void *state) {
    studies_pane *pane = state;
    forget(pane);
    sx_run_walk_done(&pane->walk);
    sx_free(pane->studies);
    sx_free(pane);
}

static void *open_pane(sx_desk *desk) {
    studies_pane *pane = sx_alloc(1, sizeof *pane);
    if (!pane) return NULL;
    *pane = (studies_pane){.desk = desk, .preset = -1, .picker = {.columns = 1, .rows = 1}};
    pane->studies = sx_alloc(MOST, sizeof *pane->studies);
    if (pane->studies) return pane;
    close_pane(pane);
    return NULL;
}

static json_t *state_of(const void *state) {
    const studies_pane *pane = state;
    const study *s = selected(pane);
    return json_pack("{s:I, s:o, s:s}", "count", (json_int_t)pane->count, "selected",
                     sx_json_text(s ? s->name : ""), "preset",
                     s ? presets[preset_of(pane, s)] : "");
}

static const char *const results[] = {NULL};

const sx_pane sx_pane_studies = {
    .name = "studies",
    .title = "Studies",
    .tab = "Study",
    .help = "the studies that can be started",
    .explains = "A study is a paper made small enough to watch: a data set, a network, what is "
                "measured, and the paper's findings as claims that this machine checks. The three "
                "presets trade time for certainty: quick for a first look, class for a lesson, "
                "full for figures to rely on.",
    .tries = "Try: Left and Right choose a preset, Enter starts it; the same study with another "
             "seed shows which verdicts were luck.",
    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .seen = seen,
    .heading = heading,
    .draw = draw,
    .enter = enter,
    .state = state_of};
