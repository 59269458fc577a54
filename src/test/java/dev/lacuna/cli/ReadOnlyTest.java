package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that nothing can be written into. */
class ReadOnlyTest {
  @TempDir Path temporary;
  private Path data = Path.of("");
  private Path readOnly = Path.of("");

  @BeforeEach
  void prepare() throws IOException {
    System.setProperty("java.awt.headless", "true");
    data = TinyData.write(temporary.resolve("data"));
    readOnly = Files.createDirectory(temporary.resolve("read-only"));
    Files.setPosixFilePermissions(readOnly, PosixFilePermissions.fromString("r-xr-xr-x"));
    if (Files.isWritable(readOnly)) {
      readOnly = Path.of("/proc"); // nobody, not even root, makes files there
    }
  }

  private Cli call(String command, Path out, String... more) {
    String[] call = {
      command,
      "--data-dir=" + data,
      "--out=" + out,
      "--train-size=20",
      "--validation-size=10",
      "--test-size=10",
      "--epochs=1"
    };
    return Cli.run(Cli.and(call, more));
  }

  @Test
  void aFolderForResultsIsNamed() {
    Path out = readOnly.resolve("run");
    call("train", out).failed(1, out + ": run folder cannot be made: ");
    call("compare", out, "--seeds=1").failed(1, out + ": folder of a comparison cannot be used: ");
    assertFalse(Files.exists(out));
  }

  @Test
  void aFolderForDataIsNamed() {
    Path folder = readOnly.resolve("data");
    Cli.run("prepare", "--data-dir=" + folder)
        .failed(1, folder + ": data folder cannot be used: ", folder.toString());
  }

  @Test
  void aFileForPredictionsIsNamed() throws IOException {
    Path run = temporary.resolve("run");
    Path animals = temporary.resolve("own.csv");
    StringBuilder csv = new StringBuilder("id,text,label,split\n");
    for (String split : new String[] {"train", "validation", "test"}) {
      csv.append(split).append("1,meow,cat,").append(split).append('\n');
      csv.append(split).append("2,bark,dog,").append(split).append('\n');
    }
    Files.writeString(animals, csv);
    Cli.run("train", "late_fusion", "--data=" + animals, "--out=" + run, "--epochs=1", "--width=8")
        .done();
    Path out = readOnly.resolve("predicted.csv");
    Cli.run("predict", run.toString(), animals.toString(), "--out=" + out)
        .failed(1, out + ": cannot be written: ");
    assertFalse(Files.exists(out));
  }
}
