/* The probe in one-pixel steps: what the network says to the object at every place of a window
 * around where it is, and how many of the first pairs it recognises there. A vision transformer
 * cuts the picture into patches, and whether it minds where their borders run through the object is
 * an open question of its authors; a step of the usual map is wider than a patch and cannot show
 * it.
 *
 * Places come coarse first, every eighth each way, then every fourth, so that the whole window is
 * seen before all of it is known. What is known is kept until the parameters, the object or the
 * window are other ones: an object that moves within its window asks nothing new. */
#include "core/study/prober.h"

#include "core/metric/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PATCHES 2        /* each way */
#define REACH 16         /* pixels each way, of a network without patches */
#define COARSEST 8       /* pixels between the first places */
#define MOST_PAIRS 30    /* as many as a cell of a map should rest on */
#define MOST_WORK 1.5e11 /* multiply-adds for all pairs: some seconds on one thread */

struct sx_nearby {
    bool known;     /* what follows is about `scene`, whose place does not count */
    sx_scene scene; /* x and y 0 */
    int patch;      /* 0: there are none */
    int first_x, first_y, columns, rows; /* centres in pixels */
    int *order;                          /* [rows * columns] places, coarse first */
    float *own;                          /* [rows, columns] probability of the label; NaN */
    uint16_t *right, *seen;              /* [rows, columns] pairs */
    size_t capacity;
    int own_done;        /* places, in their order */
    int64_t pairs_done;  /* places of pairs, pair by pair */
    int64_t pairs_total; /* that are worth their while */
};

void sx_nearby_forget(sx_nearby *nearby) {
    if (nearby) nearby->known = false;
}

void sx_nearby_free(sx_nearby *nearby) {
    if (!nearby) return;
    sx_free(nearby->order);
    sx_free(nearby->own);
    sx_free(nearby->right);
    sx_free(nearby->seen);
    sx_free(nearby);
}

/* ---- the window -------------------------------------------------------------------------------
 */

/* Pixels of a patch. SX_OK and 0: the network has none. */
static sx_status find_patch(sx_probe *probe, int *patch, sx_error *err) {
    sx_inspector *inspector = sx_probe_inspector(probe, err);
    if (!inspector) return err->status;
    int grid = sx_inspector_sizes(inspector).grid;
    *patch = grid > 0 ? probe->answer.size / grid : 0;
    return SX_OK;
}

/* The window's first centre and length along one way: around `centre`, within 0 .. size. */
static void cut_window(int centre, int reach, int size, int *first, int *length) {
    int least = centre - reach, most = size - 2 * reach;
    if (least > most) least = most;
    *first = least < 0 ? 0 : least;
    *length = (2 * reach < size ? 2 * reach : size) + 1;
}

static bool is_of_level(int x, int y, int apart) {
    return x % apart == 0 && y % apart == 0;
}

static void put_in_order(sx_nearby *n) {
    int count = 0;
    for (int apart = COARSEST; apart >= 1; apart /= 2)
        for (int y = 0; y < n->rows; y++)
            for (int x = 0; x < n->columns; x++)
                if (is_of_level(x, y, apart) &&
                    (apart == COARSEST || !is_of_level(x, y, 2 * apart)))
                    n->order[count++] = y * n->columns + x;
}

static bool make_room(sx_nearby *n) {
    size_t count = (size_t)n->rows * (size_t)n->columns;
    if (count <= n->capacity) return true;
    sx_free(n->order);
    sx_free(n->own);
    sx_free(n->right);
    sx_free(n->seen);
    n->order = sx_alloc(count, sizeof *n->order);
    n->own = sx_alloc(count, sizeof *n->own);
    n->right = sx_alloc(count, sizeof *n->right);
    n->seen = sx_alloc(count, sizeof *n->seen);
    n->capacity = n->order && n->own && n->right && n->seen ? count : 0;
    return n->capacity > 0;
}

/* The scene without its place: that is what the window is for. */
static sx_scene anywhere(sx_scene scene) {
    scene.pose.x = scene.pose.y = 0;
    return scene;
}

