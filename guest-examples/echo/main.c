/* Copies the public input to the journal and to the console. */
#include "vouch.h"

static uint8_t chunk[1024];

int main(void) {
  uint32_t len;
  do {
    len = read_public(chunk, sizeof chunk);
    commit(chunk, len);
    vouch_write(VOUCH_CONSOLE, chunk, len);
  } while (len == sizeof chunk);
  return 0;
}
