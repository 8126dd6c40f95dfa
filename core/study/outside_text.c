/* From names of classes to columns: which prompts, filled with each name, in which byte pairs. The
 * prompts that are used where nobody says any are the seven that OpenAI chose for ImageNet. */
#include "core/study/outside_text.h"

#include "core/study/zero_shot.h"

#include <stdio.h>
#include <string.h>

#define LINES_LIMIT ((size_t)16 << 20)
#define PLACE "{}" /* where a prompt names the class */

static const char *const usual_prompts[] = {"itap of a {}.",           "a bad photo of the {}.",
                                            "a origami {}.",           "a photo of the large {}.",
                                            "a {} in a video game.",   "art of the {}.",
                                            "a photo of the small {}."};

static const char *const merges_names[] = {"bpe_simple_vocab_16e6.txt.gz",
                                           "bpe_simple_vocab_16e6.txt", "merges.txt"};

sx_status sx_outside_each_line(const char *path,
                               sx_status (*take)(void *user, const char *line, sx_error *err),
                               void *user, sx_error *err) {
    sx_bytes bytes = {0};
    sx_status status = sx_file_read(path, LINES_LIMIT, &bytes, err);
    for (size_t at = 0; !status && at < bytes.size;) {
        char *line = (char *)bytes.data + at;
        size_t length = strnlen(line, bytes.size - at), end = strcspn(line, "\n");
        if (end < length) length = end;
        line[length] = 0;
        line[strcspn(line, "\r")] = 0;
        at += length + 1;
        status = take(user, line, err);
    }
    sx_bytes_done(&bytes);
    return status;
}

/* ---- prompts -----------------------------------------------------------------------------------
 */

typedef struct {
    sx_text texts; /* each ended by a 0 */
    int count;
} prompts;

static sx_status add_prompt(void *user, const char *prompt, sx_error *err) {
    prompts *p = user;
    char shown[80];
    if (!*prompt) return SX_OK;
    sx_text_printable(shown, sizeof shown, prompt);
    if (!strstr(prompt, PLACE))
        return sx_fail(err, SX_BAD_INPUT, "the prompt '%s' has no {} where the class goes", shown);
    sx_text_add_bytes(&p->texts, prompt, strlen(prompt) + 1);
    p->count++;
    return p->texts.failed ? sx_fail(err, SX_NO_MEMORY, "not enough memory for prompts") : SX_OK;
}

static sx_status collect_prompts(const sx_outside_options *options, prompts *out, sx_error *err) {
    sx_status status = SX_OK;
    for (int i = 0; !status && i < options->prompt_count; i++)
        status = add_prompt(out, options->prompts[i], err);
    if (!status && options->prompts_file)
        status = sx_outside_each_line(options->prompts_file, add_prompt, out, err);
    if (!status && options->prompts_file && out->count == 0)
        status = sx_fail(err, SX_BAD_INPUT, "'%.200s' has no prompts", options->prompts_file);
    size_t usual = out->count ? 0 : sizeof usual_prompts / sizeof *usual_prompts;
    for (size_t i = 0; !status && i < usual; i++) status = add_prompt(out, usual_prompts[i], err);
    return status;
}

/* ---- tokens ------------------------------------------------------------------------------------
 */

typedef struct {
    const sx_outside *outside;
    const sx_byte_pair *pairs;
    const prompts *prompts;
    sx_byte_pair_form form;
    sx_text text;
    int *ids; /* [context] */
    const sx_outside_options *options;
} writer;

static void tell(void *user, size_t done, size_t total) {
    const writer *w = user;
    w->options->progress(w->options->user, done, total);
}

/* The prompt with the name wherever it has a place for it. */
static void fill(sx_text *out, const char *prompt, const char *name) {
    out->size = 0;
    for (const char *place; (place = strstr(prompt, PLACE)); prompt = place + strlen(PLACE)) {
        sx_text_add_bytes(out, prompt, (size_t)(place - prompt));
        sx_text_add_bytes(out, name, strlen(name));
    }
    sx_text_add_bytes(out, prompt, strlen(prompt));
}

