package local

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cachedHello is a module with one program, and where its binary is cached.
func cachedHello(t *testing.T) (root, cached string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module hello\n\ngo 1.24\n",
		"main.go": "package main\n\nfunc main() { println(\"hello\") }\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root, filepath.Join(t.TempDir(), "hello [1]")
}

// wantHello builds, and fails unless the cached binary runs and nothing but it
// and its seal lies in the cache.
func wantHello(t *testing.T, root, cached string) {
	t.Helper()
	if err := compileInto(t.Context(), root, ".", cached); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), cached).CombinedOutput(); err != nil || string(output) != "hello\n" {
		t.Errorf("the cached binary: %v, %q", err, output)
	}
	if !isSealed(cached) {
		t.Error("the cached binary does not fit its seal")
	}
	wantInCache(t, cached, filepath.Base(cached), filepath.Base(sealOf(cached)))
}

func wantInCache(t *testing.T, cached string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(cached))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	if strings.Join(found, "|") != strings.Join(names, "|") {
		t.Errorf("the cache holds %q, want %q", found, names)
	}
}

// Whatever lies in the cache, the run's programs are whole.
func TestASpoiltCacheIsBuiltAnew(t *testing.T) {
	root, cached := cachedHello(t)
	wantHello(t, root, cached)
	whole, err := os.ReadFile(cached)
	if err != nil {
		t.Fatal(err)
	}
	zeros := append(append([]byte{}, whole[:len(whole)/2]...), make([]byte, len(whole)-len(whole)/2)...)
	for _, c := range []struct {
		name  string
		spoil func() error
	}{
		{"cut off", func() error { return os.Truncate(cached, int64(len(whole)/2)) }},
		{"cut off before there were seals", func() error {
			return errors.Join(os.Truncate(cached, int64(len(whole)/2)), os.Remove(sealOf(cached)))
		}},
		{"whole in length alone", func() error { return os.WriteFile(cached, zeros, 0o755) }},
		{"something else", func() error { return os.WriteFile(cached, []byte("not a program"), 0o755) }},
		{"something else, without a seal", func() error {
			return errors.Join(os.WriteFile(cached, []byte("not a program"), 0o644), os.Remove(sealOf(cached)))
		}},
		{"a folder", func() error { return errors.Join(os.Remove(cached), os.MkdirAll(filepath.Join(cached, "x"), 0o755)) }},
		{"nothing", func() error { return os.Remove(cached) }},
		{"killed midway", func() error {
			left := cached + building + "1"
			return errors.Join(os.Mkdir(left, 0o755), os.WriteFile(filepath.Join(left, "x"), nil, 0o644))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.spoil(); err != nil {
				t.Fatal(err)
			}
			wantHello(t, root, cached)
		})
	}
}

// What is up to date is not linked again, and what is not is built.
func TestACachedBinaryFollowsItsSource(t *testing.T) {
	root, cached := cachedHello(t)
	wantHello(t, root, cached)
	first, err := os.Stat(cached)
	if err != nil {
		t.Fatal(err)
	}
	wantHello(t, root, cached)
	if again, err := os.Stat(cached); err != nil || !os.SameFile(first, again) {
		t.Errorf("an up-to-date binary was replaced (%v)", err)
	}
	source := "package main\n\nfunc main() { print(\"hel\"); println(\"lo\") }\n"
	if err := os.WriteFile(filepath.Join(root, "main.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	wantHello(t, root, cached)
	if again, err := os.Stat(cached); err != nil || os.SameFile(first, again) {
		t.Errorf("the binary of an older source was kept (%v)", err)
	}
}

// A compiler that is cut off when half of the binary is written.
func TestACancelledBuildLeavesNothing(t *testing.T) {
	root, cached := cachedHello(t)
	compiler := t.TempDir()
	script := "#!/bin/sh\nprintf half >\"$4\"\nexec sleep 600\n" // go build -buildvcs=false -o <file> <package>
	if err := os.WriteFile(filepath.Join(compiler, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", compiler+string(os.PathListSeparator)+path)
	cancelled := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- compileInto(ctx, root, ".", cached) }()
		eventually(t, "half a binary", func() bool {
			halves, err := filepath.Glob(filepath.Join(filepath.Dir(cached), "*"+building+"*", "*"))
			if err != nil || len(halves) != 1 {
				return false
			}
			text, err := os.ReadFile(halves[0])
			return err == nil && string(text) == "half"
		})
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want that it was cancelled", err)
		}
	}
	cancelled()
	wantInCache(t, cached)

	t.Setenv("PATH", path)
	wantHello(t, root, cached)
}
