package dev.lacuna.training.cmg;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.ModelSignature;
import dev.lacuna.training.system.RunConfig;
import java.util.List;

/**
 * What a run of Uni-Code leaves to take away: sequences of any of its modalities to codes, the same
 * where they mean the same, and back.
 *
 * <pre>
 * try (Context context = Lacuna.open();
 *     RunFolder run = RunFolder.open(Path.of("runs/mine"));
 *     CodeTokenizer tokenizer = CodeTokenizer.open(context, run, 0)) {
 *   int[] codes = tokenizer.encode("audio", sequence);
 *   float[] pictures = tokenizer.decode("image", codes);
 * }</pre>
 *
 * For one thread.
 */
public final class CodeTokenizer implements AutoCloseable {
  private final List<Modality> modalities;
  private final CmgLearner learner;
  private final Tape tape;

  private CodeTokenizer(List<Modality> modalities, CmgLearner learner, Tape tape) {
    this.modalities = modalities;
    this.learner = learner;
    this.tape = tape;
  }

  /**
   * Reads the model of a seed of a finished run.
   *
   * @throws LacunaException where the run is of another system, has no such seed, or a file of it
   *     is missing or damaged
   */
  public static CodeTokenizer open(Context context, RunFolder run, long seed) {
    Cmg system = new Cmg();
    if (!run.document().system().equals(system.name())) {
      throw bad(run + " is a run of " + run.document().system() + ", want one of " + system.name());
    }
    RunConfig<CmgOptions> config = run.document().config(RunConfig.class, system.options());
    if (seed < 0 || seed >= config.seeds()) {
      throw bad("seed is " + seed + ", " + run + " has models of 0 to " + (config.seeds() - 1));
    }
    MultimodalData shapes = ModelSignature.read(run).withoutSamples();
    CmgLearner learner = new CmgLearner(context, shapes, config.training(), config.options(), seed);
    try {
      run.readModel(seed, learner.restsOn(), learner.store());
      return new CodeTokenizer(shapes.modalities(), learner, new Tape(context));
    } catch (RuntimeException e) {
      learner.close();
      throw e;
    }
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }

  /** Names of the modalities. */
  public List<String> modalities() {
    return modalities.stream().map(Modality::name).toList();
  }

  /** Number of codes. */
  public int size() {
    return learner.model().codebook().options().codes();
  }

  /** Numbers in a code. */
  public int width() {
    return learner.model().codebook().options().width();
  }

  /** The vectors of all codes, [size, width] row by row. */
  public float[] vectors() {
    double[] wide = learner.model().codebook().parameter().get();
    float[] vectors = new float[wide.length];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = (float) wide[i];
    }
    return vectors;
  }

  /**
   * The code of each step.
   *
   * @param sequence features as files have them, step by step, each [channels, height, width]; any
   *     number of steps
   * @throws LacunaException where that is no whole number of steps, or a value is not finite
   */
  public int[] encode(String modality, float[] sequence) {
    int m = index(modality);
    int size = learner.shape(m).size();
    if (sequence.length == 0 || sequence.length % size != 0) {
      throw bad(
          modality
              + " has "
              + sequence.length
              + " values, want a multiple of "
              + size
              + ", the values of a step");
    }
    for (int i = 0; i < sequence.length; i++) {
      if (!Float.isFinite(sequence[i])) {
        throw bad(modality + " has " + sequence[i] + " at position " + i + ", want finite values");
      }
    }
    float[][] scaled = {sequence.clone()};
    modalities.get(m).scaling().apply(scaled);
    int steps = sequence.length / size;
    tape.reset();
    Tensor x = tape.input(scaled[0], 1, sequence.length);
    return learner.model().codes(m, learner.shape(m).rows(x, steps), 1, steps);
  }

  /**
   * Steps that codes of whatever modality mean in one, in the mean style of its training samples.
   *
   * @return features as files have them, step by step
   * @throws LacunaException where a code is none of the codebook's
   */
  public float[] decode(String modality, int[] codes) {
    int m = index(modality);
    for (int i = 0; i < codes.length; i++) {
      if (codes[i] < 0 || codes[i] >= size()) {
        throw bad("code " + i + " is " + codes[i] + ", want 0 to " + (size() - 1));
      }
    }
    if (codes.length == 0) {
      return new float[0];
    }
    tape.reset();
    float[][] steps = new float[1][];
    tape.withoutGradients(() -> steps[0] = learner.model().decode(tape, m, codes).toArray());
    Scaling scaling = modalities.get(m).scaling();
    for (int i = 0; i < steps[0].length; i++) {
      steps[0][i] = (float) (steps[0][i] * scaling.deviation() + scaling.mean());
    }
    return steps[0];
  }

  private int index(String modality) {
    int m = modalities().indexOf(modality);
    if (m < 0) {
      throw bad("modality is '" + modality + "', want one of " + String.join(", ", modalities()));
    }
    return m;
  }

  @Override
  public void close() {
    tape.close();
    learner.close();
  }
}
