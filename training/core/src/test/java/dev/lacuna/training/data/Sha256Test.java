package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Sha256Test {
  /** Of "abc", from FIPS 180-4's examples. */
  private static final String ABC =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  @TempDir Path folder;

  @Test
  void aFileIsKnownByItsContent() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "abc");
    assertEquals(ABC, Sha256.of(file));
    Sha256.require(file, ABC, "no remedy");
    Files.writeString(file, "abd");
    assertMessage(
        () -> Sha256.require(file, ABC, "fetch it again"),
        "file: sha256 is a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9",
        "want " + ABC,
        "; fetch it again");
  }
}
