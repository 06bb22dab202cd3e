/* Preloaded into a worker: its wall clock, and no other, is off by the seconds that the file $FAULTS_WALL holds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int (*real)(clockid_t, struct timespec *);
static const volatile double *off;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_WALL");
    int file = path ? open(path, O_RDONLY) : -1;
    real = dlsym(RTLD_NEXT, "clock_gettime");
    if (file >= 0) {
        void *page = mmap(NULL, sizeof(double), PROT_READ, MAP_SHARED, file, 0);
        close(file);
        if (page != MAP_FAILED) off = page;
    }
}

int clock_gettime(clockid_t id, struct timespec *ts) {
    int failed = real ? real(id, ts) : -1;
    if (!failed && off && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) ts->tv_sec += (time_t)*off;
    return failed;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
    struct timespec ts;
    int failed = clock_gettime(CLOCK_REALTIME, &ts);
    (void)zone;
    if (!failed) {
        tv->tv_sec = ts.tv_sec;
        tv->tv_usec = ts.tv_nsec / 1000;
    }
    return failed;
}

time_t time(time_t *at) {
    struct timespec ts = {0, 0};
    clock_gettime(CLOCK_REALTIME, &ts);
    if (at) *at = ts.tv_sec;
    return ts.tv_sec;
}
