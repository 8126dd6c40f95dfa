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
    } rows[] = {{"vit-timm", NULL}, {"resnet-10", "size=64"}, {"vit-huggingface", NULL}};
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_prepared_as_the_source_does),
        cmocka_unit_test(what_a_person_says_of_pictures_holds),
        cmocka_unit_test(a_model_is_measured_on_a_folder),
        cmocka_unit_test(classes_must_be_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
