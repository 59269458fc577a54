package dev.lacuna.training.mmp;

import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.multimodal.mmp.MmpModel.Encoded;
import org.jspecify.annotations.Nullable;

/** The mean class feature of a modality over an epoch, kept with the model. */
final class MeanFeature {
  private final Parameter mean;
  private final double[] sum;
  private long count;

  /** Declares {@code mean}, which nothing learns. */
  MeanFeature(ParameterGroup group, int width) {
    mean = group.add("mean", i -> 0, width);
    group.freeze();
    sum = new double[width];
  }

  /** Adds the samples of a batch, where it has some. */
  void add(@Nullable Encoded encoded) {
    if (encoded == null) {
      return;
    }
    double[] features = encoded.encoding().classFeature().toDoubleArray();
    for (int i = 0; i < features.length; i++) {
      sum[i % sum.length] += features[i];
    }
    count += encoded.samples().length;
  }

  /** Takes the mean of what was added since the last epoch's end. */
  void endEpoch() {
    if (count == 0) {
      return;
    }
    double[] value = new double[sum.length];
    for (int j = 0; j < value.length; j++) {
      value[j] = sum[j] / count;
      sum[j] = 0;
    }
    mean.set(value);
    count = 0;
  }

  double[] value() {
    return mean.get();
  }
}
