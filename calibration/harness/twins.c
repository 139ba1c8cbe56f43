/* The benchmark loops once more, in C, for --compare-c: same frame, same areas, same system calls.
 *
 * A loop here has the name and the signature of its twin: name(frame, role, count, area) -> operations.
 * Raw system calls on both sides: the C library's wrapper alone would add about 50 ns.
 * Compiled on the user's machine with: cc -O2 -shared -fPIC. x86-64 Linux only.
 */
#include <pthread.h>
#include <stdint.h>
#include <time.h>

typedef int64_t word;


static inline word load(word address) { return __atomic_load_n((word *)address, __ATOMIC_ACQUIRE); }
static inline void store(word address, word value) { __atomic_store_n((word *)address, value, __ATOMIC_RELEASE); }
static inline word add(word address, word value) { return __atomic_fetch_add((word *)address, value, __ATOMIC_SEQ_CST); }
static inline word swap(word address, word value) { return __atomic_exchange_n((word *)address, value, __ATOMIC_SEQ_CST); }
static inline word cas(word address, word expected, word value) {
    __atomic_compare_exchange_n((word *)address, &expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}
static inline int load_word(word address) { return __atomic_load_n((int *)address, __ATOMIC_ACQUIRE); }
static inline void store_word(word address, int value) { __atomic_store_n((int *)address, value, __ATOMIC_SEQ_CST); }
static inline void touch(word address) { __asm__ volatile("movb $1, (%0)" ::"r"(address) : "memory"); }
static inline void pause_(void) { __asm__ volatile("pause" ::: "memory"); }
static inline word opaque(word x) { __asm__ volatile("" : "+r"(x)); return x; }

static inline word ticks(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (word)((uint64_t)high << 32 | low);
}
static inline word ticks_begin(void) {
    __asm__ volatile("lfence" ::: "memory");
    return ticks();
}
static inline word ticks_end(word *cpu) {
    uint32_t low, high, aux;
    __asm__ volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high), "=c"(aux)::"memory");
    *cpu = aux & 4095;
    return (word)((uint64_t)high << 32 | low);
}
static inline word call(word number, word a, word b, word c, word d, word e, word f) {
    register word r10 __asm__("r10") = d;
    register word r8 __asm__("r8") = e;
    register word r9 __asm__("r9") = f;
    word result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
    return result;
}

/* The frame: see calibration/harness/frame.py for the layout. */
static void meet(word frame) {
    word generation = load(frame + 128);
    if (add(frame, 1) == load(frame + 384) - 1) {
        store(frame, 0);
        store(frame + 256, ticks() + load(frame + 512));
        store(frame + 128, generation + 1);
        return;
    }
    for (word spins = 1; load(frame + 128) == generation; spins++) {
        pause_();
        if (spins > 1000) call(24, 0, 0, 0, 0, 0, 0);
    }
}
static word switches(word scratch) {
    call(98, 1, scratch, 0, 0, 0, 0);
    return load(scratch + 136);
}
static word start(word frame, word role) {
    word result = frame + 4096 + 512 * role, cpu;
    meet(frame);
    word deadline = load(frame + 256);
    store(result + 40, switches(result + 128));
    ticks_end(&cpu);
    store(result + 24, cpu);
    store(result, ticks_begin());
    return deadline;
}
static word finish(word frame, word role, word operations) {
    word cpu, end = ticks_end(&cpu), result = frame + 4096 + 512 * role;
    store(result + 8, end);
    store(result + 16, operations);
    store(result + 32, cpu);
    store(result + 48, switches(result + 128));
    meet(frame);
    return operations;
}

