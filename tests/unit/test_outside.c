/* Models from outside: pictures brought to them as Pillow would, and what they are measured to be
 * worth, counted again by hand. */
#include "tests/unit/unit.h"

#include "core/metric/metric.h"
#include "core/study/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA SX_SOURCE "/tests/data/checkpoints/"

static sx_outside open_model(const char *name, const sx_outside_options *options) {
    sx_outside outside;
    sx_error err = {0};
    if (sx_outside_open(name, options, &outside, &err)) fail_msg("%s", err.message);
    return outside;
}

static sx_image picture_of(const sx_safetensors *file, int which) {
    char name[32];
    sx_image picture;
    snprintf(name, sizeof name, "picture/%d", which);
    const sx_safetensor *t = sx_safetensors_find(file, name);
    assert_int_equal(
        sx_image_new(&picture, (int)t->sizes[0], (int)t->sizes[1], (int)t->sizes[2], NULL), SX_OK);
    for (size_t i = 0; i < t->bytes / sizeof(float); i++)
        picture.pixels[i] = (uint8_t)((const float *)t->values)[i];
    return picture;
}

static void pictures_are_prepared_as_the_source_does(void **state) {
    (void)state;
    static const struct {
        const char *name, *prepare;
    } rows[] = {{"vit-timm", NULL},
                {"resnet-10", "size=64"},
                {"vit-huggingface", NULL},
                {"clip-openai", NULL}};
    sx_safetensors golden;
    assert_int_equal(sx_safetensors_read(DATA "prepared.safetensors", 1 << 24, &golden, NULL),
                     SX_OK);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        char path[256];
        snprintf(path, sizeof path, DATA "%s.safetensors", rows[r].name);
        sx_outside outside = open_model(path, &(sx_outside_options){.prepare = rows[r].prepare});
        sx_resize_scratch scratch = {0};
        for (int k = 0; k < 5; k++) {
            static float out[64 * 64 * 3];
            sx_image picture = picture_of(&golden, k);
            snprintf(path, sizeof path, "%s/%d", rows[r].name, k);
            const sx_safetensor *expected = sx_safetensors_find(&golden, path);
            assert_int_equal(sx_outside_prepare(&outside, &picture, out, &scratch, NULL), SX_OK);
            for (size_t i = 0; i < expected->bytes / sizeof(float); i++)
                if (fabsf(out[i] - ((const float *)expected->values)[i]) > 1e-5f)
                    fail_msg("%s: value %zu is %g, not %g", path, i, (double)out[i],
                             (double)((const float *)expected->values)[i]);
            sx_image_done(&picture);
        }
        sx_resize_scratch_done(&scratch);
        sx_outside_done(&outside);
    }
    sx_safetensors_done(&golden);
}

