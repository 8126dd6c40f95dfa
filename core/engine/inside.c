/* What happens inside a network, and what it says in one-pixel steps around a scene, answered on
 * the light lane: results come one by one, and what is there already is shown while the rest is
 * computed. A newer question stops it between any two pieces of work, so a key waits for none of
 * them. */
#include "core/engine/internal.h"

#include <string.h>

#define SECONDS_BETWEEN_PARTS 0.03 /* a screen is drawn no more often */

typedef struct {
    sx_engine *engine;
    const sx_lane_task *task;
    const sx_result *results[SX_INSIDE_RESULTS];
    size_t count;
    double published; /* when the last part was */
} collection;

/* With the scene's own answer, if it was asked. */
static sx_answer *new_answer(const collection *c) {
    const sx_question *q = &c->task->question;
    if (q->inside.beside || q->nearby) return sx_lane_answer_scene(c->task);
    sx_answer *answer = sx_lane_answer_new(c->task, 0, 0);
    if (!answer) return NULL;
    answer->known.scene = q->scene;
    answer->known.step = sx_probe_answer_of(c->task->probe)->step;
    return answer;
}

static void publish(collection *c, bool whole) {
    sx_answer *answer = new_answer(c);
    if (!answer) return;
    answer->whole = whole;
    answer->inside = c->task->question.inside;
    answer->nearby = c->task->question.nearby;
    for (size_t i = 0; i < c->count; i++) answer->results[i] = sx_result_keep(c->results[i]);
    answer->result_count = c->count;
    c->published = sx_seconds();
    sx_lane_publish(c->engine, answer);
}

/* A newer one takes the place of the one before of its name. */
static void collect(void *user, sx_result *result) {
    collection *c = user;
    size_t at = 0;
    while (at < c->count && strcmp(c->results[at]->name, result->name) != 0) at++;
    if (at == SX_INSIDE_RESULTS) {
        sx_result_release(result);
        return;
    }
    if (at < c->count) sx_result_release(c->results[at]);
    c->count += at == c->count;
    c->results[at] = result;
    if (sx_seconds() - c->published >= SECONDS_BETWEEN_PARTS) publish(c, false);
}

static int within(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
}

/* The question as this network can answer it. */
static sx_inspection inspection_of(const sx_inspector *inspector, const sx_lane_task *t) {
    const sx_inside_question *q = &t->question.inside;
    const sx_scene *scene = &t->question.scene;
    const sx_source *source = sx_probe_data(t->probe)->source;
    sx_inside_sizes sizes = sx_inspector_sizes(inspector);
    return (sx_inspection){
        .parts = q->parts,
        .query = within(q->query, 0, sizes.grid * sizes.grid),
        .layer = q->layer,
        .block = within(q->block, sizes.blocks > 0, sizes.blocks),
        .class = q->label ? sx_source_label(source, scene->split, scene->item) : -1,
    };
}

static sx_status draw(const sx_lane_task *t, uint8_t *pixels, sx_error *err) {
    const sx_view *view = sx_probe_data(t->probe)->view;
    const sx_scene *scene = &t->question.scene;
    if (t->question.inside.plain)
        return sx_view_image(view, scene->split, scene->item, pixels, err);
    return sx_view_scene(view, scene, pixels, err);
}

static sx_status look(collection *c, sx_lane_task *t, sx_error *err) {
    sx_inspector *inspector = sx_probe_inspector(t->probe, err);
    if (!inspector) return SX_BAD_INPUT;
    size_t size = (size_t)sx_view_size(sx_probe_data(t->probe)->view);
    uint8_t *pixels = sx_alloc(size * size, 3);
    if (!pixels) return sx_fail(err, SX_NO_MEMORY, "not enough memory for a picture");
    sx_inspection in = inspection_of(inspector, t);
    in.publish = collect;
    in.user = c;
    sx_status status = draw(t, pixels, err);
    if (!status) status = sx_probe_inspect(t->probe, pixels, &in, err);
    sx_free(pixels);
    return status;
}

static void drop(collection *c) {
    for (size_t i = 0; i < c->count; i++) sx_result_release(c->results[i]);
}

void sx_lane_answer_inside(sx_engine *engine, sx_lane_task *t) {
    sx_error err = {0};
    collection c = {.engine = engine, .task = t, .published = sx_seconds()};
    sx_status status = SX_BAD_INPUT;
    t->probe = sx_guest_of(&engine->lane, t->question.network, &err);
    if (t->probe)
        status = look(&c, t, &err);
    else
        t->probe = engine->lane.probe; /* for its step and data */
    sx_text_set(t->problem, sizeof t->problem, status ? err.message : "");
    if (status != SX_CANCELLED) publish(&c, true);
    drop(&c);
}

void sx_lane_answer_beyond(sx_engine *engine, sx_lane_task *t) {
    sx_error err = {0};
    collection c = {.engine = engine, .task = t, .published = sx_seconds()};
    sx_status status =
        t->question.nearby ? sx_probe_nearby(t->probe, collect, &c, &err) : look(&c, t, &err);
    sx_text_set(t->problem, sizeof t->problem, status ? err.message : "");
    if (status != SX_CANCELLED) publish(&c, true);
    drop(&c);
}
