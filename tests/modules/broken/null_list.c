/* A module that says CKR_OK and gives no function list. */
#include <stddef.h>

unsigned long C_GetFunctionList(void **list) {
  *list = NULL;
  return 0;
}
