package dev.lacuna.multimodal.cmg;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.nn.Dropout;
import dev.lacuna.ops.RowsOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Uni-Code (Xia et al., NeurIPS 2023): for each modality a semantic encoder, whose features are
 * quantised to codes that all modalities share, and a specific path for the rest. What it learns
 * from is paired sequences, aligned step by step, without labels; {@link CmgStep} makes a step of
 * it.
 *
 * <pre>
 * int[] codes = model.codes(tape, 0, x, sequences, steps); // of sound
 * Tensor vectors = model.vectors(tape, codes);              // the same as of pictures that show it
 * </pre>
 */
public final class CmgModel implements AutoCloseable {
  /**
   * A transformer's sizes.
   *
   * @param depth number of layers; 2
   * @param heads of the attention; 4
   * @param hidden width between the two layers of a layer's network; 1024
   * @param dropout share of outputs that is dropped in training; 0.1. CMG drops attention weights
   *     as well
   */
  public record Layers(int depth, int heads, int hidden, double dropout) {
    /** CMG's. */
    public static final Layers DEFAULT = new Layers(2, 4, 1024, 0.1);
  }

  /**
   * Settings.
   *
   * @param codebook number of codes, their width, how they learn
   * @param layers of the semantic encoders
   * @param estimator how gradients pass the quantisation
   * @param mutualInformation how it is estimated
   */
  public record Options(
      SharedCodebook.Options codebook,
      Layers layers,
      Estimator estimator,
      MutualInformation mutualInformation) {
    /** CMG's sizes, straight through, CLUB as its authors have it. */
    public static final Options DEFAULT =
        new Options(
            SharedCodebook.Options.DEFAULT,
            Layers.DEFAULT,
            Estimator.STRAIGHT_THROUGH,
            MutualInformation.STANDARD);
  }

  /** Makes a modality's front in a group of parameters. */
  @FunctionalInterface
  public interface FrontMaker {
    /** Declares the front's parameters. */
    Front make(ParameterGroup group, CounterRandom random);
  }

  /** Makes a modality's specific path in two groups of parameters. */
  @FunctionalInterface
  public interface PathMaker {
    /** Declares the path's parameters, for codes of a width. */
    SpecificPath make(
        ParameterGroup encoder, ParameterGroup decoder, int width, CounterRandom random);
  }

  /**
   * A modality.
   *
   * @param name such as {@code image}
   * @param front makes a vector of each step
   * @param path makes what is not for the codes to say
   */
  public record Modality(String name, FrontMaker front, PathMaker path) {}

