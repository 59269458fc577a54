package dev.lacuna.training.system;

import dev.lacuna.CounterRandom;

/**
 * One trial of tuning. What it tries is drawn from its number alone, so that every system tries the
 * same.
 *
 * @param number from 0
 */
public record Trial(int number) {
  private static final int STREAM = 0x7C01;

  /**
   * A number log-uniform from a tenth of a value to ten times it.
   *
   * @param option which option it is for, from 0; 0 is the learning rate
   */
  public double around(double value, int option) {
    return value * Math.pow(10, 2 * new CounterRandom(0, STREAM, number).uniform(option) - 1);
  }
}
