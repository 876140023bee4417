package topology

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// named writes a placeholder back in another form, to see what was read.
func named(p Placeholder) (string, error) {
	return fmt.Sprintf("<%s %d %s>", p.Kind, p.Port, p.Target), nil
}

func TestExpand(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"plain":                          "plain",
		"127.0.0.1:{port:8080}":          "127.0.0.1:<port 8080 >",
		"{volume:/data}/x-{replica}":     "<volume 0 /data>/x-<replica 0 >",
		"{folder}/server.py":             "<folder 0 >/server.py",
		"{port:1}{port:2}":               "<port 1 ><port 2 >",
		`{"a": {"b": 1}}`:                `{"a": {"b": 1}}`,
		"{{replica}} is somebody else's": "{{replica}} is somebody else's",
		"{} {A} {1} { port:1 }":          "{} {A} {1} { port:1 }",
		"a shell's ${replica} ${x%:*}":   "a shell's ${replica} ${x%:*}",
	} {
		if got, err := Expand(text, named); err != nil || got != want {
			t.Errorf("Expand(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"{port}", "{port:}", "{port:0}", "{port:65536}", "{port:x}", "{volume}", "{volume:data}", "{replica:1}", "{replicas}", "{host}"} {
		if got, err := Expand(text, named); !errors.Is(err, ErrPlaceholder) {
			t.Errorf("Expand(%q) = %q, %v", text, got, err)
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range []string{"{port:80}", "a{volume:/d}b{replica}", "{{port:1}}", "{", "}{", "{port:80", `{"a":1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		calls := 0
		got, err := Expand(text, func(p Placeholder) (string, error) {
			calls++
			if p.Kind == PlacePort && (p.Port < 1 || p.Port > 65535) || p.Kind == PlaceVolume && !strings.HasPrefix(p.Target, "/") {
				t.Errorf("%q: handed out %+v", text, p)
			}
			return "", nil
		})
		if err == nil && calls == 0 && got != text {
			t.Errorf("%q became %q without a placeholder", text, got)
		}
		if err == nil && len(got) > len(text) {
			t.Errorf("%q grew to %q", text, got)
		}
	})
}

func TestRewrite(t *testing.T) {
	addresses := map[string][]string{"redis:6379": {"127.0.0.1:1"}, "web:80": {"127.0.0.1:2", "127.0.0.1:3"}}
	resolve := func(service string, port int) []string { return addresses[fmt.Sprintf("%s:%d", service, port)] }
	for value, want := range map[string]string{
		"redis:6379":                 "127.0.0.1:1",
		"web:80":                     "127.0.0.1:2,127.0.0.1:3",
		"redis:6379,web:80":          "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3",
		"http://web:80/x?y":          "http://127.0.0.1:2/x?y,http://127.0.0.1:3/x?y",
		"redis://u:p@redis:6379/0":   "redis://u:p@127.0.0.1:1/0",
		"redis:6380":                 "redis:6380",
		"redis:63790":                "redis:63790",
		"myredis:6379":               "myredis:6379",
		"redis":                      "redis",
		"":                           "",
		"a,,b":                       "a,,b",
		"other:1, redis:6379":        "other:1, 127.0.0.1:1",
		"redis:6379.example":         "redis:6379.example",
		"redis:99999999999999999999": "redis:99999999999999999999",
	} {
		if got := Rewrite(value, resolve); got != want {
			t.Errorf("Rewrite(%q) = %q, want %q", value, got, want)
		}
	}
}

// What resolves to itself stays as it is, whatever stands around it.
func TestRewriteChangesOnlyAddresses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`([a-z]{0,4}(://)?[a-z]{0,3}:?[0-9]{0,6}[/, ]?){0,5}`).Draw(t, "value")
		same := func(service string, port int) []string { return []string{fmt.Sprintf("%s:%d", service, port)} }
		got := Rewrite(value, same)
		if unzero(got) != unzero(value) {
			t.Fatalf("%q became %q", value, got)
		}
		if nothing := Rewrite(value, func(string, int) []string { return nil }); nothing != value {
			t.Fatalf("%q became %q", value, nothing)
		}
	})
}

// unzero drops zeros: a port may be written 0080.
func unzero(s string) string { return strings.ReplaceAll(s, "0", "") }

// Whatever stands under a service, Load answers with a stack or an error, and
// what it accepts can be expanded.
func FuzzLocal(f *testing.F) {
	for _, s := range []string{
		"x-local: {package: ./a, args: [b], env: {C: d}}",
		"x-local: {command: [a, \"{port:1}\"], substitute: {package: ./b}}\nx-ready: {http: /}",
		"x-local: 3", "x-local: [a]", "x-local: {command: []}", "x-ready: {send: \"a\\r\\n\", expect: b}",
		"x-local: &a {package: *a}", "x-local: {package: ./a, env: {A: ~}}",
	} {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, extension string) {
		if strings.Contains(extension, "include") || strings.Contains(extension, "extends") || strings.Contains(extension, "file") {
			return // compose-go would read other files
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.yml", os.Getpid()))
		text := "services:\n  a:\n    image: x\n    ports: [\"80\"]\n    " + strings.ReplaceAll(extension, "\n", "\n    ") + "\n"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		stack, err := Load(t.Context(), path, Options{})
		if err != nil {
			return
		}
		for _, s := range stack.Services {
			s.Local.texts(func(_ []string, text string) {
				if _, err := Expand(text, named); err != nil {
					t.Errorf("accepted %q: %v", text, err)
				}
			})
		}
	})
}
