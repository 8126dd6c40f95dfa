/* Numbers as a person reads them: thousands apart, a small one never shown as zero, an unknown one
 * as a dash. */
#include "views/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_WRITTEN_OUT 1e9
#define LEAST_WRITTEN_OUT 1e-3

/* 1.2e-5: two digits and the power. */
static char *with_power(char *out, double value) {
    char digits[16];
    int power = 0;
    snprintf(digits, sizeof digits, "%.1e", value);
    char *e = strchr(digits, 'e');
    if (e) {
        sscanf(e + 1, "%d", &power);
        *e = 0;
    }
    snprintf(out, 32, "%se%d", digits, power);
    return out;
}

char *sx_number_shown(char *out, double value, int decimals) {
    if (decimals < 0) decimals = 0;
    if (decimals > 9) decimals = 9;
    if (isnan(value)) return strcpy(out, "-");
    if (isinf(value)) return strcpy(out, value > 0 ? "inf" : "-inf");
    double size = fabs(value);
    bool tiny = size > 0 && size < 0.5 * pow(10, -decimals);
    if (size >= LARGEST_WRITTEN_OUT || (tiny && size < LEAST_WRITTEN_OUT))
        return with_power(out, value);
    if (tiny) { /* 0.3 where whole numbers were asked for, 0.001 where two decimals were */
        snprintf(out, 32, "%.1g", value);
        return out;
    }
    char digits[24], grouped[32];
    snprintf(digits, sizeof digits, "%.*f", decimals, size);
    const char *fraction = strchr(digits, '.');
    snprintf(out, 32, "%s%.13s%.10s", value < 0 ? "-" : "", sx_text_count(grouped, atoll(digits)),
             fraction ? fraction : "");
    return out;
}
