package dev.lacuna.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files written are read back; damaged and hostile ones are refused with their name. */
final class SafeTensorsTest {
  @TempDir private Path folder;

  private static SafeTensors sample() {
    SafeTensors file = new SafeTensors();
    file.tensors()
        .put(
            "image.conv.weight",
            new SafeTensors.Entry(
                new long[] {2, 1, 3}, new float[] {1, -2, 3.5f, 0, Float.MIN_VALUE, 6}));
    file.tensors().put("scalar", new SafeTensors.Entry(new long[] {}, new float[] {42}));
    file.tensors().put("empty", new SafeTensors.Entry(new long[] {0, 4}, new float[] {}));
    file.metadata().put("system", "mla \"quoted\" \u00e9");
    return file;
  }

  private static byte[] bytes(String header, int dataBytes) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  private SafeTensors read(byte[] content) throws IOException {
    Path file = folder.resolve("file.safetensors");
    Files.write(file, content);
    return SafeTensors.read(file);
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    Path file = folder.resolve("model.safetensors");
    sample().write(file);
    SafeTensors read = SafeTensors.read(file);
    assertEquals(
        List.of("image.conv.weight", "scalar", "empty"), List.copyOf(read.tensors().keySet()));
    assertEquals(Map.of("system", "mla \"quoted\" \u00e9"), read.metadata());
    sample()
        .tensors()
        .forEach(
            (name, entry) -> assertArrayEquals(entry.data(), read.require(name, entry.shape())));
    try (var files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void theFormatIsThatOfOtherReaders() throws IOException {
    Path file = folder.resolve("model.safetensors");
    sample().write(file);
    byte[] content = Files.readAllBytes(file);
    int length = (int) ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong();
    String header = new String(content, 8, length, StandardCharsets.UTF_8).strip();
    assertEquals(0, length % 8);
    assertEquals(
        "{\"__metadata__\":{\"system\":\"mla \\\"quoted\\\" \u00e9\"},"
            + "\"image.conv.weight\":{\"dtype\":\"F32\",\"shape\":[2,1,3],\"data_offsets\":[0,24]},"
            + "\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[24,28]},"
            + "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[28,28]}}",
        header);
    assertEquals(8 + length + 28, content.length);
  }

  @Test
  void doublesAreReadAsFloats() throws IOException {
    byte[] content = bytes("{\"x\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}}", 16);
    ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).putDouble(content.length - 8, 0.1);
    assertArrayEquals(new float[] {0, 0.1f}, read(content).require("x", 2));
  }

  /** Each number is followed by the bits of the float that it is. */
  @ParameterizedTest
  @CsvSource({
    // zeros, 1, -2, the largest, and the nearest to a third
    "F16, 0000, 00000000",
    "F16, 8000, 80000000",
    "F16, 3C00, 3F800000",
    "F16, C000, C0000000",
    "F16, 7BFF, 477FE000",
    "F16, 3555, 3EAAA000",
    // the smallest normal one, the largest and smallest subnormal ones
    "F16, 0400, 38800000",
    "F16, 03FF, 387FC000",
    "F16, 0001, 33800000",
    "F16, 8001, B3800000",
    "F16, 7C00, 7F800000",
    "F16, FC00, FF800000",
    "F16, 7E00, 7FC00000",
    "F16, FE01, FFC02000",
    "BF16, 0000, 00000000",
    "BF16, 8000, 80000000",
    "BF16, 3F80, 3F800000",
    "BF16, C049, C0490000",
    "BF16, 7F7F, 7F7F0000",
    "BF16, 0001, 00010000",
    "BF16, 807F, 807F0000",
    "BF16, 7F80, 7F800000",
    "BF16, FF80, FF800000",
    "BF16, 7FC0, 7FC00000",
    "BF16, FFC1, FFC10000"
  })
  void halfPrecisionIsReadToTheBit(String dtype, String half, String bits) throws IOException {
    byte[] content =
        bytes("{\"x\":{\"dtype\":\"" + dtype + "\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4);
    // 1 stands before it
    ByteBuffer.wrap(content)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort(content.length - 4, (short) (dtype.equals("F16") ? 0x3C00 : 0x3F80))
        .putShort(content.length - 2, (short) Integer.parseInt(half, 16));
    SafeTensors file = read(content);
    float[] values = file.require("x", 2);
    assertEquals(1, values[0]);
    assertEquals(Integer.parseUnsignedInt(bits, 16), Float.floatToRawIntBits(values[1]));
    assertEquals(values[1], file.entry("x", 2).doubles()[1]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"I64", "BOOL", "F8_E4M3"})
  void aTensorOfAnotherTypeIsRefusedWhereItsNumbersAreAskedFor(String dtype) throws IOException {
    String header =
        "{\"position_ids\":{\"dtype\":\""
            + dtype
            + "\",\"shape\":[1,1],\"data_offsets\":[0,8]},"
            + "\"bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}";
    SafeTensors file = read(bytes(header, 16));
    assertArrayEquals(new float[2], file.require("bias", 2));
    assertEquals(List.of("position_ids", "bias"), List.copyOf(file.names()));
    assertArrayEquals(new long[] {1, 1}, file.shape("position_ids"));
    Path copy = folder.resolve("copy.safetensors");
    List<Executable> uses =
        List.of(
            () -> file.require("position_ids", 1, 1),
            () -> file.entry("position_ids", 1, 1).doubles(),
            () -> file.write(copy));
    for (Executable use : uses) {
      assertEquals(
          "tensor position_ids has numbers of type " + dtype + ", want F32, F64, F16 or BF16",
          assertThrows(IllegalArgumentException.class, use).getMessage());
    }
    assertFalse(Files.exists(copy));
  }

  @Test
  void doublesAreWrittenAsTheyAre() {
    Path file = folder.resolve("doubles.safetensors");
    double[] numbers = {0.1, -0.0, Double.MIN_VALUE, 1e300, Double.NaN};
    SafeTensors written = new SafeTensors();
    written.tensors().put("x", new SafeTensors.Entry(new long[] {5}, numbers));
    written.tensors().put("y", new SafeTensors.Entry(new long[] {1}, new float[] {0.1f}));
    written.write(file);
    SafeTensors read = SafeTensors.read(file);
    assertArrayEquals(numbers, read.entry("x", 5).doubles());
    assertArrayEquals(new double[] {0.1f}, read.entry("y", 1).doubles());
  }

  @Test
  void aFailedWriteLeavesTheOldFile() throws IOException {
    Path file = folder.resolve("model.safetensors");
    sample().write(file);
    byte[] before = Files.readAllBytes(file);
    SafeTensors wrong = sample();
    wrong.tensors().put("torn", new SafeTensors.Entry(new long[] {3}, new float[] {1, 2}));
    assertThrows(IllegalArgumentException.class, () -> wrong.write(file));
    assertArrayEquals(before, Files.readAllBytes(file));
    assertThrows(
        UncheckedIOException.class, () -> sample().write(folder.resolve("no/such/folder")));
  }

  @Test
  void missingAndMisshapenTensorsAreNamed() {
    SafeTensors file = sample();
    IllegalArgumentException missing =
        assertThrows(IllegalArgumentException.class, () -> file.require("head.bias", 3));
    assertTrue(missing.getMessage().contains("head.bias"), missing.getMessage());
    IllegalArgumentException misshapen =
        assertThrows(IllegalArgumentException.class, () -> file.require("image.conv.weight", 6));
    assertTrue(misshapen.getMessage().contains("[2, 1, 3], want [6]"), misshapen.getMessage());
    assertThrows(UncheckedIOException.class, () -> SafeTensors.read(folder.resolve("nowhere")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "null",
        "{\"x\"",
        "{\"x\":3}",
        "{\"x\":{}}",
        "{} {}",
        "{\"__metadata__\":3}",
        "{\"__metadata__\":{\"a\":{}}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
            + "\"x\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"x\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"BF16\",\"shape\":[5],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"I64\",\"shape\":[-1],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[-1,-2],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[18446744073709551618],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9223372036854775807]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"y\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
      })
  void aHostileHeaderIsRefusedWithTheFilesName(String header) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> read(bytes(header, 8)));
    assertTrue(e.getMessage().contains("file.safetensors"), e.getMessage());
  }

  @Test
  void aHeaderLengthBeyondTheFileIsRefused() {
    for (long length : new long[] {-1, 0, 1, 17, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE}) {
      byte[] content =
          ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
      assertThrows(IllegalArgumentException.class, () -> read(content), "length " + length);
    }
    assertThrows(IllegalArgumentException.class, () -> read(new byte[0]));
    assertThrows(IllegalArgumentException.class, () -> read(new byte[7]));
  }

  @Test
  void tensorsThatShareDataCannotMultiplyIt() {
    StringBuilder header = new StringBuilder("{");
    for (int i = 0; i < 1000; i++) {
      header
          .append("\"t")
          .append(i)
          .append("\":{\"dtype\":\"F32\",\"shape\":[250000],\"data_offsets\":[0,1000000]},");
    }
    header.setCharAt(header.length() - 1, '}');
    long before = allocated();
    byte[] content = bytes(header.toString(), 1_000_000);
    assertThrows(IllegalArgumentException.class, () -> read(content));
    assertTrue(allocated() - before < 20_000_000, "allocated " + (allocated() - before));
  }

  /** Whatever a header says, a file takes four times its size at most, and a bit for a tensor. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"x\":{\"y\":[ | [],           | []]}}",
        "{\"x\":{\"y\":  | ``            | {}}}",
        "{\"x\":{\"y\":[ | {\"\":0},     | 0]}}",
        "{\"x\":{\"shape\":[ | 0,        | 0]}}",
        "{\"x\":{\"dtype\":\" | a        | \"}}",
        "{\"__metadata__\":{\"a\":[ | 1, | 1]}}",
        "[ | [],                          | []]",
        "{\"x\":{\"data_offsets\":\" | a | \"}}"
      })
  void aHeaderCannotMultiplyItself(String begin, String again, String end) throws IOException {
    byte[] content = bytes(begin + again.repeat(2_000_000 / Math.max(1, again.length())) + end, 0);
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> read(content));
    assertTrue(refused.getMessage().contains("file.safetensors"));
    long before = allocated();
    assertThrows(
        IllegalArgumentException.class, () -> SafeTensors.read(folder.resolve("file.safetensors")));
    long taken = allocated() - before;
    assertTrue(taken < 4L * content.length + (1 << 20), taken + " for " + content.length);
  }

  @Test
  void manySmallTensorsTakeLittleEach() throws IOException {
    int count = 20_000;
    StringBuilder header = new StringBuilder("{");
    for (int i = 0; i < count; i++) {
      header
          .append(i == 0 ? "\"" : ",\"")
          .append(i)
          .append("\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}");
    }
    byte[] content = bytes(header.append('}').toString(), 0);
    assertEquals(count, read(content).tensors().size());
    long before = allocated();
    SafeTensors.read(folder.resolve("file.safetensors"));
    long taken = allocated() - before;
    assertTrue(taken < 4L * content.length + 1_000L * count, taken + " for " + content.length);
  }

  @Test
  void everyTruncationIsRefusedWithTheFilesName() throws IOException {
    Path file = folder.resolve("good.safetensors");
    sample().write(file);
    byte[] good = Files.readAllBytes(file);
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> read(cut), "length " + length);
      assertTrue(e.getMessage().contains("file.safetensors is not a"), e.getMessage());
    }
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }
}
