/* A library that is never done with being loaded. */
#include <unistd.h>

__attribute__((constructor)) static void at_load(void) {
  for (;;)
    pause();
}
