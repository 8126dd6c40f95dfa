/* Errors as values. The record is owned by the caller, so that no thread can overwrite the
 * sentence of another. A sentence that is too long is cut, never dropped. */
#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

sx_status sx_fail(sx_error *err, sx_status status, const char *format, ...) {
    if (!err) return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return status;
}

sx_status sx_fail_within(sx_error *err, const char *format, ...) {
    if (!err) return SX_BAD_INPUT;
    char rest[sizeof err->message];
    memcpy(rest, err->message, sizeof rest);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    const char *parts[] = {": ", rest};
    size_t at = used < 0 ? 0 : (size_t)used;
    for (int i = 0; i < 2; i++)
        for (const char *c = parts[i]; *c && at + 1 < sizeof err->message; c++)
            err->message[at++] = *c;
    err->message[at < sizeof err->message ? at : sizeof err->message - 1] = 0;
    return err->status;
}
