package dev.lacuna.kernels;

/** How precisely a kernel may compute. Each kernel says what {@link #FAST} costs there. */
public enum Precision {
  /** As float gives it. */
  EXACT,
  /** In bf16 or with an approximate exponential where the device has such a form, else in float. */
  FAST
}
