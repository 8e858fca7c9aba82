/* The programs of the golden images, by the name they are called by.
 *
 * bgtask ...   leaves its streams and stays, so that only its command line is to be seen
 * serve [-i SIGNAL]... [-x SIGNAL:CODE]... [-r CODE:SECONDS]
 *              writes "start", then "got SIGNAL" for each signal. TERM, INT, QUIT and USR2 end it with 0,
 *              HUP, USR1 and WINCH do not. -i: this one does not end it; -x: it ends with this code;
 *              -r: it ends by itself.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STAYS = -1 };

static struct signal_name {
    const char *name;
    int number;
    int code;
} signals[] = {
    {"SIGTERM", SIGTERM, 0}, {"SIGINT", SIGINT, 0},      {"SIGQUIT", SIGQUIT, 0},      {"SIGUSR2", SIGUSR2, 0},
    {"SIGHUP", SIGHUP, STAYS}, {"SIGUSR1", SIGUSR1, STAYS}, {"SIGWINCH", SIGWINCH, STAYS},
};
#define COUNT (sizeof signals / sizeof signals[0])

static void set_code(const char *name, int code) {
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(signals[i].name, name) == 0 || signals[i].number == atoi(name)) signals[i].code = code;
}

/* NAME:NUMBER; the name is cut off and the number given back. */
static int split(char *text, int otherwise) {
    char *colon = strchr(text, ':');
    if (colon == NULL) return otherwise;
    *colon = '\0';
    return atoi(colon + 1);
}

static int stay(void) {
    for (int stream = 0; stream < 3; stream++) close(stream);
    for (;;) pause();
}

static int serve(int own_code, int seconds) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < COUNT; i++) sigaddset(&set, signals[i].number);
    /* A blocked signal waits, also for the first process, which else gets none. */
    sigprocmask(SIG_BLOCK, &set, NULL);
    puts("start");
    fflush(stdout);
    time_t end = time(NULL) + seconds;
    for (;;) {
        struct timespec left = {.tv_sec = own_code == STAYS ? 3600 : end - time(NULL)};
        if (own_code != STAYS && left.tv_sec <= 0) return own_code;
        int number = sigtimedwait(&set, NULL, &left);
        for (size_t i = 0; i < COUNT; i++) {
            if (signals[i].number != number) continue;
            printf("got %s\n", signals[i].name);
            fflush(stdout);
            if (signals[i].code != STAYS) return signals[i].code;
        }
    }
}

int main(int count, char **words) {
    const char *name = strrchr(words[0], '/');
    if (strcmp(name == NULL ? words[0] : name + 1, "bgtask") == 0) return stay();
    int own_code = STAYS, seconds = 0;
    /* Copies are cut, so that `ps` shows the words as they were given. */
    for (int i = 1; i + 1 < count; i++) {
        char *value = strdup(words[i + 1]);
        if (strcmp(words[i], "-i") == 0) set_code(value, STAYS);
        if (strcmp(words[i], "-x") == 0) {
            int code = split(value, 0);
            set_code(value, code);
        }
        if (strcmp(words[i], "-r") == 0) {
            seconds = split(value, 1);
            own_code = atoi(value);
        }
        free(value);
    }
    return serve(own_code, seconds);
}
