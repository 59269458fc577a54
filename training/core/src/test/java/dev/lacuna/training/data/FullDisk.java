package dev.lacuna.training.data;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A disk on which one file finds no space, by the device that Linux has for it. */
public final class FullDisk {
  /** What the system says. */
  public static final String REASON = "No space left on device";

  private FullDisk() {}

  /** For the next write of a file by {@link AtomicFile} or as safetensors. */
  public static void at(Path file) throws IOException {
    String name = "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".tmp";
    Path temporary = file.resolveSibling(name);
    Path device = Path.of("/dev/full");
    assertTrue(Files.exists(device), "no /dev/full");
    Files.createSymbolicLink(temporary, device);
  }
}