static void what_a_person_says_of_pictures_holds(void **state) {
    (void)state;
    sx_outside outside =
        open_model(DATA "vit-timm.safetensors",
                   &(sx_outside_options){.settings = "heads=2",
                                         .prepare = "size=20, fit=squash, mean=0.1/0.2/0.3, std=2, "
                                                    "resize=bilinear-plain, positions=corners"});
    const sx_preprocessing *p = &outside.checkpoint.preprocessing;
    assert_int_equal(outside.model.height, 20);
    assert_false(p->crops);
    assert_true(p->mean[1] == 0.2 && p->deviation[2] == 2);
    assert_string_equal(outside.resize_name, "bilinear(antialias=no)");
    assert_int_equal(outside.checkpoint.position, SX_POSITION_CORNERS);
    assert_non_null(strstr(outside.checkpoint.spec, "heads=2"));
    sx_outside_done(&outside);
    static const struct {
        const char *settings, *prepare, *sentence;
    } wrong[] = {{"heads=3", NULL, "3 heads do not divide"},
                 {"headz=2", NULL, "did you mean 'heads'"},
                 {NULL, "mean=0.1/0.2", "neither one number nor three"},
                 {NULL, "std=0", "above 0"},
                 {NULL, "zoom=2", "unknown"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sx_error err = {0};
        const sx_outside_options options = {.settings = wrong[i].settings,
                                            .prepare = wrong[i].prepare};
        assert_int_not_equal(sx_outside_open(DATA "vit-timm.safetensors", &options, &outside, &err),
                             SX_OK);
        if (!strstr(err.message, wrong[i].sentence)) fail_msg("%s", err.message);
    }
}

/* ---- measuring ---------------------------------------------------------------------------------
 */

enum { CLASSES = 5, EACH = 21 };

/* A folder of noisy pictures, one of them damaged. */
static void make_folder(char *root) {
    sx_random random = sx_random_from(7, 1, 1);
    strcpy(root, "/tmp/sx-outside-XXXXXX");
    assert_non_null(mkdtemp(root));
    for (int c = 0; c < CLASSES; c++)
        for (int i = 0; i < EACH; i++) {
            char path[256];
            sx_image picture;
            sx_bytes png;
            snprintf(path, sizeof path, "%s/class-%c", root, "edcba"[c]);
            mkdir(path, 0700);
            sx_image_new(&picture, 20, 20, 3, NULL);
            for (int k = 0; k < 1200; k++)
                picture.pixels[k] =
                    (uint8_t)((int)(250 * sx_random_uniform(&random)) >> (k % 3 == c % 3 ? 0 : c));
            assert_int_equal(sx_png_encode(&picture, &png, NULL), SX_OK);
            if (c == 2 && i == 4) png.size /= 2;
            snprintf(path + strlen(path), 32, "/%02d.png", i);
            assert_int_equal(sx_file_write(path, png.data, png.size, NULL), SX_OK);
            sx_bytes_done(&png);
            sx_image_done(&picture);
        }
}

static void write_class_names(char *path) {
    static const char names[] = "class-C\nclass-A\r\nclass-E\nclass-B\nclass-D\n";
    strcpy(path, "/tmp/sx-classes-XXXXXX");
    int fd = mkstemp(path);
    assert_int_equal(write(fd, names, sizeof names - 1), sizeof names - 1);
    close(fd);
}

/* The right answers and the loss, an item at a time. */
static void count_by_hand(const sx_outside *outside, const sx_source *source, int *right,
                          double *loss) {
    static const int mapped[CLASSES] = {1, 3, 0, 4, 2}; /* a, b, c, d, e among the model's */
    sx_graph *graph = sx_model_graph(&outside->model, 1, NULL);
    sx_run *run = sx_run_new(graph, NULL, false, NULL);
    sx_resize_scratch scratch = {0};
    for (int split = 0; split < SX_SPLITS; split++)
        for (size_t i = 0; i < sx_source_describe(source)->counts[split]; i++) {
            float image[12 * 12 * 3], logits[CLASSES];
            sx_image picture;
            if (sx_source_image(source, (sx_split)split, i, &picture, NULL)) continue;
            int label = mapped[sx_source_label(source, (sx_split)split, i)], best = 0;
            sx_outside_prepare(outside, &picture, image, &scratch, NULL);
            sx_run_predict(run, &outside->model.parameters, image, 1, logits, NULL);
            double sum = 0;
            for (int c = 0; c < CLASSES; c++) {
                if (logits[c] > logits[best]) best = c;
                sum += exp((double)logits[c]);
            }
            *right += best == label;
            *loss += log(sum) - (double)logits[label];
            sx_image_done(&picture);
        }
    sx_resize_scratch_done(&scratch);
    sx_run_free(run);
    sx_graph_free(graph);
}

static void a_model_is_measured_on_a_folder(void **state) {
    (void)state;
    char root[64], names[64], command[128];
    make_folder(root);
    write_class_names(names);
    sx_outside outside =
        open_model(DATA "vit-huggingface.safetensors", &(sx_outside_options){.classes = names});
    sx_source *source = sx_source_open(root, 0, NULL, NULL);
    sx_pool *pool = sx_pool_new(2, NULL);
    sx_result *one[SX_MEASURED], *two[SX_MEASURED];
    sx_measurement m = {.source = source, .batch = 8};
    assert_int_equal(sx_outside_measure(&outside, &m, one, NULL), SX_OK);
    m.pool = pool;
    assert_int_equal(sx_outside_measure(&outside, &m, two, NULL), SX_OK);
    int right = 0;
    double loss = 0, read = CLASSES * EACH - 1;
    count_by_hand(&outside, source, &right, &loss);
    const double *figures = one[SX_MEASURED_SUMMARY]->table.columns[1].numbers;
    assert_true(right > 0 && right < read);
    assert_true(figures[0] == read && figures[1] == 1);
    assert_true(figures[2] == right / read);
    assert_true(figures[3] == 1); /* five classes */
    assert_true(fabs(figures[4] - loss / read) < 1e-6);
    assert_int_equal(one[SX_MEASURED_ITEMS]->table.rows, CLASSES * EACH - 1);
    for (int r = 0; r < SX_MEASURED; r++) {
        sx_text a = {0}, b = {0};
        sx_result_csv(one[r], &a);
        sx_result_csv(two[r], &b);
        assert_string_equal(a.data, b.data);
        sx_text_done(&a);
        sx_text_done(&b);
        sx_result_release(one[r]);
        sx_result_release(two[r]);
    }
    sx_pool_free(pool);
    sx_source_free(source);
    sx_outside_done(&outside);
    unlink(names);
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static void classes_must_be_known(void **state) {
    (void)state;
    sx_outside outside = open_model(DATA "vit-huggingface.safetensors", &(sx_outside_options){0});
    sx_source *source = sx_source_open("shapes", 0, NULL, NULL);
    sx_result *results[SX_MEASURED];
    sx_error err = {0};
    const sx_measurement m = {.source = source, .batch = 8};
    assert_int_equal(sx_outside_measure(&outside, &m, results, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "10 classes, the model 5"));
    sx_source_free(source);
    sx_outside_done(&outside);
}

/* ---- looking inside ----------------------------------------------------------------------------
 */

/* The yardsticks of even attention: robustness-and-vit notes, B.8. */
static void even_attention_goes_as_far_as_is_known(void **state) {
    (void)state;
    static const struct {
        int grid, patch;
        double distance;
    } rows[] = {{14, 16, 116.5}, {7, 32, 115.5}, {8, 4, 16.5}, {4, 8, 16.1}, {16, 4, 33.3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int tokens = 1 + rows[i].grid * rows[i].grid;
        float *weights = sx_alloc((size_t)(tokens * tokens), sizeof *weights);
        for (int k = 0; k < tokens * tokens; k++)
            weights[k] = k % tokens ? 1.0f / (float)(tokens - 1) : 0; /* none to the class token */
        double distance = sx_attention_distance(weights, 1, rows[i].grid, rows[i].patch);
        assert_true(fabs(distance - rows[i].distance) < 0.06);
        sx_free(weights);
    }
}

typedef struct {
    sx_result *results[40];
    int count;
} published;

static void keep(void *user, sx_result *result) {
    published *p = user;
    assert_true(p->count < 40);
    p->results[p->count++] = result;
}

static const sx_result *find(const published *p, const char *name) {
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->results[i]->name, name) == 0) return p->results[i];
    fail_msg("no result %s", name);
    return NULL;
}

static published inspect(const sx_outside *outside, int query) {
    published p = {.count = 0};
    sx_image picture;
    sx_image_new(&picture, 30, 20, 3, NULL);
    for (int i = 0; i < 30 * 20 * 3; i++) picture.pixels[i] = (uint8_t)(i * 37 % 251);
    sx_inspection in = {.parts = SX_INSIDE_ALL,
                        .query = query,
                        .layer = -1,
                        .class = -1,
                        .step = -1,
                        .publish = keep,
                        .user = &p};
    sx_inspector *inspector = sx_inspector_new(&outside->model, NULL, NULL);
    assert_int_equal(sx_outside_inspect(outside, inspector, &picture, &in, NULL), SX_OK);
    sx_inspector_free(inspector);
    sx_image_done(&picture);
    return p;
}

static void release_all(published *p) {
    for (int i = 0; i < p->count; i++) sx_result_release(p->results[i]);
}

static double sum_of(const sx_result *map) {
    double sum = 0;
    for (int i = 0; i < map->grid.rows * map->grid.columns; i++) sum += map->grid.values[i];
    return sum;
}

/* A patch's row of attention, class token included, adds up to 1: without it to less. */
static void attention_is_shown_of_every_block(void **state) {
    (void)state;
    sx_outside outside =
        open_model(DATA "vit-google.npz", &(sx_outside_options){.settings = "heads=2"});
    published p = inspect(&outside, 5), q = inspect(&outside, 0);
    static const char *const maps[] = {"attention-01", "attention-02", "rollout"};
    for (int i = 0; i < 3; i++) {
        const sx_result *a = find(&p, maps[i]), *b = find(&q, maps[i]);
        assert_int_equal(a->grid.rows, 3);
        assert_true(sum_of(a) > 1 && sum_of(a) < 9); /* 9 patches times their share */
        assert_memory_not_equal(a->grid.values, b->grid.values, 9 * sizeof(double));
    }
    const sx_result *positions = find(&p, "positions");
    assert_int_equal(positions->grid.rows, 9);
    for (int tile = 0; tile < 9; tile++) { /* with itself */
        int y = tile / 3 * 3 + tile / 3, x = tile % 3 * 3 + tile % 3;
        assert_true(fabs(positions->grid.values[y * 9 + x] - 1) < 1e-9);
    }
    assert_int_equal(find(&p, "attention-distance")->series.length, 2);
    assert_int_equal(find(&p, "heads")->table.rows, 4);
    const double *covered = find(&p, "occlusion")->grid.values;
    assert_true(covered[0] != covered[24]); /* what is covered matters */
    release_all(&p);
    release_all(&q);
    sx_outside_done(&outside);
}

/* Through a mean of tokens, too; with the values that the network itself computes. */
static void attention_equals_what_the_network_computes(void **state) {
    (void)state;
    sx_outside outside =
        open_model(DATA "vit-big-vision-mean.npz", &(sx_outside_options){.settings = "heads=2"});
    published p = inspect(&outside, 0);
    assert_true(fabs(sum_of(find(&p, "attention-01")) - 9) < 1e-5); /* no class token: all of it */
    assert_true(fabs(sum_of(find(&p, "rollout")) - 9) < 1e-5);
    release_all(&p);
    sx_outside_done(&outside);
}

static void layers_and_occlusion_are_there_for_any_network(void **state) {
    (void)state;
    sx_outside outside =
        open_model(DATA "resnet-14.safetensors", &(sx_outside_options){.prepare = "size=64"});
    published p = inspect(&outside, 0);
    assert_int_equal(p.count, 7); /* and gradient, two of filters, weights, the picture */
    const sx_table *layers = &find(&p, "layers")->table;
    double time = 0, parameters = 0;
    int unseen = 0;
    for (size_t i = 0; i < layers->rows; i++) {
        parameters += layers->columns[3].numbers[i];
        if (isnan(layers->columns[5].numbers[i]))
            unseen++; /* computed in one go with a batch norm or ReLU */
        else
            time += layers->columns[5].numbers[i];
    }
    assert_true(unseen > 10 && fabs(time - 1) < 1e-9);
    assert_true(parameters == (double)sx_model_trained(&outside.model));
    const sx_grid *map = &find(&p, "occlusion")->grid;
    double least = 1, most = 0;
    for (int i = 0; i < map->rows * map->columns; i++) {
        least = fmin(least, map->values[i]);
        most = fmax(most, map->values[i]);
    }
    assert_true(map->rows == 7 && least >= 0 && most < 1.00001);
    release_all(&p);
    sx_outside_done(&outside);
}

/* ---- files of any network ----------------------------------------------------------------------
 */

/* The byte of a value within the largest of its filter. */
static int byte_of(double value, double most) {
    return (int)lround(127.5 + 127.5 * value / most);
}

/* Tile 2 of the file's convolution `name`, whose values lie as `steps` says (filter, input, row,
 * column), is what its values are. */
static void compare_filter(const char *path, const char *name, const size_t steps[4], int kernel) {
    sx_error err = {0};
    sx_tensors *file = sx_tensors_open(path, &err);
    const sx_tensor_facts *tensor = file ? sx_tensors_find(file, name) : NULL;
    assert_non_null(tensor);
    assert_true(sx_tensors_is_convolution(tensor));
    sx_result *r = sx_tensors_filters(file, tensor, &err);
    float *values = sx_alloc(tensor->count, sizeof *values);
    assert_int_equal(sx_tensors_read(file, tensor, values, NULL), SX_OK);
    assert_true(r->images.width == kernel && r->images.height == kernel && r->images.channels == 3);
    const uint8_t *tile = r->images.pixels + (ptrdiff_t)kernel * kernel * 3;
    double most = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < kernel * kernel * 3; i++) {
            size_t y = (size_t)(i / 3 / kernel), x = (size_t)(i / 3 % kernel), c = (size_t)(i % 3);
            double v = (double)values[steps[0] + c * steps[1] + y * steps[2] + x * steps[3]];
            if (pass == 0) most = fmax(most, fabs(v));
            if (pass == 1) assert_int_equal(tile[i], byte_of(v, most));
        }
    assert_null(strchr(r->name, '/'));
    sx_free(values);
    sx_result_release(r);
    sx_tensors_close(file);
}