static void begin_again(sx_probe *probe, sx_nearby *n) {
    int count = n->rows * n->columns;
    double cost = sx_evaluator_cost(probe->one) * count, pairs = MOST_WORK / cost;
    for (int i = 0; i < count; i++) n->own[i] = NAN;
    memset(n->right, 0, (size_t)count * sizeof *n->right);
    memset(n->seen, 0, (size_t)count * sizeof *n->seen);
    put_in_order(n);
    n->own_done = 0;
    n->pairs_done = 0;
    n->pairs_total = (int64_t)(pairs < MOST_PAIRS ? pairs : MOST_PAIRS) * count;
}

/* Makes the window of the scene, or finds the one that is there. */
static sx_status take_window(sx_probe *probe, sx_error *err) {
    if (!probe->nearby) probe->nearby = sx_alloc(1, sizeof *probe->nearby);
    sx_nearby *n = probe->nearby, before;
    if (!n) return sx_study_no_memory(err);
    before = *n;
    const sx_scene *scene = &probe->answer.scene;
    int size = probe->answer.size;
    sx_status status = find_patch(probe, &n->patch, err);
    if (status) return status;
    int reach = n->patch > 0 ? PATCHES * n->patch : REACH;
    cut_window((int)(scene->pose.x * size), reach, size, &n->first_x, &n->columns);
    cut_window((int)(scene->pose.y * size), reach, size, &n->first_y, &n->rows);
    n->scene = anywhere(*scene);
    bool same = before.known && sx_scene_is(&before.scene, &n->scene) &&
                before.first_x == n->first_x && before.first_y == n->first_y;
    n->known = same;
    if (same) return SX_OK;
    if (!make_room(n)) return sx_study_no_memory(err);
    begin_again(probe, n);
    n->known = true;
    return SX_OK;
}

/* ---- asking the network -----------------------------------------------------------------------
 */

/* Pixels count from the left edge of each, so its middle is the safest number for it. */
static sx_pose pose_at(const sx_nearby *n, int place, int size) {
    sx_pose pose = n->scene.pose;
    int row = place / n->columns, column = place % n->columns;
    pose.x = (n->first_x + column + 0.5) / size;
    pose.y = (n->first_y + row + 0.5) / size;
    return pose;
}

/* What is shown as number k of all: the object itself, or a pair. */
static sx_scene scene_of(const sx_probe *probe, int64_t k, bool own) {
    const sx_nearby *n = probe->nearby;
    int count = n->rows * n->columns;
    sx_scene scene = n->scene;
    scene.pose = pose_at(n, n->order[k % count], probe->answer.size);
    if (own) return scene;
    uint64_t pair = (uint64_t)(k / count);
    scene.item = sx_view_pair_item(probe->data->view, scene.split, pair);
    scene.background = sx_view_pair_background(probe->data->view, scene.split, pair);
    return scene;
}

static void note(const sx_probe *probe, int64_t k, bool own, const float *probabilities) {
    sx_nearby *n = probe->nearby;
    int place = n->order[k % (n->rows * n->columns)], classes = probe->answer.classes;
    if (own) {
        n->own[place] = probabilities[probe->answer.label];
        return;
    }
    sx_scene scene = scene_of(probe, k, false);
    int label = sx_source_label(probe->data->source, scene.split, scene.item);
    n->seen[place]++;
    if (sx_likeliest(probabilities, classes) == label) n->right[place]++;
}

/* Pictures `first` and the `count` - 1 after it; nothing is noted unless all are judged. */
static sx_status ask_some(sx_probe *probe, int64_t first, int count, bool own, sx_error *err) {
    size_t image = (size_t)probe->answer.size * (size_t)probe->answer.size * 3;
    sx_status status = SX_OK;
    for (int i = 0; i < count && !status; i++) {
        sx_scene scene = scene_of(probe, first + i, own);
        status = sx_probe_draw(probe, &scene, probe->pixels + (size_t)i * image, err);
    }
    if (!status)
        status = sx_evaluator_bytes(probe->many, probe->pixels, (size_t)count, probe->probabilities,
                                    err);
    for (int i = 0; i < count && !status; i++)
        note(probe, first + i, own, probe->probabilities + (ptrdiff_t)i * probe->answer.classes);
    return status;
}

