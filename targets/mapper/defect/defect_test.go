package defect_test

import (
	"strconv"
	"strings"
	"testing"

	"gauntlet/targets/mapper/defect"
)

func TestParseSet(t *testing.T) {
	s, err := defect.ParseSet([]string{"wrong-url", "no-drain"})
	if err != nil || !s.Has(defect.WrongURL) || !s.Has(defect.NoDrain) || s.Has(defect.ColdJoin) {
		t.Fatalf("got %v, %v", s, err)
	}
	_, err = defect.ParseSet([]string{"wrong-ulr"})
	if err == nil {
		t.Fatal("a name that does not exist was taken")
	}
	for _, n := range defect.All() {
		if !strings.Contains(err.Error(), string(n)) {
			t.Errorf("%q does not list %s", err, n)
		}
	}
}

func TestOneInIsAShare(t *testing.T) {
	struck := 0
	for i := range 100_000 {
		if defect.OneIn(100, "key-"+strconv.Itoa(i)) {
			struck++
		}
	}
	if struck < 800 || struck > 1200 {
		t.Fatalf("struck %d of 100,000 keys, want about 1,000", struck)
	}
}
