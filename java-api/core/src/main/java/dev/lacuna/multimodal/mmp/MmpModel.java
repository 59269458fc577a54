package dev.lacuna.multimodal.mmp;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.ReadOnlyAttention;
import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.kernels.VicReg;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.mmp.FeaturePredictor.Pooling;
import dev.lacuna.nn.Linear;
import dev.lacuna.nn.ReadableEncoding;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.ops.VicRegOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * MMP (Kim and Kim, "Missing Modality Prediction for Unpaired Multimodal Learning via Joint
 * Embedding of Unimodal Models", ECCV 2024). What it adds to pretrained transformers: for each
 * modality a linear head on its class feature and read-only prompts, for each ordered pair a
 * predictor that makes the second's class feature of what the first's prompts have read. The
 * transformers themselves stay with the caller, who gives their {@link ReadableEncoding}s.
 *
 * <p>For each batch of training:
 *
 * <pre>
 * List&lt;Encoded&gt; encoded = new ArrayList&lt;&gt;();
 * for (int m = 0; m &lt; modalities; m++) { // null where no sample of the batch has m
 *   encoded.add(new Encoded(transformers.get(m).first(inputs.get(m), null), positions.get(m)));
 * }
 * model.loss(tape, encoded, Criterion.singleLabel(labels)).total().backward();</pre>
 *
 * <p>Of samples that have the first of two modalities alone:
 *
 * <pre>
 * Encoding image = transformers.get(0).first(x, null);
 * Tensor text = model.predict(tape, 0, image).get(1);
 * Tensor said = ElementwiseOp.add( // MEAN_LOGITS but for a factor
 *     model.head(0).forward(image.classFeature()), model.head(1).forward(text));</pre>
 */
public final class MmpModel {
  /**
   * Settings.
   *
   * @param prompts number of prompts of a modality; Kim and Kim do not give theirs
   * @param reading which prompts a prompt reads
   * @param pooling of the prompts' outputs
   * @param vicReg weights of the prediction loss
   * @param encoderGrad whether the prediction loss reaches the transformer that the prompts read:
   *     its keys and values, and its biases where prompts go through them
   * @param targetGrad whether it reaches the transformer whose feature is predicted
   */
  public record Options(
      int prompts,
      Prompts reading,
      Pooling pooling,
      VicReg.Options vicReg,
      EncoderGrad encoderGrad,
      EncoderGrad targetGrad) {
    /**
     * 16 prompts that read the inputs alone, their mean, weights 25, 25 and 1, and a prediction
     * loss that trains prompts and predictors alone.
     */
    public static final Options DEFAULT =
        new Options(
            16,
            Prompts.NONE,
            Pooling.MEAN,
            VicReg.Options.DEFAULT,
            EncoderGrad.STOP,
            EncoderGrad.STOP);
  }

  /**
   * A modality.
   *
   * @param name such as {@code image}
   * @param start the embedded class token, from which its prompts start, such as {@link
   *     dev.lacuna.nn.Bert#embedded}; its length is the width of the transformer
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of numbers, never compared
  public record Modality(String name, double[] start) {}

  /**
   * A modality of a batch.
   *
   * @param encoding of the samples that have it
   * @param samples their positions within the batch, ascending, as many as are encoded
   */
  @SuppressWarnings("ArrayRecordComponent") // a view of data, never compared
  public record Encoded(ReadableEncoding encoding, int[] samples) {
    /**
     * Checks the positions.
     *
     * @throws LacunaException where there are none, they are not ascending, or not as many as the
     *     encoding has
     */
    public Encoded {
      if (samples.length == 0) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "there are no samples, want null for a modality that none of the batch has");
      }
      if (samples.length != encoding.size()) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "there are positions of "
                + samples.length
                + " samples, want one for each of the "
                + encoding.size()
                + " that are encoded");
      }
      for (int i = 0; i < samples.length; i++) {
        int least = i == 0 ? 0 : samples[i - 1] + 1;
        if (samples[i] < least) {
          throw new LacunaException(
              Status.INVALID_ARGUMENT,
              "position "
                  + i
                  + " of the samples is "
                  + samples[i]
                  + ", want at least "
                  + least
                  + ": they are ascending, and each is there once");
        }
      }
    }
  }

  /**
   * Losses of a batch.
   *
   * @param total sum of the others
   * @param classification of the heads of the modalities that are there
   * @param prediction of the pairs that are there together
   * @param unvaried pairs of which one sample was there alone, so that variance and covariance have
   *     no meaning and only the distance counted
   */
  public record Losses(
      Tensor total, List<Tensor> classification, List<Tensor> prediction, int unvaried) {}

  private static final int STREAM = 0x3D00;
  private final Options options;
  private final ReadOnlyAttention.Options attention;
  private final List<Modality> modalities;
  private final List<Linear> heads = new ArrayList<>();
  private final List<ReadOnlyPrompts> prompts = new ArrayList<>();
  private final @Nullable FeaturePredictor[][] predictors;

  /**
   * Declares the parameters.
   *
   * @param heads group of {@code <modality>.head}
   * @param prediction groups of the modalities' prompts and predictors, one each
   * @param classes number of classes
   * @throws LacunaException where there are not as many groups as modalities
   */
  public MmpModel(
      ParameterGroup heads,
      List<ParameterGroup> prediction,
      List<Modality> modalities,
      int classes,
      Options options,
      long seed) {
    this.options = options;
    this.modalities = List.copyOf(modalities);
    attention =
        ReadOnlyAttention.Options.DEFAULT
            .withPrompts(options.reading)
            .withEncoderGrad(options.encoderGrad);
    int count = modalities.size();
    if (prediction.size() != count) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "there are "
              + prediction.size()
              + " groups for prompts and predictors, want one for each of "
              + count
              + " modalities");
    }
    predictors = new @Nullable FeaturePredictor[count][count];
    for (int m = 0; m < count; m++) {
      Modality modality = modalities.get(m);
      int width = modality.start.length;
      int stream = STREAM + m * (count + 2);
      this.heads.add(
          new Linear(
              heads, modality.name + ".head", width, classes, new CounterRandom(seed, stream, 0)));
      ParameterGroup group = prediction.get(m);
      prompts.add(
          new ReadOnlyPrompts(
              group, options.prompts, modality.start, new CounterRandom(seed, stream + 1, 0)));
      for (int to = 0; to < count; to++) {
        if (to != m) {
          predictors[m][to] =
              new FeaturePredictor(
                  group,
                  modalities.get(to).name,
                  options.pooling,
                  options.prompts,
                  width,
                  modalities.get(to).start.length,
                  new CounterRandom(seed, stream + 2 + to, 0));
        }
      }
    }
  }

  /**
   * Checks that prediction has something to learn from.
   *
   * @param training which training sample has which modality
   * @param names of the modalities
   * @throws LacunaException naming two modalities that no sample has both of
   */
  public static void requirePaired(Presence training, List<String> names) {
    for (int a = 0; a < names.size(); a++) {
      for (int b = a + 1; b < names.size(); b++) {
        int first = a;
        int second = b;
        boolean paired =
            IntStream.range(0, training.samples())
                .anyMatch(i -> training.present(i, first) && training.present(i, second));
        if (!paired) {
          throw new LacunaException(
              Status.INVALID_ARGUMENT,
              "none of "
                  + training.samples()
                  + " training samples has both "
                  + names.get(a)
                  + " and "
                  + names.get(b)
                  + ", so neither can be predicted from the other; want some that have both");
        }
      }
    }
  }

  /** The modalities. */
  public List<Modality> modalities() {
    return modalities;
  }

  /** The prompts of a modality. */
  public ReadOnlyPrompts prompts(int modality) {
    return prompts.get(modality);
  }

  /** The head of a modality. */
  public Linear head(int modality) {
    return heads.get(modality);
  }

  /**
   * Class features of the other modalities, predicted from one.
   *
   * @param from the modality that is there
   * @param encoding of its samples
   * @return for each modality [b, its width], null for {@code from} itself
   * @throws LacunaException where there is no such modality
   */
  public List<@Nullable Tensor> predict(Tape tape, int from, ReadableEncoding encoding) {
    if (from < 0 || from >= modalities.size()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "from is modality " + from + ", want 0 to " + (modalities.size() - 1));
    }
    Tensor outputs = read(tape, from, encoding);
    List<@Nullable Tensor> features = new ArrayList<>();
    for (int to = 0; to < modalities.size(); to++) {
      features.add(to == from ? null : predictor(from, to).forward(outputs));
    }
    return features;
  }

  private FeaturePredictor predictor(int from, int to) {
    return Objects.requireNonNull(predictors[from][to]);
  }

  /** What a modality's prompts make of its samples, [b, prompts, width]. */
  private Tensor read(Tape tape, int from, ReadableEncoding encoding) {
    Tensor repeated = prompts.get(from).repeated(tape, encoding.size());
    return options.encoderGrad == EncoderGrad.FLOW
        ? encoding.read(repeated, attention)
        : tape.withConstantParameters(() -> encoding.read(repeated, attention));
  }

  /**
   * L = L_cls + L_prd: cross-entropy of each modality's head on the samples that have it, and
   * VICReg between predicted and true features of each ordered pair on the samples that have both.
   *
   * @param encoded by modality, null where no sample of the batch has it
   * @throws LacunaException where there are not as many as modalities
   */
  public Losses loss(Tape tape, List<@Nullable Encoded> encoded, Criterion criterion) {
    List<@Nullable Tensor> features = features(encoded);
    List<Tensor> prediction = new ArrayList<>();
    int unvaried = 0;
    for (int m = 0; m < encoded.size(); m++) {
      Encoded of = encoded.get(m);
      int[] paired = of == null ? new int[0] : paired(of, m, encoded);
      if (of == null || paired.length == 0) {
        continue;
      }
      Tensor outputs = read(tape, m, of.encoding.select(paired));
      int[] samples = Arrays.stream(paired).map(i -> of.samples[i]).toArray();
      for (int to = 0; to < encoded.size(); to++) {
        Encoded target = encoded.get(to);
        Tensor feature = features.get(to);
        if (to == m || target == null || feature == null) {
          continue;
        }
        int[] common = Arrays.stream(samples).filter(i -> has(target, i)).toArray();
        if (common.length == 0) {
          continue;
        }
        unvaried += common.length == 1 ? 1 : 0;
        Tensor truth = rows(feature, positions(target.samples, common));
        prediction.add(
            distance(
                rows(predictor(m, to).forward(outputs), positions(samples, common)),
                options.targetGrad == EncoderGrad.FLOW ? truth : truth.detach()));
      }
    }
    List<Tensor> classification = classification(encoded, features, criterion);
    return new Losses(sum(classification, prediction), classification, prediction, unvaried);
  }

  /** L_cls alone, as in {@link #loss}. */
  public Losses classification(List<@Nullable Encoded> encoded, Criterion criterion) {
    List<Tensor> losses = classification(encoded, features(encoded), criterion);
    return new Losses(sum(losses, List.of()), losses, List.of(), 0);
  }

  private List<@Nullable Tensor> features(List<@Nullable Encoded> encoded) {
    if (encoded.size() != modalities.size()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "there are encodings of "
              + encoded.size()
              + " modalities, want "
              + modalities.size()
              + ", one or null for each of "
              + modalities.stream().map(Modality::name).toList());
    }
    List<@Nullable Tensor> features = new ArrayList<>();
    for (Encoded of : encoded) {
      features.add(of == null ? null : of.encoding.classFeature());
    }
    return features;
  }

  private List<Tensor> classification(
      List<@Nullable Encoded> encoded, List<@Nullable Tensor> features, Criterion criterion) {
    List<Tensor> losses = new ArrayList<>();
    for (int m = 0; m < encoded.size(); m++) {
      Encoded of = encoded.get(m);
      Tensor feature = features.get(m);
      if (of != null && feature != null) {
        losses.add(criterion.loss(heads.get(m).forward(feature), of.samples));
      }
    }
    return losses;
  }

  private static Tensor sum(List<Tensor> classification, List<Tensor> prediction) {
    return Stream.concat(classification.stream(), prediction.stream())
        .map(loss -> loss.reshape(1, 1))
        .reduce(ElementwiseOp::add)
        .orElseThrow(() -> new IllegalArgumentException("no sample of the batch has anything"));
  }

  /** VICReg, of a single row what is left of it: the distance. */
  private Tensor distance(Tensor predicted, Tensor truth) {
    if (predicted.size(0) > 1) {
      return VicRegOp.vicReg(predicted, truth, options.vicReg).loss();
    }
    Tensor difference = ElementwiseOp.sub(predicted, truth);
    Tensor squares = ElementwiseOp.mul(difference, difference);
    return ElementwiseOp.affine(
        ReduceOp.mean(squares, ReduceOp.Over.ALL), options.vicReg.lambda(), 0);
  }

  /** Which entries of a modality have any other modality. */
  private static int[] paired(Encoded of, int m, List<@Nullable Encoded> encoded) {
    return IntStream.range(0, of.samples.length)
        .filter(i ->
            IntStream.range(0, encoded.size())
                .anyMatch(to -> {
                  Encoded other = encoded.get(to);
                  return to != m && other != null && has(other, of.samples[i]);
                }))
        .toArray();
  }

  private static boolean has(Encoded of, int sample) {
    return Arrays.binarySearch(of.samples, sample) >= 0;
  }

  private static int[] positions(int[] of, int[] samples) {
    return Arrays.stream(samples).map(i -> Arrays.binarySearch(of, i)).toArray();
  }

  private static Tensor rows(Tensor x, int[] rows) {
    return rows.length == x.size(0) ? x : RowsOp.gatherRows(x, x.tape().input(rows, rows.length));
  }
}
