// Package compare decides from pairs of runs whether a build B is worse than a
// build A. It is pure: runs in, verdicts out. Package pairs makes the runs.
//
// # Why pairs
//
// On a machine that others work on, a run tells as much about the hour as
// about the build. Two runs one after the other, with one seed and the same
// faults, share most of the hour; their difference is left with the rest. Which
// of the two comes first is drawn for each pair, so that what is left favours
// neither.
//
// # The test
//
// The draw is the whole of what is assumed. Were B no other build than A,
// every difference could as well have had the other sign (R. A. Fisher, The
// Design of Experiments, 1935, §21): all 2ⁿ choices of signs are equally
// likely whatever the noise is, its drift, bursts and tails included. Above 12
// pairs a sample of the choices stands for all of them, that which happened
// among it (B. Phipson, G. K. Smyth, Statistical Applications in Genetics and
// Molecular Biology 9, 2010).
//
// With differences d of n pairs a measure's statistic is T = Σd/√Σd², which
// lies in ±√n whatever the unit, so that measures can be held against each
// other. A measure's T must beat the greatest T of all measures under
// nearly every choice, one choice for all measures of a pair (P. H. Westfall,
// S. S. Young, Resampling-Based Multiple Testing, 1993): the chance that any
// of them cries wolf keeps to the level, and measures that go together cost
// little. Of the others T counts as it is and about their mean, whichever is
// greater: the first makes the level exact when nothing differs, the second
// keeps it, as simulations show, when everything does.
//
// # Intervals
//
// The lower end of a measure's interval is where the test no longer rejects
// that B is worse by that much. For the measure alone that is an order statistic
// of the means of all subsets of d (J. A. Hartigan, Journal of the American
// Statistical Association 64, 1969); the other measures move it down, never up.
// It holds for all measures together, at 99 % over all looks. The upper end
// holds for each measure by itself, at 95 %: PASS demands it of every measure,
// and what all must show needs no correction (R. L. Berger, Technometrics 24,
// 1982). The difference itself is the median of the means of two (J. L. Hodges,
// E. L. Lehmann, Annals of Mathematical Statistics 34, 1963).
//
// FAIL: some lower end is above the floor, the difference that is worth a
// word. PASS: every upper end is at or below it. Everything else is
// INCONCLUSIVE.
//
// # Looks
//
// A regression that anybody can see should not take ten pairs. There are two
// looks or three, at numbers of pairs that are fixed beforehand, and the level
// is divided among them (S. J. Pocock, Biometrika 64, 1977, with Bonferroni's
// bound in the place of his boundary).
package compare
