package load

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
)

// Family is keys of one prefix: user-0, user-1, …
type Family struct {
	Prefix string
	Count  int     // ≥ 1
	Share  float64 // of the requests, relative to the other families' shares
	Theta  float64 // the skew among its keys, as Zipf's; 0 for none
}

// Families asks for the keys of several families, each with a share and a skew
// of its own.
type Families struct {
	seed   uint64
	all    []Family
	first  []int // the first key of each family
	table  alias
	shares []float64 // by key
	ranked []uint32  // keys by falling share
	ranks  []uint32  // the inverse
}

// NewFamilies prepares the distribution. It takes 28 bytes a key.
func NewFamilies(seed int64, all []Family) (*Families, error) {
	f := &Families{seed: seedFor(seed, useKeys), all: all}
	sum := 0.0
	for _, family := range all {
		sum += family.Share
	}
	for _, family := range all {
		if family.Count < 1 || !(family.Share > 0) || !(family.Theta >= 0) || math.IsInf(family.Theta, 0) {
			return nil, errors.New("a family of keys needs keys, a share and a skew: " + family.Prefix)
		}
		f.first = append(f.first, len(f.shares))
		zeta := Zeta(family.Count, family.Theta)
		for i := range family.Count {
			f.shares = append(f.shares, family.Share/sum*math.Pow(float64(i+1), -family.Theta)/zeta)
		}
	}
	var err error
	if f.table, err = newAlias(f.shares); err != nil {
		return nil, err
	}
	f.ranked, f.ranks = make([]uint32, len(f.shares)), make([]uint32, len(f.shares))
	for i := range f.ranked {
		f.ranked[i] = uint32(i)
	}
	slices.SortStableFunc(f.ranked, func(a, b uint32) int { return cmp.Compare(f.shares[b], f.shares[a]) })
	for rank, key := range f.ranked {
		f.ranks[key] = uint32(rank)
	}
	return f, nil
}

// Key is the key of request n.
func (f *Families) Key(n uint64) uint32 { return f.table.pick(draw(f.seed, n)) }

// Name is the name of a key: its family's prefix, and its number there.
func (f *Families) Name(key uint32) string {
	i := len(f.first) - 1
	for f.first[i] > int(key) {
		i--
	}
	return f.all[i].Prefix + "-" + strconv.Itoa(int(key)-f.first[i])
}

// Ranks is the number of keys of all families.
func (f *Families) Ranks() int { return len(f.shares) }

// Share is that of the key that comes so far down when all are ordered.
func (f *Families) Share(rank int) float64 { return f.shares[f.ranked[rank]] }

// Rank is the key's place when the keys of all families are ordered by share.
func (f *Families) Rank(_ uint64, key uint32) (int, bool) {
	if int(key) >= len(f.ranks) {
		return 0, false
	}
	return int(f.ranks[key]), true
}
