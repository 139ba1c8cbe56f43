/* Twins of model/simulation: the same two algorithms on the same networks, as one would write them in C.

   jump chain   counts of threads, a tree of rates, a ring of turns at shared stations
   event heap   every thread on its own, an indexed heap, a hold that follows the number present

   Both keep queue lengths and busy times. Networks: delays and locks (one hold at a time, its mean a table of the
   number present), instances of several stations, shared stations. See simulation.py. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static inline double uniform(uint64_t *s) {
    uint64_t total = s[0] + s[3], word = ((total << 23) | (total >> 41)) + s[0], t = s[1] << 17;
    s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3];
    s[2] ^= t; s[3] = (s[3] << 45) | (s[3] >> 19);
    return (double)((word >> 11) + 1) * 0x1p-53;
}

static inline double exponential(uint64_t *s) { return -log(uniform(s)); }

/* ---- jump chain ---- */

typedef struct {
    const double *rates;
    long next, owner, servers, present, head;
    double last, area, busy;
} jump_station;

typedef struct {
    long n_stations, n_local, leaves, mask;
    jump_station *station;
    long *ring, *first, *done;
    double *tree, clock;
    uint64_t rng[4];
} jump_chain;

static void change(jump_chain *c, long s, long step) {
    jump_station *a = &c->station[s];
    double spent = c->clock - a->last;
    a->area += a->present * spent;
    if (a->present > 0) a->busy += spent;
    a->last = c->clock;
    a->present += step;
    long node = c->leaves + s;
    c->tree[node] = a->rates[a->present];
    while (node > 1) {
        node >>= 1;
        c->tree[node] = c->tree[2 * node] + c->tree[2 * node + 1];
    }
}

static void jump_arrive(jump_chain *c, long v, long s) {
    jump_station *a = &c->station[s];
    if (s >= c->n_local) c->ring[(s - c->n_local) * (c->mask + 1) + ((a->head + a->present) & c->mask)] = v;
    change(c, s, 1);
}

static long take(jump_chain *c, long s) {
    jump_station *a = &c->station[s];
    long *ring = c->ring + (s - c->n_local) * (c->mask + 1);
    long in_service = a->servers < a->present ? a->servers : a->present, place = a->head;
    if (in_service > 1) {
        long pick = (long)(uniform(c->rng) * in_service);
        place += pick < in_service ? pick : in_service - 1;
    }
    long v = ring[place & c->mask];
    ring[place & c->mask] = ring[a->head & c->mask];
    a->head = (a->head + 1) & c->mask;
    return v;
}

jump_chain *jump_new(long n_stations, long n_local, long n_instances, const long *threads, const long *first,
                     const long *next, const long *owner, const long *servers, const long *offset,
                     const double *rates, const uint64_t *rng) {
    jump_chain *c = calloc(1, sizeof *c);
    long total = 0, slots = 1;
    c->n_stations = n_stations; c->n_local = n_local; c->leaves = 2;
    while (c->leaves < n_stations) c->leaves *= 2;
    for (long v = 0; v < n_instances; v++) total += threads[v];
    while (slots <= total) slots *= 2;
    c->mask = slots - 1;
    c->station = calloc(n_stations, sizeof *c->station);
    c->ring = calloc((n_stations - n_local + 1) * slots, sizeof *c->ring);
    c->first = malloc(n_instances * sizeof *c->first);
    c->done = calloc(n_instances, sizeof *c->done);
    c->tree = calloc(2 * c->leaves, sizeof *c->tree);
    for (int i = 0; i < 4; i++) c->rng[i] = rng[i];
    for (long s = 0; s < n_stations; s++) {
        jump_station *a = &c->station[s];
        a->rates = rates + offset[s]; a->next = next[s]; a->owner = owner[s]; a->servers = servers[s];
    }
    for (long v = 0; v < n_instances; v++) {
        c->first[v] = first[v];
        for (long i = 0; i < threads[v]; i++) jump_arrive(c, v, first[v]);
    }
    return c;
}

long jump_advance(jump_chain *c, long completions) {
    long events = 0;
    while (completions > 0) {
        events++;
        double total = c->tree[1];
        c->clock += exponential(c->rng) / total;
        double point = uniform(c->rng) * total;
        long node = 1;
        while (node < c->leaves) {
            node *= 2;
            if (point >= c->tree[node] && c->tree[node + 1] > 0.0) point -= c->tree[node++];
        }
        long s = node - c->leaves, v = c->station[s].owner, after = c->station[s].next;
        if (v < 0) v = take(c, s);
        if (after < 0) {
            after = c->first[v];
            c->done[v]++;
            completions--;
        }
        change(c, s, -1);
        jump_arrive(c, v, after);
    }
    return events;
}

double jump_clock(const jump_chain *c) { return c->clock; }

void jump_free(jump_chain *c) {
    free(c->station); free(c->ring); free(c->first); free(c->done); free(c->tree); free(c);
}

/* ---- event heap ---- */

typedef struct { long step, next; double work, mean, since; } thread;
typedef struct { long station, next, first; } step;
typedef struct {
    const double *times;
    long lock, present, owner, head, tail;
    double last, area, busy;
} station;

