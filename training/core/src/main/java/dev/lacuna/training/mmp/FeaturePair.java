package dev.lacuna.training.mmp;

import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.mmp.MmpModel;
import dev.lacuna.nn.ReadableEncoding;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.mmp.ModalityEncoder.Embedded;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What was predicted of one modality from another, of samples that have both.
 *
 * @param from the modality that was there
 * @param to the modality whose class feature was predicted
 * @param predicted [sample][width]
 * @param truth [sample][width], the class features that there are
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
record FeaturePair(String from, String to, double[][] predicted, double[][] truth) {
  /** Test samples to measure on, at most. */
  private static final int SAMPLES = 512;

  /** Both names. */
  String name() {
    return from + " → " + to;
  }

  /**
   * All ordered pairs of which there are two samples or more, on the first test samples that have
   * two modalities.
   */
  static List<FeaturePair> all(
      MmpModel model, List<ModalityEncoder> encoders, Tape tape, MultimodalData data) {
    Split split = several(data.test());
    Presence presence = split.presence();
    double[][][][] features = features(model, encoders, tape, data, split);
    List<String> names = data.modalityNames();
    List<FeaturePair> pairs = new ArrayList<>();
    for (int from = 0; from < encoders.size(); from++) {
      for (int to = 0; to < encoders.size(); to++) {
        int source = from;
        int target = to;
        int[] both =
            IntStream.range(0, split.size())
                .filter(i -> presence.present(i, source) && presence.present(i, target))
                .toArray();
        // deviations and covariances are between samples
        if (from != to && both.length > 1) {
          pairs.add(
              new FeaturePair(
                  names.get(from),
                  names.get(to),
                  chosen(features[from][to], both),
                  chosen(features[to][to], both)));
        }
      }
    }
    return pairs;
  }

  private static double[][] chosen(double[][] rows, int[] samples) {
    return Arrays.stream(samples).mapToObj(i -> rows[i]).toArray(double[][]::new);
  }

  /** The first samples that have two modalities or more. */
  private static Split several(Split split) {
    int[] chosen =
        IntStream.range(0, split.size())
            .filter(i -> Arrays.stream(split.rowOf()).filter(r -> r[i] != Split.ABSENT).count() > 1)
            .limit(SAMPLES)
            .toArray();
    return new Split(
        split.name(),
        Arrays.stream(chosen).map(i -> split.labels()[i]).toArray(),
        Arrays.stream(split.rowOf())
            .map(rows -> Arrays.stream(chosen).map(i -> rows[i]).toArray())
            .toArray(int[][]::new));
  }

  /** [from][to][sample][width]: predicted features, true ones where from is to. */
  private static double[][][][] features(
      MmpModel model, List<ModalityEncoder> encoders, Tape tape, MultimodalData data, Split split) {
    int modalities = encoders.size();
    double[][][][] features = new double[modalities][modalities][split.size()][];
    for (int m = 0; m < modalities; m++) {
      int from = m;
      ModalityEncoder encoder = encoders.get(m);
      FixedBatches.forEach(
          data,
          split,
          m,
          encoder::kind,
          (samples, rows) -> {
            tape.reset();
            tape.withoutGradients(() -> {
              Embedded embedded = encoder.embed(tape, rows);
              ReadableEncoding encoding =
                  encoder.blocks().first(embedded.tokens(), embedded.mask());
              keep(encoding.classFeature(), samples, features[from][from]);
              List<@Nullable Tensor> predicted = model.predict(tape, from, encoding);
              for (int to = 0; to < modalities; to++) {
                if (to != from) {
                  keep(Objects.requireNonNull(predicted.get(to)), samples, features[from][to]);
                }
              }
            });
          });
    }
    return features;
  }

  private static void keep(Tensor rows, int[] samples, double[][] kept) {
    double[] flat = rows.toDoubleArray();
    int width = (int) rows.cols();
    for (int i = 0; i < samples.length; i++) {
      kept[samples[i]] = Arrays.copyOfRange(flat, i * width, (i + 1) * width);
    }
  }
}
