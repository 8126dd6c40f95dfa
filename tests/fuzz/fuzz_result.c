/* Results: JSON that is taken as a result can be exported, and what is written is read back as the
 * same result. */
#include "core/result/result.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *dump(const sx_result *result) {
    sx_error err = {0};
    json_t *json = sx_result_to_json(result, &err);
    char *text = json ? json_dumps(json, 0) : NULL;
    json_decref(json);
    if (!text) __builtin_trap();
    return text;
}

static void check(const sx_result *result) {
    sx_text csv = {0};
    sx_error err = {0};
    json_t *json;
    sx_result_csv(result, &csv);
    if (csv.failed) __builtin_trap();
    sx_text_done(&csv);
    char *text = dump(result);
    if (sx_json_parse("back.json", text, strlen(text), &json, &err)) __builtin_trap();
    sx_result *back = sx_result_from_json(json, &err);
    json_decref(json);
    if (!back) __builtin_trap();
    char *again = dump(back);
    if (strcmp(text, again) != 0) __builtin_trap();
    free(text);
    free(again);
    sx_result_release(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *json;
    sx_error err = {0};
    if (sx_json_parse("fuzz.json", (const char *)data, size, &json, &err)) return 0;
    sx_result *result = sx_result_from_json(json, &err);
    json_decref(json);
    if (result)
        check(result);
    else if (!err.message[0])
        __builtin_trap();
    sx_result_release(result);
    return 0;
}