  /**
   * A modality of a batch.
   *
   * @param x steps [sequences each, ...]: step s of the i-th sequence is row i each + s
   * @param samples positions within the batch of the sequences, ascending
   * @param each steps of a sequence
   */
  @SuppressWarnings("ArrayRecordComponent") // a view of data, never compared
  public record Sequences(Tensor x, int[] samples, int each) {
    /**
     * Checks the numbers.
     *
     * @throws LacunaException where there are no sequences or steps, or rows do not fit them
     */
    public Sequences {
      if (samples.length == 0 || each < 1) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "there are "
                + samples.length
                + " sequences of "
                + each
                + " steps, want null for a modality that none of the batch has");
      }
      if (x.size(0) != (long) samples.length * each) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            x.size(0)
                + " rows of steps, want "
                + samples.length
                + " sequences x "
                + each
                + " steps");
      }
    }

    Steps steps() {
      return new Steps(samples.length, each);
    }
  }

  /** The parts of a modality; the groups of their parameters are named after it. */
  record Part(
      String name,
      SemanticEncoder semantic,
      SpecificPath path,
      Style style,
      CrossCpc cpc,
      Club club) {}

  private static final int INITIAL = 0x4C00;
  private final Options options;
  private final List<Part> parts = new ArrayList<>();
  private final List<ParameterGroup> encoders = new ArrayList<>();
  private final List<ParameterGroup> decoders = new ArrayList<>();
  private final List<ParameterGroup> predictors = new ArrayList<>();
  private final List<ParameterGroup> clubs = new ArrayList<>();
  private final ParameterGroup codes;
  private final SharedCodebook codebook;

  /**
   * Declares all parameters in a store.
   *
   * @param modalities two or more, whose codes shall mean the same
   * @param seed of their first values
   */
  public CmgModel(
      Context context,
      ParameterStore store,
      List<Modality> modalities,
      Options options,
      long seed) {
    if (modalities.size() < 2) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "a codebook for " + modalities.size() + " modality, want 2 or more to share it");
    }
    this.options = options;
    int width = options.codebook.width();
    for (int m = 0; m < modalities.size(); m++) {
      Modality modality = modalities.get(m);
      String name = modality.name();
      ParameterGroup front = store.group(name + ".front");
      ParameterGroup semantic = store.group(name + ".semantic");
      ParameterGroup specific = store.group(name + ".specific");
      ParameterGroup decoder = store.group(name + ".decoder");
      ParameterGroup predictor = store.group(name + ".cpc");
      ParameterGroup club = store.group(name + ".club");
      CounterRandom random = new CounterRandom(seed, INITIAL + 8 * m, 0);
      SemanticEncoder encoder =
          new SemanticEncoder(
              semantic,
              modality.front.make(front, stream(random, 1)),
              width,
              options.layers,
              stream(random, 2));
      SpecificPath path = modality.path.make(specific, decoder, width, stream(random, 3));
      parts.add(
          new Part(
              name,
              encoder,
              path,
              new Style(store.group(name + ".style"), path.mapShape()),
              new CrossCpc(predictor, "cpc", width, stream(random, 4)),
              new Club(
                  club,
                  "club",
                  width,
                  path.features(),
                  options.mutualInformation,
                  stream(random, 5))));
      encoders.add(front);
      encoders.add(semantic);
      encoders.add(specific);
      decoders.add(decoder);
      predictors.add(predictor);
      clubs.add(club);
    }
    codes = store.group("codebook");
    codebook = new SharedCodebook(context, codes, modalities.size(), options.codebook);
  }

  private static CounterRandom stream(CounterRandom random, int part) {
    return new CounterRandom(random.seed(), random.stream() + part, 0);
  }

  /** The settings. */
  public Options options() {
    return options;
  }

  /** Names of the modalities. */
  public List<String> modalities() {
    return parts.stream().map(Part::name).toList();
  }

  /** The codes. */
  public SharedCodebook codebook() {
    return codebook;
  }

  List<Part> parts() {
    return parts;
  }

  /** Fronts, semantic and specific encoders. */
  List<ParameterGroup> encoders() {
    return encoders;
  }

  List<ParameterGroup> decoders() {
    return decoders;
  }

  List<ParameterGroup> predictors() {
    return predictors;
  }

  List<ParameterGroup> clubs() {
    return clubs;
  }

  /** The codebook's own group, frozen where moving averages move it. */
  ParameterGroup codes() {
    return codes;
  }

  // Using what was learned.

  /**
   * Semantic features before they are quantised.
   *
   * @param x steps [sequences each, ...] of a modality
   * @return [sequences each, width]
   */
  public Tensor semantic(int modality, Tensor x, int sequences, int each) {
    return part(modality).semantic.forward(x, new Steps(sequences, each), Dropout.NONE);
  }

  /**
   * Codes of a modality's steps: the same where different modalities mean the same.
   *
   * @param x steps [sequences each, ...]
   * @return sequences each codes
   */
  public int[] codes(int modality, Tensor x, int sequences, int each) {
    Tape tape = x.tape();
    int[][] found = new int[1][];
    tape.withoutGradients(() -> found[0] = codebook.search(semantic(modality, x, sequences, each)));
    return found[0];
  }

  /** The codes' vectors [n, width]; what a probe learns from. */
  public Tensor vectors(Tape tape, int[] index) {
    return RowsOp.gatherRows(codebook.on(tape).detach(), tape.input(index, index.length));
  }

  /**
   * Steps of a modality from codes, in its mean style: what the codes mean, to be looked at.
   *
   * @param index n codes, of whatever modality
   * @return [n, numbers of a step]
   */
  public Tensor decode(Tape tape, int modality, int[] index) {
    Part part = part(modality);
    return part.path.decode(vectors(tape, index), part.style.on(tape, index.length));
  }

  /**
   * Steps of a modality from codes in the style of others.
   *
   * @param index n codes, of whatever modality
   * @param like n steps of the modality whose style is taken, [n, ...]
   * @return [n, numbers of a step]
   */
  public Tensor decode(int modality, int[] index, Tensor like) {
    SpecificPath path = part(modality).path;
    return path.decode(vectors(like.tape(), index), path.encode(like).map());
  }

  private Part part(int modality) {
    if (modality < 0 || modality >= parts.size()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, "modality is " + modality + ", want 0 to " + (parts.size() - 1));
    }
    return parts.get(modality);
  }

  /** Positions of sequences within two modalities of a batch that both have. */
  record Common(int[] first, int[] second) {
    static Common of(int[] a, int[] b) {
      int[] inA =
          IntStream.range(0, a.length).filter(i -> Arrays.binarySearch(b, a[i]) >= 0).toArray();
      int[] inB = IntStream.of(inA).map(i -> Arrays.binarySearch(b, a[i])).toArray();
      return new Common(inA, inB);
    }

    int count() {
      return first.length;
    }
  }

  @Override
  public void close() {
    codebook.close();
  }
}
