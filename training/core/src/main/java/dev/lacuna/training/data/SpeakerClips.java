package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.audio.WavReader;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A user's own recordings, laid out as the Free Spoken Digit Dataset is: {@code
 * recordings/{digit}_{speaker}_{index}.wav}. As there, index 0 to 4 is the test split; 5 to 9 is
 * validation and the rest is training.
 */
final class SpeakerClips {
  /** The folder's name in the data folder. */
  static final String FOLDER = "recordings";

  private static final Pattern NAME = Pattern.compile("(\\d{1,6})_([^_]+)_(\\d{1,6})\\.wav");
  private static final int FIRST_VALIDATION = 5;
  private static final int FIRST_TRAINING = 10;

  private SpeakerClips() {}

  /**
   * Reads every WAV file of a folder.
   *
   * @throws LacunaException naming a file whose name, label or content does not fit
   */
  static DigitPool load(Path folder, LogMel.Options options, Progress progress) {
    List<Path> files;
    try (Stream<Path> entries = Files.list(folder)) {
      files = entries.filter(file -> file.toString().endsWith(".wav")).sorted().toList();
    } catch (IOException e) {
      throw bad(folder, "cannot be listed: " + e);
    }
    if (files.isEmpty()) {
      throw bad(folder, "has no .wav files, want {digit}_{speaker}_{index}.wav");
    }
    byte[] labels = new byte[files.size()];
    Part[] parts = new Part[files.size()];
    float[][] features = new float[files.size()][];
    String[] speakers = new String[files.size()];
    LogMel logMel = new LogMel(options);
    try (Progress.Task task = progress.start("recordings", files.size())) {
      IntStream.range(0, files.size())
          .parallel()
          .forEach(clip -> {
            Path file = files.get(clip);
            Matcher name = NAME.matcher(file.getFileName().toString());
            if (!name.matches()) {
              throw bad(file, "name is not {digit}_{speaker}_{index}.wav");
            }
            labels[clip] = label(file, Integer.parseInt(name.group(1)));
            speakers[clip] = name.group(2);
            parts[clip] = part(Integer.parseInt(name.group(3)));
            features[clip] = logMel.features(WavReader.read(file));
            task.step(1);
          });
    }
    return new DigitPool(labels, parts, features, List.of(speakers));
  }

  private static byte label(Path file, int digit) {
    if (digit >= EspeakGrid.WORDS.size()) {
      throw bad(file, "label is " + digit + ", want 0 to " + (EspeakGrid.WORDS.size() - 1));
    }
    return (byte) digit;
  }

  private static Part part(int index) {
    if (index < FIRST_VALIDATION) {
      return Part.TEST;
    }
    return index < FIRST_TRAINING ? Part.VALIDATION : Part.TRAIN;
  }

  private static LacunaException bad(Path path, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, path + ": " + what);
  }
}
