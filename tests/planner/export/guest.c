/* The only program of a guest: tells the CPUs and nodes that its kernel brought up, then switches the guest off. */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell(const char *name, const char *path) {
    char text[256] = "-";
    FILE *file = fopen(path, "r");
    if (file) {
        if (!fgets(text, sizeof text, file)) strcpy(text, "-");
        fclose(file);
    }
    text[strcspn(text, "\n")] = 0;
    printf("guest: %s %s\n", name, text);
}

int main(void) {
    mkdir("/sys", 0755);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    tell("cpus", "/sys/devices/system/cpu/online");
    tell("nodes", "/sys/devices/system/node/online");
    for (int node = 0; node < 4; node++) {
        char name[32], path[64];
        snprintf(name, sizeof name, "node%d", node);
        snprintf(path, sizeof path, "/sys/devices/system/node/node%d/cpulist", node);
        tell(name, path);
    }
    printf("guest: end\n");
    fflush(stdout);
    sync();
    reboot(RB_POWER_OFF);
    for (;;) pause();
}
