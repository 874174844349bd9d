/* The floor of hard-link mode: links a tree with nothing around it.
     link_floor FROM TO LIST      LIST: "d path" and "f path" lines, directories first
   Two threads, one half of the files each; directories are made first. Prints milliseconds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int from_fd, to_fd;
static char **files;
static size_t file_count;

static void *link_half(void *which) {
    size_t half = (size_t)which;
    for (size_t i = half * file_count / 2; i < (half + 1) * file_count / 2; ++i) {
        if (linkat(from_fd, files[i], to_fd, files[i], 0) != 0) { perror(files[i]); exit(1); }
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    FILE *list = fopen(argv[3], "r");
    if (list == NULL || mkdir(argv[2], 0755) != 0) { perror("link_floor"); return 1; }
    from_fd = open(argv[1], O_RDONLY | O_DIRECTORY);
    to_fd = open(argv[2], O_RDONLY | O_DIRECTORY);
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    struct timespec a, b;
    char **directories = NULL;
    size_t directory_count = 0;
    while ((length = getline(&line, &room, list)) > 2) {
        line[length - 1] = 0;
        char ***into = line[0] == 'd' ? &directories : &files;
        size_t *count = line[0] == 'd' ? &directory_count : &file_count;
        *into = realloc(*into, (*count + 1) * sizeof **into);
        (*into)[(*count)++] = strdup(line + 2);
    }
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (size_t i = 0; i < directory_count; ++i) mkdirat(to_fd, directories[i], 0755);
    pthread_t other;
    pthread_create(&other, NULL, link_half, (void *)1);
    link_half((void *)0);
    pthread_join(other, NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%.3f\n", (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6);
    return 0;
}
