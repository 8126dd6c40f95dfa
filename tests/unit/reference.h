/* The uncertainty reference in tests/data/uncertainty: its flat files of expected values, in which
 * a check claims a key when it compares it, so that a key which nobody compares is found. */
#ifndef SX_TEST_REFERENCE_H
#define SX_TEST_REFERENCE_H

#include "tests/unit/failing.h"

#include "core/format/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *key, *value;
    bool claimed;
} expectation;

typedef struct {
    sx_bytes bytes;
    expectation *all;
    size_t count;
} expectations;

static inline sx_bytes reference_bytes(const char *name) {
    char path[512];
    sx_bytes bytes = {0};
    sx_error err = {0};
    snprintf(path, sizeof path, SX_SOURCE "/tests/data/uncertainty/%s", name);
    if (sx_file_read(path, 1 << 20, &bytes, &err)) fail_msg("%s", err.message);
    return bytes;
}

static inline sx_csv reference_table(const char *name) {
    sx_bytes bytes = reference_bytes(name);
    sx_csv csv;
    sx_error err = {0};
    if (sx_csv_parse(name, (const char *)bytes.data, bytes.size, &csv, &err))
        fail_msg("%s", err.message);
    sx_bytes_done(&bytes);
    return csv;
}

/* One column of a table, owned. */
static inline double *reference_column(const sx_csv *csv, size_t column) {
    double *values = sx_alloc(csv->rows, sizeof *values);
    for (size_t i = 0; i < csv->rows; i++) values[i] = csv->values[i * csv->columns + column];
    return values;
}

static inline expectations read_expectations(const char *name) {
    expectations e = {.bytes = reference_bytes(name)};
    char *at = (char *)e.bytes.data, *line;
    for (size_t i = 0; i < e.bytes.size; i++) e.count += at[i] == '\n';
    e.all = sx_alloc(e.count, sizeof *e.all);
    e.count = 0;
    strsep(&at, "\n"); /* the header */
    while ((line = strsep(&at, "\n")) && *line) {
        char *comma = strchr(line, ',');
        *comma = 0;
        e.all[e.count++] = (expectation){line, comma + 1, false};
    }
    return e;
}

static inline void expectations_done(expectations *e) {
    sx_free(e->all);
    sx_bytes_done(&e->bytes);
}

static inline expectation *find_expectation(const expectations *e, const char *key) {
    for (size_t i = 0; i < e->count; i++)
        if (!strcmp(e->all[i].key, key)) return &e->all[i];
    return NULL;
}

/* The value of a key, NaN for null; claims it. */
static inline double expected_value(expectations *e, const char *prefix, const char *key) {
    char name[256];
    snprintf(name, sizeof name, "%s/%s", prefix, key);
    expectation *found = find_expectation(e, name);
    if (!found) fail_msg("the reference has no '%s'", name);
    found->claimed = true;
    return strcmp(found->value, "null") ? strtod(found->value, NULL) : (double)NAN;
}

static inline void claim_within(expectations *e, const char *prefix, const char *key, double got,
                                double tolerance) {
    double expected = expected_value(e, prefix, key);
    bool good = isnan(expected) ? isnan(got) : fabs(got - expected) <= tolerance;
    if (!good) fail_msg("%s/%s: %.17g, not %.17g", prefix, key, got, expected);
}

static inline void claim(expectations *e, const char *prefix, const char *key, double got) {
    claim_within(e, prefix, key, got, 1e-9);
}

/* The same where the file has the key; many keys are there for some cases only. */
static inline void claim_if_there(expectations *e, const char *prefix, const char *key,
                                  double got) {
    char name[256];
    snprintf(name, sizeof name, "%s/%s", prefix, key);
    if (find_expectation(e, name)) claim(e, prefix, key, got);
}

/* Fails for the first key that was neither claimed nor is named by a pattern. */
static inline void expect_all_claimed(const expectations *e, const char *const *patterns) {
    for (size_t i = 0; i < e->count; i++) {
        const expectation *one = &e->all[i];
        bool left_out = false;
        for (const char *const *p = patterns; *p; p++) left_out = left_out || strstr(one->key, *p);
        if (!one->claimed && !left_out) fail_msg("nobody compared '%s'", one->key);
    }
}

#endif
