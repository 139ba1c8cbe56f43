/* Programs of known memory traffic: traffic KIND SECONDS [MIB] prints "ops/s: X" and "ops/cpu-s: Y".
   An operation passes over arrays of MIB MiB (32): "read" one, "copy" and "half" two, "triad" three, "compute" none. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double worked(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void compute(double seconds) {
    for (double end = now() + seconds; now() < end;)
        for (int i = 0; i < 1000; i++) __asm__ volatile("" ::: "memory");
}

static double sum(const double *from, size_t count) {
    double total[4] = {0}; /* one sum would wait for its own additions, not for memory */
    for (size_t i = 0; i < count; i += 4)
        for (int k = 0; k < 4; k++) total[k] += from[i + k];
    return total[0] + total[1] + total[2] + total[3];
}

static void triad(double *to, const double *from, const double *other, size_t count) {
    for (size_t i = 0; i < count; i++) to[i] = from[i] + 0.5 * other[i];
}

static double *array(size_t count, double value) {
    double *made = malloc(count * sizeof *made);
    if (!made) exit(3);
    for (size_t i = 0; i < count; i++) made[i] = value + i;
    return made;
}

int main(int count, char **arguments) {
    if (count != 3 && count != 4) return 2;
    const char *kind = arguments[1];
    size_t part = ((size_t)(count == 4 ? atoi(arguments[3]) : 32) << 20) / sizeof(double);
    double *from = array(part, 1), *to = array(part, 2), *other = array(strcmp(kind, "triad") ? 1 : part, 3);
    double begin = now(), began = worked(), end = begin + atof(arguments[2]), seen = 0;
    long done = 0;
    for (; now() < end; done++) {
        double started = now();
        if (!strcmp(kind, "compute")) compute(5e-3);
        else if (!strcmp(kind, "read")) seen += sum(from, part);
        else if (!strcmp(kind, "triad")) triad(to, from, other, part);
        else memcpy(to, from, part * sizeof *from);
        __asm__ volatile("" ::: "memory");
        if (!strcmp(kind, "half")) compute(now() - started);
    }
    printf("ops/s: %f\nops/cpu-s: %f\n%s", done / (now() - begin), done / (worked() - began), seen == 1 ? "\n" : "");
    return 0;
}
