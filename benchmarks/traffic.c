/* Programs of known memory traffic: traffic KIND SECONDS prints "ops/s: X". An operation moves BYTES, or nothing. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PART = 32 << 20 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void compute(double seconds) {
    for (double end = now() + seconds; now() < end;)
        for (int i = 0; i < 1000; i++) __asm__ volatile("" ::: "memory");
}

static unsigned long sum(const unsigned long *from) {
    unsigned long total = 0;
    for (size_t i = 0; i < PART / sizeof *from; i++) total += from[i];
    return total;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    const char *kind = arguments[1];
    char *from = malloc(PART), *to = malloc(PART);
    memset(from, 1, PART), memset(to, 2, PART);
    double begin = now(), end = begin + atof(arguments[2]), took = 5e-3;
    long done = 0;
    unsigned long seen = 0;
    for (; now() < end; done++) {
        double started = now();
        if (!strcmp(kind, "compute")) compute(5e-3);
        else if (!strcmp(kind, "read")) seen += sum((unsigned long *)from);
        else memcpy(to, from, PART);
        __asm__ volatile("" ::: "memory");
        if (!strcmp(kind, "half")) took = now() - started, compute(took);
    }
    printf("ops/s: %f\n%s", done / (now() - begin), seen == 1 ? "\n" : "");
    return 0;
}
