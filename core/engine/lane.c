/* The light lane: a thread beside the compute thread that answers the probe, and what is asked
 * about the inside of the network (inside.c), at once, on parameters of its own, while training
 * goes on (house decision 5). A newer question cancels the older. The compute thread leaves it a
 * copy of its parameters now and then; from then on the answer is made again. Neither thread waits
 * for what the other computes, and the screen for neither: the mutex guards pointers and flags,
 * never a copy of a large network. */
#include "core/engine/internal.h"

#include <string.h>
#include <unistd.h>

#define SECONDS_BETWEEN_LESSONS 0.25

typedef struct {
    atomic_int owners;
    sx_answer answer;
    float values[]; /* probabilities, then pixels */
} counted;

static counted *counted_of(const sx_answer *answer) {
    return (counted *)((char *)(uintptr_t)answer - offsetof(counted, answer));
}

void sx_answer_release(const sx_answer *answer) {
    if (!answer) return;
    counted *c = counted_of(answer);
    if (atomic_fetch_sub_explicit(&c->owners, 1, memory_order_acq_rel) != 1) return;
    for (size_t i = 0; i < answer->result_count; i++) sx_result_release(answer->results[i]);
    sx_free(c);
}

const sx_answer *sx_engine_answer(sx_engine *engine) {
    sx_lane *lane = &engine->lane;
    pthread_mutex_lock(&lane->mutex);
    const sx_answer *newest = lane->newest;
    if (newest) atomic_fetch_add_explicit(&counted_of(newest)->owners, 1, memory_order_relaxed);
    pthread_mutex_unlock(&lane->mutex);
    return newest;
}

/* ---- what the compute thread does -------------------------------------------------------------
 */

void sx_lane_open(sx_engine *engine, const sx_config *config, const sx_safetensors *checkpoint) {
    sx_lane *lane = &engine->lane;
    if (!engine->now.data) return; /* there are no pictures to ask about */
    sx_probe *probe = sx_probe_new(config, engine->now.data, NULL);
    if (!probe) return; /* without memory for it there is no probe */
    if (config && checkpoint) sx_probe_read(probe, config, checkpoint, NULL); /* else: no answers */
    sx_probe_stop_flag(probe, &lane->stop);
    pthread_mutex_lock(&lane->mutex);
    lane->probe = probe;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->mutex);
}

void sx_lane_close(sx_engine *engine) {
    sx_lane *lane = &engine->lane;
    pthread_mutex_lock(&lane->mutex);
    atomic_store(&lane->stop, true);
    lane->open = lane->asked = false;
    while (lane->busy) pthread_cond_wait(&lane->changed, &lane->mutex);
    sx_probe *probe = lane->probe;
    const sx_answer *newest = lane->newest;
    sx_guest_drop(lane);
    lane->probe = NULL;
    lane->newest = NULL;
    lane->lesson_size = 0;
    lane->taught = -1;
    pthread_mutex_unlock(&lane->mutex);
    sx_answer_release(newest);
    sx_probe_free(probe);
}

/* The lesson is the compute thread's from here on. While the lane still reads the one before, the
 * next step is soon enough, unless this is the last. */
static bool take_slate(sx_lane *lane, bool now) {
    pthread_mutex_lock(&lane->mutex);
    while (now && lane->learning) pthread_cond_wait(&lane->changed, &lane->mutex);
    lane->teaching = !lane->learning;
    if (lane->teaching) lane->lesson_size = 0;
    bool taken = lane->teaching;
    pthread_mutex_unlock(&lane->mutex);
    return taken;
}

void sx_lane_teach(sx_engine *engine, bool now) {
    sx_lane *lane = &engine->lane;
    int64_t step = engine->now.report.step;
    double time = sx_seconds();
    bool in_time = atomic_load(&lane->wants) && time - lane->taught_at >= SECONDS_BETWEEN_LESSONS;
    if (lane->taught == step || (!now && !(lane->probe && in_time))) return;
    const sx_parameters *parameters = sx_study_parameters(engine->study);
    if (!parameters || !take_slate(lane, now)) return;
    bool memory = sx_grow((void **)&lane->lesson, &lane->lesson_capacity, parameters->size,
                          sizeof *lane->lesson);
    if (memory) memcpy(lane->lesson, parameters->values, parameters->size * sizeof *lane->lesson);
    pthread_mutex_lock(&lane->mutex);
    lane->teaching = false;
    if (memory) {
        lane->lesson_size = parameters->size;
        lane->taught = step;
        lane->taught_at = time;
        atomic_store(&lane->wants, false);
        pthread_cond_broadcast(&lane->changed);
    }
    pthread_mutex_unlock(&lane->mutex);
}

