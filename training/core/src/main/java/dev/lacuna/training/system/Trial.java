package dev.lacuna.training.system;

import dev.lacuna.CounterRandom;

/**
 * One trial of tuning: random search, of which trial 0 takes the options as they come. What is
 * tried is drawn from the trial's number alone, so that every system tries the same.
 *
 * @param number from 0
 */
public record Trial(int number) {
  private static final int STREAM = 0x7C01;

  /**
   * A value, in trial 0 itself, then log-uniform from a tenth to ten times it.
   *
   * @param option which option it is for, from 0; 0 is the learning rate
   */
  public double around(double value, int option) {
    return number == 0
        ? value
        : value * Math.pow(10, 2 * new CounterRandom(0, STREAM, number).uniform(option) - 1);
  }
}
