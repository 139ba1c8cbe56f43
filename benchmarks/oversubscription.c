/* Threads of one program on fewer cores: each computes, then holds a lock, for ever; cycles of a burst are counted.
 * The work is a chain of multiplications, so a preempted thread loses no time of its own. Lengths are exponential.
 * Also: how often threads that only run take turns on a CPU; two threads that wake each other in turn, on one core (what a switch costs) or on two (how long a wake takes). */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { COMPUTE, MUTEX, TEST_AND_SET, TICKET };
enum { WAIT, GO, STOP };
#define MOST_CPUS 1024

struct program {
    _Alignas(64) pthread_mutex_t mutex;
    _Alignas(64) atomic_int taken;
    _Alignas(64) atomic_uint next;
    _Alignas(64) atomic_uint serving;
    _Alignas(64) atomic_int phase;
    const uint32_t *lengths; /* 1024 relative lengths of mean 1024 */
    uint64_t compute, hold;  /* steps of work */
    int kind;
};

struct worker {
    _Alignas(64) struct program *program;
    _Atomic uint64_t cycles;
    uint32_t at;
    double cpu;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void work(struct worker *w, uint64_t mean) {
    w->at = (w->at + 1) & 1023;
    uint64_t x = 1;
    for (uint64_t n = mean * w->program->lengths[w->at] >> 10; n > 0; n--) __asm__ volatile("imul $3, %0, %0" : "+r"(x));
}

static int stopped(struct program *p) { return atomic_load_explicit(&p->phase, memory_order_relaxed) == STOP; }

static void lock(struct program *p) {
    if (p->kind == MUTEX) pthread_mutex_lock(&p->mutex);
    if (p->kind == TEST_AND_SET)
        while (atomic_exchange_explicit(&p->taken, 1, memory_order_acquire))
            while (atomic_load_explicit(&p->taken, memory_order_relaxed)) __asm__ volatile("" ::: "memory");
    if (p->kind == TICKET) {
        unsigned mine = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
        while (atomic_load_explicit(&p->serving, memory_order_acquire) != mine && !stopped(p)) __asm__ volatile("" ::: "memory");
    }
}

static void unlock(struct program *p) {
    if (p->kind == MUTEX) pthread_mutex_unlock(&p->mutex);
    if (p->kind == TEST_AND_SET) atomic_store_explicit(&p->taken, 0, memory_order_release);
    if (p->kind == TICKET) atomic_fetch_add_explicit(&p->serving, 1, memory_order_release);
}

static void *run(void *argument) {
    struct worker *w = argument;
    struct program *p = w->program;
    while (atomic_load_explicit(&p->phase, memory_order_acquire) == WAIT) usleep(200);
    uint64_t done = 0;
    while (!stopped(p)) {
        work(w, p->compute);
        if (p->hold) {
            lock(p);
            work(w, p->hold);
            unlock(p);
        }
        atomic_store_explicit(&w->cycles, ++done, memory_order_relaxed);
    }
    struct rusage used;
    getrusage(RUSAGE_THREAD, &used);
    w->cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1e-6 * (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    return 0;
}

static void pause_for(double seconds) {
    struct timespec t = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
    nanosleep(&t, 0);
}

static double cycles_of(struct worker *w, int threads) {
    double sum = 0;
    for (int i = 0; i < threads; i++) sum += atomic_load_explicit(&w[i].cycles, memory_order_relaxed);
    return sum;
}

/* Spread the threads over the CPUs, and let them go wherever they like again. */
static void spread(pthread_t *ids, int threads) {
    cpu_set_t all, one;
    int cpus[MOST_CPUS], count = 0;
    sched_getaffinity(0, sizeof all, &all);
    for (int cpu = 0; cpu < MOST_CPUS; cpu++)
        if (CPU_ISSET(cpu, &all)) cpus[count++] = cpu;
    for (int i = 0; i < threads; i++) {
        CPU_ZERO(&one);
        CPU_SET(cpus[i % count], &one);
        pthread_setaffinity_np(ids[i], sizeof one, &one);
    }
    pause_for(2e-3);
    for (int i = 0; i < threads; i++) pthread_setaffinity_np(ids[i], sizeof all, &all);
}

/* found: cycles and seconds of the measured part; CPU seconds and seconds of all of it. */
int burst(int kind, int threads, uint64_t compute, uint64_t hold, double settle, double seconds, const uint32_t *lengths,
          double *found) {
    struct program *p = aligned_alloc(64, sizeof *p);
    struct worker *w = aligned_alloc(64, sizeof *w * threads);
    pthread_t *ids = malloc(sizeof *ids * threads);
    *p = (struct program){.lengths = lengths, .compute = compute, .hold = hold, .kind = kind};
    pthread_mutex_init(&p->mutex, 0);
    for (int i = 0; i < threads; i++) {
        w[i] = (struct worker){.program = p, .at = 37u * i};
        if (pthread_create(&ids[i], 0, run, &w[i])) return 1;
    }
    spread(ids, threads);
    double start = now();
    atomic_store(&p->phase, GO);
    pause_for(settle);
    double before = cycles_of(w, threads), from = now();
    pause_for(seconds);
    found[0] = cycles_of(w, threads) - before;
    found[1] = now() - from;
    atomic_store(&p->phase, STOP);
    found[2] = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], 0);
        found[2] += w[i].cpu;
    }
    found[3] = now() - start;
    free(p), free(w), free(ids);
    return 0;
}

