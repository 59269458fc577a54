package dev.lacuna.training.data;

import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.audio.WavReader;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;

/** Ten digits spoken by a person: the telephone prompts of Debian's asterisk-core-sounds-en-wav. */
final class HumanClips {
  /** Where the Debian package puts them. */
  static final Path STANDARD = Path.of("/usr/share/asterisk/sounds/en_US_f_Allison/digits");

  private HumanClips() {}

  /** One feature per digit, in order; none at all, with a note, where a file is not there. */
  static float[][] load(Path folder, LogMel.Options options, Progress progress) {
    LogMel logMel = new LogMel(options);
    Path[] files =
        IntStream.range(0, EspeakGrid.WORDS.size())
            .mapToObj(digit -> folder.resolve(digit + ".wav"))
            .toArray(Path[]::new);
    for (Path file : files) {
      if (!Files.exists(file)) {
        progress.note(
            "human_clips is left out: no "
                + file
                + " (Debian: apt-get install asterisk-core-sounds-en-wav)");
        return new float[0][];
      }
    }
    float[][] features = new float[files.length][];
    for (int digit = 0; digit < files.length; digit++) {
      features[digit] = logMel.features(WavReader.read(files[digit]));
    }
    return features;
  }
}
