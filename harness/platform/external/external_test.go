package external

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// names answers look-ups without a network.
func names(of map[string]string) func(context.Context, string) ([]netip.Addr, error) {
	return func(_ context.Context, host string) ([]netip.Addr, error) {
		if a, err := netip.ParseAddr(host); err == nil {
			return []netip.Addr{a}, nil
		}
		var found []netip.Addr
		for text := range strings.FieldsSeq(of[host]) {
			found = append(found, netip.MustParseAddr(text))
		}
		if found == nil {
			return nil, errors.New("no such host")
		}
		return found, nil
	}
}

func TestOnlyThisMachineUnlessAllowed(t *testing.T) {
	book := names(map[string]string{
		"localhost": "127.0.0.1 ::1", "self": "127.0.1.1", "example.test": "192.0.2.7",
		"mixed": "127.0.0.1 192.0.2.7", "localhost.evil.test": "192.0.2.7",
	})
	for _, c := range []struct {
		url   string
		allow []string
		want  string // of the error; "" for none
	}{
		{"http://127.0.0.1:8080", nil, ""},
		{"http://127.9.9.9", nil, ""},
		{"http://[::1]:8080", nil, ""},
		{"http://[::ffff:127.0.0.1]:1", nil, ""},
		{"http://localhost:1", nil, ""},
		{"http://self:1/path", nil, ""},
		{"http://192.0.2.7", nil, "--allow-host 192.0.2.7"},
		{"http://example.test", nil, "example.test is 192.0.2.7; to load it, and only if you may, add --allow-host example.test"},
		{"http://mixed", nil, "--allow-host mixed"},
		{"http://localhost.evil.test", []string{"localhost"}, "--allow-host localhost.evil.test"},
		{"http://[::ffff:192.0.2.7]", nil, "is 192.0.2.7; to load it, and only if you may, add --allow-host"},
		{"http://0.0.0.0:80", nil, "--allow-host 0.0.0.0"},
		{"http://nowhere", nil, "looking up the target's host nowhere"},
		{"http://example.test", []string{"other", "Example.Test."}, ""},
		{"https://192.0.2.7", []string{"192.0.2.7"}, ""},
		{"http://[2001:db8::1]", []string{"[2001:db8::1]"}, ""},
		{"http://nowhere", []string{"nowhere"}, ""},
	} {
		e, err := New(c.url, c.allow)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		e.resolve = book
		_, err = e.Up(t.Context(), topology.Stack{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s allowing %v: %v, want %q", c.url, c.allow, err, c.want)
		}
		if strings.Contains(c.want, "--allow-host") != errors.Is(err, ErrHostNotAllowed) {
			t.Errorf("%s: %v is of the wrong kind", c.url, err)
		}
	}
}

func TestTheOneReplica(t *testing.T) {
	for url, want := range map[string]string{
		"http://127.0.0.1:8080/x?y": "127.0.0.1:8080", "http://127.0.0.1": "127.0.0.1:80",
		"https://localhost": "localhost:443", "http://[::1]:9": "[::1]:9",
	} {
		e, err := New(url, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Up(t.Context(), topology.Stack{})
		if err != nil {
			t.Fatal(err)
		}
		replicas, err := s.Replicas(t.Context())
		if err != nil || len(replicas) != 1 || replicas[0].Name != "external" || replicas[0].Address != want || replicas[0].State != platform.Running {
			t.Errorf("%s: %+v, %v", url, replicas, err)
		}
		if err := s.Down(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsNoAddress(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:80", "ftp://127.0.0.1", "http://", "http://:80", "http://%zz", "redis://127.0.0.1"} {
		if _, err := New(url, nil); err == nil {
			t.Errorf("%q was accepted", url)
		}
	}
	for _, url := range []string{"ftp://user:secret@127.0.0.1", "http://user:secret@%zz"} {
		if _, err := New(url, nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is shown: %v", err)
		}
	}
}

func FuzzNew(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1:80", "https://[::1]", "http://a:b@c:1/d?e", "http://"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, url string) {
		e, err := New(url, nil)
		if err == nil && (e.host == "" || strings.HasSuffix(e.address, ":")) {
			t.Errorf("%q gave %+v", url, e)
		}
	})
}
