package dev.lacuna.benchmarks;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A line of the table: a workload, what is asked of our kernel, and how many times faster than the
 * best peer of the same algorithm it has to be.
 *
 * @param work the workload's name
 * @param variant what is asked of our kernel
 * @param bar least ratio, 0 for none
 * @param baseline the variant of ours that the ratio is to, or null for the best peer
 */
public record Row(String work, Variant variant, double bar, @Nullable Variant baseline) {
  /** The table, in its order. */
  public static final List<Row> ALL =
      List.of(
          row("attention_forward:8x12x197x16x64", Variant.DEFAULT, 1.35),
          row("attention_forward:8x12x197x16x64", Variant.FAST, 2),
          row("attention_forward_backward:8x12x197x16x64", Variant.DEFAULT, 1.5),
          row("attention_prompts:8x12x197x16x64", Variant.DEFAULT, 2),
          row("vq_search:16384x256x512", Variant.DEFAULT, 2.2),
          row("vq_search:16384x256x512", Variant.FAST, 3.5),
          row("vq_search:16384x256x8192", Variant.DEFAULT, 1.8),
          row("vq_search:16384x256x8192", Variant.FAST, 3),
          row("vq_search:65536x64x1024", Variant.DEFAULT, 4.5),
          new Row("vq_search_reset:16384x256x512", Variant.FAST, 1, Variant.FLOAT),
          row("vq_training:16384x256x512", Variant.DEFAULT, 2.1),
          row("vicreg:2048x2048", Variant.DEFAULT, 1.5),
          row("vicreg:512x768", Variant.DEFAULT, 2.5),
          row("vicreg:256x8192", Variant.DEFAULT, 3),
          row("rls:2048x101", Variant.DEFAULT, 1.8),
          new Row("rls:2048x101", Variant.POTTER, 1 / 1.9, Variant.DEFAULT),
          row("rls:4096x1000x64", Variant.DEFAULT, 2.2),
          new Row("rls:4096x1000x64", Variant.POTTER, 1 / 1.9, Variant.DEFAULT),
          row("minilm:32x64", Variant.DEFAULT, 1),
          row("minilm:1x16", Variant.DEFAULT, 1.3));

  private static Row row(String work, Variant variant, double bar) {
    return new Row(work, variant, bar, null);
  }

  /** As it is selected by: kernel, sizes and variant. */
  public String label() {
    return work + variant.suffix();
  }

  /** The bar among contenders all held to AVX2: as fast as the peers. */
  public double bar(boolean avx2) {
    return avx2 && baseline == null ? 1 : bar;
  }
}
