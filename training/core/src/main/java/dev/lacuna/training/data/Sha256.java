package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The checksum by which a fetched file is known. */
public final class Sha256 {
  private Sha256() {}

  /** A file's SHA-256 in hexadecimal digits. */
  public static String of(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Refuses a file with another checksum.
   *
   * @param remedy what to do then
   * @throws LacunaException with both checksums
   */
  public static void require(Path file, String sha256, String remedy) throws IOException {
    String got = of(file);
    if (!got.equals(sha256)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          file.getFileName()
              + ": sha256 is "
              + got
              + ", want "
              + sha256
              + ": the download is damaged or another file; "
              + remedy);
    }
  }
}
