package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.FieldKind;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts.AttentionBwd;
import dev.lacuna.spi.OpLayouts.AttentionFwd;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Masked read-only attention: inputs attend to inputs; prompts read the inputs without being seen
 * by them (Lee et al., RPO, 2023; Kim and Kim, MMP, 2024). Per head softmax(scale q k^T) v, never
 * with a matrix of all logits.
 *
 * <pre>
 * Arrays arrays = new Arrays()
 *     .set(Array.Q, q).set(Array.K, k).set(Array.V, v).set(Array.PROMPT_Q, promptQ)
 *     .set(Array.OUT, out).set(Array.PROMPT_OUT, promptOut);
 * ReadOnlyAttention.forward(context, new Shape(8, 12, 197, 16, 64), Options.DEFAULT, arrays);
 * </pre>
 *
 * <p>Either stream may be left out: without {@link Array#Q} the prompts alone read keys and values
 * that were kept from an earlier call.
 *
 * <p>Arrays on the heap are copied into the context's memory and back; segments outside the heap
 * and direct buffers are used in place on the CPU. An error leaves all arrays as they were.
 */
public final class ReadOnlyAttention {
  /** Which prompts a prompt reads besides the inputs. */
  public enum Prompts {
    /** None, as RPO's visual prompts: their keys and values are not needed. */
    NONE(0),
    /** Itself. */
    SELF(1),
    /** All of its batch entry. */
    FULL(2);

    private final int code;

    Prompts(int code) {
      this.code = code;
    }

    /** The mode's number in the op table. */
    public int code() {
      return code;
    }
  }

  /** Whether the prompts' gradient reaches the inputs' keys and values. */
  public enum EncoderGrad {
    /** No: what is learnt from the prompts leaves the encoder alone. */
    STOP(0),
    /** Yes. */
    FLOW(1);

    private final int code;

    EncoderGrad(int code) {
      this.code = code;
    }

    /** The choice's number in the op table. */
    public int code() {
      return code;
    }
  }

  /**
   * Extents: {@code batch} entries, {@code heads} heads, {@code inputs} input tokens and {@code
   * prompts} prompts per entry, {@code width} numbers per head. All may be 0.
   */
  public record Shape(long batch, long heads, long inputs, long prompts, long width) {
    /** Refuses negative extents and tensors of 2^63 bytes or more. */
    public Shape {
      if (batch < 0 || heads < 0 || inputs < 0 || prompts < 0 || width < 0) {
        throw invalid("shape is " + text(batch, heads, inputs, prompts, width) + ", want >= 0");
      }
      try {
        long columns = Math.multiplyExact(Math.multiplyExact(batch, heads), Math.max(width, 1));
        long rows = Math.max(Math.max(inputs, prompts), 1);
        Math.multiplyExact(columns, Math.multiplyExact(4, rows));
        Math.multiplyExact(Math.max(batch, 1), rows);
      } catch (ArithmeticException e) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "shape is " + text(batch, heads, inputs, prompts, width) + ", beyond 2^63 bytes",
            e);
      }
    }

    private static String text(long b, long h, long n, long p, long d) {
      return "[batch "
          + b
          + ", heads "
          + h
          + ", inputs "
          + n
          + ", prompts "
          + p
          + ", width "
          + d
          + "]";
    }
  }

  /**
   * How attention is computed.
   *
   * @param prompts which prompts a prompt reads; NONE
   * @param encoderGrad for {@link #backward}; STOP
   * @param scale of the logits, greater than 0; 1 / sqrt(width) where empty
   * @param precision FAST permits products in bf16, accumulated in float, and a coarser exponential
   *     forward where the processor has them: relative errors of some 2^-8 instead of 2^-24; EXACT
   */
  public record Options(
      Prompts prompts, EncoderGrad encoderGrad, OptionalDouble scale, Precision precision) {
    /** NONE, STOP, 1 / sqrt(width), exact. */
    public static final Options DEFAULT =
        new Options(Prompts.NONE, EncoderGrad.STOP, OptionalDouble.empty(), Precision.EXACT);

    /** Refuses null. */
    public Options {
      Objects.requireNonNull(prompts, "prompts");
      Objects.requireNonNull(encoderGrad, "encoderGrad");
      Objects.requireNonNull(scale, "scale");
      Objects.requireNonNull(precision, "precision");
    }

    /** With other prompts' keys to read. */
    public Options withPrompts(Prompts other) {
      return new Options(other, encoderGrad, scale, precision);
    }

    /** With the encoder's gradient stopped or not. */
    public Options withEncoderGrad(EncoderGrad other) {
      return new Options(prompts, other, scale, precision);
    }

    /** With a scale of the logits. */
    public Options withScale(double other) {
      return new Options(prompts, encoderGrad, OptionalDouble.of(other), precision);
    }

    /** With reduced precision permitted or not. */
    public Options withPrecision(Precision other) {
      return new Options(prompts, encoderGrad, scale, other);
    }

    /** The scale for heads of {@code width} numbers. */
    public double scale(long width) {
      return scale.orElse(1 / Math.sqrt((double) Math.max(width, 1)));
    }
  }

  /**
   * The arrays of a call, row-major: of inputs [batch, inputs, heads, width], of prompts [batch,
   * prompts, heads, width].
   */
  public enum Array {
    /** Queries of the inputs; left out for prompts alone. */
    Q,
    /** Keys of the inputs. */
    K,
    /** Values of the inputs. */
    V,
    /**
     * [batch, inputs] bytes: 1 where an input may be read, 0 where it is padding. What padding
     * holds does not matter. All may be read where it is left out.
     */
    KEY_MASK,
    /** Queries of the prompts; left out for inputs alone. */
    PROMPT_Q,
    /** Keys of the prompts, for SELF and FULL. */
    PROMPT_K,
    /** Values of the prompts, for SELF and FULL. */
    PROMPT_V,
    /** What the inputs read; 0 for one that may read nothing. Forward writes it. */
    OUT,
    /**
     * [batch, heads, inputs] log-sum-exp of the logits, -infinity for one that may read nothing.
     * Forward writes it where it is given, backward needs it.
     */
    LSE,
    /** What the prompts read. Forward writes it. */
    PROMPT_OUT,
    /** [batch, heads, prompts] log-sum-exp of the prompts' logits. */
    PROMPT_LSE,
    /** Gradient of OUT; 0 where it is left out. */
    DOUT,
    /** Gradient of PROMPT_OUT; 0 where it is left out. */
    PROMPT_DOUT,
    /** Gradient of Q; backward overwrites it and its like where they are given. */
    DQ,
    /** Gradient of K. */
    DK,
    /** Gradient of V. */
    DV,
    /** Gradient of PROMPT_Q. */
    DPROMPT_Q,
    /** Gradient of PROMPT_K. */
    DPROMPT_K,
    /** Gradient of PROMPT_V. */
    DPROMPT_V
  }

  /** Arrays by name; the same ones may serve forward and backward, which take what they use. */
  public static final class Arrays {
    private final Map<Array, MemorySegment> segments = new EnumMap<>(Array.class);

    /** No arrays yet. */
    public Arrays() {}

    /** Sets an array of floats. */
    public Arrays set(Array array, float[] values) {
      requireFloats(array);
      return set(array, Borrowings.segment(name(array), values));
    }

    /** Sets the remaining numbers of a buffer. */
    public Arrays set(Array array, FloatBuffer values) {
      requireFloats(array);
      return set(array, Borrowings.segment(name(array), values));
    }

    private static void requireFloats(Array array) {
      if (array == Array.KEY_MASK) {
        throw invalid(name(array) + " is given as floats, want bytes that are 0 or 1");
      }
    }

    /** Sets the mask. */
    public Arrays set(Array array, byte[] values) {
      if (array != Array.KEY_MASK) {
        throw invalid(name(array) + " is given as bytes, want floats");
      }
      if (values == null) {
        throw invalid(name(array) + " is null");
      }
      return set(array, MemorySegment.ofArray(values));
    }

    /** Sets an array of floats, or a mask, that lies in a segment. */
    public Arrays set(Array array, MemorySegment values) {
      if (values == null) {
        throw invalid(name(array) + " is null");
      }
      segments.put(array, values);
      return this;
    }

    /** Leaves an array out again. */
    public Arrays remove(Array array) {
      segments.remove(array);
      return this;
    }
  }

  /** The arrays by the names of the ops' tensors. */
  private static final Map<String, Array> BY_NAME =
      Stream.of(Array.values())
          .collect(Collectors.toUnmodifiableMap(ReadOnlyAttention::name, array -> array));

  private ReadOnlyAttention() {}

  /**
   * Writes OUT and LSE, PROMPT_OUT and PROMPT_LSE, of those streams whose queries are given.
   *
   * @throws LacunaException where an array is missing, too small, overlaps a result, or cannot be
   *     used; where the mask holds something else than 0 and 1
   */
  public static void forward(Context context, Shape shape, Options options, Arrays arrays) {
    OpCall call = context.call(AttentionFwd.OP);
    call.set(AttentionFwd.PROMPTS, options.prompts.code());
    call.set(AttentionFwd.SCALE, options.scale(shape.width));
    run(context, call, shape, options, arrays);
  }

  /**
   * Writes the gradients that are given, from the arrays that {@link #forward} read and wrote, LSE
   * and PROMPT_LSE among them, and from DOUT and PROMPT_DOUT.
   *
   * @throws LacunaException as {@link #forward}
   */
  public static void backward(Context context, Shape shape, Options options, Arrays arrays) {
    OpCall call = context.call(AttentionBwd.OP);
    call.set(AttentionBwd.PROMPTS, options.prompts.code());
    call.set(AttentionBwd.ENCODER_GRAD, options.encoderGrad.code());
    call.set(AttentionBwd.SCALE, options.scale(shape.width));
    run(context, call, shape, options, arrays);
  }

  private static void run(
      Context context, OpCall call, Shape shape, Options options, Arrays arrays) {
    // Both ops begin with the same sizes.
    call.set(AttentionFwd.B, shape.batch).set(AttentionFwd.H, shape.heads);
    call.set(AttentionFwd.N, shape.inputs).set(AttentionFwd.P, shape.prompts);
    call.set(AttentionFwd.D, shape.width).fast(options.precision == Precision.FAST);
    OpLayout op = call.op();
    boolean written = false;
    boolean empty = true;
    try (Borrowings borrowed = new Borrowings(context)) {
      for (int i = 0; i < op.fields().size(); i++) {
        OpField field = op.fields().get(i);
        if (field.kind() == FieldKind.STRIDE) {
          call.set(i, shape.heads * shape.width);
        } else if (field.kind().isTensor()) {
          Memory memory = borrow(borrowed, call, i, arrays);
          call.tensor(i, memory, 0);
          if (memory != null && field.kind().isWritten()) {
            written = true;
            empty &= call.rows(i) * call.cols(i) == 0;
          }
        }
      }
      // Any number of heads of no width is a shape too, but nothing to walk through.
      if (written && empty) {
        return;
      }
      context.run(call);
      borrowed.commit();
    }
  }

  private static @Nullable Memory borrow(Borrowings borrowed, OpCall call, int i, Arrays arrays) {
    OpField field = call.op().fields().get(i);
    Array array = Objects.requireNonNull(BY_NAME.get(field.name()));
    MemorySegment segment = arrays.segments.get(array);
    long rows = call.rows(i);
    long cols = call.cols(i);
    if (segment == null) {
      if (!field.kind().isOptional()) {
        throw invalid(field.name() + " is missing, want [" + rows + ", " + cols + "]");
      }
      return null;
    }
    DType dtype = array == Array.KEY_MASK ? DType.U8 : DType.F32;
    return field.kind().isWritten()
        ? borrowed.write(field.name(), segment, dtype, rows, cols)
        : borrowed.read(field.name(), segment, dtype, rows, cols);
  }

  private static String name(Array array) {
    return array.name().toLowerCase(Locale.ROOT);
  }

  private static LacunaException invalid(String text) {
    return new LacunaException(Status.INVALID_ARGUMENT, text);
  }
}
