package reports

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Of many shards the one that is broken is drawn, wherever it stands in the
// row, and those with which nothing was wrong are left out.
func TestABrokenShardIsDrawnAmongMany(t *testing.T) {
	s := &Series{Seconds: 2, Strips: []Strip{{Scope: "op:get", N: []int{9, 9}, Bad: []*float64{ptr(0.0), ptr(0.0)}}}}
	for i := range 100 {
		bad := 0.0
		if i == 97 {
			bad = 0.5
		}
		s.Strips = append(s.Strips, Strip{Scope: fmt.Sprintf("shard:%d", i), N: []int{9, 9}, Bad: []*float64{nil, ptr(bad)}})
	}
	c := stripChart(newScene(&Result{}, s), s)
	var names []string
	for _, m := range c.Marks {
		if m.Kind == "text" && m.Anchor == "end" {
			names = append(names, m.Text)
		}
	}
	if want := []string{"get", "shard 97"}; !slices.Equal(names, want) {
		t.Errorf("drawn %v, want %v", names, want)
	}
	for _, want := range []string{"The worst was shard 97", "99" + space + "shards without a bad request left out."} {
		if !strings.Contains(c.Sentence, want) {
			t.Errorf("%q lacks %q", c.Sentence, want)
		}
	}
}
