package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Digits that images are paired with: clips of spoken ones, or number words.
 *
 * @param labels labels[i] is the digit of entry i, 0 to 9
 * @param parts which split an entry belongs to
 * @param features features[i] is one feature, not normalised
 * @param sources sources.get(i) is who speaks clip i, or the language of word i
 */
record DigitPool(byte[] labels, Part[] parts, float[][] features, List<String> sources) {
  /** Spoken digits: a user's own recordings where there are some in a data folder, or espeak's. */
  static DigitPool clips(Path folder, LogMel.Options mel, Progress progress) {
    Path recordings = folder.resolve(SpeakerClips.FOLDER);
    return Files.exists(recordings)
        ? SpeakerClips.load(recordings, mel, progress)
        : new EspeakClips(folder, mel).load(progress);
  }

  int size() {
    return labels.length;
  }

  /**
   * The entries of each digit in a split, in their order.
   *
   * @param entryName what an entry is, for messages
   * @throws LacunaException where a digit has none
   */
  int[][] entriesOf(Part part, String entryName) {
    int[][] entriesOf = new int[AvMnist.CLASSES][];
    for (int label = 0; label < entriesOf.length; label++) {
      int digit = label;
      entriesOf[label] =
          IntStream.range(0, size())
              .filter(entry -> labels[entry] == digit && parts[entry] == part)
              .toArray();
      if (entriesOf[label].length == 0) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "no " + entryName + " of digit " + digit + " in the " + part.text() + " split");
      }
    }
    return entriesOf;
  }
}
