package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Packages of npm made for tests. */
public final class Tarballs {
  static final List<String> NAMES =
      List.of(
          MnistImages.TRAIN_IMAGES,
          MnistImages.TRAIN_LABELS,
          MnistImages.TEST_IMAGES,
          MnistImages.TEST_LABELS);

  private Tarballs() {}

  /** The content of each entry by name: the four that are wanted. */
  static Map<String, String> fourFiles() {
    Map<String, String> entries = new TreeMap<>();
    NAMES.forEach(name -> entries.put("package/data/" + name, name));
    return entries;
  }

  /** A package; content that begins with {@code ->} makes a symbolic link. */
  public static Path write(Path file, Map<String, String> entries) throws IOException {
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(new GZIPOutputStream(Files.newOutputStream(file)))) {
      for (Map.Entry<String, String> entry : entries.entrySet()) {
        if (entry.getValue().startsWith("->")) {
          TarArchiveEntry link = new TarArchiveEntry(entry.getKey(), TarConstants.LF_SYMLINK);
          link.setLinkName(entry.getValue().substring(2));
          tar.putArchiveEntry(link);
        } else {
          byte[] content = entry.getValue().getBytes(UTF_8);
          TarArchiveEntry header = new TarArchiveEntry(entry.getKey(), true);
          header.setSize(content.length);
          tar.putArchiveEntry(header);
          tar.write(content);
        }
        tar.closeArchiveEntry();
      }
    }
    return file;
  }

  public static String sha256(Path file) throws IOException {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
