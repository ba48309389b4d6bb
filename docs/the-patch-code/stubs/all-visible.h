/* A stub may call what is `static` in another file. */
#define static
