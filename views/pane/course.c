/* The course of a factor: what the network would say if only that were changed, as the curve of the
 * true class, as all classes stacked, or as the picture again and again with what it says to each.
 * A course belongs to one network and one scene; while the next one is computed the old one stays,
 * and is not exported as if it were the new. */
#include "views/pane/probe.h"

#include "views/pane/thumbnail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const sx_course_names[SX_PROBE_COURSES] = {"curve", "classes", "pictures"};

/* ---- made of an answer ------------------------------------------------------------------------
 */

static sx_scene start_of(sx_scene scene, sx_along along) {
    scene.pose = sx_along_pose(scene.pose, along, 0);
    return scene;
}

static bool same_scene(const sx_scene *a, const sx_scene *b) {
    return a->split == b->split && a->item == b->item && a->background == b->background &&
           a->pose.area == b->pose.area && a->pose.rotation == b->pose.rotation &&
           a->pose.x == b->pose.x && a->pose.y == b->pose.y;
}

/* The course that is held goes through this scene. */
static bool goes_through(const sx_probe_pane *pane, const sx_scene *scene, sx_along along,
                         const char *network) {
    sx_scene start = start_of(*scene, along);
    return pane->course.curve && pane->course.along == along &&
           same_scene(&pane->course.scene, &start) && strcmp(pane->course.network, network) == 0;
}

static sx_result *make_series(const char *name, const char *title, const sx_probe_answer *answer,
                              int lines) {
    sx_result *r = sx_result_new(SX_RESULT_SERIES, name, title);
    if (!r || !sx_series_alloc(r, SX_PROBE_POINTS, lines, false)) {
        sx_result_release(r);
        return NULL;
    }
    r->step = answer->step;
    r->series.x_label = sx_along_name(answer->along);
    memcpy(r->series.x, answer->curve_x, sizeof answer->curve_x);
    return r;
}

/* "by rotation", "by place across". */
static const char *factor_text(sx_along along) {
    static const char *const texts[SX_ALONGS] = {"place across", "place down", "rotation", "size"};
    return texts[along];
}

static sx_result *make_curve(const sx_probe_pane *pane, const sx_probe_answer *answer) {
    char title[160];
    snprintf(title, sizeof title, "Probability of %s by %s", sx_probe_class(pane, answer->label),
             factor_text(answer->along));
    sx_result *r = make_series("probe", title, answer, 1);
    if (!r) return NULL;
    r->series.y_label = "p(true)";
    r->series.lines[0].name = "p(true)";
    memcpy(r->series.lines[0].y, answer->curve, sizeof answer->curve);
    return r;
}

static sx_result *make_classes(const sx_probe_pane *pane, const sx_probe_answer *answer) {
    char title[160];
    snprintf(title, sizeof title, "Probability of every class by %s, of an object of class %s",
             factor_text(answer->along), sx_probe_class(pane, answer->label));
    sx_result *r = make_series("probe-classes", title, answer, answer->classes);
    if (!r) return NULL;
    r->series.y_label = "probability";
    for (int c = 0; c < answer->classes; c++) {
        r->series.lines[c].name = sx_result_text(r, "%s", sx_probe_class(pane, c));
        for (int i = 0; i < SX_PROBE_POINTS; i++)
            r->series.lines[c].y[i] = (double)answer->sweep[i * answer->classes + c];
    }
    return r;
}

/* "-180", "0.25", "12 %" into out [32]; returns out. */
static char *value_text(sx_along along, double value, char *out) {
    if (along == SX_ALONG_SIZE)
        snprintf(out, 32, "%.0f %%", value * 100);
    else
        sx_number_shown(out, value, along == SX_ALONG_ROTATION ? 0 : 2);
    return out;
}

static int says_at(const sx_result *classes, int point) {
    int best = 0;
    const sx_line *lines = classes->series.lines;
    for (int c = 1; c < classes->series.line_count; c++)
        if (lines[c].y[point] > lines[best].y[point]) best = c;
    return best;
}

