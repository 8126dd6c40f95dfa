/* What the engine has answered about the inside of a network: the newest result of each name, held
 * until an answer says that there is nothing else. Whoever looks inside asks, takes and exports by
 * this; what is drawn of it is in sights.c. */
#include "views/pane/inside.h"

#include <stdio.h>
#include <string.h>

/* What is always there, and what the view needs. */
unsigned sx_inside_parts(const sx_inside *in) {
    return 1u << SX_INSIDE_LAYERS | 1u << SX_INSIDE_PICTURE | sx_sights[in->is.sight].parts;
}

sx_inside_question sx_inside_asks(const sx_inside *in) {
    const sx_inside_choice *is = &in->is;
    return (sx_inside_question){.parts = sx_inside_parts(in),
                                .label = is->label,
                                .query = is->query,
                                .layer = is->layer,
                                .block = is->block > 0 ? is->block : INT32_MAX};
}

const sx_result *sx_inside_result(const sx_inside *in, const char *name) {
    for (size_t i = 0; i < in->count; i++)
        if (strcmp(in->held[i]->name, name) == 0) return in->held[i];
    return NULL;
}

static bool has(const sx_answer *answer, const char *name) {
    for (size_t i = 0; i < answer->result_count; i++)
        if (strcmp(answer->results[i]->name, name) == 0) return true;
    return false;
}

static void hold(sx_inside *in, const sx_result *result) {
    size_t at = 0;
    while (at < in->count && strcmp(in->held[at]->name, result->name) != 0) at++;
    if (at == SX_INSIDE_RESULTS) return;
    if (at < in->count)
        sx_result_release(in->held[at]);
    else
        in->count++;
    in->held[at] = sx_result_keep(result);
}

static void forget_others(sx_inside *in, const sx_answer *answer) {
    size_t kept = 0;
    for (size_t i = 0; i < in->count; i++)
        if (has(answer, in->held[i]->name))
            in->held[kept++] = in->held[i];
        else
            sx_result_release(in->held[i]);
    in->count = kept;
}

void sx_inside_take(sx_inside *in, const sx_answer *answer) {
    for (size_t i = 0; i < answer->result_count; i++) hold(in, answer->results[i]);
    if (answer->whole) forget_others(in, answer);
    in->whole = answer->whole;
    in->step = answer->known.step;
    sx_text_printable(in->problem, sizeof in->problem, answer->problem);
    sx_inside_compose(in);
}

void sx_inside_drop(sx_inside *in) {
    for (size_t i = 0; i < in->count; i++) sx_result_release(in->held[i]);
    sx_result_release(in->composed);
    in->composed = NULL;
    in->count = 0;
    in->whole = false;
    in->problem[0] = 0;
    in->step = -1;
}

bool sx_inside_choose_layer(sx_inside *in) {
    const sx_result *layers = sx_inside_result(in, "layers");
    if (!layers || (in->is.layer >= 0 && (size_t)in->is.layer < layers->table.rows)) return false;
    in->is.layer = 0;
    for (size_t i = 0; i < layers->table.rows; i++)
        if (strcmp(layers->table.columns[1].texts[i], "convolution") == 0) {
            in->is.layer = (int)i;
            break;
        }
    return true;
}

const char *sx_inside_layer_name(const sx_inside *in) {
    const sx_result *layers = sx_inside_result(in, "layers");
    bool any = layers && in->is.layer >= 0 && (size_t)in->is.layer < layers->table.rows;
    return any ? layers->table.columns[0].texts[in->is.layer] : "";
}

/* ---- export -----------------------------------------------------------------------------------
 */

bool sx_inside_figure(const sx_inside *in, const char *prefix, int row, char *name, size_t size,
                      sx_figure *out) {
    if (row > (int)in->count) return false;
    const sx_result *result = row < (int)in->count ? in->held[row] : in->composed;
    if (result && !sx_plot_is_picture(result)) result = NULL;
    snprintf(name, size, "%s-%.30s", prefix, result ? result->name : "");
    *out = (sx_figure){.result = result};
    return true;
}

bool sx_inside_numbers(const sx_inside *in, const char *prefix, int row, char *name, size_t size,
                       sx_text *out) {
    if (row >= (int)in->count) return false;
    snprintf(name, size, "%s-%.30s", prefix, in->held[row]->name);
    sx_result_csv(in->held[row], out);
    return true;
}