typedef struct {
    long n_threads;
    thread *threads;
    step *steps;
    station *stations;
    double *keys, clock;
    long *timers, *places;
    uint64_t rng[4];
} heap_world;

static void rise(heap_world *w, long place) {
    double key = w->keys[place];
    long timer = w->timers[place];
    while (place > 0) {
        long parent = (place - 1) / 2;
        if (w->keys[parent] <= key) break;
        w->keys[place] = w->keys[parent]; w->timers[place] = w->timers[parent];
        w->places[w->timers[place]] = place;
        place = parent;
    }
    w->keys[place] = key; w->timers[place] = timer; w->places[timer] = place;
}

static void sink(heap_world *w, long place) {
    double key = w->keys[place];
    long timer = w->timers[place];
    for (;;) {
        long child = 2 * place + 1;
        if (child >= w->n_threads) break;
        if (child + 1 < w->n_threads && w->keys[child + 1] < w->keys[child]) child++;
        if (w->keys[child] > key) break;
        w->keys[place] = w->keys[child]; w->timers[place] = w->timers[child];
        w->places[w->timers[place]] = place;
        place = child;
    }
    w->keys[place] = key; w->timers[place] = timer; w->places[timer] = place;
}

static void set(heap_world *w, long i, double key) {
    long place = w->places[i];
    double before = w->keys[place];
    w->keys[place] = key;
    if (key < before) rise(w, place); else sink(w, place);
}

static void count(heap_world *w, station *a, long change) {
    double spent = w->clock - a->last;
    a->area += a->present * spent;
    if (a->present > 0) a->busy += spent;
    a->last = w->clock;
    a->present += change;
}

static void begin(heap_world *w, long i, double mean) {
    thread *t = &w->threads[i];
    t->work = exponential(w->rng); t->mean = mean; t->since = w->clock;
    set(w, i, w->clock + t->work * mean);
}

/* the holder's mean follows the number present */
static void follow(heap_world *w, station *a) {
    if (a->owner < 0) return;
    thread *t = &w->threads[a->owner];
    double mean = a->times[a->present - 1];
    if (mean == t->mean) return;
    t->work -= (w->clock - t->since) / t->mean;
    if (t->work < 0.0) t->work = 0.0;
    t->since = w->clock; t->mean = mean;
    set(w, a->owner, w->clock + t->work * mean);
}

static void enter(heap_world *w, long i) {
    thread *t = &w->threads[i];
    station *a = &w->stations[w->steps[t->step].station];
    count(w, a, 1);
    if (!a->lock) { begin(w, i, a->times[0]); return; }
    if (a->owner < 0) { a->owner = i; begin(w, i, a->times[a->present - 1]); return; }
    t->next = -1;
    if (a->head < 0) a->head = i; else w->threads[a->tail].next = i;
    a->tail = i;
    set(w, i, INFINITY);
    follow(w, a);
}

static void leave(heap_world *w, station *a) {
    count(w, a, -1);
    if (!a->lock) return;
    a->owner = a->head;
    if (a->owner >= 0) {
        a->head = w->threads[a->owner].next;
        begin(w, a->owner, a->times[a->present - 1]);
    }
}

heap_world *heap_new(long n_threads, long n_steps, long n_stations, const long *first_step, const long *step_station,
                     const long *step_next, const long *step_first, const long *lock, const long *offset,
                     const double *times, const uint64_t *rng) {
    heap_world *w = calloc(1, sizeof *w);
    w->n_threads = n_threads;
    w->threads = calloc(n_threads, sizeof *w->threads);
    w->steps = calloc(n_steps, sizeof *w->steps);
    w->stations = calloc(n_stations, sizeof *w->stations);
    w->keys = calloc(n_threads, sizeof *w->keys);
    w->timers = calloc(n_threads, sizeof *w->timers);
    w->places = calloc(n_threads, sizeof *w->places);
    for (int i = 0; i < 4; i++) w->rng[i] = rng[i];
    for (long s = 0; s < n_stations; s++) {
        station *a = &w->stations[s];
        a->times = times + offset[s]; a->lock = lock[s]; a->owner = a->head = a->tail = -1;
    }
    for (long j = 0; j < n_steps; j++) w->steps[j] = (step){step_station[j], step_next[j], step_first[j]};
    for (long i = 0; i < n_threads; i++) { w->timers[i] = w->places[i] = i; w->keys[i] = INFINITY; }
    for (long i = 0; i < n_threads; i++) { w->threads[i].step = first_step[i]; enter(w, i); }
    return w;
}

long heap_advance(heap_world *w, long completions) {
    long events = 0;
    while (completions > 0) {
        events++;
        long i = w->timers[0];
        w->clock = w->keys[0];
        thread *t = &w->threads[i];
        step *now = &w->steps[t->step];
        leave(w, &w->stations[now->station]);
        t->step = now->next;
        if (now->next == now->first) completions--;
        enter(w, i);
    }
    return events;
}

double heap_clock(const heap_world *w) { return w->clock; }

void heap_free(heap_world *w) {
    free(w->threads); free(w->steps); free(w->stations); free(w->keys); free(w->timers); free(w->places); free(w);
}