/* ---- what the lane does -----------------------------------------------------------------------
 */

sx_answer *sx_lane_answer_new(const sx_lane_task *task, size_t floats, size_t bytes) {
    counted *c = sx_alloc(1, sizeof *c + floats * sizeof(float) + bytes);
    if (!c) return NULL;
    atomic_init(&c->owners, 1);
    c->answer.number = task->number;
    sx_text_set(c->answer.network, sizeof c->answer.network, task->question.network);
    sx_text_set(c->answer.problem, sizeof c->answer.problem, task->problem);
    return &c->answer;
}

void sx_lane_publish(sx_engine *engine, sx_answer *answer) {
    sx_lane *lane = &engine->lane;
    pthread_mutex_lock(&lane->mutex);
    const sx_answer *old = lane->newest;
    answer->version = ++lane->version;
    lane->newest = answer;
    pthread_mutex_unlock(&lane->mutex);
    sx_answer_release(old);
    ssize_t put = write(engine->wake[1], "", 1); /* a full pipe already wakes */
    (void)put;
}

enum { PART, WHOLE, UNREADABLE };

sx_answer *sx_lane_answer_scene(const sx_lane_task *t) {
    const sx_probe_answer *known = sx_probe_answer_of(t->probe);
    size_t classes = (size_t)known->classes, pixels = (size_t)known->size * (size_t)known->size * 3;
    size_t swept = known->sweep ? SX_PROBE_POINTS * classes : 0;
    size_t tiles = SX_PROBE_POINTS * (size_t)known->tile * (size_t)known->tile * 3;
    if (!known->tiles) tiles = 0;
    sx_answer *answer = sx_lane_answer_new(t, classes + swept, pixels + tiles);
    if (!answer) return NULL;
    float *values = counted_of(answer)->values;
    uint8_t *bytes = (uint8_t *)(values + classes + swept);
    sx_probe_answer *copy = &answer->known;
    *copy = *known;
    copy->probabilities = memcpy(values, known->probabilities, classes * sizeof(float));
    copy->pixels = memcpy(bytes, known->pixels, pixels);
    if (swept) copy->sweep = memcpy(values + classes, known->sweep, swept * sizeof(float));
    if (tiles) copy->tiles = memcpy(bytes + pixels, known->tiles, tiles);
    return answer;
}

static void publish_scene(sx_engine *engine, const sx_lane_task *t, int how) {
    sx_answer *answer = sx_lane_answer_scene(t);
    if (!answer) return;
    answer->whole = how != PART;
    answer->unreadable = how == UNREADABLE;
    answer->inside = t->question.inside;
    answer->nearby = t->question.nearby;
    sx_lane_publish(engine, answer);
}

static void answer_scene(sx_engine *engine, sx_lane_task *t) {
    sx_error err = {0};
    t->probe = sx_guest_of(&engine->lane, t->question.network, &err);
    sx_text_set(t->problem, sizeof t->problem, t->probe ? "" : err.message);
    if (!t->probe) t->probe = engine->lane.probe; /* for the picture */
    if (sx_probe_begin(t->probe, &t->question.scene, t->question.along, NULL)) {
        publish_scene(engine, t, UNREADABLE);
        return;
    }
    publish_scene(engine, t, t->problem[0] ? WHOLE : PART);
    if (t->problem[0] || sx_probe_judge(t->probe, NULL)) return;
    bool beyond = t->question.inside.parts || t->question.nearby;
    if (beyond && sx_probe_answer_of(t->probe)->step >= 0) {
        publish_scene(engine, t, PART);
        sx_lane_answer_beyond(engine, t);
        return;
    }
    if (!sx_probe_answer_of(t->probe)->sweep) publish_scene(engine, t, PART);
    if (sx_probe_walk(t->probe, NULL)) return;
    publish_scene(engine, t, WHOLE);
}

static void answer_sheet(sx_engine *engine, const sx_lane_task *t) {
    const sx_question *q = &t->question;
    sx_sheet sheet = {.split = q->scene.split, .pose = q->scene.pose, .count = q->pictures};
    sx_status status = sx_probe_sheet(engine->lane.probe, &sheet, NULL);
    if (status == SX_CANCELLED) return;
    size_t bytes = (size_t)sheet.count * (size_t)sheet.size * (size_t)sheet.size * 3;
    sx_answer *answer = sx_lane_answer_new(t, 0, status ? 0 : bytes);
    if (!answer) return;
    answer->whole = true;
    answer->unreadable = status != SX_OK;
    answer->sheet = sheet;
    answer->sheet.pixels = (uint8_t *)counted_of(answer)->values;
    if (!status) memcpy(answer->sheet.pixels, sheet.pixels, bytes);
    sx_lane_publish(engine, answer);
}

