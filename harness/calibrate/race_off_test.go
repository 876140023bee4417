//go:build !race

package calibrate

// raced: the race detector makes everything ten times slower.
const raced = false
