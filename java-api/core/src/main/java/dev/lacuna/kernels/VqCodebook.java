package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.kernels.VqOptions.Update;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.VqEma;
import dev.lacuna.spi.OpLayouts.VqReset;
import dev.lacuna.spi.OpLayouts.VqStatistics;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A codebook that several modalities share and that learns by exponential moving averages (MM-EMA;
 * Xia et al., NeurIPS 2023). For each modality in turn, with the rows z of all modalities at the
 * positions where its own row was quantised to a code,
 *
 * <pre>
 * c &lt;- a c + (1 - a) count                                        counts, then smoothed
 * w &lt;- a w + (1 - a) sum (1/2 z own + 1/2 mean of z of the others)   sums
 * code = w / c
 * </pre>
 *
 * A modality that is absent at a position takes no part there; a row without any other counts
 * whole. A step is {@link #search}, {@link #quantize} and {@link #quantizeGrad} for each modality,
 * then {@link #update}, then {@link #replaceDead}.
 *
 * <p>Arrays on the heap are copied; segments outside the heap and direct buffers are used in place
 * on the CPU. An error leaves codebook and arrays as they were.
 */
public final class VqCodebook implements AutoCloseable {
  private final Context context;
  private final int modalities;
  private final int codes;
  private final int width;
  private final VqOptions options;
  private final int groups;
  private final Memory codebook;
  private final Memory sums;
  private final Memory counts;
  private final Memory ages;
  private final Memory hits;
  private final Memory batchSums;
  private final Memory perplexities;
  private final Memory replaced;
  private int step;
  private boolean closed;

  /**
   * A codebook with codes drawn from U(-1/codes, 1/codes), as CMG's.
   *
   * @param modalities how many share it, at least 1
   * @param codes how many, at least 1
   * @param width numbers in a code, at least 1
   */
  public VqCodebook(Context context, int modalities, int codes, int width, VqOptions options) {
    requirePositive("modalities", modalities);
    requirePositive("codes", codes);
    requirePositive("width", width);
    if ((double) modalities * codes * width > 1 << 28) {
      throw new IllegalArgumentException(
          modalities
              + " sums of "
              + codes
              + " codes of "
              + width
              + " numbers do not fit in memory");
    }
    this.context = context;
    this.modalities = modalities;
    this.codes = codes;
    this.width = width;
    this.options = options;
    groups = options.update() == Update.IN_TURN ? modalities : 1;
    int real = context.real().bytes();
    codebook = context.allocate((long) codes * width * real);
    sums = context.allocate((long) codes * width * real);
    counts = context.allocate((long) codes * real);
    ages = context.allocate(4L * codes);
    hits = context.allocate(4L * modalities * codes);
    batchSums = context.allocate((long) groups * codes * width * real);
    perplexities = context.allocate((long) modalities * real);
    replaced = context.allocate(4);
    CounterRandom random = new CounterRandom(options.seed(), options.stream(), -1);
    float[] start = new float[codes * width];
    for (int i = 0; i < start.length; i++) {
      start[i] = (2 * random.uniform(i) - 1) / codes;
    }
    init(start);
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " is " + value + ", want >= 1");
    }
  }

  /**
   * The codes [codes, width] in the context's device memory, for a tape to read; they change when
   * the codebook learns.
   */
  public Memory memory() {
    requireOpen();
    return codebook;
  }

  /** Number of modalities. */
  public int modalities() {
    return modalities;
  }

  /** Number of codes. */
  public int codes() {
    return codes;
  }

  /** Numbers in a code. */
  public int width() {
    return width;
  }

  /**
   * Starts anew from given codes [codes, width]: every count is the initial count c of the options,
   * every sum c times the code (the code itself for c = 0, as in CMG's official code), every age 0.
   */
  public void init(float[] start) {
    if (start.length != codes * width) {
      throw new IllegalArgumentException(
          start.length + " numbers, want " + codes + " codes of " + width);
    }
    double count = options.initialCount();
    float[] scaled = start.clone();
    float[] equal = new float[codes];
    Arrays.fill(equal, (float) count);
    for (int i = 0; i < scaled.length && count != 0; i++) {
      scaled[i] *= (float) count;
    }
    restore(new State(start, scaled, equal, new int[codes], 0));
    context.write(hits, 0, new int[modalities * codes]);
    context.write(perplexities, 0, new double[modalities]);
  }

  // Searching.

  /** As {@link #search(MemorySegment, long, MemorySegment, MemorySegment, Precision)}. */
  public void search(
      float[] z, int n, int[] index, float @Nullable [] distance, Precision precision) {
    search(
        Borrowings.segment("z", z),
        n,
        Borrowings.segment("index", index),
        distance == null ? null : Borrowings.segment("distance", distance),
        precision);
  }

  /**
   * As {@link #search(MemorySegment, long, MemorySegment, MemorySegment, Precision)}; buffers from
   * their position on.
   */
  public void search(
      FloatBuffer z, long n, IntBuffer index, @Nullable FloatBuffer distance, Precision precision) {
    search(
        Borrowings.segment("z", z),
        n,
        Borrowings.segment("index", index),
        distance == null ? null : Borrowings.segment("distance", distance),
        precision);
  }

  /**
   * Nearest code of each of n rows.
   *
   * @param z [n, width] floats
   * @param index receives n 32-bit integers
   * @param distance receives n squared distances, or null
   */
  public void search(
      MemorySegment z,
      long n,
      MemorySegment index,
      @Nullable MemorySegment distance,
      Precision precision) {
    try (Borrowings borrowed = new Borrowings(context)) {
      requireOpen();
      Memory rows = borrowed.read("z", z, DType.F32, n, width);
      Memory found = borrowed.write("index", index, DType.I32, n, 1);
      Memory distances = borrowed.writeOptional("distance", distance, DType.F32, n, 1);
      VqNearest.run(context, rows, n, width, codebook, codes, found, distances, precision);
      borrowed.commit();
    }
  }

  // Quantising.

  /**
   * As {@link #quantize(MemorySegment, long, MemorySegment, VqQuantize.Options, MemorySegment)}.
   */
  public double quantize(float[] z, int n, int[] index, VqQuantize.Options how, float[] q) {
    return quantize(
        Borrowings.segment("z", z),
        n,
        Borrowings.segment("index", index),
        how,
        Borrowings.segment("q", q));
  }

  /**
   * As {@link #quantize(MemorySegment, long, MemorySegment, VqQuantize.Options, MemorySegment)};
   * buffers from their position on.
   */
  public double quantize(
      FloatBuffer z, long n, IntBuffer index, VqQuantize.Options how, FloatBuffer q) {
    return quantize(
        Borrowings.segment("z", z),
        n,
        Borrowings.segment("index", index),
        how,
        Borrowings.segment("q", q));
  }

  /**
   * Codes in place of the n rows of one modality: {@link VqQuantize#forward} with these codes.
   *
   * @param z [n, width] floats
   * @param index [modalities, n] 32-bit integers: first the rows' own codes, as {@link #search}
   *     finds them, then those of the other modalities at the same positions, -1 where one is
   *     absent; the own ones suffice where the commitment loss has no cross weight
   * @param q receives [n, width] floats
   * @return the commitment loss
   */
  public double quantize(
      MemorySegment z, long n, MemorySegment index, VqQuantize.Options how, MemorySegment q) {
    try (Borrowings borrowed = new Borrowings(context)) {
      requireOpen();
      return VqQuantize.forward(context, borrowed, shape(n, how), how, z, codebook, index, q);
    }
  }

  /**
   * As {@link #quantizeGrad(MemorySegment, double, MemorySegment, long, MemorySegment,
   * VqQuantize.Options, MemorySegment)}.
   */
  public void quantizeGrad(
      float @Nullable [] dq,
      double dloss,
      float[] z,
      int n,
      int[] index,
      VqQuantize.Options how,
      float[] dz) {
    quantizeGrad(
        dq == null ? null : Borrowings.segment("dq", dq),
        dloss,
        Borrowings.segment("z", z),
        n,
        Borrowings.segment("index", index),
        how,
        Borrowings.segment("dz", dz));
  }

  /**
   * As {@link #quantizeGrad(MemorySegment, double, MemorySegment, long, MemorySegment,
   * VqQuantize.Options, MemorySegment)}; buffers from their position on.
   */
  public void quantizeGrad(
      @Nullable FloatBuffer dq,
      double dloss,
      FloatBuffer z,
      long n,
      IntBuffer index,
      VqQuantize.Options how,
      FloatBuffer dz) {
    quantizeGrad(
        dq == null ? null : Borrowings.segment("dq", dq),
        dloss,
        Borrowings.segment("z", z),
        n,
        Borrowings.segment("index", index),
        how,
        Borrowings.segment("dz", dz));
  }

  /**
   * Gradient of z of {@link #quantize}: {@link VqQuantize#backward} with these codes, so before
   * they are updated.
   *
   * @param dq gradient of q [n, width] floats, or null
   * @param dloss gradient of the commitment loss
   * @param z [n, width] floats
   * @param index as {@link #quantize} had it
   * @param dz receives [n, width] floats
   */
  public void quantizeGrad(
      @Nullable MemorySegment dq,
      double dloss,
      MemorySegment z,
      long n,
      MemorySegment index,
      VqQuantize.Options how,
      MemorySegment dz) {
    try (Borrowings borrowed = new Borrowings(context)) {
      requireOpen();
      VqQuantize.backward(context, borrowed, shape(n, how), how, dq, dloss, z, codebook, index, dz);
    }
  }

  private VqQuantize.Shape shape(long n, VqQuantize.Options how) {
    return new VqQuantize.Shape(how.commitment().cross() == 0 ? 1 : modalities, n, width, codes);
  }

  // Learning.

  /** As {@link #update(MemorySegment, MemorySegment, long)}. */
  public void update(float[] z, int[] index, int n) {
    update(Borrowings.segment("z", z), Borrowings.segment("index", index), n);
  }

  /** As {@link #update(MemorySegment, MemorySegment, long)}; buffers from their position on. */
  public void update(FloatBuffer z, IntBuffer index, long n) {
    update(Borrowings.segment("z", z), Borrowings.segment("index", index), n);
  }

  /**
   * Absorbs a batch of n positions.
   *
   * @param z [modalities n, width] floats, one modality under the other
   * @param index [modalities, n] integers: the code of each row before this update, -1 where a
   *     modality is absent
   */
  public void update(MemorySegment z, MemorySegment index, long n) {
    requireOpen();
    long rows = rows(n);
    try (Borrowings borrowed = new Borrowings(context)) {
      Memory batch = borrowed.read("z", z, DType.F32, rows, width);
      Memory chosen = borrowed.read("index", index, DType.I32, rows, 1);
      absorb(batch, 0, chosen, 0, n);
    }
  }

  /**
   * As {@link #update(MemorySegment, MemorySegment, long)}, of numbers that lie in the context's
   * device memory already, such as those of a tape.
   *
   * @param z [modalities n, width] reals
   * @param zAt byte of it where the first stands
   * @param index [modalities, n] integers
   * @param indexAt byte of it where the first stands
   */
  public void update(Memory z, long zAt, Memory index, long indexAt, long n) {
    requireOpen();
    long rows = rows(n);
    requireRoom("z", z, zAt, rows * width * context.real().bytes());
    requireRoom("index", index, indexAt, rows * DType.I32.bytes());
    absorb(z, zAt, index, indexAt, n);
  }

  private static void requireRoom(String name, Memory memory, long at, long bytes) {
    if (bytes < 0 || at < 0 || bytes > memory.bytes() - at) {
      throw invalid(name + " is " + bytes + " bytes from byte " + at + " of " + memory.bytes());
    }
  }

  private void absorb(Memory z, long zAt, Memory index, long indexAt, long n) {
    OpCall call = context.call(VqStatistics.OP).set(VqStatistics.M, modalities);
    call.set(VqStatistics.N, n).set(VqStatistics.D, width).set(VqStatistics.K, codes);
    call.set(VqStatistics.GROUPS, groups).set(VqStatistics.DECAY, options.decay());
    call.set(VqStatistics.LD_Z, width).set(VqStatistics.LD_SUM, width);
    call.tensor(VqStatistics.Z, z, zAt).tensor(VqStatistics.INDEX, index, indexAt);
    call.tensor(VqStatistics.COUNT, hits, 0).tensor(VqStatistics.SUM, batchSums, 0);
    call.tensor(VqStatistics.PERPLEXITY, perplexities, 0);
    context.run(call);
    // a GPU refuses a wrong index only now, and then nothing may be learned
    context.synchronize();
    average();
  }

  private void average() {
    OpCall call = context.call(VqEma.OP).set(VqEma.M, modalities).set(VqEma.K, codes);
    call.set(VqEma.D, width).set(VqEma.GROUPS, groups).set(VqEma.LD_SUM, width);
    call.set(VqEma.LD_W, width).set(VqEma.LD_CODEBOOK, width);
    call.set(VqEma.DECAY, options.decay()).set(VqEma.EPSILON, options.epsilon());
    call.set(VqEma.SMOOTHING, options.smoothing().code);
    call.tensor(VqEma.COUNT, hits, 0).tensor(VqEma.SUM, batchSums, 0);
    call.tensor(VqEma.C, counts, 0).tensor(VqEma.W, sums, 0);
    call.tensor(VqEma.CODEBOOK, codebook, 0);
    context.run(call);
  }

  private long rows(long n) {
    if (n > Long.MAX_VALUE / modalities) {
      throw invalid("n is " + n + ", want at most 2^63 / " + modalities + " modalities");
    }
    return Math.max(n, -1) * modalities;
  }

  /**
   * Counts the steps that each code went unused and replaces dead ones by noisy copies of recent
   * ones, with their counts and sums, so that the next update does not undo it, unless the options
   * leave these as they are. Call it once after each {@link #update}.
   *
   * @return how many were replaced; 0 where no code was used recently enough to be copied
   */
  public int replaceDead() {
    requireOpen();
    OpCall call = context.call(VqReset.OP).set(VqReset.M, modalities).set(VqReset.K, codes);
    call.set(VqReset.D, width).set(VqReset.LD_W, width).set(VqReset.LD_CODEBOOK, width);
    call.set(VqReset.AFTER, options.reset().after()).set(VqReset.RECENT, options.reset().recent());
    call.set(VqReset.SEED, options.seed()).set(VqReset.STREAM, options.stream());
    call.set(VqReset.STEP, step).set(VqReset.NOISE, options.reset().noise());
    call.set(VqReset.C_RESET, options.reset().count());
    call.tensor(VqReset.COUNT, hits, 0).tensor(VqReset.AGE, ages, 0);
    call.tensor(VqReset.C, counts, 0).tensor(VqReset.W, sums, 0);
    call.tensor(VqReset.CODEBOOK, codebook, 0).tensor(VqReset.REPLACED, replaced, 0);
    double[] keptSums =
        options.reset().replacesAverages() ? null : context.read(sums, 0, codes * width);
    double[] keptCounts = keptSums == null ? null : context.read(counts, 0, codes);
    context.run(call);
    if (keptSums != null && keptCounts != null) {
      context.write(sums, 0, keptSums);
      context.write(counts, 0, keptCounts);
    }
    step++;
    return ints(replaced, 1)[0];
  }

  // Reading.

  /** Rows of the last update's batch by modality and code, [modalities, codes]. */
  public int[] hits() {
    return ints(hits, modalities * codes);
  }

  /**
   * How many codes each modality used in the last update's batch: exp of the entropy of its codes,
   * between 1 and the number of codes; 1 where it was absent, 0 before the first update.
   */
  public double[] perplexities() {
    requireOpen();
    return context.read(perplexities, 0, modalities);
  }

  /**
   * All that a codebook knows, in float.
   *
   * @param codebook [codes, width]
   * @param sums w, [codes, width]
   * @param counts c, [codes]
   * @param ages steps since each code was last used, [codes]
   * @param step calls of {@link #replaceDead} so far: what its random numbers depend on
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record State(float[] codebook, float[] sums, float[] counts, int[] ages, int step) {}

  /** A copy of the state. */
  public State state() {
    return new State(
        floats(codebook, codes * width),
        floats(sums, codes * width),
        floats(counts, codes),
        ints(ages, codes),
        step);
  }

  private void requireOpen() {
    if (closed) {
      throw invalid("this codebook is closed");
    }
  }

  private static void requireFinite(String name, float[] values) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new LacunaException(
            Status.NON_FINITE, name + "[" + i + "] is " + values[i] + ", want finite numbers");
      }
    }
  }

  private static LacunaException invalid(String text) {
    return new LacunaException(Status.INVALID_ARGUMENT, text);
  }

  /** Continues from a state of the same sizes; one that is not finite is refused. */
  public void restore(State state) {
    if (state.codebook().length != codes * width
        || state.sums().length != codes * width
        || state.counts().length != codes
        || state.ages().length != codes) {
      throw new IllegalArgumentException(
          "the state is not that of " + codes + " codes of " + width + " numbers");
    }
    requireFinite("codebook", state.codebook());
    requireFinite("sums", state.sums());
    requireFinite("counts", state.counts());
    for (int j = 0; j < codes; j++) {
      if (state.counts()[j] < 0 || state.ages()[j] < 0) {
        throw invalid(
            "code "
                + j
                + " has count "
                + state.counts()[j]
                + " and age "
                + state.ages()[j]
                + ", want >= 0");
      }
    }
    requireOpen();
    context.write(codebook, 0, state.codebook(), 0, codes * width);
    context.write(sums, 0, state.sums(), 0, codes * width);
    context.write(counts, 0, state.counts(), 0, codes);
    context.write(ages, 0, state.ages());
    step = state.step();
  }

  private float[] floats(Memory memory, int count) {
    requireOpen();
    double[] values = context.read(memory, 0, count);
    float[] narrow = new float[count];
    for (int i = 0; i < count; i++) {
      narrow[i] = (float) values[i];
    }
    return narrow;
  }

  private int[] ints(Memory memory, int count) {
    requireOpen();
    int[] values = new int[count];
    context.download(MemorySegment.ofArray(values), memory, 0, 4L * count);
    return values;
  }

  /** Frees the codebook; closing twice is fine. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      for (Memory memory :
          new Memory[] {codebook, sums, counts, ages, hits, batchSums, perplexities, replaced}) {
        context.free(memory);
      }
    }
  }
}