static struct { _Alignas(64) atomic_int last; } owner[MOST_CPUS];
struct runner { _Alignas(64) _Atomic long turns; int me; atomic_int *phase; };

static void *take_turns(void *argument) {
    struct runner *r = argument;
    while (atomic_load_explicit(r->phase, memory_order_relaxed) != STOP) {
        int cpu = sched_getcpu() % MOST_CPUS;
        if (atomic_load_explicit(&owner[cpu].last, memory_order_relaxed) == r->me) continue;
        atomic_store_explicit(&owner[cpu].last, r->me, memory_order_relaxed);
        atomic_fetch_add_explicit(&r->turns, 1, memory_order_relaxed);
    }
    return 0;
}

static double turns_of(struct runner *r, int threads) {
    double sum = 0;
    for (int i = 0; i < threads; i++) sum += atomic_load_explicit(&r[i].turns, memory_order_relaxed);
    return sum;
}

/* Turns that so many running threads take a second, on all CPUs together; negative on failure. */
double turns(int threads, double settle, double seconds) {
    atomic_int phase = GO;
    struct runner *r = aligned_alloc(64, sizeof *r * threads);
    pthread_t *ids = malloc(sizeof *ids * threads);
    for (int i = 0; i < threads; i++) {
        r[i].me = i + 1, r[i].phase = &phase, r[i].turns = 0;
        if (pthread_create(&ids[i], 0, take_turns, &r[i])) return -1;
    }
    spread(ids, threads);
    pause_for(settle);
    double before = turns_of(r, threads), from = now();
    pause_for(seconds);
    double rate = (turns_of(r, threads) - before) / (now() - from);
    atomic_store(&phase, STOP);
    for (int i = 0; i < threads; i++) pthread_join(ids[i], 0);
    free(r), free(ids);
    return rate;
}

static atomic_int turn;
struct player { int cpu, mine, rounds; double *times; };

static void *play(void *argument) {
    struct player *me = argument;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(me->cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    double last = now();
    for (int i = 0; i < me->rounds; i++) {
        while (atomic_load(&turn) != me->mine) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !me->mine, 0, 0, 0);
        double t = now();
        if (me->times) me->times[i] = 0.5 * (t - last);
        last = t;
        atomic_store(&turn, !me->mine);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    }
    return 0;
}

/* times: half of each round trip of two threads that wake each other, on the two CPUs. */
int wake(int cpu, int other, int rounds, double *times) {
    struct player players[2] = {{cpu, 0, rounds, times}, {other, 1, rounds, 0}};
    pthread_t ids[2];
    atomic_store(&turn, 0);
    for (int i = 0; i < 2; i++)
        if (pthread_create(&ids[i], 0, play, &players[i])) return 1;
    for (int i = 0; i < 2; i++) pthread_join(ids[i], 0);
    return 0;
}
