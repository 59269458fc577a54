package dev.lacuna.training.data.own;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes images by ImageIO, whose readers believe what a header says: a few bytes that promise
 * gigabytes would have them allocated. So all sizes are checked first. PNG has checksums too, which
 * ImageIO leaves alone.
 */
final class ImageDecoder {
  /** 64 megapixels: 256 MB while one is decoded. */
  private static final long MOST_PIXELS = 1L << 26;

  /** Deflate packs at most 1,032 bytes into one, and a byte holds up to 8 pixels. */
  private static final long MOST_PIXELS_PER_BYTE = 8 * 1_032;

  /** ImageIO takes a JPEG file that ends early for an image whose rest is grey, and warns. */
  private static final Pattern CUT =
      Pattern.compile("premature|truncated", Pattern.CASE_INSENSITIVE);

  private static final long PNG = 0x89504E47_0D0A1A0AL;
  private static final int BMP = 'B' << 8 | 'M';
  private static final int BMP_HEADER_LENGTH = 14;
  private static final int BMP_COMPRESSION = 30;
  private static final int BMP_MASKS = 3;

  private final byte[] bytes;
  private final String name;

  private ImageDecoder(byte[] bytes, String name) {
    this.bytes = bytes;
    this.name = name;
  }

  /**
   * The first image of a file.
   *
   * @param name of the file, for messages
   * @throws LacunaException where it is damaged, too large or of no known format
   */
  static BufferedImage decode(byte[] bytes, String name) {
    ImageDecoder decoder = new ImageDecoder(bytes, name);
    if (bytes.length >= Long.BYTES && ByteBuffer.wrap(bytes).getLong() == PNG) {
      decoder.checkChunks();
    } else if (bytes.length >= BMP_COMPRESSION + Integer.BYTES
        && ByteBuffer.wrap(bytes).getShort() == BMP) {
      decoder.checkCompression();
    }
    return decoder.decode();
  }

  /** All chunks of a PNG file up to the last one must be there, and those that matter whole. */
  private void checkChunks() {
    ByteBuffer in = ByteBuffer.wrap(bytes).position(Long.BYTES);
    for (String type = ""; !type.equals("IEND"); ) {
      if (in.remaining() < 12) {
        throw damaged("it ends before its chunk IEND");
      }
      int length = in.getInt();
      byte[] letters = new byte[4];
      in.get(letters);
      type = new String(letters, ISO_8859_1).replaceAll("[^ -~]", "?");
      int left = in.remaining() - Integer.BYTES;
      if (length < 0 || length > left) {
        throw damaged(
            "chunk "
                + type
                + " says "
                + Integer.toUnsignedString(length)
                + " bytes, but "
                + left
                + " are left");
      }
      CRC32 crc = new CRC32();
      crc.update(bytes, in.position() - letters.length, letters.length + length);
      in.position(in.position() + length);
      boolean critical = Character.isUpperCase(type.charAt(0));
      if (in.getInt() != (int) crc.getValue() && critical) {
        throw damaged("the checksum of chunk " + type + " does not fit");
      }
    }
  }

  /** JPEG or PNG inside a BMP file, of which nobody makes one, has a size of its own. */
  private void checkCompression() {
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int compression = header.getInt(BMP_COMPRESSION);
    // OS/2's short header has none
    if (header.getInt(BMP_HEADER_LENGTH) >= 40 && (compression < 0 || compression > BMP_MASKS)) {
      throw bad("BMP with compression " + compression + ", want 0 to " + BMP_MASKS);
    }
  }

  private BufferedImage decode() {
    try (ImageInputStream in = stream()) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw bad(bytes.length + " bytes, not an image: want PNG, JPEG, GIF, BMP or TIFF");
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in, true, true);
        checkPixels(reader.getWidth(0), reader.getHeight(0));
        checkPixels(reader.getTileWidth(0), reader.getTileHeight(0));
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((_, warning) -> warnings.add(warning));
        BufferedImage image = reader.read(0);
        for (String warning : warnings) {
          if (CUT.matcher(warning).find()) {
            throw damaged(warning);
          }
        }
        return image;
      } finally {
        reader.dispose();
      }
    } catch (LacunaException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // some of ImageIO's readers meet damaged files with a NullPointerException or the like
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          name + ": damaged image, or a variant that ImageIO does not read: " + e,
          e);
    }
  }

  /** Says its length, against which the TIFF reader checks what it reads. */
  private ImageInputStream stream() {
    return new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes)) {
      @Override
      public long length() {
        return bytes.length;
      }
    };
  }

  private void checkPixels(long width, long height) {
    if (width * height > Math.min(MOST_PIXELS, MOST_PIXELS_PER_BYTE * bytes.length)) {
      throw bad(
          width
              + " x "
              + height
              + " pixels in "
              + bytes.length
              + " bytes: truncated or too large, want at most "
              + MOST_PIXELS
              + " pixels");
    }
  }

  private LacunaException damaged(String what) {
    return bad("damaged image: " + what);
  }

  private LacunaException bad(String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, name + ": " + what);
  }
}
