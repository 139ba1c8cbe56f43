/* Streams and pointer chases as one writes them in C, on memory of their own: the judge of ours for --compare-c.
 *
 * Optimised as STREAM is meant to be; included by twins.c, whose frame and helpers it uses.
 */
#pragma GCC push_options
#pragma GCC optimize("O3,unroll-loops")

static word own_memory(word slot, word size) {
    word base = load(slot);
    if (base == 0) {
        word mapped = map_private(size + 2 * 2097152);
        call(28, mapped, size + 2 * 2097152, 14, 0, 0, 0);
        call(28, mapped, size + 2 * 2097152, 10, 0, 0, 0);
        base = (mapped + 2097151) / 2097152 * 2097152;
        for (word page = 0; page < size / 4096; page++) touch(base + 4096 * page);
        store(slot, base);
    }
    return base;
}
enum { BLOCK = 8192 };
static __attribute__((noinline)) int64_t sum_block(const int64_t *a) {
    int64_t total = 0;
    for (int i = 0; i < BLOCK; i++) total += a[i];
    return total;
}
static __attribute__((noinline)) void copy_block(double *a, const double *b) {
    for (int i = 0; i < BLOCK; i++) a[i] = b[i];
}
static __attribute__((noinline)) void triad_block(double *a, const double *b, const double *c) {
    for (int i = 0; i < BLOCK; i++) a[i] = b[i] + 3.0 * c[i];
}
/* One stream over `arrays` equal parts of a role's memory. */
#define STREAM(name, arrays, work)                                                          \
    LOOP(name) {                                                                            \
        word place = area + 128 * role, size = load(place + 16) / 3 * 3;                    \
        word base = own_memory(place + 8, size), part = arrays == 1 ? size : size / 3;      \
        word blocks = part / 65536, block = load(place + 32) % blocks;                      \
        word deadline = start(frame, role), done = 0;                                       \
        while (ticks() < deadline) {                                                        \
            for (word i = 0; i < count; i++) {                                              \
                block = (block + 1) % blocks;                                               \
                word to = base + 65536 * block;                                             \
                work;                                                                       \
            }                                                                               \
            done += count;                                                                  \
        }                                                                                   \
        store(place + 32, block);                                                           \
        return finish(frame, role, 1024 * arrays * done);                                   \
    }
STREAM(stream_read_loop, 1, opaque(sum_block((const int64_t *)to)))
STREAM(stream_copy_loop, 2, copy_block((double *)to, (const double *)(to + part)))
STREAM(stream_triad_loop, 3, triad_block((double *)to, (const double *)(to + part), (const double *)(to + 2 * part)))

/* A cycle by Sattolo's shuffle, and the chase along it. */
static word cycle(word area, word size) {
    if (load(area + 8) == 0) {
        word base = own_memory(area + 8, size), lines = size / 64;
        uint64_t random = 88172645463325252u;
        for (word i = 0; i < lines; i++) store(base + 64 * i, base + 64 * i);
        for (word i = lines - 1; i > 0; i--) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            word other = (word)(random % (uint64_t)i), kept = load(base + 64 * i);
            store(base + 64 * i, load(base + 64 * other));
            store(base + 64 * other, kept);
        }
        store(area + 32, base);
    }
    return load(area + 32);
}
LOOP(chase_loop) {
    void **place = (void **)cycle(area, load(area + 16));
    word base = load(area + 8), warm = load(area + 40);
    for (word line = 0; line < warm / 64; line++) load(base + 64 * line);
    start(frame, role);
    for (word i = 0; i < count; i++) place = (void **)*place;
    finish(frame, role, opaque((word)place) ? count : 0);
    store(area + 32, (word)place);
    return count;
}

#pragma GCC pop_options
