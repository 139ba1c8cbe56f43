/* Programs whose scaling law is known: gallery KIND THREADS SECONDS prints "ops/s: X". */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { UNIT = 200, AREA = 32 << 20, PAGES = 64 };

static const char *kind;
static double begin, end, seconds;
static pthread_barrier_t ready;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static atomic_long shared;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void work(int loops) {
    for (volatile int i = 0; i < loops; i++) {
    }
}

/* One operation of which a share is done under the mutex. */
static void serial(int percent) {
    work(UNIT * (100 - percent));
    pthread_mutex_lock(&mutex);
    work(UNIT * percent);
    pthread_mutex_unlock(&mutex);
}

static void fault(int touched) {
    size_t size = (size_t)PAGES * 4096;
    char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < (size_t)touched * 4096; i += 4096) area[i] = 1;
    munmap(area, size);
}

static void file(int id) {
    char name[64];
    snprintf(name, sizeof name, "gallery-%d-%d", getpid(), id);
    close(open(name, O_CREAT | O_WRONLY, 0600));
    unlink(name);
}

static void *run(void *argument) {
    int id = (int)(long)argument;
    long done = 0;
    char *from = NULL, *to = NULL;
    if (!strcmp(kind, "stream")) {
        from = malloc(AREA), to = malloc(AREA);
        memset(from, id, AREA), memset(to, id, AREA);
    }
    /* what is measured begins once all have their memory; a burst holds one operation at least, however busy the host */
    if (pthread_barrier_wait(&ready) == PTHREAD_BARRIER_SERIAL_THREAD) begin = now(), end = begin + seconds;
    pthread_barrier_wait(&ready);
    do {
        if (!strcmp(kind, "mutex20")) serial(20);
        else if (!strcmp(kind, "mutex80")) serial(80);
        else if (!strcmp(kind, "rwlock")) for (int i = 0; i < 100; i++) {
            pthread_rwlock_rdlock(&lock);
            pthread_rwlock_unlock(&lock);
        }
        else if (!strcmp(kind, "atomic")) for (int i = 0; i < 1000; i++) atomic_fetch_add(&shared, 1);
        else if (!strcmp(kind, "mmap")) fault(1);
        else if (!strcmp(kind, "faults")) fault(PAGES);
        else if (!strcmp(kind, "stream")) memcpy(to, from, AREA);
        else if (!strcmp(kind, "files")) file(id);
        else work(UNIT * 100);
        done++;
    } while (now() < end);
    free(from), free(to);
    return (void *)done;
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    int threads = atoi(arguments[2]);
    kind = arguments[1];
    seconds = atof(arguments[3]);
    pthread_barrier_init(&ready, NULL, threads);
    pthread_t *all = calloc(threads, sizeof *all);
    for (long i = 0; i < threads; i++) pthread_create(&all[i], NULL, run, (void *)i);
    long done = 0;
    for (int i = 0; i < threads; i++) {
        void *part;
        pthread_join(all[i], &part);
        done += (long)part;
    }
    printf("ops/s: %f\n", done / (now() - begin));
    return 0;
}
