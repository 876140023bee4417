package load

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// Sampler says which key request n asks for, as an index into the stream's
// key space (for skewed ones the rank, 0 being the hottest). It is a pure
// function of n, and safe for concurrent use.
type Sampler interface {
	Key(n uint64) uint32
}

// Distribution is a sampler that knows its own law. Keys have ranks, of which
// 0 is the one that is asked for most; which key has a rank may change from
// request to request.
type Distribution interface {
	Sampler
	// Ranks is how many ranks there are.
	Ranks() int
	// Share is the part of the requests that ask for the key of a rank.
	Share(rank int) float64
	// Rank is the rank that key had when request n was made; false for a request
	// that chose its key by another law.
	Rank(n uint64, key uint32) (rank int, ok bool)
}

// Zipf asks for key i of count with probability (i+1)^−θ / ζ(count, θ),
// exactly, for every θ ≥ 0.
type Zipf struct {
	seed  uint64
	theta float64
	zeta  float64
	table alias
}

// NewZipf prepares Zipf's distribution over count ≥ 1 keys with exponent
// theta ≥ 0. It takes 12 bytes a key.
func NewZipf(seed int64, theta float64, count int) (*Zipf, error) {
	if count < 1 || count > math.MaxUint32 || !(theta >= 0) || math.IsInf(theta, 0) {
		return nil, fmt.Errorf("zipf over %d keys with theta %v", count, theta)
	}
	weights := make([]float64, count)
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -theta)
	}
	table, err := newAlias(weights)
	if err != nil {
		return nil, fmt.Errorf("zipf over %d keys with theta %v: %w", count, theta, err)
	}
	return &Zipf{seed: seedFor(seed, useKeys), theta: theta, zeta: Zeta(count, theta), table: table}, nil
}

// Key is the key of request n.
func (z *Zipf) Key(n uint64) uint32 { return z.table.pick(draw(z.seed, n)) }

// Ranks is the number of keys.
func (z *Zipf) Ranks() int { return len(z.table.keep) }

// Share is (rank+1)^−θ / ζ.
func (z *Zipf) Share(rank int) float64 { return math.Pow(float64(rank+1), -z.theta) / z.zeta }

// Rank is the key itself.
func (z *Zipf) Rank(_ uint64, key uint32) (int, bool) { return int(key), int(key) < z.Ranks() }

// Zeta is ζ(count, θ), the sum of i^−θ for i from 1 to count, added from the
// smallest term up so that little is lost to rounding.
func Zeta(count int, theta float64) float64 {
	sum := 0.0
	for i := count; i >= 1; i-- {
		sum += math.Pow(float64(i), -theta)
	}
	return sum
}

// Uniform asks for every key equally often.
type Uniform struct {
	seed  uint64
	count uint32
}

// NewUniform prepares the uniform distribution over count ≥ 1 keys.
func NewUniform(seed int64, count int) (*Uniform, error) {
	if count < 1 || count > math.MaxUint32 {
		return nil, fmt.Errorf("uniform over %d keys", count)
	}
	return &Uniform{seed: seedFor(seed, useKeys), count: uint32(count)}, nil
}

// Key is the key of request n.
func (u *Uniform) Key(n uint64) uint32 {
	a, _ := draw(u.seed, n)
	i, _ := bits.Mul64(a, uint64(u.count))
	return uint32(i)
}

// Ranks is the number of keys.
func (u *Uniform) Ranks() int { return int(u.count) }

// Share is 1/count.
func (u *Uniform) Share(int) float64 { return 1 / float64(u.count) }

// Rank is the key itself.
func (u *Uniform) Rank(_ uint64, key uint32) (int, bool) { return int(key), key < u.count }

// Once is the sampler of write-once keys: request n has key n to itself.
type Once struct{}

// Key is n. Key spaces have 2³² keys, 49 days of 1,000 writes a second.
func (Once) Key(n uint64) uint32 { return uint32(n) }

// KeyName is the name of key i of the load, by default: "k-<i>".
func KeyName(i uint32) string { return "k-" + strconv.FormatUint(uint64(i), 10) }
