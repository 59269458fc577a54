/**
 * For programs that already use JCuda: their device pointers and streams as Lacuna's, Lacuna's as
 * theirs, and cuBLAS through JCublas for matrix products. Class path only, as JCuda is.
 */
@org.jspecify.annotations.NullMarked
package dev.lacuna.jcuda;
