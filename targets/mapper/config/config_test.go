package config_test

import (
	"strings"
	"testing"
	"time"

	"gauntlet/targets/mapper/config"
	"gauntlet/targets/mapper/defect"
)

func TestDefaultsAndEnvironment(t *testing.T) {
	t.Setenv("HOSTNAME", "mapper-2")
	t.Setenv("MAPPER_REDIS", "127.0.0.1:7000")
	t.Setenv("MAPPER_PEERS", "mapper:8080,10.0.0.1:8080")
	t.Setenv("MAPPER_JOURNAL_MAX", "2KiB")
	t.Setenv("MAPPER_HASH_SEED", "0x2a")
	c, err := config.Parse([]string{"--listen=:9090", "--journal-dir=/data"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":9090" || c.Redis != "127.0.0.1:7000" || len(c.Peers) != 2 || c.JournalMax != 2048 || c.HashSeed != 42 {
		t.Errorf("got %+v", c)
	}
	if c.JournalPath != "/data/mapper-2.journal" || c.Map != "sharded" || c.DrainWait != 500*time.Millisecond {
		t.Errorf("got %+v", c)
	}
}

func TestSeedIsRandomWhenUnset(t *testing.T) {
	a, errA := config.Parse([]string{"--node=n"})
	b, errB := config.Parse([]string{"--node=n"})
	if errA != nil || errB != nil || a.HashSeed == b.HashSeed {
		t.Fatalf("seeds %d and %d, %v, %v", a.HashSeed, b.HashSeed, errA, errB)
	}
}

func TestWrongValuesAreOneClearLine(t *testing.T) {
	t.Setenv("HOSTNAME", "n")
	for _, c := range []struct{ arg, names string }{
		{"--listen=8080", "--listen"},
		{"--redis=redis:99999", "--redis"},
		{"--peers=mapper", "--peers"},
		{"--admin=0.0.0.0:6060", "MAPPER_ADMIN_PUBLIC"},
		{"--journal-max=64", "--journal-max"},
		{"--journal-max=-1MiB", "--journal-max"},
		{"--journal-max=9999999999GiB", "--journal-max"},
		{"--hash-seed=x", "--hash-seed"},
		{"--node=a/b", "--node"},
		{"--map=tree", "sharded, rwmutex, article"},
		{"--drain-wait=2h", "--drain-wait"},
		{"--defect=wrong-url", "MAPPER_ALLOW_DEFECTS"},
		{"--defect=wrong", "wrong-url, "},
		{"--unheard-of", "unheard-of"},
		{"--log-level=LOUD", "--log-level"},
	} {
		_, err := config.Parse([]string{c.arg})
		if err == nil || !strings.Contains(err.Error(), c.names) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want one line with %q", c.arg, err, c.names)
		}
	}
}

func TestDefectsAreAllowedByName(t *testing.T) {
	t.Setenv("MAPPER_ALLOW_DEFECTS", "1")
	c, err := config.Parse([]string{"--node=n", "--defect=wrong-url", "--defect=no-drain"})
	if err != nil || !c.Defects.Has(defect.WrongURL) || !c.Defects.Has(defect.NoDrain) {
		t.Fatalf("got %v, %v", c.Defects, err)
	}
}

func FuzzBytes(f *testing.F) {
	f.Add("64MiB")
	f.Add("1B")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := config.Bytes(s); err == nil && n <= 0 {
			t.Fatalf("%q is %d bytes", s, n)
		}
	})
}

func TestClockSpreadIsAShareForEachNode(t *testing.T) {
	t.Setenv("MAPPER_CLOCK_SPREAD", "10s")
	if _, err := config.Parse([]string{"--node=a"}); err == nil || !strings.Contains(err.Error(), "MAPPER_CLOCK_SPREAD") {
		t.Errorf("taken without being allowed: %v", err)
	}
	t.Setenv("MAPPER_ALLOW_DEFECTS", "1")
	a, errA := config.Parse([]string{"--node=a"})
	b, errB := config.Parse([]string{"--node=b"})
	if errA != nil || errB != nil || a.ClockSkew == b.ClockSkew || max(a.ClockSkew.Abs(), b.ClockSkew.Abs()) > 10*time.Second {
		t.Errorf("%v and %v, %v, %v", a.ClockSkew, b.ClockSkew, errA, errB)
	}
}
