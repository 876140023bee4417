package reports

import (
	"strings"
	"testing"
)

func TestTheShardsSentenceSaysWhatSkewExplains(t *testing.T) {
	chance := []ShardChance{{60, 70, 80}, {20, 25, 30}, {10, 15, 20}, {5, 8, 10}}
	for name, c := range map[string]struct {
		load ShardLoad
		want string
		not  string
	}{
		"what": {ShardLoad{Shards: 4, Requests: []int{8, 70, 25, 17}, Chance: chance},
			"Each dot is a shard, 0 to 3; its height is its requests over the mean of all. Shard 1 had 58.3" + space + "% of the requests, 2.33" + space + "× the mean. Were each key as likely on every shard, the skew would make the busiest 2" + space + "× to 2.67" + space + "×", "none"},
		"whose": {ShardLoad{Until: 25, Shards: 2, Replicas: []string{"m-1", "m-2"}, Requests: []int{8, 25, 17, 70}, Chance: chance},
			"a shard of one replica, 0 to 1 of m-1 and m-2: each puts the keys on its shards in a way of its own; its height is its requests over the mean of all, due in the first 25.0" + space + "s (before the first fault, or as many as are counted). Shard 1 of m-2 had", "none"},
		"idle":   {ShardLoad{Shards: 4, Requests: []int{0, 100, 20, 0}, Chance: chance}, "2" + space + "shards had none. Were", "Shard 0 had"},
		"even":   {ShardLoad{Shards: 4, Requests: []int{8, 80, 25, 7}, Chance: chance, Uneven: ptr(-1.2)}, "the keys lie as evenly as chance would put them.", "bad"},
		"nearly": {ShardLoad{Shards: 4, Requests: []int{8, 80, 25, 7}, Chance: chance, Uneven: ptr(5.0)}, "the keys lie as evenly as chance would put them.", "bad"},
		"uneven": {ShardLoad{Shards: 4, Requests: []int{8, 80, 25, 7}, Chance: chance, Uneven: ptr(31.7)}, "the keys lie unevenly, by 32 standard deviations: the hash is bad for them.", "chance would put"},
		"few":    {ShardLoad{Shards: 4, Requests: []int{8, 80, 25, 7}, Chance: chance}, "too few keys to say whether the hash is even.", "chance would put"},
		"chosen": {ShardLoad{Shards: 4, Chosen: true, Requests: []int{1, 97, 1, 1}, Chance: chance, Uneven: ptr(31.7)}, "The load asked for one shard.", "bad"},
	} {
		chart := shardChart(&Series{Shards: &c.load})
		if chart == nil {
			t.Errorf("%s: nothing is drawn", name)
		} else if !strings.Contains(chart.Sentence, c.want) || strings.Contains(chart.Sentence, c.not) {
			t.Errorf("%s: %q lacks %q, or has %q", name, chart.Sentence, c.want, c.not)
		}
	}
	for name, l := range map[string]*ShardLoad{
		"none": nil, "one": {Shards: 1, Requests: []int{5}, Chance: chance[:1]}, "idle": {Shards: 2, Requests: []int{0, 0}, Chance: chance[:2]},
		"damaged": {Shards: 2, Requests: []int{3, 4, 5}, Chance: chance[:3]}, "without chance": {Shards: 2, Requests: []int{3, 4}},
		"negative": {Shards: 2, Requests: []int{3, -4}, Chance: chance[:2]}, "upside down": {Shards: 2, Requests: []int{3, 4}, Chance: []ShardChance{{1, 2, 3}, {3, 2, 1}}},
		"overflow": {Shards: 1 << 62, Replicas: []string{"a", "b", "c", "d"}}, "wrapped": {Shards: 1<<62 + 1, Replicas: []string{"a", "b", "c", "d"}, Requests: []int{1, 2, 3, 4}, Chance: chance},
		"endless": {Shards: 2, Requests: []int{3, 4}, Chance: chance[:2], Uneven: ptr(1e308)},
	} {
		if chart := shardChart(&Series{Shards: l}); chart != nil {
			t.Errorf("%s: drew %+v", name, chart)
		}
	}
}

// Of very many shards the busiest and the idlest are drawn, and some between.
func TestOfManyShardsBothEndsAreDrawn(t *testing.T) {
	l := &ShardLoad{Shards: 1000}
	for i := range 1000 {
		n := 2000 - i
		l.Requests, l.Chance = append(l.Requests, n), append(l.Chance, ShardChance{n, n, n})
	}
	l.Requests[999] = 0
	c := shardChart(&Series{Shards: l})
	var dots, said string
	for _, m := range c.Marks {
		if m.Kind == "dots" {
			dots = m.Path
		}
		said += m.Text + "\n"
	}
	if n := strings.Count(dots, "M"); n != mostDots {
		t.Errorf("%d dots", n)
	}
	if want := "256 of 1" + "\u202f" + "000 are drawn"; !strings.Contains(strings.ReplaceAll(said, space, "\u202f"), want) {
		t.Errorf("%q lacks %q", said, want)
	}
	if last := dots[strings.LastIndex(dots, "M"):]; !strings.HasSuffix(last, " 164h0") {
		t.Errorf("the last dot is %s: it should stand at the bottom", last)
	}
}

func TestTimes(t *testing.T) {
	for v, want := range map[float64]string{1.1649: "1.16", 57.66: "57.7", 999.4: "999", 1234.5: count(1234)} {
		if got := times(v); got != want+space+"×" {
			t.Errorf("%v: %q, want %s", v, got, want)
		}
	}
}
