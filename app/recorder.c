/* The recorder: keys as they are pressed become lines of a script, with the pauses between them
 * and, before a key that tells the engine something, the step at which it did. */
#include "app/script.h"

#include <string.h>

#define PAUSE_SECONDS 1.0 /* shorter ones are how a person types */
#define MOST_SECONDS 10.0 /* of a pause: nobody wants to watch a coffee break */

void sx_recorder_begin(sx_recorder *r, const char *path) {
    sx_text_set(r->path, sizeof r->path, path);
    sx_text_done(&r->text);
    sx_text_add(&r->text, "# recorded; sextant --replay FILE plays it\n");
    r->before_prompt = r->text.size;
    r->in_keys = false;
    r->last = sx_seconds();
}

static void end_line(sx_recorder *r) {
    if (r->in_keys) sx_text_add(&r->text, "\n");
    r->in_keys = false;
}

void sx_recorder_key(sx_recorder *r, const char *key, bool in_prompt, int64_t step) {
    if (!r->path[0]) return;
    double now = sx_seconds(), pause = now - r->last;
    r->last = now;
    if (!in_prompt) r->before_prompt = r->text.size;
    if (pause >= PAUSE_SECONDS) {
        end_line(r);
        sx_text_add(&r->text, ":wait seconds %.1f\n", pause < MOST_SECONDS ? pause : MOST_SECONDS);
    }
    if (step > 0) {
        end_line(r);
        sx_text_add(&r->text, ":wait step %lld\n", (long long)step);
    }
    sx_text_add(&r->text, r->in_keys ? " %s" : "key %s", key);
    r->in_keys = true;
}

sx_status sx_recorder_end(sx_recorder *r, bool by_prompt, sx_error *err) {
    if (by_prompt && r->before_prompt <= r->text.size) r->text.size = r->before_prompt;
    sx_status status = SX_OK;
    if (r->text.failed) status = sx_fail(err, SX_NO_MEMORY, "no memory for the recording");
    size_t size = r->text.size;
    while (size > 0 && r->text.data[size - 1] == '\n') size--;
    if (!status) {
        r->text.size = size;
        sx_text_add(&r->text, "\n");
        status = sx_file_write(r->path, r->text.data, r->text.size, err);
    }
    sx_text_done(&r->text);
    r->path[0] = 0;
    return status;
}
