/* Loads a memcached: gets PORT CONNECTIONS SECONDS prints "ops/s: X". One thread a connection, 16 gets in flight. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIPELINE = 16, KEYS = 1000, SIZE = 100, REPLY = 1 << 16 };

static int port;
static double end;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int connected(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) perror("connect"), exit(1);
    return fd;
}

static void all(int fd, const char *text, size_t size) {
    while (size) {
        ssize_t sent = write(fd, text, size);
        if (sent <= 0) perror("write"), exit(1);
        text += sent, size -= sent;
    }
}

/* Reads replies until so many lines that end one were seen: a value's data has no line breaks of its own. */
static void replies(int fd, const char *mark, int count) {
    static __thread char buffer[REPLY];
    size_t length = strlen(mark), matched = 0;
    while (count) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got <= 0) perror("read"), exit(1);
        for (ssize_t i = 0; i < got; i++) {
            matched = buffer[i] == mark[matched] ? matched + 1 : buffer[i] == mark[0];
            if (matched == length) matched = 0, count--;
        }
    }
}

static void *load(void *argument) {
    unsigned seed = (unsigned)(long)argument;
    int fd = connected();
    long done = 0;
    char batch[PIPELINE * 32];
    while (now() < end) {
        size_t size = 0;
        for (int i = 0; i < PIPELINE; i++) size += sprintf(batch + size, "get key%d\r\n", rand_r(&seed) % KEYS);
        all(fd, batch, size);
        replies(fd, "END\r\n", PIPELINE);
        done += PIPELINE;
    }
    close(fd);
    return (void *)done;
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    port = atoi(arguments[1]);
    int connections = atoi(arguments[2]);
    int fd = connected();
    for (int i = 0; i < KEYS; i++) {
        char text[64 + SIZE];
        int size = sprintf(text, "set key%d 0 0 %d\r\n", i, SIZE);
        memset(text + size, 'x', SIZE), memcpy(text + size + SIZE, "\r\n", 2);
        all(fd, text, size + SIZE + 2);
        replies(fd, "STORED\r\n", 1);
    }
    double begin = now();
    end = begin + atof(arguments[3]);
    pthread_t *threads = calloc(connections, sizeof *threads);
    for (long i = 0; i < connections; i++) pthread_create(&threads[i], NULL, load, (void *)(i + 1));
    long done = 0;
    for (int i = 0; i < connections; i++) {
        void *part;
        pthread_join(threads[i], &part);
        done += (long)part;
    }
    printf("ops/s: %f\n", done / (now() - begin));
    return 0;
}
