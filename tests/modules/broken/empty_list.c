/* A module whose function list (CK_FUNCTION_LIST of 2.40) has no functions. */
static struct {
  unsigned char major, minor;
  void *functions[68];
} empty = {.major = 2, .minor = 40};

unsigned long C_GetFunctionList(void **list) {
  *list = &empty;
  return 0;
}
