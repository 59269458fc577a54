package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.OpenOptions;
import dev.lacuna.Tier;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Our kernels; each family has a class of its own, which lists its sizes. */
@State(Scope.Benchmark)
public abstract class OursBenchmark extends KernelBenchmark {
  /** The back end. */
  @Param("cpu")
  public String backend = "";

  /** Cap on the instruction set. */
  @Param("BEST")
  public Tier tier = Tier.BEST;

  /** Cap on threads, 0 for every core. */
  @Param("0")
  public int threads;

  /** What is asked of the kernel. */
  @Param("DEFAULT")
  public Variant variant = Variant.DEFAULT;

  /** The workload's name. */
  protected abstract String work();

  @Override
  protected Contender open() {
    Tier cap = variant == Variant.FLOAT ? Tier.AVX2 : tier;
    Context context =
        Lacuna.open(
            OpenOptions.DEFAULT
                .withDevice(Device.parse(backend))
                .withTier(cap)
                .withThreads(threads));
    Contender kernel = Workload.of(work()).ours(context, variant);
    return new Contender() {
      @Override
      public void run() {
        kernel.run();
      }

      @Override
      public float[] result() {
        return kernel.result();
      }

      @Override
      public String facts() {
        return context.describe();
      }

      @Override
      public void close() {
        kernel.close();
        context.close();
      }
    };
  }
}
