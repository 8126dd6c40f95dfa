/* INI: every entry has a section, a key and a value, in the order of its lines. */
#include "core/format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_ini ini;
    sx_error err = {0};
    if (sx_ini_parse("fuzz.ini", (const char *)data, size, &ini, &err) != SX_OK) {
        if (!err.message[0]) __builtin_trap();
        return 0;
    }
    for (size_t i = 0; i < ini.count; i++) {
        const sx_ini_entry *entry = &ini.entries[i];
        if (!entry->section[0] || !entry->key[0] || !entry->value) __builtin_trap();
        if (i > 0 && entry->line <= entry[-1].line) __builtin_trap();
    }
    sx_ini_done(&ini);
    return 0;
}
