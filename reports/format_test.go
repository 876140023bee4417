package reports

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// ascii writes the no-break spaces as ordinary ones, for the tables below.
var ascii = strings.NewReplacer(space, " ", narrow, " ")

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(1000), "1 000"}, {count(21418), "21 418"}, {count(1234567), "1 234 567"}, {count(-1000), "−1 000"},
		{milliseconds(0), "0 ms"}, {milliseconds(0.0421), "42 µs"}, {milliseconds(0.42), "0.4 ms"}, {milliseconds(9), "9 ms"}, {milliseconds(9.94), "9.9 ms"}, {milliseconds(9.96), "10 ms"}, {milliseconds(38.4), "38 ms"}, {milliseconds(999.4), "999 ms"}, {milliseconds(1800), "1.80 s"}, {milliseconds(60000), "60.0 s"},
		{seconds(0), "0 s"}, {seconds(0.0004), "0.000 s"}, {seconds(0.012), "0.012 s"}, {seconds(0.31), "0.31 s"}, {seconds(16.24), "16.2 s"}, {seconds(185.4), "185 s"},
		{instant(25), "25.000 s"}, {instant(85.0031), "85.003 s"},
		{percent(0), "0 %"}, {percent(1), "100 %"}, {percent(0.99994), "99.994 %"}, {percent(0.924), "92.4 %"}, {percent(0.999), "99.9 %"}, {percent(0.9999999), "99.99999 %"}, {percent(0.99851), "99.85 %"}, {percent(0.3333), "33.3 %"}, {percent(0.00021), "0.021 %"}, {percent(0.5), "50 %"},
		{startedAt("2026-11-22T20:09:33.5+01:00"), "2026-11-22 19:09 UTC"}, {startedAt("yesterday"), "yesterday"},
		{interval("recovery", ptr(0.3), ptr(0.33)), "[0.30, 0.33] s"}, {interval("recovery", ptr(0.3), nil), "[0.30, ∞] s"}, {interval("recovery", nil, nil), ""}, {interval("recovery", ptr(78.38), ptr(78.431)), "[78.38, 78.44] s"}, {interval("recovery", ptr(14.21), ptr(20.9)), "[14.2, 20.9] s"}, {interval("recovery", ptr(0.0), ptr(0.0)), "[0.0, 0.0] s"}, {interval("lostWrites", ptr(3.0), ptr(3.0)), ""},
		{interval("availability:get", ptr(0.99841), ptr(0.99881)), "[99.84, 99.89] %"}, {interval("availability", ptr(0.9999), ptr(1.0)), "[99.99, 100] %"}, {interval("lostWrites", ptr(0.0), ptr(3.0)), "[0, 3]"}, {interval("staleness", ptr(1.5), ptr(30.0)), "[1.5, 30] ms"},
		{Margin(14.69, 15), "+97 %"}, {Margin(-1.5, 15), "−10 %"}, {Margin(-1, 3), "−34 %"}, {Margin(15, 15), "+100 %"}, {Margin(0, 15), "+0 %"}, {Margin(0, 0), ""},
		{plural(1, "objective"), "1 objective"}, {plural(2, "objective"), "2 objectives"},
		{clip("abcdef", 4), "abc…"}, {clip("äöü", 3), "äöü"},
		{list([]string{"a", "b", "c"}), "a, b and c"}, {list(nil), ""},
		{scopeName("op:get"), "get"}, {scopeName("shard:3"), "shard 3"}, {scopeName("overall"), "overall"},
	} {
		if got := ascii.Replace(c.got); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// A share below a limit must not read as the limit, nor one below all as all.
func TestPercentNeverFlatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0.5, 0.99999).Draw(t, "share")
		told := percent(share)
		if told == percent(1) {
			t.Fatalf("%v reads as %s", share, told)
		}
		for _, limit := range []float64{0.99, 0.999, 0.9999} {
			if share < limit-1e-9 && told == percent(limit) {
				t.Fatalf("%v reads as the limit %s", share, told)
			}
		}
	})
}

func TestSpreadKeepsLabelsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ys := rapid.SliceOfN(rapid.Float64Range(0, 200), 1, 8).Draw(t, "ys")
		b := band{0, 200}
		out := spread(ys, 13, b)
		for i := range out {
			if out[i] < b.top-1e-9 || out[i] > b.bottom+1e-9 {
				t.Fatalf("%v out of the band", out)
			}
			for j := range out {
				if i != j && out[i]-out[j] < 13-1e-6 && out[j]-out[i] < 13-1e-6 {
					t.Fatalf("%v: labels %d and %d collide", out, i, j)
				}
				if ys[i] < ys[j] && out[i] > out[j] {
					t.Fatalf("%v: order of %v lost", out, ys)
				}
			}
		}
	})
}
