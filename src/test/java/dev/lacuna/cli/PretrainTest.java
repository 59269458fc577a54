package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.nn.Groups;
import dev.lacuna.nn.VisionTransformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image transformer from files to a file that a program can load. */
class PretrainTest {
  @TempDir Path data;

  /** The folder of tiny digits, which are clothing too. */
  @BeforeEach
  void writeData() throws IOException {
    TinyData.write(data);
    Path fashion = Files.createDirectory(data.resolve("fashion-mnist"));
    try (Stream<Path> files = Files.list(data)) {
      for (Path file : files.filter(of -> of.toString().endsWith("-ubyte")).toList()) {
        Files.copy(file, fashion.resolve(file.getFileName()));
      }
    }
  }

  private Cli pretrain(String... more) {
    String[] call = {"pretrain", "--device=cpu", "--data-dir=" + data, "--epochs=1"};
    return Cli.run(Cli.and(call, more));
  }

  @Test
  void itIsWrittenInTimmsNamingAndLoads() {
    Cli done = pretrain("--images=64").done();
    assertTrue(done.out().startsWith("accuracy 0."), done.out());
    SafeTensors file = SafeTensors.read(data.resolve("vit").resolve("vit.safetensors"));
    assertEquals("128", file.metadata().get("images"));
    assertTrue(file.names().containsAll(List.of("cls_token", "blocks.3.attn.qkv.bias")));
    try (Context context = Lacuna.open(Device.parse("cpu"));
        ParameterStore store = new ParameterStore(context)) {
      ParameterGroup group = store.group("vit");
      VisionTransformer loaded = new VisionTransformer(Groups.one(group), file, 4);
      assertEquals(new VisionTransformer.Input(3, 32, 32, 4), loaded.input());
      SafeTensors again = loaded.export();
      for (String name : again.names()) {
        long[] shape = again.shape(name);
        assertArrayEquals(file.require(name, shape), again.require(name, shape), name);
      }
    }
  }

  @Test
  void tooFewPicturesAreNamedAndNothingIsWritten() {
    pretrain("--images=200").failed(1, "there are 150 pictures, want 200 or fewer --images");
    assertFalse(Files.exists(data.resolve("vit")));
  }
}