static void filters_are_shown_of_any_file(void **state) {
    (void)state;
    compare_filter(DATA "cifar-padded.safetensors", "conv1.weight", (size_t[]){27, 9, 3, 1}, 3);
    compare_filter(DATA "vit-google.npz", "embedding/kernel", (size_t[]){1, 16, 192, 48}, 4);
    sx_tensors *file = sx_tensors_open(DATA "cifar-padded.safetensors", NULL);
    assert_false(sx_tensors_is_convolution(sx_tensors_find(file, "linear.weight")));
    sx_result *table = sx_tensors_table(file, NULL);
    const sx_column *c = table->table.columns;
    for (size_t row = 0; row < table->table.rows; row++) { /* norm, from values, mean, deviation */
        double n = c[3].numbers[row], m = c[5].numbers[row], d = c[6].numbers[row];
        assert_true(fabs(c[4].numbers[row] - sqrt(n * (m * m + d * d))) <=
                    1e-9 * (1 + c[4].numbers[row]));
    }
    sx_result_release(table);
    sx_tensors_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_prepared_as_the_source_does),
        cmocka_unit_test(what_a_person_says_of_pictures_holds),
        cmocka_unit_test(filters_are_shown_of_any_file),
        cmocka_unit_test(a_model_is_measured_on_a_folder),
        cmocka_unit_test(classes_must_be_known),
        cmocka_unit_test(even_attention_goes_as_far_as_is_known),
        cmocka_unit_test(attention_is_shown_of_every_block),
        cmocka_unit_test(attention_equals_what_the_network_computes),
        cmocka_unit_test(layers_and_occlusion_are_there_for_any_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