/* Helpers: see calibration/harness/system_calls.py. */
static inline word spin(word iterations) {
    word x = 0;
    for (word i = 0; i < iterations; i++) x = opaque(x + 1);
    return x;
}
static inline void wait_for(word address, word value) { while (load(address) != value) pause_(); }
static inline word map_private(word size) { return call(9, 0, size, 3, 0x22, -1, 0); }
static inline word map_file(word descriptor, word size) { return call(9, 0, size, 3, 1, descriptor, 0); }
static inline word unmap(word address, word size) { return call(11, address, size, 0, 0, 0, 0); }
static inline word read_(word d, word address, word size) { return call(0, d, address, size, 0, 0, 0); }
static inline word write_(word d, word address, word size) { return call(1, d, address, size, 0, 0, 0); }
static inline word open_(word path, word flags) { return call(2, path, flags, 0600, 0, 0, 0); }
static inline word close_(word d) { return call(3, d, 0, 0, 0, 0, 0); }
static inline word unlink_(word path) { return call(87, path, 0, 0, 0, 0, 0); }
static word child_and_wait(word flags) {
    word child = call(56, flags, 0, 0, 0, 0, 0);
    if (child == 0) call(231, 0, 0, 0, 0, 0, 0);
    return call(61, child, 0, 0, 0, 0, 0);
}

#define LOOP(name) word name(word frame, word role, word count, word area)
#define UNUSED (void)area; (void)role

LOOP(getppid_loop) {
    UNUSED;
    start(frame, role);
    for (word i = 0; i < count; i++) call(110, 0, 0, 0, 0, 0, 0);
    return finish(frame, role, count);
}
LOOP(clock_read_loop) {
    start(frame, role);
    for (word i = 0; i < count; i++) clock_gettime(1, (struct timespec *)area);
    return finish(frame, role, count);
}
LOOP(delay_loop) {
    UNUSED;
    start(frame, role);
    spin(count);
    return finish(frame, role, count);
}
LOOP(line_ping_pong) {
    if (role == 0) store(area, 0);
    start(frame, role);
    for (word i = 0; i < count; i++) {
        wait_for(area, 2 * i + role);
        store(area, 2 * i + role + 1);
    }
    if (role == 0) wait_for(area, 2 * count);
    return finish(frame, role, count);
}
LOOP(atomic_add_loop) {
    word place = area + 4096 + load(area) * role, deadline = start(frame, role), done = 0;
    while (ticks() < deadline) {
        for (word i = 0; i < count; i++) add(place, 1);
        done += count;
    }
    return finish(frame, role, done);
}
LOOP(compare_and_swap_loop) {
    word deadline = start(frame, role), done = 0;
    while (ticks() < deadline) {
        for (word i = 0; i < count; i++) {
            word seen = load(area);
            while (cas(area, seen, seen + 1) != seen) {
                pause_();
                seen = load(area);
            }
        }
        done += count;
    }
    return finish(frame, role, done);
}

#define LOCKED(take, give)                                                              \
    word hold = load(area), think = load(area + 8), lock = area + 4096;                 \
    word deadline = start(frame, role), done = 0;                                       \
    while (ticks() < deadline) {                                                        \
        for (word i = 0; i < count; i++) {                                              \
            take;                                                                       \
            spin(hold);                                                                 \
            give;                                                                       \
            spin(think);                                                                \
        }                                                                               \
        done += count;                                                                  \
    }                                                                                   \
    return finish(frame, role, done)

LOOP(ticket_lock_loop) {
    word mine;
    LOCKED(mine = add(lock, 1); wait_for(lock + 128, mine), store(lock + 128, mine + 1));
}
LOOP(test_and_set_lock_loop) {
    LOCKED(while (swap(lock, 1) != 0) pause_(), store(lock, 0));
}
static void queue_take(word tail, word node) {
    store(node, 0);
    store(node + 8, 1);
    word before = swap(tail, node);
    if (before) {
        store(before, node);
        wait_for(node + 8, 0);
    }
}
static void queue_give(word tail, word node) {
    word following = load(node);
    if (!following) {
        if (cas(tail, node, 0) == node) return;
        while (!following) following = load(node);
    }
    store(following + 8, 0);
}
LOOP(queue_lock_loop) {
    word node = area + 4096 + 128 + 128 * role;
    LOCKED(queue_take(lock, node), queue_give(lock, node));
}
static void read_section(word readers, word writer, word hold) {
    for (;;) {
        wait_for(writer, 0);
        add(readers, 1);
        if (load(writer) == 0) break;
        add(readers, -1);
    }
    spin(hold);
    add(readers, -1);
}
static void write_section(word readers, word writer, word hold) {
    while (cas(writer, 0, 1) != 0) pause_();
    wait_for(readers, 0);
    spin(hold);
    store(writer, 0);
}
LOOP(reader_writer_lock_loop) {
    word hold = load(area), think = load(area + 8), share = load(area + 16);
    word readers = area + 4096, writer = readers + 128;
    word deadline = start(frame, role), done = 0;
    while (ticks() < deadline) {
        for (word i = 0; i < count; i++) {
            if (share && (done + i) % share == 0) write_section(readers, writer, hold);
            else read_section(readers, writer, hold);
            spin(think);
        }
        done += count;
    }
    return finish(frame, role, done);
}

