package dev.lacuna.training.data;

import java.util.List;

/**
 * Digits that images are paired with: clips of spoken ones, or number words.
 *
 * @param labels labels[i] is the digit of entry i, 0 to 9
 * @param parts which split an entry belongs to
 * @param features features[i] is one feature, not normalised
 * @param sources sources.get(i) is who speaks clip i, or the language of word i
 */
record DigitPool(byte[] labels, Part[] parts, float[][] features, List<String> sources) {
  int size() {
    return labels.length;
  }
}