/* Without the mutex; the probe is the lane's while it is busy. */
static void answer_task(sx_engine *engine, sx_lane_task *t) {
    t->problem[0] = 0;
    if (t->question.inside.parts && !t->question.inside.beside)
        sx_lane_answer_inside(engine, t);
    else if (t->question.pictures > 0)
        answer_sheet(engine, t);
    else
        answer_scene(engine, t);
}

/* Newer parameters of the job; another network has none. */
static void want_lessons(sx_lane *lane) {
    atomic_store(&lane->wants, lane->open && !lane->question.network[0]);
}

/* With the mutex: waits for work and takes it; false at the end of the engine. */
static bool take_work(sx_lane *lane, sx_lane_task *out) {
    for (;;) {
        if (lane->quit) return false;
        bool news = lane->asked || (lane->open && lane->lesson_size > 0);
        if (lane->probe && news) break;
        pthread_cond_wait(&lane->changed, &lane->mutex);
    }
    out->lesson_size = lane->lesson_size;
    out->taught = lane->taught;
    lane->learning = lane->lesson_size > 0;
    lane->lesson_size = 0;
    lane->asked = false;
    lane->busy = true;
    atomic_store(&lane->stop, false);
    out->question = lane->question;
    out->number = lane->number;
    return true;
}

/* Without the mutex; the lesson is the lane's meanwhile. */
static void learn(sx_lane *lane, const sx_lane_task *t) {
    if (!t->lesson_size) return;
    sx_probe_learn(lane->probe, &(sx_parameters){.values = lane->lesson, .size = t->lesson_size},
                   t->taught);
    pthread_mutex_lock(&lane->mutex);
    lane->learning = false;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->mutex);
}

static void *work(void *argument) {
    sx_engine *engine = argument;
    sx_lane *lane = &engine->lane;
    sx_lane_task t = {0};
    pthread_mutex_lock(&lane->mutex);
    while (take_work(lane, &t)) {
        pthread_mutex_unlock(&lane->mutex);
        learn(lane, &t);
        answer_task(engine, &t);
        pthread_mutex_lock(&lane->mutex);
        lane->busy = false;
        want_lessons(lane);
        pthread_cond_broadcast(&lane->changed);
    }
    pthread_mutex_unlock(&lane->mutex);
    return NULL;
}

/* ---- questions --------------------------------------------------------------------------------
 */

void sx_engine_ask(sx_engine *engine, const sx_question *question) {
    sx_lane *lane = &engine->lane;
    pthread_mutex_lock(&lane->mutex);
    lane->open = lane->asked = question != NULL;
    atomic_store(&lane->stop, true); /* of the older one */
    if (question) {
        lane->question = *question;
        lane->number++;
    }
    want_lessons(lane);
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->mutex);
}

bool sx_engine_answered(sx_engine *engine) {
    sx_lane *lane = &engine->lane;
    pthread_mutex_lock(&lane->mutex);
    bool working = lane->busy || lane->asked || lane->teaching || lane->lesson_size > 0;
    bool answered = !lane->open || (!working && lane->newest && lane->newest->whole &&
                                    lane->newest->number == lane->number);
    pthread_mutex_unlock(&lane->mutex);
    return answered;
}

/* ---- life -------------------------------------------------------------------------------------
 */

bool sx_lane_start(sx_engine *engine) {
    sx_lane *lane = &engine->lane;
    pthread_mutex_init(&lane->mutex, NULL);
    pthread_cond_init(&lane->changed, NULL);
    lane->taught = -1;
    lane->started = pthread_create(&lane->thread, NULL, work, engine) == 0;
    return lane->started;
}

void sx_lane_end(sx_engine *engine) {
    sx_lane *lane = &engine->lane;
    if (lane->started) {
        sx_lane_close(engine);
        pthread_mutex_lock(&lane->mutex);
        lane->quit = true;
        pthread_cond_broadcast(&lane->changed);
        pthread_mutex_unlock(&lane->mutex);
        pthread_join(lane->thread, NULL);
    }
    sx_free(lane->lesson);
    pthread_mutex_destroy(&lane->mutex);
    pthread_cond_destroy(&lane->changed);
}