static sx_result *make_pictures(const sx_probe_answer *answer, const sx_result *classes) {
    char title[96], value[32], shown[32];
    snprintf(title, sizeof title, "What the network sees and says by %s",
             factor_text(answer->along));
    sx_result *r = sx_result_new(SX_RESULT_IMAGES, "probe-pictures", title);
    size_t tile = (size_t)answer->tile * (size_t)answer->tile * 3;
    if (r) {
        r->images = (sx_images){SX_PROBE_POINTS, answer->tile, answer->tile, 3, NULL, NULL};
        r->images.pixels = sx_arena_alloc(&r->arena, SX_PROBE_POINTS, tile);
        r->images.captions = sx_arena_alloc(&r->arena, SX_PROBE_POINTS, sizeof(char *));
    }
    if (!r || !r->images.pixels || !r->images.captions) {
        sx_result_release(r);
        return NULL;
    }
    r->step = answer->step;
    memcpy(r->images.pixels, answer->tiles, SX_PROBE_POINTS * tile);
    for (int i = 0; i < SX_PROBE_POINTS; i++) {
        const sx_line *line = &classes->series.lines[says_at(classes, i)];
        r->images.captions[i] =
            sx_result_text(r, "%s: %s %s", value_text(answer->along, answer->curve_x[i], value),
                           line->name, sx_number_shown(shown, line->y[i], 2));
    }
    return r;
}

void sx_course_drop(sx_probe_pane *pane) {
    sx_result_release(pane->course.curve);
    sx_result_release(pane->course.classes);
    sx_result_release(pane->course.pictures);
    memset(&pane->course, 0, sizeof pane->course);
}

void sx_course_take(sx_probe_pane *pane) {
    const sx_probe_answer *answer = sx_probe_known(pane);
    if (answer && !answer->sweep && answer->step >= 0) return; /* the one before stays */
    const char *network = answer ? pane->desk->answer->network : "";
    bool held = answer && answer->sweep &&
                goes_through(pane, &answer->scene, answer->along, network) &&
                pane->course.curve->step == answer->step;
    if (held) return;
    sx_course_drop(pane);
    if (!answer || !answer->sweep) return;
    pane->course.scene = start_of(answer->scene, answer->along);
    pane->course.along = answer->along;
    sx_text_set(pane->course.network, sizeof pane->course.network, network);
    pane->course.curve = make_curve(pane, answer);
    pane->course.classes = make_classes(pane, answer);
    if (pane->course.classes) pane->course.pictures = make_pictures(answer, pane->course.classes);
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

/* Where the object is along the factor; NaN if the course that is held is of another one. */
static double cursor_of(const sx_probe_pane *pane) {
    bool same = pane->course.along == pane->desk->along;
    return same ? sx_along_value(pane->desk->scene.pose, pane->desk->along) : NAN;
}

static void draw_curve(const sx_probe_pane *pane, sx_canvas *canvas, sx_box box) {
    sx_curve curve = {.series = pane->course.curve, .line = 0, .look = 0};
    sx_axes axes = sx_axes_default();
    axes.y_low = 0;
    axes.y_high = 1;
    axes.legend = false;
    axes.cursor = cursor_of(pane);
    sx_plot_curves(canvas, box, &curve, 1, &axes);
}

static sx_stack stack_of(const sx_probe_pane *pane) {
    const sx_scene *scene = &pane->course.scene;
    return (sx_stack){.first = sx_source_label(pane->data->source, scene->split, scene->item),
                      .cursor = cursor_of(pane)};
}

/* How small multiples lie: so many of the course's points, evenly, as large as they can be. */
typedef struct {
    int count, columns, width, height; /* of a picture in cells, two lines of text below */
} multiples;

#define LEAST_WIDTH 10 /* of a picture whose text can be read */
#define GAP 1
#define TEXT 2

static multiples lay_some(sx_box box, int count) {
    multiples best = {.count = count};
    for (int columns = 1; columns <= count; columns++) {
        int rows = (count + columns - 1) / columns;
        int width = (box.width + GAP) / columns - GAP, height = box.height / rows - TEXT;
        if (width > 2 * height) width = 2 * height;
        if (width <= best.width) continue;
        best = (multiples){count, columns, width, (width + 1) / 2};
    }
    return best;
}

/* Those numbers that divide the course evenly, the largest first. */
static multiples lay_multiples(sx_box box) {
    static const int counts[] = {9, 7, 5};
    multiples m = {0};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        m = lay_some(box, counts[i]);
        if (m.width >= LEAST_WIDTH) break;
    }
    return m;
}

