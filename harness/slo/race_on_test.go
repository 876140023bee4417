//go:build race

package slo

// raced: the race detector makes everything ten times slower.
const raced = true
