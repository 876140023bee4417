package compare

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"

	"gauntlet/harness/history"
)

// recorded is what befell the requests of two real runs, of a host that others
// worked on and of one under stress, in which nothing was broken.
var recorded = sync.OnceValue(func() (all [][]history.Op) {
	for _, name := range []string{"shared", "stressed"} {
		log, err := history.Open(filepath.Join("..", "calibrate", "testdata", name, "ops.log"))
		if err != nil {
			panic(err)
		}
		var ops []history.Op
		for op, err := range log.Ops() {
			if err != nil {
				panic(err)
			}
			if op.Stream == history.Load {
				ops = append(ops, op)
			}
		}
		log.Close()
		slices.SortFunc(ops, func(a, b history.Op) int { return int(a.Seq) - int(b.Seq) })
		all = append(all, ops)
	}
	return all
})

// ofRecording is the moving-block bootstrap of one of them: a pair has a
// stretch of it in one piece, so that what goes on for longer meets both of its
// runs and what does not meets one. A run has as many requests of it as a
// second has: fewer than a real one, so that it differs more from the next.
func ofRecording(r *rand.Rand, ops []history.Op) world {
	const requests = 250
	usual := quantile(ops, 0.9)
	at, second := 0, false
	return func() weather {
		if second {
			at += requests
		} else {
			at = r.IntN(len(ops) - 2*requests)
		}
		second = !second
		block := ops[at : at+requests]
		bad := 0
		for _, op := range block {
			if op.Class != history.OK || op.Response() > 100e6 {
				bad++
			}
		}
		return weather{quantile(block, 0.9) / usual, float64(bad) / requests}
	}
}

// quantile of the response times, ns.
func quantile(ops []history.Op, q float64) float64 {
	all := make([]int64, len(ops))
	for i, op := range ops {
		all[i] = op.Response()
	}
	slices.Sort(all)
	return float64(all[int(q*float64(len(all)-1))])
}