static sx_status write_tokens(void *user, int class, int prompt, float *ids, sx_error *err) {
    writer *w = user;
    char shown[24];
    const char *text = w->prompts->texts.data;
    for (int i = 0; i < prompt; i++) text += strlen(text) + 1;
    fill(&w->text, text, sx_outside_class(w->outside, class, shown));
    if (w->text.failed) return sx_fail(err, SX_NO_MEMORY, "not enough memory for a prompt");
    sx_status status = sx_byte_pair_encode(w->pairs, w->text.data, &w->form, w->ids, NULL, err);
    for (int i = 0; !status && i < w->form.context; i++) ids[i] = (float)w->ids[i];
    return status;
}

/* ---- merges ------------------------------------------------------------------------------------
 */

/* Merges beside the model, into found [SX_PATH_SIZE]. */
static sx_status find_merges(const char *model, char *found, sx_error *err) {
    const char *name = sx_path_name(model);
    for (size_t i = 0; i < sizeof merges_names / sizeof *merges_names; i++) {
        int length =
            snprintf(found, SX_PATH_SIZE, "%.*s%s", (int)(name - model), model, merges_names[i]);
        if (length < SX_PATH_SIZE && sx_is_file(found)) return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT,
                   "its texts need the file of byte pairs that it was trained with, as %s or %s: "
                   "put it beside the model, or say --merges FILE",
                   merges_names[0], merges_names[2]);
}

static sx_byte_pair *open_merges(const char *path, const sx_text_facts *facts, sx_error *err) {
    sx_byte_pair *pairs = sx_byte_pair_open(path, err);
    int vocabulary = pairs ? sx_byte_pair_vocabulary(pairs) : 0;
    if (!pairs || vocabulary == facts->vocabulary) return pairs;
    sx_byte_pair_free(pairs);
    sx_fail(err, SX_BAD_INPUT, "'%.200s' makes %d tokens, the model knows %d", path, vocabulary,
            facts->vocabulary);
    return NULL;
}

/* ---- columns -----------------------------------------------------------------------------------
 */

static sx_status fill_columns(writer *w, sx_outside *o, sx_error *err) {
    const sx_outside_options *options = w->options;
    const sx_zero_shot zero_shot = {.prompts = w->prompts->count,
                                    .tokens = write_tokens,
                                    .progress = options->progress ? tell : NULL,
                                    .user = w,
                                    .pool = options->pool};
    w->ids = sx_alloc((size_t)w->form.context, sizeof *w->ids);
    sx_status status = w->ids ? sx_zero_shot_fill(&zero_shot, &o->model, &o->model.parameters, err)
                              : sx_fail(err, SX_NO_MEMORY, "not enough memory for tokens");
    sx_free(w->ids);
    sx_text_done(&w->text);
    return status;
}

sx_status sx_outside_fill_columns(sx_outside *o, const char *path,
                                  const sx_outside_options *options, sx_error *err) {
    char beside[SX_PATH_SIZE];
    prompts texts = {.count = 0};
    sx_text_facts facts;
    sx_byte_pair *pairs = NULL;
    if (!sx_model_text(&o->model, &facts)) return SX_OK;
    sx_status status = collect_prompts(options, &texts, err);
    if (!status && !options->merges) status = find_merges(path, beside, err);
    if (!status && !(pairs = open_merges(options->merges ? options->merges : beside, &facts, err)))
        status = err->status;
    writer w = {.outside = o,
                .pairs = pairs,
                .prompts = &texts,
                .options = options,
                .form = {.context = facts.context, .cut = o->cuts_texts}};
    if (!status) status = fill_columns(&w, o, err);
    o->prompts = texts.count;
    sx_byte_pair_free(pairs);
    sx_text_done(&texts.texts);
    return status;
}
