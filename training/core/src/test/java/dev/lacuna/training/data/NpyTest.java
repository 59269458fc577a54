package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyTest {
  private static final String FLOATS =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";

  @TempDir Path folder;

  private Path write(byte[] bytes) {
    try {
      return Files.write(folder.resolve("x.npy"), bytes);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** What NumPy 2.4 writes. */
  private Path numpy(String base64) {
    return write(Base64.getDecoder().decode(base64));
  }

  private void assertFault(byte[] bytes, String... parts) {
    write(bytes);
    assertMessage(() -> NpyReader.read(folder.resolve("x.npy")), parts);
  }

  /** The numbers as NumPy writes them, and what they are. */
  @ParameterizedTest
  @CsvSource({
    "<f2, 003e00c0ff7b, 1.5, -2.0, 65504.0",
    "<f4, 0000c03f000000c0e6b1617f, 1.5, -2.0, 3e+38",
    "<f8, 000000000000f83f00000000000000c09a9999999999b93f, 1.5, -2.0, 0.1",
    "|i1, 80007f, -128.0, 0.0, 127.0",
    "|u1, 0080ff, 0.0, 128.0, 255.0",
    "<i2, 00800000ff7f, -32768.0, 0.0, 32767.0",
    "<u2, 00000080ffff, 0.0, 32768.0, 65535.0",
    "<i4, 0000008000000000ffffff7f, -2147483648.0, 0.0, 2147483647.0",
    "<u4, 0000000000000080ffffffff, 0.0, 2147483648.0, 4294967295.0",
    "<i8, 000000000000008001000000000000000000000000000040, -9.223372036854776e+18, 1.0, 4.611686018427388e+18",
    "<u8, 0000000000000000000000000000008000000000000000c0, 0.0, 9.223372036854776e+18, 1.3835058055282164e+19",
    "|b1, 000101, 0.0, 1.0, 1.0"
  })
  void everyTypeIsReadAsNumPyWritesIt(String type, String bytes, double a, double b, double c) {
    Path file = write(NpyFiles.of(type, "(3,)", HexFormat.of().parseHex(bytes)));
    NpyArray array = NpyReader.read(file);
    assertArrayEquals(new int[] {3}, array.shape());
    assertArrayEquals(new float[] {(float) a, (float) b, (float) c}, array.values());
    double[] values = {a, b, c};
    if (type.contains("f")) {
      assertMessage(() -> NpyReader.wholeNumbers(file), "x.npy: type " + type, "want whole");
    } else if (Arrays.stream(values).allMatch(v -> v == (int) v)) {
      assertArrayEquals(
          Arrays.stream(values).mapToInt(v -> (int) v).toArray(), NpyReader.wholeNumbers(file));
    } else {
      assertMessage(() -> NpyReader.wholeNumbers(file), "x.npy: ", "want 32 bits");
    }
  }

  @Test
  void filesOfNumPyOfEachVersionAreRead() {
    NpyArray first =
        NpyReader.read(
            numpy(
                "k05VTVBZAQB2AHsnZGVzY3InOiAnPGYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzog"
                    + "KDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
                    + "ICAgICAgIAoAPgDA/3s="));
    assertArrayEquals(new int[] {3}, first.shape());
    assertArrayEquals(new float[] {1.5f, -2, 65504}, first.values());
    NpyArray second =
        NpyReader.read(
            numpy(
                "k05VTVBZAgB0AAAAeydkZXNjcic6ICc8ZjQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUn"
                    + "OiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
                    + "ICAgICAgIAoAAAAAAACAPwAAAEAAAEBAAACAQAAAoEA="));
    assertArrayEquals(new int[] {2, 3}, second.shape());
    assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, second.values());
    byte[] third = NpyFiles.of(3, FLOATS, new byte[24]);
    assertArrayEquals(new int[] {2, 3}, NpyReader.shape(write(third)));
    // Python 2's long numbers, keys in another order, double quotes
    byte[] other =
        NpyFiles.of(
            1, "{\"shape\": (2L,3L), \"fortran_order\": False, \"descr\": \"<f4\"}", new byte[24]);
    assertArrayEquals(new int[] {2, 3}, NpyReader.read(write(other)).shape());
    assertArrayEquals(new int[0], NpyReader.shape(write(NpyFiles.of("<f8", "()", new byte[8]))));
  }

  @Test
  void whatIsWrittenIsReadAndLaidOutAsNumPyDoes() throws IOException {
    float[] values = new float[3 * 5 * 7 * 191];
    for (int i = 0; i < values.length; i++) {
      values[i] = i * 0.25f;
    }
    Path file = folder.resolve("y.npy");
    NpyWriter.write(file, values, 3, 5, 7, 191);
    NpyArray read = NpyReader.read(file);
    assertArrayEquals(new int[] {3, 5, 7, 191}, read.shape());
    assertArrayEquals(values, read.values());
    byte[] bytes = Files.readAllBytes(file);
    assertEquals(0, (bytes.length - 4 * values.length) % 64);
    String header = new String(bytes, 10, bytes[8] & 0xFF, StandardCharsets.US_ASCII);
    assertEquals(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5, 7, 191,), }", header.strip());
    assertEquals('\n', header.charAt(header.length() - 1));
    NpyWriter.write(file, new double[] {0.1, -3, 1e300}, 3);
    assertEquals(Double.doubleToLongBits(0.1), Long.reverseBytes(lastLong(file, 2)));
    assertArrayEquals(
        new float[] {0.1f, -3, Float.POSITIVE_INFINITY}, NpyReader.read(file).values());
    assertThrows(IllegalArgumentException.class, () -> NpyWriter.write(file, new float[5], 2, 3));
  }

  private static long lastLong(Path file, int fromEnd) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    return ByteBuffer.wrap(bytes).getLong(bytes.length - 8 * (fromEnd + 1));
  }

  @Test
  void whatIsNoArrayOfNumbersIsRefusedByName() {
    byte[] six = new byte[24];
    assertFault(NpyFiles.of(1, FLOATS.replace("False", "True"), six), "x.npy: is in Fortran order");
    assertFault(
        NpyFiles.of(
            1,
            "{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (2,), }",
            new byte[16]),
        "x.npy: has a structured type");
    for (String type : new String[] {">f4", "<c8", "<U2", "|O", "<f16", "|V2", "<M8[s]"}) {
      assertFault(NpyFiles.of(type, "(2, 3)", six), "x.npy: has type '" + type + "', want little");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'descr': '<f4', 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, , 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, 999999999, 999999999)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}",
      })
  void aHeaderThatDoesNotFitIsRefused(String header) {
    assertFault(NpyFiles.of(1, header, new byte[24]), "x.npy: ");
  }

  @Test
  void damagedFilesAreRefused() {
    byte[] good = NpyFiles.of(1, FLOATS, new byte[24]);
    assertEquals(6, NpyReader.read(write(good)).values().length);
    for (int length = 0; length < good.length; length++) {
      assertFault(Arrays.copyOf(good, length), "x.npy: ");
    }
    assertFault(Arrays.copyOf(good, good.length + 1), "25 bytes follow");
    byte[] version = good.clone();
    version[6] = 4;
    assertFault(version, "version 4.0, want 1.0, 2.0 or 3.0");
    byte[] header = NpyFiles.of(2, FLOATS, new byte[24]);
    header[11] = (byte) 0xFF;
    assertFault(header, "header of 42", "want up to 65536");
    assertMessage(() -> NpyReader.read(folder.resolve("none.npy")), "none.npy: no such file");
    assertMessage(
        () -> NpyReader.wholeNumbers(write(NpyFiles.of("<i2", "(2, 1)", new byte[4]))),
        "shape [2, 1], want whole numbers of one dimension");
  }
}
