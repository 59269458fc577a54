package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.OnnxModules;
import dev.lacuna.io.OnnxWeights;
import dev.lacuna.nn.Bert;
import dev.lacuna.nn.Groups;
import dev.lacuna.training.data.DataFolder;
import dev.lacuna.training.encoder.MiniLmFiles;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A frozen transformer, all-MiniLM-L6-v2, over a batch of texts of one length. Result: the outputs
 * of all tokens, [texts, tokens, 384].
 */
public final class MiniLmWork extends Workload {
  private static final int WIDTH = 384;
  private static final int HIDDEN = 1536;
  private static final int DEPTH = 6;
  private static final int HEADS = 12;
  private static final int CLS = 101;
  private static final int SEP = 102;

  /** Ids of whole words and their parts. */
  private static final int FIRST_WORD = 1996;

  private static final int LAST_WORD = 29_611;
  private static final int CHECKED_TEXTS = 3;

  /** Token ids of each text. */
  public final int[][] texts;

  /** Tokens of a text. */
  public final int tokens;

  MiniLmWork(String name, int[] sizes) {
    super(name);
    checkSizes(name, sizes, "texts", "tokens");
    tokens = sizes[1];
    CounterRandom random = new CounterRandom(1, 0, 0);
    texts = new int[sizes[0]][tokens];
    for (int i = 0; i < texts.length; i++) {
      for (int j = 0; j < tokens; j++) {
        int word = random.below((long) i * tokens + j, LAST_WORD - FIRST_WORD + 1);
        texts[i][j] = FIRST_WORD + word;
      }
      texts[i][0] = CLS;
      texts[i][tokens - 1] = SEP;
    }
  }

  /** The model's file, which is fetched where it is not there. */
  public static Path model() {
    return MiniLmFiles.locate(DataFolder.standard(), Progress.onStandardError()).model();
  }

  /** Products with weights, and the two of attention. */
  @Override
  public double flops() {
    double weights = 4.0 * WIDTH * WIDTH + 2.0 * WIDTH * HIDDEN;
    double attention = 2.0 * tokens * WIDTH;
    return 2 * DEPTH * (double) texts.length * tokens * (weights + attention);
  }

  /** The blocks' weights and biases, an embedding for each token, and the outputs. */
  @Override
  public double bytes() {
    double block = 4.0 * WIDTH * WIDTH + 2.0 * WIDTH * HIDDEN + 9.0 * WIDTH + HIDDEN;
    return 4 * (DEPTH * block + 2.0 * texts.length * tokens * WIDTH);
  }

  @Override
  public List<Variant> variants() {
    return List.of(Variant.DEFAULT);
  }

  @Override
  public Contender ours(Context context, Variant variant) {
    return new Ours(context);
  }

  private final class Ours implements Contender {
    private final ParameterStore store;
    private final Bert bert;
    private final Tape tape;

    Ours(Context context) {
      store = new ParameterStore(context);
      ParameterGroup group = store.group("bert");
      bert = new Bert(Groups.one(group), new OnnxModules(OnnxWeights.read(model())), HEADS);
      group.freeze();
      tape = new Tape(context);
    }

    private Tensor encode(int[][] some) {
      tape.reset();
      return bert.encode(tape, some).tokens();
    }

    @Override
    public void run() {
      var _ = encode(texts);
      tape.context().synchronize();
    }

    @Override
    public float[] result() {
      return encode(texts).toArray();
    }

    @Override
    public void close() {
      tape.close();
      store.close();
    }
  }

  /** Of some texts, which do not know of each other. */
  @Override
  public double error(float[] result) {
    int text = tokens * WIDTH;
    int[] checked = sample(texts.length, CHECKED_TEXTS);
    int[][] some = IntStream.of(checked).mapToObj(i -> texts[i]).toArray(int[][]::new);
    ErrorMeter meter = new ErrorMeter();
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        Ours reference = new Ours(context)) {
      double[] wanted = reference.encode(some).toDoubleArray();
      for (int i = 0; i < checked.length; i++) {
        double[] want = Arrays.copyOfRange(wanted, i * text, (i + 1) * text);
        meter.add(result, checked[i] * text, want);
      }
    }
    return meter.relative();
  }
}
