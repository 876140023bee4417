package truth

import (
	"testing"
	"time"
)

// The article's breaker opens after half a minute above 15 %, and not before.
func TestArticleTrigger(t *testing.T) {
	for _, c := range []struct {
		name    string
		failing func(call int) bool
		opens   int // seconds after the start; 0: never
	}{
		{"all fail", func(int) bool { return true }, 31},
		{"one in five fails", func(i int) bool { return i%5 == 0 }, 31},
		{"one in ten fails", func(i int) bool { return i%10 == 0 }, 0},
		{"a good second between", func(i int) bool { return i/10 != 20 }, 52},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a articleTrigger
			start := time.Unix(1000, 0)
			opened := 0
			for i := 0; i < 600 && opened == 0; i++ { // ten calls a second for a minute
				now := start.Add(time.Duration(i) * 100 * time.Millisecond)
				if a.tripped(time.Time{}, now, c.failing(i)) {
					opened = i/10 + 1
				}
			}
			if opened < c.opens-1 || opened > c.opens {
				t.Errorf("opened in second %d, want %d", opened, c.opens)
			}
		})
	}
}