LOOP(page_fault_loop) {
    word pages = load(area), size = pages * 4096, deadline = start(frame, role), done = 0;
    while (ticks() < deadline) {
        for (word i = 0; i < count; i++) {
            word base = map_private(size);
            for (word page = 0; page < pages; page++) touch(base + 4096 * page);
            unmap(base, size);
        }
        done += count * pages;
    }
    return finish(frame, role, done);
}
LOOP(page_fault_unrolled_loop) {
    word pages = load(area), size = pages * 4096, deadline = start(frame, role), done = 0;
    while (ticks() < deadline) {
        for (word i = 0; i < count; i++) {
            word base = map_private(size), end = base + size;
            while (end > base)
                for (word step = 0; step < 8; step++) {
                    end -= 4096;
                    touch(end + step);
                }
            unmap(base, size);
        }
        done += count * pages;
    }
    return finish(frame, role, done);
}
LOOP(page_fault_file_loop) {
    word descriptor = load(area), pages = load(area + 8), size = pages * 4096;
    word deadline = start(frame, role), done = 0;
    while (ticks() < deadline) {
        for (word i = 0; i < count; i++) {
            word base = map_file(descriptor, size);
            for (word page = 0; page < pages; page++) touch(base + 4096 * page);
            unmap(base, size);
        }
        done += count * pages;
    }
    return finish(frame, role, done);
}
LOOP(mmap_munmap_loop) {
    UNUSED;
    word deadline = start(frame, role), done = 0;
    while (ticks() < deadline) {
        for (word i = 0; i < count; i++) unmap(map_private(64 * 4096), 64 * 4096);
        done += count;
    }
    return finish(frame, role, done);
}
LOOP(file_create_loop) {
    word path = area + 512 * role, deadline = start(frame, role), done = 0;
    while (ticks() < deadline)
        for (word i = 0; i < count; i++) {
            word descriptor = open_(path, 0301);
            if (descriptor < 0) break;
            close_(descriptor);
            unlink_(path);
            done++;
        }
    return finish(frame, role, done);
}
LOOP(file_write_loop) {
    word path = area + 512 * role, block = area + 512 * 128, deadline = start(frame, role), done = 0;
    while (ticks() < deadline)
        for (word i = 0; i < count; i++) {
            word descriptor = open_(path, 0301);
            if (descriptor < 0) break;
            for (int j = 0; j < 16; j++) write_(descriptor, block, 65536);
            close_(descriptor);
            unlink_(path);
            done++;
        }
    return finish(frame, role, done);
}
static void read_beginning(word path, word target) {
    word descriptor = open_(path, 0);
    read_(descriptor, target, 10);
    close_(descriptor);
}
LOOP(file_read_loop) {
    word target = area + 512 * 100;
    start(frame, role);
    for (word i = 0; i < count; i++) read_beginning(area + 512 * (i % 100), target);
    return finish(frame, role, count);
}
LOOP(file_read_owner_loop) {
    word target = area + 512 * 100, request = target + 128, answer = target + 256;
    if (role == 0) {
        store(request, 0);
        store(answer, 0);
    }
    start(frame, role);
    for (word i = 0; i < count; i++) {
        if (role == 0) {
            store(request, i + 1);
            wait_for(answer, i + 1);
            load(target);
        } else {
            wait_for(request, i + 1);
            read_beginning(area + 512 * (i % 100), target);
            store(answer, i + 1);
        }
    }
    return finish(frame, role, count);
}
LOOP(signal_loop) {
    store(area + 8 + 8 * role, call(39, 0, 0, 0, 0, 0, 0));
    start(frame, role);
    word other = load(area + 8 + 8 * (1 - role));
    for (word i = 0; i < count; i++) {
        if (role == 0) call(62, other, 10, 0, 0, 0, 0);
        call(128, area, 0, 0, 8, 0, 0);
        if (role == 1) call(62, other, 10, 0, 0, 0, 0);
    }
    return finish(frame, role, count);
}
static void fill(word box, word value) {
    for (word i = 1; i < 8; i++) store(box + 8 * i, value);
    store(box, value);
}
static word drain(word box) {
    word total = 0;
    for (word i = 1; i < 8; i++) total += load(box + 8 * i);
    return total;
}
LOOP(message_polled_loop) {
    word mine = area + 128 * (1 + role), other = area + 128 * (2 - role);
    store(other, 0);
    start(frame, role);
    for (word i = 1; i <= count; i++) {
        if (role == 0) fill(other, i);
        wait_for(mine, i);
        drain(mine);
        if (role == 1) fill(other, i);
    }
    return finish(frame, role, count);
}
LOOP(message_eventfd_loop) {
    word mine = load(area + 8 * role), other = load(area + 8 * (1 - role));
    word scratch = area + 256 + 128 * role, box = area + 1024;
    start(frame, role);
    for (word i = 1; i <= count; i++) {
        if (role == 0) {
            fill(box, i);
            store(scratch, 1);
            write_(other, scratch, 8);
            read_(mine, scratch, 8);
        } else {
            read_(mine, scratch, 8);
            drain(box);
            store(scratch, 1);
            write_(other, scratch, 8);
        }
    }
    return finish(frame, role, count);
}
LOOP(message_futex_loop) {
    word mine = area + 128 * role, other = area + 128 * (1 - role);
    store_word(other, 0);
    start(frame, role);
    for (int i = 1; i <= count; i++) {
        if (role == 0) {
            store_word(other, i);
            call(202, other, 1, 1, 0, 0, 0);
        }
        while (load_word(mine) != i) call(202, mine, 0, i - 1, 0, 0, 0);
        if (role == 1) {
            store_word(other, i);
            call(202, other, 1, 1, 0, 0, 0);
        }
    }
    return finish(frame, role, count);
}
static void make(word what, word area) {
    if (what == 0) child_and_wait(17);
    else if (what == 1) child_and_wait(0x4111);
    else {
        pthread_create((pthread_t *)(area + 8), 0, (void *(*)(void *))load(area), 0);
        pthread_join((pthread_t)load(area + 8), 0);
    }
}
LOOP(spawn_loop) {
    word what = load(area + 16);
    start(frame, role);
    for (word i = 0; i < count; i++) make(what, area);
    return finish(frame, role, count);
}
LOOP(spawn_resident_loop) {
    word what = load(area + 16), request = area + 128, answer = area + 256;
    if (role == 0) {
        store(request, 0);
        store(answer, 0);
    }
    start(frame, role);
    for (word i = 1; i <= count; i++) {
        if (role == 0) {
            store(request, i);
            wait_for(answer, i);
        } else {
            wait_for(request, i);
            make(what, area);
            store(answer, i);
        }
    }
    return finish(frame, role, count);
}
LOOP(packet_loop) {
    word mine = load(area + 8 * role), payload = area + 256 + 128 * role;
    start(frame, role);
    for (word i = 0; i < count; i++) {
        if (role == 0) write_(mine, payload, 8);
        read_(mine, payload, 8);
        if (role == 1) write_(mine, payload, 8);
    }
    return finish(frame, role, count);
}
LOOP(packet_path_loop) {
    word descriptor = load(area + 128 * role), payload = area + 128 * role + 64;
    word deadline = start(frame, role), done = 0;
    while (ticks() < deadline) {
        for (word i = 0; i < count; i++) {
            write_(descriptor, payload, 64);
            read_(descriptor, payload, 64);
        }
        done += count;
    }
    return finish(frame, role, done);
}

#include "twins_memory.c"
