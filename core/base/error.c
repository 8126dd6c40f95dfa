/* Errors as values. The record is owned by the caller, so that no thread can overwrite the
 * sentence of another. A sentence that is too long is cut, never dropped; and as it may quote a
 * file or an argument, what would drive a terminal is taken out here, once for everybody. */
#include "core/base/error.h"

#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

sx_status sx_fail(sx_error *err, sx_status status, const char *format, ...) {
    if (!err) return status;
    char sentence[sizeof err->message + 4]; /* so that a character is not cut before its time */
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    err->status = status;
    sx_text_printable(err->message, sizeof err->message, sentence);
    return status;
}

sx_status sx_fail_within(sx_error *err, const char *format, ...) {
    if (!err) return SX_BAD_INPUT;
    char sentence[2 * sizeof err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof err->message, format, args);
    va_end(args);
    size_t used = strlen(sentence);
    snprintf(sentence + used, sizeof sentence - used, ": %s", err->message);
    sx_text_printable(err->message, sizeof err->message, sentence);
    return err->status;
}
