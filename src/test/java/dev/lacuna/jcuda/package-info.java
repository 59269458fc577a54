/** JCuda's own driver binding beside Lacuna, in a JVM that finds the stand-in as libcuda.so.1. */
@org.jspecify.annotations.NullMarked
package dev.lacuna.jcuda;
