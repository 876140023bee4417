//go:build race

package compare

// raced: the race detector makes everything ten times slower.
const raced = true
