package dev.lacuna.multimodal.cmg;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.io.Stateful;
import dev.lacuna.kernels.VqCodebook;
import dev.lacuna.kernels.VqOptions;
import dev.lacuna.ops.ConcatOp;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.ReduceOp.Over;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.ops.VqNearestOp;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The codes that all modalities share, as a parameter {@code codes} [codes, width] that a model's
 * file holds, and how they learn: by moving averages of the rows that choose them ({@link
 * VqCodebook}) or by the gradient of a codebook loss.
 */
public final class SharedCodebook implements Stateful, AutoCloseable {
  /** How codes learn. */
  public enum Update {
    /** By moving averages of rows of all modalities (MM-EMA). */
    EMA,
    /** By moving averages of the rows that chose them alone: MM-EMA's ablation. */
    EMA_OWN,
    /** By the gradient of the mean of (sg z - e)^2, as VQ-VAE; dead codes stay as they are. */
    GRADIENT
  }

  /**
   * Settings.
   *
   * @param codes how many, at least 1
   * @param width numbers in a code, at least 1
   * @param update how they learn
   * @param averages of EMA and EMA_OWN
   */
  public record Options(int codes, int width, Update update, VqOptions averages) {
    /** 400 codes of 256 numbers by MM-EMA, as CMG, with an initial count of 1. */
    public static final Options DEFAULT = new Options(400, 256, Update.EMA, VqOptions.DEFAULT);

    /** Checks the sizes. */
    public Options {
      if (codes < 1 || width < 1) {
        throw new IllegalArgumentException(
            "a codebook of " + codes + " codes of width " + width + ", want each >= 1");
      }
    }
  }

  private final Context context;
  private final Options options;
  private final int modalities;
  private final Parameter codes;
  private final @Nullable VqCodebook averages;

  /**
   * Declares {@code codes} in a group of its own, which rests where moving averages move it.
   *
   * @param modalities how many share them, at least 1
   */
  public SharedCodebook(Context context, ParameterGroup group, int modalities, Options options) {
    this.context = context;
    this.options = options;
    this.modalities = modalities;
    boolean averaged = options.update != Update.GRADIENT;
    averages = averaged ? averages(context, modalities, options) : null;
    float[] start = averages == null ? new float[0] : averages.state().codebook();
    double bound = 1.0 / options.codes;
    CounterRandom random =
        new CounterRandom(options.averages.seed(), options.averages.stream(), -1);
    codes =
        group.add(
            "codes",
            i -> averaged ? start[i] : bound * (2 * random.uniform(i) - 1),
            options.codes,
            options.width);
    if (averaged) {
      group.freeze();
    }
  }

  /** Where each modality learns from its own rows, all of them count as one. */
  private static VqCodebook averages(Context context, int modalities, Options options) {
    boolean own = options.update == Update.EMA_OWN;
    VqOptions averages = options.averages;
    return new VqCodebook(
        context,
        own ? 1 : modalities,
        options.codes,
        options.width,
        own ? averages.withDecay(Math.pow(averages.decay(), modalities)) : averages);
  }

  /** The settings. */
  public Options options() {
    return options;
  }

  /** The codes. */
  public Parameter parameter() {
    return codes;
  }

  /** The codes on a tape, [codes, width]. */
  public Tensor on(Tape tape) {
    return tape.use(codes);
  }

  /** Starts anew from given codes [codes, width], such as k-means centres of the first rows. */
  public void init(float[] start) {
    if (averages != null) {
      averages.init(start);
    }
    codes.set(widened(start));
  }

  /** Nearest code of each row [n, width]. */
  public int[] search(Tensor z) {
    return VqNearestOp.nearest(z.detach(), on(z.tape()).detach()).toIntArray();
  }

  /**
   * The codebook loss of GRADIENT: the mean of (z - e)^2 over rows and columns, with z constant.
   *
   * @param z [n, width]
   * @param index n codes
   */
  Tensor loss(Tensor z, int[] index) {
    Tape tape = z.tape();
    Tensor chosen = RowsOp.gatherRows(on(tape), tape.input(index, index.length));
    Tensor difference = ElementwiseOp.sub(chosen, z.detach());
    return ReduceOp.mean(ElementwiseOp.mul(difference, difference), Over.ALL);
  }

  /**
   * Learns from a batch, after its gradients, and replaces dead codes; nothing where codes learn by
   * gradient.
   *
   * @param z of each modality [n, width], anything where it is absent
   * @param index [modality][n] codes before this update, -1 where a modality is absent
   * @return how many codes were replaced
   */
  int update(Tensor[] z, int[][] index) {
    if (averages == null) {
      return 0;
    }
    Tape tape = z[0].tape();
    int n = index[0].length;
    Tensor[] flat = new Tensor[modalities];
    Arrays.setAll(flat, m -> z[m].detach().reshape(1, z[m].count()));
    int[] chosen = Arrays.stream(index).flatMapToInt(Arrays::stream).toArray();
    tape.withoutGradients(() -> {
      Tensor rows = ConcatOp.columns(flat);
      Tensor codesOfRows = tape.input(chosen, chosen.length);
      averages.update(
          rows.memory(),
          rows.offset(),
          codesOfRows.memory(),
          codesOfRows.offset(),
          (long) modalities * n / averages.modalities());
    });
    int replaced = averages.replaceDead();
    publish(averages);
    return replaced;
  }

  /** Copies the codes to the parameter, with all their digits. */
  private void publish(VqCodebook from) {
    ParameterStore store = codes.store();
    store.lease(context);
    codes.group().markChanged();
    context.copy(
        store.values(),
        codes.offset(context.real()),
        from.memory(),
        0,
        (long) codes.count() * context.real().bytes());
  }

  private static double[] widened(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  /** What moving averages know beside the codes. */
  @Override
  public void save(String prefix, SafeTensors file) {
    if (averages == null) {
      return;
    }
    VqCodebook.State state = averages.state();
    put(file, prefix + "sums", widened(state.sums()));
    put(file, prefix + "counts", widened(state.counts()));
    put(file, prefix + "ages", Arrays.stream(state.ages()).asDoubleStream().toArray());
    put(file, prefix + "step", new double[] {state.step()});
  }

  private static void put(SafeTensors file, String name, double[] values) {
    file.tensors().put(name, new SafeTensors.Entry(new long[] {values.length}, values));
  }

  /** {@inheritDoc} The codes are the parameter's, which the store loads before. */
  @Override
  public void load(String prefix, SafeTensors file) {
    if (averages == null) {
      return;
    }
    int all = options.codes * options.width;
    double[] ages = file.entry(prefix + "ages", options.codes).doubles();
    averages.restore(
        new VqCodebook.State(
            narrowed(codes.get()),
            narrowed(file.entry(prefix + "sums", all).doubles()),
            narrowed(file.entry(prefix + "counts", options.codes).doubles()),
            Arrays.stream(ages).mapToInt(age -> (int) age).toArray(),
            (int) file.entry(prefix + "step", 1).doubles()[0]));
  }

  private static float[] narrowed(double[] values) {
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) values[i];
    }
    return narrow;
  }

  @Override
  public void close() {
    if (averages != null) {
      averages.close();
    }
  }

  /**
   * Refuses a codebook with more codes than there are rows to learn them from.
   *
   * @param rows of all modalities together
   * @throws LacunaException giving both numbers
   */
  public static void requireRows(int codes, long rows) {
    if (codes > rows) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "the codebook has "
              + codes
              + " codes, want at most "
              + rows
              + ", the steps to learn from");
    }
  }
}