/* ---- results ----------------------------------------------------------------------------------
 */

static sx_result *make_map(const sx_probe *probe, const char *name, const char *unit) {
    const sx_nearby *n = probe->nearby;
    const sx_pose *pose = &n->scene.pose;
    sx_result *r = sx_result_new(SX_RESULT_GRID, name, "");
    if (!r || !sx_grid_alloc(r, n->rows, n->columns)) {
        sx_result_release(r);
        return NULL;
    }
    r->step = probe->answer.step;
    r->split = sx_split_name(n->scene.split);
    r->scene = sx_result_text(r, "posed(area=%g, rotation=%g, patch=%d)", pose->area,
                              pose->rotation, n->patch);
    r->grid.row_label = "y";
    r->grid.column_label = "x";
    r->grid.unit = unit;
    for (int i = 0; i < n->rows; i++) r->grid.row_values[i] = n->first_y + i;
    for (int i = 0; i < n->columns; i++) r->grid.column_values[i] = n->first_x + i;
    return r;
}

static sx_result *make_own(const sx_probe *probe) {
    const sx_nearby *n = probe->nearby;
    const sx_source_facts *facts = sx_source_describe(probe->data->source);
    sx_result *r = make_map(probe, "nearby", "probability");
    if (!r) return NULL;
    r->title = sx_result_text(r, "Probability of %.80s #%zu by its centre, pixel by pixel",
                              facts->class_names[probe->answer.label], n->scene.item);
    r->grid.low = r->grid.high = r->grid.count = NULL; /* one picture a place: nothing to count */
    for (int i = 0; i < n->rows * n->columns; i++) r->grid.values[i] = (double)n->own[i];
    return r;
}

static sx_result *make_accuracy(const sx_probe *probe) {
    const sx_nearby *n = probe->nearby;
    sx_result *r = make_map(probe, "nearby-accuracy", "accuracy");
    if (!r) return NULL;
    r->title = "Accuracy by the object's centre, pixel by pixel";
    r->grid.few = MOST_PAIRS;
    for (int i = 0; i < n->rows * n->columns; i++) {
        sx_interval interval = sx_wilson(n->right[i], n->seen[i]);
        r->grid.count[i] = n->seen[i];
        if (n->seen[i] == 0) continue;
        r->grid.values[i] = (double)n->right[i] / n->seen[i];
        r->grid.low[i] = interval.low;
        r->grid.high[i] = interval.high;
    }
    return r;
}

typedef struct {
    void (*publish)(void *user, sx_result *result);
    void *user;
} outlet;

static sx_status tell(const outlet *to, sx_result *result, sx_error *err) {
    if (!result) return sx_study_no_memory(err);
    to->publish(to->user, result);
    return SX_OK;
}

/* Goes on until `total`, and tells what is known after every few. */
static sx_status go_on(sx_probe *probe, bool own, const outlet *to, sx_error *err) {
    sx_nearby *n = probe->nearby;
    int64_t total = own ? n->rows * n->columns : n->pairs_total;
    int64_t done = own ? n->own_done : n->pairs_done;
    sx_status status = SX_OK;
    if (total > 0 && done > 0) status = tell(to, (own ? make_own : make_accuracy)(probe), err);
    while (done < total && !status) {
        int count = (int)(total - done < SX_PROBE_POINTS ? total - done : SX_PROBE_POINTS);
        status = ask_some(probe, done, count, own, err);
        if (status) break;
        done += count;
        if (own)
            n->own_done = (int)done;
        else
            n->pairs_done = done;
        status = tell(to, (own ? make_own : make_accuracy)(probe), err);
    }
    return status;
}

sx_status sx_probe_nearby(sx_probe *probe, void (*publish)(void *user, sx_result *result),
                          void *user, sx_error *err) {
    sx_error mine = {0};
    if (!err) err = &mine;
    outlet to = {publish, user};
    sx_status status = take_window(probe, err);
    if (!status) status = go_on(probe, true, &to, err);
    return status ? status : go_on(probe, false, &to, err);
}
