package shards

import "github.com/cespare/xxhash/v2"

// seeded is xxhash64 with a seed.
func seeded(seed uint64) func(string) uint64 {
	return func(key string) uint64 {
		var d xxhash.Digest // on the stack: no allocation
		d.ResetWithSeed(seed)
		_, _ = d.WriteString(key) // never fails
		return d.Sum64()
	}
}

// fnv32 is FNV-1, the article's choice. Its low bits are those of a product
// with an odd constant, so keys of even digits reach 32 of 64 shards.
func fnv32(key string) uint64 {
	h := uint32(2166136261)
	for i := range len(key) {
		h *= 16777619
		h ^= uint32(key[i])
	}
	return uint64(h)
}
