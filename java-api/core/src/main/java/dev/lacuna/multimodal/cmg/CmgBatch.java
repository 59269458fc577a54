package dev.lacuna.multimodal.cmg;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.VqQuantize.Commitment;
import dev.lacuna.multimodal.cmg.CmgLosses.Sum;
import dev.lacuna.multimodal.cmg.CmgLosses.Weights;
import dev.lacuna.multimodal.cmg.CmgModel.Common;
import dev.lacuna.multimodal.cmg.CmgModel.Part;
import dev.lacuna.multimodal.cmg.CmgModel.Sequences;
import dev.lacuna.multimodal.cmg.SpecificPath.Specific;
import dev.lacuna.nn.Dropout;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.ReduceOp.Over;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.ops.VqQuantizeOp;
import dev.lacuna.ops.VqQuantizeOp.Quantized;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A batch as the model sees it: encoded and quantised with the codes before its step. */
final class CmgBatch {
  /**
   * A modality of the batch.
   *
   * @param part the model's
   * @param given what it was encoded from
   * @param z semantic features [rows, width]
   * @param specific features
   * @param q codes in place of z, with the estimator's gradient
   * @param commitment the distance of z to its codes
   * @param index codes of the rows
   */
  @SuppressWarnings("ArrayRecordComponent") // a view of a batch, never compared
  record Member(
      Part part,
      Sequences given,
      Tensor z,
      Specific specific,
      Tensor q,
      Tensor commitment,
      int[] index) {
    Steps steps() {
      return given.steps();
    }
  }

  /** Streams of random numbers between those of modalities. */
  private static final int DROPOUT = 0x100;

  private final CmgModel model;
  private final Tape tape;
  private final Weights weights;
  private final int size;
  private final int each;
  private final List<@Nullable Member> members = new ArrayList<>();
  private final List<Member> present = new ArrayList<>();

  /** Codes [modality][size each] of all positions, -1 where a modality is absent. */
  private final int[][] index;

  /**
   * Encodes and quantises.
   *
   * @param size sequences of the batch
   * @param given of each modality, null where none of the batch has it
   * @param random decides what is dropped
   */
  CmgBatch(
      CmgModel model,
      Tape tape,
      int size,
      List<? extends @Nullable Sequences> given,
      Weights weights,
      CounterRandom random) {
    this.model = model;
    this.tape = tape;
    this.weights = weights;
    this.size = size;
    each = Alignment.steps(model.modalities(), size, given);
    if (weights.cpc() > 0) {
      CrossCpc.requireSteps(each);
    }
    index = new int[given.size()][];
    Tensor[] z = new Tensor[given.size()];
    for (int m = 0; m < z.length; m++) {
      Sequences sequences = given.get(m);
      index[m] = new int[size * each];
      Arrays.fill(index[m], -1);
      if (sequences != null) {
        Dropout dropout =
            new Dropout(
                model.options().layers().dropout(),
                new CounterRandom(
                    random.seed(), random.stream() + DROPOUT * (m + 1), random.step()));
        z[m] = model.parts().get(m).semantic().forward(sequences.x(), sequences.steps(), dropout);
        int[] found = search(model.parts().get(m).name(), sequences, z[m]);
        scatter(found, sequences, index[m]);
      }
    }
    for (int m = 0; m < z.length; m++) {
      Sequences sequences = given.get(m);
      Member member = sequences == null ? null : member(m, sequences, z[m]);
      members.add(member);
      if (member != null) {
        present.add(member);
      }
    }
  }

  private int[] search(String modality, Sequences given, Tensor z) {
    try {
      return model.codebook().search(z);
    } catch (LacunaException e) {
      throw e.status() == Status.NON_FINITE ? NonFinite.located(modality, given, e) : e;
    }
  }

  private void scatter(int[] found, Sequences sequences, int[] all) {
    for (int i = 0; i < sequences.samples().length; i++) {
      System.arraycopy(found, i * each, all, sequences.samples()[i] * each, each);
    }
  }

  private Member member(int m, Sequences given, Tensor z) {
    Part part = model.parts().get(m);
    int[] rows =
        IntStream.of(given.samples())
            .flatMap(sample -> IntStream.range(sample * each, (sample + 1) * each))
            .toArray();
    int modalities = index.length;
    int[] codes = new int[modalities * rows.length];
    for (int o = 0; o < modalities; o++) {
      int[] of = index[(m + o) % modalities];
      for (int i = 0; i < rows.length; i++) {
        codes[o * rows.length + i] = of[rows[i]];
      }
    }
    Quantized quantized =
        VqQuantizeOp.quantize(
            z,
            model.codebook().on(tape),
            tape.input(codes, modalities, rows.length),
            model.options().estimator(),
            Commitment.of(weights.beta(), modalities));
    return new Member(
        part,
        given,
        z,
        part.path().encode(given.x()),
        quantized.q(),
        quantized.loss(),
        Arrays.copyOf(codes, rows.length));
  }

  /** Codes [modality][size each] of all positions, -1 where a modality is absent. */
  int[][] index() {
    return index;
  }

  /** The modalities that the batch has. */
  List<Member> present() {
    return present;
  }