static void draw_multiple(const sx_probe_pane *pane, sx_canvas *canvas, sx_box place, int point,
                          bool here) {
    const sx_images *images = &pane->course.pictures->images;
    const sx_result *classes = pane->course.classes;
    size_t tile = (size_t)images->width * (size_t)images->height * 3;
    int says = says_at(classes, point), label = stack_of(pane).first;
    char value[32], text[160];
    sx_box below = sx_box_take_rows(&place, -TEXT);
    if (!pane->desk->no_thumbnails)
        sx_canvas_picture(canvas, place, images->pixels + (size_t)point * tile, images->height,
                          images->width, 3);
    sx_thumbnail_verdict verdict = {.prediction = classes->series.lines[says].name,
                                    .right = says == label,
                                    .confidence = classes->series.lines[says].y[point]};
    sx_role role;
    sx_thumbnail_verdict_text(&verdict, canvas->look.unicode, text, sizeof text, &role);
    sx_style style = sx_style_of(here ? SX_ROLE_KEY : SX_ROLE_DIM);
    if (here) style.attributes |= SX_REVERSE;
    sx_canvas_text(canvas, below, 0, 0, style,
                   value_text(pane->course.along, classes->series.x[point], value));
    sx_canvas_text(canvas, below, 0, 1, sx_style_of(role), text);
}

static void draw_pictures(const sx_probe_pane *pane, sx_canvas *canvas, sx_box box) {
    multiples m = lay_multiples(box);
    double at = cursor_of(pane);
    const double *x = pane->course.classes->series.x;
    int here = -1, apart = (SX_PROBE_POINTS - 1) / (m.count > 1 ? m.count - 1 : 1);
    if (m.width < 1) return;
    for (int i = 0; i < m.count; i++)
        if (!isnan(at) && (here < 0 || fabs(x[i * apart] - at) < fabs(x[here * apart] - at)))
            here = i;
    for (int i = 0; i < m.count; i++) {
        sx_box place = {box.x + i % m.columns * (m.width + GAP),
                        box.y + i / m.columns * (m.height + TEXT), m.width, m.height + TEXT};
        draw_multiple(pane, canvas, place, i * apart, i == here);
    }
}

void sx_course_draw(const sx_probe_pane *pane, sx_canvas *canvas, sx_box box) {
    int view = pane->choice.view;
    sx_stack stack = stack_of(pane);
    if (!pane->course.curve || box.height < 4) return;
    if (view == SX_PROBE_CURVE)
        draw_curve(pane, canvas, box);
    else if (view == SX_PROBE_CLASSES && pane->course.classes)
        sx_plot_stack(canvas, box, pane->course.classes, &stack);
    else if (view == SX_PROBE_PICTURES && pane->course.pictures)
        draw_pictures(pane, canvas, box);
}

/* ---- export -----------------------------------------------------------------------------------
 */

/* What is held of the scene that is seen. */
static const sx_result *result_of(const sx_probe_pane *pane, int row) {
    const sx_result *const results[SX_PROBE_COURSES] = {pane->course.curve, pane->course.classes,
                                                        pane->course.pictures};
    const sx_desk *desk = pane->desk;
    bool current = goes_through(pane, &desk->scene, desk->along, sx_probe_network(pane));
    return current ? results[row] : NULL;
}

static void name_of(const sx_probe_pane *pane, int row, char *name, size_t size) {
    const char *along = sx_along_name(pane->desk->along);
    if (row == SX_PROBE_CURVE)
        snprintf(name, size, "probe-%s", along);
    else
        snprintf(name, size, "probe-%s-%s", sx_course_names[row], along);
}

void sx_course_figure(const sx_probe_pane *pane, int row, char *name, size_t size, sx_figure *out) {
    name_of(pane, row, name, size);
    *out = (sx_figure){.result = result_of(pane, row), .as_stack = row == SX_PROBE_CLASSES};
    if (out->result && out->as_stack) out->stack = stack_of(pane);
}

void sx_course_csv(const sx_probe_pane *pane, int row, char *name, size_t size, sx_text *out) {
    const sx_result *result = result_of(pane, row);
    name_of(pane, row, name, size);
    if (result) sx_result_csv(result, out);
}
