/* A module that ends its process when it is asked for its functions. */
#include <stdlib.h>

unsigned long C_GetFunctionList(void **list) {
  (void)list;
  exit(3);
}
