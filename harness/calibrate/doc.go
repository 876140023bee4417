// Package calibrate measures the harness like an instrument: it shows it
// things whose truth is known and counts how far what it tells is off.
//
// There are two layers, and they share everything but where the truth comes
// from. In the deterministic one a seeded history goes straight into the judge,
// thousands of times, without a socket. On sockets a run is made against the
// server targets/truth, whose own log says what it did. Either way a Truth is
// compared with what was Told, and what comes of it is a Tally: errors of
// edges, intervals that held or did not, episodes that nobody caused, verdicts
// that were wrong.
//
// # Noise
//
// Nothing would be learnt from a healthy system without errors and a generator
// without lateness. Errors come by themselves or in clusters; lateness is made
// up, or resampled from recorded runs by the moving-block bootstrap (H. R.
// Künsch, Annals of Statistics 17, 1989), blocks of two seconds, so that the
// stall of a host stays in one piece, and so does what the control stream and
// the host's accounts said of it.
//
// # Registers
//
// Of registers it is counted which reads were surely too old and which put a
// client back. What is sure follows from when requests were sent and answered,
// and of which value; in either layer it is found by comparing every request of
// a register with every other, straight from the definitions in package
// consistency, and shares no code with it. On sockets the run says when and the
// servers say of which value. Where one order is promised that there is none is
// known from what was planted.
//
// # Who watches this
//
// A calibration that lets everything pass would be worse than none. Wrongs are
// judges with a mistake; each names the row of the table that must catch it.
package calibrate
