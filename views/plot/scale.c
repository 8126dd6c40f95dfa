/* Ranges and ticks. Everything here must hold for any doubles: data may span 1e300, be constant,
 * or not be there at all. */
#include "views/plot/scale.h"

#include "views/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LARGEST 1e307 /* beyond, differences of two values overflow */

/* The smallest round number that is at least `least` (> 0). */
static double nice_step(double least, bool degrees) {
    static const double circle[] = {15, 30, 45, 90, 180}, decimal[] = {1, 2, 2.5, 5};
    if (degrees && least > 10)
        for (int i = 0; i < 5; i++)
            if (circle[i] >= least * (1 - 1e-9)) return circle[i];
    double power = pow(10, floor(log10(least)));
    for (int i = 0; i < 4; i++)
        if (decimal[i] * power >= least * (1 - 1e-9)) return decimal[i] * power;
    return 10 * power;
}

void sx_range_nice(double *low, double *high, int parts, bool degrees) {
    if (!(*low <= *high)) *low = 0, *high = 1;
    *low = fmin(fmax(*low, -LARGEST), LARGEST);
    *high = fmin(fmax(*high, -LARGEST), LARGEST);
    double size = fmax(fabs(*low), fabs(*high));
    if (size < 1e-290) {
        *low = 0, *high = 1;
    } else if (*high - *low < 1e-9 * size) {
        *low -= size / 2, *high += size / 2;
    }
    if (*low < 0 && *high > 0 && parts < 2) parts = 2; /* 0 is a round number, too */
    double wanted = (*high - *low) / parts, step, first, last;
    do {
        step = nice_step(wanted, degrees);
        first = floor(*low / step + 1e-6);
        last = ceil(*high / step - 1e-6);
        wanted = step * 1.01;
    } while (last - first > parts);
    *low = first * step;
    *high = last * step;
}

/* Decimals that show multiples of a step exactly; 2.5 needs one more than 2 and 5. */
static int decimals_of(double step) {
    double power = floor(log10(step) + 1e-9);
    double lead = step / pow(10, power);
    int decimals = (int)-power + (fabs(lead - round(lead)) > 1e-6);
    return decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
}

static int count_of(double low, double high, double step, double *first) {
    double begin = ceil(low / step - 1e-6), end = floor(high / step + 1e-6);
    *first = begin * step;
    return end - begin < SX_MOST_TICKS ? (int)(end - begin) + 1 : SX_MOST_TICKS + 1;
}

sx_ticks sx_ticks_of(double low, double high, double least, bool degrees) {
    sx_ticks ticks = {0};
    if (!(high > low) || !isfinite(high - low) || !(least > 0)) return ticks;
    double step = nice_step(least, degrees);
    while ((ticks.count = count_of(low, high, step, &ticks.first)) > SX_MOST_TICKS)
        step = nice_step(step * 1.01, degrees);
    ticks.step = step;
    double size = fmax(fabs(low), fabs(high));
    int power = (int)floor(log10(size));
    if (power >= 6 || power <= -4) ticks.exponent = (int)floor(power / 3.0) * 3;
    ticks.decimals = decimals_of(step / pow(10, ticks.exponent));
    return ticks;
}

double sx_tick_value(const sx_ticks *ticks, int i) {
    double value = ticks->first + i * ticks->step;
    return fabs(value) < ticks->step * 1e-6 ? 0 : value;
}

char *sx_tick_label(const sx_ticks *ticks, int i, char *out) {
    double shown = sx_tick_value(ticks, i) / pow(10, ticks->exponent);
    return sx_number_shown(out, shown, ticks->decimals);
}

char *sx_exponent_text(int exponent, char *out) {
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    out[0] = 0;
    if (exponent == 0) return out;
    char number[12];
    snprintf(number, sizeof number, "%d", exponent);
    strcpy(out, "×10");
    for (const char *s = number; *s; s++) strcat(out, *s == '-' ? "⁻" : digits[*s - '0']);
    return out;
}
