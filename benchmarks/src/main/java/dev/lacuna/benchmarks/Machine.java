package dev.lacuna.benchmarks;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What this machine can do at most, measured.
 *
 * @param threads threads that "all" stands for
 * @param simd widest vectors used
 * @param fp32One fp32 GFLOP/s of one thread
 * @param fp32 fp32 GFLOP/s of all
 * @param bf16 bf16 GFLOP/s of all, 0 where the CPU has no such instruction
 * @param int8 billions of 8-bit additions and multiplications a second of all, 0 likewise
 * @param readOne GB/s read from memory by one thread
 * @param read GB/s read from memory by all
 * @param copyOne GB/s read and written by one thread while copying
 * @param copy GB/s read and written by all while copying
 * @param updateOne GB/s read and written by one thread that changes numbers in place
 * @param update GB/s read and written by all that change numbers in place
 */
public record Machine(
    int threads,
    String simd,
    @JsonProperty("fp32_gflops_1") double fp32One,
    @JsonProperty("fp32_gflops") double fp32,
    @JsonProperty("bf16_gflops") double bf16,
    @JsonProperty("int8_gops") double int8,
    @JsonProperty("read_gbs_1") double readOne,
    @JsonProperty("read_gbs") double read,
    @JsonProperty("copy_gbs_1") double copyOne,
    @JsonProperty("copy_gbs") double copy,
    @JsonProperty("update_gbs_1") double updateOne,
    @JsonProperty("update_gbs") double update) {

  /** Tries at the peak: another process on a core during one of them would halve it. */
  private static final int RUNS = 3;

  /** What products are made in. */
  public enum Arithmetic {
    /** Single precision. */
    FP32,
    /** 8 bits of mantissa. */
    BF16,
    /** Integers of 8 bits. */
    INT8
  }

  /** What binds a kernel: arithmetic, or memory by a mix of accesses. */
  enum Bound {
    /** Arithmetic. */
    COMPUTE,
    /** Memory is read and next to nothing written. */
    READ,
    /** As much is written as read, elsewhere. */
    COPY,
    /** Memory is read, changed and written in place. */
    UPDATE
  }

  /** Runs {@code machine_peak}, a program that the native build makes; the best of a few tries. */
  public static Machine measure(Path home, int threads, boolean avx2) {
    Path program = home.resolve("native/target/native/machine_peak");
    List<String> command = new ArrayList<>(List.of(program.toString(), Integer.toString(threads)));
    if (avx2) {
      command.add("avx2");
    }
    return Stream.generate(
            () -> new ObjectMapper().convertValue(Commands.json(command), Machine.class))
        .limit(RUNS)
        .reduce(Machine::best)
        .orElseThrow();
  }

  /** The larger of each figure. */
  Machine best(Machine other) {
    return new Machine(
        threads,
        simd,
        Math.max(fp32One, other.fp32One),
        Math.max(fp32, other.fp32),
        Math.max(bf16, other.bf16),
        Math.max(int8, other.int8),
        Math.max(readOne, other.readOne),
        Math.max(read, other.read),
        Math.max(copyOne, other.copyOne),
        Math.max(copy, other.copy),
        Math.max(updateOne, other.updateOne),
        Math.max(update, other.update));
  }

  /** How many times more of the same the machine does on all threads than on one. */
  double gain(Bound bound) {
    return switch (bound) {
      case COMPUTE -> fp32 / fp32One;
      case READ -> read / readOne;
      case COPY -> copy / copyOne;
      case UPDATE -> update / updateOne;
    };
  }

  /** The CPU's name. */
  public static String cpu() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Milliseconds that a job must take: by arithmetic or by memory, whichever binds. Bytes count
   * once, at the bandwidth of reading; what stays in a cache may come faster.
   */
  public double leastMilliseconds(double flops, double bytes, Arithmetic arithmetic) {
    return 1e-6 * Math.max(flops / peak(arithmetic), bytes / read);
  }

  /** GFLOP/s of an arithmetic; of fp32 where the CPU has no instruction for it. */
  public double peak(Arithmetic arithmetic) {
    double peak =
        switch (arithmetic) {
          case FP32 -> fp32;
          case BF16 -> bf16;
          case INT8 -> int8;
        };
    return peak > 0 ? peak : fp32;
  }
}
