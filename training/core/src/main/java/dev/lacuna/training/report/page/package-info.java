/** The report of a run as one HTML page that needs nothing else: no script, no font, no network. */
@NullMarked
package dev.lacuna.training.report.page;

import org.jspecify.annotations.NullMarked;
