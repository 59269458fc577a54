package dev.lacuna.bindings;

import dev.lacuna.LacunaException;
import dev.lacuna.OpenOptions;
import dev.lacuna.Status;
import dev.lacuna.spi.Availability;
import dev.lacuna.spi.Backend;
import dev.lacuna.spi.BackendProvider;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the two native providers share: finding, loading and trying their library once, and keeping
 * the reason where it fails.
 */
abstract class NativeProvider implements BackendProvider {
  private static final String RESOURCES = "dev/lacuna/natives/linux-x86_64";
  private @Nullable NativeLibrary library;
  private @Nullable Availability availability;

  /** File name of the library. */
  abstract String file();

  /** What else must be found before the library can be opened; throws with the reason. */
  abstract void prepare(NativeFiles files);

  /** Opens a context of the loaded library. */
  abstract Backend open(NativeLibrary loaded, OpenOptions options);

  @Override
  public final synchronized Availability availability() {
    if (availability == null) {
      availability = tryToLoad();
    }
    return availability;
  }

  private Availability tryToLoad() {
    NativeFiles files = new NativeFiles();
    try {
      String system = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
      if (!system.equals("Linux on amd64")) {
        return new Availability(
            false, "no natives for " + system + "; there are some for Linux on amd64", List.of());
      }
      requireNativeAccess();
      Path folder = files.folder(RESOURCES, List.of(file()));
      if (folder == null) {
        String reason =
            file() + " was not found: put lacuna-native on the path or set -D" + NativeFiles.FOLDER;
        return new Availability(false, reason, files.tried());
      }
      prepare(files);
      NativeLibrary loaded = new NativeLibrary(folder.resolve(file()));
      try (Backend backend = open(loaded, OpenOptions.DEFAULT)) {
        library = loaded;
        return new Availability(true, backend.describe(), files.tried());
      }
    } catch (IllegalCallerException e) {
      String reason =
          "Java refuses native access; start it with --enable-native-access=dev.lacuna.bindings"
              + " (on the class path: ALL-UNNAMED)";
      return new Availability(false, reason, files.tried());
    } catch (LacunaException | UncheckedIOException | LinkageError e) {
      String reason = e.getMessage() == null ? e.toString() : e.getMessage();
      return new Availability(false, reason, files.tried());
    }
  }

  /**
   * Any restricted method tells; later ones run in static initialisers, where the reason would be
   * lost.
   */
  @SuppressWarnings("restricted")
  private static void requireNativeAccess() {
    MemorySegment unused = MemorySegment.NULL.reinterpret(0);
    assert unused.byteSize() == 0;
  }

  /** The file of the library, once that was found to work. */
  final Path loadedFile() {
    return Objects.requireNonNull(library).file();
  }

  @Override
  public final Backend open(OpenOptions options) {
    Availability known = availability();
    NativeLibrary loaded = library;
    if (loaded == null) {
      throw new LacunaException(Status.UNSUPPORTED, name() + ": " + known.reason());
    }
    return open(loaded, options);
  }
}
