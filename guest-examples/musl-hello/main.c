/*
 * Plain C: reads numbers from stdin (the private input), keeps them in memory that grows, prints their mean and median
 * to stdout and writes count, mean and median to the journal.
 */
#include <stdio.h>
#include <stdlib.h>

#define JOURNAL 3

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(void) {
  double *numbers = NULL, sum = 0, next;
  size_t count = 0, room = 0;
  while (scanf("%lf", &next) == 1) {
    if (count == room && (numbers = realloc(numbers, (room += room + 4) * sizeof *numbers)) == NULL) return 2;
    numbers[count++] = next;
    sum += next;
  }
  if (!feof(stdin) || count == 0) {
    fprintf(stderr, "number %zu is not one\n", count + 1);
    return 1;
  }
  qsort(numbers, count, sizeof *numbers, by_value);
  double mean = sum / (double)count;
  double median = (numbers[(count - 1) / 2] + numbers[count / 2]) / 2;
  printf("%zu numbers from %.2f to %.2f\n", count, numbers[0], numbers[count - 1]);
  printf("mean %.4f, median %.4f\n", mean, median);
  free(numbers);

  FILE *journal = fdopen(JOURNAL, "w");
  if (journal == NULL) return 3;
  int written = fprintf(journal, "count=%zu mean=%.4f median=%.4f\n", count, mean, median);
  return fclose(journal) != 0 || written < 0 ? 3 : 0;
}
