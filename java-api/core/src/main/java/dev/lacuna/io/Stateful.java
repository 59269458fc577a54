package dev.lacuna.io;

/**
 * Something that changes while it learns, such as an optimiser. What it saves and loads again, on
 * this back end or one of the same type of numbers, lets learning go on as if it had never stopped,
 * to the bit.
 */
public interface Stateful {
  /**
   * Adds all that changes to a file in memory; waits for the device.
   *
   * @param prefix of the tensors' names
   */
  void save(String prefix, SafeTensors file);

  /**
   * Takes back what {@link #save} added under the same prefix.
   *
   * @throws IllegalArgumentException naming a tensor that is missing or of another shape
   */
  void load(String prefix, SafeTensors file);
}
