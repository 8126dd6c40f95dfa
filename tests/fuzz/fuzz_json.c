/* JSON: what is read can be written, and reads back equal. */
#include "core/format/format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *value, *back;
    sx_error err = {0};
    if (sx_json_parse("fuzz.json", (const char *)data, size, &value, &err) != SX_OK) {
        if (!err.message[0]) __builtin_trap();
        return 0;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    if (!text || sx_json_parse("back.json", text, strlen(text), &back, &err) != SX_OK)
        __builtin_trap();
    if (!json_equal(value, back)) __builtin_trap();
    free(text);
    json_decref(value);
    json_decref(back);
    return 0;
}
