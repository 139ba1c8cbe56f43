/* The exact solver for equal clusters, as one would write it in C: the twin that benchmarks/solve_splits.py times.
 *
 * One instance: a delay, a ticket lock; all instances: one shared single server. With g(j) the local normalising
 * constants of an instance of k threads, w(J) = J! demand^J, a(i) = g(k - i) / i!, b(i) = g(k - 1 - i) / i!:
 *
 *     T(i) = sum_J w(i + J) [z^J] (sum_i a(i) z^i)^(vms - 1)        X = vms sum_i b(i) T(i) / sum_i a(i) T(i)
 *
 * Everything is positive. Times are tilted by the unit u and z by c, both chosen so that the last constants are near
 * one, and the coefficients of one instance are scaled to a sum of one, so that no power exceeds one; REAL is double, or
 * long double where a double's exponent is too small. Returns NaN if that is not enough.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef REAL
#define REAL double
#endif

static void convolve(const REAL *restrict x, int nx, const REAL *restrict y, int ny, REAL *restrict out)
{
    memset(out, 0, sizeof(REAL) * (size_t)(nx + ny - 1));
    for (int i = 0; i < nx; i++)
        for (int j = 0; j < ny; j++)
            out[i + j] += x[i] * y[j];
}

/* power of a polynomial of n coefficients by squaring; returns the number of coefficients of the result */
static int raise(const REAL *base, int n, int exponent, REAL *result, REAL *square, REAL *scratch)
{
    int n_result = 1, n_square = n;
    result[0] = 1;
    memcpy(square, base, sizeof(REAL) * (size_t)n);
    while (exponent > 0) {
        if (exponent & 1) {
            convolve(result, n_result, square, n_square, scratch);
            n_result += n_square - 1;
            memcpy(result, scratch, sizeof(REAL) * (size_t)n_result);
        }
        exponent >>= 1;
        if (exponent > 0) {
            convolve(square, n_square, square, n_square, scratch);
            n_square += n_square - 1;
            memcpy(square, scratch, sizeof(REAL) * (size_t)n_square);
        }
    }
    return n_result;
}

double solve_even(int vms, int k, double think, double hold, double handover, double demand)
{
    int total = vms * k, n = k + 1;
    size_t room = (size_t)(2 * total + 4 * n + 8);
    REAL *memory = malloc(sizeof(REAL) * (5 * room + 4 * (size_t)n));
    REAL *w = memory, *others = w + room, *square = others + room, *scratch = square + room, *local = scratch + room;
    REAL *delay = local + room, *lock = delay + n, *a = lock + n, *b = a + n;

    double log_lock = 0, log_delay = k * log(think) - lgamma(k + 1.0);
    for (int j = 1; j <= k; j++)
        log_lock += log(hold + handover * (j - 1) / 2);
    REAL unit = exp(fmax(log_lock, log_delay) / k);
    REAL tilt = exp(log(demand) + lgamma(total + 1.0) / total) / unit;

    delay[0] = lock[0] = 1;
    for (int j = 1; j <= k; j++) {
        delay[j] = delay[j - 1] * (think / unit) / j;
        lock[j] = lock[j - 1] * ((hold + handover * (j - 1) / 2) / unit);
    }
    for (int j = 0; j <= k; j++) {
        local[j] = 0;
        for (int i = 0; i <= j; i++)
            local[j] += delay[i] * lock[j - i];
    }
    REAL scale = 1, sum = 0;
    for (int i = 0; i <= k; i++) {
        a[i] = local[k - i] * scale;
        b[i] = i < k ? local[k - 1 - i] * scale : 0;
        scale *= tilt / (i + 1);
        sum += a[i];
    }
    for (int i = 0; i <= k; i++) {
        a[i] /= sum;
        b[i] /= sum;
    }
    w[0] = 1;
    for (int j = 1; j <= total; j++)
        w[j] = w[j - 1] * j * (demand / unit / tilt);

    int n_others = raise(a, n, vms - 1, others, square, scratch);
    REAL with = 0, less = 0;
    for (int i = 0; i <= k; i++) {
        REAL t = 0;
        for (int j = 0; j < n_others; j++)
            t += w[i + j] * others[j];
        with += a[i] * t;
        less += b[i] * t;
    }
    double found = (double)(vms * less / with / unit);
    free(memory);
    return isfinite(found) ? found : NAN;
}

/* solve one split many times over, so that a call from outside does not count */
double solve_often(int times, int vms, int k, double think, double hold, double handover, double demand)
{
    volatile double found = 0;
    for (int i = 0; i < times; i++)
        found = solve_even(vms, k, think, hold, handover, demand);
    return found;
}
