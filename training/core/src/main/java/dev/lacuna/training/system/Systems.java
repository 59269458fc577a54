package dev.lacuna.training.system;

import dev.lacuna.training.baseline.Joint;
import dev.lacuna.training.baseline.JointLearner.Join;
import dev.lacuna.training.baseline.UnimodalEnsemble;
import dev.lacuna.training.cmg.Cmg;
import dev.lacuna.training.mla.Mla;
import dev.lacuna.training.mmp.Mmp;
import java.util.List;

/** The systems that there are, in the order in which people see them. */
public final class Systems {
  /** All of them; a new one is added here, and {@code train} and {@code compare} know it. */
  public static final List<LearningSystem<?>> ALL =
      List.of(
          new Mla(),
          new Joint(Join.MEAN),
          new Joint(Join.CONCATENATION),
          new UnimodalEnsemble(),
          new Mmp(),
          new Cmg());

  private Systems() {}

  /**
   * The system of a name.
   *
   * @throws IllegalArgumentException naming those that there are
   */
  public static LearningSystem<?> named(String name) {
    return ALL.stream()
        .filter(system -> system.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "system is '"
                    + name
                    + "', want one of "
                    + String.join(", ", ALL.stream().map(LearningSystem::name).toList())));
  }
}
