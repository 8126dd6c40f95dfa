/* The other side of a benchmark: tests/bench/peer_torch.py or peer_onnx.cjs in a process of its
 * own, which measures when it is told to and sleeps while we measure. */
#ifndef SX_TESTS_BENCH_PEER_H
#define SX_TESTS_BENCH_PEER_H

#include "core/base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    FILE *to, *from; /* NULL: there is no peer here */
    pid_t process;
    char about[512];
} peer;

/* Both sides choose their BLAS kernels themselves, with the same number of threads. */
static inline void run_peer(char *const *command, const int *to, const int *from, int threads) {
    char count[16];
    snprintf(count, sizeof count, "%d", threads);
    dup2(to[0], 0);
    dup2(from[1], 1);
    close(to[1]);
    close(from[0]);
    setenv("SX_THREADS", count, 1);
    setenv("OMP_NUM_THREADS", count, 1);
    setenv("OPENBLAS_NUM_THREADS", count, 1);
    execvp(command[0], command);
    _exit(127);
}

/* The command and its arguments, NULL at the end; a peer that is not installed has no `to`. */
static inline peer open_peer(char *const *command, int threads) {
    peer p = {0};
    int to[2], from[2];
    if (pipe(to) || pipe(from)) return p;
    p.process = fork();
    if (p.process == 0) run_peer(command, to, from, threads);
    close(to[0]);
    close(from[1]);
    p.to = fdopen(to[1], "w");
    p.from = fdopen(from[0], "r");
    if (!p.from || !fgets(p.about, sizeof p.about, p.from)) p.about[0] = 0;
    p.about[strcspn(p.about, "\n")] = 0;
    if (p.about[0] && strcmp(p.about, "absent") != 0) return p;
    fclose(p.to);
    fclose(p.from);
    waitpid(p.process, NULL, 0);
    return (peer){0};
}

/* Images a second; 0 if there is no answer. */
static inline double ask_peer(peer *p, const char *name, bool training, int batch, double seconds) {
    char line[64];
    double rate = 0;
    if (!p->to) return 0;
    fprintf(p->to, "%s %s %d %g\n", name, training ? "train" : "predict", batch, seconds);
    fflush(p->to);
    if (fgets(line, sizeof line, p->from)) rate = atof(line);
    return rate;
}

static inline void close_peer(peer *p) {
    if (!p->to) return;
    fputs("quit\n", p->to);
    fclose(p->to);
    fclose(p->from);
    waitpid(p->process, NULL, 0);
}

#endif
