package dev.lacuna.benchmarks;

import dev.lacuna.kernels.Precision;
import java.util.Locale;

/** What can be asked of our kernels beside their sizes. */
public enum Variant {
  /** As an embedder gets it without asking: fp32; RLS in the plain form, which peers use. */
  DEFAULT,
  /** With reduced precision permitted: bf16. */
  FAST,
  /** Held to AVX2, where codes are sieved in float and not by 8-bit products. */
  FLOAT,
  /** RLS by Potter's square root. */
  POTTER;

  /** What kernels with a reduced precision are asked for. */
  public Precision precision() {
    return this == FAST ? Precision.FAST : Precision.EXACT;
  }

  /** As it stands in tables: nothing for the default. */
  public String suffix() {
    return this == DEFAULT ? "" : " " + name().toLowerCase(Locale.ROOT);
  }
}
