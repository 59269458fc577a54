package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.audio.WavReader;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/** Spoken digits by the speech synthesiser espeak-ng, which repeats itself bit by bit. */
final class EspeakClips {
  private final Path folder;
  private final LogMel.Options options;
  private final List<EspeakGrid.Setting> settings;
  private final String program;
  private final String remedy;

  /** DigitPool of the whole grid, cached in a folder, with features of these options. */
  EspeakClips(Path folder, LogMel.Options options) {
    this(folder, options, EspeakGrid.settings(), "espeak-ng");
  }

  EspeakClips(
      Path folder, LogMel.Options options, List<EspeakGrid.Setting> settings, String program) {
    this.folder = folder;
    this.options = options;
    this.settings = settings;
    this.program = program;
    this.remedy =
        "install it (Debian: apt-get install espeak-ng), or put recordings of your own named "
            + "{digit}_{speaker}_{index}.wav into "
            + folder.resolve(SpeakerClips.FOLDER);
  }

  /** From the cache, or spoken now; a damaged cache file is said and made anew. */
  DigitPool load(Progress progress) {
    Path file = file();
    if (Files.exists(file)) {
      try {
        return ClipFile.read(file, options.bands() * options.frames(), speakers());
      } catch (LacunaException e) {
        progress.note(e.getMessage() + "; it is made anew");
      }
    }
    DataFolder.stage(folder, staging -> ClipFile.write(file, speak(staging, progress)));
    return ClipFile.read(file, options.bands() * options.frames(), speakers());
  }

  /** The voice variant of every clip. */
  private List<String> speakers() {
    return settings.stream()
        .flatMap(
            setting -> Collections.nCopies(EspeakGrid.WORDS.size(), setting.variant()).stream())
        .toList();
  }

  private DigitPool speak(Path staging, Progress progress) {
    checkVariants(Command.run(staging, remedy, List.of(program, "--voices=variant")));
    int words = EspeakGrid.WORDS.size();
    int count = settings.size() * words;
    byte[] labels = new byte[count];
    Part[] parts = new Part[count];
    float[][] features = new float[count][];
    LogMel logMel = new LogMel(options);
    try (Progress.Task task = progress.start("espeak-ng clips", count)) {
      IntStream.range(0, count)
          .parallel()
          .forEach(clip -> {
            EspeakGrid.Setting setting = settings.get(clip / words);
            Path wav = staging.resolve(clip + ".wav");
            say(EspeakGrid.WORDS.get(clip % words), setting, wav);
            labels[clip] = (byte) (clip % words);
            parts[clip] = setting.part();
            features[clip] = logMel.features(WavReader.read(wav));
            task.step(1);
          });
    }
    return new DigitPool(labels, parts, features, speakers());
  }

  private void say(String word, EspeakGrid.Setting setting, Path wav) {
    Command.run(
        wav.getParent(),
        remedy,
        List.of(
            program,
            "-v",
            setting.accent() + "+" + setting.variant(),
            "-s",
            Integer.toString(setting.speed()),
            "-p",
            Integer.toString(setting.pitch()),
            "-w",
            wav.getFileName().toString(),
            word));
  }

  /** espeak-ng takes an unknown variant for the plain voice without a word. */
  private void checkVariants(String listing) {
    List<String> installed =
        listing
            .lines()
            .filter(line -> line.contains("!v/"))
            .map(line -> line.substring(line.indexOf("!v/") + 3).split("  ", 2)[0].strip())
            .toList();
    List<String> missing =
        settings.stream()
            .map(EspeakGrid.Setting::variant)
            .distinct()
            .filter(variant -> !installed.contains(variant))
            .toList();
    if (!missing.isEmpty()) {
      throw new LacunaException(
          Status.UNSUPPORTED,
          "this espeak-ng has no voice variants "
              + missing
              + ", want those of version 1.51; "
              + remedy);
    }
  }

  /** Named by everything that the features depend on, but espeak-ng's version. */
  Path file() {
    String key = options + "\n" + EspeakGrid.WORDS + "\n" + settings;
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(UTF_8));
      return folder.resolve("espeak-" + HexFormat.of().formatHex(hash, 0, 8) + ".clips");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
