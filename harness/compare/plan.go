package compare

import (
	"fmt"
	"math/rand/v2"
)

// The levels of a whole comparison.
const (
	// Alpha is the chance that a build is called worse, in anything, that is the
	// same.
	Alpha = 0.01
	// Beta is the chance that a build passes that is worse by more than a floor.
	Beta = 0.05
)

// How many pairs a comparison may have. With fewer than LeastPairs not even
// differences that all say the same are sure at Alpha: 2⁻⁷ = 0.8 %.
const (
	LeastPairs = 7
	MostPairs  = 50
)

// Look is when the pairs so far are judged, and what of the levels is spent on
// it.
type Look struct {
	After       int // pairs
	Alpha, Beta float64
}

// Looks are those of a comparison of at most this many pairs: the first after
// as many as can be sure at its part, 8 (2⁻⁸ = 0.39 % of the 0.4 %).
func Looks(pairs int) ([]Look, error) {
	const first = 8
	switch {
	case pairs < LeastPairs || pairs > MostPairs:
		return nil, fmt.Errorf("%d pairs: a comparison has from %d to %d; with fewer nothing can be sure at %g %%, however plain", pairs, LeastPairs, MostPairs, 100*Alpha)
	case pairs <= first:
		return []Look{{pairs, Alpha, Beta}}, nil
	case pairs < 14:
		return []Look{part(first, 0.4), part(pairs, 0.6)}, nil
	}
	return []Look{part(first, 0.4), part((first+pairs)/2, 0.2), part(pairs, 0.4)}, nil
}

func part(after int, share float64) Look { return Look{after, share * Alpha, share * Beta} }

// Last is a look at the pairs that there are when there will be no more, for a
// reason that none of them gave: it spends what the looks before have left.
func Last(looks []Look, pairs int) Look {
	rest := Look{After: pairs}
	for _, l := range looks {
		if l.After >= pairs {
			rest.Alpha, rest.Beta = rest.Alpha+l.Alpha, rest.Beta+l.Beta
		}
	}
	return rest
}

// BFirst draws which build comes first in the n-th pair that is run, by its
// number alone.
func BFirst(seed int64, n int) bool {
	const other = 0x61626261 // than what seeds of runs are derived with
	return rand.New(rand.NewPCG(uint64(seed)^other, uint64(n))).Uint64()>>63 == 1
}
