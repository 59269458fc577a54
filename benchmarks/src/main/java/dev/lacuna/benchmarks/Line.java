package dev.lacuna.benchmarks;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * A finished line of the table. What there is no contender for is null.
 *
 * @param kernel kernel and variant
 * @param shape sizes
 * @param ours our milliseconds
 * @param peer the fastest peer that does the same, and how
 * @param peerSettings what was set for it
 * @param theirs its milliseconds
 * @param ratio theirs / ours
 * @param bar what the ratio has to reach, 0 for nothing
 * @param vsUsual milliseconds of the usual way by the fastest peer / ours
 * @param shareOfLimit least possible milliseconds / ours
 * @param limit what sets the least: {@code compute} or {@code memory}
 * @param gflops what we reach
 * @param intensity flops per byte
 * @param error ours from the double reference
 * @param peerError theirs
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Line(
    String kernel,
    String shape,
    Spread ours,
    @Nullable String peer,
    @Nullable String peerSettings,
    @Nullable Spread theirs,
    @Nullable Double ratio,
    double bar,
    @Nullable Double vsUsual,
    double shareOfLimit,
    String limit,
    double gflops,
    double intensity,
    double error,
    @Nullable Double peerError) {

  /** Whether the ratio is known and below the bar. */
  public boolean isShort() {
    return ratio != null && ratio < bar;
  }
}