  /** Semantic features of each modality at all positions, 0 where it is absent. */
  Tensor[] everywhere() {
    Tensor[] all = new Tensor[members.size()];
    for (int m = 0; m < all.length; m++) {
      Member member = members.get(m);
      long rows = (long) size * each;
      all[m] =
          member == null
              ? zeros(rows)
              : member.given.samples().length == size
                  ? member.z
                  : RowsOp.scatterRows(member.z.detach(), positions(member.given), rows);
    }
    return all;
  }

  private Tensor zeros(long rows) {
    int width = model.options().codebook().width();
    return tape.input(new float[Math.toIntExact(rows * width)], rows, width);
  }

  private Tensor positions(Sequences given) {
    int[] rows =
        IntStream.of(given.samples())
            .flatMap(sample -> IntStream.range(sample * each, (sample + 1) * each))
            .toArray();
    return tape.input(rows, rows.length);
  }

  /**
   * What fitting CLUB's networks makes small, on a tape of its own: the networks change between two
   * fits, and what this batch has recorded of others must not.
   */
  Tensor misfit(Tape fitting) {
    Sum sum = new Sum();
    for (Member member : present) {
      Tensor x = copied(member.q, fitting);
      Tensor y = copied(member.specific.feature(), fitting);
      sum.add(member.part.club().misfit(x, y), 1);
    }
    return Objects.requireNonNull(sum.value());
  }

  private static Tensor copied(Tensor of, Tape to) {
    return to.borrow(of.memory(), of.offset(), of.shape());
  }

  /** The share of CLUB's log variances at their bound; NaN where CLUB is left out or has none. */
  double saturation() {
    if (weights.mutualInformation() == 0 || !model.options().mutualInformation().boundsVariance()) {
      return Double.NaN;
    }
    double[] sum = new double[1];
    tape.withoutGradients(
        () -> present.forEach(member -> sum[0] += member.part.club().saturation(member.q)));
    return sum[0] / present.size();
  }

  /**
   * All losses with a weight.
   *
   * @param random draws the step to predict and the sequences to compare with
   */
  CmgLosses losses(CounterRandom random) {
    Sum reconstruction = new Sum();
    Sum commitment = new Sum();
    Sum information = new Sum();
    Sum codebook = new Sum();
    boolean learns = model.codebook().options().update() == SharedCodebook.Update.GRADIENT;
    for (int m = 0; m < members.size(); m++) {
      Member member = members.get(m);
      if (member == null) {
        continue;
      }
      if (weights.reconstruction() > 0) {
        reconstruction.add(reconstruction(member), 1);
      }
      if (weights.commitment() > 0) {
        commitment.add(member.commitment, 1);
      }
      if (weights.mutualInformation() > 0) {
        CounterRandom order =
            new CounterRandom(random.seed(), random.stream() + 1 + m, random.step());
        information.add(information(member, order), 1);
      }
      if (learns) {
        codebook.add(model.codebook().loss(member.z, member.index), 1);
      }
    }
    return new CmgLosses(
        reconstruction.value(),
        commitment.value(),
        information.value(),
        weights.cpc() > 0 ? predictions(random) : null,
        weights.matching() > 0 ? matching() : null,
        codebook.value());
  }

  private static Tensor reconstruction(Member member) {
    Tensor x = member.given.x();
    Tensor again = member.part.path().decode(member.q, member.specific.map());
    Tensor difference = ElementwiseOp.sub(again, x.rank() == 2 ? x : x.flatten());
    return ReduceOp.mean(ElementwiseOp.mul(difference, difference), Over.ALL);
  }

  /** The networks are constant here: they learn by {@link #misfit} alone. */
  private Tensor information(Member member, CounterRandom random) {
    int[] other = random.permutation(member.steps().sequences());
    return tape.withConstantParameters(() ->
        member.part.club().estimate(member.q, member.specific.feature(), member.steps(), other));
  }

  private @Nullable Tensor predictions(CounterRandom random) {
    int known = CrossCpc.draw(random, each);
    Sum sum = new Sum();
    for (Member from : present) {
      Tensor predicted = from.part.cpc().predict(from.z, from.steps(), known);
      for (Member to : present) {
        Common common = Common.of(to.given.samples(), from.given.samples());
        if (common.count() > 0) {
          Tensor next = to.steps().at(to.z, known + 1);
          sum.add(
              CrossCpc.loss(rows(next, common.first()), rows(predicted, common.second())),
              from.equals(to) ? weights.ownCpc() : 1);
        }
      }
    }
    return sum.value();
  }

  private static Tensor rows(Tensor x, int[] chosen) {
    return new Steps((int) x.rows(), 1).of(x, chosen);
  }

  private @Nullable Tensor matching() {
    Tensor codes = model.codebook().on(tape);
    List<Tensor> spreads =
        present.stream()
            .map(member -> CodeMatching.spread(member.z, member.steps(), codes))
            .toList();
    Sum sum = new Sum();
    for (int a = 0; a < present.size(); a++) {
      for (int b = a + 1; b < present.size(); b++) {
        Common common = Common.of(present.get(a).given.samples(), present.get(b).given.samples());
        if (common.count() > 0) {
          sum.add(
              CodeMatching.loss(
                  rows(spreads.get(a), common.first()), rows(spreads.get(b), common.second())),
              1);
        }
      }
    }
    return sum.value();
  }
}
