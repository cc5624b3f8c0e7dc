/*
 * Plain C: sorts the lines of stdin (the private input), prints them to stdout as a table, and writes how many there
 * are, how long the longest is and their FNV-1a hash in sorted order to the journal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL 3

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The next line without its newline, for the caller to free; NULL at the end. Exits when memory runs out. */
static char *read_line(void) {
  size_t len = 0, room = 0;
  char *line = NULL;
  for (int c; (c = getchar()) != EOF && c != '\n';) {
    if (len + 1 >= room && (line = realloc(line, room += room + 32)) == NULL) exit(2);
    line[len++] = (char)c;
  }
  if (line == NULL) return feof(stdin) ? NULL : strdup("");
  line[len] = '\0';
  return line;
}

int main(void) {
  char **lines = NULL;
  size_t count = 0, room = 0, longest = 0;
  for (char *line; (line = read_line()) != NULL;) {
    if (count == room && (lines = realloc(lines, (room += room + 4) * sizeof *lines)) == NULL) return 2;
    lines[count++] = line;
  }
  qsort(lines, count, sizeof *lines, by_text);

  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < count; i++) {
    size_t len = strlen(lines[i]);
    if (len > longest) longest = len;
    for (size_t j = 0; j <= len; j++) hash = (hash ^ (uint8_t)lines[i][j]) * 16777619u;
    char rank[16];
    snprintf(rank, sizeof rank, "%zu.", i + 1);
    printf("%-4s %-24s %3zu\n", rank, lines[i], len);
    free(lines[i]);
  }
  free(lines);

  FILE *journal = fdopen(JOURNAL, "w");
  if (journal == NULL) return 3;
  int written = fprintf(journal, "lines=%zu longest=%zu fnv1a=%08" PRIx32 "\n", count, longest, hash);
  return fclose(journal) != 0 || written < 0 ? 3 : 0;
}
