/* Errors are values with a sentence for a person: what, where, what to do. */
#ifndef SX_BASE_ERROR_H
#define SX_BASE_ERROR_H

typedef enum {
    SX_OK = 0,
    SX_CANCELLED, /* asked to stop; a normal ending, not a fault */
    SX_BAD_INPUT, /* a file, an option or a size that cannot be used */
    SX_IO,        /* the operating system refused to read or write */
    SX_NO_MEMORY,
    SX_USAGE, /* the command line is wrong */
} sx_status;

typedef struct {
    sx_status status;
    char message[512];
} sx_error;

/* Fills `err` (may be NULL) with a formatted sentence and returns `status`,
 * so that a failing line reads `return sx_fail(err, SX_IO, "...", ...)`. Control characters and
 * bytes that are no UTF-8 become '?': a sentence may quote anything. */
sx_status sx_fail(sx_error *err, sx_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the sentence that is already in `err`, for a caller
 * that knows the file or the section. Returns the status that `err` holds. */
sx_status sx_fail_within(sx_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
